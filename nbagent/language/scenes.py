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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal

from nbagent.language import scene_labels as known
from nbagent.language import scene_runs, several
from nbagent.language import stand_ins as standing
from nbagent.language.found import unmarked
from nbagent.language.guess import language
from nbagent.language.heads import HeadEncoder, HeadScores
from nbagent.language.lexicon import is_small
from nbagent.language.reader import reader
from nbagent.language.scene_runs import LOST, Run
from nbagent.language.several import Number
from nbagent.pocket import vocabulary

Factor = Literal[
    "actor", "second", "corner", "place", "time", "motion", "pace", "camera", "colour"
]
WEIGHTS: Final = Path(__file__).with_name("scenes.npz")
_SAID: Final = 0.5
"""How likely it must be that an argument's words say a value at all."""
_SURE: Final = 0.5
"""A value that is read by less than this share is told as what it stands for."""
_MEANT: Final = 0.2
"""How much of the actor's look lost words have if they are who moves."""
_SHOWN: Final = 2  # of a kind, at most


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneReading:
    """What words say of a scene.

    Attributes:
        factors: Only what is said, of `scene_labels.FACTORS`. A shape of no colour is
            "ball"; who travels to a side that is not said does so "across".
        near: Pairs of what was said and what is drawn for it: ("tiger", "lion"), or
            how many: ("three birds", "two"). Two of a kind are an actor and its second.
        lost: What cannot be shown, in the user's words.
        unknown_actor: The words of a subject that the world lacks, or nothing.
        nearest: Actors that might stand in for it, a shape with its colour; nothing if
            there is none to replace.
        sure: How likely each factor's answer is, 0..1, "not said" among the answers.
    """

    factors: Mapping[str, str]
    near: tuple[tuple[str, str], ...] = ()
    lost: tuple[str, ...] = ()
    unknown_actor: str = ""
    nearest: tuple[str, ...] = ()
    sure: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _Heard:
    """A text that was scored.

    Attributes:
        text: Without the numbers of those whom it shows.
        scores: Of it.
        factors: What is said.
        runs: What speaks of what.
        counts: Who is counted, by "actor" and "second".
    """

    text: str
    scores: HeadScores
    factors: Mapping[str, str]
    runs: Sequence[Run]
    counts: Mapping[str, tuple[Number, Run]] = field(default_factory=dict)


def read_scene(words: str, by: HeadEncoder | None = None) -> SceneReading:
    """Return what a picture's words say of pocket's world.

    Args:
        words: In any language of the reader.
        by: Other weights than the shipped ones.
    """
    by = by or encoder()
    heard = _without_placeholder(_heard(words, by), by)
    who = _unknown(heard)
    factors, near = _several(heard, words)
    if who and not heard.factors.keys() - _unsure(heard):
        factors = {}  # of "democracy", nothing else is meant either
    near = [
        (_said(heard, name), factors[name]) for name in _near(heard, factors)
    ] + near
    lost = [one.text for one in heard.runs if one.tag == LOST] + _others(heard, by)
    unknown = who.text if who else ""
    return SceneReading(
        factors=factors,
        near=tuple(near),
        lost=tuple(dict.fromkeys(one for one in lost if one != unknown)),
        unknown_actor=unknown,
        nearest=_nearest(heard, who, by) if who else (),
        sure={name: float(heard.scores.shares[name].max()) for name in known.FACTORS},
    )


def read_value(words: str, factor: Factor) -> str | None:
    """Return the value that the words of an argument stand for; None if for none.

    Args:
        words: "at dusk", "in den Bergen", "ein Pferd", "azure".
        factor: What they are said of.
    """
    scores = _heard(words, encoder()).scores
    shares = scores.shares[factor]
    if shares[0] > _SAID:
        return None
    best = _best(scores) | {factor: 1 + int(shares[1:].argmax())}
    if factor == "colour":
        return known.value("colour", best["colour"])
    return known.from_classes(best).get(factor)


def names_shape(words: str, by: HeadEncoder | None = None) -> bool:
    """Return whether words name one of pocket's shapes, and nothing that it is only like.

    A lion is much like a tiger, but a ball is no moon: as a companion it would be
    another thing.

    >>> names_shape("ein roter Ball"), names_shape("a big moon")
    (True, False)
    """
    heard = _scored(unmarked(words), by or encoder())
    is_shape = _kind(heard.factors.get("actor", "")) in vocabulary.SHAPES
    is_like = heard.scores.near["actor"] > _SAID or "actor" in _unsure(heard)
    return is_shape and not is_like


def stand_ins(words: str, by: HeadEncoder | None = None) -> tuple[str, ...]:
    """Return the three actors that a viewer would soonest take for what words name.

    Args:
        words: Of one thing: "a giraffe", "ein Regenschirm".
        by: Other weights than the shipped ones.
    """
    by = by or encoder()
    heard = _scored(unmarked(words), by)
    return _nearest(heard, _all_of(heard.text), by)


@functools.cache
def encoder() -> HeadEncoder:
    """Return what is shipped, loaded once, on the reader's lower layers."""
    return encoder_of(WEIGHTS)


