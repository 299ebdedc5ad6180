"""What a turn about data says in so many words, whatever was heard of it.

A few plain requests are told by words of the lists and by the table's own names alone:
that nothing should move, how something developed, what is the most of it, which is first.
The encoder, whose turns had them too seldom, is put right there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from nbagent.charts.columns import is_time, time_column
from nbagent.charts.table import Column, Table
from nbagent.language.chart import listed
from nbagent.language.data_axes import Spot as AxisSpot
from nbagent.language.data_axes import is_steps, spots
from nbagent.language.data_labels import COLUMNS
from nbagent.language.data_limits import lined
from nbagent.language.data_peaks import side_of
from nbagent.language.data_scores import Heard, Run
from nbagent.language.data_told import UNHEARD, Spot, Told, run_of
from nbagent.language.data_words import Item
from nbagent.take.chart import TIMED, Chart

_WRITTEN: Final = ("title", "subtitle", "caption", "note", "label")
_ROWS: Final = ("keep", "out")
_LENGTHS: Final = ("seconds", "hold", "rest")
_BEHIND: Final = {"black": "dark", "white": "light"}
_MOST_STRANGE: Final = 1  # words of no list beside a change that is told
_LIKELY: Final = 0.2  # of a change that is told: whatever else is said
_SEVERAL: Final = 2
_PLAIN: Final = ("value", "fill", "stop")


def sure(heard: Heard, table: Table | None, chart: Chart | None) -> Heard:
    """Return a turn with what it says in so many words.

    Args:
        heard: The turn.
        table: What it may be about; None for a figure.
        chart: That it may change; None where something new is meant.
    """
    told = Told(heard.text, table)
    rules: list[Callable[[Heard, Told, Chart | None], Heard]] = [_stilled]
    if table is not None:
        rules += [_backed, _ordered, _counting, _parted, _sided, _limited, _evolved]
    if table is not None and chart is not None:
        rules += [_pointed, _listed, _taken_away]
    for rule in rules:
        heard = rule(heard, told, chart)
    return heard


def _of_kind(heard: Heard, kind: str) -> Heard:
    return replace(heard, kinds={**dict.fromkeys(heard.kinds, 0.0), kind: 1.0})


def _changing(heard: Heard, told: Told, chart: Chart | None) -> Heard:
    """Return a turn as a change of what is shown, unless it is about something else."""
    known = heard.kinds["change"] + heard.kinds["new"]
    is_other = len([*told.strange()]) > _MOST_STRANGE and known < _LIKELY
    if (
        chart is None
        or is_other
        or heard.kinds["new"] >= heard.kinds["change"] + known / 2
    ):
        return heard
    return _of_kind(heard, "change")


def _without(heard: Heard, met: Iterable[Spot | Item], *tags: str) -> Heard:
    """Return a turn without the runs that meet some words, of these tags if any are."""
    own = [*met]
    runs = (
        run
        for run in heard.runs
        if run.tag in _WRITTEN
        or (tags and run.tag not in tags)
        or not any(o.start < run.end and o.end > run.start for o in own)
    )
    return replace(heard, runs=tuple(runs))


def _with(heard: Heard, *more: Run) -> Heard:
    runs = sorted((*heard.runs, *more), key=lambda one: one.start)
    return replace(heard, runs=tuple(runs))


# Nothing moves; what lies behind; which is first; what counts


def _stilled(heard: Heard, told: Told, chart: Chart | None) -> Heard:
    """Let a chart stand still that is to: "just a still", "ohne Bewegung"."""
    found = told.spots("still")
    if not found:
        return heard
    said = {**heard.said, "still": "yes"}
    heard = _without(replace(heard, said=said), found)
    return _changing(heard, told, chart)


def _backed(heard: Heard, told: Told, chart: Chart | None) -> Heard:
    """Let a background's black be the dark theme, and its white the light one."""
    inks = [one for one in told.items if one.role == "colour" and one.value in _BEHIND]
    for spot in told.spots("background"):
        for ink in inks:
            if told.touch(spot, ink):
                said = {**heard.said, "theme": _BEHIND[ink.value]}
                heard = _without(replace(heard, said=said), (ink, spot))
                return _changing(heard, told, chart)
    return heard


def _ordered(heard: Heard, told: Told, chart: Chart | None) -> Heard:
    """Sort by which is first: "worst first", "biggest on top", "ascending"."""
    order = _first(told, chart) or next(
        (str(o.value) for o in told.items if o.role == "order" and o.value != "down"),
        "",
    )
    if not order:
        return heard
    heard = replace(heard, said={**heard.said, "sort": order})
    return _changing(heard, told, chart)


def _first(told: Told, chart: Chart | None) -> str:
    """Return the order of which one end is said to be first; nothing if none is."""
    ends = told.spots("high", "low", table="data_more")
    judged = told.spots("best", "worst")
    for first in told.spots("first"):
        for end in (*judged, *ends):
            if told.touch(first, end):
                is_up = end.value in ("low", "worst")
                is_judged = any(o.start < end.end and o.end > end.start for o in judged)
                is_turned = is_judged and _is_bad(told, chart)
                return "up" if is_up != is_turned else "down"
    return ""


