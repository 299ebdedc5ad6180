"""Columns that say yes or no of each row, and the words of a turn that mean one.

"Only the ones open on sundays" chooses rows by `open_sunday`: nobody says "true".
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from nbagent.charts.names import words
from nbagent.charts.table import Column, Table
from nbagent.language.chart import Chart
from nbagent.language.data_labels import COLUMNS
from nbagent.language.data_scores import Heard, Run
from nbagent.language.guess import language
from nbagent.language.lexicon import is_small, languages, words_of
from nbagent.language.spans import meets
from nbagent.language.tokens import Token, tokens

_STEM: Final = 4  # letters that two forms of a word have in common
_ALIKE: Final = 0.75  # of the longer one, where neither begins with the other
_REACH: Final = 6  # tokens from "only" to the word
_STOPS: Final = ",;.!?:()、。，；！？："
_HIDDEN: Final = (*COLUMNS, "lost", "rest")
"""What such a word may have been heard as."""


def is_flag(column: Column) -> bool:
    """Return whether a column says yes or no."""
    known = {one.casefold() for one in words(column)}
    least = 1 if column.kind == "text" else len("01")
    is_few = least <= len(known) <= len("01")
    return is_few and known <= _spelt("true") | _spelt("false")


def word_for(column: Column, *, is_true: bool) -> str:
    """Return how a column writes yes, or no; nothing if it never does."""
    own = _spelt("true" if is_true else "false")
    return next((one for one in words(column) if one.casefold() in own), "")


def flag_of(said: str, table: Table) -> Column | None:
    """Return the one column of yes and no that has a word of these in its name."""
    found = [
        one
        for one in table.columns
        if is_flag(one) and any(_is_of(token, one) for token in tokens(said))
    ]
    return found[0] if len(found) == 1 else None


def flagged(heard: Heard, table: Table) -> Heard:
    """Return a turn in which words for a yes behind "only" or "without" choose rows."""
    flags = [one for one in table.columns if is_flag(one)]
    if not flags:
        return heard
    chart = Chart.of(heard.text, language(heard.text))
    runs = list(heard.runs)
    for at, token in enumerate(chart.tokens):
        tag = _choice(chart, at)
        if not tag or flag_of(heard.text[token.start : token.end], table) is None:
            continue
        met = [run for run in runs if meets(run, [token])]
        if any(one.tag not in _HIDDEN for one in met) or not runs:
            continue
        said = heard.text[token.start : token.end]
        runs = [one for one in runs if one not in met]
        runs.append(Run(tag, said, token.start, token.end, heard.runs[0].state))
    return replace(heard, runs=tuple(sorted(runs, key=lambda one: one.start)))


def _choice(chart: Chart, at: int) -> str:
    """Return whether rows with a word stay or go, by the nearest word before it."""
    for before in range(at - 1, max(at - _REACH, -1), -1):
        if chart.tokens[before].text in _STOPS:
            return ""
        if chart.get(before, "data_acts", "out") or chart.get(
            before, "row_words", "out", "not"
        ):
            return "out"
        if chart.get(before, "data_acts", "only"):
            return "keep"
    return ""


def _is_of(token: Token, column: Column) -> bool:
    """Return whether a word is one of a column's name, in whatever form."""
    said = token.text
    if token.kind == "sign" or len(said) < _STEM - 1 or is_small(said):
        return False
    return any(said == part or is_form(said, part) for part in _parts(column.name))


def is_form(one: str, other: str) -> bool:
    """Return whether two words are forms of one, by the letters that they begin with.

    >>> is_form("sundays", "sunday"), is_form("gratuiti", "gratuito")
    (True, True)
    >>> is_form("active", "action")
    False
    """
    pairs = itertools.takewhile(
        lambda pair: pair[0] == pair[1], zip(one, other, strict=False)
    )
    common = sum(1 for _ in pairs)
    shorter, longer = sorted((len(one), len(other)))
    return common >= _STEM and (common == shorter or common >= _ALIKE * longer)


def _parts(name: str) -> Iterator[str]:
    apart = "".join(
        f" {c}" if c.isupper() and name[i - 1 : i].islower() else c
        for i, c in enumerate(name)
    )
    return (one.text for one in tokens(apart.replace("_", " ")))


@functools.cache
def _spelt(value: str) -> frozenset[str]:
    """Return how tables write yes, or no, in any language."""
    cells = (data["row_words"][value] for data in languages().values())
    digit = "1" if value == "true" else "0"
    letter = ("y", "t") if value == "true" else ("n", "f")
    return frozenset(
        (digit, *letter, *(w.casefold() for cell in cells for w in words_of(cell)))
    )
