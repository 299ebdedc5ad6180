"""Which part of its data's times a turn is about: "the last five years", "from May on"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Any, Final, Literal, get_args

import numpy as np

from nbagent.charts.columns import is_time
from nbagent.charts.names import words
from nbagent.charts.rows import begun_at
from nbagent.charts.table import Column, Table
from nbagent.language import data_values as values
from nbagent.language.chart import Chart as Words
from nbagent.language.chart import listed
from nbagent.language.data_scores import Heard, Run
from nbagent.language.guess import language
from nbagent.take.chart_view import Period

_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}
_DAYS: Final = {"day": 0, "week": 6}


@dataclass(frozen=True, slots=True)
class Recent:
    """So many periods at an end of the data's times: "the last five years".

    Attributes:
        start: Where the words begin.
        end: Where they end.
        side: Which end.
        count: How many.
        period: Of which length.
    """

    start: int
    end: int
    side: Literal["first", "last"]
    count: int
    period: Period

    def act(self, table: Table, along: Sequence[str | None]) -> dict[str, Any] | None:
        """Return it as an act; None if a table has no times.

        Args:
            table: What is shown.
            along: The columns along x and through which it goes, likeliest first.
        """
        own = [table[one] for one in along if one in table.names]
        for column in filter(is_time, (*own, *table.columns)):
            start, end = self._within(column)
            if column.kind == "number" and column.name not in along:
                return _only(column, float(start), float(end))
            return {"act": "zoom", "start": start, "end": end}
        return None

    def cut_out(self, heard: Heard) -> Heard:
        """Return a turn without these words."""
        runs = (r for r in heard.runs if r.end <= self.start or r.start >= self.end)
        return replace(heard, runs=tuple(runs))

    def _within(self, column: Column) -> tuple[str, str]:
        """Return the first and the last of a column's times that these are."""
        known = column.values[column.known]
        is_dated = column.kind == "time"
        times = np.unique(begun_at(known, self.period) if is_dated else known)
        times = times[-self.count :] if self.side == "last" else times[: self.count]
        if is_dated:
            return first_day(times[0]), last_of(times[-1], self.period)
        return f"{times[0]:.15g}", f"{times[-1]:.15g}"


def recent(text: str) -> Recent | None:
    """Return the periods at an end of the data's times that a turn speaks of.

    >>> own = recent("nur die letzten drei Jahre")
    >>> own.side, own.count, own.period
    ('last', 3, 'year')
    """
    said = Words.of(text, language(text))
    for begin, match in listed(text, "data_more"):
        if match.value not in ("first", "last"):
            continue
        end, count = match.end, 1.0  # "the last year"
        if number := said.numbers.get(end):
            end, count = number.end, number.value
        for at, before in said.numbers.items():  # "les cinq dernières années"
            if before.end == begin and end == match.end:
                begin, count = at, before.value
        span = said.get(end, "data_spans")
        if span is None or count < 1 or count % 1:
            continue
        start, last = said.tokens[begin].start, said.tokens[span.end - 1].end
        side: Literal["first", "last"] = "first" if match.value == "first" else "last"
        return Recent(start, last, side, int(count), _period(span.value))
    return None


def between(starts: str, ends: str, table: Table, along: str) -> dict[str, Any] | None:
    """Return which rows lie between two times, where words stand along x.

    Args:
        starts: What is said of the first of them; empty if nothing is.
        ends: And of the last.
        table: What is shown.
        along: The column along x; empty if that is not known.
    """
    if along and table[along].kind != "text":
        return None
    own = [values.value(one, table) if one else None for one in (starts, ends)]
    columns = {one[0] for one in own if one}
    if columns == {along} or (len(columns) == 1 and not along):
        first, last = (one[1] if one else "" for one in own)
        return {"act": "zoom", "start": first, "end": last}
    if not along:
        return None
    low, high = values.number(starts), values.number(ends)
    for column in filter(is_time, table.columns):
        if column.kind == "number" and (low, high) != (None, None):
            return _only(column, -inf if low is None else low, high or inf)
    return None


def is_onwards(heard: Heard, run: Run) -> bool:
    """Return whether a time is the first of those that follow: "from March on"."""
    said = Words.of(heard.text, language(heard.text))
    at = next((i for i, t in enumerate(said.tokens) if t.start >= run.end), 0)
    return bool(at) and said.get(at, "data_joints", "after") is not None


def _only(column: Column, low: float, high: float) -> dict[str, Any]:
    own = [one for one in words(column) if low <= float(one) <= high]
    return {"act": "only", "column": column.name, "values": own}


# Periods


def period_in(said: str) -> Period:
    """Return the period that some words name: "the wettest month"."""
    return next((_period(one.value) for _, one in listed(said, "data_spans")), "")


def is_finer(column: Column, period: Period) -> bool:
    """Return whether several of a column's dates lie in some period."""
    if column.kind != "time" or not period:
        return False
    known = column.values[column.known]
    return len(np.unique(begun_at(known, period))) < len(np.unique(known))


def first_day(begun: np.generic) -> str:
    """Return the day on which a period begins."""
    return str(begun.astype("datetime64[D]"))


def last_of(begun: np.generic, period: Period) -> str:
    """Return the last day of a period that begins on a day."""
    if period in _DAYS:
        return str(begun.astype("datetime64[D]") + np.timedelta64(_DAYS[period], "D"))
    last = begun.astype("datetime64[M]") + np.timedelta64(_MONTHS[period] - 1, "M")
    return values.last_day(str(last))


def _period(said: str) -> Period:
    known: tuple[Period, ...] = get_args(Period)
    return known[known.index(said)]
