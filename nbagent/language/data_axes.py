"""Which of a chart's axes a turn gives its columns, and through which they go.

"Fertility horizontal, mortality vertical" says it in so many words, whichever way round
the columns were heard. What goes through times needs no dates: weeks, rounds and shifts
are steps that each place of a table has once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nbagent.charts.names import fold
from nbagent.charts.table import Column, Table
from nbagent.language.chart import Chart
from nbagent.language.data_scores import Heard, Run
from nbagent.language.guess import language

_STOPS = ",;.!?()、。，；！？"
_BETWEEN = 5  # characters: " by ", " für "
_FEWEST = 3  # steps that something goes through


@dataclass(frozen=True, slots=True)
class Spot:
    """Words for an axis: which one, and where they stand."""

    axis: str
    start: int
    end: int


def spots(text: str) -> list[Spot]:
    """Return the words for axes in a text, in order.

    >>> [one.axis for one in spots("price on the x-axis, age vertical")]
    ['x', 'y']
    """
    chart = Chart.of(text, language(text))
    found: list[Spot] = []
    for at, token in enumerate(chart.tokens):
        if found and token.start < found[-1].end:
            continue
        if not chart.is_inside(at) and (match := chart.get(at, "axis_words")):
            end = chart.tokens[match.end - 1].end
            found.append(Spot(match.value, token.start, end))
    return found


def laid(heard: Heard, is_number: Callable[[Run], bool]) -> Heard:
    """Return a turn whose columns have the axes that words beside them say.

    Args:
        heard: The turn.
        is_number: Whether a run is a column of numbers.
    """
    said = spots(heard.text)
    if {one.axis for one in said} != {"x", "y"}:
        return heard
    runs = [
        one for one in heard.runs if one.tag in ("x", "y", "color") and is_number(one)
    ]
    for beside in (_before, _behind):
        own = {one.axis: beside(one, said, runs, heard.text) for one in said}
        x, y = own["x"], own["y"]
        if x is not None and y is not None and x is not y:
            new = {id(x): replace(x, tag="x"), id(y): replace(y, tag="y")}
            return replace(heard, runs=tuple(new.get(id(r), r) for r in heard.runs))
    return heard


def _before(
    spot: Spot, said: Sequence[Spot], runs: Sequence[Run], text: str
) -> Run | None:
    own = [one for one in runs if one.end <= spot.start]
    return own[-1] if own and _meet(own[-1].end, spot.start, said, text) else None


def _behind(
    spot: Spot, said: Sequence[Spot], runs: Sequence[Run], text: str
) -> Run | None:
    own = [one for one in runs if one.start >= spot.end]
    return own[0] if own and _meet(spot.end, own[0].start, said, text) else None


def _meet(start: int, end: int, said: Sequence[Spot], text: str) -> bool:
    """Return whether nothing else is said from a place to another."""
    is_apart = any(start <= one.start and one.end <= end for one in said)
    return not is_apart and not any(char in _STOPS for char in text[start:end])


def repeated(runs: Sequence[Run]) -> Iterator[str]:
    """Yield words that are said twice in a row: "wk by wk"."""
    for i, one in enumerate(runs[:-1]):
        after = runs[i + 1]
        if fold(one.text) == fold(after.text) and after.start - one.end <= _BETWEEN:
            yield one.text


def is_steps(column: Column, table: Table) -> bool:
    """Return whether a column is a count of steps, of which each place has one.

    Weeks, rounds, hours of a day: whole numbers at equal distances, and some column of
    words tells apart the rows of each of them.
    """
    if column.kind != "number" or column.values.dtype.kind != "i":
        return False
    own = np.unique(column.values)
    if len(own) < _FEWEST or len(np.unique(np.diff(own))) != 1:
        return False
    return len(own) < len(table) and any(
        len({*zip(one.texts, column.values.tolist(), strict=True)}) == len(table)
        for one in table.columns
        if one.kind == "text" and one.count > 1
    )