def _is_bad(told: Told, chart: Chart | None) -> bool:
    """Return whether the more of what is shown, the worse."""
    assert told.table is not None
    named = [one.value.name for one in told.columns if one.value.kind == "number"]
    last = [] if chart is None else [chart.views[-1].y]
    shown = next((one for one in (*named, *last) if one), "")
    return any(
        match.value == "bad"
        for _, match in listed(shown.replace("_", " "), "chart_words")
    )


def _counting(heard: Heard, told: Told, chart: Chart | None) -> Heard:
    """Let a counter count, if one is asked for and no other mark."""
    marks = {one.value for one in told.items if one.role == "mark"}
    if marks != {"counter"}:
        return heard
    said = {**heard.said, "mark": "counter", "move": "count"}
    said.pop("aggregate", None)
    heard = replace(heard, said=said)
    if chart is None or heard.kinds["new"] >= heard.kinds["change"]:
        return _of_kind(heard, "new") if told.columns else heard
    return _changing(heard, told, chart)


# What tells series apart


def _parted(heard: Heard, told: Told, chart: Chart | None) -> Heard:
    """Let a column tell series apart: "a line for each city", "by stream per quarter"."""
    each = [
        (spot, column)
        for spot in told.spots("each")
        if (column := told.behind(spot, "column")) is not None
    ]
    for spot, column in each:
        if _is_series(told, spot) and column.value.kind == "text":
            heard = _without(heard, (column,), *COLUMNS)
            return _with(heard, run_of("group", told, column.start, column.end))
    return heard if chart is not None else _crossed(heard, told, [c for _, c in each])


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
    heard = _without(heard, (*each, *others), *COLUMNS)
    return _with(
        heard,
        run_of("x", told, each[0].start, each[0].end),
        run_of("group", told, others[0].start, others[0].end),
    )


def _parts(column: Column) -> bool:
    return column.kind == "text" and not is_time(column)


def _goes_on(column: Column, table: Table | None) -> bool:
    return is_time(column) or (table is not None and is_steps(column, table))


def _sided(heard: Heard, told: Told, chart: Chart | None) -> Heard:
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
        heard = _without(replace(heard, said=said), sides.values(), *COLUMNS, "lost")
        others = [o for o in told.columns if o not in sides.values() and _stands(o)]
        tags = {"x": "x", "y": "group"}
        free = next(({"x": "y", "y": "x"}[axis] for axis in sides), "")
        if len(sides) == 1 and len(others) == 1:
            sides[free] = others[0]
            heard = _without(heard, others, *COLUMNS)
        runs = [run_of(tags[a], told, o.start, o.end) for a, o in sides.items()]
        if len(sides) == 1 and is_own and chart is not None:
            runs += _other_side(told, chart, free, sides)
        heard = _with(heard, *runs)
    return _of_kind(heard, "change") if is_own else heard


def _beside(told: Told, spot: AxisSpot) -> Item | None:
    """Return the column that stands by the words for a side, before them if one does."""
    own = Spot(spot.axis, spot.start, spot.end)
    return told.before(own, "column") or told.behind(own, "column")


def _other_side(
    told: Told, chart: Chart, free: str, sides: Mapping[str, Item]
) -> Iterator[Run]:
    """Yield the column that is shown already as what stands at the other side."""
    taken = {one.value.name for one in sides.values()}
    last, end = chart.views[-1], len(told.text)
    if len(own := {last.x, last.group} - taken - {""}) == 1:
        yield Run("x" if free == "x" else "group", own.pop(), end, end, UNHEARD)


def _stands(item: Item) -> bool:
    column: Column = item.value
    return column.kind != "number" or is_time(column)


# How it developed


def _evolved(heard: Heard, told: Told, chart: Chart | None) -> Heard:
    """Draw the line of what is asked how it developed."""
    del chart
    assert told.table is not None
    if not _asks_how(told) or not (time := _times(told.table)):
        return heard
    own = [one for one in told.columns if one.value.name != time]
    numbers = [one for one in own if one.value.kind == "number"]
    if not (numbers or heard.of("y")):
        return heard
    marks = {one.value for one in told.items if one.role == "mark"}
    said = {**heard.said, "mark": "line"} if not marks else {**heard.said}
    for head in ("move", "trend", "sort", "then_mark", "aggregate"):
        if not (head == "aggregate" and any(o.role == "sum" for o in told.items)):
            said.pop(head, None)
    columns = [*own, *(one for one in told.columns if one.value.name == time)]
    heard = _without(replace(heard, said=said), columns, *COLUMNS, *_ROWS, "data")
    tags = {"number": "y", "text": "group"}
    runs = [
        run_of(
            "time" if one.value.name == time else tags.get(one.value.kind, "time"),
            *(told, one.start, one.end),
        )
        for one in columns
    ]
    runs += [
        run_of("keep", told, one.start, one.end)
        for one in told.values
        if not any(r.start < one.end and r.end > one.start for r in heard.runs)
    ]
    if not any(run.tag == "time" for run in runs):
        said_time = [r for r in heard.runs if r.tag == "time"]
        heard = replace(heard, runs=tuple(r for r in heard.runs if r not in said_time))
    if not is_time(told.table[time]) and all(run.tag != "time" for run in runs):
        end = len(told.text)
        runs.append(Run("time", time, end, end, UNHEARD))
    return _of_kind(_with(heard, *runs), "new")


