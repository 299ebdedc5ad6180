"""Values that words state outright, as rules over a chart: factors, shapes, colours.

As in `amounts`, a rule is asked at one token and returns the token after what it read
and the value, or None.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

from nbagent.language.amounts import amount, duration, moment, span
from nbagent.language.chart import Chart
from nbagent.language.picture_sizes import Value, fps, lines, pixels, ratio, size

Kind = Literal[
    "number",
    "duration",
    "time",
    "span",
    "factor",
    "ratio",
    "size",
    "lines",
    "pixels",
    "fps",
    "ordinal",
    "colour",
    "clip",
    "mention",
    "format",
    "step",
    "scene",
    "seed",
]


def factor(chart: Chart, at: int) -> Value | None:
    """Read how many times: "twice", "2x", "x1.5", "50%", "a third of the speed"."""
    if direct := chart.get(at, "factors"):
        return direct.end, float(direct.value)
    if named := chart.get(at, "joints", "factor"):
        return amount(chart, named.end)
    if pace := chart.get(at, "pace", "slow", "fast"):  # "slower by 30%"
        read = _percent(chart, chart.skip(pace.end, "joints", "by_how_much"))
        if read:
            return read[0], _changed(read[1], pace.value)
        return _reached(chart, pace.end)
    if read := _percent(chart, at):
        pace = chart.get(read[0], "pace")
        return (pace.end, _changed(read[1], pace.value)) if pace else read
    reads = [read for read in (_parts(chart, at), *_times(chart, at)) if read]
    for end, value in reads:
        if (pace := chart.get(end, "pace")) and value:
            slow = pace.value == "slow" and value > 1
            return pace.end, round(1 / value, 4) if slow else value
    return reads[0] if reads else None


def _reached(chart: Chart, at: int) -> tuple[int, float] | None:
    """Read "to 0.7" behind "slow it"."""
    to = chart.get(at, "joints", "to")
    read = amount(chart, to.end) if to else None
    is_bare = read and 0 < read[1] < 1 and not chart.get(read[0], "units")
    return read if is_bare else None


def _percent(chart: Chart, at: int) -> tuple[int, float] | None:
    read = amount(chart, at)
    unit = chart.get(read[0], "units", "percent") if read else None
    return (unit.end, round(read[1] / 100, 4)) if read and unit else None


def _changed(share: float, pace: str) -> float:
    """Return the speed after a change; "30% of the speed" is what it will be."""
    sign = {"slow": -1, "fast": 1}.get(pace)
    return round(max(1 + sign * share, 0), 4) if sign else share


def _times(chart: Chart, at: int) -> list[tuple[int, float]]:
    """Read "2x", "2 times", "x2"; the longest first."""
    if chart.get(at, "joints", "by") and chart.is_glued(at + 1):
        if not chart.is_glued(at) or not chart.numbers.get(at - 1):
            read = amount(chart, at + 1)
            return [read] if read else []
    read = amount(chart, at)
    if read is None or read[0] >= len(chart.tokens):
        return []
    is_by = chart.get(read[0], "joints", "by") is not None
    return [
        (unit.end, read[1])
        for unit in chart.words[read[0]].get("units", ())
        # "1x1", and "2 x 3" are shapes.
        if unit.value == "times" and not (is_by and chart.numbers.get(unit.end))
    ]


def _parts(chart: Chart, at: int) -> tuple[int, float] | None:
    """Read "1/3", "三分之一"."""
    first = chart.numbers.get(at)
    if first is None:
        return None
    if over := chart.get(first.end, "joints", "of_parts"):
        above = chart.numbers.get(over.end)
        if above and first.value:
            return above.end, round(above.value / first.value, 4)
    if not chart.is_sign(first.end, "/") or ratio(chart, at):
        return None
    read = amount(chart, at)
    return (read[0], round(read[1], 4)) if read and read[1] < 1 else None


def ordinal(chart: Chart, at: int) -> Value | None:
    """Read a place in an order: "first", "2nd", "第二个", "the last"."""
    if word := chart.get(at, "ordinals"):
        return word.end, int(word.value)
    if mark := chart.get(at, "ordinal_marks", "before"):
        number = chart.numbers.get(mark.end)
        if number and not chart.get(number.end, "units", "s", "min", "fps"):
            return chart.skip(number.end, "units", "counter"), int(number.value)
        return None
    number = chart.numbers.get(at)
    if number is None:
        return None
    if number.is_ordinal:
        return number.end, int(number.value)
    mark = chart.get(number.end, "ordinal_marks", "glued", "after")
    if mark is None or (mark.value == "glued" and not chart.is_glued(number.end)):
        return None
    return mark.end, int(number.value)


def colour(chart: Chart, at: int) -> Value | None:
    """Read a colour, with its shade: "dark blue", "azul claro", "#ff0000"."""
    if chart.is_sign(at, "#"):
        return _hex(chart, at)
    before = chart.get(at, "shades")
    start = before.end if before else at
    hue = chart.get(start, "colors")
    if hue is None:
        return None
    behind = None if before else chart.get(hue.end, "shades")
    if behind and not behind.langs & hue.langs:
        behind = None
    shade = before or behind
    name = hue.value.replace("_", " ")
    return (
        (behind.end if behind else hue.end),
        f"{shade.value} {name}" if shade else name,
    )


def _hex(chart: Chart, at: int) -> Value | None:
    end = at + 1
    while end < len(chart.tokens) and chart.is_glued(end):
        end += 1
    code = "".join(token.text for token in chart.tokens[at + 1 : end])
    is_hex = len(code) in (3, 6) and not set(code) - set("0123456789abcdef")
    return (end, f"#{code}") if is_hex else None


def clip(chart: Chart, at: int) -> Value | None:
    """Read a clip by its name: "c1", "@c2", "clip 3"."""
    start = at + 1 if chart.is_sign(at, "@") else at
    if chart.is_sign(start, "c") and start + 1 < len(chart.tokens):
        here = chart.tokens[start + 1]
        is_free = start != at or not chart.is_glued(at) or not _is_word(chart, at - 1)
        if here.kind == "digits" and here.is_glued and is_free:
            end = start + 2
            is_whole = not (chart.is_glued(end) and chart.tokens[end].kind == "word")
            return (end, f"c{int(here.text)}") if is_whole else None
    noun = chart.get(at, "clips")
    if noun is None:
        return None
    start = chart.skip(noun.end, "joints", "number")
    number = chart.numbers.get(start)
    if number is None or number.is_ordinal or number.value != int(number.value):
        return None
    after = (duration, factor, size, ratio, fps, pixels, lines)
    if any(rule(chart, start) for rule in after) or chart.is_sign(number.end, "-:"):
        return None
    return number.end, int(number.value)


def step(chart: Chart, at: int) -> Value | None:
    """Read a step of a run: "step 5", "5단계"."""
    return _numbered(chart, at, "steps")


def scene(chart: Chart, at: int) -> Value | None:
    """Read a scene by its number: "scene 2"."""
    return _numbered(chart, at, "scenes")


def seed(chart: Chart, at: int) -> Value | None:
    """Read what a clip is drawn from: "seed 7"."""
    return _numbered(chart, at, "seeds")


def _numbered(chart: Chart, at: int, table: str) -> Value | None:
    """Read a noun with a whole number behind it, or before it where it stands so."""
    noun = chart.get(at, table, "noun")
    start = chart.skip(noun.end, "joints", "number") if noun else at
    number = chart.numbers.get(start)
    if number is None or number.value != int(number.value):
        return None
    if noun is not None:
        return number.end, int(number.value)
    behind = chart.get(number.end, table, "after")
    return (behind.end, int(number.value)) if behind else None


def _is_word(chart: Chart, at: int) -> bool:
    return chart.tokens[at].kind in ("word", "digits")


def mention(chart: Chart, at: int) -> Value | None:
    """Read "@name", "@c2[10]" or "@clip[1s:2s]"."""
    if not chart.is_sign(at, "@") or not chart.is_glued(at + 1):
        return None
    if chart.tokens[at + 1].kind == "digits":
        return None  # "720p @30"
    if chart.is_glued(at) and _is_word(chart, at - 1):
        return None  # an address
    end = at + 1
    while end < len(chart.tokens) and chart.is_glued(end):
        if chart.tokens[end].kind == "sign":
            break
        end += 1
    if end == at + 1:
        return None
    start, stop = chart.tokens[at + 1].start, chart.tokens[end - 1].end
    name = chart.text[start:stop]
    part = span(chart, end) if chart.is_sign(end, "[") else None
    if part:
        return part[0], (name, part[1], None)
    if chart.is_sign(end, "[") and chart.is_sign(end + 2, "]"):
        frame = chart.tokens[end + 1].text
        if frame.isdecimal():
            return end + 3, (name, None, int(frame[:9]))
    return end, (name, None, None)


def file_format(chart: Chart, at: int) -> Value | None:
    """Read a kind of file: "gif"."""
    word = chart.get(at, "formats")
    return (word.end, word.value) if word else None


def number(chart: Chart, at: int) -> Value | None:
    """Read what is no more than a number."""
    one = chart.get(at, "joints", "one")
    if one and (half := chart.get(one.end, "halves")):
        return half.end, float(half.value)  # "ein halbes"
    read = amount(chart, at)
    if read is None:
        return None
    end, value = read
    counter = chart.get(end, "units", "counter")
    found = chart.numbers[at]
    if chart.is_glued(end) and chart.tokens[end].kind == "word" and not counter:
        return None  # "3d"
    if found.is_weak and chart.tokens[at].kind == "word" and not _is_counted(chart, at):
        return None
    if found.is_weak and chart.tokens[at].kind == "letter" and not counter:
        return None
    return (counter.end if counter else end), value


def _is_counted(chart: Chart, at: int) -> bool:
    """Return whether "one" counts: "one more", and neither "the red one" nor "a cat"."""
    if chart.get(at, "joints", "one"):
        return False
    follows = chart.get(at + 1, "joints", "more") or chart.get(
        at + 1, "units", "counter"
    )
    return follows is not None


RULES: Final[dict[Kind, Callable[[Chart, int], Value | None]]] = {
    "clip": clip,
    "mention": mention,
    "span": span,
    "size": size,
    "ratio": ratio,
    "time": moment,
    "duration": duration,
    "fps": fps,
    "lines": lines,
    "pixels": pixels,
    "factor": factor,
    "colour": colour,
    "format": file_format,
    "step": step,
    "scene": scene,
    "seed": seed,
    "ordinal": ordinal,
    "number": number,
}
"""What is found, by its name; of two that reach as far, the first is meant."""
STARTS: Final = frozenset(
    "clips colors factors formats halves joints lines ordinal_marks ordinals other pace"
    " rates ratios scenes seeds shades sides steps units".split()
)
"""The tables that have the first word of a value."""
SIGNS: Final = "@#[c"
"""Signs that one may begin with, beside numbers; the "c" is of "c1"."""
