"""What the encoder makes of a turn about data: what it says, and which words are what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from nbagent.charts.columns import is_time
from nbagent.charts.table import Column, Table
from nbagent.language import data_labels as known
from nbagent.language.data_slips import Righted, Slip
from nbagent.language.encoder import Low
from nbagent.language.heads import HeadEncoder, HeadScores
from nbagent.language.layers import linear, softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

WEIGHTS: Final = Path(__file__).parent / "moves.npz"
KINDS: Final = ("number", "text", "time")
"""Of a column, as it is matched with words."""
MATCHED: Final = 128
_MANY: Final = 60  # words, of which one may be the nearest
_AKIN: Final = 0.8  # cosine of a word and another form of it
_APART: Final = 0.03  # and how much less that of the next must be
_SIGNS: Final = " ,.;:!?$`\"'()[]、。，！？「」“”«»"


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring words of one tag.

    Attributes:
        tag: Of `data_labels.TAGS`, but the empty one.
        text: The words.
        start: Where they begin, in characters.
        end: Where they end.
        state: What the encoder makes of them, the mean of their pieces, (D,).
    """

    tag: str
    text: str
    start: int
    end: int
    state: Array


@dataclass(frozen=True, slots=True)
class Heard:
    """A turn as the encoder hears it.

    Attributes:
        text: The turn.
        kinds: Shares of "", "new" and "change".
        said: What is said as a whole, by head.
        runs: Words that are something, in order.
        by: Matches them with columns.
        slips: What was put right in the text.
    """

    text: str
    kinds: dict[str, float]
    said: dict[str, str]
    runs: tuple[Run, ...]
    by: HeadEncoder
    slips: tuple[Slip, ...] = ()

    def written(self, start: int, end: int) -> str:
        """Return words as they were typed."""
        return Righted(self.text, self.slips).typed(start, end)

    def of(self, *tags: str) -> list[Run]:
        """Return the runs of some tags."""
        return [one for one in self.runs if one.tag in tags]

    def akin(self, said: str, known: Sequence[str]) -> str:
        """Return the word that one is a form of, by what the lower layers make of them.

        Nothing if none is near, or several are.
        """
        if not 1 < len(known) <= _MANY:
            return ""
        vectors = np.stack([self.by.low.caption(one) for one in (said, *known)])
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        near = vectors[1:] @ vectors[0]
        second, first = np.sort(near)[-2:]
        is_clear = first >= _AKIN and first - second >= _APART
        return known[int(near.argmax())] if is_clear else ""

    def likely(self, run: Run, columns: Sequence[Column]) -> list[tuple[float, str]]:
        """Return how likely a run of words means each of some columns, likeliest first.

        What they lack to one is how likely it means none of them.
        """
        if not columns:
            return []
        w = self.by.weights
        kinds = [KINDS.index(_kind(one)) for one in columns]
        vectors = np.stack([self.by.low.caption(one.name) for one in columns])
        keys = linear(w, "key", vectors + w["kinds"][kinds])
        keys = np.concatenate([keys, w["none"]])
        shares = softmax(keys @ linear(w, "ask", run.state) / MATCHED**0.5)
        named = zip(shares.tolist(), (one.name for one in columns), strict=False)
        return sorted(named, reverse=True)


def _kind(column: Column) -> str:
    return "time" if column.kind == "time" or is_time(column) else column.kind


def encoder_of(low: Low, file: Path = WEIGHTS) -> HeadEncoder:
    """Return what hears turns, on the reader's lower layers."""
    return HeadEncoder(file, low, tuple(known.HEADS))


def heard(
    text: str,
    table: Table | None,
    *,
    shown: str,
    is_figure: bool,
    by: HeadEncoder,
) -> Heard:
    """Return a turn as it is heard.

    Args:
        text: The turn.
        table: What it may be about.
        shown: See `data_labels.cues`.
        is_figure: Whether a figure is meant.
        by: Hears it.
    """
    pieces, _ = by.low.turn(text)
    cues = known.cues(text, pieces, table, shown=shown, is_figure=is_figure)
    scores = by.scores(text, cues)
    said = {}
    for head, values in known.HEADS.items():
        if head != "kind" and (index := int(scores.shares[head].argmax())):
            said[head] = values[index - 1]
    kinds = dict(
        zip(("", *known.HEADS["kind"]), scores.shares["kind"].tolist(), strict=True)
    )
    return Heard(text, kinds, said, tuple(_runs(text, scores)), by)


def _runs(text: str, scores: HeadScores) -> list[Run]:
    """Return the words that are something, those of one tag together."""
    found: list[_Words] = []
    for one in _words(text, scores):
        last = found[-1] if found else None
        is_more = last is not None and last.tag == one.tag
        if last and is_more and not text[last.end : one.start].strip():
            last.join(one)
        else:
            found.append(one)
    return [_run(text, one) for one in found if one.tag]


def _run(text: str, one: _Words) -> Run:
    """Return words without signs around them."""
    start, end = one.start, one.end
    while start < end and text[start] in _SIGNS:
        start += 1
    while end > start and text[end - 1] in _SIGNS:
        end -= 1
    mean = (one.states / one.pieces).astype(np.float32)
    return Run(one.tag, text[start:end], start, end, mean)


@dataclass(slots=True)
class _Words:
    """Pieces that stand together: of a word, or of several with one tag.

    Attributes:
        shares: Of the tags, summed over its pieces.
        states: Summed likewise.
        pieces: How many.
    """

    start: int
    end: int
    shares: Array
    states: Array
    pieces: int = 1

    @property
    def tag(self) -> str:
        """What most of it is."""
        return known.TAGS[int(self.shares.argmax())]

    def join(self, other: _Words) -> None:
        """Take what follows in."""
        self.end = other.end
        self.shares = self.shares + other.shares
        self.states = self.states + other.states
        self.pieces += other.pieces


def _words(text: str, scores: HeadScores) -> list[_Words]:
    """Return words, or pieces where there are no spaces."""
    found: list[_Words] = []
    for (_, start, end), shares, state in zip(
        scores.pieces, scores.tags, scores.states[-1], strict=True
    ):
        piece = text[start:end]
        start += len(piece) - len(piece.lstrip())
        if not piece.strip():
            continue
        one = _Words(start, end, shares, state)
        last = found[-1] if found else None
        if last is not None and last.end == start and _joins(text, start):
            last.join(one)
        else:
            found.append(one)
    return found


def _joins(text: str, at: int) -> bool:
    """Return whether a place lies inside a word, of letters that stand in words."""
    pair = text[at - 1 : at + 1]
    return all((c.isalnum() or c in "_-'") and ord(c) < _NO_SPACES for c in pair)


_NO_SPACES: Final = 0x2E80