def _asks_how(told: Told) -> bool:
    """Return whether a turn asks how something went through time, and for no value."""
    is_how = told.says("how")
    travels = any(o.role == "move" and o.value == "travel" for o in told.items)
    is_asked = told.says("evolve") or (
        told.says("changed") and is_how and not told.says("background")
    )
    values = told.spots("high", "low", table="data_more")
    counts = any(o.role == "sum" and o.value == "count" for o in told.items)
    is_asked &= not told.says("amount")
    return is_asked and not values and not (counts and not (is_how or travels))


def _times(table: Table) -> str:
    """Return the column that a line goes along."""
    if found := time_column(table):
        return found
    return next((c.name for c in table.columns if is_steps(c, table)), "")


# Changes of what is shown


def _pointed(heard: Heard, told: Told, chart: Chart | None) -> Heard:
    """Let the most or the least stand out that is to be marked: "mark the hottest day"."""
    del chart
    acts = [o for o in told.items if o.role == "act" and o.value == "highlight"]
    points: list[Spot | Item] = [*told.spots("mark"), *acts]
    if not points or heard.of("threshold", "note") or told.values or told.numbers:
        return heard
    lit = [run for run in heard.of("highlight") if side_of(run.text)]
    is_heard = lit and heard.kinds["change"] > heard.kinds[""]
    is_new = heard.kinds["new"] > heard.kinds["change"]
    if is_heard or (is_new and len(told.columns) > 1):
        return heard
    ends = [
        one
        for one in told.spots("high", "low", table="data_more")
        if one.start >= points[0].end or one.end <= points[-1].start
    ]
    start = ends[0].start if ends else points[0].end
    end = min(told.sentence(start)[1], *_stops(told, start))
    if not side_of(told.text[start:end]):
        return heard
    said = {name: own for name, own in heard.said.items() if name in ("theme", "still")}
    start += len(told.text[start:end]) - len(told.text[start:end].lstrip())
    heard = replace(heard, said=said, runs=(run_of("highlight", told, start, end),))
    return _of_kind(heard, "change")


def _stops(told: Told, start: int) -> Iterator[int]:
    yield len(told.text)
    yield from (o.start for o in told.items if o.role == "stop" and o.start > start)
    yield from (o.start for o in told.spots("mark", "end") if o.start > start)


def _listed(heard: Heard, told: Told, chart: Chart | None) -> Heard:
    """Keep the values of which a turn says nothing but their names."""
    assert chart is not None
    joins = [o for o in told.items if o.role in ("join", "act", "verb", "mark", "move")]
    is_only = told.says("end") or any(o.value == "only" for o in joins)
    others = [o for o in told.items if o.role not in _PLAIN and o not in joins]
    others += [
        o for o in joins if o.value not in ("against", "only", "to", "by", "weak")
    ]
    known = told.spots("end")
    others = [
        o for o in others if not any(k.start < o.end and k.end > o.start for k in known)
    ]
    is_enough = len(told.values) >= (1 if is_only else _SEVERAL)
    is_other = heard.of("out", "highlight", "colours") or heard.said
    if others or not is_enough or (is_other and heard.kinds["change"] > _LIKELY):
        return heard
    runs = tuple(run_of("keep", told, o.start, o.end) for o in told.values)
    return _of_kind(replace(heard, said={}, runs=runs), "change")


def _limited(heard: Heard, told: Told, chart: Chart | None) -> Heard:
    """Draw a line at the number of a target: "we promise 8 minutes, mark that"."""
    done = lined(heard, told)
    return heard if done is heard else _changing(done, told, chart)


def _taken_away(heard: Heard, told: Told, chart: Chart | None) -> Heard:
    """Let measures go that are to: "take costs away again"."""
    assert chart is not None
    last = chart.views[-1]
    own = [one for one in told.columns if one.value.name in (last.y, *last.also)]
    outs = [o for o in told.items if o.role == "act" and o.value == "out"]
    is_out = told.says("away") or bool(told.spots("out", table="row_words")) or outs
    if not (last.also and own and is_out):
        return heard
    heard = _without(heard, own, *COLUMNS, *_ROWS, "highlight")
    heard = _with(heard, *(run_of("out", told, o.start, o.end) for o in own))
    return _changing(heard, told, chart)
