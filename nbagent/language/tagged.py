"""The words of a turn by what they are: each tagged place, as the encoder sees it.

The pieces of a word agree on one tag, and where the grammar reads a colour or a part of the
time, a place is as long as that.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from nbagent.language import labels
from nbagent.language.encoder import Scores
from nbagent.language.grammar import Found
from nbagent.language.layers import softmax
from nbagent.language.lexicon import is_small, languages, words_of
from nbagent.language.parts import region
from nbagent.language.tokens import script

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FAINT: Final = 0.15  # of words that an act needs and no other has
_CORNER: Final = 3  # words: "right hand corner"
_LONG: Final = frozenset(
    "prompt camera motion style place weather add.what region what".split()
)
"""What may be several phrases: "from the side, at eye level"."""
_GAP: Final = 2  # untagged pieces inside one of those
_ENDS: Final = " \t\n,.;:!?。，、！？…\"'“”„«»()"
_INSIDE: Final = "-'’"  # of a word: "side-on"
_WHOLE: Final[dict[str, frozenset[str]]] = {
    "recolor.color": frozenset({"colour"}),
    "span": frozenset({"span", "duration", "ordinal", "time"}),
    "keep_span": frozenset({"span"}),
}
"""What of the grammar's is one with a place that touches it."""
_NAMES: Final = frozenset({"clip", "mention", "scene", "seed", "step"})
"""What of the grammar's says which one, and no argument."""
_OF_A_PICTURE: Final = frozenset({"prompt", "scene", "replace.with", "add.what"})


@dataclass(frozen=True, slots=True)
class Place:
    """Words of a turn that are one argument: from, to, tag, and how sure that is."""

    start: int
    end: int
    tag: str
    share: float
    text: str

    @property
    def middle(self) -> float:
        """Where it stands."""
        return (self.start + self.end) / 2


