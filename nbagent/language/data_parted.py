"""What tells series apart and where columns stand, as a turn says in so many words.

"A line for each city" parts lines and makes no panels; bars stand at what there is one of
"for each"; "weeks across the top, shops down the side" are the sides of a heat map.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from nbagent.charts.columns import is_time
from nbagent.charts.table import Column, Table
from nbagent.language.data_axes import Spot as AxisSpot
from nbagent.language.data_axes import is_steps, spots
from nbagent.language.data_labels import COLUMNS
from nbagent.language.data_scores import Heard, Run
from nbagent.language.data_told import (
    Spot,
    Told,
    cut_out,
    meant,
    of_kind,
    put_in,
    run_of,
)
from nbagent.language.data_words import Item
from nbagent.take.chart import TIMED, Chart

_ROWS: Final = ("keep", "out", "highlight")
_SEVERAL: Final = 2


def parted(heard: Heard, told: Told, chart: Chart | None) -> Heard:
    """Let a column tell series apart: "a line for each city", "by stream per quarter"."""
    each = [
        (spot, column)
        for spot in told.spots("each")
        if (column := told.behind(spot, "column")) is not None
    ]
    for spot, column in each:
        if _is_series(told, spot) and column.value.kind == "text":
            heard = cut_out(heard, (column,), *COLUMNS)
            return put_in(heard, run_of("group", told, column.start, column.end))
    if chart is not None:
        return _named_apart(heard, told)
    return _crossed(heard, told, [column for _, column in each])


def _named_apart(heard: Heard, told: Told) -> Heard:
    """Let a column part lines whose values are named: "separate lines for men and women"."""
    names = {column for column, _ in (one.value for one in told.values)}
    marks = [o for o in told.items if o.role == "mark" and o.value == "line"]
    is_apart = any(told.touch(s, o) for s in told.spots("apart") for o in marks)
    if not is_apart or len(names) != 1 or len(told.values) < _SEVERAL:
        return heard
    assert told.table is not None
    heard = cut_out(heard, told.values, *COLUMNS, *_ROWS)
    own = {value for _, value in (one.value for one in told.values)}
    runs = [meant("group", names.pop(), told)]
    if own < {*told.table[runs[0].text].texts} - {None}:
        runs += [run_of("keep", told, one.start, one.end) for one in told.values]
    return of_kind(put_in(heard, *runs), "change")


def _is_series(told: Told, spot: Spot) -> bool:
    """Return whether marks or colours are what there is one of for each."""
    mark = told.before(spot, "mark", "look")
    return mark is not None and mark.value in ("line", "colours")


def _crossed(heard: Heard, told: Told, each: list[Item]) -> Heard:
    """Let bars stand at what is said with "for each", and the other column part them."""
    others = [one for one in told.columns if one not in each and _parts(one.value)]
    is_bar = heard.said.get("mark", "bar") == "bar"
    if not is_bar or heard.said.get("move") in TIMED or len(each) != 1:
        return heard
    is_panel = any(o.role == "join" and o.value == "panel_by" for o in told.items)
    if is_panel or len(others) != 1 or each[0].value == others[0].value:
        return heard
    if each[0].value.kind == "number" and not _goes_on(each[0].value, told.table):
        return heard
    heard = cut_out(heard, (*each, *others), *COLUMNS)
    return put_in(
        heard,
        run_of("x", told, each[0].start, each[0].end),
        run_of("group", told, others[0].start, others[0].end),
    )


def _parts(column: Column) -> bool:
    return column.kind == "text" and not is_time(column)


def _goes_on(column: Column, table: Table | None) -> bool:
    return is_time(column) or (table is not None and is_steps(column, table))


def sided(heard: Heard, told: Told, chart: Chart | None) -> Heard:
    """Let columns stand where they are said to: "crops down the side, weeks on top"."""
    is_shown = chart is not None and heard.kinds["new"] < heard.kinds["change"]
    shown = {*chart.views[-1].columns.values()} if chart is not None else set[str]()
    own = {one.value.name for one in told.columns}
    is_own = chart is not None and bool(own) and own <= shown
    mark = heard.said.get("mark") if not is_own else chart and chart.views[-1].mark
    sides = {
        spot.axis: column
        for spot in spots(told.text)
        if (column := _beside(told, spot)) is not None
    }
    if not sides or not (mark == "heatmap" or (is_shown and is_own)):
        return heard
    if mark == "heatmap":
        said = {n: v for n, v in heard.said.items() if n not in ("lying", "mark")}
        said |= {} if is_own else {"mark": "heatmap"}
        heard = cut_out(replace(heard, said=said), sides.values(), *COLUMNS, "lost")
        others = [o for o in told.columns if o not in sides.values() and _stands(o)]
        tags = {"x": "x", "y": "group"}
        free = next(({"x": "y", "y": "x"}[axis] for axis in sides), "")
        if len(sides) == 1 and len(others) == 1:
            sides[free] = others[0]
            heard = cut_out(heard, others, *COLUMNS)
        runs = [run_of(tags[a], told, o.start, o.end) for a, o in sides.items()]
        if len(sides) == 1 and is_own and chart is not None:
            runs += _other_side(told, chart, free, sides)
        heard = put_in(heard, *runs)
    return of_kind(heard, "change") if is_own else heard


def _beside(told: Told, spot: AxisSpot) -> Item | None:
    """Return the column that stands by the words for a side, before them if one does."""
    own = Spot(spot.axis, spot.start, spot.end)
    return told.before(own, "column") or told.behind(own, "column")


def _other_side(
    told: Told, chart: Chart, free: str, sides: Mapping[str, Item]
) -> Iterator[Run]:
    """Yield the column that is shown already as what stands at the other side."""
    taken = {one.value.name for one in sides.values()}
    last = chart.views[-1]
    if len(own := {last.x, last.group} - taken - {""}) == 1:
        yield meant("x" if free == "x" else "group", own.pop(), told)


def _stands(item: Item) -> bool:
    column: Column = item.value
    return column.kind != "number" or is_time(column)
