"""How values are spread: histograms, boxes and violins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from matplotlib.cbook import boxplot_stats
from matplotlib.mlab import GaussianKDE
from matplotlib.ticker import MaxNLocator

from nbagent.charts.bars import band_axis, value_axis
from nbagent.charts.cells import Places, kept_rows, places
from nbagent.charts.extras import dressed
from nbagent.charts.look import Box, Look, entries, lit_of
from nbagent.charts.numbers import number_axis
from nbagent.charts.scene import (
    NO_DOTS,
    Axis,
    Dots,
    Floats,
    LegendEntry,
    Line,
    Panel,
    Shape,
    box,
)
from nbagent.charts.table import Table
from nbagent.charts.theme import wrapped
from nbagent.errors import SpecError
from nbagent.take.chart_view import View

MAX_CATEGORIES: Final = 30
_BINS: Final = (8, 50)
_WIDE: Final = 0.62  # of a category's room
_WIDEST: Final = 150.0
_OUTLINE: Final = 120  # points along a violin
_SCOTT: Final = "scott"


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """The values of a view, by category and panel.

    Attributes:
        values: One for each row.
        weights: How many rows each stands for.
        x: Categories.
        edges: Of the bins of a histogram.
        most: The largest count of a bin.
    """

    look: Look
    view: View
    times: Places
    x: Places
    values: Floats
    weights: Floats
    edges: Floats
    most: float
    notes: tuple[str, ...]
    ramp: None = None

    @property
    def legend(self) -> tuple[LegendEntry, ...]:
        """Names and colours of stacked counts."""
        is_stacked = self.view.mark == "histogram" and len(self.x.names) > 1
        return entries(self.look, self.x.names, self._lit) if is_stacked else ()

    @property
    def _lit(self) -> tuple[str, ...]:
        return lit_of(self.view, self.x.names)

    def panel(self, area: Box, at: float) -> Panel:
        """Return the values in an area; `at` is the panel's number, or a share of rows."""
        if self.view.mark == "histogram":
            return self._histogram(area, at)
        rows = self.times.rows == int(at)
        low, high = float(self.values.min()), float(self.values.max())
        y = value_axis(self.look, self.view, (low, high), area[3])
        title = self.look.value_title(self.view, self.look.chart.y_title)
        y = replace(y, has_grid=True, title=title)
        names = self.x.names
        inner = self.look.inner(area, x=Axis("band", 0, 1), y=y)
        room = 0.94 * inner[2] / len(names) - 8 * self.look.unit
        size = self.look.tick_size
        texts = ["\n".join(wrapped(name, size, room, 2)) for name in names]
        x = band_axis(self.view, self.x, texts, is_down=False)
        x = replace(x, title=self.look.chart.x_title)
        lines_below = max(text.count("\n") for text in texts) + 1
        inner = self.look.inner(area, x=x, y=y, bottom_lines=lines_below)
        width = min(_WIDE, _WIDEST * self.look.unit * (x.high - x.low) / inner[2])
        shapes: list[Shape] = []
        lines: list[Line] = []
        dots = []
        for i in range(len(names)):
            own = self.values[rows & (self.x.rows == i)]
            if not len(own):
                continue
            if self.view.mark == "box":
                parts = self._box(i, own, x, y, width)
            else:
                parts = self._violin(i, own, x, y, width)
            shapes += parts[0]
            lines += parts[1]
            dots.append(parts[2])
        panel = Panel(
            *(inner, x, y),
            shapes=tuple(shapes),
            lines=tuple(lines),
            dots=_together(dots),
            is_clipped=bool(self.view.y_range),
        )
        return dressed(self.look, self.view, panel, self.x)

    def _box(
        self, i: int, own: Floats, x: Axis, y: Axis, width: float
    ) -> tuple[list[Shape], list[Line], Dots]:
        """Return a box from quartile to quartile, as matplotlib has it."""
        (stats,) = boxplot_stats(own)
        name = self.x.names[i]
        left, middle, right = x.at([i - width / 2, i, i + width / 2])
        q1, med, q3, low, high = (
            float(y.at(stats[k])) for k in ("q1", "med", "q3", "whislo", "whishi")
        )
        colour = self.look.shade(name, self._lit)
        shape = Shape(
            name, box(left, q1, right, q3), box(left, med, right, med), colour, slot=i
        )
        ink, u = self.look.ink("baseline"), self.look.unit
        cap = (right - left) / 4
        paths = {
            "up": ([[middle, q3], [middle, high]], 1.8),
            "down": ([[middle, q1], [middle, low]], 1.8),
            "top": ([[middle - cap, high], [middle + cap, high]], 1.8),
            "foot": ([[middle - cap, low], [middle + cap, low]], 1.8),
            "median": ([[left, med], [right, med]], 3.0),
        }
        lines = []
        for key, (path, wide) in paths.items():
            points = np.array(path)
            seed = np.stack([points[:, 0], np.full(2, med)], 1)
            own_ink = self.look.ink("background") if key == "median" else ink
            lines.append(Line(f"{name} {key}", points, seed, own_ink, wide * u, slot=i))
        fliers = np.asarray(stats["fliers"], float)
        dots = Dots(
            tuple(f"{name} {k}" for k in range(len(fliers))),
            np.stack([np.full(len(fliers), middle), y.at(fliers)], 1),
            np.full(len(fliers), 3.5 * u),
            np.tile(colour, (len(fliers), 1)),
            np.full(len(fliers), i),
        )
        return [shape], lines, dots

    def _violin(
        self, i: int, own: Floats, x: Axis, y: Axis, width: float
    ) -> tuple[list[Shape], list[Line], Dots]:
        """Return the outline of a density, as wide as the others at its widest."""
        name = self.x.names[i]
        at = np.linspace(own.min(), own.max(), _OUTLINE)
        if np.ptp(own) > 0:
            density = np.asarray(GaussianKDE(own, _SCOTT).evaluate(at))
        else:
            density = np.ones(_OUTLINE)
        half = width / 2 * density / density.max()
        heights = y.at(at)
        sides = x.at(i + half), x.at(i - half)
        verts = np.vstack(
            [np.stack([sides[0], heights], 1), np.stack([sides[1], heights], 1)[::-1]]
        )
        middle = float(x.at(i))
        seed = np.stack([np.full(len(verts), middle), verts[:, 1]], 1)
        colour = self.look.shade(name, self._lit)
        med = float(y.at(np.median(own)))
        reach = (
            float(np.interp(np.median(own), at, half)) if np.ptp(own) > 0 else half[0]
        )
        ends = x.at([i - reach, i + reach])
        points = np.array([[ends[0], med], [ends[1], med]])
        line = Line(
            f"{name} median",
            points,
            np.array([[middle, med], [middle, med]]),
            self.look.ink("background"),
            3.0 * self.look.unit,
            slot=i,
        )
        return [Shape(name, verts, seed, colour, slot=i)], [line], NO_DOTS

    def _histogram(self, area: Box, share: float) -> Panel:
        """Return the bins after a share of the rows; of panels, all of one."""
        is_panel = len(self.times.names) > 1
        count = len(self.values)
        weights = self.weights.copy()
        if is_panel:
            weights[self.times.rows != int(share)] = 0
        else:  # the row that is just falling counts in part
            weights *= np.clip(share * count - np.arange(count), 0, 1)
        top = self.view.y_range[1] if self.view.y_range else self.most
        y = number_axis(0, top, ticks=self.look.upright(area[3]))
        y = replace(y, has_grid=True, base=0.0, title=self.look.chart.y_title)
        chart = self.look.chart
        low, high = self.view.x_range or (self.edges[0], self.edges[-1])
        title = self.look.value_title(self.view, chart.x_title)
        inner = self.look.inner(area, x=Axis("number", 0, 1, title=title), y=y)

        def made(ticks: int) -> Axis:
            return number_axis(
                *(float(low), float(high)),
                ticks=ticks,
                is_exact=True,
                prefix=chart.prefix,
                suffix=chart.suffix,
            )

        x = replace(self.look.lying(made, inner[2]), title=title)
        shapes = []
        floor = np.zeros(len(self.edges) - 1)
        sides = x.at(self.edges)
        for g, name in enumerate(self.x.names):
            own = self.x.rows == g
            counts, _ = np.histogram(self.values[own], self.edges, weights=weights[own])
            colour = self.look.shade(name, self._lit)
            downs, ups = y.at(floor), y.at(floor + counts)
            shapes += [
                Shape(
                    f"{i}|{name}",
                    box(sides[i], downs[i], sides[i + 1], ups[i]),
                    box(sides[i], 0, sides[i + 1], 0),
                    colour,
                    slot=i,
                    edge=1.0 * self.look.unit,
                )
                for i in range(len(counts))
                if counts[i]
            ]
            floor = floor + counts
        panel = Panel(
            *(inner, x, y), shapes=tuple(shapes), is_clipped=bool(self.view.x_range)
        )
        return dressed(self.look, self.view, panel, replace(self.x, kind="number"))


