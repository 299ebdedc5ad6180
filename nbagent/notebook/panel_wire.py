"""The messages between the chat panel and its kernel; those of a player are in `wire`.

The conversation is too long for a trait: a view asks for all of it once, and hears of
every change after that as an event. What a view wants is a request with an id of its
own, and every request gets one reply. A player inside the panel asks what a player in a
cell asks, with the turn that it shows beside.

Nothing here sends or receives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NotRequired, TypedDict, cast

from nbagent.acts.plan import INTENTS
from nbagent.conversation import consent, offered
from nbagent.errors import SpecError
from nbagent.notebook.desk_wire import DESK_KINDS, PlayerReply, part_of_clip
from nbagent.notebook.pages_wire import FIELDS as PAGE_FIELDS
from nbagent.notebook.pages_wire import VALUES as PAGE_VALUES
from nbagent.notebook.pages_wire import (
    MarksEvent,
    MarkView,
    PageReply,
    PageRequest,
)
from nbagent.notebook.wire import (
    KINDS,
    TakeView,
    TurnState,
    request_id,
    short,
)

Origin = Literal["cell", "panel"]

MAX_LINE_CHARS = 30_000  # the words and the options before them


class ReadingView(TypedDict):
    """One answer to a turn that asks back: what it may have meant, a consent, an actor.

    `picture` is the URL of what an actor looks like.
    """

    intent: str
    label: str
    picture: NotRequired[str]


class TurnView(TypedDict):
    """One turn as the panel shows it; `place` is where it stands in the conversation.

    `answer_html` is what the answer's Markdown says, if it is a language model's.
    """

    id: int
    place: int
    origin: Origin
    options: str
    words: str
    state: TurnState
    answer: str
    answer_html: str
    error: str
    note: str
    readings: list[ReadingView]
    takes: list[TakeView]


class TakePlace(TypedDict):
    """Where a take is: its turn, and its number there."""

    turn: int
    index: int


class About(TypedDict):
    """The clip that a turn changes, whatever its words say, and the part of it.

    `span` is two numbers of seconds, `region` left, top, right and bottom in shares.
    """

    name: str
    span: list[float] | None
    region: list[float] | None


class GetThread(TypedDict):
    """Ask for all turns; events tell what changes after the reply."""

    type: Literal["get_thread"]
    id: str


class Say(TypedDict):
    """Say a turn: options, then words, as after `%agent`.

    It may take the place of an earlier turn of the panel, and say what it means.
    """

    type: Literal["say"]
    id: str
    line: str
    replaces: int | None
    reading: str | None
    about: About | None


class GetPlan(TypedDict):
    """Ask what a turn would do; nothing is done."""

    type: Literal["get_plan"]
    id: str
    line: str
    replaces: int | None
    about: About | None


class Complete(TypedDict):
    """Ask what may stand at the end of a line: `@names`, options."""

    type: Literal["complete"]
    id: str
    line: str


class Move(TypedDict):
    """Ask to give a waiting take another place in the queue, 0 being the next."""

    type: Literal["move"]
    id: str
    turn: int
    index: int
    to: int


class GetPoster(TypedDict):
    """Ask for one frame of a finished take."""

    type: Literal["get_poster"]
    id: str
    turn: int
    index: int


class UseModel(TypedDict):
    """Let another model render what is asked for anew."""

    type: Literal["use_model"]
    id: str
    model: str


class UseBrain(TypedDict):
    """Let another one read the turns: the reader, or a language model's name."""

    type: Literal["use_brain"]
    id: str
    brain: str


class Export(TypedDict):
    """Ask the kernel to write the conversation as Markdown beside the notebook."""

    type: Literal["export"]
    id: str


class Stop(TypedDict):
    """Ask to stop everything that is being rendered."""

    type: Literal["stop"]
    id: str


class ThreadReply(TypedDict):
    """All turns of the conversation, in order."""

    type: Literal["thread"]
    id: str
    turns: list[TurnView]
    queue: list[TakePlace]
    model: str
    marks: list[MarkView]


class SaidReply(TypedDict):
    """The turn was written down; its event came before this."""

    type: Literal["said"]
    id: str
    turn: int


class PlanReply(TypedDict):
    """What a turn would do, in words; and its first take, if it makes any."""

    type: Literal["plan"]
    id: str
    does: str
    take: TakeView | None
    num_takes: int
    estimate_s: float | None
    note: str


class CompleteReply(TypedDict):
    """The candidates, each for what stands in the line from `start` on.

    `pictures` has the number of each one's JPEG among the buffers; null for none.
    """

    type: Literal["completed"]
    id: str
    start: int
    words: list[str]
    pictures: list[int | None]


