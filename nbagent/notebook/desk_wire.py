"""The messages about any clip of the conversation, by its name; a turn's own are in `wire`.

A player asks them of the clip in front, which may be one of another turn: a parent that
is compared, a child that is looked at. Nothing here sends or receives.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypedDict, cast, get_args

from nbagent.errors import SpecError
from nbagent.notebook.wire import (
    MAX_ID_CHARS,
    Reply,
    Request,
    TakeView,
    request_id,
    short,
)

SaveFormat = Literal["mp4", "webm", "gif", "webp", "png", "html", "json"]

MAX_WORDS_CHARS = 30_000  # as a line of the panel


class NodeView(TypedDict):
    """One clip of a lineage; `changes` is what differs from the clip it was made of."""

    take: TakeView
    request: str
    operation: str
    changes: list[str]


class FactView(TypedDict):
    """One fact about a clip."""

    label: str
    value: str


class GetTools(TypedDict):
    """Ask for the rarely used part of the player, which no notebook stores."""

    type: Literal["get_tools"]
    id: str


class GetNamed(TypedDict):
    """Ask for the finished mp4 of a clip by its name."""

    type: Literal["get_named"]
    id: str
    name: str


class GetLineage(TypedDict):
    """Ask what a clip was made of and what was made of it."""

    type: Literal["get_lineage"]
    id: str
    name: str


class GetDetails(TypedDict):
    """Ask for all that is known of a clip, and for the code that makes it."""

    type: Literal["get_details"]
    id: str
    name: str


class GetNext(TypedDict):
    """Ask what could be said of a finished clip next."""

    type: Literal["get_next"]
    id: str
    name: str


class GoOn(TypedDict):
    """Ask to go on with a clip that was stopped or has failed, and with its turn."""

    type: Literal["go_on"]
    id: str
    name: str


class Save(TypedDict):
    """Ask the kernel to write the clip beside the notebook."""

    type: Literal["save"]
    id: str
    name: str
    format: SaveFormat


class GetFile(TypedDict):
    """Ask for a clip as a file of some format, to be kept by the browser."""

    type: Literal["get_file"]
    id: str
    name: str
    format: SaveFormat


class Select(TypedDict):
    """Say what is selected of a clip; all null is nothing.

    `span` is two numbers of seconds, `region` left, top, right and bottom in shares.
    """

    type: Literal["select"]
    id: str
    name: str
    span: list[float] | None
    region: list[float] | None


class Refine(TypedDict):
    """Ask for the next version of a clip, changed only in the selected part."""

    type: Literal["refine"]
    id: str
    name: str
    words: str
    span: list[float] | None
    region: list[float] | None


class ToolsReply(TypedDict):
    """The script is the first buffer, its style sheet the second."""

    type: Literal["tools"]
    id: str


class LineageReply(TypedDict):
    """From the root to the clip itself, and its children; a JPEG of each follows."""

    type: Literal["lineage"]
    id: str
    path: list[NodeView]
    children: list[NodeView]


class DetailsReply(TypedDict):
    """Facts in order; a line for a cell, and Python."""

    type: Literal["details"]
    id: str
    facts: list[FactView]
    magic: str
    python: str


class NextReply(TypedDict):
    """Turns in words, the likeliest first; perhaps none."""

    type: Literal["next"]
    id: str
    steps: list[str]


class GoOnReply(TypedDict):
    """The takes of that turn are queued again; their states say when they run."""

    type: Literal["going_on"]
    id: str
    turn: int


class SaveReply(TypedDict):
    """Where the kernel wrote the clip."""

    type: Literal["saved"]
    id: str
    path: str


class FileReply(TypedDict):
    """The file is the first buffer."""

    type: Literal["file"]
    id: str
    file_name: str


class SelectReply(TypedDict):
    """The clip's `selection` in Python says so now."""

    type: Literal["selected"]
    id: str


class RefineReply(TypedDict):
    """The turn, if it makes clips; else the answer in words."""

    type: Literal["refined"]
    id: str
    turn: int | None
    line: str


DeskRequest = (
    GetTools
    | GetNamed
    | GetLineage
    | GetDetails
    | GetNext
    | GetFile
    | GoOn
    | Save
    | Select
    | Refine
)
DeskReply = (
    ToolsReply
    | LineageReply
    | DetailsReply
    | NextReply
    | GoOnReply
    | SaveReply
    | FileReply
    | SelectReply
    | RefineReply
)
PlayerRequest = Request | DeskRequest
PlayerReply = Reply | DeskReply

VALUES: tuple[type, ...] = (NodeView, FactView)


def parse_desk_request(content: Mapping[str, Any]) -> DeskRequest:
    """Check an untrusted message, whose type is one of `DESK_KINDS`.

    Raises:
        SpecError: If a field is not what it must be.
    """
    request: dict[str, Any] = {"type": content["type"], "id": request_id(content)}
    for field, check in _FIELDS[content["type"]].items():
        request[field] = check(content.get(field))
    return cast(DeskRequest, request)


def part_of_clip(content: Mapping[str, Any]) -> Any:
    """Check the name of a clip and the part of it that is meant.

    Raises:
        SpecError: If a field is not what it must be.
    """
    return {field: check(content.get(field)) for field, check in _PART.items()}


def _format(value: object) -> SaveFormat:
    formats = get_args(SaveFormat)
    if value not in formats:
        raise SpecError(f"cannot save as {short(value)}: use {', '.join(formats)}")
    return cast(SaveFormat, value)


def _name(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_ID_CHARS:
        raise SpecError(f"a clip has a short name, not {short(value)}")
    return value


def _words(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise SpecError("say what should be different, like 'slower, at night'")
    if len(value) > MAX_WORDS_CHARS:
        raise SpecError(
            f"that is {len(value):,} characters, and {MAX_WORDS_CHARS:,} is the"
            " limit: say it in fewer words"
        )
    return value


def _numbers(count: int) -> Callable[[object], list[float] | None]:
    def check(value: object) -> list[float] | None:
        if value is None:
            return None
        is_list = isinstance(value, list) and len(value) == count
        # bool is an int to Python.
        if not is_list or not all(
            type(number) in (int, float) and math.isfinite(number)
            for number in cast("list[Any]", value)
        ):
            raise SpecError(f"a part is {count} numbers, not {short(value)}")
        return [float(number) for number in cast("list[Any]", value)]

    return check


_PART: dict[str, Callable[[object], Any]] = {
    "name": _name,
    "span": _numbers(2),
    "region": _numbers(4),
}
_FIELDS: dict[str, dict[str, Callable[[object], Any]]] = {
    "get_tools": {},
    "get_named": {"name": _name},
    "get_lineage": {"name": _name},
    "get_details": {"name": _name},
    "get_next": {"name": _name},
    "go_on": {"name": _name},
    "save": {"name": _name, "format": _format},
    "get_file": {"name": _name, "format": _format},
    "select": _PART,
    "refine": {**_PART, "words": _words},
}
DESK_KINDS = frozenset(_FIELDS)
