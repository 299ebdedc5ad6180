"""The words of a turn that are something, as the table knows them.

What was heard as a column and is a value becomes one, and the other way round; so does
what is a column's name in parts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Final

from nbagent.charts.names import fold, same, words
from nbagent.charts.table import Column, Table
from nbagent.language import data_values as values
from nbagent.language.chart import Chart as Words
from nbagent.language.data_columns import named
from nbagent.language.data_flags import flagged, is_form
from nbagent.language.data_labels import COLUMNS
from nbagent.language.data_peaks import side_of
from nbagent.language.data_scores import Heard, Run
from nbagent.language.data_words import Item, bare, items_of
from nbagent.language.found import Found, find
from nbagent.language.guess import language
from nbagent.language.spans import meets
from nbagent.take.chart import Chart
from nbagent.take.chart_view import View

_WRITTEN: Final = ("title", "subtitle", "caption", "note", "label")
_COLUMNS: Final = ("x", "y", "group", "facet")
_ALONG: Final = ("point", "line")  # marks that show two columns themselves
_ENDING: Final = 2  # letters that make many of one
_ORDERS: Final = ("up", "name")  # that no word says by the way, as "sorted" says "down"


def settled(heard: Heard, table: Table, *, name: str, chart: Chart | None) -> Heard:
    """Return a turn as its table knows it.

    Args:
        heard: The turn.
        table: What it is about.
        name: Of the variable: said by the way, it is nothing else.
        chart: That is shown; None if something new is to be.
    """
    shapes = [one for one in values.shapes(heard.text) if ":" in _said(heard, one)]
    runs = [run for run in _reaching(heard, table) if not meets(run, shapes)]
    runs = [run for run in runs if not _is_name(run, name) or named(run.text, table)]
    runs = _whole(heard.text, runs, table)
    runs = [_as_value(run, table) for run in _joined(heard.text, runs, table)]
    last = chart.views[-1] if chart else View()
    runs = [_as_column(run, table, (last.y, *last.also)) for run in runs]
    if chart is not None:
        runs = [run for run in runs if not _is_passed(run, table, chart)]
    runs = [*_lettered(heard, runs, table, chart)]
    return flagged(replace(heard, runs=tuple(runs), said=_exact(heard)), table)


def _reaching(heard: Heard, table: Table) -> list[Run]:
    """Return the words of a turn as far as they reach.

    A column's name is one, whatever is in it: "Units Sold (k)". So is a colour: "dark
    green".
    """
    items = items_of(heard.text, table)
    columns = [one for one in items if one.role == "column"]
    colours = [one for one in items if one.role == "colour"]
    found: list[Run] = []
    for run in heard.runs:
        own = colours if run.tag == "colours" else columns
        met = [one for one in own if meets(run, [one]) and not _holds(run, one)]
        last = found[-1] if found else None
        if not met or run.tag not in ("colours", *COLUMNS):
            found.append(run)
        elif last is None or last.end < met[-1].end or last.tag not in COLUMNS:
            start, end = min(run.start, met[0].start), max(run.end, met[-1].end)
            found.append(replace(run, text=heard.text[start:end], start=start, end=end))
    return found


def without_clips(heard: Heard, clips: Collection[str]) -> Heard:
    """Return a turn whose names of clips are no columns or values: "the c4 lines".

    Args:
        heard: The turn.
        clips: What the clips of the conversation are called.
    """
    own = [one for one in find(heard.text) if clip_named(one) in clips]
    runs = []
    for run in heard.runs:
        met = [one for one in own if meets(run, [one])]
        if not met or run.tag in _WRITTEN:
            runs.append(run)
            continue
        start, end = max(run.start, met[-1].end), run.end
        if not heard.text[start:end].strip():  # the name comes last
            start, end = run.start, min(run.end, met[0].start)
        text = heard.text[start:end]
        if text.strip():
            start += len(text) - len(text.lstrip())
            runs.append(replace(run, text=text.strip(), start=start, end=end))
    return replace(heard, runs=tuple(runs))


def clip_named(one: Found) -> str:
    """Return the clip that words name; nothing if they are something else."""
    if one.kind == "mention":
        return bare(one.value[0])
    if one.kind != "clip":
        return ""
    return one.value if isinstance(one.value, str) else f"c{one.value}"


def _holds(run: Run, item: Item) -> bool:
    return run.start <= item.start and item.end <= run.end


def _said(heard: Heard, one: Found) -> str:
    return heard.text[one.start : one.end]


def _exact(heard: Heard) -> dict[str, str]:
    """Return what is said as a whole, where a word of the lists says exactly that."""
    said = dict(heard.said)
    items = items_of(heard.text, None)
    shades = [one for one in items if one.role == "colour" and " " in str(one.value)]
    looks = [one for one in items if one.role == "look"]
    if shades and not any(_is_apart(one, shades) for one in looks):
        said.pop("theme", None)  # "dark green" says nothing of the rest
    orders = {one.value for one in items if one.role == "order"} & {*_ORDERS}
    sums = {one.value for one in items if one.role == "sum"}
    if said.get("sort") == "down" and len(orders) == 1:
        said["sort"] = orders.pop()
    if said.get("aggregate") in _EXACT and len(sums) == 1 and sums <= _EXACT:
        said["aggregate"] = sums.pop()
    free = {
        one.value
        for one in items
        if one.role == "sum" and not any(_holds(run, one) for run in heard.runs)
    }
    if "cumsum" in free:
        said["aggregate"] = "cumsum"
    elif "correlation" in free and said.get("mark") not in _ALONG:
        said["aggregate"] = "correlation"
    return said


_EXACT: Final = frozenset({"mean", "median", "max", "min"})


def _is_apart(item: Item, others: list[Item]) -> bool:
    return not any(item.start < one.end and one.start < item.end for one in others)


def _joined(text: str, runs: list[Run], table: Table) -> list[Run]:
    """Return runs, those as one that are a column's name together, in other scripts."""
    found: list[Run] = []
    for run in runs:
        last = found[-1] if found else None
        if last and last.end == run.start:
            whole = text[last.start : run.end]
            if same(whole, table.names):
                found[-1] = replace(last, text=whole, end=run.end)
                continue
        found.append(run)
    return found