class PosterReply(TypedDict):
    """A JPEG is the first buffer."""

    type: Literal["poster"]
    id: str


class LineReply(TypedDict):
    """What was done, in words."""

    type: Literal["line"]
    id: str
    line: str


class TurnEvent(TypedDict):
    """A turn is new, or something about it has changed."""

    type: Literal["turn"]
    turn: TurnView


class TakeEvent(TypedDict):
    """One take of a turn went on."""

    type: Literal["take"]
    turn: int
    state: TurnState
    index: int
    take: TakeView


class TextEvent(TypedDict):
    """An answer in words, as far as it is written."""

    type: Literal["text"]
    turn: int
    text: str


class QueueEvent(TypedDict):
    """The takes that wait for the engine, next first."""

    type: Literal["queue"]
    order: list[TakePlace]


class ModelEvent(TypedDict):
    """Another model renders from now on."""

    type: Literal["model"]
    model: str


class GoneEvent(TypedDict):
    """A turn was replaced by another."""

    type: Literal["gone"]
    turn: int


OwnRequest = (
    GetThread
    | Say
    | Stop
    | GetPlan
    | Complete
    | Move
    | GetPoster
    | UseModel
    | UseBrain
    | Export
    | PageRequest
)
OwnReply = (
    ThreadReply
    | SaidReply
    | PlanReply
    | CompleteReply
    | PosterReply
    | LineReply
    | PageReply
)
PanelReply = PlayerReply | OwnReply
Event = (
    TurnEvent | TakeEvent | TextEvent | QueueEvent | ModelEvent | GoneEvent | MarksEvent
)

VALUES: tuple[type, ...] = (ReadingView, TurnView, TakePlace, About, *PAGE_VALUES)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeRequest:
    """What a player asks, and of which turn; `content` is checked by that turn's takes."""

    turn: int
    content: Mapping[str, Any]


def parse_panel_request(content: object) -> OwnRequest | TakeRequest:
    """Check an untrusted message and return it as a request.

    Raises:
        SpecError: If it is none.
    """
    name = request_id(content)
    assert isinstance(content, Mapping)  # `request_id` has seen it
    kind = content.get("type")
    if isinstance(kind, str) and (kind in KINDS or kind in DESK_KINDS):
        return TakeRequest(turn=_whole("turn", content.get("turn")), content=content)
    if not isinstance(kind, str) or kind not in _FIELDS:
        raise SpecError(f"unknown message {short(kind)}: reload the page")
    request: dict[str, Any] = {"type": kind, "id": name}
    for field, check in _FIELDS[kind].items():
        request[field] = check(field, content.get(field))
    return cast(OwnRequest, request)


def _whole(field: str, value: object) -> int:
    # bool is an int to Python.
    if type(value) is not int or not 0 <= value < 2**53:
        raise SpecError(f"{field} is a number, not {short(value)}")
    return value


def _whole_or_none(field: str, value: object) -> int | None:
    return None if value is None else _whole(field, value)


def _reading(field: str, value: object) -> str | None:
    known = (*INTENTS, *consent.CHOICES)
    if value is None:
        return None
    if isinstance(value, str) and (value in known or offered.is_offer(value)):
        return value
    raise SpecError(
        f"{field} is one of {', '.join(known)} or what was offered, not {short(value)}"
    )


def _line(field: str, value: object) -> str:
    if not isinstance(value, str):
        raise SpecError(f"{field} is text, not {short(value)}")
    if len(value) > MAX_LINE_CHARS:
        raise SpecError(
            f"that is {len(value):,} characters, and {MAX_LINE_CHARS:,} is the"
            " limit: say it in fewer words, or name a variable with @"
        )
    return value


def _about(field: str, value: object) -> About | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise SpecError(f"{field} is a clip and a part of it, not {short(value)}")
    return cast(About, part_of_clip(value))


_Check = Callable[[str, object], Any]
_FIELDS: dict[str, dict[str, _Check]] = {
    "get_thread": {},
    "say": {
        "line": _line,
        "replaces": _whole_or_none,
        "reading": _reading,
        "about": _about,
    },
    "get_plan": {"line": _line, "replaces": _whole_or_none, "about": _about},
    "complete": {"line": _line},
    "move": {"turn": _whole, "index": _whole, "to": _whole},
    "get_poster": {"turn": _whole, "index": _whole},
    "use_model": {"model": _line},
    "use_brain": {"brain": _line},
    "export": {},
    "stop": {},
    **PAGE_FIELDS,
}