class Tagged:
    """A turn's places.

    Args:
        turn: The words.
        scores: Of the encoder.
        found: What the grammar found in them.
    """

    def __init__(self, turn: str, scores: Scores, found: Sequence[Found]) -> None:
        self._turn, self._scores, self._found = turn, scores, found
        self._shares = _word_shares(turn, scores)
        self.places = tuple(_apart(map(self._whole, self._places())))

    def most(self, tag: str) -> float:
        """Return the largest share that a tag has anywhere in the turn."""
        return float(self._shares[:, labels.TAGS.index(tag)].max())

    def faintest(self, tag: str, used: Collection[Place]) -> Place | None:
        """Return the words that are likeliest to be a tag, though another was likelier.

        Args:
            tag: What they are to be.
            used: Places that are something else already.
        """
        column = self._shares[:, labels.TAGS.index(tag)].copy()
        taken = [(place.start, place.end) for place in used]
        taken += [(f.start, f.end) for f in self._found if f.kind in _NAMES]
        for index, (_, start, end) in enumerate(self._scores.pieces):
            if any(start < last and end > first for first, last in taken):
                column[index] = 0.0
        best = int(column.argmax())
        if column[best] < _FAINT:
            return None
        first = last = best
        while first > 1 and column[first - 1] >= _FAINT:
            first -= 1
        while last < len(column) - 2 and column[last + 1] >= _FAINT:
            last += 1
        place = self._place(first, last, tag, float(column[first : last + 1].mean()))
        return None if place is None or is_small(place.text) else place

    def _places(self) -> Iterator[Place]:
        best = self._shares.argmax(1)
        begins = self._scores.begin > 0
        count = len(best) - 1
        first = 1
        while first < count:
            tag = int(best[first])
            if not tag:
                first += 1
                continue
            last = first
            while last + 1 < count and best[last + 1] == tag:
                if begins[last + 1] and not self._is_one_phrase(last):
                    break
                last += 1
            if labels.TAGS[tag] in _LONG:
                last = self._across(best, last, tag, count)
            share = float(self._shares[first : last + 1, tag].mean())
            place = self._place(first, last, labels.TAGS[tag], share)
            if place is not None:
                yield place
            first = last + 1

    def _is_one_phrase(self, index: int) -> bool:
        """Return whether a space alone stands between a piece and the next."""
        pieces = self._scores.pieces
        return self._turn[pieces[index][2] : pieces[index + 1][1]].isspace()

    @staticmethod
    def _across(best: NDArray[np.int64], last: int, tag: int, count: int) -> int:
        """Return where a place ends that has untagged pieces in it."""
        at = last
        while at + 1 < count and at - last <= _GAP:
            at += 1
            if best[at] == tag:
                last = at
        return last

    def _whole(self, place: Place) -> Place:
        """Return a place with all that the grammar reads as one there."""
        start, end = place.start, place.end
        for one in self._found:
            touches = one.start <= end + 1 and one.end >= start - 1
            cuts = one.start < end and one.end > start
            cuts = cuts and one.kind in ("mention", "factor")  # the "half" of one
            if cuts or (touches and one.kind in _WHOLE.get(place.tag, ())):
                start, end = min(start, one.start), max(end, one.end)
        if place.tag in _OF_A_PICTURE:
            start = self._with_article(start)
        if place.tag == "region":
            start, end = self._corner(start, end)
        return replace(place, start=start, end=end, text=self._turn[start:end])

    def _with_article(self, start: int) -> int:
        """Return where words begin with the article before them: labels leave it out."""
        before = self._turn[:start].rstrip()
        at = len(before)
        while at and before[at - 1].isalpha():
            at -= 1
        return (
            at if start > len(before) and before[at:].lower() in _articles() else start
        )

    def _corner(self, start: int, end: int) -> tuple[int, int]:
        """Return all the words of a part of the picture: "top right corner" of "top"."""
        own = region(self._turn[start:end])
        for _ in range(_CORNER):
            before = self._turn[:start].rstrip().rfind(" ") + 1
            behind = self._turn.find(" ", end + 1)
            behind = len(self._turn) if behind < 0 else behind
            for first, last in ((before, end), (start, behind)):
                said = self._turn[first:last].rstrip(_ENDS)
                longer = region(said)
                if longer is not None and longer != own:
                    own, start, end = longer, first, first + len(said)
        return start, end

    def _place(self, first: int, last: int, tag: str, share: float) -> Place | None:
        pieces = self._scores.pieces
        start, end = pieces[first][1], pieces[last][2]
        while start < end and self._turn[start] in _ENDS:
            start += 1
        while end > start and self._turn[end - 1] in _ENDS:
            end -= 1
        if not any(one.isalnum() for one in self._turn[start:end]):
            return None
        return Place(start, end, tag, share, self._turn[start:end])


def _apart(places: Iterable[Place]) -> Iterator[Place]:
    """Yield places without those that say nothing, or lie inside the one before."""
    end = 0
    for place in places:
        if place.end > end and not is_small(place.text):
            end = place.end
            yield place


@functools.cache
def _articles() -> frozenset[str]:
    """Return the articles of all languages."""
    joints = [lang["joints"] for lang in languages().values()]
    lists = [words_of(one.get(key, "")) for one in joints for key in ("one", "the")]
    return frozenset(word for words in lists for word in words)


def _word_shares(turn: str, scores: Scores) -> NDArray[np.float32]:
    """Return the share of each tag for each piece; the pieces of a word agree."""
    logs = scores.tags - _logsumexp(scores.tags)
    first = 0
    for at in range(1, len(logs) + 1):
        if at < len(logs) and _is_one_word(turn, scores.pieces[at - 1 : at + 1]):
            continue
        logs[first:at] = logs[first:at].mean(0)
        first = at
    shares: NDArray[np.float32] = softmax(logs)
    return shares


def _is_one_word(turn: str, pair: Sequence[tuple[int, int, int]]) -> bool:
    (_, _, end), (_, start, _) = pair
    if end != start or not 0 < start < len(turn):
        return False
    before, behind = turn[start - 1], turn[start]
    if script(before) or script(behind):
        return False
    return all(one.isalnum() or one in _INSIDE for one in (before, behind))


def _logsumexp(x: NDArray[np.float32]) -> Any:
    most = x.max(-1, keepdims=True)
    return most + np.log(np.exp(x - most).sum(-1, keepdims=True))
