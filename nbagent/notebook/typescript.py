"""Prints the wire's messages as TypeScript, so that they are written down once.

python -m nbagent.notebook.wire > js/src/wire.ts
"""

from __future__ import annotations

import sys
from types import NoneType, UnionType
from typing import (
    Any,
    Literal,
    NotRequired,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from nbagent.notebook import desk_wire, panel_wire, start_wire, wire
from nbagent.take import JobState, Phase, Quality

_MAX_LINE = 88  # as js/biome.json

_ALIASES: dict[str, Any] = {
    "JobState": JobState,
    "Phase": Phase,
    "Quality": Quality,
    "TurnState": wire.TurnState,
    "SaveFormat": desk_wire.SaveFormat,
    "Origin": panel_wire.Origin,
}
_RECORDS: tuple[type, ...] = (
    wire.TakeView,
    wire.PlayerState,
    wire.InsertCell,
    *get_args(wire.Request),
    *get_args(wire.Reply),
    *desk_wire.VALUES,
    *get_args(desk_wire.DeskRequest),
    *get_args(desk_wire.DeskReply),
    *panel_wire.VALUES,
    *get_args(panel_wire.OwnRequest),
    *get_args(panel_wire.OwnReply),
    *get_args(panel_wire.Event),
    *start_wire.VALUES,
    *get_args(start_wire.StartRequest),
    *(one for one in get_args(start_wire.StartReply) if one is not wire.ErrorReply),
)
_PRIMITIVES = {
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    NoneType: "null",
}


def to_typescript() -> str:
    """Print every message and trait as TypeScript."""
    parts = [
        "// Printed by `python -m nbagent.notebook.wire`; change that file, not this one.\n",
        *(_alias(name, hint) for name, hint in _ALIASES.items()),
        *(_interface(record) for record in _RECORDS),
        _union("Request", wire.Request),
        _union("Reply", wire.Reply),
        _union("DeskRequest", desk_wire.DeskRequest),
        _union("DeskReply", desk_wire.DeskReply),
        "export type PlayerRequest = Request | DeskRequest;\n",
        "export type PlayerReply = Reply | DeskReply;\n",
        _union("OwnRequest", panel_wire.OwnRequest),
        "/** What a player asks, of one turn of the panel. */\n"
        "export type TakeRequest = PlayerRequest & { turn: number };\n",
        "export type PanelRequest = TakeRequest | OwnRequest;\n",
        _union("OwnReply", panel_wire.OwnReply),
        "export type PanelReply = PlayerReply | OwnReply;\n",
        _union("PanelEvent", panel_wire.Event),
        _union("StartRequest", start_wire.StartRequest),
        _union("StartReply", start_wire.StartReply),
        _constant("SAVE_FORMATS", get_args(desk_wire.SaveFormat)),
    ]
    return "\n".join(parts)


def main() -> None:
    """Write the TypeScript to the standard output."""
    sys.stdout.write(to_typescript())


def _interface(record: type) -> str:
    fields = get_type_hints(record, include_extras=True).items()
    lines = "".join(f"  {_field(name, hint)};\n" for name, hint in fields)
    return f"export interface {record.__name__} {{\n{lines}}}\n"


def _field(name: str, hint: Any) -> str:
    if get_origin(hint) is NotRequired:
        return f"{name}?: {_type(get_args(hint)[0])}"
    return f"{name}: {_type(hint)}"


def _alias(name: str, hint: Any) -> str:
    return _wrapped(name, [f'"{value}"' for value in get_args(hint)])


def _union(name: str, hint: Any) -> str:
    return _wrapped(name, [member.__name__ for member in get_args(hint)])


def _wrapped(name: str, members: list[str]) -> str:
    line = f"export type {name} = {' | '.join(members)};\n"
    if len(line) <= _MAX_LINE:
        return line
    return f"export type {name} =" + "".join(f"\n  | {m}" for m in members) + ";\n"


def _type(hint: Any) -> str:
    for name, alias in _ALIASES.items():
        if hint == alias:
            return name
    origin = get_origin(hint)
    if origin is list:
        each = _type(get_args(hint)[0])
        return f"({each})[]" if " | " in each else f"{each}[]"
    if origin is dict:
        return f"Record<string, {_type(get_args(hint)[1])}>"
    if origin in {Union, UnionType}:
        return " | ".join(_type(member) for member in get_args(hint))
    if origin is Literal:
        return " | ".join(f'"{value}"' for value in get_args(hint))
    if hint in _RECORDS:
        return cast(str, hint.__name__)
    return _PRIMITIVES[hint]


def _constant(name: str, values: tuple[str, ...]) -> str:
    items = "".join(f'  "{value}",\n' for value in values)
    return f"export const {name} = [\n{items}] as const;\n"
