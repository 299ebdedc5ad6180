"""What a chart shows, in a line: "sales by region, bars grow"."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, Final

from nbagent.acts.text import colour_name
from nbagent.conversation.charted_data import Source
from nbagent.language.state import SHOWN
from nbagent.take.chart import TIMED, Chart
from nbagent.take.chart_view import View

_OF_FIGURES: Final = ("none", "appear")
_MOVES: Final[Mapping[str, str]] = {
    "grow": "grow",
    "draw": "draw themselves",
    "appear": "appear",
    "travel": "travel through time",
    "race": "race",
    "fill": "fill",
    "sweep": "are swept out",
    "count": "count up",
    "none": "stand",
}
_SUMS: Final[Mapping[str, str]] = {
    "cumsum": "the running total of",
    "correlation": "correlations of",
}
_MARKS: Final[Mapping[str, str]] = {
    "bar": "bars",
    "line": "lines",
    "area": "areas",
    "point": "points",
    "histogram": "a histogram's bars",
    "box": "boxes",
    "violin": "violins",
    "heatmap": "a heat map's cells",
    "pie": "a pie's parts",
    "donut": "a donut's parts",
    "counter": "numbers",
}


def says(chart: Chart, source: Source) -> str:
    """Say in a line what a chart shows: "sales by region, bars grow"."""
    told = _of_figure(chart) if source.table is None else _of_table(chart, source)
    steps = itertools.pairwise(chart.views)
    return ", ".join((*told, *(f"then {_step(*views)}" for views in steps)))


def _of_figure(chart: Chart) -> list[str]:
    called, move = chart.called or "the data", chart.move or "grow"
    how = f"it {'stands' if move == 'none' else 'appears'}"
    return [
        "this plot" if called == SHOWN else f"the figure {called}",
        how if move in _OF_FIGURES else "its parts move",
    ]


def _of_table(chart: Chart, source: Source) -> list[str]:
    view = source.settled(chart).view
    what = " and ".join((view.y, *view.also)) if view.y else "rows"
    what = f"{_SUMS[view.aggregate]} {what}" if view.aggregate in _SUMS else what
    by = " by ".join(filter(None, (what, view.x, view.group)))
    told = [by, f"{_MARKS[view.mark]} {_MOVES[chart.entrance]}"]
    if chart.entrance in TIMED:
        told[-1] += f" through {view.time}" if chart.entrance == "race" else ""
    for one in view.keep:
        values = ", ".join(map(str, one.values))
        how = {"is": "only", "not": "without"}.get(one.test, f"{one.column} {one.test}")
        told.append(f"{how} {values}")
    told += _coloured(view)
    return told + ([] if view.top is None else [f"the top {view.top}"])


def _coloured(view: View) -> list[str]:
    """Say what has a colour of its own: "Berlin red"."""
    return [f"{one.value} {colour_name(one.colour)}" for one in view.own_colours]


def _step(before: Any, after: Any) -> str:
    """Say what a step changes: "highlight June"."""
    if after.mark != before.mark:
        return _MARKS[after.mark]
    if after.highlight != before.highlight:
        return f"highlight {', '.join(after.highlight) or 'nothing'}"
    if after.own_colours != before.own_colours:
        known = _coloured(before)
        return ", ".join(one for one in _coloured(after) if one not in known)
    for name in ("span", "x_range", "y_range"):
        if (own := getattr(after, name)) != getattr(before, name):
            what = "highlight" if name == "span" else "zoom to"
            ends = (end if isinstance(end, str) else f"{end:.15g}" for end in own)
            return f"{what} {' to '.join(ends) or 'all'}"
    if after.y != before.y:
        return str(after.y)
    fields = ("sort", "top", "keep", "log", "stacking", "has_trend", "threshold")
    named = [n for n in fields if getattr(before, n) != getattr(after, n)]
    return ", ".join(n.removeprefix("has_") for n in named) or "a remark"
