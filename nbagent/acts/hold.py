"""How long the first or the last frame stands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal

from nbagent.acts.base import Arg
from nbagent.acts.charted import Charted
from nbagent.take.chart import Chart


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold(Charted):
    """Hold the first or the last frame."""

    kind: ClassVar[str] = "hold"
    summary: ClassVar[str] = "How long a chart's first or last frame stands still."
    examples: ClassVar[tuple[str, ...]] = ("hold the last frame for two seconds",)

    seconds: Annotated[float, Arg("how long", least=0, most=60)]
    side: Annotated[Literal["start", "end"], Arg("which frame")] = "end"

    def on(self, chart: Chart) -> Chart:
        """Return a chart that stands so long."""
        if self.side == "start":
            return replace(chart, start_hold_s=float(self.seconds))
        return replace(chart, end_hold_s=float(self.seconds))

    def says(self) -> str:
        """Say how long."""
        which = "last" if self.side == "end" else "first"
        return f"the {which} frame stands {self.seconds:g} s"
