"""Amounts of time: durations, points and spans, as rules over a chart.

A rule is asked at one token. It returns the token after what it read, and the value; or
None.
"""

from __future__ import annotations

from typing import Final

from nbagent.language.chart import Chart

Read = tuple[int, float]
Ends = tuple[float, float | None]
"""Seconds; without the second, to the clip's end."""
SECONDS: Final = {"ms": 0.001, "s": 1.0, "min": 60.0}
LONGEST_S: Final = 86_400.0
_DECADE: Final = 1000


def amount(chart: Chart, at: int) -> Read | None:
    """Read how many: "2.5", "two and a half", "anderthalb", "1/2"."""
    number = chart.numbers.get(at)
    if number is None or number.is_ordinal or _is_in_name(chart, at):
        return None
    end, value = number.end, number.value
    if chart.is_sign(end, "/") and (below := chart.numbers.get(end + 1)):
        if below.value and number.value < below.value:
            return below.end, number.value / below.value
    if half := chart.get(end, "plus"):
        return half.end, value + float(half.value)
    return end, value


def _is_in_name(chart: Chart, at: int) -> bool:
    """Return whether digits are part of a name, as in "fig3"; "x2" has a factor."""
    return (
        chart.tokens[at].kind == "digits"
        and chart.is_glued(at)
        and chart.tokens[at - 1].kind == "word"
        and chart.get(at - 1, "joints", "by") is None
        and chart.get(at - 1, "units") is None
    )


def duration(chart: Chart, at: int) -> Read | None:
    """Read a length of time: "2s", "half a second", "2 min 10 s", "anderthalb Minuten"."""
    first = _timed(chart, at)
    if first is None:
        return None
    end, value, unit = first
    if unit == "min":
        further = _timed(chart, chart.skip(end, "joints", "and"))
        if further and further[2] == "s" and further[1] < 60:
            end, value = further[0], value + further[1]
    return (end, value) if value <= LONGEST_S else None


def _timed(chart: Chart, at: int) -> tuple[int, float, str] | None:
    """Read one amount with its unit."""
    for end, value in _counts(chart, at):
        end = chart.skip(chart.skip(end, "joints", "more"), "ordinals", "1", "-1")
        unit = chart.get(borrowed(chart, end, *SECONDS), "units", *SECONDS)
        if unit is None or not _is_unit(chart, at, unit.end - 1, value):
            continue
        if half := chart.get(unit.end, "plus"):
            return half.end, (value + float(half.value)) * SECONDS[unit.value], "s"
        return unit.end, value * SECONDS[unit.value], unit.value
    return None


def _counts(chart: Chart, at: int) -> list[Read]:
    """List how many units may be meant at a token: "half a", "a", "2.5"."""
    counts: list[Read] = []
    if at >= len(chart.tokens):
        return counts
    start = chart.skip(at, "joints", "one")
    if half := chart.get(start, "halves"):
        counts.append((half.end, float(half.value)))
    if (read := amount(chart, at)) is not None:
        counts.append(read)
    one = chart.get(at, "joints", "one")
    unit = chart.get(one.end, "units", *SECONDS) if one else None
    # "un" and "second" make no duration: both have to be of one language.
    if one and unit and one.langs & unit.langs:
        counts.append((one.end, 1.0))
    is_one = chart.follows(at, "ordinals", "1", "-1") or chart.follows(
        at, "span_words", "first", "last"
    )
    is_word = at < len(chart.tokens) and chart.tokens[at].kind == "word"
    if is_one and is_word:
        counts.append((at, 1.0))  # "the last second"
    return counts


def borrowed(chart: Chart, at: int, *units: str) -> int:
    """Return where a number's unit is: in "30 instead of 24 fps" behind the other one."""
    instead = chart.get(at, "joints", "instead")
    other = amount(chart, instead.end) if instead else None
    return other[0] if other and chart.get(other[0], "units", *units) else at


