"""The most and the least of what a chart shows, where no value is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np

from nbagent.charts.cells import cells_of
from nbagent.charts.rows import begun_at
from nbagent.charts.table import Table
from nbagent.errors import SpecError
from nbagent.language.chart import listed
from nbagent.language.data_columns import named
from nbagent.language.data_times import first_day, is_finer, last_of, period_in
from nbagent.language.guess import language
from nbagent.language.lexicon import languages, words_of
from nbagent.take.chart_view import View


def peak(said: str, view: View, table: Table) -> dict[str, Any] | None:
    """Return what is the most, or the least, of what is shown; None if nothing says so.

    Args:
        said: "the wettest month", "our worst region".
        view: What is shown.
        table: Of which.
    """
    side = side_of(said)
    if not side or not view.x:
        return None
    if named(said, table) == view.group != "":
        view = View(mark="bar", x=view.group, y=view.y, keep=view.keep)
    column = table[view.x]
    period = period_in(said)
    if not view.every and is_finer(column, period):
        view = replace(view, every=period)
    try:
        cells = cells_of(view, table)
    except SpecError:
        return None
    sums = np.nansum(cells.values[-1], axis=0)
    sums = np.where(np.isfinite(cells.values[-1]).any(axis=0), sums, np.nan)
    at = int(np.nanargmin(sums) if side == "low" else np.nanargmax(sums))
    if cells.x.kind == "text":
        return {"what": [cells.x.names[at]]}
    known = column.values[column.known]
    if view.every:
        begun = np.unique(begun_at(known, view.every))[at]
        return {"start": first_day(begun), "end": last_of(begun, view.every)}
    place = str(np.unique(known)[at]) if column.kind == "time" else cells.x.names[at]
    return {"start": place, "end": place}


def side_of(said: str) -> Literal["high", "low", ""]:
    """Return which end of the order some words mean, if any."""
    for _, match in listed(said, "data_more"):
        if match.value in ("high", "low"):
            return "high" if match.value == "high" else "low"
    # "The greenest month": a word of the most, whatever it says it of.
    endings = tuple(words_of(languages()[language(said)].get("superlatives", "")))
    words = said.casefold().split()[:-1]
    return "high" if any(word.endswith(endings) for word in words) else ""
