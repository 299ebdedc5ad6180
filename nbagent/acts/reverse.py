"""Playing backwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from nbagent.acts.cut import Cut

if TYPE_CHECKING:
    from nbagent.media.frames import Frames


@dataclass(frozen=True, slots=True, kw_only=True)
class Reverse(Cut):
    """Play it, or a part of it, backwards."""

    kind: ClassVar[str] = "reverse"
    summary: ClassVar[str] = "Plays it backwards."
    examples: ClassVar[tuple[str, ...]] = ("play it backwards",)

    def says(self) -> str:
        """Say so."""
        return self._told("backwards")

    def cut(self, frames: Frames, fps: float) -> tuple[Frames, float]:
        """Return the frames from the last to the first."""
        return frames[::-1], fps
