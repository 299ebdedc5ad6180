"""Closed classes of words: numbers, times, shapes, colours, names of clips.

Their words are the lists of `lang/`, one file a language; all languages are looked for at
once. Nothing here guesses what a turn asks for.

>>> [(one.kind, one.value) for one in find("25 fps, anderthalb Sekunden, hellgrün")]
[('fps', 25.0), ('duration', 1.5), ('colour', 'light green')]
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from nbagent.language.chart import Chart
from nbagent.language.guess import language
from nbagent.language.rules import RULES, SIGNS, STARTS, Kind

_Candidate = tuple[int, int, int, Kind | None, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """A value in a text.

    Attributes:
        start: Where its words begin, in characters.
        end: Where they end.
        kind: What it is.
        value: By kind: `number`, `duration` and `time` (seconds), `factor` and `fps` a
            float; `span` two seconds; `ratio` "16:9"; `size` width and height; `lines` a
            height; `pixels` a number and its side, "width", "height" or None; `ordinal`
            an int from 1, the last is -1; `step`, `scene` and `seed` an int; `colour` its English; `clip` "c1" or an int;
            `mention` a name, a span or None and a frame or None; `format` "gif".
    """

    start: int
    end: int
    kind: Kind
    value: Any


@functools.lru_cache(maxsize=64)
def find(text: str) -> tuple[Found, ...]:
    """List the values of a text in order; of those that overlap, the longest.

    >>> find("half as fast")
    (Found(start=0, end=12, kind='factor', value=0.5),)
    """
    chart = Chart.of(text, language(text))
    candidates: list[_Candidate] = []
    for at in range(len(chart.tokens)):
        if chart.is_inside(at) or not _may_begin(chart, at):
            continue
        for rank, (kind, rule) in enumerate(RULES.items()):
            if (read := rule(chart, at)) is not None:
                candidates.append((at, read[0], rank, kind, read[1]))
        if other := chart.get(at, "other"):
            candidates.append((at, other.end, -1, None, None))
    return _longest(chart, candidates)


def unmarked(text: str) -> str:
    """Return a text without the marks of names, letter for letter as long.

    >>> unmarked("@c2[1s:2s] at night")
    ' c2        at night'
    """
    letters = list(text)
    for one in find(text):
        if one.kind in ("mention", "clip") and letters[one.start] == "@":
            letters[one.start] = " "
            opening = text.find("[", one.start, one.end)
            if opening > 0:
                letters[opening : one.end] = " " * (one.end - opening)
    return "".join(letters)


def _may_begin(chart: Chart, at: int) -> bool:
    """Return whether a value may begin at a token: most words begin none."""
    return (
        at in chart.numbers
        or not STARTS.isdisjoint(chart.words[at])
        or chart.is_sign(at, SIGNS)
    )


def _longest(chart: Chart, candidates: list[_Candidate]) -> tuple[Found, ...]:
    places = chart.tokens
    taken: set[int] = set()
    found = []
    for at, end, _, kind, value in sorted(
        candidates,
        key=lambda one: (places[one[0]].start - places[one[1] - 1].end, one[0], one[2]),
    ):
        if taken.isdisjoint(range(at, end)):
            taken.update(range(at, end))
            if kind is not None:
                found.append(Found(places[at].start, places[end - 1].end, kind, value))
    return tuple(sorted(found, key=lambda one: one.start))
