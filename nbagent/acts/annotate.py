"""Words at a place of the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from nbagent.acts.base import Arg
from nbagent.acts.charted import Charted
from nbagent.acts.highlight import place_of
from nbagent.take.chart import Chart
from nbagent.take.chart_view import Remark


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotate(Charted):
    """Put a remark at a point of the data."""

    kind: ClassVar[str] = "annotate"
    summary: ClassVar[str] = "A remark at a point of a chart's data."
    examples: ClassVar[tuple[str, ...]] = ('annotate March with "lockdown"',)
    is_step: ClassVar[bool] = True

    text: Annotated[str, Arg("the words")]
    at: Annotated[str, Arg("where along x: a category, a date or a number")]
    y: Annotated[float | None, Arg("how high; usually at the data")] = None

    def of_view(self, chart: Chart) -> Mapping[str, Any]:
        """Return the remarks, with one more."""
        own = Remark(text=self.text, x=place_of(self.at), y=self.y)
        return {"remarks": (*chart.views[-1].remarks, own)}

    def says(self) -> str:
        """Say which words."""
        return f'remark: "{self.text:.40}" at {self.at}'
