"""Rows that are made of rows: by periods of their dates, running totals, correlations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nbagent.charts.table import Column, Table, text_column
from nbagent.errors import SpecError
from nbagent.take.chart_view import Period

VALUE: Final = "value"
SERIES: Final = "series"
"""What the columns are called that several columns of values become."""
OTHER: Final = "with"
"""What the column is called that says with what a column is correlated."""

_UNITS: Final = {"day": "D", "month": "M", "year": "Y"}
_WEEK: Final = 7  # days
_MONDAY: Final = 3  # days from a Monday to the first of January 1970
_QUARTER: Final = 3  # months


def by_period(table: Table, every: Period, names: Sequence[str]) -> Table:
    """Return rows whose dates are the beginning of their day, week, month, ...

    Args:
        table: The rows.
        every: The period; a week begins on Monday.
        names: The columns that are put together so, if they have dates.
    """
    dated = [one for one in names if one and table[one].kind == "time"]
    if not dated:
        raise SpecError(
            f"nothing can be put together by {every}: it needs a column of dates, like"
            " x='date'"
        )
    return Table(
        tuple(
            replace(one, values=begun_at(one.values, every))
            if one.name in dated
            else one
            for one in table.columns
        )
    )


def begun_at(values: NDArray[np.generic], every: Period) -> NDArray[np.generic]:
    """Return the beginning of the period that each date is in."""
    if unit := _UNITS.get(every):
        begun = values.astype(f"datetime64[{unit}]")
    elif every == "week":
        days = values.astype("datetime64[D]")
        begun = days - (days.astype(np.int64) + _MONDAY) % _WEEK
    else:
        months = values.astype("datetime64[M]")
        begun = months - months.astype(np.int64) % _QUARTER
    begun[np.isnat(values)] = np.datetime64("NaT")
    return begun.astype(values.dtype)


def running(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Return running totals; before the first value there is none."""
    begun = np.maximum.accumulate(np.isfinite(values), axis)
    return np.where(begun, np.cumsum(np.nan_to_num(values), axis), np.nan)


def correlations(names: Sequence[str], table: Table) -> Table:
    """Return Pearson's r of each two columns, over the rows that have both, as rows.

    Raises:
        SpecError: If there is one column alone.
    """
    if len(names) < len("xy"):
        raise SpecError(
            "a correlation needs two columns of numbers or more, and only"
            f" {names[0]!r:.40} is shown: name others"
        )
    own = [table[name].values.astype(np.float64) for name in names]
    r = [[_correlation(one, other) for one in own] for other in own]
    across = [name for _ in names for name in names]
    down = [name for name in names for _ in names]
    return Table(
        (
            text_column(SERIES, across, names),
            text_column(OTHER, down, names),
            Column(VALUE, "number", np.ravel(r)),
        )
    )


def _correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    known = np.isfinite(one) & np.isfinite(other)
    x, y = (own[known] - own[known].mean() for own in (one, other))
    size = float(np.sqrt((x * x).sum() * (y * y).sum()))
    return float((x * y).sum()) / size if size else np.nan
