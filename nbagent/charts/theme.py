"""Inks, colours and letters of what is drawn: one place for charts and for texts on clips.

The letters are those that matplotlib ships, so that they look alike on every machine. The
colours of series are Okabe and Ito's, which people with any colour vision tell apart.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import matplotlib as mpl
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.textpath import text_to_path

FAMILY: Final = "DejaVu Sans"
"""The family that matplotlib ships."""

_LOST: Final = "\N{WHITE SQUARE}"
_MIX: Final = 0.45  # how far the colours of a second round of a palette are mixed

Rgb = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of a drawing, as "#rrggbb".

    Attributes:
        background: Behind everything.
        ink: Of titles and of what is named.
        muted: Of ticks, captions and what only helps.
        grid: Of lines behind the marks.
        baseline: Of the line that bars stand on.
        dim: Of marks that do not stand out while others do.
        band: Of a span behind the marks.
        accent: Of a threshold and of what is pointed at.
        palette: Of series, in order.
        ramp: From the least to the largest of a heat map.
        split: From below zero to above it.
    """

    background: str
    ink: str
    muted: str
    grid: str
    baseline: str
    dim: str
    band: str
    accent: str
    palette: tuple[str, ...]
    ramp: tuple[str, ...]
    split: tuple[str, ...]


THEMES: Final[Mapping[str, Theme]] = {
    "light": Theme(
        background="#ffffff",
        ink="#16191d",
        muted="#646c77",
        grid="#e7eaee",
        baseline="#3a4048",
        dim="#d8dce2",
        band="#fdf1d6",
        accent="#d55e00",
        palette=(
            *("#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9"),
            *("#8a7a00", "#5b5f97"),
        ),
        ramp=("#eef4fa", "#a9cde6", "#4a98c9", "#17649f", "#08306b"),
        split=("#b2541a", "#eab084", "#f3f2f0", "#8fbbdc", "#1b62a3"),
    ),
    "dark": Theme(
        background="#12151a",
        ink="#f1f3f6",
        muted="#a0a8b4",
        grid="#2b313a",
        baseline="#8b94a1",
        dim="#39404a",
        band="#2c2716",
        accent="#ff8f4d",
        palette=(
            *("#56b4e9", "#f0b429", "#26c596", "#ff8a4c", "#e39cc3", "#4f8fe6"),
            *("#d8cf4a", "#a7a9e0"),
        ),
        ramp=("#1a2532", "#1f4d78", "#2f7fb8", "#63b5e6", "#d4eeff"),
        split=("#ff9a5c", "#8a5636", "#262b33", "#33628c", "#6fbdf2"),
    ),
}

# Everything that matplotlib looks up while it draws, against a user's own matplotlibrc.
_RC: Final[Any] = {
    "text.antialiased": True,
    "text.usetex": False,
    "text.parse_math": False,
    "path.simplify": False,
    "path.snap": False,
    "path.sketch": None,
    "path.effects": [],
    "agg.path.chunksize": 0,
    "font.family": [FAMILY],
    "axes.unicode_minus": True,
}
_drawing = threading.RLock()


@contextlib.contextmanager
def own_settings() -> Iterator[None]:
    """Draw by our settings alone: matplotlib's are of the process, so one draws at a time."""
    with _drawing:
        # What `rc_context` does, which copies every setting there is for each frame.
        before = {name: mpl.rcParams[name] for name in _RC}
        mpl.rcParams.update(_RC)
        try:
            yield
        finally:
            mpl.rcParams.update(before)


@functools.cache
def font(size: float, *, is_bold: bool = False) -> FontProperties:
    """Return the letters of a size in pixels, for figures of 72 dots per inch."""
    weight = "bold" if is_bold else "normal"
    return FontProperties(family=FAMILY, size=size, weight=weight)


@functools.lru_cache(4096)
def text_width(text: str, size: float, *, is_bold: bool = False) -> float:
    """Return how wide a line of text is, in pixels."""
    if not text:
        return 0.0
    own, text = font(size, is_bold=is_bold), drawable(text)
    return float(text_to_path.get_text_width_height_descent(text, own, ismath=False)[0])


def shortened(text: str, size: float, room: float, *, is_bold: bool = False) -> str:
    """Return a text that fits a width, with an ellipsis where it was cut."""
    if text_width(text, size, is_bold=is_bold) <= room:
        return text
    short, long = 0, len(text)
    while short < long:
        middle = (short + long + 1) // 2
        if text_width(text[:middle] + "…", size, is_bold=is_bold) <= room:
            short = middle
        else:
            long = middle - 1
    return text[:short].rstrip() + "…"


def wrapped(
    text: str, size: float, room: float, lines: int, *, is_bold: bool = False
) -> tuple[str, ...]:
    """Return a text as lines of a width, broken between words; the last is shortened."""
    found: list[str] = []
    words = text.split()
    while words and len(found) < lines:
        line = words.pop(0)
        is_last = len(found) == lines - 1
        while words and (
            is_last or text_width(f"{line} {words[0]}", size, is_bold=is_bold) <= room
        ):
            line = f"{line} {words.pop(0)}"
        found.append(shortened(line, size, room, is_bold=is_bold))
    return tuple(found)


@functools.cache
def _glyphs() -> frozenset[int]:
    return frozenset(get_font(findfont(font(10.0))).get_charmap())


def missing_glyphs(text: str) -> str:
    """Return the characters of a text that the letters do not have, each once."""
    lacks = (one for one in text if ord(one) not in _glyphs() and not one.isspace())
    return "".join(dict.fromkeys(lacks))


def drawable(text: str) -> str:
    """Return a text with a square for each character that the letters do not have."""
    lost = missing_glyphs(text)
    return text.translate(dict.fromkeys(map(ord, lost), _LOST)) if lost else text


@functools.lru_cache(64)
def series_colours(
    theme: Theme, palette: tuple[str, ...], count: int
) -> tuple[Rgb, ...]:
    """Return a colour for each of so many series; later rounds are mixed paler or darker."""
    own = [to_rgb(colour) for colour in palette or theme.palette]
    towards = to_rgb(theme.background), to_rgb(theme.ink)
    found = []
    for index in range(count):
        round_, at = divmod(index, len(own))
        share = 0.0 if not round_ else _MIX / (1 + (round_ - 1) // 2)
        found.append(mixed(own[at], towards[(round_ + 1) % 2], share))
    return tuple(found)


def mixed(colour: Rgb, other: Rgb, share: float) -> Rgb:
    """Return a colour with a share of another in it."""
    r, g, b = ((1 - share) * x + share * y for x, y in zip(colour, other, strict=True))
    return r, g, b


@functools.cache
def ramp(colours: tuple[str, ...]) -> LinearSegmentedColormap:
    """Return the colours between some, evenly."""
    return LinearSegmentedColormap.from_list("nbagent", list(colours), N=512)


def stands_on(colour: Rgb) -> str:
    """Return the ink that is read on a colour: dark on light ones, white on dark ones."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour
    ]
    light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#16191d" if light > 0.30 else "#ffffff"
