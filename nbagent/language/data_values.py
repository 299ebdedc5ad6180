"""Numbers, times and values of a table in a few words of a turn."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from nbagent.charts.columns import is_time
from nbagent.charts.names import fold, near, same, words
from nbagent.charts.table import Column, Table
from nbagent.language.clauses import codes
from nbagent.language.data_words import Clause, items_of
from nbagent.language.found import Found, find

_DAYS: Final = 31
_SHORT: Final = 3  # letters of a month
_YEARS: Final = (1000, 2300)
# As tables and people abbreviate them: "1.5k", "20m", "3 bn".
_DIGITS: Final = "0123456789"
_BETWEEN: Final = ",. \u00a0"
_TIMES: Final = {"k": 1e3, "m": 1e6, "mio": 1e6, "bn": 1e9, "b": 1e9}


def number(said: str) -> float | None:
    """Return the number that some words are.

    >>> number("top five"), number("1.5k"), number("50 million"), number("120,000")
    (5.0, 1500.0, 50000000.0, 120000.0)
    """
    if digits := _digits(said):
        end = said.index(digits) + len(digits)
        behind = said[end:].split() or [""]
        word = "".join(itertools.takewhile(str.isalpha, behind[0].casefold()))
        more = [one.value for one in find(said[end:]) if one.kind == "number"]
        times = more[0] if more and more[0] >= _TIMES["k"] else _TIMES.get(word, 1.0)
        return float(_plain(digits)) * times
    own = [float(one.value) for one in find(said) if one.kind in ("number", "duration")]
    if len(own) > 1 and own[1] >= _TIMES["k"]:
        return own[0] * own[1]
    return own[0] if own else None


def number_in(column: str, said: str) -> float | None:
    """Return a number as a column has it whose name says how many it counts in.

    >>> number_in("pax_millions", "30 million"), number_in("Units (k)", "5k")
    (30.0, 5.0)
    """
    whole, plain = number(said), _digits(said)
    if not plain or not whole or whole == float(_plain(plain)):
        return whole
    times = whole / float(_plain(plain))
    counts = (_TIMES.get(one) or number(f"1 {one}") for one in _letters(column))
    return float(_plain(plain)) if times in counts else whole


def _letters(name: str) -> list[str]:
    """Return the words of a column's name."""
    apart = "".join(c if c.isalpha() else " " for c in name)
    return apart.casefold().split()


def is_plain(said: str) -> bool:
    """Return whether words are a number and no more, in digits or not.

    >>> is_plain("1,000"), is_plain("5s"), is_plain("twenty")
    (True, False, True)
    """
    if not any(char in _DIGITS for char in said):
        return number(said) is not None
    return not any(map(str.isalpha, said))


def _digits(said: str) -> str:
    """Return the first number that is written in digits, with its signs."""
    start = next((i for i, char in enumerate(said) if char in _DIGITS), None)
    if start is None:
        return ""
    end = start + 1
    while end < len(said):
        is_sign = said[end] in _BETWEEN and _goes_on(said, end)
        if not (is_sign or said[end] in _DIGITS):
            break
        end += 1
    return said[start:end]


def _goes_on(said: str, sign: int) -> bool:
    """Return whether a number goes on behind a sign; a space stands between thousands."""
    behind = "".join(itertools.takewhile(_DIGITS.__contains__, said[sign + 1 :]))
    return bool(behind) and (not said[sign].isspace() or len(behind) == len("000"))


def _plain(digits: str) -> str:
    """Return digits without the signs between thousands."""
    last = max(digits.rfind(","), digits.rfind("."))
    is_point = last >= 0 and len(digits) - last != len(",000")
    whole = digits[:last] if is_point else digits
    whole = "".join(c for c in whole if c.isdigit())
    return f"{whole}.{digits[last + 1 :]}" if is_point else whole


def seconds(said: str) -> float | None:
    """Return the length that some words are, in seconds."""
    own = [float(one.value) for one in find(said) if one.kind == "duration"]
    return own[0] if own else number(said)


