"""Words of changes in English: what a prompt is given when the user says it otherwise.

>>> english("de noche", "time")
'at night'
"""

from __future__ import annotations

from typing import Literal

from nbagent.language.chart import Chart
from nbagent.language.guess import language
from nbagent.language.rules import colour

Kind = Literal["time", "weather", "place", "color", "style", "camera"]


def english(text: str, what: Kind) -> str | None:
    """Return the usual English of a phrase, if the whole text is one.

    >>> english("de noche", "time"), english("im Regen", "weather")
    ('at night', 'in the rain')
    """
    chart = Chart.of(text, language(text))
    at = 0
    while at < len(chart.tokens):
        for end, value in _phrases(chart, at, what):
            if _is_end(chart, end):
                return value
        end = chart.skip(at, "phrase_words")
        if end == at:
            return None
        at = end
    return None


def _phrases(chart: Chart, at: int, what: Kind) -> list[tuple[int, str]]:
    if what == "color":
        read = colour(chart, at)
        return [(read[0], str(read[1]))] if read else []
    return [(match.end, match.value) for match in chart.words[at].get(f"{what}s", ())]


def _is_end(chart: Chart, at: int) -> bool:
    while at < len(chart.tokens):
        end = chart.skip(at, "phrase_words", "after")
        if end == at and chart.tokens[at].kind != "sign":
            return False
        at = max(end, at + 1)
    return True
