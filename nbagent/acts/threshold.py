"""A value with a line across the chart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from nbagent.acts.base import Arg
from nbagent.acts.charted import Charted
from nbagent.take.chart import Chart


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold(Charted):
    """Draw a line across the chart at a value."""

    kind: ClassVar[str] = "threshold"
    summary: ClassVar[str] = "A line across a chart, at a value."
    examples: ClassVar[tuple[str, ...]] = ("a threshold at 100",)
    is_step: ClassVar[bool] = True

    value: Annotated[float, Arg("the value")]
    text: Annotated[str, Arg("what stands at it")] = ""

    def of_view(self, chart: Chart) -> Mapping[str, Any]:  # noqa: ARG002
        """Return the value."""
        return {"threshold": float(self.value), "threshold_text": self.text}

    def says(self) -> str:
        """Say where."""
        told = f' "{self.text:.40}"' if self.text else ""
        return f"threshold{told} at {self.value:g}"
