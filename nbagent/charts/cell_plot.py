"""What all plots of cells have in common: their times, and their values between two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nbagent.charts.cells import Cells, Places
from nbagent.charts.look import Look
from nbagent.charts.scene import Floats, LegendEntry, Ramp
from nbagent.take.chart_view import View


@dataclass(frozen=True, slots=True, eq=False)
class CellPlot:
    """The plot of a view whose rows are put together in cells; see `marks.Plot`."""

    look: Look
    view: View
    cells: Cells

    @property
    def times(self) -> Places:
        """The times that it goes through, or its panels."""
        return self.cells.times

    @property
    def notes(self) -> tuple[str, ...]:
        """What is put together or left out."""
        return self.cells.notes

    @property
    def legend(self) -> tuple[LegendEntry, ...]:
        """Names and colours that are not said at the marks: none."""
        return ()

    @property
    def ramp(self) -> Ramp | None:
        """The colours of numbers: none."""
        return None


def between(values: Floats, at: float) -> Floats:
    """Return values between two times: (...) of (T, ...)."""
    low = min(int(at), len(values) - 1)
    high = min(low + 1, len(values) - 1)
    share = at - low
    if not share or high == low:
        return np.asarray(values[low])
    return np.asarray((1 - share) * values[low] + share * values[high])
