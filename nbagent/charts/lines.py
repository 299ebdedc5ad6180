"""Lines and areas over times, numbers or categories, with error bands and names at their ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from nbagent.charts.bars import band_axis, stacks, value_axis
from nbagent.charts.cell_plot import CellPlot
from nbagent.charts.cells import Cells, cells_of, place_on
from nbagent.charts.extras import dressed, trend
from nbagent.charts.look import Box, Look, entries, lit_of
from nbagent.charts.numbers import are_years, number_axis, time_axis
from nbagent.charts.scene import Axis, Floats, LegendEntry, Line, Panel, Shape, Word
from nbagent.charts.table import Table
from nbagent.charts.theme import shortened, text_width
from nbagent.errors import SpecError
from nbagent.take.chart_view import View

MAX_SERIES: Final = 60
_NAMED: Final = 12  # series that are named at their ends
_VALUED: Final = 6  # and that say their values there
_NEAR_ZERO: Final = (
    0.4  # of the largest value: an axis begins at zero if the least is below
)
_FILL: Final = 0.22  # opacity of an area under one line, and of an error band


@dataclass(frozen=True, slots=True, eq=False)
class Lines(CellPlot):
    """The lines or areas of a view.

    Attributes:
        limits: The least and the largest value that is seen, in all panels.
        is_named: Whether names stand at the ends.
    """

    limits: tuple[float, float]
    is_named: bool

    @property
    def legend(self) -> tuple[LegendEntry, ...]:
        """Names and colours, unless they stand at the ends."""
        names = self.cells.groups.names
        if len(names) < 2 or self.is_named:
            return ()
        return entries(self.look, names, self._lit)

    @property
    def _lit(self) -> tuple[str, ...]:
        return lit_of(self.view, self.cells.groups.names)

    def panel(self, area: Box, at: float) -> Panel:
        """Return the lines in an area; `at` is the panel's number."""
        look, view = self.look, self.view
        layer = int(at)
        y = value_axis(look, view, self.limits, area[3])
        is_based = y.kind != "log" and y.low <= 0 <= y.high
        base = float(y.at(0.0)) if is_based else None
        title = look.value_title(view, look.chart.y_title)
        y = replace(y, has_grid=True, base=base, title=title)
        labels = self._labels(area)
        says_value = self._says_value
        most = max(
            text_width(f"{name}  ", look.label_size, is_bold=True) for name in labels
        )
        if says_value:
            value = max(self.limits, key=lambda v: len(look.says(v)))
            most += text_width(look.says(value) + "0", look.label_size, is_bold=True)
        right = most + 20 * look.unit if self.is_named or says_value else 0.0
        inner = look.inner(area, x=Axis("number", 0, 1), y=y, right=right)
        x = replace(self._x_axis(inner[2]), title=look.chart.x_title)
        below = max((tick.text.count("\n") for tick in x.ticks), default=0) + 1
        inner = look.inner(area, x=x, y=y, right=right, bottom_lines=below)
        shapes, lines, words = self._parts(x, y, layer, labels)
        panel = Panel(
            *(inner, x, y),
            shapes=shapes,
            lines=lines,
            words=words,
            is_clipped=bool(view.x_range or view.y_range),
        )
        return dressed(look, view, panel, self.cells.x)

    @property
    def _says_value(self) -> bool:
        if self.view.has_values is not None:
            return self.view.has_values
        is_few = len(self.cells.groups.names) <= _VALUED
        return is_few and self.view.mark == "line" and not self.view.facet

    def _labels(self, area: Box) -> list[str]:
        names = self.cells.groups.names
        if not self.is_named or names == ("",):
            return [""] * len(names)
        return [shortened(n, self.look.label_size, 0.24 * area[2]) for n in names]

    def _x_axis(self, width: float) -> Axis:
        """Return the axis of x, with as many ticks as there is room for."""
        x, view = self.cells.x, self.view
        if x.kind == "text":
            feet = self.look.feet(x.names, width / len(x.names))
            return band_axis(view, x, feet, is_down=False)
        low, high = float(x.values[0]), float(x.values[-1])
        if view.x_range:
            low, high = (place_on(x.kind, end, view.x) for end in view.x_range)
        is_year = are_years(x.values)

        def made(ticks: int) -> Axis:
            if x.kind == "time":
                return time_axis(low, high, x.zone, ticks)
            return number_axis(low, high, ticks=ticks, is_exact=True, is_year=is_year)

        return self.look.lying(made, width)

    def _parts(
        self, x: Axis, y: Axis, layer: int, labels: Sequence[str]
    ) -> tuple[tuple[Shape, ...], tuple[Line, ...], tuple[Word, ...]]:
        cells, view = self.cells, self.view
        values = cells.values[layer]
        order = sorted(
            range(len(values)), key=lambda g: cells.groups.names[g] in self._lit
        )
        at = x.at(cells.x.values if x.kind != "band" else np.arange(len(cells.x.names)))
        base = float(np.clip(y.at(0.0), 0, 1)) if y.kind != "log" else 0.0
        if view.mark == "area" and len(values) > 1:
            return self._stacked(at, y, values, base, labels)
        shapes, lines = [], []
        for g in order:
            known = np.isfinite(values[g]) | cells.gaps[layer, g]
            if not np.isfinite(values[g]).any():
                continue
            points = np.stack([at, y.at(values[g])], 1)[known]
            line = self._line(g, points, values[g][known], base, labels[g])
            lines.append(line)
            if view.mark == "area":
                shapes.append(_band(f"{line.key} area", points, base, line.colour))
            if cells.low is not None and cells.high is not None:
                ends = (
                    y.at(cells.low[layer, g][known]),
                    y.at(cells.high[layer, g][known]),
                )
                shapes.append(_around(line, *ends))
        if view.has_trend:
            places = np.concatenate([one.points for one in lines])
            fitted = trend(self.look, places)
            lines += [fitted] if fitted else []
        return tuple(shapes), tuple(lines), ()

    def _line(
        self, g: int, points: Floats, values: Floats, base: float, label: str
    ) -> Line:
        name = self.cells.groups.names[g]
        is_lit = not self._lit or name in self._lit
        seed = np.stack([points[:, 0], np.full(len(points), base)], 1)
        return Line(
            f"line {name}",
            points,
            seed,
            self.look.shade(name, self._lit),
            (3.4 if is_lit else 2.2) * self.look.unit,
            values=values if self._says_value and is_lit else None,
            label=label if is_lit else "",
            label_size=self.look.label_size,
            is_bold=True,
            has_end=is_lit and len(self.cells.groups.names) <= _NAMED,
            slot=g,
        )

    def _stacked(
        self, at: Floats, y: Axis, values: Floats, base: float, labels: Sequence[str]
    ) -> tuple[tuple[Shape, ...], tuple[Line, ...], tuple[Word, ...]]:
        """Return areas on top of each other, with their names at the right."""
        shapes, words = [], []
        tops = stacks(self.view, np.nan_to_num(values))
        for g, name in enumerate(self.cells.groups.names):
            low, high = y.at(tops[0, g]), y.at(tops[1, g])
            verts = np.vstack([np.stack([at, high], 1), np.stack([at, low], 1)[::-1]])
            seed = np.stack([verts[:, 0], np.full(len(verts), base)], 1)
            colour = self.look.shade(name, self._lit)
            shapes.append(
                Shape(f"{name} area", verts, seed, colour, g, edge=1.0, is_band=True)
            )
            if labels[g]:
                middle = float(low[-1] + high[-1]) / 2
                words.append(
                    Word(
                        *(f"{name} area", (float(at[-1]), middle), labels[g]),
                        *(self.look.label_size, colour),
                        shift=(12 * self.look.unit, 0.0),
                        anchor=("left", "center"),
                        is_bold=True,
                        slot=g,
                    )
                )
        return tuple(shapes), (), tuple(words)


