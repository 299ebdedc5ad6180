"""Repeating."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from nbagent.acts.base import Arg, Cost, Does
from nbagent.acts.cut import Cut
from nbagent.acts.shot import Shot
from nbagent.errors import SpecError

if TYPE_CHECKING:
    from nbagent.media.frames import Frames


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop(Cut):
    """Make it repeat: back and forth, or with an end that leads to its beginning."""

    kind: ClassVar[str] = "loop"
    summary: ClassVar[str] = (
        "Repeats it back and forth; a seamless loop leads from its end back to its"
        " start."
    )
    examples: ClassVar[tuple[str, ...]] = ("loop it", "loop it seamlessly")

    seamless: Annotated[
        bool, Arg("true to make its end anew, so that it leads back to its beginning")
    ] = False

    @staticmethod
    def of_call(*, seamless: bool = True) -> Loop:
        """Let its end lead back to its beginning, or play it forth and back.

        `seam` says how well it does.
        """
        return Loop(seamless=seamless)

    def check(self) -> None:
        """Refuse a part of a seamless loop."""
        if self.seamless and (self.span is not None or self.region is not None):
            raise SpecError(
                "a seamless loop applies to the whole clip: leave the part out"
            )

    @property
    def does(self) -> Does:  # type: ignore[override]  # of a class it is the usual one
        """A seam is made between frames that are held."""
        return "held" if self.seamless else "frames"

    @property
    def cost(self) -> Cost:  # type: ignore[override]  # as above
        """Only a seam is made by a model."""
        return "diffusion" if self.seamless else "re-cut"

    def says(self) -> str:
        """Say how it loops."""
        if self.seamless:
            return "loops: its end leads back to its beginning"
        return self._told("loops back and forth")

    def change(self, shot: Shot, clip_s: float | None) -> Shot:
        """Return a shot that plays forth and back; a seam changes no shot."""
        return shot if self.seamless else Cut.change(self, shot, clip_s)

    def cut(self, frames: Frames, fps: float) -> tuple[Frames, float]:
        """Return the frames forth and back.

        Neither end is shown twice, so the way back joins without a stutter.
        """
        import numpy as np

        return np.concatenate([frames, frames[-2:0:-1]]), fps

    def all_lasts(self, clip_s: float) -> float:
        """Return the seconds of a way and nearly all of the way back."""
        return clip_s if self.seamless else 2 * clip_s
