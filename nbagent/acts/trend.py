"""A line through the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from nbagent.acts.base import Arg
from nbagent.acts.charted import Charted
from nbagent.take.chart import Chart


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend(Charted):
    """Fit a straight line to the data."""

    kind: ClassVar[str] = "trend"
    summary: ClassVar[str] = "A straight line fitted to a chart's data."
    examples: ClassVar[tuple[str, ...]] = ("fit a line", "add a regression line")
    is_step: ClassVar[bool] = True

    off: Annotated[bool, Arg("true to remove it")] = False

    def of_view(self, chart: Chart) -> Mapping[str, Any]:  # noqa: ARG002
        """Return whether there is one."""
        return {"has_trend": not self.off}

    def says(self) -> str:
        """Say whether there is one."""
        return "without the fitted line" if self.off else "a fitted line"
