"""The race: lying bars that change places as their values go through time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nbagent.charts.cell_plot import CellPlot, between
from nbagent.charts.cells import Cells
from nbagent.charts.look import Box, Look, entries
from nbagent.charts.numbers import tick_text
from nbagent.charts.scene import (
    Axis,
    Floats,
    LegendEntry,
    Panel,
    Shape,
    Tick,
    Word,
    box,
)
from nbagent.charts.table import Table
from nbagent.charts.theme import shortened, text_width
from nbagent.errors import SpecError
from nbagent.take.chart_view import View

_TOP: Final = 10  # bars, unless somebody says how many
_SWAP_S: Final = 0.4  # in which two bars change places
_FILL: Final = 0.78
_NEAREST: Final = 5.5  # sizes of theirs between two ticks, where they are gone
_NEAR: Final = 8.5  # and where they are all there
_ROW: Final = 0.75  # of a bar's room, that its letters may be high


@dataclass(frozen=True, slots=True, eq=False)
class Race(CellPlot):
    """A race.

    Attributes:
        cells: One series; those who run along x.
        colours: The series of each, which has its colour.
        top: How many are seen.
        ranks: (K, X) their places at moments evenly through the race, from 0.
        moments: (K,) those moments, as indices of times.
    """

    colours: tuple[str, ...]
    top: int
    ranks: Floats
    moments: Floats

    @property
    def notes(self) -> tuple[str, ...]:
        """What is put together or left out."""
        left = len(self.cells.x.names) - self.top
        said = f"the race shows the first {self.top} of {len(self.cells.x.names)}"
        return (*self.cells.notes, said) if left > 0 else self.cells.notes

    @property
    def legend(self) -> tuple[LegendEntry, ...]:
        """What its colours say, unless each has its own."""
        names = tuple(dict.fromkeys(self.colours))
        return entries(self.look, names) if names != self.cells.x.names else ()

    def panel(self, area: Box, at: float) -> Panel:
        """Return the race at a moment."""
        look = self.look
        size = self._size(area)
        values = between(self.cells.values[:, 0], at)
        most = float(np.nanmax(values))
        names = [shortened(n, size, 0.28 * area[2]) for n in self.cells.x.names]
        right = text_width(look.says(float(np.nanmax(self.cells.values))), size)
        y = Axis("band", -0.5, self.top - 0.5)
        widest = max(text_width(name, size, is_bold=True) for name in names)
        left, bottom, width, height = area
        u = look.unit
        room = widest + 16 * u
        inner = (
            left + room,
            bottom,
            width - room - right - 20 * u,
            height - 12 * u - look.tick_size,
        )
        x = self._axis(max(most, 1e-12), inner[2])
        shapes, words = [], []
        places = self._places(at)
        for i in np.argsort(-places, kind="stable"):
            there = float(np.clip(self.top - places[i], 0, 1))
            if not np.isfinite(values[i]) or there <= 0:
                continue
            shape, own = self._bar(int(i), float(places[i]), values[i], x, there)
            own = replace(own, size=size)
            shapes.append(shape)
            words += [
                replace(own, text=names[i], key=f"{own.key} name"),
                self._number(own, values[i], x, there),
            ]
        top_x = replace(x, base=0.0)
        return Panel(inner, top_x, y, shapes=tuple(shapes), words=tuple(words))

    def _size(self, area: Box) -> float:
        """Return how large the letters at bars are, which stand in an area."""
        return min(self.look.label_size, _ROW * area[3] / self.top)

    def _bar(
        self, i: int, place: float, value: float, x: Axis, there: float
    ) -> tuple[Shape, Word]:
        """Return a bar, and its name at its side."""
        high = 1 - (place + 0.5 - _FILL / 2) / self.top
        low = 1 - (place + 0.5 + _FILL / 2) / self.top
        right = float(x.at(max(value, 0.0)))
        key = self.cells.x.names[i]
        r, g, b, _ = self.look.shade(self.colours[i], self.view.highlight, key)
        shape = Shape(
            key, box(0, low, right, high), box(0, low, 0, high), (r, g, b, there)
        )
        word = Word(
            *(key, (0.0, (low + high) / 2), "", self.look.label_size),
            self.look.ink(alpha=there),
            shift=(-12 * self.look.unit, 0.0),
            anchor=("right", "center"),
            is_bold=True,
        )
        return shape, word

    def _number(self, name: Word, value: float, x: Axis, there: float) -> Word:
        return replace(
            name,
            key=f"{name.key} value",
            at=(float(x.at(max(value, 0.0))), name.at[1]),
            value=float(value),
            colour=self.look.ink("muted", there),
            shift=(9 * self.look.unit, 0.0),
            anchor=("left", "center"),
            is_bold=False,
        )

    def _axis(self, most: float, width: float) -> Axis:
        """Return the axis up to the first bar's end: its ticks come and go as it grows."""
        axis = Axis("number", 0.0, most, has_grid=True, is_far=True)
        found: dict[float, float] = {}
        exponent = int(np.floor(np.log10(most)))
        chart = self.look.chart
        for step in (
            m * 10.0**e for e in range(exponent - 1, exponent + 1) for m in (1, 5)
        ):
            space = step / most * width / self.look.tick_size
            alpha = float(np.clip((space - _NEAREST) / (_NEAR - _NEAREST), 0, 1))
            for value in np.arange(1, most / step + 1e-9) * step if alpha else ():
                near = round(float(value), 12)
                found[near] = max(alpha, found.get(near, 0.0))
        values = sorted(found)
        texts = tick_text(values, chart.prefix, chart.suffix)
        ticks = tuple(
            Tick(float(axis.at(v)), text, found[v])
            for v, text in zip(values, texts, strict=True)
        )
        return replace(axis, ticks=ticks)

    def _places(self, at: float) -> Floats:
        """Return which place each has at a moment: between two it glides."""
        where = float(np.interp(at, self.moments, np.arange(len(self.moments))))
        low = min(int(where), len(self.moments) - 1)
        high = min(low + 1, len(self.moments) - 1)
        share = where - low
        share = share * share * (3 - 2 * share)
        return np.asarray((1 - share) * self.ranks[low] + share * self.ranks[high])


