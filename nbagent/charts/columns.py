"""Which columns a view shows: those that it names, and for the rest the likely ones.

A table's own column of times is found; nothing that was named is ever replaced.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from nbagent.charts.table import Column, Table
from nbagent.errors import SpecError
from nbagent.take.chart import TIMED, Chart
from nbagent.take.chart_view import View

_FEW: Final = 12  # different words that may be series of a line, unless named
_YEARS: Final = (1000, 2300)
_MEASURED: Final = ("histogram", "box", "violin", "point")


def settled(chart: Chart, table: Table) -> Chart:
    """Return a chart whose first view names every column that it shows.

    Raises:
        SpecError: If a column is not there, is of a wrong kind, or cannot be found.
    """
    for view in chart.views:
        for name in view.columns.values():
            table[name]
    view = _settled(chart.view, table, is_timed=chart.entrance in TIMED)
    done = replace(chart, view=view)
    for one in done.views:
        _check(one, table)
    return done


def time_column(table: Table, *, but: frozenset[str] = frozenset()) -> str:
    """Return the column of times: of dates, else of whole numbers that are years."""
    for is_time in (_has_times, _has_years):
        for column in table.columns:
            if column.name not in but and is_time(column):
                return column.name
    return ""


def is_time(column: Column) -> bool:
    """Return whether a column has dates, or whole numbers that are years."""
    return _has_times(column) or _has_years(column)


def _settled(view: View, table: Table, *, is_timed: bool) -> View:
    """Return a view with the likely columns where it names none."""
    find = _Finder(view, table)
    if is_timed:
        find.needed_time()
    for field, choices in _likely(view, find, is_timed=is_timed):
        find(field, *choices)
    return replace(view, **find.found)


def _likely(view: View, find: _Finder, *, is_timed: bool) -> Sequence[_Need]:
    """Return what a mark needs, in order, and where that is likely to be."""
    words, numbers = find.first(_is_text), find.first(_is_number)
    measures = find.first(_is_measure)
    y: list[_Need] = [("y", (measures, numbers))]
    if view.aggregate == "count" and view.mark not in _MEASURED:
        y = []
    if view.aggregate == "correlation":
        return [] if view.also else [*y, ("also", (find.rest,))]
    if view.mark in ("line", "area"):
        x: _Need = ("x", (find.time, find.counted, words))
        return [x, *y] if view.also else [x, *y, ("group", (find.series,))]
    if view.mark == "point":
        own: list[_Need] = [("x", (measures, numbers)), *y]
        return [*own, ("group", (words,))] if is_timed else own
    if view.mark == "histogram":
        return [("y", (lambda: view.x, measures, numbers))]
    if view.mark in ("box", "violin"):
        return [("x", (words,)), *y]
    if view.mark == "counter":
        return y
    along: list[_Need] = [("x", (words,) if is_timed else (words, find.time)), *y]
    rows: _Need = ("group", (words, find.time, numbers))
    return [*along, rows] if view.mark == "heatmap" else along


_Choices = tuple[Callable[[], str | tuple[str, ...]], ...]
_Need = tuple[str, _Choices]


class _Finder:
    """Finds columns for what a view does not name, each for one thing."""

    def __init__(self, view: View, table: Table) -> None:
        self._view, self._table = view, table
        # A filter's column may be shown too.
        own = view.columns.items()
        self._named = {name for use, name in own if not use.startswith("filter")}
        self.found: dict[str, Any] = {}

    def __call__(
        self, field: str, *choices: Callable[[], str | tuple[str, ...]]
    ) -> None:
        """Take the first column that one of the choices finds, unless there is one."""
        if getattr(self._view, field):
            return
        if name := next((name for choose in choices if (name := choose())), ""):
            self.found[field] = name
            self._named |= {name} if isinstance(name, str) else {*name}

    def needed_time(self) -> None:
        """Take the column of times, without which nothing goes through them."""
        self("time", self.time)
        if not (self._view.time or self.found.get("time")):
            raise SpecError(
                "no column holds times to move through: name one, like"
                f" time={self._table.names[0]!r}"
            )

    def first(self, what: Callable[[Column], bool]) -> Callable[[], str]:
        """Return what finds the first column of a kind that is for nothing yet."""

        def find() -> str:
            own = (one.name for one in self._table.columns if what(one))
            return next((name for name in own if name not in self._named), "")

        return find

    def rest(self) -> tuple[str, ...]:
        """Return all columns of measured numbers that are for nothing yet."""
        own = (one.name for one in self._table.columns if _is_measure(one))
        return tuple(name for name in own if name not in self._named)

    def time(self) -> str:
        """Return the column of times."""
        return time_column(self._table, but=frozenset(self._named))

    def counted(self) -> str:
        """Return a column of numbers that only rise, beside one of values: an axis."""
        own = [
            one
            for one in self._table.columns
            if _is_number(one) and one.name not in self._named
        ]
        is_axis = len(own) > 1 and bool(np.all(np.diff(own[0].values) > 0))
        return own[0].name if is_axis else ""

    def series(self) -> str:
        """Return a column of a few words that tells apart rows of one x."""
        x = self._view.x or self.found.get("x", "")
        if not x or self._table[x].count == len(self._table):
            return ""
        is_few = self.first(
            lambda one: _is_text(one) and 1 < len(one.categories) <= _FEW
        )
        return is_few()


def _check(view: View, table: Table) -> None:
    """Refuse a view whose columns are of a wrong kind."""
    is_paired = view.aggregate == "correlation"
    needs_x = view.mark not in ("histogram", "counter", "box", "violin")
    needs_x &= not is_paired
    if needs_x and not view.x:
        raise SpecError(
            f"no column can stand along x of a {view.mark}: name one, like"
            f" x={table.names[0]!r}"
        )
    if view.mark == "heatmap" and not (view.group or is_paired):
        raise SpecError(
            "a heat map needs a column for its rows: name it as group, like"
            f" group={table.names[0]!r}"
        )
    counts = view.aggregate == "count" and view.mark not in _MEASURED
    if not view.y and not counts:
        raise SpecError(
            "no column has numbers to show: turn one into numbers, or count rows with"
            " aggregate='count'"
        )
    wanted = {"y": view.y, "size": view.size}
    if view.mark == "point":
        wanted["x"] = view.x
    wanted |= {f"also {i}": name for i, name in enumerate(view.also)}
    wanted |= {f"error {i}": name for i, name in enumerate(view.error)}
    for what, name in wanted.items():
        is_count = what == "y" and counts
        if name and not is_count:
            _check_numbers(what.split()[0], table[name])


def _check_numbers(what: str, column: Column) -> None:
    if column.kind == "time" and what == "x":
        return
    if column.kind != "number":
        sample = next((text for text in column.texts if text is not None), "")
        raise SpecError(
            f"{what} is {column.name!r:.40}, which holds"
            f" {'words' if column.kind == 'text' else 'dates'} like {sample!r:.30},"
            " not numbers: convert it, or name a different column"
        )
    if not column.known.any():
        raise SpecError(
            f"{column.name!r:.40} has no numbers, as all {len(column.values)} are"
            " missing: name a different column"
        )


def _is_text(column: Column) -> bool:
    return column.kind == "text" and bool(column.known.any())


def _is_number(column: Column) -> bool:
    return column.kind == "number" and bool(column.known.any())


def _is_measure(column: Column) -> bool:
    return _is_number(column) and not _has_years(column)


def _has_times(column: Column) -> bool:
    return column.kind == "time" and bool(column.known.any())


def _has_years(column: Column) -> bool:
    """Whether a column has whole numbers alone that are years of our times."""
    if column.kind != "number" or column.values.dtype.kind != "i":
        return False
    low, high = column.values.min(), column.values.max()
    return bool(_YEARS[0] <= low < high <= _YEARS[1])
