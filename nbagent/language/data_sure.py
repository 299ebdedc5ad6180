"""What a turn about data says in so many words, whatever was heard of it.

A few plain requests are told by words of the lists and by the table's own names alone:
that nothing should move, how something developed, what is the most of it, which is first.
The encoder, whose turns had them too seldom, is put right there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from nbagent.charts.columns import is_time, time_column
from nbagent.charts.table import Table
from nbagent.language.chart import listed
from nbagent.language.data_axes import is_steps
from nbagent.language.data_labels import COLUMNS
from nbagent.language.data_limits import lined
from nbagent.language.data_parted import parted, sided
from nbagent.language.data_peaks import side_of
from nbagent.language.data_scores import Heard
from nbagent.language.data_told import (
    WRITTEN,
    Spot,
    Told,
    cut_out,
    meant,
    of_kind,
    put_in,
    run_of,
)
from nbagent.language.data_words import Item
from nbagent.language.spans import meets
from nbagent.take.chart import Chart

_ROWS: Final = ("keep", "out")
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
        rules += [
            _backed,
            _ordered,
            _counting,
            parted,
            sided,
            _limited,
            _evolved,
            _signed,
        ]
    if table is not None and chart is not None:
        rules += [_switched, _pointed, _listed, _taken_away, _bared]
    for rule in rules:
        heard = rule(heard, told, chart)
    return heard


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
    return of_kind(heard, "change")


# Nothing moves; what lies behind; which is first; what counts


def _stilled(heard: Heard, told: Told, chart: Chart | None) -> Heard:
    """Let a chart stand still that is to: "just a still", "ohne Bewegung"."""
    found = told.spots("still")
    if not found:
        return heard
    said = {**heard.said, "still": "yes"}
    heard = cut_out(replace(heard, said=said), found)
    return _changing(heard, told, chart)


def _backed(heard: Heard, told: Told, chart: Chart | None) -> Heard:
    """Let a background's black be the dark theme, and its white the light one."""
    inks = [one for one in told.items if one.role == "colour" and one.value in _BEHIND]
    for spot in told.spots("background"):
        for ink in inks:
            if told.touch(spot, ink):
                said = {**heard.said, "theme": _BEHIND[ink.value]}
                heard = cut_out(replace(heard, said=said), (ink, spot))
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
    both = [one for one in judged if _meets_to(told, one)]
    if len(both) == _SEVERAL:  # "from best to worst"
        is_down = (both[0].value == "best") != _is_bad(told, chart)
        return "down" if is_down else "up"
    for first in told.spots("first"):
        for end in (*judged, *ends):
            if told.touch(first, end):
                is_up = end.value in ("low", "worst")
                is_judged = meets(end, judged)
                is_turned = is_judged and _is_bad(told, chart)
                return "up" if is_up != is_turned else "down"
    return ""


def _meets_to(told: Told, spot: Spot) -> bool:
    """Return whether a word like "to" stands beside another."""
    joins = [o for o in told.items if o.role == "join" and o.value == "to"]
    return any(told.touch(one, spot) for one in joins)


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
        return of_kind(heard, "new") if told.columns else heard
    return _changing(heard, told, chart)


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
    heard = cut_out(replace(heard, said=said), columns, *COLUMNS, *_ROWS, "data")
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
        if not meets(one, heard.runs)
    ]
    if not any(run.tag == "time" for run in runs):
        said_time = [r for r in heard.runs if r.tag == "time"]
        heard = replace(heard, runs=tuple(r for r in heard.runs if r not in said_time))
    if not is_time(told.table[time]) and all(run.tag != "time" for run in runs):
        runs.append(meant("time", time, told))
    return of_kind(put_in(heard, *runs), "new")


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


def _signed(heard: Heard, told: Told, chart: Chart | None) -> Heard:
    """Show a column that is written with its signs, as nobody writes else: "wt(kg)"."""
    asks = "?" in told.text or told.says("amount")
    is_signed = any(_has_signs(one.value.name) for one in told.columns)
    if chart is not None or asks or not is_signed:
        return heard
    runs = [
        run_of("y" if o.value.kind == "number" else "x", told, o.start, o.end)
        for o in told.columns
        if not meets(o, heard.runs)
    ]
    return of_kind(put_in(heard, *runs), "new")


def _has_signs(name: str) -> bool:
    return any(not (char.isalnum() or char in " _-") for char in name)


# Changes of what is shown


def _switched(heard: Heard, told: Told, chart: Chart | None) -> Heard:
    """Change the mark that is switched to, whatever follows: "use stacked bars and ..."."""
    del chart
    stacks = [one for one in told.items if one.role == "stack"]
    acts = [o for o in told.items if (o.role, o.value) == ("act", "switch")]
    for mark in told.items:
        if mark.role != "mark" or "mark" in heard.said:
            continue
        is_new = any(o.end <= mark.start and told.touch(o, mark) for o in acts)
        if is_new or any(told.touch(one, mark) for one in stacks):
            return replace(heard, said={**heard.said, "mark": str(mark.value)})
    return heard


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
    return of_kind(heard, "change")


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
    others = [one for one in others if not meets(one, known)]
    is_enough = len(told.values) >= (1 if is_only else _SEVERAL)
    is_other = heard.of("out", "highlight", "colours") or heard.said
    if others or not is_enough or (is_other and heard.kinds["change"] > _LIKELY):
        return heard
    runs = tuple(run_of("keep", told, o.start, o.end) for o in told.values)
    return of_kind(replace(heard, said={}, runs=runs), "change")


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
    heard = cut_out(heard, own, *COLUMNS, *_ROWS, "highlight")
    heard = put_in(heard, *(run_of("out", told, o.start, o.end) for o in own))
    return _changing(heard, told, chart)


def _bared(heard: Heard, told: Told, chart: Chart | None) -> Heard:
    """Let the numbers at the marks go: "without the values"."""
    outs = [o for o in told.items if o.role == "act" and o.value == "out"]
    words: list[Spot | Item] = [*outs, *told.spots("away")]
    is_out = any(told.touch(out, one) for out in words for one in told.spots("values"))
    if not is_out or told.numbers or told.values or told.columns:
        return heard
    runs = tuple(run for run in heard.runs if run.tag in WRITTEN)
    heard = replace(heard, said={**heard.said, "values": "no"}, runs=runs)
    return _changing(heard, told, chart)
