"""Which part of a clip words name: a region of its picture, a span of its time."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from nbagent.acts.base import Region, Span
from nbagent.language.amounts import amount, duration, moment
from nbagent.language.amounts import span as both_ends
from nbagent.language.chart import Chart, Match
from nbagent.language.guess import language
from nbagent.language.picture_sizes import ratio
from nbagent.language.rules import mention, ordinal

_AROUND_S: Final = 0.5
"""How far "at 3 s" reaches to both sides."""
_MIDDLE: Final = (0.25, 0.75)
_SHORTEST_WORDS: Final = 4
"""Of "at the end": in longer texts it may be the end of anything."""
_NOUNS: Final = {"start": (0.0, 0.25), "middle": (1 / 3, 2 / 3), "end": (0.75, 1.0)}


def region(text: str) -> Region | None:
    """Read a part of the picture by its place; None if it is named by what it shows.

    >>> region("top right corner"), region("die linke Bildhälfte")
    ((0.5, 0.0, 1.0, 0.5), (0.0, 0.0, 0.5, 1.0))
    >>> region("the sky") is None
    True
    """
    chart = Chart.of(text, language(text))
    at = 0
    while at < len(chart.tokens):
        end, sides, share, is_framed = _run(chart, at)
        if end == at:
            at += 1
            continue
        is_whole = at == 0 and end == len(chart.tokens)
        is_part = share is not None or len(set(sides)) > 1 or is_whole or is_framed
        if sides and is_part and not _is_of_thing(chart, at, end):
            return _box(set(sides), share)
        at = end
    return None


def _run(chart: Chart, at: int) -> tuple[int, list[str], str | None, bool]:
    """Read as many words about sides as follow each other.

    Returns:
        Where they end, the sides, a share, and whether they name the picture itself.
    """
    sides: list[str] = []
    is_framed = False
    share: str | None = None
    while at < len(chart.tokens):
        if (side := _longest(chart, at)) is None:
            read = amount(chart, at)
            percent = chart.get(read[0], "units", "percent") if read else None
            if read is None or percent is None or not 0 < read[1] < 100:
                break
            at, share = percent.end, str(read[1] / 100)
            continue
        table, match = side
        if table == "sides_of":
            sides.append(match.value)
        elif table == "shares":
            share = match.value
        else:
            is_framed |= match.value == "frame"
        at = match.end
    return at, sides, share, is_framed


def _longest(chart: Chart, at: int) -> tuple[str, Match] | None:
    found = [
        (table, match)
        for table in ("sides_of", "shares", "region_words")
        if (match := chart.get(at, table)) and match.value != "of"
    ]
    return max(found, key=lambda one: one[1].end, default=None)


def _is_of_thing(chart: Chart, start: int, end: int) -> bool:
    """Return whether it is the side of a thing: "the left side of the road"."""
    if start and chart.get(start, "region_words", "of_before"):
        return True
    of = chart.get(end, "region_words", "of")
    return bool(of and not chart.get(of.end, "clips") and not _is_ref(chart, of.end))


def _is_ref(chart: Chart, at: int) -> bool:
    return chart.is_sign(at, "@") or (chart.is_sign(at, "c") and chart.is_glued(at + 1))


def _box(sides: set[str], said: str | None) -> Region | None:
    across, down = sides & {"left", "right"}, sides & {"top", "bottom"}
    if len(across) > 1 or len(down) > 1:
        return None
    if not across and not down and said is None:
        return (_MIDDLE[0], _MIDDLE[0], _MIDDLE[1], _MIDDLE[1])
    share = float(Fraction(said or "1/2"))
    if across and down and share == 1 / 4:
        share = 1 / 2  # "the top left quarter"
    left, right = _along(across, share) if across else (0.0, 1.0)
    top, bottom = _along(down, share) if down else (0.0, 1.0)
    if "middle" in sides:
        middle = (0.5 - share / 2, 0.5 + share / 2)
        if not across:
            left, right = middle
        elif not down:
            top, bottom = middle
    return (left, top, right, bottom)


def _along(side: set[str], share: float) -> tuple[float, float]:
    return (0.0, share) if side & {"left", "top"} else (1 - share, 1.0)


def span(text: str) -> Span | None:
    """Read a part of a clip's time.

    >>> span("the last 2 seconds")
    Span(start=-2.0, end=None, is_share=False)
    >>> span("segunda mitad")
    Span(start=0.5, end=1.0, is_share=True)
    """
    chart = Chart.of(text, language(text))
    for rule in (_between, _counted, _bounded):
        for at in range(len(chart.tokens)):
            if not chart.is_inside(at) and (found := rule(chart, at)):
                return found
    return _named(chart)


def _between(chart: Chart, at: int) -> Span | None:
    named = mention(chart, at)
    read = named[1][1] if named else None
    if named is None and (both := both_ends(chart, at)):
        read = both[1]
    return Span(start=read[0], end=read[1]) if read else None


def _counted(chart: Chart, at: int) -> Span | None:
    """Read "first half", "last 2 seconds", "the second third"."""
    number = amount(chart, at)
    which = _which(chart, number[0] if number else at)
    if which is None and number:
        number, which = None, _which(chart, at)  # "2nd half"
    if which is None:
        return None
    end, place = which
    end = chart.skip(end, "span_words", "fill")
    share = None if number else chart.get(end, "shares")
    if share:
        return _part(place, Fraction(share.value))
    read = duration(chart, at if number else end)
    if read is None or not read[1]:
        return None
    if place == 1:
        return Span(end=read[1])
    return Span(start=-read[1]) if place == -1 else None


def _which(chart: Chart, at: int) -> tuple[int, int | None] | None:
    """Read which of the parts is meant; None is the middle one."""
    if word := chart.get(at, "span_words", "first", "last", "middle_one"):
        return word.end, {"first": 1, "last": -1}.get(word.value)
    return ordinal(chart, at)


def _part(place: int | None, share: Fraction) -> Span | None:
    parts = int(1 / share)
    if place is None:
        start = (1 - share) / 2
    elif place == -1:
        start = 1 - share
    elif 0 < place <= parts:
        start = (place - 1) * share
    else:
        return None
    return Span(start=float(start), end=float(start + share), is_share=True)


def _bounded(chart: Chart, at: int) -> Span | None:
    """Read "from second 3 on", "until 2 s", "at 0:03"."""
    lead = chart.get(at, "span_words", "from", "until", "around")
    start = chart.skip(lead.end if lead else at, "span_words", "fill")
    if start >= len(chart.tokens):
        return None
    read = moment(chart, start) or duration(chart, start)
    if read is None:
        half = chart.get(start, "span_words", "half_way")
        if lead is None or half is None:
            return None
        shares = {"from": (0.5, 1.0), "until": (0.0, 0.5)}.get(lead.value, (0.4, 0.6))
        return Span(start=shares[0], end=shares[1], is_share=True)
    tail = chart.get(read[0], "span_words", "onward", "before", "mark")
    kinds = {one.value for one in (lead, tail) if one}
    if kinds & {"until", "before"}:
        return Span(end=read[1])
    if kinds & {"from", "onward"}:
        return Span(start=read[1])
    if kinds or (moment(chart, start) and not ratio(chart, start)):
        return Span(start=max(read[1] - _AROUND_S, 0.0), end=read[1] + _AROUND_S)
    return None


def _named(chart: Chart) -> Span | None:
    """Read "at the end" where it is all that is said."""
    if sum(t.kind == "word" for t in chart.tokens) > _SHORTEST_WORDS:
        return None
    for at in range(len(chart.tokens)):
        noun = chart.get(at, "span_words", *_NOUNS)
        if noun and noun.end == len(chart.tokens):
            start, end = _NOUNS[noun.value]
            return Span(start=start, end=end, is_share=True)
    return None
