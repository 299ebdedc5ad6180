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
from typing import Any, Literal, TypedDict, cast

from nbagent.errors import SpecError
from nbagent.notebook.wire import (
    KINDS,
    ErrorReply,
    Reply,
    TakeView,
    TurnState,
    request_id,
    short,
)

Origin = Literal["cell", "panel"]

MAX_LINE_CHARS = 30_000  # the words and the options before them


class TurnView(TypedDict):
    """One turn as the panel shows it; `place` is where it stands in the conversation."""

    id: int
    place: int
    origin: Origin
    options: str
    words: str
    state: TurnState
    answer: str
    error: str
    note: str
    takes: list[TakeView]


class PanelState(TypedDict):
    """The kernel-owned traits of the panel."""

    conversation: str
    render_model: str


class GetThread(TypedDict):
    """Ask for all turns; events tell what changes after the reply."""

    type: Literal["get_thread"]
    id: str


class Say(TypedDict):
    """Say a turn: options, then words, as after `%agent`."""

    type: Literal["say"]
    id: str
    line: str


class Stop(TypedDict):
    """Ask to stop everything that is being rendered."""

    type: Literal["stop"]
    id: str


class ThreadReply(TypedDict):
    """All turns of the conversation, in order."""

    type: Literal["thread"]
    id: str
    turns: list[TurnView]


class SaidReply(TypedDict):
    """The turn was written down; its event came before this."""

    type: Literal["said"]
    id: str
    turn: int


class StopReply(TypedDict):
    """What is being stopped, in words."""

    type: Literal["stopping"]
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


class GoneEvent(TypedDict):
    """A turn was replaced by another."""

    type: Literal["gone"]
    turn: int


OwnRequest = GetThread | Say | Stop
OwnReply = ThreadReply | SaidReply | StopReply
PanelReply = Reply | OwnReply
Event = TurnEvent | TakeEvent | GoneEvent

VALUES: tuple[type, ...] = (TurnView, PanelState)


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
    if isinstance(kind, str) and kind in KINDS:
        return TakeRequest(turn=_whole("turn", content.get("turn")), content=content)
    if not isinstance(kind, str) or kind not in _FIELDS:
        raise SpecError(f"unknown message {short(kind)}: reload the page")
    request: dict[str, Any] = {"type": kind, "id": name}
    for field, check in _FIELDS[kind].items():
        request[field] = check(field, content.get(field))
    return cast(OwnRequest, request)


def error_reply(name: str, message: str) -> ErrorReply:
    """Return the reply that says why there is no other."""
    return {"type": "error", "id": name, "message": message}


def _whole(field: str, value: object) -> int:
    # bool is an int to Python.
    if type(value) is not int or not 0 <= value < 2**53:
        raise SpecError(f"{field} is a number, not {short(value)}")
    return value


def _line(field: str, value: object) -> str:
    if not isinstance(value, str):
        raise SpecError(f"{field} is text, not {short(value)}")
    if len(value) > MAX_LINE_CHARS:
        raise SpecError(
            f"that is {len(value):,} characters, the most is {MAX_LINE_CHARS:,}:"
            " say it shorter, or name a variable with @"
        )
    return value


_Check = Callable[[str, object], Any]
_FIELDS: dict[str, dict[str, _Check]] = {
    "get_thread": {},
    "say": {"line": _line},
    "stop": {},
}
