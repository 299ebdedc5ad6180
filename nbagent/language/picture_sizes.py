"""The shape of a picture, its size and its rate, as they are said."""

from __future__ import annotations

from typing import Any, Final

from nbagent.language.amounts import amount, borrowed, moment
from nbagent.language.chart import Chart

Value = tuple[int, Any]
_SHAPES: Final = frozenset(
    "1:1 16:9 9:16 16:10 10:16 4:3 3:4 4:5 5:4 21:9 9:21 3:2 2:3 2:1 1:2 18:9 9:18 32:9"
    " 5:3 3:5 5:7 7:5 14:9 1.85:1 2.35:1 2.39:1 2.4:1 2.40:1 1.78:1 1.33:1".split()
)
_LEAST_PIXELS: Final = 16
_MOST_PIXELS: Final = 16384
_LEAST_SIDE: Final = 100
"""Of "720 by 1280": less is a shape, as "16 by 9"."""
_RATE_UNITS: Final[dict[str | None, tuple[str, ...]]] = {
    None: ("fps",),
    "before": ("fps", "frames"),  # "fps 24", "每秒24帧"
    "weak": ("frames",),  # "at 24 frames", where "frames" alone would be a count
}
"""The units of a frame rate, by what stands before it."""
_LINES: Final = frozenset(
    (144, 240, 360, 480, 540, 576, 720, 900, 1080, 1440, 2160, 4320)
)


def ratio(chart: Chart, at: int) -> Value | None:
    """Read a shape: "16:9", "9 by 16", "square"."""
    if word := chart.get(at, "ratios"):
        return word.end, word.value
    width = chart.numbers.get(at)
    if width is None or width.value > 50:
        return None
    is_colon = chart.is_sign(width.end, ":")
    by = chart.get(width.end, "joints", "by", "to")
    if not is_colon and not by and not chart.is_sign(width.end, "/"):
        return None
    after = by.end if by else width.end + 1
    height = chart.numbers.get(after)
    if height is None or height.value > 50 or chart.get(height.end, "units"):
        return None
    if width.is_ordinal or height.is_ordinal:
        return None  # "a note at week 7: first profit"
    if is_colon and not chart.is_glued(after):
        return None
    said = f"{width.value:g}:{height.value:g}"
    if chart.is_sign(width.end, "/") and said not in ("16:9", "9:16", "21:9", "4:3"):
        return None
    is_whole = said.replace(":", "").isdecimal()
    known = said in _SHAPES or (is_colon and is_whole and not moment(chart, at))
    return (height.end, said) if known else None


def size(chart: Chart, at: int) -> Value | None:
    """Read width and height in pixels: "720 x 1280"."""
    width = chart.numbers.get(at)
    if width is None:
        return None
    end = chart.skip(width.end, "units", "px")
    by = chart.get(end, "joints", "by")
    height = chart.numbers.get(by.end) if by else None
    if height is None:
        return None
    sides = (width.value, height.value)
    if not all(_LEAST_PIXELS <= s <= _MOST_PIXELS and s == int(s) for s in sides):
        return None
    if max(sides) < _LEAST_SIDE:
        return None
    return chart.skip(height.end, "units", "px"), tuple(map(int, sides))


def lines(chart: Chart, at: int) -> Value | None:
    """Read a height by its usual name: "1080p", "4k"."""
    if word := chart.get(at, "lines"):
        return word.end, int(word.value)
    number = chart.numbers.get(at)
    if number is None or number.value not in _LINES:
        return None
    is_p = chart.is_sign(number.end, "p") and chart.is_glued(number.end)
    return (number.end + 1, int(number.value)) if is_p else None


def pixels(chart: Chart, at: int) -> Value | None:
    """Read one side in pixels: "640 px wide", "width 640"."""
    side = chart.get(at, "sides")
    start = chart.skip(side.end, "joints", "is", "to") if side else at
    read = amount(chart, start)
    if read is None or read[1] != int(read[1]) or not read[1] or ratio(chart, start):
        return None  # "wide 16:9" is a shape
    unit = chart.get(read[0], "units", "px")
    end = unit.end if unit else read[0]
    behind = chart.get(chart.skip(end, "joints", "of"), "sides") if not side else None
    if behind:
        end = behind.end
    said = side or behind
    if not unit and (said is None or read[1] < _LEAST_PIXELS):
        return None
    return end, (int(read[1]), said.value if said else None)


def fps(chart: Chart, at: int) -> Value | None:
    """Read frames a second: "24 fps", "每秒24帧"."""
    before = chart.get(at, "rates")
    if before and chart.is_glued(at) and chart.tokens[at].kind == "word":
        before = None  # "60fps 16:9"
    read = amount(chart, chart.skip(before.end, "joints", "is", "to") if before else at)
    if read is None:
        return None
    units = _RATE_UNITS[before.value if before else None]
    unit = chart.get(borrowed(chart, read[0], *units), "units", *units)
    if unit is None and (before is None or before.value == "weak"):
        return None
    end = unit.end if unit else read[0]
    return None if chart.get(end, "units", "s", "min") else (end, read[1])
