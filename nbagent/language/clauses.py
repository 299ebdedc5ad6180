"""A turn as clauses: what each of its words may be in words about a text over a clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from string import hexdigits
from typing import Any, Final, Literal

from nbagent.language.chart import Chart
from nbagent.language.found import Found, find
from nbagent.language.guess import language
from nbagent.language.lexicon import is_small
from nbagent.language.quotes import quoted
from nbagent.language.state import State

_VALUES: Final = frozenset(
    "colour duration span time clip mention factor ordinal number".split()
)
Role = Literal[
    "kind",
    "verb",
    "look",
    "side",
    "fill",
    "joint",
    "stop",
    "quote",
    "unknown",
    "colour",
    "duration",
    "span",
    "time",
    "clip",
    "mention",
    "factor",
    "ordinal",
    "number",
]
TIMES: Final[tuple[Role, ...]] = ("duration", "span", "time", "ordinal")
_ATTRIBUTES: Final[tuple[Role, ...]] = ("look", "side", "colour", "factor", *TIMES)


@dataclass(frozen=True, slots=True)
class Item:
    """Words that are one thing: from, to, what that is, and its value."""

    start: int
    end: int
    role: Role
    value: Any = ""


@dataclass(slots=True)
class Clause:
    """Items between two joints."""

    items: list[Item] = field(default_factory=list)

    def of(self, *roles: Role) -> list[Item]:
        """Return the items that are one of these."""
        return [item for item in self.items if item.role in roles]

    def says(self, role: Role, value: str) -> bool:
        """Return whether an item is of a value."""
        return any(item.role == role and item.value == value for item in self.items)

    @property
    def quotes(self) -> list[str]:
        """The texts in quotes."""
        return [str(item.value) for item in self.of("quote")]

    @property
    def start(self) -> int:
        """Where it begins in the turn."""
        return self.items[0].start

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.items[-1].end

    @property
    def is_more(self) -> bool:
        """Whether it says more of a text: "bottom", "in red", and nothing else."""
        return bool(self.of(*_ATTRIBUTES)) and not self.of("unknown", "kind", "quote")


def clauses(items: Sequence[Item]) -> list[Clause]:
    """Part a turn at its joints, and where another text begins."""
    found = [Clause()]
    for item in items:
        here = found[-1]
        is_next = item.role == "kind" and here.of("kind") and here.of("quote")
        if item.role in ("stop", "joint") or is_next:
            found.append(Clause())
        if item.role not in ("stop", "joint"):
            found[-1].items.append(item)
    return [clause for clause in found if clause.items]


def items_of(text: str, state: State) -> list[Item]:
    """Return a turn as items, each with what it may be in a text's clause."""
    quotes = [Item(start, end, "quote", said) for start, end, said in quoted(text)]
    letters = list(text)
    for quote in quotes:
        letters[quote.start : quote.end] = " " * (quote.end - quote.start)
    plain = "".join(letters)
    strings = {one.name for one in state.variables if one.type == "str"}
    values = [_value(one, strings) for one in find(plain) if one.kind in _VALUES]
    values += codes(plain)
    chart = Chart.of(plain, language(plain))
    found, at = [*quotes, *values], 0
    while at < len(chart.tokens):
        token = chart.tokens[at]
        if any(one.start <= token.start < one.end for one in values):
            at += 1
            continue
        end, role, value = _role(chart, at)
        found.append(Item(token.start, chart.tokens[end - 1].end, role, value))
        at = end
    return sorted(found, key=lambda item: item.start)


def _value(one: Found, strings: set[str]) -> Item:
    value = one.value[0] if one.kind == "mention" else one.value
    if value in strings and one.kind == "mention":  # what it says is filled in later
        return Item(one.start, one.end, "quote", f"@{value}")
    return Item(one.start, one.end, one.kind, value)  # type: ignore[arg-type]  # of `_VALUES`


def codes(text: str) -> list[Item]:
    """Return the colours that are given as a code: "#ff8800"."""
    found, at = list[Item](), text.find("#")
    while at >= 0:
        code = text[at + 1 : at + 7]
        if len(code) == 6 and set(code) <= set(hexdigits):
            found.append(Item(at, at + 7, "colour", f"#{code.lower()}"))
        at = text.find("#", at + 1)
    return found


_TABLES: Final[tuple[tuple[str, Role], ...]] = (
    ("text_kinds", "kind"),
    ("text_looks", "look"),
    ("text_verbs", "verb"),
    ("sides_of", "side"),
    ("text_fill", "fill"),
    ("region_words", "fill"),
    ("shares", "fill"),
)


def _role(chart: Chart, at: int) -> tuple[int, Role, str]:
    """Return the longest of what may begin at a token, and where that ends."""
    token = chart.tokens[at]
    if token.kind == "sign":
        return at + 1, "stop" if token.text in ",;.!?、。&" else "fill", ""
    found: list[tuple[int, Role, str]] = []
    for table, role in _TABLES:
        if match := chart.get(at, table):
            found.append((match.end, role, match.value))
    if match := chart.get(at, "joints", "and"):
        found.append((match.end, "joint", ""))
    best = max(found, key=lambda one: one[0], default=None)
    if best is not None:
        return best
    return at + 1, "fill" if is_small(token.text) else "unknown", ""
