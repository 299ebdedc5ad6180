"""Whom to offer for what the world lacks: fitted to nouns of which a writer judged it.

A ridge regression on what the layers that read scenes make of a noun: alone, and in
sentences that people wrote of somebody else. It is fitted after those layers, which it
leaves as they are, and written beside them.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from nbagent.language import stand_ins
from nbagent.language.heads import HeadEncoder
from nbagent.language.training.scene_data import Hands, Sample, scene_samples
from nbagent.pocket import vocabulary

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

_WORTH: Final = (1.0, 0.7, 0.5)  # of the first, the second, the third of a noun
_CALLED: Final = 1.5  # of the actor whom a phrase of the lexica names
_SHARE: Final = 0.2  # of such a phrase, beside a noun that was judged
_RIDGE: Final = 0.3
_NOUN: Final = "{noun}"  # where it stands in a frame
_SENTENCES: Final = 4  # that each noun is put into
_KEPT: Final = 5  # of so many sentences one is for tests alone


Around = tuple[str, str]
"""What stands before a noun, and behind it."""
_ALONE: Final = ("", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Nouns, or phrases that name an actor, as the layers see them.

    Attributes:
        texts: Of each.
        states: (texts, contexts, layers, D).
        wanted: (texts, actors): how well each would stand in.
        tested: (texts, 2, layers, D): alone, and in a sentence that is in no context.
    """

    texts: Sequence[str]
    states: Array
    wanted: Array
    tested: Array

    def where(self, kept: NDArray[np.bool_]) -> Shown:
        """Return those that are kept."""
        return Shown(
            texts=[one for one, is_in in zip(self.texts, kept, strict=True) if is_in],
            states=self.states[kept],
            wanted=self.wanted[kept],
            tested=self.tested[kept],
        )


def nouns(hands: Hands, by: HeadEncoder, chance: random.Random) -> Shown:
    """Return the judged nouns, alone and in sentences of their language."""
    pool = _sentences(hands)
    states, tested = [], []
    for one in hands.nearest:
        text = one["text"]
        fit, test = pool.get(one["lang"], ([_ALONE], [_ALONE]))
        said = [chance.choice(fit) for _ in range(_SENTENCES)]
        plain = hands.frames[one["lang"]]["plain"] or [_NOUN]
        before, _, after = chance.choice(plain).partition(_NOUN)
        contexts = [_ALONE, (before, after), *said]
        states.append([_seen(by, text, *around) for around in contexts])
        tested.append([states[-1][0], _seen(by, text, *chance.choice(test))])
    wanted = np.zeros((len(states), len(vocabulary.ACTORS)), np.float32)
    for row, one in zip(wanted, hands.nearest, strict=True):
        for worth, actor in zip(_WORTH, one["nearest"], strict=True):
            row[vocabulary.ACTORS.index(actor)] = worth
    texts = [one["text"] for one in hands.nearest]
    return Shown(
        texts=texts, states=_array(states), wanted=wanted, tested=_array(tested)
    )


def phrases(hands: Hands, by: HeadEncoder) -> Shown:
    """Return what names an actor in any language: so like words are like in all of them."""
    rows = {
        (row.text.lower(), row.lang): row
        for one in hands.rows.values()
        for row in one
        if row.factor == "actor" and row.value
    }
    states = _array([[_seen(by, row.text, "", "")] for row in rows.values()])
    wanted = np.zeros((len(rows), len(vocabulary.ACTORS)), np.float32)
    for line, row in zip(wanted, rows.values(), strict=True):
        kinds = [
            index
            for index, actor in enumerate(vocabulary.ACTORS)
            if row.value in (actor, vocabulary.colour_and_noun(actor)[1])
        ]
        line[kinds] = _CALLED / len(kinds)
    texts = [text for text, _ in rows]
    return Shown(texts=texts, states=states, wanted=wanted, tested=states)


