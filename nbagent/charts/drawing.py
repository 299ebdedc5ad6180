"""A chart as frames: a function of the chart, its table and the moment, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from nbagent.charts.easel import Easel
from nbagent.charts.planes import Pixels
from nbagent.charts.story import Story
from nbagent.charts.table import Table
from nbagent.charts.theme import missing_glyphs
from nbagent.errors import SpecError
from nbagent.take.chart import Chart

_SHAPE: Final = 0.02  # by which the shape of a frame may be off for its whole pixels


class Drawing:
    """Draws the moments of a chart, in any order.

    Args:
        chart: What it shows.
        table: Its data.
        height: Of a frame in pixels; None is the chart's own. All is scaled with it.
        width: Of a frame in pixels.

    Attributes:
        notes: What is put together or left out, in words.

    Raises:
        SpecError: If the table cannot be shown so.
    """

    def __init__(
        self,
        chart: Chart,
        table: Table,
        height: int | None = None,
        width: int | None = None,
    ) -> None:
        high, wide = height or chart.height, width or chart.width
        if abs(wide / high - chart.width / chart.height) > _SHAPE:
            raise SpecError(
                f"a chart of {chart.width}x{chart.height} cannot be drawn at"
                f" {wide}x{high}: change the chart's own width and height"
            )
        self.story = Story(chart, table)
        self._easel = Easel(self.story.look, high, wide)
        self._end_s, self._is_still = chart.moving_s, chart.is_still
        self.notes = self.story.notes + _unwritten(self.story)

    def frame(self, time_s: float) -> Pixels:
        """Return the frame (H, W, 3) of a moment, in seconds from the first."""
        is_last = self._is_still or time_s >= self._end_s
        return self._easel.draw(self.story.at(self._end_s if is_last else time_s))


def frames(
    chart: Chart,
    table: Table,
    times: Sequence[float],
    height: int | None = None,
    width: int | None = None,
) -> Pixels:
    """Return the frames (F, H, W, 3) of some moments, in seconds from the first.

    >>> frames(Chart(data="", view=View(x="city", y="sales")), table, [0.0, 4.0]).shape
    (2, 720, 1280, 3)

    Raises:
        SpecError: If the table cannot be shown so.
    """
    drawing = Drawing(chart, table, height, width)
    return np.stack([drawing.frame(time_s) for time_s in times])


def _unwritten(story: Story) -> tuple[str, ...]:
    """Say which characters the letters do not have."""
    chart = story.chart
    texts = [chart.title, chart.subtitle, chart.caption, *story.look.series]
    texts += [chart.x_title, chart.y_title, chart.prefix, chart.suffix]
    scene = story.at(chart.moving_s)
    for panel in scene.panels.values():
        ticks = [t for axis in (panel.x, panel.y) if axis for t in axis.ticks]
        texts += [tick.text for tick in ticks] + [word.text for word in panel.words]
    lost = missing_glyphs("".join(texts))
    return (f"the font lacks {' '.join(lost[:12])}, shown as squares",) * bool(lost)
