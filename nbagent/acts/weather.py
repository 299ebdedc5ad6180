"""What the weather is like."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from nbagent.acts import wording
from nbagent.acts.base import Act, Arg, Does
from nbagent.acts.shot import Shot


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather(Act):
    """Change the weather."""

    kind: ClassVar[str] = "weather"
    does: ClassVar[Does] = "shot"
    summary: ClassVar[str] = "What the weather is like."
    examples: ClassVar[tuple[str, ...]] = ("let it snow", "make it foggy")

    weather: Annotated[str, Arg("weather in words, like 'rain'")]

    def says(self) -> str:
        """Name the weather."""
        return wording.in_weather(self.weather)

    def change(self, shot: Shot, clip_s: float | None) -> Shot:  # noqa: ARG002
        """Return a shot in that weather."""
        return replace(shot, weather=wording.in_weather(self.weather))
