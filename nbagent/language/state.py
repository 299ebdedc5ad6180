"""What a turn is read against: the notebook's variables and the clips made so far.

The session fills these from the ledger and the user's namespace, the evaluation from
recorded turns. Plain data, oldest first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # numpy is not loaded before the first turn
    from nbagent.charts.table import Table
    from nbagent.take.chart import Chart

DATA_TYPES = frozenset(
    {"DataFrame", "Series", "ndarray", "list", "dict", "str", "tuple", "int", "float"}
)
SHOWN = "_shown"
"""What the picture is called that a cell showed last: "this plot"."""

PICTURE_TYPES = frozenset({"Figure", "Axes", "PIL.Image", "Image"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A notebook variable that a turn may mean.

    Attributes:
        name: Its name in the notebook.
        type: Class name: `DataFrame`, `ndarray`, `Figure`, `PIL.Image`, `Clip`, ...
        summary: One line about its content, for the embedded reader alone: no turn
            sends it anywhere.
        size: How much of it there is, such as `3 x 2` or `40 characters`: what may be
            told of a variable that nobody named.
        ref: For a `Clip`, the clip it holds.
        columns: For a table, the names of its columns.
    """

    name: str
    type: str
    summary: str = ""
    size: str = ""
    ref: str | None = None
    columns: tuple[str, ...] = ()

    @property
    def is_data(self) -> bool:
        """Whether it can answer a question about data."""
        return self.type in DATA_TYPES

    @property
    def is_picture(self) -> bool:
        """Whether it is something to look at that could be set in motion."""
        return self.type in PICTURE_TYPES or (
            self.type == "ndarray"
            and any(w in self.summary for w in ("image", "picture", "photo", "frame"))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipInfo:
    """What is known of one clip, picture or storyboard of the conversation.

    Attributes:
        ref: Its name, such as `c1`.
        alias: What the user calls it beside that, if anything.
        texts: The kinds of text that lie over it, the latest last.
        is_lettered: Whether its turn changed those, and nothing else.
        chart: How it shows data, if it does.
        kind: `video`, `image` or `storyboard`.
        caption: What it shows.
        user: The turn that asked for it; empty for the further takes of a turn.
        parent: The clip it was refined from.
        group: Shared by takes that one turn made together.
        status: `done`, `queued`, `running`, `failed` or `cancelled`.
        scenes: For a storyboard, the clips of its scenes; `captions` go with them.
    """

    ref: str
    kind: str = "video"
    caption: str = ""
    user: str = ""
    duration_s: float | None = None
    fps: float | None = None
    seed: int | None = None
    style: str | None = None
    quality: str | None = None
    parent: str | None = None
    group: str | None = None
    status: str = "done"
    progress: float | None = None
    error: str | None = None
    scenes: tuple[str, ...] = ()
    captions: tuple[str, ...] = ()
    alias: str | None = None
    texts: tuple[str, ...] = ()
    is_lettered: bool = False
    chart: Chart | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """What it and its scenes are called."""
        own = (self.ref, self.alias, *self.scenes)
        return tuple(name for name in own if name)

    @property
    def is_active(self) -> bool:
        """Whether it is still being made."""
        return self.status in ("running", "queued", "paused", "pending")


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Everything a turn is read against.

    Attributes:
        variables: Of the notebook, in the order they were made.
        clips: Of the conversation, oldest first.
        turns: The user's earlier turns, oldest first.
        part: What is pointed at beside the words, as an act's JSON has it: a `span`, a
            `region`.
        has_model: Whether a model is stated that is to draw.
        called: Words that mean a column, and which, as was asked and answered.
        table: Returns what a variable holds, or a clip shows, if that is a table.
    """

    variables: tuple[Variable, ...] = ()
    clips: tuple[ClipInfo, ...] = ()
    turns: tuple[str, ...] = ()
    part: Mapping[str, Any] = field(default_factory=dict)
    has_model: bool = False
    called: Mapping[str, str] = field(default_factory=dict)
    table: Callable[[str], Table | None] = field(
        default=lambda _: None, repr=False, compare=False
    )

    def clip(self, ref: str | None) -> ClipInfo | None:
        """Return the clip of that name, or None."""
        return next((c for c in self.clips if c.ref == ref), None)

    @property
    def latest(self) -> ClipInfo | None:
        """The clip made last."""
        return self.clips[-1] if self.clips else None

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> State:
        """Read the `variables` and `history` of a recorded turn.

        Text answers of the history are turns without a clip.
        """
        variables = tuple(
            Variable(
                name=v["name"],
                type=v["type"],
                summary=v.get("summary", ""),
                ref=v.get("ref"),
                columns=tuple(v.get("columns", ())),
            )
            for v in record.get("variables", ())
        )
        history = record.get("history", ())
        return cls(
            variables=variables,
            clips=tuple(
                _clip(h) for h in history if (h.get("result") or {}).get("ref")
            ),
            turns=tuple(h["user"] for h in history if h.get("user")),
        )


def _clip(entry: Mapping[str, Any]) -> ClipInfo:
    result = dict(entry["result"])
    scenes = result.pop("scenes", ())
    captions = result.pop("captions", ())
    if "refs" in result:  # then the scenes are told, and named there
        scenes, captions = result["refs"], scenes
    known = {k: v for k, v in result.items() if k in ClipInfo.__slots__}
    known |= {"texts": tuple(known["texts"])} if "texts" in known else {}
    return ClipInfo(
        **known,
        user=entry.get("user", ""),
        scenes=tuple(map(str, scenes)) if isinstance(scenes, list) else (),
        captions=tuple(map(str, captions)) if isinstance(captions, list) else (),
    )
