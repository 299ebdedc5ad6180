"""A turn about data as the words that its lists have for charts, and where they stand."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from nbagent.charts.table import Table
from nbagent.language.chart import Chart as Words
from nbagent.language.data_scores import Heard, Run
from nbagent.language.data_words import Item, items_of
from nbagent.language.guess import certain, language
from nbagent.language.lexicon import is_small
from nbagent.language.spans import meets
from nbagent.language.tokens import script

UNHEARD = np.zeros(384, np.float32)
"""What the encoder made of words that the lists alone have: nothing."""
_NAMES = ("value", "column", "quote", "mention")
_ENDS = ".!?;。！？；\n"
_STOPS = ",:()、，："
WRITTEN = ("title", "subtitle", "caption", "note", "label")
"""What words are that stand there as they are."""
_FEW = 2  # letters between two words


@dataclass(frozen=True, slots=True)
class Spot:
    """Words of a list: what they say, and where they stand."""

    value: str
    start: int
    end: int


class Told:
    """The words of a turn.

    Args:
        text: The turn.
        table: What it may be about; None for a figure.
    """

    def __init__(self, text: str, table: Table | None) -> None:
        self.text, self.table = text, table
        self.items = items_of(text, table)
        self._names = [one for one in self.items if one.role in _NAMES]

    @functools.cached_property
    def _words(self) -> Words:
        return Words.of(self.text, language(self.text))

    @functools.cached_property
    def _sure(self) -> frozenset[str]:
        return certain(self.text)

    def spots(self, *values: str, table: str = "chart_words") -> list[Spot]:
        """Return the words of a list that are no names of the data, in order."""
        found: list[Spot] = []
        words = self._words
        for at, token in enumerate(words.tokens):
            is_taken = bool(found) and token.start < found[-1].end
            if is_taken or words.is_inside(at):
                continue
            match = words.get(at, table, *values)
            if match is None:
                continue
            if self._sure and not match.langs & self._sure:
                continue
            end = words.tokens[match.end - 1].end
            if not any(o.start < end and o.end > token.start for o in self._names):
                found.append(Spot(match.value, token.start, end))
        return found

    def says(self, *values: str) -> bool:
        """Return whether the turn has a word of a list."""
        return bool(self.spots(*values))

    @property
    def columns(self) -> list[Item]:
        """The columns that are called by their names."""
        return [one for one in self.items if one.role == "column"]

    @property
    def values(self) -> list[Item]:
        """The values of the table that are named."""
        return [one for one in self.items if one.role == "value"]

    @property
    def numbers(self) -> list[Item]:
        """What is said in numbers, whatever unit stands behind them."""
        tokens = self._words.tokens
        return [
            Item(tokens[at].start, tokens[one.end - 1].end, "number", one.value)
            for at, one in sorted(self._words.numbers.items())
            if not one.is_ordinal
        ]

    def behind(self, spot: Spot, *roles: str) -> Item | None:
        """Return what stands right behind some words, small ones aside."""
        own = (o for o in self.items if o.role in roles and o.start >= spot.end)
        item = next(own, None)
        return item if item and self.is_near(spot.end, item.start) else None

    def before(self, spot: Spot, *roles: str) -> Item | None:
        """Return what stands right before some words, small ones aside."""
        own = [o for o in self.items if o.role in roles and o.end <= spot.start]
        item = own[-1] if own else None
        return item if item and self.is_near(item.end, spot.start) else None

    def touch(self, one: Spot | Item, other: Spot | Item) -> bool:
        """Return whether nothing but small words stands between two things."""
        if one.start <= other.start:
            return one.end <= other.start and self.is_near(one.end, other.start)
        return other.end <= one.start and self.is_near(other.end, one.start)

    def is_near(self, start: int, end: int) -> bool:
        """Return whether only small words stand from a place to another."""
        said = self.text[start:end].strip()
        if any(char in said for char in _ENDS + _STOPS):
            return False
        # Of scripts without spaces a letter or two are small.
        return is_small(said) or (len(said) <= _FEW and all(map(script, said)))

    def sentence(self, at: int) -> tuple[int, int]:
        """Return from where to where the sentence around a place reaches."""
        marks = [i for i, char in enumerate(self.text) if self._ends(i, char)]
        start = max((i + 1 for i in marks if i < at), default=0)
        return start, min((i for i in marks if i >= at), default=len(self.text))

    def _ends(self, at: int, char: str) -> bool:
        after = self.text[at + 1 : at + 2]
        return char in _ENDS and (ord(char) > 0x2E80 or not after.strip())

    def strange(self) -> Iterator[Item]:
        """Yield words that no list has."""
        known = self.spots()
        for one in self.items:
            is_known = any(o.start <= one.start and one.end <= o.end for o in known)
            if one.role == "unknown" and not is_known:
                yield one


def run_of(tag: str, told: Told, start: int, end: int) -> Run:
    """Return some words of a turn as something."""
    return Run(tag, told.text[start:end], start, end, UNHEARD)


def of_kind(heard: Heard, kind: str) -> Heard:
    """Return a turn that is something new, or a change, for certain."""
    return replace(heard, kinds={**dict.fromkeys(heard.kinds, 0.0), kind: 1.0})


def cut_out(heard: Heard, met: Iterable[Spot | Item], *tags: str) -> Heard:
    """Return a turn without the runs that meet some words, of these tags if any are."""
    own = [*met]
    runs = (
        run
        for run in heard.runs
        if run.tag in WRITTEN or (tags and run.tag not in tags) or not meets(run, own)
    )
    return replace(heard, runs=tuple(runs))


def put_in(heard: Heard, *more: Run) -> Heard:
    """Return a turn with more words that are something."""
    runs = sorted((*heard.runs, *more), key=lambda one: one.start)
    return replace(heard, runs=tuple(runs))


def meant(tag: str, column: str, told: Told) -> Run:
    """Return a column that no words name as something that is said behind them all."""
    end = len(told.text) + 1
    return Run(tag, column, end, end, UNHEARD)
