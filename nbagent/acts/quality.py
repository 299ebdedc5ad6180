"""Draft or final."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal

from nbagent.acts.base import Act, Arg, Does
from nbagent.acts.shot import Shot


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality(Act):
    """Render a draft in final quality, or a quick draft."""

    kind: ClassVar[str] = "quality"
    does: ClassVar[Does] = "shot"
    summary: ClassVar[str] = "A quick draft, or the final quality; a final is sharper."
    examples: ClassVar[tuple[str, ...]] = ("final quality", "sharper, less flicker")
    strength: ClassVar[float] = 0.5  # below half of the noise only outlines are drawn
    parts: ClassVar[tuple[()]] = ()

    quality: Annotated[Literal["draft", "final"], Arg("draft or final")]

    def says(self) -> str:
        """Name the quality."""
        return f"quality: {self.quality}"

    def change(self, shot: Shot, clip_s: float | None) -> Shot:  # noqa: ARG002
        """Return a shot of that quality."""
        return replace(shot, quality=self.quality)
