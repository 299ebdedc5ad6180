"""From rows to cells: what is left of a table after filters, at each place of a view.

Rows of one place are put together as the view says; what has no number is left out, and
never taken for zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nbagent.charts.numbers import days, moments
from nbagent.charts.rows import OTHER, SERIES, VALUE, by_period, correlations, running
from nbagent.charts.scene import Floats
from nbagent.charts.table import Column, Table, offered, text_column
from nbagent.errors import SpecError
from nbagent.take.chart_view import Filter, View


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """The different values of a column, in order, and which of them each row has.

    Attributes:
        names: As they are said.
        values: As numbers: of times in days; of words their position.
        rows: The index of each row's value; -1 if it has none.
        kind: As the column's.
        zone: Of times.
    """

    names: tuple[str, ...]
    values: Floats
    rows: NDArray[np.int64]
    kind: str = "text"
    zone: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Values by time, series and place along x; NaN where there is none.

    Attributes:
        values: (T, G, X).
        low: (T, G, X), how far down they may be off; None if nobody says.
        high: The same, up.
        gaps: (T, G, X), where there is a row whose value is missing: lines part there.
        notes: What was put together, in words.
    """

    x: Places
    groups: Places
    times: Places
    values: Floats
    gaps: NDArray[np.bool_]
    low: Floats | None = None
    high: Floats | None = None
    notes: tuple[str, ...] = ()

    def taken(self, at: NDArray[np.int64]) -> Cells:
        """Return the cells of some places along x, in that order."""
        x = Places(
            tuple(self.x.names[i] for i in at),
            self.x.values[at],
            self.x.rows,
            self.x.kind,
            self.x.zone,
        )
        low, high = (None if v is None else v[..., at] for v in (self.low, self.high))
        return replace(
            self,
            x=x,
            values=self.values[..., at],
            gaps=self.gaps[..., at],
            low=low,
            high=high,
        )


def kept_rows(view: View, table: Table) -> Table:
    """Return the rows that pass the view's filters, in long form.

    Raises:
        SpecError: If none does.
    """
    passed = np.ones(len(table), bool)
    for one in view.keep:
        passed &= _passes(one, table[one.column])
    if not passed.any():
        said = ", ".join(
            f"{one.column} {one.test} {', '.join(map(str, one.values))}"
            for one in view.keep
        )
        raise SpecError(f"no row has {said:.120}: loosen the filter")
    rows = table if passed.all() else table.taken(np.flatnonzero(passed))
    if view.aggregate == "correlation":
        return correlations((view.y, *view.also), rows)
    if view.every:
        rows = by_period(rows, view.every, (view.x, view.time))
    return _melted(view, rows) if view.also else rows


def places(column: Column | None, rows: int) -> Places:
    """Return the different values of a column; one without a name if there is none."""
    if column is None:
        return Places(("",), np.zeros(1), np.zeros(rows, np.int64))
    known = column.known
    if column.kind == "text":
        names = column.categories
        index = {name: i for i, name in enumerate(names)}
        found = np.array([index.get(v, -1) for v in column.values], np.int64)
        return Places(tuple(names), np.arange(len(names), dtype=float), found)
    own, inverse = np.unique(column.values[known], return_inverse=True)
    found = np.full(len(column.values), -1, np.int64)
    found[known] = inverse
    if column.kind == "time":
        said = moments(own, column.zone)
        return Places(tuple(said), days(own), found, "time", column.zone)
    texts = tuple(f"{value:.15g}" for value in own)
    return Places(texts, own.astype(np.float64), found, "number")


def cells_of(view: View, table: Table) -> Cells:
    """Return the cells of a view.

    Raises:
        SpecError: If there is none with a number.
    """
    rows = kept_rows(view, table)
    long = rows_columns(view)
    x, groups, times = (
        places(rows[name] if name else None, len(rows))
        for name in (long.x, long.group, long.time)
    )
    counts = view.aggregate == "count"
    values = np.ones(len(rows)) if counts else rows[long.y].values.astype(float)
    placed = (x.rows >= 0) & (groups.rows >= 0) & (times.rows >= 0)
    valid = placed & np.isfinite(values)
    if not valid.any():
        raise SpecError(
            f"{long.y or 'the table'} has no numbers left to show: loosen the filter"
        )
    shape = (len(times.names), len(groups.names), len(x.names))
    index = (times.rows[placed], groups.rows[placed], x.rows[placed])
    everywhere = np.ravel_multi_index(index, shape)
    at = everywhere[valid[placed]]
    gaps = np.zeros(shape, bool)
    gaps.flat[everywhere] = True
    how = long.way
    number = np.bincount(at, minlength=int(np.prod(shape)))
    together = put_together(values[valid], at, number, how).reshape(shape)
    if how == "cumsum":
        together = running(together, axis=0 if long.time else 2)
    gaps &= np.isnan(together)
    notes = list(_says(how, number, is_told=bool(view.aggregate)))
    if lost := int((~valid).sum()):
        notes.append(
            f"left out {lost:,} of {len(rows):,} rows, which have no value there"
        )
    low, high = _errors(view, rows, valid, (at, number, shape), together)
    return Cells(x, groups, times, together, gaps, low, high, tuple(notes))


def rows_columns(view: View) -> View:
    """Return the view as it is of rows in long form."""
    if view.aggregate == "correlation":
        return View(mark=view.mark, x=SERIES, group=OTHER, y=VALUE)
    if not view.also:
        return view
    fields = {n: getattr(view, n) for n in ("x", "time", "mark", "aggregate")}
    return View(**fields, y=VALUE, group=SERIES)


