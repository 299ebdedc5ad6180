"""The marks: what makes the plot of a view, by the name of its mark."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Protocol

from nbagent.charts.bars import plot_bars
from nbagent.charts.cells import Places
from nbagent.charts.lines import plot_lines
from nbagent.charts.look import Box, Look
from nbagent.charts.points import plot_points
from nbagent.charts.scene import LegendEntry, Panel, Ramp
from nbagent.charts.spreads import plot_spread
from nbagent.charts.table import Table
from nbagent.charts.wholes import plot_counter, plot_heat, plot_pie
from nbagent.take.chart_view import Mark, View


class Plot(Protocol):
    """The marks of a view, wherever they are drawn."""

    @property
    def look(self) -> Look:
        """Its sizes and inks, and how its numbers are said."""

    @property
    def times(self) -> Places:
        """The times that it goes through, or its panels."""

    @property
    def legend(self) -> tuple[LegendEntry, ...]:
        """Names and colours that are not said at the marks."""

    @property
    def ramp(self) -> Ramp | None:
        """The colours of numbers, if they have some."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What is put together or left out."""

    def panel(self, area: Box, at: float) -> Panel:
        """Return what is drawn in an area, at a place in its times."""


MARKS: Final[Mapping[Mark, Callable[[Look, View, Table], Plot]]] = {
    "bar": plot_bars,
    "line": plot_lines,
    "area": plot_lines,
    "point": plot_points,
    "histogram": plot_spread,
    "box": plot_spread,
    "violin": plot_spread,
    "heatmap": plot_heat,
    "pie": plot_pie,
    "donut": plot_pie,
    "counter": plot_counter,
}
COLOURED_BY_X: Final[tuple[Mark, ...]] = ("pie", "donut")
