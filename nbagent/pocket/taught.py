"""The form in which pocket is told a scene: every factor, in one order, in one wording.

Pocket learns from paraphrases too, but this form most of all, and it is what a notebook
sends. Pure words: never imports numpy or torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from nbagent.pocket import phrases
from nbagent.pocket import vocabulary as words

ACROSS: Final = "across"
"""A motion that travels to a side which is not said."""


def taught(factors: Mapping[str, str]) -> str:
    """Say the factors of a scene; those that are missing stay open.

    Args:
        factors: Of `actor`, `second`, `corner`, `place`, `time`, `motion`, `pace`,
            `camera` and `view`, as in `world.Scene`. A motion `across` is left or
            right.

    >>> taught({"actor": "red ball", "motion": "left", "place": "beach", "time": "night"})
    'a red ball, moving left, on the beach, at night'
    """
    said = dict(factors)
    parts = [_actors(said), _motion(said)]
    if said.get("motion") != ACROSS or said.get("place") not in words.SCENES:
        parts.append(_place(said.get("place", "")))
    time, pace, camera = (said.get(n, "") for n in ("time", "pace", "camera"))
    if time and words.has_time(said.get("place", words.DEFAULT_PLACE)):
        parts.append(phrases.TIME_PHRASES[time][0])  # type: ignore[index]
    if pace in ("slow", "fast") and said.get("motion") != "stay":
        parts.append(phrases.PACE_PHRASES[pace][0])  # type: ignore[index]
    if camera not in ("", "still") and said.get("place") not in words.PLAIN:
        parts.append(phrases.CAMERA_PHRASES[camera][0])  # type: ignore[index]
    if view := said.get("view", ""):
        parts.append(f"view {view}")
    return ", ".join(filter(None, parts))


def turning(factors: Mapping[str, str], into: Mapping[str, str]) -> str:
    """Say that one scene becomes another; what moves is left out, or it were too long."""
    looks = ("actor", "place", "time")
    ends = ({n: one[n] for n in looks if n in one} for one in (factors, into))
    return ", then ".join(map(taught, ends))


def with_a(noun: str) -> str:
    """Put the article before the name of an actor.

    >>> with_a("orange ball"), with_a("ufo")
    ('an orange ball', 'a ufo')
    """
    # "a ufo": the one vowel here that is spoken as a consonant
    is_vowel = noun[:1] in tuple("aeiou") and not noun.startswith("ufo")
    return f"{'an' if is_vowel else 'a'} {noun}"


def _actors(said: Mapping[str, str]) -> str:
    if not said.get("actor"):
        return ""
    text = with_a(said["actor"])
    if second := said.get("second"):
        text += f" and {with_a(second)}"
        if corner := said.get("corner"):
            text += f" in the {corner} corner"
    return text


def _motion(said: Mapping[str, str]) -> str:
    motion, place = said.get("motion", ""), said.get("place", "")
    if motion != ACROSS:
        return phrases.MOTION_PHRASES[motion][0][1] if motion else ""  # type: ignore[index]
    noun = phrases.PLACE_NOUNS[place][0] if place in words.SCENES else "picture"
    return f"crossing {'' if place == 'space' else 'the '}{noun}"


def _place(place: str) -> str:
    if place in words.PLAIN:
        return f"on a {place} background"
    return phrases.PLACE_PHRASES[place][0] if place else ""
