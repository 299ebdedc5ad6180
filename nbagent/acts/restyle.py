"""The look of the whole picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from nbagent.acts.base import Act, Arg, Does
from nbagent.acts.shot import Shot


@dataclass(frozen=True, slots=True, kw_only=True)
class Restyle(Act):
    """Change the look of the picture."""

    kind: ClassVar[str] = "restyle"
    does: ClassVar[Does] = "shot"
    summary: ClassVar[str] = "The look of the whole picture."
    examples: ClassVar[tuple[str, ...]] = ("as a watercolour", "warmer colours", "noir")

    style: Annotated[str, Arg("a look in words, like 'watercolour'")]

    def says(self) -> str:
        """Name the look."""
        return f"look: {self.style}"

    def change(self, shot: Shot, clip_s: float | None) -> Shot:  # noqa: ARG002
        """Return a shot of that look, instead of the one it had."""
        return replace(shot, style=self.style)
