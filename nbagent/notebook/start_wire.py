"""The messages between the gallery of `%nbagent start` and its kernel.

As in `wire`: each request has an id, and gets one reply. Nothing here sends or receives.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypedDict, cast

from nbagent.errors import SpecError
from nbagent.notebook.wire import ErrorReply, request_id, short

MAX_TURN_CHARS: Final = 2_000


class ExampleView(TypedDict):
    """One example; without a `turn` it needs its cell, which has data too."""

    title: str
    cell: str
    turn: str


class StartState(TypedDict):
    """The kernel-owned traits of the gallery; `own_id` is its model's."""

    own_id: str
    examples: list[ExampleView]
    palette: dict[str, list[str]]
    follow_ups: list[str]


class GetPictures(TypedDict):
    """Ask for the moving pictures of the examples."""

    type: Literal["get_pictures"]
    id: str


class LookAround(TypedDict):
    """Ask what could be connected on this machine."""

    type: Literal["look_around"]
    id: str


class Connect(TypedDict):
    """Ask to connect the first language model that this machine serves."""

    type: Literal["connect"]
    id: str


class Run(TypedDict):
    """Say a turn; its player is shown below the gallery."""

    type: Literal["run"]
    id: str
    turn: str


class PicturesReply(TypedDict):
    """The animated webps are the buffers, in the order of the examples."""

    type: Literal["pictures"]
    id: str


class AroundReply(TypedDict):
    """What was found, in lines to read."""

    type: Literal["around"]
    id: str
    lines: list[str]


class RanReply(TypedDict):
    """It was said; the line is what was answered in words."""

    type: Literal["ran"]
    id: str
    line: str


StartRequest = GetPictures | LookAround | Connect | Run
StartReply = PicturesReply | AroundReply | RanReply | ErrorReply
VALUES: Final[tuple[type, ...]] = (ExampleView, StartState)


def parse_start_request(content: object) -> StartRequest:
    """Check an untrusted message of the gallery, and return it as a request.

    Raises:
        SpecError: If it is none.
    """
    kind = content.get("type") if isinstance(content, Mapping) else None
    request: dict[str, object] = {"type": kind, "id": request_id(content)}
    if kind not in ("get_pictures", "look_around", "connect", "run"):
        raise SpecError(f"unknown message {short(kind)}: reload the page")
    if kind == "run":
        assert isinstance(content, Mapping)
        turn = content.get("turn")
        if not isinstance(turn, str) or not 0 < len(turn) <= MAX_TURN_CHARS:
            raise SpecError(f"say a turn in a line, not {short(turn)}")
        request["turn"] = turn
    return cast(StartRequest, request)