def shapes(text: str) -> list[Found]:
    """Return shapes of a frame, those that are written in numbers first.

    >>> [one.value for one in shapes("vertical, or wide 16:9.")]
    ['16:9', '9:16']
    """
    found = [one for one in find(text) if one.kind == "ratio"]
    at = 0
    for word in text.split():  # "wide 16" is a width, but not before ":9"
        at = text.index(word, at)
        own = find(word.strip(".,;()")) if ":" in word else ()
        start = at + len(word) - len(word.lstrip("("))
        found += [
            replace(one, start=start + one.start, end=start + one.end)
            for one in own
            if one.kind == "ratio"
        ]
        at += len(word)
    return sorted(found, key=lambda one: not text[one.start].isdigit())


def colours(said: str) -> list[str]:
    """Return the colours that some words are; words that are none as they are."""
    coded = [str(one.value) for one in codes(said)]
    return (
        coded
        or [str(one.value) for one in find(said) if one.kind == "colour"]
        or [said]
    )


def named_in(text: str, start: int, end: int, table: Table) -> list[tuple[str, str]]:
    """Return the values, with their columns, that a turn names from a place to another."""
    items = [one for one in items_of(text, table) if one.role == "value"]
    return [one.value for one in items if one.start < end and one.end > start]


def value(said: str, table: Table) -> tuple[str, str] | None:
    """Return the column and the value of it that some words are; None if they are none."""
    for column in table.columns:
        if column.kind == "text":
            known = words(column)
            if found := same(said, known) or near(said, known) or _month(said, known):
                return column.name, found
    return None


def _month(said: str, known: Sequence[str]) -> str:
    """Return the word for the month that words name, one short for the other."""
    if not Clause(items_of(said, None)).of("month"):
        return ""
    own = fold(said)
    found = [
        one
        for one in known
        if len(one) >= _SHORT
        and (own.startswith(fold(one)) or fold(one).startswith(own))
    ]
    return found[0] if len(found) == 1 else ""


def places(said: str, table: Table | None, along: str) -> tuple[str, str] | None:
    """Return from where to where along a column some words reach, as a zoom has it.

    Args:
        said: "June", "2019", "march 2020".
        table: What is shown.
        along: The column; empty is the table's times.
    """
    clause = Clause(items_of(said, table))
    column = _along(table, along)
    is_dated = column is not None and column.kind == "time"
    dates = [str(date) for date in clause.values("date")]
    if dates:
        return dates[0], last_day(dates[-1])
    months = [int(month) for month in clause.values("month")]
    numbers = [float(n) for n in clause.values("number")]
    years = [int(n) for n in numbers if _YEARS[0] <= n <= _YEARS[1]]
    if is_dated and column is not None and months:
        own = years or [_year(column, months[-1])]
        first, last = (f"{own[i]:04}-{months[i]:02}" for i in (0, -1))
        days = [int(n) for n in numbers if n not in own and 1 <= n <= _DAYS]
        if days and len(months) == 1:  # "4 January"
            return f"{first}-{days[0]:02}", f"{last}-{days[-1]:02}"
        return first, last_day(last)
    if is_dated and years:
        return f"{years[0]:04}", f"{years[-1]:04}-12-31"
    if numbers:
        return f"{numbers[0]:.15g}", f"{numbers[-1]:.15g}"
    return None


def _along(table: Table | None, named: str) -> Column | None:
    if table is None:
        return None
    own = [one for one in table.columns if one.name == named]
    return next(iter((*own, *filter(is_time, table.columns))), None)


def _year(column: Column, month: int) -> int:
    """Return the last year of a column that has a month."""
    known = column.values[column.known]
    years = known.astype("datetime64[Y]").astype(int) + 1970
    months = known.astype("datetime64[M]").astype(int) % 12 + 1
    having = years[months == month]
    return int((having if len(having) else years).max())


def last_day(date: str) -> str:
    """Return the last day of a month that is named, or the day itself."""
    if date.count("-") > 1:
        return date
    after = np.datetime64(date, "M") + np.timedelta64(1, "M")
    return str(after.astype("datetime64[D]") - np.timedelta64(1, "D"))


def unquoted(said: str) -> str:
    """Return words without the quotes around them."""
    return said.strip().strip("\"'“”„«»「」『』‘’")
