"""Which part of a clip a turn is about: a region of its frame, a span of its time.

    >>> take_part("make the left half snowy")
    ('make it snowy', Part(region=(0.0, 0.0, 0.5, 1.0), span=None, frame=None))
    >>> take_part("redo the last half second")
    ('redo', Part(region=None, span=(-0.5, None), frame=None))
    >>> take_part("slower in @c2[1s:2.5s]")
    ('slower in @c2', Part(region=None, span=(1.0, 2.5), frame=None))
    >>> take_part("@c2[10] at night")
    ('@c2 at night', Part(region=None, span=None, frame=10))

Only words that name a part of the picture itself count: a dog "on the left side of
the road" is a picture's content, and "moves to the left" is a motion.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from nbagent.conversation.numbers import NUMBER, to_number
from nbagent.conversation.words import tidy

Region = tuple[float, float, float, float]  # left, top, right, bottom; shares, 0..1
Span = tuple[float, float | None]  # seconds; a negative start counts from the end
_I: Final = re.IGNORECASE


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a clip; None is the whole of it. A frame counts from 0."""

    region: Region | None = None
    span: Span | None = None
    frame: int | None = None


_SIDE: Final = r"(?:left|right|top|upper|bottom|lower)"
_SHARES: Final = {"half": 1 / 2, "third": 1 / 3, "quarter": 1 / 4, "corner": 1 / 2}
_FRAME: Final = r"(?:frame|picture|clip|image|video|screen|shot)"
_OF_FRAME: Final = rf"(?:\s+of\s+(?:the|this|that)\s+{_FRAME})"
_REGION: Final = re.compile(
    rf"(?P<in>\b(?:(?:but|and)\s+)?(?:only\s+)?(?:in|within|on|for)\s+)?\bthe\s+(?:"
    rf"(?P<sides>{_SIDE}(?:[\s-]{_SIDE})?)(?:[\s-]hand)?\s+"
    rf"(?:(?P<share>{'|'.join(_SHARES)})(?!\s+of\b(?!\s+(?:the|this|that)\s+{_FRAME}))"
    rf"|(?:side|part|edge)(?={_OF_FRAME}))"
    rf"|(?P<middle>middle|centre|center)(?:\s+third)?(?={_OF_FRAME})"
    rf"|(?P<third>middle|centre|center)\s+third)"
    rf"{_OF_FRAME}?",
    _I,
)
_SECONDS: Final = r"\s?(?:s|secs?|seconds?)\b"
_FROM_TO: Final = re.compile(
    rf"\b(?:only\s+)?(?:from|between|in)\s+({NUMBER})(?:{_SECONDS})?\s*(?:to|and|until|-|–)\s*"
    rf"({NUMBER}){_SECONDS}",
    _I,
)
_END: Final = re.compile(
    rf"\b(?:only\s+)?(?:in|for|during|at)?\s*\bthe\s+(?P<side>first|last|final)\s+"
    rf"(?:(?P<half>half(?:\s+a)?\s+second)|(?P<n>{NUMBER}){_SECONDS}|second\b)"
    rf"(?:\s+of\s+(?:it|@?c\d+|(?:the|this|that)\s+{_FRAME}))?",
    _I,
)
_BRACKETS: Final = re.compile(
    r"(?<=\w)\[\s*(\d+(?:\.\d+)?)?\s*s?\s*:\s*(\d+(?:\.\d+)?)?\s*s?\s*\]", _I
)

_INDEX: Final = re.compile(r"(?<=\w)\[\s*(\d{1,6})\s*\]")


def take_part(text: str) -> tuple[str, Part]:
    """Split a turn into its words without the part, and the part they name."""
    region: Region | None = None
    span: Span | None = None
    text, frame = take_frame(text)
    if found := _REGION.search(text):
        region = _box(found)
        # "make the left half snowy" has it as its object, "in the left half" beside one.
        text = _without(text, found, "" if found["in"] else "it")
    if found := _BRACKETS.search(text):
        span = (float(found[1] or 0), float(found[2]) if found[2] else None)
        text = _BRACKETS.sub("", text)
    elif found := _FROM_TO.search(text):
        start, end = to_number(found[1]), to_number(found[2])
        if start < end:
            span = (float(start), float(end))
            text = _without(text, found, "")
    elif found := _END.search(text):
        seconds = 0.5 if found["half"] else float(to_number(found["n"] or "1"))
        span = (0.0, seconds) if found["side"].lower() == "first" else (-seconds, None)
        text = _without(text, found, "")
    return text, Part(region=region, span=span, frame=frame)


def take_frame(text: str) -> tuple[str, int | None]:
    """Split a turn into its words without the frame that they name, and that frame."""
    found = _INDEX.search(text)
    if found is None:
        return text, None
    return _INDEX.sub("", text, count=1), int(found[1])


def _box(found: re.Match[str]) -> Region:
    if found["middle"] or found["third"]:
        return (1 / 3, 0.0, 2 / 3, 1.0) if found["third"] else (0.25, 0.25, 0.75, 0.75)
    sides = found["sides"].lower()
    share = _SHARES[(found["share"] or "half").lower()]
    if " " in sides or "-" in sides:  # "the top left quarter"
        share = max(share, 1 / 2) if share == 1 / 4 else share
    left, top, right, bottom = 0.0, 0.0, 1.0, 1.0
    if "left" in sides:
        right = share
    elif "right" in sides:
        left = 1 - share
    if re.search("top|upper", sides):
        bottom = share
    elif re.search("bottom|lower", sides):
        top = 1 - share
    return left, top, right, bottom


def _without(text: str, found: re.Match[str], instead: str) -> str:
    return tidy(text[: found.start()] + instead + text[found.end() :]).lstrip(" ,")
