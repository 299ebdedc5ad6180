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
    told += [*_filtered(view), *_coloured(view)]
    return told + ([] if view.top is None else [f"the top {view.top}"])


def _filtered(view: View) -> list[str]:
    """Say which rows stay: "only Europe", "year over 2000"."""
    how = {"is": "only", "not": "without"}
    return [
        f"{how.get(one.test, f'{one.column} {one.test}')} {', '.join(map(str, one.values))}"
        for one in view.keep
    ]


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
    fields = ("threshold", "threshold_text", *_FIELDS)
    named = [_said(name, after) for name in fields if _differ(name, before, after)]
    return ", ".join(dict.fromkeys(named)) or "a change"


def _differ(name: str, before: View, after: View) -> bool:
    return bool(getattr(before, name) != getattr(after, name))


def _said(name: str, view: View) -> str:
    """Say one thing of a view as it is after a step: "a line at 170"."""
    own = getattr(view, name)
    if name.startswith("threshold"):
        at = "no line" if view.threshold is None else f"a line at {view.threshold:g}"
        return f'{at} "{view.threshold_text}"' if view.threshold_text else at
    if name == "keep":
        return ", ".join(_filtered(view)) or "all rows"
    if name == "top":
        return "all" if own is None else f"the top {own}"
    if name == "remarks":
        return f'a note "{own[-1].text}"' if own else "no notes"
    return _FIELDS[name].get(own, str(own))


_FIELDS: Final[Mapping[str, Mapping[Any, str]]] = {
    "sort": {
        "": "in the table's order",
        "down": "largest first",
        "up": "smallest first",
        "name": "sorted by name",
    },
    "top": {},
    "keep": {},
    "log": {True: "a logarithmic scale", False: "a linear scale"},
    "stacking": {},
    "has_trend": {True: "a fitted line", False: "no fitted line"},
    "remarks": {},
}
"""What a step may change besides, and how its values are said."""
