"""Who might stand in for a subject that the world lacks: a horse for a giraffe.

A writer said of some 1,400 nouns which three actors a viewer would sooner take for each
(tests/scenes); what is like those nouns, to the layers that read scenes, is offered what
they are. The layers have seen the words already, so this costs one small product.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from nbagent.language.heads import HeadScores
from nbagent.pocket import vocabulary

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

OFFERED: Final = 3
PREFIX: Final = "stand_ins."  # of the names of its weights
MEAN, SLOPES, BASE = f"{PREFIX}mean", f"{PREFIX}w", f"{PREFIX}b"
_NOUNS: Final = tuple(vocabulary.colour_and_noun(one)[1] for one in vocabulary.ACTORS)

Place = tuple[int, int]
"""Where words begin and end in a text, in characters."""


def state(scores: HeadScores, places: Sequence[Place]) -> Array:
    """Return what each layer makes of words, (layers, D): the mean of their pieces."""
    inside = [
        any(start < b and end > a for a, b in places) and end > start
        for _, start, end in scores.pieces
    ]
    if not any(inside):
        inside = [True] * len(inside)
    mean: Array = scores.states[:, inside].mean(1)
    return mean


def features(states: Array, mean: Array) -> Array:
    """Return states less what is common to all, each layer's of the same length."""
    own = states - mean.reshape(states.shape[-2:])
    own = own / np.linalg.norm(own, axis=-1, keepdims=True)
    flat: Array = own.reshape(*own.shape[:-2], -1) / np.float32(own.shape[-2] ** 0.5)
    return flat


def offered(weights: Mapping[str, Array], states: Array) -> tuple[str, ...]:
    """Return the actors that are likest, no two of one kind, best first.

    Args:
        weights: With those that `train-scenes` fits.
        states: Of the words.
    """
    found = weights[SLOPES] @ features(states, weights[MEAN]) + weights[BASE]
    kinds: dict[str, float] = {}
    best: dict[str, int] = {}
    for index, (noun, value) in enumerate(zip(_NOUNS, found.tolist(), strict=True)):
        kinds[noun] = kinds.get(noun, 0.0) + value
        if noun not in best or value > found[best[noun]]:
            best[noun] = index
    order = sorted(kinds, key=lambda noun: -kinds[noun])
    return tuple(vocabulary.ACTORS[best[noun]] for noun in order[:OFFERED])


def agreement(
    offers: Iterable[Sequence[str]], right: Iterable[Sequence[str]]
) -> dict[str, float]:
    """Return how often the first offer is one of the three, and how many are: kinds alone."""
    first, shared = list[float](), list[float]()
    for offered, judged in zip(offers, right, strict=True):
        kinds = {vocabulary.colour_and_noun(one)[1] for one in judged}
        found = [vocabulary.colour_and_noun(one)[1] in kinds for one in offered]
        first.append(float(found[0]))
        shared.append(float(sum(found)))
    return {
        "first": round(float(np.mean(first)), 3),
        "shared": round(float(np.mean(shared)), 3),
        "none": round(float(np.mean([one == 0 for one in shared])), 3),
    }
