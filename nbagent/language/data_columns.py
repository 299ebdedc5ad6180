"""Which column of a table some words mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, get_args

from nbagent.charts.columns import is_time
from nbagent.charts.names import near, same
from nbagent.charts.table import Column, Table
from nbagent.language.chart import listed
from nbagent.language.data_scores import Heard, Run
from nbagent.language.data_values import number
from nbagent.language.data_words import items_of
from nbagent.language.tokens import tokens
from nbagent.take.chart_view import Period

_SURE: Final = 0.6
"""How likely the likeliest column must be, to be taken for what has no name of its own."""
_ALONE: Final = 0.3
"""The same, of the only column that is left."""
_CERTAIN: Final = 0.85
"""How likely it must be, to be taken without a word."""
_UNNAMED: Final = "index"
_WORD: Final = 3  # letters of one that may tell a column
_NUMBERS: Final = ("y", "size", "error", "over", "under")
CODE: Final = "_"
"""People write it in names alone."""
_BRACKETS: Final = {"(": ")", "[": "]", "\uff08": "\uff09"}


@dataclass(frozen=True, slots=True)
class Meant:
    """The column that words mean.

    Attributes:
        name: Of the column; the words, if it is none; empty if they speak of none.
        guesses: Columns that might be meant, if that is not clear.
        others: Columns that might be meant as well, if one was taken that is likely.
    """

    name: str
    guesses: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def column_of(
    run: Run, heard: Heard, table: Table, taken: frozenset[str] = frozenset()
) -> Meant:
    """Return the column that a run of words means.

    Args:
        run: Words with a column's tag.
        heard: The turn.
        table: Whose columns they may mean.
        taken: Columns that other words mean without a doubt.
    """
    if found := named(run.text, table):
        return Meant(found)
    if several := sharing(run.text, table):
        return Meant(run.text, several)
    fit = [one for one in table.columns if fits(one, run.tag)]
    own = [one for one in fit if one.name not in taken]
    if any(periods(run.text)):
        # "Monat für Monat" goes through the dates, whatever they are called.
        dates = [one.name for one in fit if run.tag == "time" and is_time(one)]
        return Meant(dates[0] if len(dates) == 1 else "")
    if not fit or number(run.text) is not None:
        return Meant("")  # said by the way: "in the meeting room", "of the 10k"
    words = [one.name for one in own if one.kind == "text"]
    if run.tag in ("x", "group") and words == [_UNNAMED]:
        return Meant(_UNNAMED)  # an index without a name may be called anything
    if CODE in run.text:
        return Meant(run.text)
    likely = heard.likely(run, own)
    if likely and likely[0][0] >= (_SURE if len(own) > 1 else _ALONE):
        (share, name), *others = likely
        is_certain = share >= _CERTAIN
        return Meant(name, others=() if is_certain else tuple(n for _, n in others))
    return Meant(run.text, tuple(name for _, name in likely))


def named(said: str, table: Table) -> str:
    """Return the column that is called so, or of which the words have a part alone."""
    found = same(said, table.names) or near(said, table.names)
    if found:
        return found
    own = {item.value.name for item in items_of(said, table) if item.role == "column"}
    if not own:  # "week by week" is a phrase of its own
        own = {same(one.text, table.names) for one in tokens(said)} - {""}
    return own.pop() if len(own) == 1 else ""


def in_brackets(text: str, run: Run) -> bool:
    """Return whether words stand in brackets, as a remark does."""
    return any(
        text.rfind(left, 0, run.start) > text.rfind(right, 0, run.start)
        and right in text[run.end :]
        for left, right in _BRACKETS.items()
    )


def sharing(said: str, table: Table) -> tuple[str, ...]:
    """Return the columns that have a word of these in their names, if several do."""
    words = {one.text for one in tokens(said) if len(one.text) >= _WORD}
    found = tuple(
        name
        for name in table.names
        if words & {one.text for one in tokens(name.replace("_", " "))}
    )
    return found if len(found) > 1 else ()


def fits(column: Column, tag: str) -> bool:
    """Return whether a column can have a use."""
    is_dated = column.kind == "time" or is_time(column)
    if tag in _NUMBERS:
        return column.kind == "number" and not is_dated
    if tag == "time":
        return is_dated
    if tag in ("group", "facet"):
        return column.kind == "text"
    return True


def measures(table: Table) -> list[str]:
    """Return the columns of numbers that are no years."""
    return [one.name for one in table.columns if fits(one, "y")]


def is_wide(table: Table) -> bool:
    """Return whether columns are a table's series: it has no words to tell rows apart."""
    has_words = any(one.kind == "text" for one in table.columns)
    return not has_words and len(measures(table)) > 1


def periods(said: str) -> Iterator[Period]:
    """Yield the periods that words speak of: "monthly" is "month"."""
    known = get_args(Period)
    return (known[known.index(one.value)] for _, one in listed(said, "data_every"))


def says_all(said: str) -> bool:
    """Return whether words speak of all that there is."""
    return any(listed(said, "data_all"))
