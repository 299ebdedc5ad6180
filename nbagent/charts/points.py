"""Points: where two numbers meet, with sizes, colours and names, at rest or through time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

from nbagent.charts.cells import Places, kept_rows, place_on, places
from nbagent.charts.extras import dressed, trend
from nbagent.charts.look import Box, Look, entries
from nbagent.charts.numbers import are_years, days, log_axis, number_axis, time_axis
from nbagent.charts.scene import Axis, Dots, Floats, LegendEntry, Panel, Ramp, Word
from nbagent.charts.table import Column, Table
from nbagent.charts.theme import ramp as colours_of
from nbagent.errors import SpecError
from nbagent.take.chart import TIMED
from nbagent.take.chart_view import View

MAX_POINTS: Final = 20_000
_LARGEST: Final = 40.0  # pixels of the radius of the largest
_LEAST: Final = 2.5
_PLAIN: Final = ((300, 6.5, 0.85), (3000, 4.0, 0.6), (MAX_POINTS, 2.6, 0.4))
_SAYING: Final = 0.85  # opacity of colours that say a number
_NAMED: Final = 16  # points that are all named
_ROOM: Final = 0.04  # of an axis, beyond the outermost points


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """The points of a view: (T, N) each, NaN where one is not there.

    Attributes:
        keys: What each is called.
        x: Where along x, in the units of its axis.
        y: How high.
        radii: In pixels.
        colours: (N, 4) their colours.
        named: Which are named, by their position.
        kind: Of x: numbers or times.
    """

    look: Look
    view: View
    times: Places
    keys: tuple[str, ...]
    x: Floats
    y: Floats
    radii: Floats
    colours: Floats
    named: tuple[int, ...]
    kind: str
    zone: str
    legend: tuple[LegendEntry, ...]
    ramp: Ramp | None
    notes: tuple[str, ...]

    def panel(self, area: Box, at: float) -> Panel:
        """Return the points at a moment, in an area."""
        look, view = self.look, self.view
        y = self._y_axis(area[3])
        y = replace(y, has_grid=True, title=look.chart.y_title or view.y)
        inner = look.inner(area, x=Axis("number", 0, 1), y=y, right=24 * look.unit)
        title = look.chart.x_title or view.x
        x = replace(self._x_axis(inner[2]), has_grid=True, title=title)
        inner = look.inner(area, x=x, y=y, right=24 * look.unit)
        dots, words = self._dots(x, y, at)
        panel = Panel(
            *(inner, x, y),
            dots=dots,
            words=words,
            is_clipped=bool(view.x_range or view.y_range),
        )
        if view.has_trend and (line := trend(look, dots.places)):
            panel = replace(panel, lines=(line,))
        span = Places((), np.empty(0), np.empty(0, np.int64), self.kind, self.zone)
        return dressed(look, view, panel, span)

    def _dots(self, x: Axis, y: Axis, at: float) -> tuple[Dots, tuple[Word, ...]]:
        low = min(int(at), len(self.x) - 1)
        high = min(low + 1, len(self.x) - 1)
        share = at - low
        px, py, radii = (
            own[low] if not share else (1 - share) * own[low] + share * own[high]
            for own in (self.x, self.y, self.radii)
        )
        spots = np.stack([x.at(px), y.at(py)], 1)
        there = np.flatnonzero(np.isfinite(spots).all(1) & np.isfinite(radii))
        order = there[np.argsort(-radii[there], kind="stable")]
        dots = Dots(
            tuple(self.keys[i] for i in order),
            spots[order],
            radii[order],
            self.colours[order],
            np.arange(len(order)),
        )
        seen = set(there.tolist())
        words = tuple(
            Word(
                *(self.keys[i], (float(spots[i, 0]), float(spots[i, 1])), self.keys[i]),
                *(0.9 * self.look.tick_size, self.look.ink()),
                shift=(0.0, float(radii[i]) + 5 * self.look.unit),
                anchor=("center", "bottom"),
                has_halo=True,
            )
            for i in self.named
            if i in seen
        )
        return dots, words

    def _x_axis(self, width: float) -> Axis:
        view = self.view
        low, high = float(np.nanmin(self.x)), float(np.nanmax(self.x))
        if view.x_range:
            low, high = (place_on(self.kind, end, view.x) for end in view.x_range)
        elif not view.log_x:
            room = _ROOM * (high - low)
            low, high = low - room, high + room
        is_year = are_years(self.x.ravel())

        def made(ticks: int) -> Axis:
            if self.kind == "time":
                return time_axis(low, high, self.zone, ticks)
            if view.log_x:
                return log_axis(low, high, ticks=ticks)
            return number_axis(low, high, ticks=ticks, is_exact=True, is_year=is_year)

        return self.look.lying(made, width)

    def _y_axis(self, height: float) -> Axis:
        view, chart = self.view, self.look.chart
        ticks = self.look.upright(height)
        before, after = chart.prefix, chart.suffix
        low, high = float(np.nanmin(self.y)), float(np.nanmax(self.y))
        if view.threshold is not None:
            low, high = min(low, view.threshold), max(high, view.threshold)
        if self.look.is_based:
            low = min(0.0, low)
        low, high = view.y_range or (low, high)
        if view.log:
            return log_axis(low, high, ticks=ticks, prefix=before, suffix=after)
        return number_axis(
            *(low, high),
            ticks=ticks,
            is_exact=bool(view.y_range),
            prefix=before,
            suffix=after,
        )


def plot_points(look: Look, view: View, table: Table) -> Points:
    """Return the points of a view.

    Raises:
        SpecError: If there are none, or more than can be told apart.
    """
    rows = kept_rows(view, table)
    is_timed = look.chart.entrance in TIMED
    layered = is_timed or view.facet
    times = places(rows[view.time] if layered else None, len(rows))
    x, y = (_numbers(rows[name]) for name in (view.x, view.y))
    sizes = rows[view.size].values.astype(float) if view.size else np.ones(len(rows))
    valid = np.isfinite(x) & np.isfinite(y) & np.isfinite(sizes) & (times.rows >= 0)
    for name, own, is_log in ((view.x, x, view.log_x), (view.y, y, view.log)):
        if is_log and (own[valid] <= 0).any():
            raise SpecError(
                f"{name!r:.40} has values of 0 or less, which a logarithmic axis"
                " cannot show: filter them, or keep it linear"
            )
    if not valid.any():
        raise SpecError(
            f"no row has both {view.x!r:.40} and {view.y!r:.40}: loosen the filter"
        )
    if int(valid.sum()) > MAX_POINTS * len(times.names):
        raise SpecError(
            f"{int(valid.sum()):,} points are too many, as {MAX_POINTS:,} can be"
            " told apart: filter them, or sum them up as a heat map"
        )
    names = _keys(view, rows, is_unique=is_timed)
    keys = list(dict.fromkeys(names[i] for i in np.flatnonzero(valid)))
    index = {key: i for i, key in enumerate(keys)}
    shape = (len(times.names), len(keys))
    px, py, pr = (np.full(shape, np.nan) for _ in range(3))
    first = np.zeros(len(keys), np.int64)
    for row in np.flatnonzero(valid)[::-1]:
        at = times.rows[row], index[names[row]]
        px[at], py[at], pr[at] = x[row], y[row], sizes[row]
        first[at[1]] = row
    if is_timed:
        px, py, pr = (_bridged(own, times.values) for own in (px, py, pr))
    pr = _radii(look, view, pr, len(keys))
    colours, legend, colour_ramp = _colours(look, view, rows, first, keys)
    lost = int((~valid).sum())
    said = f"left out {lost:,} of {len(rows):,} rows, which have no place there"
    return Points(
        look.speaking(py),
        view,
        times,
        tuple(keys),
        *(px, py, pr),
        colours,
        _named(view, keys),
        rows[view.x].kind,
        rows[view.x].zone,
        legend,
        colour_ramp,
        (said,) * bool(lost),
    )


def _numbers(column: Column) -> Floats:
    return days(column.values) if column.kind == "time" else column.values.astype(float)


def _keys(view: View, rows: Table, *, is_unique: bool) -> list[str]:
    """Return what each row's point is called."""
    texts = rows[view.group].texts if view.group else []
    if view.group and (is_unique or len(set(texts)) == len(texts)):
        return [text or "" for text in texts]
    return [f"{i}" for i in range(len(rows))]


