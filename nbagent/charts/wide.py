"""A table whose columns are years, or the words of a pivot, as one that has a row for each.

A chart goes along a column. Where times stand as the names of columns (2019, 2020, 2021),
there is none to go along: so those become one column of times and one of values. Columns
that merely measure different things stay as they are.
"""

from __future__ import annotations

import calendar
import re
from typing import Any, Final

import numpy as np

from nbagent.charts.columns import is_time
from nbagent.charts.rows import SERIES, VALUE
from nbagent.charts.table import Column, Table, text_column

_FEWEST: Final = 3  # columns that are a series, and no accident
_YEAR: Final = re.compile(r"(?:1[5-9]|20|21)\d\d")
_QUARTER: Final = re.compile(r"(?:(?:19|20)\d\d[ -]?)?Q[1-4](?:[ -]?(?:19|20)\d\d)?")
_DATE: Final = re.compile(r"(?:1[5-9]|20|21)\d\d-\d\d(?:-\d\d)?")
_MONTHS: Final = tuple(
    {name.casefold() for name in names[1:]}
    for names in (calendar.month_name, calendar.month_abbr)
)


def tidied(table: Table, value: object, called: str) -> Table | None:
    """Return a wide table as a long one; None if it is none, or is long already.

    Args:
        table: As it was read.
        value: What it was read from: a pivot of pandas says what its columns are.
        called: What the column of values is called, if no other is.
    """
    numbers = [one for one in table.columns if one.kind == "number"]
    if named := _pivoted(value):
        kind, columns = named
        numbers = [one for one in numbers if one.name in columns]
    else:
        kinds = {_kind(one.name) for one in numbers}
        if len(kinds) != 1 or "" in kinds:
            return None
        kind = kinds.pop()
    if len(numbers) < _FEWEST:
        return None
    others = [one for one in table.columns if one not in numbers]
    taken = {one.name for one in others}
    name = called if called and called not in taken else "value"
    if {kind, name} & taken or kind == name:
        return None
    return _long(others, numbers, _key(kind, [one.name for one in numbers]), name)


def lengthened(table: Table, called: str, times: set[str]) -> Table | None:
    """Return a table whose columns of values are its series as one with a row for each.

    None if it has words of its own, which tell its rows apart, or one such column.

    Args:
        table: As it was read, with columns of times.
        called: What the column of values is called.
        times: Columns that are gone through, whatever they look like.
    """
    numbers = [
        one
        for one in table.columns
        if one.kind == "number" and not (is_time(one) or one.name in times)
    ]
    others = [one for one in table.columns if one not in numbers]
    if len(numbers) < len("ab") or any(one.kind == "text" for one in others):
        return None
    names = [one.name for one in numbers]
    return _long(others, numbers, text_column(SERIES, names, names), called or VALUE)


def _long(others: list[Column], numbers: list[Column], key: Column, name: str) -> Table:
    """Return columns of numbers as one, with the key of each beside it."""
    rows, many = len(numbers[0].values), len(numbers)
    at = np.repeat(np.arange(rows), many)
    return Table(
        (
            *(one.taken(at) for one in others),
            key.taken(np.tile(np.arange(many), rows)),
            Column(
                name, "number", np.stack([one.values for one in numbers], 1).ravel()
            ),
        )
    )


def _pivoted(value: Any) -> tuple[str, frozenset[str]] | None:
    """Return what a pivot calls its columns, and which they are."""
    columns = getattr(value, "columns", None)
    name = getattr(columns, "name", None)
    if columns is None or name is None or getattr(columns, "nlevels", 1) > 1:
        return None
    return str(name), frozenset(map(str, columns))


def _kind(name: str) -> str:
    """Return what a name of a column is: a year, a quarter, a month or a date, if one."""
    if _YEAR.fullmatch(name):
        return "year"
    if _QUARTER.fullmatch(name):
        return "quarter"
    if any(name.casefold() in known for known in _MONTHS):
        return "month"
    return "date" if _DATE.fullmatch(name) else ""


def _key(name: str, texts: list[str]) -> Column:
    """Return the names of columns as a column of their own."""
    if all(re.fullmatch(r"-?\d{1,9}", text) for text in texts):
        return Column(name, "number", np.array([int(text) for text in texts]))
    if all(_DATE.fullmatch(text) for text in texts):
        return Column(name, "time", np.array(texts, "datetime64[us]"))
    return text_column(name, texts, texts)
