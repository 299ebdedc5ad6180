"""The form in which pocket is told a scene: every factor, in one order, in one wording.

Pocket was taught many wordings, and this one is what a notebook sends. Pure words: never imports numpy or torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from nbagent.pocket import vocabulary as words

ACROSS: Final = "across"
"""A motion that travels to a side which is not said."""


def taught(factors: Mapping[str, str]) -> str:
    """Say the factors of a scene; those that are missing stay open.

    Args:
        factors: Of `actor`, `second`, `place`, `time`, `motion`, `pace` and `camera`, as
            in `world.Scene`. A motion `across` is left or right.

    >>> taught({"actor": "red ball", "motion": "left", "place": "beach", "time": "night"})
    'a red ball, moving left, on the beach, at night'
    """
    said = dict(factors)
    parts = [_actors(said), _motion(said)]
    if said.get("motion") != ACROSS or said.get("place") not in words.SCENES:
        parts.append(_place(said.get("place", "")))
    time, pace, camera = (said.get(n, "") for n in ("time", "pace", "camera"))
    if time and words.has_time(said.get("place", words.DEFAULT_PLACE)):
        parts.append(words.TIME_PHRASES[time][0])  # type: ignore[index]
    if pace in ("slow", "fast") and said.get("motion") != "stay":
        parts.append(words.PACE_PHRASES[pace][0])  # type: ignore[index]
    if camera not in ("", "still") and said.get("place") not in words.PLAIN:
        parts.append(words.CAMERA_PHRASES[camera][0])  # type: ignore[index]
    return ", ".join(filter(None, parts))


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
    return text


def _motion(said: Mapping[str, str]) -> str:
    motion, place = said.get("motion", ""), said.get("place", "")
    if motion != ACROSS:
        return words.MOTION_PHRASES[motion][0][1] if motion else ""  # type: ignore[index]
    noun = words.PLACE_NOUNS[place][0] if place in words.SCENES else "picture"
    return f"crossing {'' if place == 'space' else 'the '}{noun}"


def _place(place: str) -> str:
    if place in words.PLAIN:
        return f"on a {place} background"
    return words.PLACE_PHRASES[place][0] if place else ""
