"""How many categories are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from nbagent.acts.base import Arg
from nbagent.acts.charted import Charted
from nbagent.take.chart import Chart


@dataclass(frozen=True, slots=True, kw_only=True)
class Top(Charted):
    """Show only the largest few."""

    kind: ClassVar[str] = "top"
    summary: ClassVar[str] = "How many of a chart's largest categories are shown."
    examples: ClassVar[tuple[str, ...]] = ("the top ten", "only the largest five")

    count: Annotated[int, Arg("how many", least=1, most=100)]

    def of_view(self, chart: Chart) -> Mapping[str, Any]:  # noqa: ARG002
        """Return how many."""
        return {"top": self.count}

    def says(self) -> str:
        """Say how many."""
        return f"the top {self.count}"
