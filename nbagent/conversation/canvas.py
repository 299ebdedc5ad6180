"""Words about the frame of a finished clip: cut it, or make it larger or smaller.

    >>> read_canvas("crop it to the left half")
    {'box': (0.0, 0.0, 0.5, 1.0)}
    >>> read_canvas("crop off the bottom third")
    {'box': (0.0, 0.0, 1.0, 0.6666666666666667)}
    >>> read_canvas("crop c1 to a square")
    {'ratio': 1.0}
    >>> read_canvas("make it twice as large")
    {'scale': 2.0}
    >>> read_canvas("resize it to 320x240")
    {'height': 240, 'width': 320}

Both work on pixels, at once and without a model, but for "upscale it", which asks the
model to draw the larger picture's detail. A size that is asked for in any other words
("at 832x480") is one to render at.
"""

from __future__ import annotations

import re
from typing import Any, Final

from nbagent.conversation.numbers import NUMBER, to_number
from nbagent.conversation.parts import Region, take_part
from nbagent.conversation.slots import parse_aspect

_I: Final = re.IGNORECASE
_IT: Final = (
    r"(?:it|this|that|(?:the )?@?c\d+|the (?:clip|video|picture|image|frame|size))"
)
_POLITE: Final = r"^(?:please\s+|now\s+)*"
_CROP: Final = re.compile(rf"{_POLITE}crop\b", _I)
_AWAY: Final = re.compile(r"\b(?:off|out|away)\b", _I)
_RESIZE: Final = re.compile(
    rf"{_POLITE}(?:(?:resize|rescale|scale|downscale|enlarge|shrink)\s+{_IT}\b|"
    rf"make\s+{_IT}\s+(?=.*\b(?:as (?:large|big|small)|the size|"
    r"times (?:larger|bigger|smaller)|pixels? (?:wide|high|tall))\b))",
    _I,
)
# "Bigger" alone is the picture; of what is in it, one says what grows.
_BARE: Final = re.compile(
    rf"^(?:(?:ok(?:ay)?|hmm+|now|and|please|could you|can you|would you)\b[\s,]*)*"
    rf"(?:make {_IT} )?(?:(?:a (?:bit|little)|much|even|way) )?(?:bigger|larger|smaller)"
    rf"(?: (?:again|still|now))?(?:,? please)?[\s.!?]*$",
    _I,
)
_DETAIL: Final = re.compile(
    rf"{_POLITE}(?:upscale\b|(?:make {_IT} |(?:in |at )?(?:an? )?)?higher res(?:olution)?\b)",
    _I,
)
_LINES: Final = re.compile(r"\b(\d{3,4})p\b|\b([48])k\b", _I)
_PIXELS: Final = re.compile(r"\b(\d{2,4})\s?(?:x|by|×)\s?(\d{2,4})\b", _I)
_SIDE: Final = re.compile(r"\b(\d{2,4})\s?(?:px|pixels?)\s+(wide|high|tall)\b", _I)
_SMALLER: Final = re.compile(r"\b(?:small|smaller|down|downscale|shrink)\b", _I)
_WORDS: Final = {"twice": 2.0, "double": 2.0, "half": 0.5, "halve": 0.5}


def read_canvas(text: str) -> dict[str, Any]:
    """Return what a turn asks of the frame; empty if it asks for nothing of it.

    Returns:
        `box`: left, top, right, bottom in shares of the frame; `ratio`: width over
        height, cut around the middle; `scale`: a factor; `height`, `width`: pixels, of
        which one may be missing.
    """
    if _CROP.match(text):
        return _crop(text)
    if _RESIZE.match(text) or _BARE.match(text) or wants_detail(text):
        return _resize(text)
    return {}


def wants_detail(text: str) -> bool:
    """Return whether a larger picture is to have finer detail, not larger pixels."""
    return bool(_DETAIL.match(text))


def _crop(text: str) -> dict[str, Any]:
    region = take_part(text)[1].region
    if region is not None:
        return {"box": _without(region) if _AWAY.search(text) else region}
    if aspect := parse_aspect(text):
        width, height = map(int, aspect.split(":"))
        return {"ratio": width / height}
    return {}


def _without(region: Region) -> Region:
    """Return what is left of the frame beside a strip at its edge."""
    left, top, right, bottom = region
    if right - left < 1:
        return (right, 0.0, 1.0, 1.0) if left == 0 else (0.0, 0.0, left, 1.0)
    return (0.0, bottom, 1.0, 1.0) if top == 0 else (0.0, 0.0, 1.0, top)


def _resize(text: str) -> dict[str, Any]:
    if found := _PIXELS.search(text):
        return {"height": int(found[2]), "width": int(found[1])}
    if found := _SIDE.search(text):
        return {"width" if found[2].lower() == "wide" else "height": int(found[1])}
    if found := _LINES.search(text):
        return {"height": int(found[1]) if found[1] else 540 * int(found[2])}
    smaller = bool(_SMALLER.search(text))
    for word, factor in _WORDS.items():
        if re.search(rf"\b{word}\b", text, _I):
            return {"scale": 1 / factor if smaller and factor > 1 else factor}
    if found := re.search(rf"\b({NUMBER})\s?%", text, _I):
        return {"scale": to_number(found[1]) / 100}
    if found := re.search(rf"(?<!c)\b({NUMBER})\s?(?:x\b|times\b)", text, _I):
        factor = float(to_number(found[1]))
        return {"scale": 1 / factor if smaller else factor}
    return {"scale": 0.5 if smaller else 2.0}
