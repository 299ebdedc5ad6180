"""The frame rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from nbagent.acts.base import Arg
from nbagent.acts.cut import Cut

if TYPE_CHECKING:
    from nbagent.media.frames import Frames


@dataclass(frozen=True, slots=True, kw_only=True)
class Fps(Cut):
    """Change its frame rate; it lasts as long as before."""

    kind: ClassVar[str] = "fps"
    method: ClassVar[str] = "at_fps"
    summary: ClassVar[str] = "The frame rate; frames are repeated or dropped."
    examples: ClassVar[tuple[str, ...]] = ("make it 24 fps",)
    parts: ClassVar[tuple[()]] = ()
    carried: ClassVar[Mapping[str, str]] = {"fps": "fps"}

    fps: Annotated[float, Arg("frames per second", least=0.1, most=240)]

    def says(self) -> str:
        """Name the rate."""
        return f"{self.fps:g} fps"

    def cut(self, frames: Frames, fps: float) -> tuple[Frames, float]:
        """Return as many of the frames as the time has at that rate."""
        from nbagent.media.frames import at_rate

        return at_rate(frames, fps, float(self.fps)), float(self.fps)