def plot_lines(look: Look, view: View, table: Table) -> Lines:
    """Return the lines or areas of a view.

    Raises:
        SpecError: If a line has one point, or there are more than can be told apart.
    """
    cells = cells_of(view, table)
    count = len(cells.groups.names)
    if len(cells.x.names) < 2:
        raise SpecError(
            f"a {view.mark} needs at least two values along x, and {view.x!r:.40}"
            " has one: show a bar or a counter"
        )
    if count > MAX_SERIES:
        raise SpecError(
            f"{view.group!r:.40} has {count} series, and only {MAX_SERIES} can be"
            " told apart: filter it"
        )
    look = look.speaking(cells.values)
    low, high = _limits(view, cells, is_based=look.is_based)
    if view.log:
        known = cells.values[np.isfinite(cells.values)]
        if known.min() <= 0:
            raise SpecError(
                f"{view.y!r:.40} has values of 0 or less, which a logarithmic axis"
                " cannot show: filter them, or leave log out"
            )
        low = float(known.min())
    is_named = 1 < count <= _NAMED and not view.facet
    if view.mark == "area" and count > 1:
        last = stacks(view, np.nan_to_num(cells.values[-1]))[:, :, -1]
        room = 1.15 * look.label_size / (0.75 * look.content()[3])
        is_named &= bool(np.min(np.abs(last[1] - last[0])) / (high - low) > room)
    return Lines(look, view, cells, (low, high), is_named)


