"""Words for what a camera does over a picture, in every language that has a file.

Closed lists alone: `[camera.*]` of `lang/`. What stands beside them is handed back, so that
nobody takes "the waves roll in" for a move.

>>> read("push in slowly and pan to the left").moves
('push in', 'pan')
>>> read("langsamer Schwenk nach links").ways
('left',)
"""

from __future__ import annotations

import functools
from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from nbagent.language.found import find
from nbagent.language.lexicon import languages, small_words, words_of
from nbagent.language.tokens import Token, tokens

STEM: Final = "*"
_MOST_LETTERS: Final = 3
_SURE: Final = frozenset(
    ("push in", "pull out", "zoom", "pan", "tilt", "parallax", "ken burns", "dissolve")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraWords:
    """What a text says of a camera.

    Attributes:
        moves: In order, by their English: "push in", "pan", ...
        ways: "left", "right", "up", "down", "clockwise", "counterclockwise".
        degree: "more", "less", "slight", "strong" or "none"; empty if none is said.
        ease: As a `Move` has it; empty if none is said.
        end: Of a hold, the "first" or the "last" frame; empty if none is said.
        times: A factor, as of "2x".
        degrees: Of a turn.
        seconds: A duration.
        rest: The words that no list has.
    """

    moves: tuple[str, ...] = ()
    ways: tuple[str, ...] = ()
    degree: str = ""
    ease: str = ""
    end: str = ""
    times: float | None = None
    degrees: float | None = None
    seconds: float | None = None
    rest: tuple[str, ...] = ()

    @property
    def is_said(self) -> bool:
        """Whether anything of a camera is."""
        return bool(self.moves or self.ways or self.ease or self.degree)

    @property
    def is_sure(self) -> bool:
        """Whether a move is named that nothing in a picture does: a subject may turn.

        By a number of degrees the whole picture does.
        """
        return not _SURE.isdisjoint(self.moves) or self.degrees is not None

    @property
    def is_all(self) -> bool:
        """Whether the text speaks of the camera, and of nothing else."""
        return self.is_said and not self.rest


class _Word(NamedTuple):
    words: tuple[str, ...]
    is_stem: bool
    table: str
    value: str


def read(text: str) -> CameraWords:
    """Return what a text says of a camera, in the language that has most of it."""
    values = find(text)
    split = tokens(text)
    told = {
        token.start
        for token in split
        if any(one.start <= token.start < one.end for one in values)
    }
    numbers = {
        kind: next((float(v.value) for v in values if v.kind == kind), None)
        for kind in ("factor", "duration", "number")
    }
    heard = [_heard(split, told, lang) for lang in languages()]
    found, rest = max(heard, key=lambda one: (_weight(one[0]), -len("".join(one[1]))))
    by_table: dict[str, list[str]] = {}
    for word in found:
        by_table.setdefault(word.table, []).append(word.value)
    first = {table: said[0] for table, said in by_table.items()}
    return CameraWords(
        moves=tuple(dict.fromkeys(by_table.get("moves", ()))),
        ways=tuple(dict.fromkeys(by_table.get("ways", ()))),
        degree=first.get("degrees", ""),
        ease=first.get("eases", ""),
        end=first.get("ends", ""),
        times=numbers["factor"],
        degrees=numbers["number"] if "degree" in by_table.get("rest", ()) else None,
        seconds=numbers["duration"],
        rest=rest,
    )


def _weight(found: list[_Word]) -> int:
    """Return how many letters of what was found tell of a camera."""
    return sum(len("".join(word.words)) for word in found if word.table != "rest")


def _heard(
    split: list[Token], told: Container[int], lang: str
) -> tuple[list[_Word], tuple[str, ...]]:
    """Return what a text has of a language's words, in order, and what is left of it.

    Args:
        split: The text.
        told: Where tokens begin that are numbers or names.
        lang: The language.
    """
    found: list[_Word] = []
    left: list[str] = []
    at = 0
    while at < len(split):
        token = split[at]
        near = _words(lang).get(token.text[:1], ())
        word = next((one for one in near if _stands(one, split, at)), None)
        if word:
            found.append(word)
        elif token.kind in ("word", "letter") and not (
            token.start in told or token.text in small_words()
        ):
            left.append(token.text)
        at += len(word.words) if word else 1
    return found, tuple(left)


def _stands(word: _Word, split: list[Token], at: int) -> bool:
    here = [token.text for token in split[at : at + len(word.words)]]
    if len(here) < len(word.words) or here[:-1] != list(word.words[:-1]):
        return False
    last, known = here[-1], word.words[-1]
    longer = len(last) - len(known)
    is_longer = word.is_stem and last.startswith(known) and longer <= _MOST_LETTERS
    return last == known or is_longer


@functools.cache
def _words(lang: str) -> Mapping[str, tuple[_Word, ...]]:
    """Return a language's words by the first letter, the longest first."""
    found: dict[str, list[_Word]] = {}
    for table, rows in languages()[lang].get("camera", {}).items():
        for value, cell in rows.items():
            for said in words_of(cell):
                split = tuple(t.text for t in tokens(said.removesuffix(STEM)))
                word = _Word(split, said.endswith(STEM), table, value)
                found.setdefault(split[0][:1], []).append(word)
    return {
        key: tuple(sorted(rows, key=lambda one: -len("".join(one.words))))
        for key, rows in found.items()
    }
