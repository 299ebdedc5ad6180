"""Bars: one for each category, stacked, beside each other or in shares, upright or lying."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

import numpy as np

from nbagent.charts.cell_plot import CellPlot, between
from nbagent.charts.cells import Cells, Places, bridged, cells_of, index_of
from nbagent.charts.extras import dressed
from nbagent.charts.look import LEAST_LETTERS, Box, Look, entries, lit_of
from nbagent.charts.numbers import log_axis, number_axis
from nbagent.charts.race import Race, race
from nbagent.charts.scene import (
    Axis,
    Floats,
    LegendEntry,
    Line,
    Panel,
    Shape,
    Tick,
    Word,
    box,
)
from nbagent.charts.table import Table
from nbagent.charts.theme import text_width, wrapped
from nbagent.errors import SpecError
from nbagent.take.chart import TIMED
from nbagent.take.chart_view import View

MAX_UPRIGHT: Final = 60
MAX_LYING: Final = 40
_FILL: Final = 0.74  # of a category's room that its bars fill
_WIDEST: Final = 130.0  # pixels of a bar
_LABELLED: Final = 24  # bars that have room for their numbers
_ROW: Final = 0.75  # of a lying bar's room, that its name may be high


@dataclass(frozen=True, slots=True, eq=False)
class Bars(CellPlot):
    """The bars of a view.

    Attributes:
        cells: With categories in the order in which they stand.
        limits: The least and the largest end of a bar, in all panels.
    """

    limits: tuple[float, float]
    is_lying: bool

    @property
    def legend(self) -> tuple[LegendEntry, ...]:
        """Names and colours of its series."""
        names = self.cells.groups.names
        return (
            entries(self.look, names, lit_of(self.view, names))
            if len(names) > 1
            else ()
        )

    def panel(self, area: Box, at: float) -> Panel:
        """Return the bars at a place of time, in an area of the frame."""
        values = between(self.cells.values, at)
        names = self._names(area)
        if self.is_lying:
            return self._lying(area, names, values)
        axis = value_axis(self.look, self.view, self.limits, area[3])
        plain = band_axis(self.view, self.cells.x, names, is_down=False)
        lines = max((t.text.count("\n") for t in plain.ticks), default=0) + 1
        y = replace(
            axis,
            has_grid=True,
            base=_base(axis),
            title=self.look.value_title(self.view, self.look.chart.y_title),
        )
        x = replace(plain, title=self.look.chart.x_title)
        inner = self.look.inner(area, x=x, y=y, bottom_lines=lines, top=self.look.rise)
        shapes, words, lines_ = self._parts(plain, axis, inner, values)
        panel = Panel(
            *(inner, x, y),
            shapes=shapes,
            words=words,
            lines=lines_,
            is_clipped=bool(self.view.x_range or self.view.y_range),
        )
        return dressed(self.look, self.view, panel, self.cells.x)

    def _lying(self, area: Box, names: Sequence[str], values: Floats) -> Panel:
        look = self.look
        plain = band_axis(self.view, self.cells.x, names, is_down=True)
        plain = replace(plain, letters=self._letters(area))
        title = look.value_title(self.view, look.chart.x_title)
        right = text_width(look.says(self.limits[1]), look.label_size) + 12 * look.unit
        below = text_width(look.says(self.limits[0]), look.label_size)
        away = below * (self.limits[0] < 0)
        y = replace(plain, title=look.chart.y_title, away=away)
        x = Axis("number", 0, 1, title=title)
        inner = look.inner(area, x=x, y=y, right=right)
        axis = look.lying(partial(_values, look, self.view, self.limits), inner[2])
        x = replace(axis, has_grid=True, base=_base(axis), title=title)
        shapes, words, lines = self._parts(plain, axis, inner, values)
        return Panel(
            *(inner, x, y),
            shapes=tuple(
                replace(s, verts=s.verts[:, ::-1], seed=s.seed[:, ::-1]) for s in shapes
            ),
            words=tuple(_turned(word) for word in words),
            lines=tuple(
                replace(one, points=one.points[:, ::-1], seed=one.seed[:, ::-1])
                for one in lines
            ),
            is_clipped=bool(self.view.x_range or self.view.y_range),
        )

    def _names(self, area: Box) -> list[str]:
        """Return the names at the bars, broken or shortened to the room there is."""
        look, names = self.look, self.cells.x.names
        size = look.tick_size * self._letters(area)
        if self.is_lying:
            lines = 2 if area[3] / len(names) > 2.7 * size else 1
            room = 0.3 * area[2]
            return ["\n".join(wrapped(n, size, room, lines)) for n in names]
        room = 0.94 * area[2] / len(names) - 8 * look.unit
        widest = max(text_width(name, size) for name in names)
        if self.cells.x.kind != "text" and widest > room:
            every = int(np.ceil(widest * 1.3 / max(room, 1)))
            return [name if i % every == 0 else "" for i, name in enumerate(names)]
        return ["\n".join(wrapped(name, size, room, 2)) for name in names]

    def _letters(self, area: Box) -> float:
        """Return how large the names are, of their usual size: many lie close."""
        rows = _ROW * area[3] / len(self.cells.x.names)
        return min(1.0, rows / self.look.tick_size) if self.is_lying else 1.0

    def _parts(
        self, band: Axis, axis: Axis, inner: Box, values: Floats
    ) -> tuple[tuple[Shape, ...], tuple[Word, ...], tuple[Line, ...]]:
        """Return bars, numbers and error bars as if they stood upright."""
        shapes, words, lines = [], [], []
        groups, names = self.cells.groups.names, self.cells.x.names
        tops = stacks(self.view, values)
        length = inner[3] if self.is_lying else inner[2]
        width = min(_FILL, _WIDEST * self.look.unit * (band.high - band.low) / length)
        is_beside = self.view.stacking == "grouped" and len(groups) > 1
        each = width / len(groups) if is_beside else width
        lit = lit_of(self.view, (*groups, *names))
        floor = axis.low if axis.kind == "log" else 0.0
        size = self._size(each * length / (band.high - band.low))
        for g, group in enumerate(groups):
            for i, name in enumerate(names):
                low, high = tops[0, g, i], tops[1, g, i]
                if not np.isfinite(high):
                    continue
                middle = i - width / 2 + (g + 0.5) * each if is_beside else float(i)
                left, right = band.at([middle - each / 2, middle + each / 2])
                if self.is_lying:  # from the top
                    left, right = 1 - right, 1 - left
                down, up = axis.at(
                    [max(low, floor) if axis.kind == "log" else low, high]
                )
                seed = float(axis.at(floor))
                key = f"{name}|{group}"
                own = group if len(groups) > 1 else name
                colour = self.look.shade(own, lit, name)
                is_stacked = len(groups) > 1 and not is_beside
                shapes.append(
                    Shape(
                        key,
                        box(left, down, right, up),
                        box(left, seed, right, seed),
                        colour,
                        slot=i,
                        edge=1.2 * is_stacked,
                    )
                )
                if size:
                    word = self._word(key, (left + right) / 2, up, seed, values[g, i])
                    words.append(replace(word, size=size, slot=i))
                lines += self._error(key, g, i, (left + right) / 2, axis)
        return tuple(shapes), tuple(words), tuple(lines)

    def _size(self, room: float) -> float:
        """Return how large the numbers at bars are; 0 if there are none."""
        has, size = self.view.has_values, self.look.label_size
        most = max(self.limits, key=abs)
        wide = text_width(self.look.says(most), size)
        fits = min(1.0, room / (0.9 * size) if self.is_lying else 1.25 * room / wide)
        if has is not None:
            return size * max(fits, LEAST_LETTERS) * has
        groups = len(self.cells.groups.names)
        is_full = groups > 1 and self.view.stacking != "grouped"
        is_full |= groups * len(self.cells.x.names) > _LABELLED
        is_full |= self.cells.low is not None or fits < LEAST_LETTERS
        return 0.0 if is_full else size * fits

    def _word(self, key: str, x: float, up: float, seed: float, value: float) -> Word:
        side = -1 if value < 0 else 1
        return Word(
            key,
            (x, up),
            "",
            self.look.label_size,
            self.look.ink(),
            shift=(0.0, side * 7 * self.look.unit),
            value=value,
            seed=(x, seed),
            anchor=("center", "bottom" if side > 0 else "top"),
        )

    def _error(self, key: str, g: int, i: int, x: float, axis: Axis) -> list[Line]:
        """Return an error bar, which widens from its value."""
        if self.cells.low is None or self.cells.high is None:
            return []
        low, high = (between(v, 0)[g, i] for v in (self.cells.low, self.cells.high))
        if not np.isfinite(low + high):
            return []
        down, up = axis.at([low, high])
        middle = float(axis.at(between(self.cells.values, 0)[g, i]))
        points = np.array([[x, down], [x, up]])
        seed = np.array([[x, middle], [x, middle]])
        ink = self.look.ink("baseline")
        return [Line(f"{key} error", points, seed, ink, 2.4 * self.look.unit, slot=i)]


def plot_bars(look: Look, view: View, table: Table) -> Bars | Race:
    """Return the bars of a view, in order.

    Raises:
        SpecError: If there are more than a frame has room for.
    """
    cells = cells_of(view, table)
    if look.chart.entrance in TIMED:
        cells = bridged(cells)
    look = look.speaking(cells.values)
    if look.chart.entrance == "race":
        return race(look, view, cells, table)
    cells = ordered(view, cells)
    count = len(cells.x.names)
    size = look.tick_size
    if view.is_horizontal is not None:
        is_lying = view.is_horizontal
    elif cells.x.kind != "text":
        is_lying = False
    else:
        room = 0.9 * look.chart.width / count - 8 * look.unit
        is_lying = count > 16 or any(
            text_width(line, size) > room or "…" in line
            for name in cells.x.names
            for line in wrapped(name, size, room, 2)
        )
    most = MAX_LYING if is_lying else MAX_UPRIGHT
    if count > most:
        raise SpecError(
            f"{view.x!r:.40} has {count} different values, and bars have room for"
            f" {most}: show the largest, like top=20, or filter"
        )
    ends = [stacks(view, one) for one in cells.values]
    if cells.low is not None and cells.high is not None:
        ends += [np.stack([cells.low[0], cells.high[0]])]
    low, high = np.nanmin(ends), np.nanmax(ends)
    if view.log and np.nanmin(cells.values) <= 0:
        raise SpecError(
            f"{view.y!r:.40} has values of 0 or less, which a logarithmic axis"
            " cannot show: filter them, or leave log out"
        )
    if view.log:
        return Bars(look, view, cells, (float(np.nanmin(cells.values)), high), is_lying)
    return Bars(look, view, cells, (min(low, 0.0), max(high, 0.0)), is_lying)


def stacks(view: View, values: Floats) -> Floats:
    """Return the low and the high end of each bar: (2, G, X) of values (G, X)."""
    if view.stacking == "share":
        values = values / np.nansum(np.abs(values), 0) * 100
    if view.stacking == "grouped" or len(values) == 1:
        return np.stack([np.zeros_like(values), values])
    filled = np.nan_to_num(values)
    up, down = (np.cumsum(np.where(s, filled, 0), 0) for s in (filled > 0, filled <= 0))
    high = np.where(filled > 0, up, down)
    high[np.isnan(values)] = np.nan
    return np.stack([high - filled, high])


def ordered(view: View, cells: Cells) -> Cells:
    """Return cells with their categories sorted, and the largest of them alone."""
    if not view.sort and view.top is None:
        return cells
    last = np.nan_to_num(cells.values[-1], nan=0.0).sum(0)
    order = np.arange(len(last))
    if view.sort == "name":
        order = np.argsort(np.array(cells.x.names), kind="stable")
    elif view.sort or cells.x.kind == "text":
        order = np.argsort(last if view.sort == "up" else -last, kind="stable")
    if view.top is not None and view.top < len(order):
        largest = set(np.argsort(-last, kind="stable")[: view.top].tolist())
        order = np.array([i for i in order if i in largest])
    return cells.taken(order)


def value_axis(
    look: Look, view: View, limits: tuple[float, float], height: float
) -> Axis:
    """Return the axis of values that stands upright in a height of pixels."""
    return _values(look, view, limits, look.upright(height))


def _values(look: Look, view: View, limits: tuple[float, float], ticks: int) -> Axis:
    """Return the axis of values, from one end of the view to the other."""
    before, after = look.chart.prefix, look.chart.suffix
    if view.stacking == "share" and view.mark in ("bar", "area"):
        return number_axis(0, 100, ticks=ticks, suffix="%", is_exact=True)
    low, high = view.y_range or limits
    if view.log:
        return log_axis(low, high, ticks=ticks, prefix=before, suffix=after)
    return number_axis(
        *(low, high),
        ticks=ticks,
        is_exact=bool(view.y_range),
        prefix=before,
        suffix=after,
    )


def band_axis(view: View, x: Places, texts: Sequence[str], *, is_down: bool) -> Axis:
    """Return the axis of categories; `is_down` is from the top."""
    low, high = -0.5, len(x.names) - 0.5
    if view.x_range:
        first, last = (index_of(x, end, view.x) for end in view.x_range)
        low, high = min(first, last) - 0.5, max(first, last) + 0.5
    axis = Axis("band", low, high)
    at = axis.at(range(len(x.names)))
    ticks = tuple(
        Tick(float(1 - a if is_down else a), text)
        for a, text in zip(at, texts, strict=True)
        if -1e-9 <= a <= 1 + 1e-9
    )
    return replace(axis, ticks=ticks)


def _base(axis: Axis) -> float:
    """Return where the line is that bars stand on."""
    if axis.kind == "log":
        return 0.0
    return float(np.clip(axis.at(0.0), 0, 1))


def _turned(word: Word) -> Word:
    """Return a number at an upright bar as it is at a lying one."""
    is_up = word.anchor[1] == "bottom"
    return replace(
        word,
        at=word.at[::-1],
        seed=word.seed and word.seed[::-1],
        shift=word.shift[::-1],
        anchor=("left" if is_up else "right", "center"),
    )
