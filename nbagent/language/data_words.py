"""A turn about data as items: words of the lists, and what the table itself calls things.

A column and a value are known by the table's own spelling, capitals and plurals aside; so
no turn has to be learnt for them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from nbagent.charts.names import fold, words
from nbagent.charts.table import Column, Table
from nbagent.language.chart import Chart
from nbagent.language.clauses import codes
from nbagent.language.found import Found, find
from nbagent.language.guess import language
from nbagent.language.lexicon import is_small
from nbagent.language.quotes import quoted
from nbagent.language.tokens import Token, script

_VALUES: Final = frozenset("colour duration clip mention number ratio size fps".split())
_REACH: Final = 6  # tokens of a name
_STOPS: Final = ",;.!?:、。，；！？："
_MOST: Final = 5_000  # values of a table that can be named
_YEAR: Final = 4  # digits
_PARTS: Final = 3  # of a date
_SHORT: Final = 3  # letters of a word that may stand for a longer name
# What a word is, the first before the next where both are as long.
_FIRST: Final = ("act", "order", "join", "verb", "turn", "look")
_NEXT: Final = ("move", "mark", "stack", "sum", "month", "fill")
_TABLES: Final[Mapping[str, str]] = {
    "data_acts": "act",
    "data_orders": "order",
    "data_joints": "join",
    "data_verbs": "verb",
    "data_turns": "turn",
    "data_looks": "look",
    "data_moves": "move",
    "data_marks": "mark",
    "data_stacks": "stack",
    "data_sums": "sum",
    "data_months": "month",
    "data_fill": "fill",
}


@dataclass(frozen=True, slots=True)
class Item:
    """Words that are one thing: from, to, what that is, and its value."""

    start: int
    end: int
    role: str
    value: Any = ""


@dataclass(slots=True)
class Clause:
    """Items of a turn, in order."""

    items: list[Item]

    def of(self, *roles: str) -> list[Item]:
        """Return the items that are one of these."""
        return [item for item in self.items if item.role in roles]

    def has(self, role: str, *values: str) -> bool:
        """Return whether an item is of a role, and of one of these values if any are."""
        return any(
            item.role == role and (not values or item.value in values)
            for item in self.items
        )

    def values(self, role: str) -> list[Any]:
        """Return what the items of a role say."""
        return [item.value for item in self.items if item.role == role]


def items_of(text: str, table: Table | None) -> list[Item]:
    """Return a turn as items.

    Args:
        text: The turn.
        table: What it may be about.
    """
    quotes = quoted(text)
    for quote in quotes:  # nobody reads them
        blank = " " * (quote.end - quote.start)
        text = f"{text[: quote.start]}{blank}{text[quote.end :]}"
    found = [Item(*quote[:2], "quote", quote.text) for quote in quotes]
    found += [_told(one) for one in find(text) if one.kind in _VALUES]
    coded = {one.start for one in found if one.role == "colour"}
    found += [
        Item(one.start, one.end, "colour", one.value)
        for one in codes(text)
        if one.start not in coded
    ]
    names = _names(table)
    chart = Chart.of(text, language(text))
    at = 0
    while at < len(chart.tokens):
        token = chart.tokens[at]
        inside = next((i for i in found if i.start <= token.start < i.end), None)
        end, item = _item(chart, at, names)
        is_longer = inside is not None and item.end > inside.end
        if inside is not None and not is_longer:
            at += 1
            continue
        if inside is not None:  # "2020" as a value's whole name
            found.remove(inside)
        found.append(item)
        at = end
    return sorted(found, key=lambda item: item.start)


def _told(one: Found) -> Item:
    """Return a value as an item; other scripts go on behind a name without a space."""
    if one.kind != "mention":
        return Item(one.start, one.end, one.kind, one.value)
    name = bare(one.value[0])
    return Item(one.start, one.end - len(one.value[0]) + len(name), "mention", name)


def bare(name: str) -> str:
    """Return a name without what another script says behind it.

    >>> bare("df를"), bare("größe")
    ('df', 'größe')
    """
    plain = "".join(itertools.takewhile(lambda char: not script(char), name))
    return plain or name


def _item(chart: Chart, at: int, names: _Names) -> tuple[int, Item]:
    """Return the longest of what may begin at a token, and the token after it."""
    token = chart.tokens[at]

    def made(end: int, role: str, value: Any = "") -> tuple[int, Item]:
        return end, Item(token.start, chart.tokens[end - 1].end, role, value)

    if (date := _date(chart, at)) is not None:
        return made(*date)
    named = names.at(chart, at)
    if token.kind == "sign" and (named is None or named[1] != "column"):
        return made(at + 1, "stop" if token.text in _STOPS else "fill")
    found = [
        (match.end, -_rank(role), role, match.value)
        for table, role in _TABLES.items()
        if (match := chart.get(at, table))
    ]
    if named is not None:
        end, role, value = named
        found.append((end, -len(_FIRST), role, value))
    best = max(found, key=lambda one: one[:2], default=None)
    if best is not None:
        return made(best[0], best[2], best[3])
    if match := chart.get(at, "joints", "and"):
        return made(match.end, "stop")
    if is_small(token.text):
        return made(at + 1, "fill")
    if column := names.part(token):
        return made(at + 1, "column", column)
    return made(at + 1, "unknown")


def _date(chart: Chart, at: int) -> tuple[int, str, str] | None:
    """Return where a date ends that begins at a token, as ISO 8601 writes it."""
    end, said = at + 1, [chart.tokens[at].text]
    if chart.tokens[at].kind != "digits" or len(said[0]) != _YEAR:
        return None
    while end + 1 < len(chart.tokens) and len(said) < _PARTS:
        sign, digits = chart.tokens[end : end + 2]
        if sign.text != "-" or digits.kind != "digits" or len(digits.text) != 2:
            break
        said.append(digits.text)
        end += 2
    return (end, "date", "-".join(said)) if len(said) > 1 else None


def _rank(role: str) -> int:
    if role in _FIRST:
        return _FIRST.index(role)
    return len(_FIRST) + 1 + _NEXT.index(role)


class _Names:
    """What a table calls its columns and its values, by how that is folded."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._by: dict[str, tuple[str, Any]] = {}
        self._parts: dict[str, set[str]] = {}
        for column in columns:
            for word in words(column)[:_MOST] if column.kind == "text" else ():
                if not is_small(word.casefold()):
                    self._by.setdefault(fold(word), ("value", (column.name, word)))
        for column in columns:
            for form in _forms(fold(column.name)):
                self._by[form] = ("column", column)
            for part in column.name.replace("_", " ").casefold().split():
                self._parts.setdefault(part, set()).add(column.name)
        self._columns = {column.name: column for column in columns}

    def at(self, chart: Chart, at: int) -> tuple[int, str, Any] | None:
        """Return the longest name that begins at a token, and where it ends."""
        tokens = chart.tokens
        for end in range(min(at + _REACH, len(tokens)), at, -1):
            said = chart.text[tokens[at].start : tokens[end - 1].end]
            if found := self._by.get(fold(said)):
                return end, *found
        return None

    def part(self, token: Token) -> Column | None:
        """Return the one column that has a word in its name."""
        forms = _forms(token.text) if len(token.text) >= _SHORT else ()
        named = {name for form in forms for name in self._parts.get(form, ())}
        return self._columns[named.pop()] if len(named) == 1 else None


def _names(table: Table | None) -> _Names:
    return _Names(() if table is None else table.columns)


def _forms(name: str) -> Iterator[str]:
    """Yield a name, one of it and many of it."""
    yield name
    yield f"{name}s"
    if name.endswith("y"):
        yield f"{name[:-1]}ies"
    if name.endswith("ies"):
        yield f"{name[:-3]}y"
    if name.endswith("s"):
        yield name[:-1]