def _is_unit(chart: Chart, at: int, unit_at: int, value: float) -> bool:
    """Return whether a word is a unit there: not in "it's", "the 90s" or "a s"."""
    unit = chart.tokens[unit_at]
    if len(unit.text) > 1 or unit.kind == "letter":
        return True
    if chart.tokens[at].kind != "digits" or chart.gap(unit_at).strip():
        return False
    is_decade = value >= _DECADE or (at > 0 and value >= 20 and value % 10 == 0)
    return not (is_decade and chart.get(at - 1, "joints", "the"))


def moment(chart: Chart, at: int) -> Read | None:
    """Read a point in time: "1:30", "second 3"."""
    here = chart.tokens[at]
    if (
        here.kind == "digits"
        and chart.is_sign(at + 1, ":")
        and at + 2 < len(chart.tokens)
    ):
        seconds = chart.numbers.get(at + 2)
        two = chart.tokens[at + 2].text
        if seconds and len(two) == 2 and two.isdecimal() and int(two) < 60:
            return seconds.end, float(here.text[:6]) * 60 + seconds.value
    unit = chart.get(at, "units", "s") if len(here.text) > 1 else None
    if unit is None:
        return None
    start = chart.skip(unit.end, "joints", "number")
    read = amount(chart, start)
    if read is None or chart.get(read[0], "units") or _is_weak(chart, start):
        return None
    return read


def _is_weak(chart: Chart, at: int) -> bool:
    """Return whether a word is rather none of a number: "the second one"."""
    return chart.tokens[at].kind == "word" and chart.numbers[at].is_weak


def span(chart: Chart, at: int) -> tuple[int, Ends] | None:
    """Read a part of time by both its ends: "from 1 to 2.5 s", "1-3s", "[1s:2s]"."""
    if chart.is_sign(at, "["):
        return _bracketed(chart, at + 1)
    lead = chart.get(at, "joints", "between", "from")
    start = _point(chart, lead.end if lead else at)
    if start is None:
        return None
    middle = _to(chart, start[0], is_between=bool(lead))
    end = _point(chart, middle) if middle else None
    if end is None or not start[1] < end[1]:
        return None
    if not (start[2] or end[2]):
        return None
    after = chart.skip(end[0], "joints", "between")
    return after, (start[1], end[1])


def _bracketed(chart: Chart, at: int) -> tuple[int, Ends] | None:
    """Read "1s:2s]", ":2]" or "3:]", behind the bracket that opens."""
    start = _side(chart, at)
    middle = start[0] if start else at
    if not chart.is_sign(middle, ":"):
        return None
    end = _side(chart, middle + 1)
    after = end[0] if end else middle + 1
    if not chart.is_sign(after, "]") or (start is None and end is None):
        return None
    first, last = start[1] if start else 0.0, end[1] if end else None
    return (after + 1, (first, last)) if last is None or first < last else None


def _side(chart: Chart, at: int) -> Read | None:
    """Read an end in brackets, where seconds may be meant without being said."""
    if at >= len(chart.tokens):
        return None
    return duration(chart, at) or amount(chart, at)


def _point(chart: Chart, at: int) -> tuple[int, float, bool] | None:
    """Read an end of a span, and whether its words say that it is a time."""
    at = chart.skip(chart.skip(at, "joints", "the"), "ordinal_marks", "before")
    if at >= len(chart.tokens):
        return None
    for rule in (duration, moment):
        if (read := rule(chart, at)) is not None:
            return chart.skip(read[0], "joints", "after"), read[1], True
    read = amount(chart, at)
    if read is None or chart.numbers[at].is_weak or chart.get(read[0], "units"):
        return None
    return (*read, False)


def _to(chart: Chart, at: int, *, is_between: bool) -> int | None:
    """Return the token after "to", or what stands for it."""
    if chart.is_sign(at, "-~"):
        return at + 1
    values = ("to", "and") if is_between else ("to",)
    match = chart.get(at, "joints", *values)
    return match.end if match else None
