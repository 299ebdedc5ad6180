"""The story of a chart: which scene there is at each moment, as a function of it alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from nbagent.charts.bars import Bars
from nbagent.charts.blend import blend
from nbagent.charts.columns import settled
from nbagent.charts.flight import EASES
from nbagent.charts.look import Box, Look
from nbagent.charts.marks import COLOURED_BY_X, MARKS, Plot
from nbagent.charts.moves import MOVES, Way
from nbagent.charts.scene import Axis, Panel, Scene, Word
from nbagent.charts.table import Table, offered
from nbagent.errors import SpecError
from nbagent.take.chart import TIMED, Chart
from nbagent.take.chart_view import View

MAX_PANELS: Final = 16
_DATED_ABOVE: Final = ("pie", "donut", "heatmap")
_SHAPE: Final = 1.6  # width to height that panels should have
_LARGE: Final = 4  # panels that have letters of the usual size
_SMALLER: Final = 0.75  # of it, that those of more panels have


class Story:
    """The scenes of a chart.

    Args:
        chart: What it shows.
        table: Its data.

    Attributes:
        chart: The same, with every column named.
        look: Sizes, inks and series.
        notes: What is put together or left out, in words.

    Raises:
        SpecError: If the table cannot be shown so.
    """

    def __init__(self, chart: Chart, table: Table) -> None:
        self.chart = chart = settled(chart, table)
        views = chart.views
        series = dict.fromkeys(
            name for view in views for name in _series(view, chart, table)
        )
        panels = [len(table[one.facet].categories) for one in views if one.facet]
        letters = _SMALLER if max(panels, default=1) > _LARGE else 1.0
        look = Look(chart, tuple(series), letters=letters)
        is_timed = chart.entrance in TIMED
        self._laid: list[_Laid] = []
        for view in views:
            own = _as_before(view, self._laid)
            is_based = self._laid[-1].is_based(own) if self._laid else None
            here = replace(look, is_based=is_based)
            self._laid.append(_Laid(here, own, table, is_timed=is_timed))
        has_legend = any(one.has_legend for one in self._laid)
        self.look = replace(look, has_legend=has_legend)
        for one in self._laid:
            one.laid_out_for(self.look)
        notes = (note for one in self._laid for note in one.plot.notes)
        self.notes = tuple(dict.fromkeys(notes))

    def at(self, time_s: float) -> Scene:
        """Return the scene at a moment, in seconds from the first frame."""
        chart = self.chart
        since = time_s - chart.start_hold_s
        if since < chart.seconds:
            over = max(since, 0.0) / chart.seconds
            way = Way(over, chart.pace, chart.turns)
            scene = MOVES[chart.entrance](self._laid[0], way)
            return replace(scene, is_moving=chart.entrance in TIMED)
        since -= chart.seconds
        for number, step in enumerate(chart.steps):
            since -= step.pause_s
            if since < step.seconds:
                share = EASES[step.ease](max(since, 0.0) / step.seconds)
                before, after = self._laid[number : number + 2]
                return blend(before.scene(), after.scene(), share)
            since -= step.seconds
        return self._laid[-1].scene()

    def moved_axis(self, before: Story) -> tuple[str, ...]:
        """Say where values begin, if those of a chart before it began at 0 or do now."""
        own = self._laid[-1]
        is_based, axis = before._laid[-1].is_based(own.view), own.axis
        if is_based is None or axis is None or is_based == (axis.low == 0):
            return ()
        left = ", not at 0" if is_based else ""
        return (f"the axis of {own.view.y} now begins at {axis.ticks[0].text}{left}",)


class _Laid:
    """A view that is laid out on the frame."""

    def __init__(self, look: Look, view: View, table: Table, *, is_timed: bool) -> None:
        self.look = look
        self.view, self._is_timed = view, is_timed
        self._whole: Scene | None = None
        _check_names(view, table)
        if view.facet and is_timed:
            raise SpecError(
                "small multiples cannot go through time together: leave facet out,"
                f" or the move {look.chart.entrance}"
            )
        layered = replace(view, time=view.facet) if view.facet else view
        self.plot: Plot = MARKS[view.mark](look.of_view(view), layered, table)
        if view.facet and len(self.plot.times.names) > MAX_PANELS:
            raise SpecError(
                f"{view.facet!r:.40} has {len(self.plot.times.names)} values, and"
                f" there is room for {MAX_PANELS} panels: filter it"
            )

    @property
    def is_lying(self) -> bool:
        """Whether its bars lie."""
        return isinstance(self.plot, Bars) and self.plot.is_lying

    @property
    def axis(self) -> Axis | None:
        """The axis of its values; None if they have none, or no plain one."""
        panel = next(iter(self.scene().panels.values()))
        axis = panel.x if self.is_lying else panel.y
        return axis if axis and axis.kind == "number" and axis.ticks else None

    def is_based(self, after: View) -> bool | None:
        """Return whether its values begin at 0; None if those after it are others."""
        axis = self.axis
        is_other = after.y != self.view.y or self.view.y_range or after.y_range
        if is_other or axis is None or axis.low < 0:
            return None
        return axis.low == 0

    @property
    def has_legend(self) -> bool:
        """Whether something stands in the row of the legend."""
        is_dated = self._is_timed and self.view.mark in _DATED_ABOVE
        return bool(self.plot.legend or self.plot.ramp) or is_dated

    def laid_out_for(self, look: Look) -> None:
        """Make room for what other views have."""
        self.look, self._whole = look, None

    def scene(self, share: float = 1.0) -> Scene:
        """Return its scene after a share of its times or rows."""
        if share < 1:
            return self._scene(share)
        if self._whole is None:  # most moves make each frame of it
            self._whole = self._scene(1.0)
        return self._whole

    def _scene(self, share: float) -> Scene:
        area = self.look.content()
        names = self.plot.times.names
        if self.view.facet:
            boxes = _grid(area, len(names), self.look)
            panels = {
                name: self._headed(self.plot.panel(box, float(i)), name, box)
                for i, (name, box) in enumerate(zip(names, boxes, strict=True))
            }
        else:
            at = share if self.view.mark == "histogram" else self._time_at(share)
            panels = {"": self.plot.panel(area, at)}
            if self._is_timed and self.view.mark != "counter":
                panels[""] = self._dated(panels[""], at)
        return Scene(
            panels,
            legend=self.plot.legend,
            says=self.plot.look.says,
            mark=self.view.mark,
            ramp=self.plot.ramp,
        )

    def _time_at(self, share: float) -> float:
        """Return which of the times it is after a share of them all, by the clock."""
        times = self.plot.times
        last = len(times.names) - 1
        if share >= 1 or not last:
            return float(last)
        values = times.values
        now = values[0] + share * (values[-1] - values[0])
        return float(np.interp(now, values, np.arange(last + 1)))

    def _dated(self, panel: Panel, at: float) -> Panel:
        """Return a panel that says which time it is, large and behind."""
        look, u = self.look, self.look.unit
        names = self.plot.times.names
        name = names[min(int(at + 1e-9), len(names) - 1)]
        if self.view.mark in _DATED_ABOVE:
            place = (look.chart.width - look.margin, look.legend_y)
            word = Word(
                *("time", place, name, 42 * u, look.ink("muted")),
                anchor=("right", "center"),
                is_bold=True,
                is_on_frame=True,
            )
        else:
            is_low = self.view.mark == "point" or look.chart.entrance == "race"
            word = Word(
                *("time", (1.0, 0.0 if is_low else 1.0), name, 92 * u),
                look.ink("dim"),
                shift=(-8 * u, 22 * u if is_low else -14 * u),
                anchor=("right", "bottom" if is_low else "top"),
                is_bold=True,
            )
        return replace(panel, under=(*panel.under, word))

    def _headed(self, panel: Panel, name: str, box: Box) -> Panel:
        left, bottom, _, height = box
        u = self.look.unit
        word = Word(
            *("heading", (left, bottom + height + 8 * u), name, self.look.tick_size),
            self.look.ink(),
            anchor=("left", "bottom"),
            is_bold=True,
            is_on_frame=True,
        )
        return replace(panel, under=(*panel.under, word))


def _as_before(view: View, laid: Sequence[_Laid]) -> View:
    """Return a view whose bars lie if those before it do, unless it says so itself."""
    before = [one for one in laid if one.view.mark == "bar"]
    if view.mark != "bar" or view.is_horizontal is not None or not before:
        return view
    return replace(view, is_horizontal=before[-1].is_lying)


def _series(view: View, chart: Chart, table: Table) -> Sequence[str]:
    """Return the names that have a colour of their own in a view."""
    if view.also:
        return (view.y, *view.also)
    name = view.colour or view.group
    if view.mark == "heatmap" or (view.mark == "point" and not view.colour):
        return ()
    by_x = view.mark in COLOURED_BY_X or chart.entrance == "race"
    if not name and by_x:
        name = view.x
    return table[name].categories if name and table[name].kind != "number" else ()


def _check_names(view: View, table: Table) -> None:
    """Refuse to let stand out what is not there."""
    columns = (view.x, view.group, view.colour)
    known = [*view.also, view.y] if view.also else []
    for name in columns:
        if name:
            known += table[name].categories
    if lost := next((one for one in view.highlight if one not in known), ""):
        raise SpecError(
            f"nothing in the chart is called {lost!r:.40}: {offered(lost, known)}"
        )


def _grid(area: Box, count: int, look: Look) -> list[Box]:
    """Return boxes for so many panels, row by row, with room for what is above each."""
    left, bottom, width, height = area

    def cost(columns: int) -> float:
        rows = math.ceil(count / columns)
        shape = abs(math.log(width / columns / (height / rows) / _SHAPE))
        return shape + 2 * (columns * rows - count) / count

    columns = min(range(1, count + 1), key=cost)
    rows = math.ceil(count / columns)
    gap, head = 30 * look.unit, 14 * look.unit + look.tick_size
    wide = (width - gap * (columns - 1)) / columns
    high = height / rows
    return [
        (
            left + (i % columns) * (wide + gap),
            bottom + height - (i // columns + 1) * high,
            wide,
            high - head,
        )
        for i in range(count)
    ]
