"""What every act is: one thing that can be asked of a clip, as a value that checks itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, Protocol

from nbagent.acts.shot import Shot
from nbagent.errors import SpecError

Cost = Literal["nothing", "re-cut", "diffusion"]
Does = Literal["shot", "frames", "held", "timeline"]
Region = tuple[float, float, float, float]
"""Left, top, right and bottom of a part of the picture, in shares of it, 0..1."""


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


class Playing(Protocol):
    """What is known of a clip that an act changes."""

    @property
    def duration_s(self) -> float:
        """Seconds, as it plays."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One thing that is asked of a clip.

    A subclass is one file of this package: it says here everything that is known of it.

    Attributes:
        kind: Its name in plans, recipes and schemas.
        does: What it changes: the `shot`, the `frames` of a finished clip, frames that
            are `held` while others are made, or how clips stand on a `timeline`.
        cost: What it takes: `nothing` shows what is there, `re-cut` needs no model.
        summary: One line about it, for language models and the table in the README.
        examples: What one says for it.
        strength: How much of a clip its change may leave behind, 0..1.
        span: The part of the clip's time that it is limited to.
        region: The part of the picture that it is limited to.
    """

    kind: ClassVar[str]
    does: ClassVar[Does]
    cost: ClassVar[Cost] = "diffusion"
    summary: ClassVar[str]
    examples: ClassVar[tuple[str, ...]]
    strength: ClassVar[float] = 0.75

    span: Span | None = None
    region: Region | None = None

    def says(self) -> str:
        """Say in a few words what becomes different: "half as fast"."""
        raise NotImplementedError

    def change(self, shot: Shot, clip_s: float | None) -> Shot:
        """Return a shot after this act.

        Args:
            shot: Of the clip that is changed.
            clip_s: Its seconds as it plays; None if it is not rendered.

        Raises:
            SpecError: If it cannot be.
        """
        raise NotImplementedError

    def to_json(self) -> dict[str, Any]:
        """Return the act as plain JSON, without what is not set."""
        raise NotImplementedError

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Act:
        """Rebuild an act from untrusted JSON.

        Raises:
            SpecError: If a value is of another kind or out of range.
        """
        known = {field.name for field in fields(cls)}
        if stray := sorted(data.keys() - known - {"act"}):
            raise SpecError(f"{cls.kind} has no {stray[0]!r}: it has {sorted(known)}")
        raise NotImplementedError
