"""Pictures in other languages, in the words that pocket was taught.

pocket's world is small enough to be listed: `foreign.txt` has each thing of it in seven
languages. What is found there is put into one plain English sentence; grammar is not
looked at. Only a model that reads no other language needs this.

>>> translate("ein roter Ball am Strand bei Nacht").english
'a red ball on the beach at night'
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nbagent.pocket import vocabulary

_FILE: Final = Path(__file__).with_suffix(".txt")
COLUMNS: Final = 7
_INSIDE: Final = 4  # Korean, Chinese and Japanese: from this column on
_CJK: Final = re.compile(r"[぀-ヿ㐀-鿿가-힯]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Translated:
    """A picture in English: what is known of it, and the words that the lexicon lacks."""

    english: str
    actor: str
    has_motion: bool = False
    has_place: bool = False
    lost: tuple[str, ...] = ()


def translate(text: str) -> Translated | None:
    """Return a picture in pocket's words; None if it is English, or nothing is known.

    >>> translate("해변에서 빨간 공이 튄다").english
    'a red ball bounces on the beach'
    >>> translate("a red ball on the beach") is None
    True
    """
    low = text.lower()
    is_cjk = bool(_CJK.search(low))
    columns = range(_INSIDE, COLUMNS) if is_cjk else range(_INSIDE)
    found = [_found(low, column) for column in columns]
    best, lost = max(found, key=lambda one: (len(one[0]), -len("".join(one[1]))))
    english = [w for w in re.findall(r"\w+", low) if w in vocabulary.KNOWN_WORDS]
    if not any(kind == "actors" for kind, _ in best) or len(english) >= len(best):
        return None
    if not is_cjk and len(lost) > len(best):
        return None  # it is another language, or about other things
    said = dict(reversed(best))  # of each kind, what was said first
    return Translated(
        english=_sentence(said),
        actor=said["actors"],
        has_motion="motions" in said,
        has_place="places" in said,
        lost=lost,
    )


def phrase(text: str) -> str:
    """Return a few words about one thing in pocket's words, or as they are.

    >>> phrase("bei Nacht"), phrase("파란"), phrase("at night")
    ('at night', 'blue', 'at night')
    """
    low = text.lower()
    if any(word in vocabulary.KNOWN_WORDS for word in re.findall(r"[a-z]+", low)):
        return text
    is_cjk = bool(_CJK.search(low))
    columns = range(_INSIDE, COLUMNS) if is_cjk else range(_INSIDE)
    best, lost = max(
        (_found(low, column) for column in columns),
        key=lambda one: (len(one[0]), -len("".join(one[1]))),
    )
    said = [english for kind, english in best if kind != "fillers"]
    return " ".join(said) if said and not lost else text


def _found(text: str, column: int) -> tuple[list[tuple[str, str]], tuple[str, ...]]:
    """Return what a text has of a language's words, in order, and what is left of it."""
    found: list[tuple[int, str, str]] = []
    for pattern, kind, english in lexicon(column):
        found += [(m.start(), kind, english) for m in pattern.finditer(text)]
        # In one pass: a copy for each word found would cost its square.
        text = pattern.sub(lambda match: "\0" * len(match[0]), text)
    left = re.findall(r"[^\W\d_]{2,}", text)
    return [(kind, english) for _, kind, english in sorted(found)], tuple(left)


def _sentence(said: dict[str, str]) -> str:
    """Return one sentence of the first of each kind that was said."""
    actor = said["actors"]
    colour = f"{said['colours']} " if "colours" in said else ""
    place, motion = said.get("places", ""), said.get("motions", "")
    if motion == "crosses":
        motion = f"crosses the {place.split()[-1]}" if place else "moves"
        place = ""
    if "directions" in said:
        motion = f"{motion or 'moves'} {said['directions']}"
    words = (
        f"{'an' if (colour or actor)[0] in 'aeio' else 'a'} {colour}{actor}",
        motion,
        said.get("paces", ""),
        place,
        said.get("times", ""),
    )
    return " ".join(filter(None, words))


@functools.cache
def lexicon(column: int) -> tuple[tuple[re.Pattern[str], str, str], ...]:
    """Return a language's words with their kind and English, the longest first."""
    rows: list[tuple[str, str, str]] = []
    kind = ""
    for line in _FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("== "):
            kind = line[3:]
        elif line and not line.startswith("#"):
            english, *cells = (cell.strip() for cell in line.split("|"))
            rows += [(word, kind, english) for word in cells[column].split()]
    # What is longer is found first, and a thing before a filler of its length.
    rows.sort(key=lambda one: (-len(one[0]), one[1] == "fillers"))
    is_inside = column >= _INSIDE
    return tuple(
        (_pattern(word, is_inside=is_inside), kind, english)
        for word, kind, english in rows
    )


def _pattern(word: str, *, is_inside: bool) -> re.Pattern[str]:
    stem, star, _ = word.partition("*")
    text = re.escape(stem.replace("_", " "))
    if is_inside:
        return re.compile(text)
    ending = r"[^\W\d_]{0,3}" if star else ""
    return re.compile(rf"(?<!\w){text}{ending}(?!\w)")