def fitted(judged: Shown, called: Shown) -> dict[str, Array]:
    """Return the weights that `stand_ins.offered` reads."""
    every = judged if judged.texts else called
    mean = every.states.mean((0, 1)).ravel()
    base = every.wanted.mean(0)
    width = len(mean)
    left, right = _RIDGE * np.eye(width), np.zeros((width, len(base)))
    for one, worth in ((judged, 1.0), (called, _SHARE)):
        if not one.texts:
            continue  # all of them may be left out
        count = one.states.shape[1]
        for context in range(count):
            shown = stand_ins.features(one.states[:, context], mean)
            left += worth / count * shown.T @ shown
            right += worth / count * shown.T @ (one.wanted - base)
    slopes = np.linalg.solve(left, right).T
    return {
        stand_ins.MEAN: mean.astype(np.float32),
        stand_ins.SLOPES: slopes.astype(np.float32),
        stand_ins.BASE: base.astype(np.float32),
    }


def cross_validated(
    hands: Hands, judged: Shown, called: Shown, folds: int
) -> dict[str, Any]:
    """Return how well nouns are served of which the fit knows no relative.

    Nouns that share a word, or its plural, are in one fold; so are the lexica's phrases.
    """
    fold = folds_of([*judged.texts, *called.texts], folds)
    own, others = fold[: len(judged.texts)], fold[len(judged.texts) :]
    alone, said = list[tuple[str, ...]](), list[tuple[str, ...]]()
    right = list[Sequence[str]]()
    for index in range(folds):
        weights = fitted(judged.where(own != index), called.where(others != index))
        for at in np.flatnonzero(own == index).tolist():
            alone.append(stand_ins.offered(weights, judged.tested[at, 0]))
            said.append(stand_ins.offered(weights, judged.tested[at, 1]))
            right.append(hands.nearest[at]["nearest"])
    return {
        "alone": stand_ins.agreement(alone, right),
        "in a sentence": stand_ins.agreement(said, right),
        "n": len(right),
    }


def _sentences(hands: Hands) -> dict[str, tuple[list[Around], list[Around]]]:
    """Return what stands around an actor in people's sentences: to fit, and to test."""
    rows = [row for one in hands.rows.values() for row in one]
    records = [record for one in hands.scenes.values() for record in one]
    found: dict[str, list[Around]] = {}
    for one in scene_samples(records, rows):
        if around := _around(one):
            found.setdefault(one.lang, []).append(around)
    return {
        lang: ([a for i, a in enumerate(every) if i % _KEPT] or every, every[::_KEPT])
        for lang, every in found.items()
    }


def _around(one: Sample) -> Around | None:
    places = [(start, end) for start, end, tag in one.spans if tag == "actor"]
    if len(places) != 1:
        return None
    ((start, end),) = places
    return one.text[:start], one.text[end:]


def _seen(by: HeadEncoder, noun: str, before: str, after: str) -> Array:
    return stand_ins.state(
        by.scores(f"{before}{noun}{after}"), [(len(before), len(before) + len(noun))]
    )


def _array(states: Sequence[Sequence[Array]]) -> Array:
    return np.array(states, np.float32)


def folds_of(texts: Sequence[str], folds: int) -> NDArray[np.int64]:
    """Return the fold of each text; those that share a word's stem share a fold."""
    parents: dict[str, str] = {}

    def top(word: str) -> str:
        while parents.setdefault(word, word) != word:
            word = parents[word]
        return word

    stems = [[_stem(word) for word in _words(text)] for text in texts]
    for first, *others in stems:
        for other in others:
            parents[top(other)] = top(first)
    groups: dict[str, list[int]] = {}
    for index, (first, *_) in enumerate(stems):
        groups.setdefault(top(first), []).append(index)
    found, sizes = np.zeros(len(texts), np.int64), [0] * folds
    for group in sorted(groups.values(), key=len, reverse=True):
        least = sizes.index(min(sizes))
        found[group] = least
        sizes[least] += len(group)
    return found


_LINKS: Final = frozenset({"and", "the", "with", "for"})


def _words(text: str) -> list[str]:
    every = text.lower().replace("-", " ").split()
    return [one for one in every if len(one) > 2 and one not in _LINKS] or every


def _stem(word: str) -> str:
    """Return what an English noun and its plural have alike: "berri"."""
    return word.removesuffix("s").removesuffix("e").replace("y", "i")
