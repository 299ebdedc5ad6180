"""Mends slips in the words that frame requests: "slwoer", "chnage", "vidoe".

Only swapped neighbours and a letter lost or doubled, only toward words that frame
requests, and never in a word that is known as content: a cat is not a car.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

_SHORTEST = 5
_LONGEST = 24  # no word that frames requests is longer


@dataclass(frozen=True, slots=True, kw_only=True)
class Speller:
    """Corrections by what is left of a word without one letter."""

    known: frozenset[str] = frozenset()
    shortened: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, frame: Iterable[str], content: Iterable[str]) -> Speller:
        """Make a speller that mends toward `frame` and leaves `content` alone."""
        words = [
            w for w in frame if len(w) >= _SHORTEST and w.isascii() and w.isalpha()
        ]
        shortened: dict[str, tuple[str, ...]] = {}
        for word in words:
            for short in (word, *_shorter(word)):
                shortened[short] = (*shortened.get(short, ()), word)
        return cls(known=frozenset((*frame, *content)), shortened=shortened)

    def __call__(self, text: str) -> str:
        """Return the text with its slips mended.

        >>> Speller.of(["slower"], ["flower"])("slwoer, a flower")
        'slower, a flower'
        """
        return re.sub(r"[A-Za-z]{5,}", lambda m: self._mended(m[0]), text)

    def _mended(self, typed: str) -> str:
        word = typed.lower()
        if word in self.known or len(word) > _LONGEST:
            return typed
        near = {
            meant
            for short in (word, *_shorter(word))
            for meant in self.shortened.get(short, ())
            if meant[0] == word[0] and _is_slip(word, meant)
        }
        return near.pop() if len(near) == 1 else typed


def _shorter(word: str) -> list[str]:
    return [word[:i] + word[i + 1 :] for i in range(len(word))]


def _is_slip(typed: str, meant: str) -> bool:
    """Return whether two neighbours are swapped, or a letter is lost or added."""
    if len(typed) == len(meant):
        differ = [
            i for i, (a, b) in enumerate(zip(typed, meant, strict=True)) if a != b
        ]
        if len(differ) != 2 or differ[1] != differ[0] + 1:
            return False
        i = differ[0]
        return typed[i] == meant[i + 1] and typed[i + 1] == meant[i]
    long, short = sorted((typed, meant), key=len, reverse=True)
    # A plural or "-d" of content is no slip: "videos" is another word than "video".
    return len(long) == len(short) + 1 and short in _shorter(long)[:-1]
