"""Flipping left to right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from nbagent.acts.cut import Cut

if TYPE_CHECKING:
    from nbagent.media.frames import Frames


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror(Cut):
    """Flip it, or a part of it, left to right."""

    kind: ClassVar[str] = "mirror"
    summary: ClassVar[str] = "Flips it left to right."
    examples: ClassVar[tuple[str, ...]] = ("mirror it", "flip it horizontally")

    def says(self) -> str:
        """Say so."""
        return self._told("flipped left to right")

    def cut(self, frames: Frames, fps: float) -> tuple[Frames, float]:
        """Return the frames with their columns from right to left."""
        return frames[:, :, ::-1], fps