def bridged(one: Cells) -> Cells:
    """Return cells with what is missing between two times put on the straight line."""
    at = one.times.values
    values = one.values.copy()
    for g in range(values.shape[1]):
        for x in range(values.shape[2]):
            own = values[:, g, x]
            known = np.isfinite(own)
            if 1 < known.sum() < len(own):
                first, last = np.flatnonzero(known)[[0, -1]]
                inside = slice(first, last + 1)
                own[inside] = np.interp(at[inside], at[known], own[known])
    return replace(one, values=values)


def put_together(
    values: Floats, at: NDArray[np.int64], number: NDArray[np.int64], how: str
) -> Floats:
    """Return one value for each cell of the rows in it; NaN where there are none."""
    cells = len(number)
    with np.errstate(invalid="ignore", divide="ignore"):
        if how in ("sum", "count", "cumsum"):
            total = np.bincount(at, values, cells)
            return np.where(number > 0, total, np.nan)
        if how == "mean":
            return np.asarray(np.bincount(at, values, cells) / number)
    found = np.full(cells, np.nan)
    if how == "median":
        order = np.lexsort((values, at))
        ends = np.cumsum(number)
        for cell in np.flatnonzero(number):
            own = values[order[ends[cell] - number[cell] : ends[cell]]]
            found[cell] = np.median(own)
        return found
    better = np.fmin if how == "min" else np.fmax
    better.at(found, at, values)
    return found


def _errors(
    view: View, rows: Table, valid: NDArray[np.bool_], cell: Any, values: Floats
) -> tuple[Floats | None, Floats | None]:
    """Return how far down and up values may be off; of two columns, the ends themselves."""
    if not view.error:
        return None, None
    at, number, shape = cell
    found = [
        put_together(
            rows[name].values.astype(float)[valid], at, number, "mean"
        ).reshape(shape)
        for name in view.error
    ]
    if len(found) == 1:
        return values - found[0], values + found[0]
    return found[0], found[1]


def _says(how: str, number: NDArray[np.int64], *, is_told: bool) -> Sequence[str]:
    """Say that several rows are shown as one."""
    most = int(number.max())
    if most <= 1 or is_told:
        return ()
    return (f"each value is the {how} of up to {most:,} rows",)


def _passes(one: Filter, column: Column) -> NDArray[np.bool_]:
    """Return which rows pass a filter."""
    if one.test in ("is", "not"):
        if column.kind == "number":
            wanted: list[Any] = [_number(one, value) for value in one.values]
            same = np.isin(column.values, wanted)
        else:
            said = {str(value) for value in one.values}
            texts = column.texts
            if column.kind == "time":
                same = np.array([_begins(text, said) for text in texts], bool)
            else:
                same = np.array([text in said for text in texts], bool)
            if lost := next((v for v in said if not _has(column, v)), None):
                raise SpecError(
                    f"{column.name!r:.40} has no {lost!r:.40}:"
                    f" {offered(lost, column.categories)}"
                )
        return same if one.test == "is" else ~same
    if column.kind == "text":
        raise SpecError(
            f"{column.name!r:.40} holds words, which cannot be over or under"
            f" {one.values[0]!r:.20}: use a column of numbers or dates"
        )
    limit = place_on(column.kind, one.values[0], column.name)
    own = days(column.values) if column.kind == "time" else column.values.astype(float)
    with np.errstate(invalid="ignore"):
        return _COMPARED[one.test](own, limit)


_COMPARED: Final[Mapping[str, Callable[[Any, float], NDArray[np.bool_]]]] = {
    "over": np.greater_equal,
    "under": np.less,
    "at most": np.less_equal,
}


def place_on(kind: str, value: float | str, called: str) -> float:
    """Return a number, or a date in days, where an axis of that kind has it.

    Raises:
        SpecError: If it is neither.
    """
    if kind == "time":
        try:
            return float(days(np.array([str(value)], "datetime64[us]"))[0])
        except ValueError as error:
            raise SpecError(
                f"{value!r:.30} is not a date in {called!r:.40}: write it like"
                " 2020-06-30"
            ) from error
    try:
        return float(value)
    except ValueError as error:
        raise SpecError(
            f"{value!r:.30} is not a number in {called!r:.40}: write it like 1200"
        ) from error


def index_of(x: Places, value: float | str, called: str) -> int:
    """Return which category a value of x is; a date is the period that it lies in.

    Raises:
        SpecError: If it is none.
    """
    said = value if isinstance(value, str) else f"{value:.15g}"
    if said in x.names:
        return x.names.index(said)
    if x.kind == "time":
        begun = x.values <= place_on("time", value, called)
        if begun.any():
            return int(np.where(begun, x.values, -np.inf).argmax())
    raise SpecError(f"{called!r:.40} has no {said!r:.40}: {offered(said, x.names)}")


def _number(one: Filter, value: float | str) -> float:
    return place_on("number", value, one.column)


def _has(column: Column, value: str) -> bool:
    return any(_begins(text, {value}) for text in column.texts)


def _begins(text: str | None, said: set[str]) -> bool:
    return text is not None and any(text.startswith(one) for one in said)


def _melted(view: View, table: Table) -> Table:
    """Return several columns of values as one, with a column that says which it was."""
    names = (view.y, *view.also)
    rest = [one for one in table.columns if one.name not in names]
    rows = np.tile(np.arange(len(table)), len(names))
    values = np.concatenate([table[name].values.astype(float) for name in names])
    said = [name for name in names for _ in range(len(table))]
    return Table(
        (
            *(one.taken(rows) for one in rest if one.name not in (VALUE, SERIES)),
            text_column(SERIES, said, names),
            Column(VALUE, "number", values),
        )
    )