def _limits(view: View, cells: Cells, *, is_based: bool | None) -> tuple[float, float]:
    """Return the least and the largest value that is seen."""
    seen = np.ones(len(cells.x.names), bool)
    if view.x_range and cells.x.kind != "text":
        ends = [place_on(cells.x.kind, end, view.x) for end in view.x_range]
        seen = (cells.x.values >= ends[0]) & (cells.x.values <= ends[1])
        if not seen.any():
            raise SpecError(
                f"{view.x!r:.40} has nothing from {view.x_range[0]} to"
                f" {view.x_range[1]}: use a range within {cells.x.names[0]} to"
                f" {cells.x.names[-1]}"
            )
    if view.mark == "area":
        tops = [stacks(view, np.nan_to_num(one[:, seen])) for one in cells.values]
        return min(0.0, float(np.min(tops))), max(0.0, float(np.max(tops)))
    parts = [cells.values[..., seen]]
    parts += [v[..., seen] for v in (cells.low, cells.high) if v is not None]
    low, high = (float(f([f(one) for one in parts])) for f in (np.nanmin, np.nanmax))
    if view.threshold is not None:
        low, high = min(low, view.threshold), max(high, view.threshold)
    if is_based is None:
        is_based = low < _NEAR_ZERO * high and not view.x_range
    return (min(0.0, low) if is_based else low), high


def _band(key: str, points: Floats, base: float, colour: tuple[float, ...]) -> Shape:
    """Return the area between a line and the baseline."""
    own = points[np.isfinite(points).all(1)]
    low = np.stack([own[:, 0], np.full(len(own), base)], 1)
    verts = np.vstack([own, low[::-1]])
    seed = np.vstack([low, low[::-1]])
    r, g, b = colour[:3]
    return Shape(key, verts, seed, (r, g, b, _FILL), is_band=True)


def _around(line: Line, low: Floats, high: Floats) -> Shape:
    """Return the band of what a line's values may be, which widens from the line."""
    known = np.isfinite(low) & np.isfinite(high) & np.isfinite(line.points[:, 1])
    x, middle = line.points[known, 0], line.points[known]
    verts = np.vstack(
        [np.stack([x, high[known]], 1), np.stack([x, low[known]], 1)[::-1]]
    )
    seed = np.vstack([middle, middle[::-1]])
    r, g, b, _ = line.colour
    return Shape(
        f"{line.key} band", verts, seed, (r, g, b, _FILL), line.slot, is_band=True
    )
