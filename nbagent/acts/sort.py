"""In which order categories stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from nbagent.acts.base import Arg
from nbagent.acts.charted import Charted
from nbagent.take.chart import Chart


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort(Charted):
    """Sort what a chart shows."""

    kind: ClassVar[str] = "sort"
    summary: ClassVar[str] = "The order of a chart's categories."
    examples: ClassVar[tuple[str, ...]] = (
        "sort it",
        "the smallest first",
        "then sort it",
    )

    order: Annotated[
        Literal["down", "up", "name"],
        Arg("the largest first, the smallest, or by name"),
    ] = "down"

    def of_view(self, chart: Chart) -> Mapping[str, Any]:  # noqa: ARG002
        """Return the order."""
        return {"sort": self.order}

    def says(self) -> str:
        """Say which order."""
        firsts = {"down": "the largest first", "up": "the smallest first"}
        return f"sorted, {firsts.get(self.order, 'by name')}"