def encoder_of(file: Path) -> HeadEncoder:
    """Return what reads scenes by other weights."""
    return HeadEncoder(file, reader().low, tuple(known.HEADS))


def _heard(words: str, by: HeadEncoder) -> _Heard:
    """Score words, without the numbers that count somebody."""
    text = unmarked(words)
    found = several.numbers(text)
    while found:
        heard = _scored(several.without(text, found), by)
        counts = several.counted(text, found, heard.runs)
        used = tuple(one for one in found if one in {n for n, _ in counts.values()})
        if used == found:
            return replace(heard, counts=counts)
        found = used
    return _scored(text, by)


def _scored(text: str, by: HeadEncoder) -> _Heard:
    scores = by.scores(text)
    best = _best(scores)
    factors = known.from_classes(best)
    said = {*factors, "actor"} if best["actor"] else {*factors}
    return _Heard(text, scores, factors, scene_runs.runs(text, scores, said))


def _without_placeholder(heard: _Heard, by: HeadEncoder) -> _Heard:
    """Return what was heard without a companion that is no shape, but would be one."""
    is_shape = _kind(heard.factors.get("second", "")) in vocabulary.SHAPES
    said = _said(heard, "second") if is_shape else ""
    if not said or names_shape(said, by):
        return heard
    gone = ("second", "corner")
    return replace(
        heard,
        factors={k: v for k, v in heard.factors.items() if k not in gone},
        runs=[replace(r, tag=LOST) if r.tag == "second" else r for r in heard.runs],
        counts={k: v for k, v in heard.counts.items() if k != "second"},
    )


def _best(scores: HeadScores) -> dict[str, int]:
    return {name: int(shares.argmax()) for name, shares in scores.shares.items()}


def _unsure(heard: _Heard) -> set[str]:
    """Return the factors that are rather guessed than read."""
    shares = heard.scores.shares
    return {name for name in heard.factors if shares[name].max() < _SURE}


def _near(heard: _Heard, factors: Mapping[str, str]) -> list[str]:
    """Return the factors whose words are told with what is drawn for them."""
    unsure, near = _unsure(heard), heard.scores.near
    return [
        name
        for name in heard.factors
        if name in factors and (near[name] > _SAID or name in unsure)
        if _said(heard, name)
    ]


def _said(heard: _Heard, tag: str) -> str:
    """Return the longest words of a tag that say anything by themselves."""
    lang, every = language(heard.text), (r.text for r in heard.runs if r.tag == tag)
    return max((one for one in every if not is_small(one, lang)), key=len, default="")


def _several(heard: _Heard, words: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Return the factors with those who are counted, and what stands for more."""
    factors, near = dict(heard.factors), list[tuple[str, str]]()
    for name, (number, run) in heard.counts.items():
        start, end = min(number.start, run.start), max(number.end, run.end)
        told = words[start:end].strip()
        if name == "second" or "second" in heard.factors:
            near.append((told, factors[name]))
            continue
        factors["second"] = factors[name]
        if number.value > _SHOWN:
            near.append((told, "two"))
    return factors, near


def _others(heard: _Heard, by: HeadEncoder) -> list[str]:
    """Return the words of a third: "a ball, a cube and a star" has one more than is shown."""
    shown = {_kind(heard.factors.get(name, "")) for name in ("actor", "second")}
    found = list[str]()
    for name in ("actor", "second"):
        every = [one.text for one in heard.runs if one.tag == name]
        for said in every if len(every) > 1 else ():
            kind = _kind(_scored(said, by).factors.get("actor", ""))
            if kind and kind not in shown:
                found.append(said)
    return found


def _kind(actor: str) -> str:
    return vocabulary.colour_and_noun(actor)[1]


def _unknown(heard: _Heard) -> Run | None:
    """Return the words of a subject that the world lacks, if there is one.

    The actor's head says so; or nobody is read, and who moves is among what is lost; or
    nothing is read but by guess.
    """
    if "actor" in heard.factors:
        return None
    lost = [one for one in heard.runs if one.tag in (LOST, "actor")]
    most = max(lost, key=lambda one: one.look, default=None)
    is_guess = bool(heard.factors) and heard.factors.keys() == _unsure(heard)
    if _best(heard.scores)["actor"] or is_guess:
        return most or _all_of(heard.text)
    is_meant = most is not None and most.look >= _MEANT and "motion" in heard.factors
    return most if is_meant else None


def _all_of(text: str) -> Run:
    return Run(LOST, text.strip(" ,.;:!?"), 0, len(text), 1.0)


def _nearest(heard: _Heard, who: Run, by: HeadEncoder) -> tuple[str, ...]:
    """Return the actors that might stand in for what words name."""
    lang, at = language(heard.text), who.start
    places = list[standing.Place]()
    for word in heard.text[who.start : who.end].split():
        at = heard.text.index(word, at)
        if not is_small(word, lang):
            places.append((at, at + len(word)))
        at += len(word)
    states = standing.state(heard.scores, places or [(who.start, who.end)])
    return standing.offered(by.weights, states)