def race(look: Look, view: View, cells: Cells, table: Table) -> Race:
    """Return the race of a view.

    Raises:
        SpecError: If there is nothing to race through, or against.
    """
    if len(cells.groups.names) > 1:
        raise SpecError(
            f"a race has one bar for each {view.x!r:.40}: leave group out, or name"
            " it as colour"
        )
    if len(cells.times.names) < 2:
        raise SpecError(
            f"a race goes through times, and {view.time!r:.40} has only one: name a"
            " different column, or let bars grow"
        )
    if view.log or np.nanmin(cells.values) < 0:
        raise SpecError(
            f"a race begins at 0, and {view.y!r:.40} has values below 0 or a"
            " logarithmic axis: show bars instead"
            if not view.log
            else "a race has no logarithmic axis: leave log out"
        )
    seconds = look.chart.seconds
    last = len(cells.times.names) - 1
    moments = np.linspace(0, 1, max(2, round(seconds / _SWAP_S) + 1))
    times = cells.times.values
    now = times[0] + moments * (times[-1] - times[0])
    at = np.interp(now, times, np.arange(last + 1))
    ranks = np.stack([_ranks(between(cells.values[:, 0], one)) for one in at])
    top = min(view.top or _TOP, len(cells.x.names))
    return Race(look, view, cells, _colours(view, cells, table), top, ranks, at)


def _ranks(values: Floats) -> NDArray[np.float64]:
    """Return the place of each value, the largest first; what is missing comes last."""
    order = np.argsort(-np.nan_to_num(values, nan=-np.inf), kind="stable")
    ranks = np.empty(len(values))
    ranks[order] = np.arange(len(values))
    return ranks


def _colours(view: View, cells: Cells, table: Table) -> tuple[str, ...]:
    """Return which series each belongs to: its own, or that of the colour's column."""
    if not view.colour:
        return cells.x.names
    own = dict(zip(table[view.x].texts, table[view.colour].texts, strict=True))
    return tuple(own.get(name) or "" for name in cells.x.names)
