"""Where a text speaks of what: runs of words of one tag, and what no reading explains.

A word that speaks of a factor whose value is not read ("juggles" of a motion, though none
of the world's was heard) is as lost as one that is tagged so.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from nbagent.language import scene_labels as known
from nbagent.language.guess import language
from nbagent.language.heads import HeadScores
from nbagent.language.lexicon import is_small
from nbagent.language.tokens import script

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOST: Final = "lost"
_SIGNS: Final = " ,.;:!?\"'()、。，！？"
_UNSURE: Final = 0.5
"""What speaks of nothing by less than this share speaks of something."""


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring words of one tag.

    Attributes:
        tag: Of `scene_labels.TAGS`, but the empty one.
        text: The words.
        start: Where they begin, in characters.
        end: Where they end.
        look: How much the actor's head looks at them.
    """

    tag: str
    text: str
    start: int
    end: int
    look: float


@dataclass(slots=True)
class _Word:
    """A word, or a piece where there are no spaces; the pieces of a word agree."""

    start: int
    end: int
    shares: NDArray[np.float32]
    look: float


def runs(text: str, scores: HeadScores, said: Container[str]) -> list[Run]:
    """Return what a text speaks of, in order.

    Args:
        text: That was scored.
        scores: Of it.
        said: The factors that are read of it; "actor" too if one is said that is none
            of the world's.
    """
    lang = language(text)
    found: list[Run] = []
    for word in _words(text, scores):
        tag = _tag(text[word.start : word.end], word, said, lang)
        last = found[-1] if found else None
        if last and last.tag == tag and not text[last.end : word.start].strip():
            start, look = last.start, last.look + word.look
            found[-1] = Run(tag, text[start : word.end], start, word.end, look)
        else:
            here = text[word.start : word.end]
            found.append(Run(tag, here, word.start, word.end, word.look))
    whole = [_whole(text, one) for one in found if one.tag]
    return [one for one in whole if one.text and _is_told(one, lang)]


def _tag(word: str, found: _Word, said: Container[str], lang: str) -> str:
    """Return the tag of a word; what is not explained by what is said is lost."""
    tag = known.TAGS[int(found.shares.argmax())]
    if tag == LOST or tag in said:
        return tag
    is_unsure = not tag and found.shares[0] < _UNSURE * found.shares.sum()
    is_content = any(map(str.isalpha, word)) and not is_small(word, lang)
    if not (tag or is_unsure) or not is_content:
        return ""
    return LOST


def _is_told(one: Run, lang: str) -> bool:
    """Return whether lost words say anything by themselves."""
    if one.tag != LOST:
        return True
    is_kana = len(one.text) == 1 and script(one.text) == "kana"
    return not is_kana and not is_small(one.text, lang)


def _whole(text: str, one: Run) -> Run:
    """Return a run without signs around it; what is lost, to the ends of Korean words."""
    start, end = one.start, one.end
    is_lost = one.tag == LOST
    while (
        is_lost and start and script(text[start]) == script(text[start - 1]) == "hangul"
    ):
        start -= 1
    while (
        is_lost
        and end < len(text)
        and script(text[end - 1]) == script(text[end]) == "hangul"
    ):
        end += 1
    said = text[start:end].strip(_SIGNS)
    return Run(one.tag, said, start, end, one.look)


def _words(text: str, scores: HeadScores) -> list[_Word]:
    """Return the words of a text, or pieces where it has no spaces, with their tags."""
    found: list[_Word] = []
    actor = scores.looks["actor"]
    for (_, start, end), shares, look in zip(
        scores.pieces, scores.tags, actor.tolist(), strict=True
    ):
        piece = text[start:end]
        start += len(piece) - len(piece.lstrip())
        if not piece.strip():
            continue
        last = found[-1] if found else None
        is_one = last and last.end == start and text[start].isalnum()
        if last and is_one and text[start - 1].isalnum() and ord(text[start]) < 0x2E80:
            last.end, last.look = end, last.look + look
            last.shares = last.shares + shares
        else:
            found.append(_Word(start, end, shares, look))
    return found
