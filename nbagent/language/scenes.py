"""From words to a scene of pocket's world: who does what, where, when and how fast.

What the words say is found in any language of the reader, by an encoder (`scene_scores`)
that was trained on sentences of people who do not know the world's own words.

>>> read_scene("a tabby tumbles down over the woods as the sun goes down").factors["motion"]
'fall'
>>> read_value("in den Bergen bei Nacht", "time")
'night'
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from nbagent.language import scene_labels as known
from nbagent.language.found import unmarked
from nbagent.language.lexicon import is_small
from nbagent.language.reader import reader
from nbagent.language.scene_scores import SceneEncoder, SceneScores

if TYPE_CHECKING:
    from numpy.typing import NDArray

Factor = Literal[
    "actor", "second", "corner", "place", "time", "motion", "pace", "camera", "colour"
]
WEIGHTS: Final = Path(__file__).with_name("scenes.npz")
_SAID: Final = 0.5
"""How likely it must be that an argument's words say a value at all."""
_NEAREST: Final = 3
_TAKEN: Final = 0.1  # how much the actor's head counts beside how like words are
_LEAST: Final = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneReading:
    """What words say of a scene.

    Attributes:
        factors: Only what is said, of `scene_labels.FACTORS`. A shape of no colour is
            "ball"; who travels to a side that is not said does so "across".
        near: Pairs of what was said and what is drawn for it: ("tiger", "lion").
        lost: What cannot be shown, in the user's words.
        unknown_actor: The words of a subject that the world lacks, or nothing.
        nearest: Actors that might stand in for it; nothing if there is none to replace.
        sure: How likely each factor's answer is, 0..1, "not said" among the answers.
    """

    factors: Mapping[str, str]
    near: tuple[tuple[str, str], ...] = ()
    lost: tuple[str, ...] = ()
    unknown_actor: str = ""
    nearest: tuple[str, ...] = ()
    sure: Mapping[str, float]


def read_scene(words: str, by: SceneEncoder | None = None) -> SceneReading:
    """Return what a picture's words say of pocket's world.

    Args:
        words: In any language of the reader.
        by: Other weights than the shipped ones.
    """
    text = unmarked(words)
    scores = (by or encoder()).scores(text)
    factors = known.from_classes(_best(scores))
    runs = _runs(text, scores)
    near = tuple(
        (_said(runs, factor), value)
        for factor, value in factors.items()
        if scores.near[factor] > _SAID and _said(runs, factor)
    )
    lost = [said for tag, said, _ in runs if tag == "lost" and not is_small(said)]
    is_unknown = known.value("actor", _best(scores)["actor"]) == known.OTHER
    unknown = _unknown(runs, text) if is_unknown else ""
    return SceneReading(
        factors=factors,
        near=near,
        lost=tuple(dict.fromkeys(one for one in lost if one != unknown)),
        unknown_actor=unknown,
        nearest=_nearest(unknown, scores) if is_unknown else (),
        sure={name: float(scores.shares[name].max()) for name in known.FACTORS},
    )


def read_value(words: str, factor: Factor) -> str | None:
    """Return the value that the words of an argument stand for; None if for none.

    Args:
        words: "at dusk", "in den Bergen", "ein Pferd", "azure".
        factor: What they are said of.
    """
    scores = encoder().scores(unmarked(words))
    shares = scores.shares[factor]
    if shares[0] > _SAID:
        return None
    best = _best(scores) | {factor: 1 + int(shares[1:].argmax())}
    if factor == "colour":
        return known.value("colour", best["colour"])
    return known.from_classes(best).get(factor)


@functools.cache
def encoder() -> SceneEncoder:
    """Return what is shipped, loaded once, on the reader's lower layers."""
    return SceneEncoder(WEIGHTS, reader().low)


def _best(scores: SceneScores) -> dict[str, int]:
    return {name: int(shares.argmax()) for name, shares in scores.shares.items()}


def _nearest(words: str, scores: SceneScores) -> tuple[str, ...]:
    """Return the actors that are likest to words, though none of them is it.

    The lower layers know what goes with what, though they were taught nothing of this
    world; where they hesitate, the actor's head says which it would rather take.
    """
    content = [word for word in words.split() if not is_small(word)]
    mean, nouns = _nouns()
    shown = reader().low.caption(" ".join(content) or words) - mean
    others = scores.shares["actor"][1 : 1 + len(known.NOUNS)]
    likely = np.log(others / others.sum() + _LEAST)
    found = nouns @ (shown / np.linalg.norm(shown)) + _TAKEN * likely
    return tuple(known.NOUNS[index] for index in np.argsort(-found)[:_NEAREST])


@functools.cache
def _nouns() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return what is common to all actors, and what is each one's own, of length 1."""
    shown = np.stack([reader().low.caption(noun) for noun in known.NOUNS])
    mean = shown.mean(0)
    own = shown - mean
    return mean, own / np.linalg.norm(own, axis=1, keepdims=True)


Run = tuple[str, str, float]  # its tag, its words, and how much the actor's head looks


def _runs(text: str, scores: SceneScores) -> list[Run]:
    """Return neighbouring words of one tag; the pieces of a word agree on one."""
    found: list[tuple[int, int, int, float]] = []  # begin, end, tag, look
    for start, end, shares, look in _words(text, scores):
        tag = int(shares.argmax())
        if found and found[-1][2] == tag and text[found[-1][1] : start].strip() == "":
            begin, _, _, before = found[-1]
            found[-1] = (begin, end, tag, before + look)
        else:
            found.append((start, end, tag, look))
    return [
        (known.TAGS[tag], text[start:end].strip(" ,.;:!?"), look)
        for start, end, tag, look in found
        if tag and text[start:end].strip(" ,.;:!?")
    ]


def _words(
    text: str, scores: SceneScores
) -> list[tuple[int, int, NDArray[np.float32], float]]:
    """Return the words of a text, or pieces where it has no spaces, with their tags."""
    found: list[tuple[int, int, NDArray[np.float32], float]] = []
    actor = scores.looks["actor"]
    for (_, start, end), shares, look in zip(
        scores.pieces, scores.tags, actor.tolist(), strict=True
    ):
        piece = text[start:end]
        start += len(piece) - len(piece.lstrip())
        if not piece.strip():
            continue
        is_one = bool(found) and found[-1][1] == start and text[start].isalnum()
        if is_one and text[start - 1].isalnum() and ord(text[start]) < 0x2E80:
            begin, _, before, looked = found[-1]
            found[-1] = (begin, end, before + shares, looked + look)
        else:
            found.append((start, end, shares, look))
    return found


def _said(runs: list[Run], tag: str) -> str:
    """Return the longest words of a tag."""
    return max((said for name, said, _ in runs if name == tag), key=len, default="")


def _unknown(runs: list[Run], text: str) -> str:
    """Return the lost words that the actor's head looks at most."""
    lost = [(look, said) for tag, said, look in runs if tag in ("lost", "actor")]
    return max(lost)[1] if lost else text.strip()