def _bridged(values: Floats, times: Floats) -> Floats:
    """Return values (T, N) with what is missing between two times in between."""
    found = values.copy()
    for own in found.T:
        known = np.flatnonzero(np.isfinite(own))
        if len(known) > 1:
            inside = slice(known[0], known[-1] + 1)
            own[inside] = np.interp(times[inside], times[known], own[known])
    return found


def _radii(look: Look, view: View, sizes: Floats, count: int) -> Floats:
    """Return radii in pixels: areas say the sizes."""
    u = look.unit
    if not view.size:
        plain = next((r for most, r, _ in _PLAIN if count <= most), _LEAST)
        return np.asarray(np.where(np.isfinite(sizes), plain * u, np.nan))
    if np.nanmin(sizes) < 0:
        raise SpecError(
            f"{view.size!r:.40} has values below 0, which an area cannot show: name"
            " a different column as size"
        )
    most = max(float(np.nanmax(sizes)), 1e-12)
    return np.asarray(np.maximum(_LEAST, _LARGEST * np.sqrt(sizes / most)) * u)


def _colours(
    look: Look,
    view: View,
    rows: Table,
    first: NDArray[np.int64],
    keys: Sequence[str],
) -> tuple[Floats, tuple[LegendEntry, ...], Ramp | None]:
    """Return the colour of each point, and what the colours say."""
    count = len(keys)
    alpha = next((a for most, _, a in _PLAIN if count <= most), 0.4)
    alpha = min(alpha, 0.8) if view.size else alpha
    texts = rows[view.group].texts if view.group else []
    groups = [texts[i] or "" for i in first] if texts else [""] * count
    column = rows[view.colour] if view.colour else None
    if column is not None and column.kind != "text":
        values = _numbers(column)[first]
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
        share = (values - low) / ((high - low) or 1)
        own = np.asarray(colours_of(look.theme.ramp)(share))
        for i in [i for i, group in enumerate(groups) if group in look.own]:
            own[i, :3] = look.own[groups[i]]
        own[:, 3] = max(alpha, _SAYING)
        says = look.speaking(values).says
        return own, (), Ramp(look.theme.ramp, says(low), says(high))
    texts = column.texts if column is not None else []
    names = [texts[i] or "" for i in first] if texts else [""] * count
    found = np.empty((count, 4))
    lit = view.highlight
    for i, (key, name, group) in enumerate(zip(keys, names, groups, strict=True)):
        is_dim = bool(lit) and not {key, name} & set(lit)
        ink = to_rgb(look.theme.dim) if is_dim else look.colour(name, group)
        found[i] = (*ink, alpha)
    legend = entries(look, column.categories) if column is not None else ()
    return found, legend if len(legend) > 1 else (), None


def _named(view: View, keys: Sequence[str]) -> tuple[int, ...]:
    """Return which points are named: those that stand out, or all if they are few."""
    if not view.group or view.has_values is False:
        return ()
    lit = [i for i, key in enumerate(keys) if key in view.highlight]
    if lit:
        return tuple(lit)
    return tuple(range(len(keys))) if len(keys) <= _NAMED else ()
