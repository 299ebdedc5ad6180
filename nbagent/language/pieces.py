"""Text as the pieces of words that the encoder knows, each with its place in the text.

A SentencePiece unigram model, read by the most likely split of the whole text (Kudo 2018,
arXiv:1804.10959), with the vocabulary of XLM-RoBERTa cut to the scripts that are read here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

SPACE: Final = "\u2581"  # how pieces write the space before a word
_UNKNOWN_COST: Final = 10.0  # as SentencePiece has it, below the least likely piece

Piece = tuple[int, int, int]  # its id, and where it begins and ends in the text


class Pieces:
    """Splits texts.

    Args:
        pieces: By id; the first four are the marks of begin, padding, end and unknown.
        scores: Of each, the logarithm of how likely it is.
    """

    BEGIN: Final = 0
    END: Final = 2
    UNKNOWN: Final = 3

    def __init__(self, pieces: Sequence[str], scores: Sequence[float]) -> None:
        known = zip(pieces[4:], scores[4:], strict=True)
        self._known: Mapping[str, tuple[int, float]] = {
            piece: (index, score) for index, (piece, score) in enumerate(known, 4)
        }
        self._longest = max(map(len, self._known))
        self._unknown = min(scores) - _UNKNOWN_COST

    def split(self, text: str) -> list[Piece]:
        """Return the pieces of a text in order.

        A piece that only writes a space is left out unless nothing else stands there.
        """
        letters, places = _normal(text)
        best = [(0.0, 0, 0)] + [(-1e30, 0, 0)] * len(letters)  # score, from, id
        for start in range(len(letters)):
            score = best[start][0]
            if score + self._unknown > best[start + 1][0]:
                best[start + 1] = (score + self._unknown, start, self.UNKNOWN)
            for end in range(start + 1, min(len(letters), start + self._longest) + 1):
                found = self._known.get(letters[start:end])
                if found is not None and score + found[1] > best[end][0]:
                    best[end] = (score + found[1], start, found[0])
        split: list[Piece] = []
        end = len(letters)
        while end:
            _, start, index = best[end]
            first = start + (letters[start] == SPACE and end - start > 1)
            split.append((index, places[first], places[end - 1] + 1))
            end = start
        return split[::-1]


def _normal(text: str) -> tuple[str, list[int]]:
    """Return a text as the model writes it, and where in it each letter came from."""
    letters, places = [SPACE], [0]
    for place, char in enumerate(text):
        for one in unicodedata.normalize("NFKC", char):
            letter = SPACE if one.isspace() else one
            if letter == SPACE == letters[-1]:
                continue
            letters.append(letter)
            places.append(place)
    if len(letters) > 1 and letters[-1] == SPACE:
        letters.pop()
        places.pop()
    return "".join(letters), places
