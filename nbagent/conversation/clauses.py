"""Cutting a turn into clauses, and the request words off a prompt."""

from __future__ import annotations

import re
from typing import Final

from nbagent.conversation import slots
from nbagent.conversation.words import finite

_I: Final = re.IGNORECASE
_JOINT: Final = re.compile(
    r"\s*(?:[;。；]|[.!](?=\s|$)|[,，、](?:\s*(?:and|but|then|also|y|und|dann))*(?!\d)|"
    r"\b(?:and then|and also|and|then|plus|but also|as well as|luego|y|und|dann|&|\+)\b|"
    r"(?<=하)고\s|(?<=[주되르])고\s|그리고|然后|并且|再(?=把|来|加)|同时|而且|并(?=且|把))\s*",
    _I,
)
# Joined words that are one thing: no clause ends inside them.
_WHOLE: Final = re.compile(
    r"black[- ]and[- ]white|blanco y negro|schwarz und weiß|back and forth|up and down|"
    r"forth and back|pen and ink|round and round|over and over|again and again|"
    r"more and more|slower and slower|faster and faster|bigger and bigger|pros and cons|"
    r"(?:one|two|three) and a half|wait and see|salt and pepper|left and right|"
    r"around and around|drum and bass|\d[.,]\d|try and \w+|stop and \w+|go and \w+|"
    r"turn and \w+|and stop\b|here and there|day and night|rot und \w+",
    _I,
)
# A word letter, so that no word of the masked text ends at it.
_MARK: Final = "_"


def split_clauses(text: str) -> list[tuple[str, str]]:
    """Split a turn at commas and joining words.

    Returns:
        Clauses, each with the words that joined it to the one before.

    >>> split_clauses("at dusk, slower, and from the side")
    [('at dusk', ''), ('slower', ', '), ('from the side', ', and ')]
    """
    held = _WHOLE.sub(lambda m: re.sub(r"[ ,.]", _MARK, m[0]), text)
    clauses: list[tuple[str, str]] = []
    joint, start = "", 0
    for found in [*_JOINT.finditer(held), None]:
        clause = held[start : found.start() if found else len(held)]
        if clause.strip():
            clauses.append((_restore(text, clause, start), joint))
            joint = ""
        if found:
            joint += found[0]
            start = found.end()
    return clauses


def _restore(text: str, clause: str, start: int) -> str:
    # Marks have the length of what they stand for: the original is at the same place.
    return text[start : start + len(clause)].strip()


