"""How a `Clip` asks for its next version: by words, or by an act.

There is a method for each act of the registry. It has the arguments of its act, takes the
part of the clip that it is limited to in words, in seconds or in shares, and hands a
finished act on: nothing is said in words to be read.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields, replace
from inspect import Parameter
from typing import TYPE_CHECKING, Any, Final, cast

from nbagent.acts import ACTS, Act, Region, Span
from nbagent.acts.base import args_of
from nbagent.acts.redo import Redo
from nbagent.conversation import here
from nbagent.conversation.selection import Selection
from nbagent.errors import SpecError

if TYPE_CHECKING:
    from nbagent.conversation.clip import Clip
    from nbagent.ledger import Ledger
    from nbagent.media.frames import Frames

# Arguments that name a part of the clip's time, or of its picture.
_TIMES: Final = frozenset({"span", "keep"})
_PLACES: Final = frozenset({"region", "part"})


Remixer = Callable[..., "Clip"]


class Asking:
    """What can be asked of a clip; `Clip` is one.

    Attributes:
        name: Its name in the conversation.
    """

    name: str
    _ledger: Ledger | None
    _remixer: Remixer | None

    if TYPE_CHECKING:

        @property
        def frames(self) -> Frames:
            """Its frames, (F, H, W, 3) uint8."""

        # A method for each act of the registry.
        def __getattr__(self, name: str) -> Callable[..., Clip]: ...

    def remix(self, words: str, **options: Any) -> Clip:
        """Make the next version of this clip: `clip.remix("at night", seed=3)`.

        Args:
            words: What should be different; a part may be named in them ("in the left
                half, at night").
            options: Those of `%agent`, with underscores; `span` and `region` limit it to
                a part, in seconds and in shares.
        """
        return self.ask(words, **options)

    def ask(self, said: str | tuple[Act, ...], **options: Any) -> Clip:
        """Make the next version of this clip, from words or from acts.

        Raises:
            SpecError: If it belongs to no conversation, or the change cannot be made.
        """
        self._settle()
        if self._remixer is None:
            raise SpecError(
                f"{self.name} does not belong to a conversation here: run"
                " %load_ext nbagent first, or in a script say a turn about it, like"
                " nbagent.say('@clip at night')"
            )
        return self._remixer(self, said, **options)

    def _settle(self) -> None:
        """Belong to this kernel's conversation, if it belongs to none."""
        if self._remixer is None:
            here.settle(cast("Clip", self))

    def ref_of(self, other: Clip) -> str:
        """Return what an act calls another clip: its take's id, whatever its name is.

        Raises:
            SpecError: If this clip is of no conversation.
        """
        self._settle()
        if self._ledger is None:
            raise SpecError(
                f"{self.name} does not belong to a conversation here: open it"
                " where it was made"
            )
        from nbagent.conversation.brought import Brought

        return Brought(self._ledger).take(other).id

    def redirect(self, words: str, *, step: int) -> Clip:
        """Let its run take another course: `clip.redirect("at night", step=5)`.

        Args:
            words: What should be different from then on.
            step: How many steps stay as they were: few leave all but the lay-out open,
                many only the details.
        """
        return self.remix(words, step=step)

    def redo(
        self,
        start_s: float = 0.0,
        end_s: float | None = None,
        words: str = "",
        *,
        region: Region | str | None = None,
        **options: Any,
    ) -> Clip:
        """Make a span of the clip anew, with a change or as another try.

        Args:
            start_s: Seconds at which it begins.
            end_s: Seconds at which it ends; None is the clip's end.
            words: What should be different there.
            region: The part of the picture that alone changes, in words or in shares.
            options: Those of `%agent`, with underscores.
        """
        span = span_of((start_s, end_s))
        part = None if region is None else region_of(region)
        if not words:
            return self.ask((Redo(span=span, region=part),), **options)
        if part is not None:
            options["region"] = part
        return self.remix(words, span=(start_s, end_s), **options)

    def inpaint(self, mask: Any, words: str, **options: Any) -> Clip:
        """Make a part of the picture anew; every other pixel stays as it is.

        Args:
            mask: A PIL image or an array of booleans or numbers, (H, W) or
                (F, H, W) as the clip's frames: true or white where it is made anew;
                or a `selection` of the clip.
            words: What should be there: "a moon", or a change: "at night".
            options: Those of `%agent`, with underscores.

        Raises:
            SpecError: If the mask is empty or of another shape than the clip.
        """
        if isinstance(mask, Selection):
            return self.remix(words, span=mask.span, region=mask.region, **options)
        from nbagent.conversation import masks

        drawn = masks.of_value(mask, self.frames)
        self._settle()
        if self._ledger is None:
            return self.remix(words, **options)  # says that it has no conversation
        return self.remix(words, mask=masks.keep(drawn, self._ledger), **options)


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
            f"{value!r:.60} is not a time span: use seconds, like (1, 2.5), or words"
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
            f"{value!r:.60} is not a part of a picture: use words, or left, top,"
            " right and bottom as shares from 0 to 1, like (0, 0, 0.5, 1)"
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

    def ask(self: Asking, *args: Any, **given: Any) -> Clip:
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
    named = act.__annotations__  # what all of its kind have comes last
    return [
        Parameter(
            one.name,
            Parameter.POSITIONAL_OR_KEYWORD,
            default=Parameter.empty if one.default is MISSING else one.default,
            annotation=args_of(act)[one.name][0],
        )
        for one in sorted(fields(act), key=lambda one: one.name not in named)
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


def _argument(clip: Asking, name: str, value: Any) -> Any:
    """Return an argument as an act has it: a clip by its take, a part as numbers."""
    if value is None:
        return None
    if name in _TIMES:
        return span_of(value)
    if name in _PLACES:
        return region_of(value)
    if isinstance(value, tuple | list):
        return tuple(_argument(clip, "", one) for one in value)
    return (
        clip.ref_of(cast("Clip", value)) if isinstance(value, Asking) else _plain(value)
    )


def _plain(value: Any) -> Any:
    """Return a number of numpy as Python's own."""
    return value.item() if getattr(value, "shape", None) == () else value


for _kind, _act in ACTS.items():
    if not hasattr(Asking, _act.method or _kind):  # `redo` has words of its own
        setattr(Asking, _act.method or _kind, _method(_act))
