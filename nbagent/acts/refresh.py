"""The data as it is now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from nbagent.acts.base import Arg
from nbagent.acts.charted import Charted
from nbagent.take.chart import Chart


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh(Charted):
    """Show the data as it now is in the notebook."""

    kind: ClassVar[str] = "refresh"
    summary: ClassVar[str] = "Shows a chart's data as it now is in the notebook."
    examples: ClassVar[tuple[str, ...]] = ("with the new numbers", "update the data")

    data: Annotated[
        str, Arg("the variable; usually the one that it was made of", is_private=True)
    ] = ""

    def on(self, chart: Chart) -> Chart:
        """Return the chart: whoever has the notebook brings the data."""
        return chart

    def says(self) -> str:
        """Say it."""
        return "with the new numbers"
