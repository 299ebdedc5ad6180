"""How fast it plays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from nbagent.acts.base import Arg
from nbagent.acts.cut import Cut
from nbagent.errors import SpecError

if TYPE_CHECKING:
    from nbagent.media.frames import Frames


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed(Cut):
    """Play faster or slower; a part of it gets more or fewer frames."""

    kind: ClassVar[str] = "speed"
    summary: ClassVar[str] = "How fast it plays."
    examples: ClassVar[tuple[str, ...]] = ("twice as fast", "slow down the last half")
    carried: ClassVar[Mapping[str, str]] = {"factor": "speed"}

    factor: Annotated[
        float | None, Arg("how many times as fast, 0.5 is half", least=0.05, most=20)
    ] = None
    direction: Annotated[
        Literal["slower", "faster"] | None, Arg("for when no factor is given")
    ] = None

    def check(self) -> None:
        """Refuse a speed that is not stated."""
        if self.factor is None and self.direction is None:
            raise SpecError("how fast? give a factor: 0.5 is half as fast, 2 is twice")

    @property
    def rate(self) -> float:
        """The factor; a mere direction is a step of two, as on a player's control."""
        if self.factor is not None:
            return float(self.factor)
        return 0.5 if self.direction == "slower" else 2.0

    def says(self) -> str:
        """Say how fast."""
        said = {0.5: "half as fast", 2.0: "twice as fast"}
        return self._told(said.get(self.rate, f"{self.rate:g} times as fast"))

    def values(self) -> dict[str, Any]:
        """Return the speed of its effect."""
        return {"speed": self.rate}

    def cut(self, frames: Frames, fps: float) -> tuple[Frames, float]:
        """Return the same frames at another rate."""
        return frames, fps * self.rate

    def all_lasts(self, clip_s: float) -> float:
        """Return the seconds at that speed."""
        return clip_s / self.rate
