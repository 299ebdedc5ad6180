"""The fonts that texts are drawn in: those that come with matplotlib, or the machine's.

matplotlib's own are the same files everywhere, so a recipe is drawn alike on every machine.
Another font is taken where it is named, or where those lack a letter.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

import matplotlib
from matplotlib.ft2font import FT2Font
from PIL import features

from nbagent.errors import SpecError

OWN: Final = {
    "sans": ("DejaVuSans", "DejaVuSans-Bold"),
    "serif": ("DejaVuSerif", "DejaVuSerif-Bold"),
    "mono": ("DejaVuSansMono", "DejaVuSansMono-Bold"),
}
USUAL: Final = "sans"
_SHOWN: Final = 8  # letters that a message names
# Scripts and marks that need more than one glyph after the other.
_SHAPED: Final = frozenset({"R", "AL", "AN", "RLE", "RLO", "RLI"})


class Face(NamedTuple):
    """A font's file, and which of its faces in that."""

    path: Path
    number: int = 0


def face(font: str, text: str, *, is_bold: bool = False) -> Face:
    """Return the face of a font that has all letters of a text.

    Where the bold one lacks some, it is the regular one.

    Args:
        font: "sans", "serif", "mono" or a font of the machine; empty is "sans".
        text: What is drawn.
        is_bold: Whether the bold one is wanted.

    Raises:
        SpecError: If there is no such font, or it lacks a letter.
    """
    name = font or USUAL
    faces = _own(name) if name in OWN else _of_machine(name)
    for one in reversed(faces) if is_bold else faces[:1]:
        if not missing(text, one):
            return one
    raise SpecError(
        f"{lacks(text, font)}: name a font that has them, like font='...', or leave"
        " them out"
    )


def lacks(text: str, font: str = "") -> str:
    """Say which letters of a text a font lacks."""
    name = font or USUAL
    (regular, *_) = _own(name) if name in OWN else _of_machine(name)
    lost = missing(text, regular)
    told = ", ".join(f"{char!r} (U+{ord(char):04X})" for char in lost[:_SHOWN])
    more = f" and {len(lost) - _SHOWN} more" if len(lost) > _SHOWN else ""
    return f"the font {_called(regular)} has no {told}{more}"


def missing(text: str, one: Face) -> str:
    """Return the letters of a text that a face cannot draw, each once."""
    known = _letters(one)
    lost = [char for char in dict.fromkeys(text) if not _is_drawn(char, known)]
    return "".join(lost)


def substitute(text: str, font: str = "") -> str:
    """Return a font of this machine that has what a text needs; empty for none.

    Only where matplotlib's own lack a letter; the search takes seconds at the first time.
    """
    name = font or USUAL
    if name not in OWN or not missing(text, _own(name)[0]):
        return ""
    others = (one for one in OWN if one != name)
    return next(
        (one for one in others if not missing(text, _own(one)[0])), ""
    ) or _searched("".join(sorted(set(text))))


def check_shaping(text: str, kind: str) -> None:
    """Refuse a script that this machine's Pillow would draw letter by letter.

    Raises:
        SpecError: If it needs shaping, and Raqm is not there.
    """
    if features.check("raqm"):
        return
    shaped = [
        char
        for char in unicodedata.normalize("NFC", text)
        if unicodedata.bidirectional(char) in _SHAPED or unicodedata.combining(char)
    ]
    if shaped:
        raise SpecError(
            f"{kind}: {shaped[0]!r} needs Pillow with Raqm and FriBiDi: install"
            " FriBiDi (libfribidi0), or Pillow's own wheel"
        )


def direction(text: str) -> str:
    """Return how a paragraph runs, by its first letter that says so."""
    for char in text:
        kind = unicodedata.bidirectional(char)
        if kind in ("L", "R", "AL"):
            return "ltr" if kind == "L" else "rtl"
    return "ltr"


@functools.cache
def _own(name: str) -> tuple[Face, ...]:
    folder = Path(matplotlib.get_data_path(), "fonts", "ttf")
    return tuple(Face(folder / f"{file}.ttf") for file in OWN[name])


def _of_machine(name: str) -> tuple[Face, ...]:
    """Return the faces of a font by its name: regular, and bold where there is one.

    Raises:
        SpecError: If there is none.
    """
    found = [one for one in _listed() if one[0].casefold() == name.casefold()]
    if not found:
        known = ", ".join(OWN)
        raise SpecError(
            f"this machine has no font {name!r:.60}: use {known}, or an installed one"
        )
    regular = min(found, key=lambda one: (abs(one[1] - 400), one[2], str(one[3].path)))
    bold = min(found, key=lambda one: (abs(one[1] - 700), one[2], str(one[3].path)))
    return (regular[3],) if bold == regular else (regular[3], bold[3])


@functools.cache
def _listed() -> tuple[tuple[str, int, bool, Face], ...]:
    """Return the machine's fonts: name, weight, whether it is slanted, and its face."""
    # It lists every font of the machine, which takes a moment.
    from matplotlib.font_manager import fontManager, weight_dict  # noqa: PLC0415

    return tuple(
        (
            one.name,
            one.weight if isinstance(one.weight, int) else weight_dict[one.weight],
            one.style != "normal",
            Face(Path(one.fname), getattr(one, "index", 0)),
        )
        for one in fontManager.ttflist
        if Path(one.fname).suffix.lower() in (".ttf", ".otf", ".ttc")
        and not one.name.startswith("Last Resort")  # has a box for every letter
    )


@functools.cache
def _searched(letters: str) -> str:
    seen = set[str]()
    for name, _, is_slanted, one in sorted(_listed(), key=lambda one: (one[0], one[2])):
        if name in seen or is_slanted:
            continue
        seen.add(name)
        if not missing(letters, one):
            return name
    return ""


@functools.lru_cache(maxsize=64)
def _letters(one: Face) -> frozenset[int]:
    return frozenset(_opened(one).get_charmap())


def _opened(one: Face) -> FT2Font:
    if not one.number:  # before 3.11 matplotlib knows the first face of a file alone
        return FT2Font(str(one.path))
    return FT2Font(str(one.path), face_index=one.number)


def _called(one: Face) -> str:
    return str(_opened(one).family_name)


def _is_drawn(char: str, known: Iterable[int]) -> bool:
    """Return whether a letter has a glyph, or needs none."""
    if char.isspace() or unicodedata.category(char) == "Cf":
        return True
    if 0xFE00 <= ord(char) <= 0xFE0F:  # which form of the letter before it
        return True
    apart = unicodedata.normalize("NFD", char)
    return ord(char) in known or all(ord(part) in known for part in apart)
