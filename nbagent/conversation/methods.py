"""The methods of a `Clip` that ask for acts, made from the registry.

Each has the arguments of its act, takes the part of the clip that it is limited to in words,
in seconds or in shares, and hands a finished act on: nothing is said in words to be read.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, replace
from inspect import Parameter
from typing import TYPE_CHECKING, Any, Final

from nbagent.acts import ACTS, Act, Region, Span
from nbagent.acts.base import args_of
from nbagent.errors import SpecError

if TYPE_CHECKING:
    from nbagent.conversation.clip import Clip

# Arguments that name a part of the clip's time, or of its picture.
_TIMES: Final = frozenset({"span", "keep"})
_PLACES: Final = frozenset({"region", "part"})


def methods() -> Mapping[str, Callable[..., Clip]]:
    """Return a method for each act, by name."""
    return {act.method or kind: _method(act) for kind, act in ACTS.items()}


def span_of(value: Any) -> Span | str:
    """Return a span as an act has it.

    Args:
        value: Words like "the last second", or where it begins and ends in seconds; None
            is the clip's end.

    Raises:
        SpecError: If it is no span.
    """
    if isinstance(value, Span):
        return value
    if isinstance(value, str):
        from nbagent.language import parts

        return parts.span(value) or value
    try:
        start, end = value
    except (TypeError, ValueError) as error:
        raise SpecError(
            f"{value!r:.60} is no span: use seconds, like (1, 2.5), or words"
        ) from error
    return Span(start=_plain(start), end=_plain(end))


def region_of(value: Any) -> Region | str:
    """Return a part of the picture as an act has it.

    Args:
        value: Words like "left half", or left, top, right and bottom in shares, 0..1.

    Raises:
        SpecError: If it is none.
    """
    if isinstance(value, str):
        from nbagent.language import parts

        return parts.region(value) or value
    try:
        left, top, right, bottom = map(_plain, value)
    except (TypeError, ValueError) as error:
        raise SpecError(
            f"{value!r:.60} is no part of a picture: use words, or left, top, right and"
            " bottom as shares, like (0, 0, 0.5, 1)"
        ) from error
    return (left, top, right, bottom)


def _method(act: type[Act]) -> Callable[..., Clip]:
    of_call = getattr(act, "of_call", None)
    own = _own_parameters(act)
    taken = {one.name for one in own}
    taken |= {"region"} if "part" in taken else set()
    parts = [part for part in act.parts if part not in taken]
    signature = inspect.Signature(
        [
            Parameter("self", Parameter.POSITIONAL_OR_KEYWORD),
            *own,
            *(Parameter(one, Parameter.KEYWORD_ONLY, default=None) for one in parts),
            Parameter("options", Parameter.VAR_KEYWORD),
        ]
    )

    def ask(self: Clip, *args: Any, **given: Any) -> Clip:
        bound = signature.bind(self, *args, **given)
        said = bound.arguments
        options = said.pop("options", {})
        for name in said.keys() - {"self"}:
            said[name] = _argument(self, name, said[name])
        limits = {part: said.pop(part) for part in parts if part in said}
        if of_call is None:
            values = {k: v for k, v in said.items() if k != "self" and v is not None}
            asked = act(**values, **limits)
        else:
            asked = of_call(*bound.args[1:], **bound.kwargs)
            asked = replace(asked, **limits) if limits else asked
        return self.ask((asked,), **options)

    ask.__name__ = act.method or act.kind
    ask.__qualname__ = f"Clip.{ask.__name__}"
    ask.__doc__ = _doc(act, own)
    ask.__signature__ = signature  # type: ignore[attr-defined]  # of a function it may be set
    return ask


def _own_parameters(act: type[Act]) -> list[Parameter]:
    """Return the parameters of an act's method: its own, or those of `of_call`."""
    if (of_call := getattr(act, "of_call", None)) is not None:
        return list(inspect.signature(of_call).parameters.values())
    return [
        Parameter(
            one.name,
            Parameter.POSITIONAL_OR_KEYWORD,
            default=Parameter.empty if one.default is MISSING else one.default,
            annotation=args_of(act)[one.name][0],
        )
        for one in fields(act)
        if one.name not in ("span", "region")
        and not args_of(act)[one.name][1].is_private
    ]


def _doc(act: type[Act], own: list[Parameter]) -> str:
    """Return the documentation of an act's method."""
    lines = [inspect.getdoc(getattr(act, "of_call", act)) or act.summary]
    if not hasattr(act, "of_call"):
        told = [f"    {p.name}: {args_of(act)[p.name][1].about}." for p in own]
        lines += ["", "Args:", *told] if told else []
    if act.parts:
        lines += ["", f"`{'` and `'.join(act.parts)}` limit it to a part of the clip."]
    return "\n".join(lines)


def _argument(clip: Clip, name: str, value: Any) -> Any:
    """Return an argument as an act has it: a clip by its take, a part as numbers."""
    if value is None:
        return None
    if name in _TIMES:
        return span_of(value)
    if name in _PLACES:
        return region_of(value)
    if isinstance(value, tuple):
        return tuple(_argument(clip, "", one) for one in value)
    return clip.ref_of(value) if isinstance(value, type(clip)) else _plain(value)


def _plain(value: Any) -> Any:
    """Return a number of numpy as Python's own."""
    return value.item() if getattr(value, "shape", None) == () else value
