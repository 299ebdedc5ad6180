"""How long the whole is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from nbagent.acts.base import Act, Arg, Does
from nbagent.acts.shot import Shot
from nbagent.take import Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class Length(Act):
    """Change its length: it is continued, or its end is cut off."""

    kind: ClassVar[str] = "length"
    does: ClassVar[Does] = "held"
    summary: ClassVar[str] = "How long the clip is; it is continued or cut to fit."
    examples: ClassVar[tuple[str, ...]] = ("make it 5 seconds long",)
    parts: ClassVar[tuple[()]] = ()

    duration_s: Annotated[float, Arg("its length in seconds", least=0.01, most=3600)]

    def says(self) -> str:
        """Say how long."""
        return f"{self.duration_s:g} s long"

    def change(self, shot: Shot, clip_s: float | None) -> Shot:
        """Return a shot of that length."""
        if clip_s is not None and self.duration_s < clip_s:
            effect = Effect(kind="trim", end_s=float(self.duration_s))
            return replace(shot, effects=(*shot.effects, effect))
        return replace(shot, duration_s=float(self.duration_s))

    def lasts(self, clip_s: float) -> float:  # noqa: ARG002
        """Return the seconds that are asked for."""
        return self.duration_s