_REQUEST: Final = re.compile(
    r"^(?:(?:ok(?:ay)?|hey|hi|hello|now|so|please|great|nice|cool|and|then|alright|well)\b[,!.\s]*)*"
    r"(?:(?:can|could|would|will) (?:you|we|i)(?: please)?\s+|i(?:'d| would) (?:like|love)(?: to "
    r"(?:see|have|get|watch))?\s+|i (?:want|need|wish)(?: to (?:see|have|get|watch))?\s+|"
    r"let(?:'s| us| me)\s+(?:see|have|make|do|try|get)?\s*|how about\s+|what about\s+|"
    r"give me\s+|show me\s+|get me\s+|make me\s+|imagine\s+|picture\s+(?=an?\b|the\b|some\b)|"
    r"try\s+|go (?:for|with)\s+|"
    r"(?:please )?(?:make|create|generate|produce|render|show|draw|film|shoot|animate|visuali[sz]e|"
    r"sketch|paint|design|do|build)\s+(?!of\b)(?:me |us )?)*",
    _I,
)
_MEDIUM: Final = re.compile(
    r"^(?:an?\s+|the\s+|some\s+|my\s+|another\s+|\w+\s+)?(?:(?:quick|short|little|brief|new|small|"
    r"simple|nice|cool|looping|looped|seamless|square|vertical|\d+[- ]?(?:s|sec|second)s?|"
    r"(?:one|two|three|four|five|six|ten)[- ]second|seconds?[- ]long|draft|preview|final|intro|"
    r"[\d:]+|high[- ]quality|\d+x\d+)\s+)*(?:videos?|clips?|movies?|animations?|films?|gifs?|"
    r"loops?|footage|shots?|images?|pictures?|photos?|stills?|takes?|versions?|variations?|"
    r"storyboards?|preview|draft|mp4|webm|sequence|scenes|panels)"
    r"(?:\s+(?:clips?|videos?|loops?))?(?:\s+in \d+ (?:scenes|shots|panels|parts))?\s*"
    r"(?:,\s*[^,]{1,20},\s*)?(?:(?:of|showing|with|where|in which|about|that shows?|for|featuring)"
    r"\b|:)\s*",
    _I,
)
_FOREIGN_HEAD: Final = re.compile(
    r"^(?:(?:por favor|bitte|请|帮我|给我|我想(?:要|看)?)[,\s]*)*(?:(?:haz|crea|genera|muéstrame|"
    r"muestra|quiero(?: ver)?|hazme|erstelle?|mach(?:e)?(?: mir)?|zeig(?:e)?(?: mir)?|erzeuge?|"
    r"ich (?:möchte|will|hätte gern)(?: ein)?|做|生成|制作|创建|来|画|拍)\s*)?"
    r"(?:(?:un[ao]?|ein(?:e[nr]?)?|一个|一段|个|段)?\s*(?:vídeo|video|clip|animación|película|"
    r"imagen|film|bild|animation|短片|视频|动画)\s*(?:de|con|von|mit|über|sobre|，|:|：)?\s*)?",
    _I,
)
_FOREIGN_TAIL: Final = re.compile(
    r"\s*(?:(?:을|를|이|가)?\s*(?:담은|보여\s?주는|나오는)?\s*(?:짧은\s*)?(?:영상|비디오|클립|동영상|애니메이션|"
    r"그림|이미지|사진)(?:을|를|으로|로)?\s*(?:하나|한 개)?\s*(?:만들어|보여|그려|생성해|제작해)?\s*"
    r"(?:줘|주세요|줄래|달라|봐)?|(?:을|를)?\s*(?:만들어|보여|그려|생성해)\s*(?:줘|주세요|줄래)|"
    r"的?(?:短片|视频|动画|影片|小视频))[.。!！?？]*$"
)
_TAILS: Final = re.compile(
    r"[\s,]*\b(?:please|thanks|thank you|if possible|if you can|for me|bitte|por favor)\b[.!?]*$",
    _I,
)


# "I'd love to see a car drive off": a request puts its verb so. The picture is of a car
# that drives off.
_WATCHED: Final = re.compile(
    r"(?<=\s)(?:bounce|circle|climb|crawl|cross|dance|drift|drive|fall|float|fly|gallop|glide"
    r"|hop|jump|land|march|melt|ride|rise|roll|rotate|run|sail|skate|slide|spin|swim|swing"
    r"|turn|walk|wave)\b(?=\s|$)",
    re.I,
)
_WATCHES: Final = re.compile(
    r"\b(?:see|watch|show(?: me)?|have|let)\s+(?:an?|the|one)\s+(?:[\w-]+\s+){1,3}",
    re.I,
)


def prompt_words(text: str, style: str | None = None) -> str:
    """Strip the request and the values around a picture's words.

    >>> prompt_words("make a 5 second video of a cat, 9:16")
    'a cat'
    >>> prompt_words("I'd love to see a red car drive through the desert")
    'a red car drives through the desert'
    """
    picture = slots.without_values(text)
    if watches := _WATCHES.search(picture):
        head, rest = picture[: watches.start()], picture[watches.start() :]
        picture = head + _WATCHED.sub(lambda verb: finite(verb[0]), rest, count=1)
    if style:
        picture = re.sub(
            rf"[\s,]*\b(?:in|as|with)?\s*(?:an?\s+|the\s+)?(?:style of\s+)?(?:an?\s+|the\s+)?"
            rf"{re.escape(style)}(?:[- ](?:style|look|aesthetic))?(?![\w-])",
            "",
            picture,
            count=1,
            flags=_I,
        )
    for pattern in (_TAILS, _REQUEST, _MEDIUM, _FOREIGN_HEAD, _FOREIGN_TAIL):
        shorter = pattern.sub("", picture.strip(" ,.;:!?"), count=1)
        # A request without a picture ("make a video") keeps its words.
        picture = shorter if shorter.strip(" ,.;:!?") else picture
    picture = re.sub(r"\s*,(?:\s*,)+", ",", re.sub(r"\s+", " ", picture))
    return picture.strip(" ,.;:!?") or text
