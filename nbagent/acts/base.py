"""What every act is: one thing that can be asked of a clip, as a value that checks itself."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import (
    Annotated,
    Any,
    ClassVar,
    Final,
    Literal,
    Self,
    get_args,
    get_origin,
    get_type_hints,
)

from nbagent.acts.shot import Shot
from nbagent.errors import SpecError
from nbagent.take.typed import is_a

Cost = Literal["nothing", "re-cut", "drawing", "diffusion"]
Does = Literal["shot", "frames", "data", "held", "timeline"]
Region = tuple[float, float, float, float]
"""Left, top, right and bottom of a part of the picture, in shares of it, 0..1."""

_SLACK_S: Final = 1e-3  # a clip's end, as people round it


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A part of a clip's time.

    Attributes:
        start: Where it begins; a negative one counts from the clip's end.
        end: Where it ends; None is the clip's end.
        is_share: Whether both are shares of the clip's length, 0..1, and not seconds.
    """

    start: float = 0.0
    end: float | None = None
    is_share: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no part of any clip's time.

        Raises:
            SpecError: If it is empty, or a share is not from 0 to 1.
        """
        ends = (self.start,) if self.end is None else (self.start, self.end)
        if not all(is_a(one, float) for one in ends):
            raise SpecError(
                f"{ends!r:.60} is not a time span: use seconds, like (1, 2.5)"
            )
        if self.end is not None and self.start >= self.end and self.start >= 0:
            raise SpecError(
                f"{self} is empty: the end must come after the start, like (1, 2.5)"
            )
        if self.is_share and not all(0 <= one <= 1 for one in ends):
            raise SpecError(f"{ends} are not shares of a clip: use 0 to 1")

    def __str__(self) -> str:
        """Say it in words."""
        unit, scale = ("%", 100) if self.is_share else (" s", 1)
        if self.start < 0 and self.end is None:
            return f"the last {-self.start:g} s"
        is_open = self.end is None or (self.is_share and self.end == 1)
        until = "the end" if is_open else f"{(self.end or 0) * scale:g}{unit}"
        return f"{self.start * scale:g}{unit} to {until}"

    def seconds(self, clip_s: float | None) -> tuple[float, float | None]:
        """Return where it begins and ends in a clip, in seconds; None is its end.

        Args:
            clip_s: How long the clip plays; None if it is not rendered.

        Raises:
            SpecError: If it is not inside the clip.
        """
        if clip_s is None:
            if self.is_share or self.start < 0:
                raise SpecError(
                    f"{self} of an unfinished clip is unknown: wait until it is done"
                )
            return self.start, self.end
        scale = clip_s if self.is_share else 1.0
        start = self.start * scale + (clip_s if self.start < 0 else 0.0)
        end = clip_s if self.end is None else self.end * scale
        if not -_SLACK_S <= start < end <= clip_s + _SLACK_S:
            raise SpecError(
                f"{start:g} s to {end:g} s is not inside the clip: it lasts {clip_s:g} s,"
                " so name a span in that"
            )
        return max(start, 0.0), None if end >= clip_s - _SLACK_S else end


@dataclass(frozen=True, slots=True)
class Arg:
    """What is to be known of an argument, beside its type.

    Attributes:
        about: What it is, in a few words that end the sentence "it needs ...".
        name: What it is called in JSON, if that is another name.
        least: Of a number.
        most: Of a number.
        is_private: Whether it is filled in later, or Python's alone: no language model
            is told of it.
        is_rare: Whether no language model is told of it either, since each word of a
            schema goes with each request; words and Python say it.
    """

    about: str
    name: str = ""
    least: float | None = None
    most: float | None = None
    is_private: bool = False
    is_rare: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One thing that is asked of a clip.

    A subclass is one file of this package: it says here everything that is known of it.

    Attributes:
        kind: Its name in plans, recipes and schemas.
        method: The name of its method of a `Clip`, if that is not its kind.
        does: What it changes: the `shot`, the `frames` of a finished clip, the `data`
            that a chart shows, frames that are `held` while others are made, or how clips
            stand on a `timeline`.
        cost: What it takes: `nothing` shows what is there, `re-cut` and `drawing` need no
            model.
        renews: Whether it asks for another seed, if it states none.
        summary: One line about it, for language models and the table in the README.
        examples: What one says for it.
        strength: How much of a clip its change may leave behind, 0..1.
        parts: Which parts of a clip it can be limited to.
        span: The part of the clip's time that it is limited to; words that name none
            are kept, so that they can be refused.
        region: The part of the picture that it is limited to; or words, as `span`.
    """

    kind: ClassVar[str]
    method: ClassVar[str] = ""
    does: ClassVar[Does]
    cost: ClassVar[Cost] = "diffusion"
    renews: ClassVar[bool] = False
    summary: ClassVar[str]
    examples: ClassVar[tuple[str, ...]]
    strength: ClassVar[float] = 0.75
    parts: ClassVar[tuple[Literal["span", "region"], ...]] = ("span", "region")

    span: Annotated[
        Span | str | None,
        Arg("the only part of the time to change: [from_s, to_s], or words"),
    ] = None
    region: Annotated[
        Region | str | None,
        Arg("the only part of the picture to change, in words, or as shares"),
    ] = None

    def __post_init__(self) -> None:
        """Check each argument.

        Raises:
            SpecError: If one is of another kind or out of range, or two contradict.
        """
        for one in fields(self):
            hint, arg = args_of(type(self))[one.name]
            value = getattr(self, one.name)
            if one.default is MISSING and isinstance(value, str) and not value.strip():
                raise SpecError(_lack(self.kind, one.name, arg))
            _check(f"{self.kind}: {arg.name or one.name}", value, hint, arg)
        for part in ("span", "region"):
            if getattr(self, part) is not None and part not in self.parts:
                raise SpecError(
                    f"{self.kind} applies to the whole clip: leave"
                    f" {getattr(self, part)!s:.60} out"
                )
        if isinstance(self.region, tuple):
            check_region(self.region)
        self.check()

    def check(self) -> None:
        """Refuse arguments that contradict each other.

        Raises:
            SpecError: With what to do instead.
        """

    def says(self) -> str:
        """Say in a few words what becomes different: "half as fast"."""
        raise NotImplementedError

    def change(self, shot: Shot, clip_s: float | None) -> Shot:  # noqa: ARG002
        """Return a shot after this act.

        Args:
            shot: Of the clip that is changed.
            clip_s: Its seconds as it plays; None if it is not rendered.

        Raises:
            SpecError: If it cannot be.
        """
        return shot

    def lasts(self, clip_s: float) -> float:
        """Return the seconds that a clip of so many lasts after this act."""
        return clip_s

    def to_json(self) -> dict[str, Any]:
        """Return the act as plain JSON, without what is not set."""
        told: dict[str, Any] = {"act": self.kind}
        for one in fields(self):
            value = getattr(self, one.name)
            if value != one.default:
                told[_json_name(type(self), one.name)] = _to_json(value)
        return told

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Rebuild an act from untrusted JSON.

        Raises:
            SpecError: If a value is of another kind or out of range.
        """
        hints = args_of(cls)
        names = {_json_name(cls, name): name for name in hints}
        if stray := sorted(map(str, data.keys() - names.keys() - {"act"})):
            raise SpecError(
                f"{cls.kind} has no {stray[0]!r:.40}: it has {', '.join(names)}"
            )
        values = {
            names[key]: _from_json(value, hints[names[key]][0])
            for key, value in data.items()
            if key != "act" and value is not None
        }
        for one in fields(cls):
            if one.default is MISSING and one.name not in values:
                raise SpecError(_lack(cls.kind, one.name, hints[one.name][1]))
        return cls(**values)

    @classmethod
    def schema(cls) -> dict[str, Any]:
        """Return the JSON schema of this act, for a language model."""
        properties: dict[str, Any] = {"act": {"const": cls.kind}}
        needed = ["act"]
        for one in fields(cls):
            hint, arg = args_of(cls)[one.name]
            if (
                arg.is_private
                or arg.is_rare
                or one.name in {"span", "region"} - {*cls.parts}
            ):
                continue
            name = _json_name(cls, one.name)
            properties[name] = {**_schema(hint, arg), "description": arg.about}
            if one.default is MISSING:
                needed.append(name)
        return {
            "type": "object",
            "description": f"{cls.summary} Like: {'; '.join(cls.examples)}",
            "properties": properties,
            "required": needed,
            "additionalProperties": False,
        }


def named(ref: str) -> str:
    """Say which clip is meant: one that is known by its take alone has no name."""
    return "the other clip" if ref.startswith("b2:") else ref


def check_region(region: Region) -> None:
    """Refuse what is no part of a picture.

    Raises:
        SpecError: If so.
    """
    left, top, right, bottom = region
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise SpecError(
            f"{', '.join(f'{share:g}' for share in region)} is not a region of a frame:"
            " use left, top, right, bottom as shares from 0 to 1, like 0,0,0.5,1"
        )


def args_of(cls: type) -> Mapping[str, tuple[Any, Arg]]:
    """Return the arguments of an act by name: their type, and what is known of them."""
    return _args(cls)


@functools.cache
def _args(cls: Any) -> Mapping[str, tuple[Any, Arg]]:
    hints = get_type_hints(cls, include_extras=True)
    return {one.name: get_args(hints[one.name])[:2] for one in fields(cls)}


def _json_name(cls: type[Act], name: str) -> str:
    return args_of(cls)[name][1].name or name


def _lack(kind: str, name: str, arg: Arg) -> str:
    return f"{kind} needs {arg.name or name} ({arg.about}): state it"


def _check(told: str, value: Any, hint: Any, arg: Arg) -> None:
    if not is_a(value, hint):
        raise SpecError(f"{told} cannot be {value!r:.60}: use {_kinds(hint, arg)}")
    if not isinstance(value, int | float) or isinstance(value, bool):
        return
    low, high = arg.least, arg.most
    if (low is not None and value < low) or (high is not None and value > high):
        most = "" if high is None else f" to {high:g}"
        least = "up" if low is None else f"{low:g}{most or ' or more'}"
        raise SpecError(f"{told} {value:g} is out of range: use {least}")


def _kinds(hint: Any, arg: Arg) -> str:
    choices = [c for one in _options(hint) for c in get_args(one) if isinstance(c, str)]
    return " or ".join(choices) or arg.about


def _options(hint: Any) -> tuple[Any, ...]:
    """Return the types that a value may have, without None."""
    inner = get_args(hint) if type(None) in get_args(hint) else (hint,)
    return tuple(one for one in inner if one is not type(None))


def _to_json(value: Any) -> Any:
    if isinstance(value, Span):
        ends = [value.start, value.end]
        return {"shares": ends} if value.is_share else ends
    return list(value) if isinstance(value, tuple) else value


def _from_json(value: Any, hint: Any) -> Any:
    options = _options(hint)
    if Span in options and not isinstance(value, str):
        return _span(value)
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, str) and any(get_args(one) == (str, ...) for one in options):
        return (value,)
    return value


def _span(value: Any) -> Span:
    is_share = isinstance(value, Mapping)
    ends = value.get("shares") if isinstance(value, Mapping) else value
    if not isinstance(ends, list | tuple) or len(ends) != 2:
        raise SpecError(
            f"{value!r:.60} is not a time span: use [from_s, to_s], like [1, 2.5]"
        )
    start = 0.0 if ends[0] is None else ends[0]
    return Span(start=start, end=ends[1], is_share=is_share)


def _schema(hint: Any, arg: Arg) -> dict[str, Any]:
    limits = {
        key: value
        for key, value in (("minimum", arg.least), ("maximum", arg.most))
        if value is not None
    }
    options = _options(hint)
    if Span in options or Region in options:
        return {"type": ["array", "string"]}
    (one,) = options
    if get_origin(one) is Literal:
        return {"enum": list(get_args(one))}
    types = {str: "string", float: "number", int: "integer", bool: "boolean"}
    if get_origin(one) is tuple:
        return {"type": "array", "items": {"type": types[get_args(one)[0]]}}
    return {"type": types[one], **limits}
