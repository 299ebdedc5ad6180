"""What is read of a turn about data in motion: what it says as a whole, and which words are what.

Pure data and small functions, for the reading and for its training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, get_args

from nbagent.charts.columns import is_time
from nbagent.charts.table import Table
from nbagent.language.data_words import Item, items_of
from nbagent.language.pieces import Piece
from nbagent.take.chart_view import Mark

_MARKS: Final = get_args(Mark)
_YES: Final = ("yes",)

# A head has a class for each value; class 0 is "not said", of the kind "something else".
HEADS: Final[Mapping[str, tuple[str, ...]]] = {
    "kind": ("new", "change"),
    "mark": _MARKS,
    "then_mark": _MARKS,
    "move": tuple("grow draw race travel appear fill sweep count none".split()),
    "turns": ("together", "in turn", "rows", "columns"),
    "aggregate": tuple("sum mean median max min count cumsum correlation".split()),
    "stacking": ("stacked", "grouped", "share"),
    "sort": ("down", "up", "name"),
    "theme": ("dark", "light"),
    "scale": ("log", "linear"),
    "lying": ("yes", "no"),
    "trend": _YES,
    "refresh": _YES,
    "all": _YES,
    "plain": _YES,
    "still": _YES,
    "values": _YES,
}
COLUMNS: Final = ("x", "y", "group", "time", "size", "color", "facet", "error", "by")
"""Tags of words that mean a column."""
TAGS: Final = (
    *("", "data", *COLUMNS, "keep", "out", "highlight", "at", "note", "from", "to"),
    *("over", "under", "top", "bins", "seconds", "hold", "threshold", "label"),
    *("title", "subtitle", "caption", "colours", "then", "rest", "lost"),
)
"""What a piece of a text speaks of."""

# What is known of a piece before it is read: what the table calls so, what the lists have.
_ROLES: Final = (
    *("value", "mention", "number", "duration", "colour", "quote", "clip", "ratio"),
    *("size", "fps", "date", "month", "verb", "move", "mark", "act", "order", "join"),
    *("turn", "look", "stack", "sum"),
)
_KINDS: Final = ("number", "text", "time")
_STATES: Final = ("no chart", "chart", "figure's chart", "table", "figure")
CUES: Final = ("", *(f"column of {kind}" for kind in _KINDS), *_ROLES, *_STATES)


def cues(
    text: str,
    pieces: Sequence[Piece],
    table: Table | None,
    *,
    shown: str,
    is_figure: bool,
) -> list[int]:
    """Return what is known of each piece, as its place in `CUES`.

    Args:
        text: The turn.
        pieces: Of it, with the marks of begin and end, which say what it is said to.
        table: What it may be about.
        shown: What the clip that is meant shows: one of "no chart", "chart" and
            "figure's chart".
        is_figure: Whether a figure is meant.
    """
    items = items_of(text, table)
    found = [CUES.index(shown)]
    at = 0
    for _, start, end in pieces[1:-1]:
        begin = start + len(text[start:end]) - len(text[start:end].lstrip())
        while at < len(items) and items[at].end <= begin:
            at += 1
        own = items[at] if at < len(items) and items[at].start < end else None
        found.append(CUES.index(_cue(own)) if own else 0)
    return [*found, CUES.index("figure" if is_figure else "table")]


def _cue(item: Item) -> str:
    if item.role == "column":
        is_dated = item.value.kind == "time" or is_time(item.value)
        return f"column of {'time' if is_dated else item.value.kind}"
    return item.role if item.role in _ROLES else ""


def to_classes(said: Mapping[str, object]) -> dict[str, int]:
    """Return the class of each head, of a labelled turn."""
    flags = said.get("flags") or ()
    found = {}
    for head, values in HEADS.items():
        value = said.get(head)
        if values == _YES:
            value = "yes" if isinstance(flags, list) and head in flags else None
        found[head] = 1 + values.index(str(value)) if value in values else 0
    return found


def counts() -> Sequence[int]:
    """Return how many classes each head has, "not said" with them."""
    return [1 + len(values) for values in HEADS.values()]
