"""A scene as pocket was taught to hear it: one caption for its factors.

>>> taught({"actor": "red ball", "motion": "spin", "place": "beach", "time": "sunset"})
'a red ball spinning, on the beach, at sunset'
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from nbagent.pocket import vocabulary as words

ACROSS: Final = "across"
"""A motion that travels to a side which is not said."""
_STILL: Final = "stay"


def taught(factors: Mapping[str, str]) -> str:
    """Return the caption of a scene; what has no meaning in it is not said.

    Time means nothing in space and before a plain background, pace where nothing moves,
    a move of the camera before a plain background.

    Args:
        factors: Any of actor, second, place, time, motion, pace and camera. The corner
            of the second has no words yet.
    """
    place, motion = factors.get("place", ""), factors.get("motion", "")
    parts = [
        " ".join(filter(None, (_subject(factors), _action(motion, place)))),
        "" if _is_crossing(motion, place) else _place(place),
    ]
    time, pace = factors.get("time", ""), factors.get("pace", "")
    if time and (not place or words.has_time(place)):
        parts.append(words.TIME_PHRASES[time][0])  # type: ignore[index]  # of a mapping
    if pace not in ("", "normal") and motion not in ("", _STILL):
        parts.append(words.PACE_PHRASES[pace][0])  # type: ignore[index]
    camera = factors.get("camera", "")
    if camera not in ("", "still") and place not in words.PLAIN:
        parts.append(words.CAMERA_PHRASES[camera][0])  # type: ignore[index]
    return ", ".join(filter(None, parts))


def _subject(factors: Mapping[str, str]) -> str:
    told = [_with_a(factors[f]) for f in ("actor", "second") if factors.get(f)]
    return " and ".join(told)


def _with_a(noun: str) -> str:
    is_vowel = noun[0] in "aeiou" and noun != "ufo"
    return f"{'an' if is_vowel else 'a'} {noun}"


def _action(motion: str, place: str) -> str:
    if _is_crossing(motion, place):
        noun = words.PLACE_NOUNS[place][0]
        return f"crossing {noun if place == 'space' else f'the {noun}'}"
    if motion == ACROSS:
        motion = "right"
    return words.MOTION_PHRASES[motion][0][1] if motion else ""  # type: ignore[index]


def _is_crossing(motion: str, place: str) -> bool:
    return motion == ACROSS and place in words.SCENES


def _place(place: str) -> str:
    if place in words.PLAIN:
        colour = place.removeprefix("plain ")
        return words.PLAIN_PHRASES[0].replace("{c}", colour)
    return words.PLACE_PHRASES[place][0] if place else ""
