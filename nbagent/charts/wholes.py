"""Parts of a whole, values on a grid, and one number: pies, heat maps and counters."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from nbagent.charts.bars import band_axis, ordered
from nbagent.charts.cell_plot import CellPlot, between
from nbagent.charts.cells import Cells, bridged, cells_of
from nbagent.charts.easel_text import apart
from nbagent.charts.look import LEAST_LETTERS, Box, Look
from nbagent.charts.scene import Floats, Panel, Ramp, Shape, Wedge, Word, box
from nbagent.charts.table import Table
from nbagent.charts.theme import ramp as colours_of
from nbagent.charts.theme import shortened, stands_on, text_width, wrapped
from nbagent.errors import SpecError
from nbagent.take.chart import TIMED
from nbagent.take.chart_view import View

MAX_PARTS: Final = 12
MAX_CELLS: Final = 3000
OTHER: Final = "Other"
_HOLE: Final = 0.6  # of a donut's radius
_ROW: Final = 0.75  # of a row's height, that its name may be high
_SMALL: Final = 0.012  # of a whole: a part that is not named


@dataclass(frozen=True, slots=True, eq=False)
class Pie(CellPlot):
    """The parts of a whole, through times or at one."""

    def panel(self, area: Box, at: float) -> Panel:
        """Return the parts at a moment, in an area."""
        look, u = self.look, self.look.unit
        values = np.nan_to_num(between(self.cells.values, at)[0])
        total = float(values.sum())
        left, bottom, width, height = area
        names = self.cells.x.names
        outer = 0.92
        inner = _HOLE * outer if self.view.mark == "donut" else 0.0
        panel_box = (left, bottom + 6 * u, width, height - 12 * u)
        ends = np.cumsum(values) / (total or 1.0)
        starts = np.concatenate([[0.0], ends[:-1]])
        lit = self.view.highlight
        wedges = tuple(
            Wedge(name, float(a), float(b), inner, outer, look.shade(name, lit), slot=i)
            for i, (name, a, b) in enumerate(zip(names, starts, ends, strict=True))
        )
        words = list(self._names(panel_box, starts, ends, outer))
        if inner and not self.view.facet:
            size = min(56 * u, 0.9 * inner * height / 2)
            words.append(
                Word(
                    *("total", (0.5, 0.5), "", size, look.ink()),
                    value=total,
                    is_bold=True,
                )
            )
        return Panel(panel_box, wedges=wedges, words=tuple(words))

    def _names(
        self, panel_box: Box, starts: Floats, ends: Floats, outer: float
    ) -> list[Word]:
        """Return names and shares beside the parts, so that none covers another."""
        look = self.look
        _, _, width, height = panel_box
        radius = outer * min(width, height) / 2
        size = look.label_size
        reach = radius + 18 * look.unit
        room = width / 2 - radius - 30 * look.unit - text_width("  100%", size)
        names = self.cells.x.names
        found: list[Word] = []
        middles = (starts + ends) / 2
        for is_right in (True, False):
            own = [
                i
                for i, turn in enumerate(middles)
                if (turn < 0.5) == is_right and ends[i] - starts[i] > _SMALL
            ]
            angles = middles[own] * 2 * math.pi
            heights = np.cos(angles) * reach
            lines = {i: wrapped(names[i], size, room, 2) for i in own}
            most = max((len(one) for one in lines.values()), default=1)
            heights = apart(heights, 1.25 * size * most)
            for i, angle, y in zip(own, angles, heights, strict=True):
                name = names[i]
                share = f"{100 * (ends[i] - starts[i]):.0f}%"
                # Nearest to the middle, a name may be many lines high.
                near = max(0.0, abs(y) - 0.62 * size * len(lines[i]))
                x = math.sqrt(max(0.0, reach**2 - near**2))
                x = max(x, abs(math.sin(angle)) * reach) * (1 if is_right else -1)
                text = "\n".join(lines[i]) + f"  {share}"
                found.append(
                    Word(
                        *(
                            name,
                            (0.5 + float(x) / width, 0.5 + float(y) / height),
                            text,
                        ),
                        *(size, look.ink()),
                        anchor=("left" if is_right else "right", "center"),
                        slot=i,
                    )
                )
        return found


def plot_pie(look: Look, view: View, table: Table) -> Pie:
    """Return the parts of a whole.

    Raises:
        SpecError: If a value is below zero, or all are zero.
    """
    cells = cells_of(replace(view, group="") if view.group else view, table)
    if look.chart.entrance in TIMED:
        cells = bridged(cells)
    if np.nanmin(cells.values) < 0:
        raise SpecError(
            f"{view.y!r:.40} has values below 0, which cannot be parts of a whole:"
            " show bars"
        )
    if np.nansum(cells.values[-1]) == 0:
        raise SpecError(
            f"all of {view.y!r:.40} is 0, so there are no parts to show: show bars"
        )
    cells = ordered(replace(view, top=None), cells)
    most = view.top or MAX_PARTS
    if len(cells.x.names) > most:
        cells = _with_other(cells, most - 1)
    look = replace(look, series=(*look.series, OTHER)).speaking(cells.values.sum(-1))
    return Pie(look, view, cells)


def _with_other(cells: Cells, most: int) -> Cells:
    """Return the largest parts, and the sum of the others, which is said."""
    last = np.nan_to_num(cells.values[-1, 0])
    largest = np.sort(np.argsort(-last, kind="stable")[:most])
    rest = np.setdiff1d(np.arange(len(last)), largest)
    kept = cells.taken(largest)
    other = np.nansum(cells.values[..., rest], -1, keepdims=True)
    x = replace(
        kept.x,
        names=(*kept.x.names, OTHER),
        values=np.arange(len(largest) + 1, dtype=float),
    )
    values = np.concatenate([kept.values, other], -1)
    return replace(
        kept,
        x=x,
        values=values,
        gaps=np.isnan(values),
        low=None,
        high=None,
        notes=(*kept.notes, f"the smallest {len(rest)} are put together"),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Heat(CellPlot):
    """Values on a grid, as colours."""

    ends: tuple[float, float]
    colours: tuple[str, ...]

    @property
    def ramp(self) -> Ramp:
        """Its colours."""
        low, high = (self.look.says(end) for end in self.ends)
        return Ramp(self.colours, low, high)

    def panel(self, area: Box, at: float) -> Panel:
        """Return the grid at a moment, in an area."""
        look, u = self.look, self.look.unit
        values = between(self.cells.values, at)
        rows, columns = self.cells.groups.names, self.cells.x.names
        size = look.tick_size
        letters = min(1.0, _ROW * area[3] / len(rows) / size)
        sides = [shortened(name, letters * size, 0.25 * area[2]) for name in rows]
        y = band_axis(View(), self.cells.groups, sides, is_down=True)
        y = replace(y, title=look.chart.y_title, letters=letters)
        inner = look.inner(area, x=y, y=y)
        room = inner[2] / len(columns)
        feet = look.feet(columns, room)
        lines = max(text.count("\n") for text in feet) + 1
        x = band_axis(self.view, self.cells.x, feet, is_down=False)
        x = replace(x, title=look.chart.x_title)
        inner = look.inner(area, x=x, y=y, bottom_lines=lines)
        high = inner[3] / len(rows)
        letter = self._letter(room, high)
        shapes, words = [], []
        lefts, rights = (
            x.at(np.arange(len(columns)) - 0.5),
            x.at(np.arange(len(columns)) + 0.5),
        )
        for g, row in enumerate(rows):
            top, foot = 1 - g / len(rows), 1 - (g + 1) / len(rows)
            for i, column in enumerate(columns):
                if not np.isfinite(values[g, i]):
                    continue
                key, slot = f"{column}|{row}", self._slot(g, i)
                verts = box(lefts[i], foot, rights[i], top)
                colour = self._colour(values[g, i], row, column)
                edge = min(2.0 * u, 0.06 * min(room, high))
                shapes.append(Shape(key, verts, verts, colour, slot, edge=edge))
                if letter:
                    words.append(
                        Word(
                            *(key, ((lefts[i] + rights[i]) / 2, (top + foot) / 2), ""),
                            *(letter, (*_ink(colour), 1.0)),
                            value=float(values[g, i]),
                            slot=slot,
                        )
                    )
        return Panel(
            *(inner, x, y),
            shapes=tuple(shapes),
            words=tuple(words),
            is_clipped=bool(self.view.x_range),
        )

    def _slot(self, row: int, column: int) -> int:
        turns = self.look.chart.turns
        if turns == "rows":
            return row
        if turns == "in turn":
            return row * len(self.cells.x.names) + column
        return column

    def _letter(self, room: float, high: float) -> float:
        """Return how large the numbers in cells are; 0 if there are none."""
        has, size = self.view.has_values, self.look.tick_size
        widest = max(text_width(self.look.says(v), size) for v in self.ends)
        fits = min(1.0, 0.8 * room / widest, 0.5 * high / size)
        is_there = fits >= LEAST_LETTERS if has is None else has
        return size * fits * is_there

    def _colour(self, value: float, *names: str) -> tuple[float, float, float, float]:
        if self.view.highlight and not set(names) & set(self.view.highlight):
            return self.look.ink("dim", 0.5)
        low, high = self.ends
        r, g, b, _ = colours_of(self.colours)((value - low) / ((high - low) or 1))
        return float(r), float(g), float(b), 1.0


def plot_heat(look: Look, view: View, table: Table) -> Heat:
    """Return the grid of a view.

    Raises:
        SpecError: If it has more cells than can be told apart.
    """
    cells = cells_of(view, table)
    if look.chart.entrance in TIMED:
        cells = bridged(cells)
    cells = ordered(view, cells)
    count = len(cells.x.names) * len(cells.groups.names)
    if count > MAX_CELLS:
        raise SpecError(
            f"{len(cells.x.names)} by {len(cells.groups.names)} make {count:,}"
            f" cells, and only {MAX_CELLS:,} can be told apart: filter them"
        )
    low, high = float(np.nanmin(cells.values)), float(np.nanmax(cells.values))
    colours = look.theme.ramp
    if view.aggregate == "correlation":
        low, high, colours = -1.0, 1.0, look.theme.split
    elif low < 0 < high:
        high = max(-low, high)
        low, colours = -high, look.theme.split
    return Heat(look.speaking(cells.values), view, cells, (low, high), colours)


@dataclass(frozen=True, slots=True, eq=False)
class Counter(CellPlot):
    """One number, large."""

    def panel(self, area: Box, at: float) -> Panel:
        """Return the number at a moment, in an area."""
        look, u = self.look, self.look.unit
        value = float(between(self.cells.values, at)[0, 0])
        texts = [look.says(float(v)) for v in self.cells.values[:, 0, 0]]
        widest = max(text_width(text, 100, is_bold=True) for text in texts)
        size = min(170 * u, 100 * 0.86 * area[2] / max(widest, 1), 0.42 * area[3])
        label = look.chart.y_title or self.view.y or "rows"
        if look.chart.entrance in TIMED:
            name = self.times.names[min(int(at + 1e-9), len(self.times.names) - 1)]
            label = f"{label}, {name}"
        number = Word(
            *("number", (0.5, 0.56), "", size, (*look.colour(""), 1.0)),
            value=value,
            is_bold=True,
        )
        below = Word(
            *("label", (0.5, 0.56), label, min(34 * u, 0.3 * size), look.ink("muted")),
            shift=(0.0, -0.75 * size),
        )
        return Panel(area, words=(number, below))


def plot_counter(look: Look, view: View, table: Table) -> Counter:
    """Return the one number of a view."""
    cells = cells_of(replace(view, x="", group=""), table)
    cells = bridged(cells)
    return Counter(look.speaking(cells.values), view, cells)


def _ink(colour: tuple[float, float, float, float]) -> tuple[float, float, float]:
    text = stands_on(colour[:3])
    r, g, b = (int(text[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return r, g, b
