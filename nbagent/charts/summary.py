"""Large tables summed up before they are kept: a clip shows places, not a million rows.

What is shown of the summary is what would be shown of all rows; where it is not, as with
quantiles in place of values, the note says so.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nbagent.charts.cells import places, put_together
from nbagent.charts.columns import settled
from nbagent.charts.points import MAX_POINTS
from nbagent.charts.rows import OTHER, SERIES, VALUE, by_period, correlations
from nbagent.charts.spreads import edges_of
from nbagent.charts.table import Column, Table, text_column
from nbagent.errors import SpecError
from nbagent.take.chart import Chart, Step
from nbagent.take.chart_view import View

MAX_ROWS: Final = 100_000
"""Of a table that is kept as it is."""
ROWS: Final = "rows"
"""What the column of counts is called."""

_GRID: Final = (160, 90)  # cells of many points
_QUANTILES: Final = 1001  # of many values; quartiles are among them
_PARTS: Final = 8  # in which a bin falls, so that bins fill side by side
_SPREADS: Final = ("histogram", "box", "violin")
_AGAIN: Final = ("sum", "cumsum", "min", "max")  # of parts that are those of the whole


def kept(chart: Chart, table: Table) -> tuple[Chart, Table, tuple[str, ...]]:
    """Return a chart and its table as they are kept, and what was summed up, in words.

    Raises:
        SpecError: If the table is too large to be kept, and cannot be summed up.
    """
    if len(table) <= MAX_ROWS:
        return chart, table, ()
    chart = settled(chart, table)
    view, mark = chart.view, chart.view.mark
    if view.aggregate == "correlation":
        return _pairs(chart, table)
    if view.every:
        table = by_period(table, view.every, (view.x, view.time))
    if any((one.mark in _SPREADS or one.mark == "point") for one in chart.views[1:]):
        if len({one.mark for one in chart.views}) > 1:
            raise _too_large(table, "its views show values in different ways")
    if mark == "histogram":
        return _bins(chart, table)
    if mark in ("box", "violin"):
        return _quantiles(chart, table)
    if mark == "point":
        return _grid(chart, table)
    return _cells(chart, table)


def _pairs(chart: Chart, table: Table) -> tuple[Chart, Table, tuple[str, ...]]:
    """Return the correlations themselves, a row for each two columns."""
    if _differ(chart.views):
        raise _too_large(table, "its correlations are not the same in all views")
    found = correlations((chart.view.y, *chart.view.also), table)
    named = {"x": SERIES, "group": OTHER, "y": VALUE, "also": ()}
    note = f"correlates {len(table):,} rows"
    return _changed(chart, **named, aggregate="mean"), found, (note,)


def _cells(chart: Chart, table: Table) -> tuple[Chart, Table, tuple[str, ...]]:
    """Return one row for each place that any view shows."""
    names = list(dict.fromkeys(n for v in chart.views for n in _told(v)))
    ways = {view.way for view in chart.views}
    if len(ways) > 1 or (ways - set(_AGAIN) - {"count"} and _differ(chart.views)):
        raise _too_large(
            table, f"its {' and '.join(sorted(ways))} cannot be put together"
        )
    (way,) = ways
    counted = chart.view.aggregate == "count"
    measures = list(
        dict.fromkeys(
            name
            for view in chart.views
            for name in (view.y, *view.also, *view.error)
            if name and not counted
        )
    )
    dims = [places(table[name], len(table)) for name in names]
    shape = [len(one.names) for one in dims] or [1]
    valid = np.all([one.rows >= 0 for one in dims] or [np.ones(len(table), bool)], 0)
    total = int(np.prod(shape))
    if total > 50 * MAX_ROWS:
        raise _too_large(table, f"it has {total:,} different places")
    rows = [one.rows[valid] for one in dims] or [np.zeros(int(valid.sum()), np.int64)]
    at = np.ravel_multi_index(rows, shape)
    number = np.bincount(at, minlength=total)
    there = np.flatnonzero(number)
    columns = [
        _picked(table[name], one.rows, np.unravel_index(there, shape)[i])
        for i, (name, one) in enumerate(zip(names, dims, strict=True))
    ]
    if counted:
        columns.append(Column(ROWS, "number", number[there].astype(np.int64)))
    for name in measures:
        own = table[name].values.astype(float)[valid]
        known = np.isfinite(own)
        own_number = np.bincount(at[known], minlength=total)
        found = put_together(own[known], at[known], own_number, way)
        columns.append(Column(name, "number", found[there]))
    found_table = Table(tuple(columns))
    if len(found_table) > MAX_ROWS:
        raise _too_large(table, f"it has {len(found_table):,} different places")
    if counted:
        chart = _changed(chart, y=ROWS, aggregate="sum")
    note = f"sums up {len(table):,} rows as {len(found_table):,} places"
    return chart, found_table, (note,)


def _told(view: View) -> list[str]:
    """Return the columns that tell the places of a view apart."""
    names = [view.x, view.group, view.colour, view.time, view.facet]
    return [name for name in (*names, *(one.column for one in view.keep)) if name]


def _differ(views: tuple[View, ...]) -> bool:
    """Whether views put different rows together, or filter them."""
    return len({tuple(_told(view)) for view in views}) > 1 or any(v.keep for v in views)


def _picked(column: Column, rows: NDArray[np.int64], at: NDArray[np.int64]) -> Column:
    """Return the value of a column at each of some of its places."""
    first = np.zeros(int(rows.max()) + 1, np.int64)
    known = np.flatnonzero(rows >= 0)[::-1]
    first[rows[known]] = known
    return column.taken(first[at])


def _bins(chart: Chart, table: Table) -> tuple[Chart, Table, tuple[str, ...]]:
    """Return how many rows fall into each bin, in parts that fall one after the other."""
    view = chart.view
    if (
        view.size
        or view.facet
        or _differ(chart.views)
        or chart.views[-1].bins != view.bins
    ):
        raise _too_large(table, "its bins are not the same in all views")
    values = table[view.y].values.astype(float)
    groups = places(table[view.group] if view.group else None, len(table))
    valid = np.isfinite(values) & (groups.rows >= 0)
    values = values[valid]
    low, high = float(values.min()), float(values.max())
    count = view.bins or len(edges_of(view, values)) - 1
    edges = np.linspace(low, high, count + 1)
    middles = (edges[:-1] + edges[1:]) / 2
    found = [(low, 0.0, groups.names[0]), (high, 0.0, groups.names[0])]
    for _ in range(_PARTS):
        for g, name in enumerate(groups.names):
            own = values[groups.rows[valid] == g]
            counts = np.histogram(own, edges)[0] / _PARTS
            found += [
                (float(m), float(c), name) for m, c in zip(middles, counts, strict=True)
            ]
    columns = [
        Column(view.y, "number", np.array([row[0] for row in found])),
        Column(ROWS, "number", np.array([row[1] for row in found])),
    ]
    if view.group:
        columns.append(text_column(view.group, [row[2] for row in found], groups.names))
    note = f"counts {len(table):,} rows in {count} bins"
    return _changed(chart, bins=count, size=ROWS), Table(tuple(columns)), (note,)


def _quantiles(chart: Chart, table: Table) -> tuple[Chart, Table, tuple[str, ...]]:
    """Return quantiles of each category, quartiles and ends among them."""
    view = chart.view
    if view.facet or _differ(chart.views):
        raise _too_large(table, "its values are not the same in all views")
    values = table[view.y].values.astype(float)
    x = places(table[view.x] if view.x else None, len(table))
    known = np.isfinite(values)
    texts: list[str | None] = []
    found = []
    for i, name in enumerate(x.names):
        own = values[known & (x.rows == i)]
        if len(own) > _QUANTILES:
            own = np.quantile(own, np.linspace(0, 1, _QUANTILES))
        found.append(own)
        texts += [name] * len(own)
    columns = [Column(view.y, "number", np.concatenate(found))]
    if view.x:
        columns.append(text_column(view.x, texts, x.names))
    note = f"shows {len(table):,} rows as {_QUANTILES} quantiles of each category"
    return chart, Table(tuple(columns)), (note,)


def _grid(chart: Chart, table: Table) -> tuple[Chart, Table, tuple[str, ...]]:
    """Return the middle of the points in each cell of a grid, and how many they are."""
    view = chart.view
    told = (view.size, view.colour, view.group, view.time, view.facet, view.has_trend)
    if any(told) or view.log or view.log_x or _differ(chart.views):
        raise SpecError(
            f"{len(table):,} points are too many, as {MAX_POINTS:,} can be told"
            " apart: filter them, or leave out size, colour, group and the fitted"
            " line"
        )
    if table[view.x].kind != "number":
        raise _too_large(table, "points over time cannot be summed up")
    x, y = (table[name].values.astype(float) for name in (view.x, view.y))
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    at = [
        np.minimum((n * (own - own.min()) / (np.ptp(own) or 1)).astype(np.int64), n - 1)
        for n, own in zip(_GRID, (x, y), strict=True)
    ]
    cell = np.ravel_multi_index(at, _GRID)
    number = np.bincount(cell, minlength=_GRID[0] * _GRID[1])
    there = np.flatnonzero(number)
    middles = [
        np.bincount(cell, own, len(number))[there] / number[there] for own in (x, y)
    ]
    columns = (
        Column(view.x, "number", middles[0]),
        Column(view.y, "number", middles[1]),
        Column(ROWS, "number", number[there].astype(np.int64)),
    )
    note = f"shows {len(table):,} rows as {len(there):,} points, coloured by how many"
    return _changed(chart, colour=ROWS), Table(columns), (note,)


def _changed(chart: Chart, **fields: object) -> Chart:
    """Return a chart with some fields of all its views changed."""
    view = replace(chart.view, **fields)  # type: ignore[arg-type]  # a view's own fields
    steps = tuple(
        Step(
            change={k: v for k, v in step.change.items() if k not in fields}
            or {"log": view.log},
            seconds=step.seconds,
            pause_s=step.pause_s,
            ease=step.ease,
        )
        for step in chart.steps
    )
    return replace(chart, view=view, steps=steps)


def _too_large(table: Table, why: str) -> SpecError:
    return SpecError(
        f"the table has {len(table):,} rows, a clip keeps up to {MAX_ROWS:,}, and"
        f" {why}: sum it up first"
    )
