"""`%nbagent start`: six examples that move, what pocket draws, and what can be connected.

The live view runs an example, or puts its line into a cell; the output behind it is the
same page without a kernel. The clips come from `tests/start_pictures.py`.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Final, NamedTuple
from uuid import uuid4

import anywidget
import traitlets
from IPython.display import publish_display_data

from nbagent.errors import SpecError
from nbagent.models.catalogue import CATALOGUE
from nbagent.models.fit import is_too_large
from nbagent.models.machine import device_here
from nbagent.models.names import is_here
from nbagent.notebook.border import answer, answer_while_busy, asset
from nbagent.notebook.bundle import StaticClip, live_bundle, page, static_bundle
from nbagent.notebook.desk import Desk
from nbagent.notebook.keeping import Keeping
from nbagent.notebook.player import follow_up
from nbagent.notebook.start_wire import (
    ExampleView,
    StartReply,
    StartRequest,
    parse_start_request,
)
from nbagent.pocket import vocabulary as words

_LISTED: Final = 6  # models of one line
PICTURES: Final = Path(__file__).parent / "example_clips"


class Example(NamedTuple):
    """A clip of the gallery, and what makes it.

    Attributes:
        name: Of its picture.
        title: What it shows.
        turn: What one says.
        data: The Python before it, which a click cannot run for the user.
    """

    name: str
    title: str
    turn: str
    data: str = ""

    @property
    def cell(self) -> str:
        """The source of a cell that makes it."""
        return f"{self.data}%agent {self.turn}"


EXAMPLES: Final = (
    Example("ball", "A clip from words", "a red ball crosses the beach at sunset"),
    Example("cat", "An animal on its way", "a cat runs across the meadow"),
    Example("rocket", "Another hour", "a rocket rises from the desert at night"),
    Example("boat", "A slow one", "a boat sails slowly on the sea"),
    Example(
        "bars",
        "A chart of your data",
        "animate @sales so that the bars grow",
        'sales = {"city": ["Bonn", "Lyon", "Turin"], "sold": [410, 760, 930]}\n',
    ),
    Example(
        "lines",
        "Lines over the years",
        "draw the lines of TWh by source from @power",
        'power = {"year": [2015, 2020, 2025] * 2, "TWh": [90, 60, 35, 12, 45, 80],\n'
        '    "source": ["Coal"] * 3 + ["Wind"] * 3}\n',
    ),
)

_ON: Final = {"sea": "over", "beach": "on"}
PALETTE: Final[Mapping[str, Sequence[str]]] = MappingProxyType(
    {
        "Who": tuple(
            f"an {name}" if name[0] in "aeio" else f"a {name}"
            for name in (
                *(f"{colour} ball" for colour in words.COLOURS),
                *(f"blue {shape}" for shape in words.SHAPES[1:]),
                *words.EMOJI,
            )
        ),
        "Does what": (
            *("moves left", "moves right", "rises", "falls", "bounces", "jumps"),
            *("spins", "circles", "grows", "shrinks", "shakes"),
        ),
        "Where": tuple(
            "in space" if name == "space" else f"{_ON.get(name, 'in')} the {name}"
            for name in words.SCENES
        ),
        "When": ("by day", "at sunset", "at night"),
    }
)
"""What pocket draws, as words to put together; every colour goes with every shape."""

CONNECT: Final = (
    ("A larger model, on a GPU", "%nbagent use wan2.1-1.3b"),
    ("A language model, for chat and hard sentences", "%nbagent connect"),
    ("What this machine has", "%nbagent doctor"),
)


class Start(anywidget.AnyWidget):
    """The gallery, live: a click says the turn, and its player appears below."""

    _esm: ClassVar[Path] = asset("start.js")
    _css: ClassVar[Path] = asset("start.css")

    own_id = traitlets.Unicode().tag(sync=True)
    examples = traitlets.List(traitlets.Dict()).tag(sync=True)
    palette = traitlets.Dict().tag(sync=True)
    follow_ups = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(self, desk: Desk, keeping: Keeping) -> None:
        """Open the comm at once, so that the view can be shown."""
        self._desk = desk
        self._keeping = keeping
        model_id = uuid4().hex
        super().__init__(
            model_id=model_id,
            own_id=model_id,
            examples=[dict(_view(example)) for example in EXAMPLES],
            palette={group: [*names] for group, names in PALETTE.items()},
        )
        self.on_msg(self._on_message)
        answer_while_busy(self.comm)

    def _on_message(self, _widget: object, content: object, _buffers: object) -> None:
        answer(self, content, self._reply)

    def _reply(self, content: object) -> tuple[StartReply, list[bytes]]:
        request = parse_start_request(content)
        name = request["id"]
        if request["type"] == "get_pictures":
            return {"type": "pictures", "id": name}, [*map(picture, EXAMPLES)]
        if request["type"] == "look_around":
            return {"type": "around", "id": name, "lines": self._around()}, []
        return {"type": "ran", "id": name, "line": self._run(request)}, []

    def _run(self, request: StartRequest) -> str:
        """Say the turn of a click; return what was answered in words."""
        chat = self._desk.chat
        if request["type"] == "connect":
            return chat.session.brains.connect()
        assert request["type"] == "run"
        turn_id = chat.say(request["turn"])
        turn = chat.session.ledger.turns.get(turn_id)
        if not any(row.turn_id == turn_id for row in chat.session.rows()):
            if turn.error:
                raise SpecError(turn.error)
            return turn.answer or ""
        player = follow_up(self._desk, turn_id, self._keeping)
        self.follow_ups = [*self.follow_ups, player.model_id]
        return ""

    def _around(self) -> list[str]:
        """Say what could be connected here: what renders, and what reads and answers."""
        chat = self._desk.chat
        settings = chat.session.settings
        device = device_here(settings)
        fitting = [
            name
            for name in dict.fromkeys((settings.model, *CATALOGUE))
            if name != "pocket" and not (device and is_too_large(name, device))
        ]
        here = [name for name in fitting if is_here(name)]
        fit = [name for name in fitting if name not in here]
        said = "No larger model fits this machine: pocket renders."
        if fit:
            said = (
                f"Fits this machine: {', '.join(fit[:_LISTED])}."
                " %nbagent use NAME fetches one, and says its size first."
            )
        if here:
            said = f"Ready on this disk: {', '.join(here)}. Write %nbagent use NAME."
        found = chat.session.brains.found()
        return [said, f"{found[:1].upper()}{found[1:]}"]


def show(desk: Desk) -> None:
    """Show the gallery, live and without a kernel."""
    keeping = Keeping(desk, start_bundle)
    start = Start(desk, keeping)
    keeping.begin(start)
    publish_display_data(live_bundle(start))
    keeping.show()


def picture(example: Example) -> bytes:
    """Return the animated webp of an example."""
    return (PICTURES / f"{example.name}.webp").read_bytes()


def start_bundle(clips: Sequence[StaticClip] = ()) -> dict[str, Any]:
    """Return the page without a kernel; it plays, and has each line to copy.

    Args:
        clips: That were made in it.
    """
    tiles = "".join(map(_tile, EXAMPLES))
    palette = "".join(
        f"<p><b>{escape(group)}</b> {escape(', '.join(names))}</p>"
        for group, names in PALETTE.items()
    )
    connect = "".join(
        f"<p>{escape(what)}: <code>{escape(line)}</code></p>" for what, line in CONNECT
    )
    body = (
        f'<style>{_CSS}</style><div class="nba-start"><div class="nba-tiles">{tiles}'
        "</div><details><summary>What pocket draws</summary>"
        f"{palette}</details><details><summary>Connect more</summary>{connect}"
        "</details></div>"
    )
    plain = "\n\n".join(f"{one.title}:\n{one.cell}" for one in EXAMPLES)
    made = static_bundle(clips)["text/html"] if clips else ""
    return {"text/plain": plain, "text/html": page(body) + made}


def _view(example: Example) -> ExampleView:
    return ExampleView(
        title=example.title,
        cell=example.cell,
        turn="" if example.data else example.turn,
    )


def _tile(example: Example) -> str:
    data = base64.b64encode(picture(example)).decode("ascii")
    label = escape(f"{example.title}: {example.turn}")
    return (
        f'<figure><img alt="{label}" src="data:image/webp;base64,{data}">'
        f"<figcaption>{escape(example.title)}</figcaption>"
        f"<pre>{escape(example.cell)}</pre></figure>"
    )


# Its own classes, not those of a clip's figures.
_CSS: Final = (
    ".nba-start{flex-basis:100%;max-width:860px}"
    ".nba-tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(220px,1fr));"
    "gap:14px}.nba-tiles figure{width:auto!important;margin:0;min-width:0}"
    ".nba-tiles img{width:100%!important;aspect-ratio:4/3;object-fit:cover;"
    "border-radius:8px;display:block}.nba-tiles figcaption{font-weight:600}"
    ".nba-start pre{margin:2px 0 0;font-size:12px;white-space:pre-wrap;"
    "word-break:normal;overflow-wrap:break-word}.nba-start p{margin:4px 0;max-width:75ch}"
)