def _whole(text: str, runs: list[Run], table: Table) -> list[Run]:
    """Return runs, those as one that are parts of one value: "Harbour", "Town"."""
    spans = [(i.start, i.end) for i in items_of(text, table) if i.role == "value"]
    found: list[Run] = []
    for run in runs:
        own = [one for one in spans if one[0] <= run.start and run.end <= one[1]]
        last = found[-1] if found else None
        if last and own and own[0][0] <= last.start and last.tag not in _WRITTEN:
            start, end = last.start, run.end
            longest = max((last, run), key=lambda one: len(one.text))
            found[-1] = replace(longest, text=text[start:end], start=start, end=end)
        else:
            found.append(run)
    return found


def _lettered(
    heard: Heard, runs: list[Run], table: Table, chart: Chart | None
) -> Iterator[Run]:
    """Yield runs, those as standing out whose points are to have their names beside."""
    last = chart.views[-1] if chart else View(mark="bar")
    words = Words.of(heard.text, language(heard.text))
    spots = range(len(words.tokens))
    is_lettered = (
        "point" in (heard.said.get("mark"), last.mark)
        and any(words.get(at, "row_words", "name") for at in spots)
        and not any(words.get(at, "data_acts", "only") for at in spots)
    )
    shown = {last.x, last.group, last.colour}
    shown |= {named(one.text, table) for one in heard.of("x", "group", "color")}
    for run in runs:
        own = values.named_in(heard.text, run.start, run.end, table)
        if not (is_lettered and run.tag == "keep" and own):
            yield run
        else:  # a point that nothing tells apart has no name
            is_shown = all(column in shown for column, _ in own)
            yield replace(run, tag="highlight" if is_shown else "lost")


def _is_passed(run: Run, table: Table, chart: Chart) -> bool:
    """Return whether words that are to stand out are a column's, and no series of it."""
    last = chart.views[-1]
    is_value = any(one.role == "value" for one in items_of(run.text, table))
    if run.tag != "highlight" or is_value or side_of(run.text):  # "the best month"
        return False
    return named(run.text, table) not in ("", last.y, *last.also)


def _is_name(run: Run, name: str) -> bool:
    """Return whether words are what the table is called, as one of it or many."""
    said, own = fold(run.text), fold(name)
    is_longer = abs(len(said) - len(own)) <= _ENDING
    return said == own or (is_longer and is_form(said, own))


def _as_column(run: Run, table: Table, shown: Collection[str]) -> Run:
    """Return a column that was heard as a value as what it is: "2023 beside 2024"."""
    name = same(run.text, table.names) if run.tag == "keep" else ""
    is_one = bool(name) and table[name].kind == "number" and name not in shown
    return replace(run, tag="y") if is_one else run


def _as_value(run: Run, table: Table) -> Run:
    """Return words that were heard as a column as what they are, if they are a value."""
    if run.tag not in _COLUMNS:
        return run
    if name := named(run.text, table):
        return replace(run, tag="keep") if _is_level(run, table[name]) else run
    is_value = any(same(run.text, words(column)) for column in table.columns)
    return replace(run, tag="keep") if is_value else run


def _is_level(run: Run, column: Column) -> bool:
    """Return whether words are a column's name and one of its numbers: "bed 4"."""
    name, _, last = run.text.rpartition(" ")
    is_whole = column.kind == "number" and column.values.dtype.kind == "i"
    is_named = bool(same(name, (column.name,)))
    return is_named and is_whole and bool(same(last, words(column)))
