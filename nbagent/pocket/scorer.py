"""pocket's own scorer: what the verifier reads in a clip, against what its shot asks.

A shot says what it asks in pocket's terms as `scene`: `{"actor": "red ball", "motion":
"across", ...}`, with the keys alone that were asked. Without it there is nothing to
compare with, and what was read is said all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

import numpy as np

from nbagent.pocket import vocabulary as words
from nbagent.pocket.taught import ACROSS
from nbagent.pocket.verify import (
    FACTORS,
    Case,
    Verdict,
    Verifier,
    has_meaning,
    judge,
    load_verifier,
)
from nbagent.pocket.world import NUM_FRAMES, Frames

# Moves are told by every frame in turn, so a clip of another length tells looks alone.
_LOOKS: Final = ("actor", "place", "time")


class PocketScorer:
    """Reads clips of pocket, in some ten milliseconds each."""

    models = ("pocket",)

    @cached_property
    def _verifier(self) -> Verifier:
        return load_verifier()

    def score(
        self, frames: Frames, shot: Mapping[str, Any]
    ) -> tuple[dict[str, float], dict[str, str]]:
        """Return how sure each factor is the one that was asked, and what was read.

        Args:
            frames: (F, H, W, 3) uint8; of another shape than the world's nothing is read.
            shot: With a `scene`, if anything is asked.
        """
        num_frames, height, width, _ = frames.shape
        if height != width:
            return {}, {}
        picked = np.linspace(0, num_frames - 1, NUM_FRAMES).round().astype(int)
        [verdict] = judge(self._verifier, [frames[picked]])
        told = tuple(FACTORS) if num_frames == NUM_FRAMES else _LOOKS
        seen = {f: v for f, v in verdict.factors.items() if f in told}
        seen = {f: v for f, v in seen.items() if _means(f, verdict.factors)}
        scene = shot.get("scene")
        asked = scene if isinstance(scene, Mapping) else {}  # a recipe may be anybody's
        return compare(asked, verdict, told), seen


def asked_of(case: Case) -> dict[str, str]:
    """Return what the prompt of an evaluation asks, as a shot says it."""
    asked = {factor: str(getattr(case.scene, factor)) for factor in case.said}
    is_across = case.is_either_side and "motion" in asked
    return asked | ({"motion": ACROSS} if is_across else {})


def compare(
    asked: Mapping[str, Any], verdict: Verdict, factors: tuple[str, ...]
) -> dict[str, float]:
    """Score each aspect that is asked and means something.

    A score is what is asked against the likeliest of all else, so .5 and more says that
    the verifier reads what is asked. An actor is scored by its noun and its colour.
    """
    said = {f: str(asked[f]) for f in FACTORS if asked.get(f)}
    around = {**verdict.factors, **said}
    scores = {}
    for factor in factors:
        if factor in said and _means(factor, around):
            for aspect, right in _right(factor, said[factor]).items():
                pairs = zip(FACTORS[factor], verdict.odds[factor], strict=True)
                odds = {value: float(share) for value, share in pairs}
                best = max((odds[v] for v in right), default=None)
                if best is not None:  # else the world has none of it: nothing to find
                    other = max(odds[v] for v in odds if v not in right)
                    scores[aspect] = best / (best + other)
    return scores


def _right(factor: str, value: str) -> dict[str, list[str]]:
    """Return the aspects of what is asked, each with the values that are right."""
    if factor == "actor":
        colour, noun = words.colour_and_noun(value)
        parts = {actor: words.colour_and_noun(actor) for actor in words.ACTORS}
        right = {"actor": [a for a, part in parts.items() if part[1] == noun]}
        if colour:
            right["colour"] = [a for a, part in parts.items() if part[0] == colour]
        return right
    if value == ACROSS:
        return {factor: list(words.SIDES)}
    return {factor: [one for one in FACTORS[factor] if one == value]}


def _means(factor: str, scene: Mapping[str, str]) -> bool:
    return has_meaning(factor, place=scene["place"], motion=scene["motion"])
