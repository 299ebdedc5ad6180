"""A text as a picture of its letters: lines that are broken evenly, and their coverage.

Letters are drawn larger and scaled down, so their edges are as fine as the pixels allow and
no letter is bent to the raster.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, features

from nbagent.acts.text import Kind, Place, Text
from nbagent.charts import fonts
from nbagent.charts.fonts import Face
from nbagent.errors import SpecError

Coverage = NDArray[np.float32]

SAFE: Final = 0.05
"""Of a side, that no letter comes into: the title-safe margin."""
_LEAST_PX: Final = 10.0  # of letters whose size nobody states
_TINIEST_PX: Final = 6.0
_LEADING: Final = 1.22  # from one line to the next, in heights of the letters
_ABOVE: Final = 0.76  # of a line above its base: a capital
_BELOW: Final = 0.24
_FINE_PX: Final = 48  # smaller letters are drawn larger before they are scaled down
_SECOND: Final = 0.72  # of the lines below a name


class Style(NamedTuple):
    """What a kind of text looks like where nobody says so."""

    at: Place
    size: float
    is_bold: bool = False
    plate: bool | None = None
    lift: float = 0.0


STYLES: Final[dict[Kind, Style]] = {
    "title": Style("top", 0.1, is_bold=True),
    "caption": Style("bottom", 0.055),
    "label": Style("top left", 0.05),
    "lower third": Style("bottom left", 0.065, is_bold=True, plate=True, lift=0.05),
    "subtitle": Style("bottom", 0.06),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a text: its words, its font and how far it runs."""

    text: str
    face: Face
    px: float
    direction: str

    @property
    def width(self) -> float:
        """How far it runs, in pixels."""
        return _width(self.text, self.face, self.px, self.direction)


@dataclass(frozen=True, slots=True)
class Block:
    """A text as lines, and the box that they fill, in pixels."""

    lines: tuple[Line, ...]
    width: int
    height: int
    pad: int

    @property
    def px(self) -> float:
        """Height of its letters."""
        return self.lines[0].px


def typeset(text: Text, height: int, width: int) -> Block:
    """Break a text into lines for a picture.

    Args:
        text: What is set.
        height: Of the picture, in pixels.
        width: Of the picture.

    Raises:
        SpecError: If a letter has no glyph, or it does not fit.
    """
    style = STYLES[text.kind]
    fonts.check_shaping(text.text, text.kind)
    short = min(height, width)
    own = max(style.size * short, _LEAST_PX) if text.size is None else text.size * short
    px = max(own * text.scale, _TINIEST_PX)
    room = width * (1 - 2 * SAFE)
    lines: list[Line] = []
    for number, paragraph in enumerate(text.text.expandtabs(4).splitlines()):
        is_under = text.kind == "lower third" and number > 0
        letters = px * _SECOND if is_under else px
        face = fonts.face(text.font, paragraph, is_bold=style.is_bold and not is_under)
        lines += _broken(paragraph.strip(), face, max(letters, _TINIEST_PX), room)
    wide = max(line.width for line in lines)
    high = (_ABOVE + _BELOW) * lines[0].px
    high += sum(_LEADING * line.px for line in lines[1:])
    block = Block(tuple(lines), math.ceil(wide), math.ceil(high), round(0.4 * px))
    if wide > room + 1 or high > height * (1 - 2 * SAFE):
        raise SpecError(
            f"{text}: does not fit into {width}x{height} in letters of {px:.0f}"
            f" pixels: say less, or use a size below {px / short:.2g}"
        )
    return block


def covered(block: Block, align: float) -> Coverage:
    """Return how much of each pixel its letters cover: (height + pads, width + pads), 0..1.

    Args:
        block: The lines.
        align: Where shorter lines stand: 0 at the left, 0.5 in the middle, 1 at the right.
    """
    fine = 4 if block.px < _FINE_PX else 2
    pad = block.pad
    size = (block.width + 2 * pad) * fine, (block.height + 2 * pad) * fine
    sheet = Image.new("L", size)
    draw = ImageDraw.Draw(sheet)
    base = pad + _ABOVE * block.px
    for number, line in enumerate(block.lines):
        base += _LEADING * line.px if number else 0.0
        left = pad + (block.width - line.width) * align
        font = _font(line.face, line.px * fine)
        draw.text(
            (left * fine, base * fine),
            line.text,
            255,
            font,
            "ls",
            direction=_way(line.direction),
        )
    small = sheet.resize((size[0] // fine, size[1] // fine), Image.Resampling.BOX)
    coverage: Coverage = np.asarray(small, np.float32) / np.float32(255)
    return coverage


def _broken(text: str, face: Face, px: float, room: float) -> list[Line]:
    """Break a paragraph into as few lines as fit, all about as long."""
    way = fonts.direction(text)
    words = [
        part for word in text.split() for part in _parts(word, face, px, room, way)
    ]
    if not words:
        return [Line("", face, px, way)]

    def lines(most: float) -> list[str]:
        found, line = list[str](), words[0]
        for word in words[1:]:
            if _width(f"{line} {word}", face, px, way) <= most:
                line = f"{line} {word}"
            else:
                found.append(line)
                line = word
        return [*found, line]

    fewest = lines(room)
    low, high = max(_width(word, face, px, way) for word in words), room
    while high - low > px / 4 and len(fewest) > 1:
        middle = (low + high) / 2
        if len(lines(middle)) == len(fewest):
            high = middle
        else:
            low = middle
    return [Line(one, face, px, way) for one in lines(high)]


def _parts(word: str, face: Face, px: float, room: float, way: str) -> Sequence[str]:
    """Return a word in as many parts as it takes to be no wider than a line."""
    if _width(word, face, px, way) <= room:
        return [word]
    found, part = list[str](), ""
    for char in word:
        if part and _width(part + char, face, px, way) > room:
            found.append(part)
            part = ""
        part += char
    return [*found, part]


def _width(text: str, face: Face, px: float, way: str) -> float:
    # Measured large: advances at small sizes are rounded.
    large = 256
    font = _font(face, large)
    return float(font.getlength(text, direction=_way(way))) * px / large


def _way(direction: str) -> str | None:
    """Return a direction, where Pillow can be told of one."""
    return direction if _is_shaped() else None


@functools.lru_cache(maxsize=32)
def _font(face: Face, px: float) -> ImageFont.FreeTypeFont:
    shaping = ImageFont.Layout.RAQM if _is_shaped() else ImageFont.Layout.BASIC
    return ImageFont.truetype(face.path, px, face.number, layout_engine=shaping)


@functools.cache
def _is_shaped() -> bool:
    return bool(features.check("raqm"))
