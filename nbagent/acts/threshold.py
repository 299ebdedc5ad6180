"""A value with a line across the chart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from nbagent.acts.base import Arg
from nbagent.acts.charted import Charted
from nbagent.acts.text import colour
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
    color: Annotated[str, Arg("the line's own colour", is_rare=True)] = ""

    def of_view(self, chart: Chart) -> Mapping[str, Any]:  # noqa: ARG002
        """Return the value."""
        own = {"threshold": float(self.value), "threshold_text": self.text}
        return own | ({"threshold_colour": colour(self.color)} if self.color else {})

    def says(self) -> str:
        """Say where."""
        told = f' "{self.text:.40}"' if self.text else ""
        ink = f" in {self.color}" if self.color else ""
        return f"threshold{told} at {self.value:g}{ink}"