def plot_spread(look: Look, view: View, table: Table) -> Spread:
    """Return the histogram, boxes or violins of a view.

    Raises:
        SpecError: If there are no numbers, or more categories than there is room for.
    """
    rows = kept_rows(view, table)
    name = view.group if view.mark == "histogram" else view.x
    x = places(rows[name] if name else None, len(rows))
    times = places(rows[view.time] if view.facet else None, len(rows))
    values = rows[view.y].values.astype(float)
    weights = rows[view.size].values.astype(float) if view.size else np.ones(len(rows))
    valid = (
        np.isfinite(values) & np.isfinite(weights) & (x.rows >= 0) & (times.rows >= 0)
    )
    if not valid.any():
        raise SpecError(
            f"{view.y!r:.40} has no numbers left to show: loosen the filter"
        )
    if len(x.names) > MAX_CATEGORIES:
        raise SpecError(
            f"{name!r:.40} has {len(x.names)} different values, and there is room"
            f" for {MAX_CATEGORIES}: filter it"
        )
    lost = int((~valid).sum())
    said = f"left out {lost:,} of {len(rows):,} rows, which have no value there"
    x, times = (replace(one, rows=one.rows[valid]) for one in (x, times))
    values, weights = values[valid], weights[valid]
    edges = edges_of(view, values)
    most = max(
        float(np.histogram(values[t], edges, weights=weights[t])[0].max())
        for t in (times.rows == k for k in range(len(times.names)))
    )
    return Spread(
        look.speaking(values),
        *(view, times, x, values, weights, edges, most),
        (said,) * bool(lost),
    )


def edges_of(view: View, values: Floats) -> Floats:
    """Return the edges of bins: round ones, unless somebody says how many."""
    low, high = float(values.min()), float(values.max())
    if low == high:
        low, high = low - 0.5, high + 0.5
    if view.bins is not None:
        return np.linspace(low, high, view.bins + 1)
    suits = len(np.histogram_bin_edges(values, "fd" if np.ptp(values) else 1)) - 1
    count = int(np.clip(suits, *_BINS))
    return np.asarray(
        MaxNLocator(count, steps=(1, 2, 2.5, 5, 10)).tick_values(low, high), float
    )


def _together(dots: list[Dots]) -> Dots:
    if not dots:
        return NO_DOTS
    names = ("places", "radii", "colours", "slots")
    return Dots(
        tuple(key for one in dots for key in one.keys),
        *(np.concatenate([getattr(one, name) for one in dots]) for name in names),
    )
