"""What the wording of a turn decides by itself, whatever the weights believe.

Each rule is about a form of words that is common in speech and rare in what the router
was trained on; a rule that is not sure says nothing.
"""

from __future__ import annotations

import re
from typing import Final

from nbagent.conversation import lexicon, references
from nbagent.conversation.canvas import read_canvas
from nbagent.conversation.clauses import split_clauses
from nbagent.conversation.foreign import translate
from nbagent.conversation.parts import take_frame
from nbagent.conversation.plan import Edit, Plan
from nbagent.conversation.state import State

# Clips stand side by side, not the things of a picture.
_GRID: Final = re.compile(
    r"\b(?:side by side|next to each other|in a (?:grid|row)|as a grid|grid of|"
    r"split[- ]screen|at the same time)\b",
    re.I,
)
_NAMED: Final = re.compile(r"\bc(?:lip)?\s?\d+\b", re.I)
_THEM: Final = re.compile(r"\bthem\b", re.I)
_THOSE: Final = re.compile(r"\b(?:both|all|the|these|those|last)\b", re.I)
_CLIPS: Final = re.compile(r"\b(?:clips|takes|videos|versions|ones)\b", re.I)


ADDS: Final = re.compile(r"(?:please\s+)?add\s+(?:an?|some|two|three)\s", re.I)


BECOMES: Final = re.compile(
    r"\b(?:turn|change|transform|convert|make)\b.*\binto\b", re.I
)


# "No, I meant a blue one": a correction is what it corrects to.
_MEANT: Final = re.compile(
    r"^(?:(?:no|sorry|oh|oops|wait|hm+)\b[,.!\s]*)*(?:i (?:meant?|wanted)|what i meant "
    r"(?:is|was)|i was thinking of|(?:or )?rather|actually)[,\s]+(?:(?:it )?to be )?"
    r"(?!to\b)(?P<thing>an?\s)?",
    re.I,
)


_CORRECTION_WORDS: Final = 8  # more than that is a picture of its own


# "The third one, at night": a clause that only points changes nothing.
POINTS: Final = re.compile(
    r"(?:@?c\d+|(?:the |that |this )?(?:first|second|third|fourth|fifth|last|latest|"
    r"previous|other|original)(?: (?:one|clip|take|version|video))?|(?:take|clip|number|"
    r"version) \w+)",
    re.I,
)


# "The very first version but blue".
STARTS_FROM: Final = re.compile(
    r"\b(?:version|one|original|first|clip|take)(?:\s+again)?\s+(?:but|except|only|just)\s+\w",
    re.I,
)
# "Go back to the green one but by day": what is said of it there is the change.
RETURNS: Final = re.compile(
    r"^(?:ok(?:ay)?[\s,]+)?(?:(?:let'?s )?(?:go (?:back )?(?:with|to)|use|take|pick|choose)|"
    r"i(?:'d| would)? prefer|stick with|back to)\s+(?:@?c\d+|the (?:[\w-]+ ){0,3}(?:one|clip|"
    r"video|version|take|original|first|last))(?: again)?\s+(?:but|except|only)\s+(?=\w)",
    re.I,
)
# "Could you make it daytime?": a change, if what it should be is read.
CHANGES_IT: Final = re.compile(
    r"^(?:(?:ok(?:ay)?|now|and|so|then|please|could you|can you|would you|will you|"
    r"would it be possible to|is it possible to|i(?:'d| would) like (?:you )?to|let'?s)"
    r"\b[\s,]*)*(?:make|put|turn|set|move|have) "
    r"(?:it|this|that|them|him|her|the (?:clip|video|scene|shot))\b",
    re.I,
)
_SEED_OF: Final = r"(?:the |this |that |its |the same |same |@?(?P<clip>c\d+)'?s )seed"
_BORROWS: Final = (
    re.compile(
        rf"^(?:(?:now|and|please|ok(?:ay)?|then)\b[\s,]*)*(?:use|reuse|take|keep|with|from|by)"
        rf" {_SEED_OF}(?: again)?(?: (?:for|on|to make|to show|and make|and show))?[\s,:]+"
        r"(?P<shot>(?:an?|two|three|some)\s.+)$",
        re.I | re.S,
    ),
    re.compile(
        r"^(?:(?:now|and|please|ok(?:ay)?|then)\b[\s,]*)*(?P<shot>(?:an?|two|three|some)\s"
        rf".+?)[\s,]+(?:(?:with|using|from|by|and|on) )*{_SEED_OF}(?: again)?[\s.!]*$",
        re.I | re.S,
    ),
)


def borrowed_seed(text: str) -> tuple[str, str] | None:
    """Return a new shot that is to have a clip's seed, and the clip if it is named.

    >>> borrowed_seed("use c1's seed for a crab on the beach")
    ('a crab on the beach', 'c1')
    >>> borrowed_seed("an owl in the forest, same seed")
    ('an owl in the forest', '')
    """
    for pattern in _BORROWS:
        if found := pattern.match(text):
            return found["shot"], (found["clip"] or "").lower()
    return None


# Words by which two clips become one, in the languages that are heard.
_BLENDS: Final = re.compile(  # an "and" that only begins the turn joins nothing
    r"(?<!^)\band|"
    r"\b(?:blend|merg|mix|mash|cross|morph|combin|join|stitch|concat|splic|append|glue|"
    r"transition|dissolv|fad|into|to|between|together|both|them|with|then|after|follow|"
    r"end to end|back to back|verbind|misch|überblend|zusammen|füg|fusion|mezcl|un[ae]|"
    r"unir|combina|junt|encaden|enlaz)",
    re.I,
)


_REFUSED: Final = re.compile(
    r"^(?:but |and |please )*(?:don'?t|do not|no need to|not|without|no|nicht|no lo|不要|别)\b",
    re.I,
)


REMOVES_THING: Final = re.compile(
    r"\b(?:remove|delete|erase)\s+(?:the|that|those|all the)\s+"
    r"(?!\w*\s*(?:clip|video|take|version|one|image|picture|render|result|job|file|"
    r"first|last|latest|second|third|scene|storyboard|draft|c\d))\w",
    re.I,
)


# "no people" and "don't let it jump" say what to change; "don't loop it" does not.
_REFUSABLE: Final = frozenset(
    {"loop", "speed", "length", "extend", "trim", "aspect", "quality", "seed", "undo"}
)


# An indefinite subject, a verb, and where it goes.
_NEW_SHOT: Final = re.compile(
    r"(?:an?|one|two|three|four|five|six|some|several)\s+"
    r"(?!(?:bit|little|lot|touch|tad|few|second|third|new|different|take|copy)\b)"
    r"(?:[\w'-]+\s+){0,4}?[\w'-]+(?:s|ing)\s+(?:slowly\s+|quickly\s+)?"
    r"(?:over|across|along|through|in|into|on|onto|to|at|up|down|from|under|around|"
    r"past|off|out|left|right)\b"
    # "crosses the beach": a place can be what a verb is about.
    r"|(?:an?|one|two|three|four|five|six|some|several)\s+(?:[\w'-]+\s+){1,4}?[\w'-]+(?:s|ing)\s+"
    rf"(?:the|an?)\s+(?:\w+\s+)?{lexicon.PLACE_NOUN.pattern}\b",
    re.IGNORECASE,
)


# "A dog on the beach": a subject and a place of its own are a whole picture. But for the
# sky: what is in it is mostly added to what is below.
_PLACED: Final = re.compile(
    r"(?:an?|one|two|three|four|five|six|some|several)\s+"
    r"(?!(?:bit|little|lot|touch|tad|few|second|third|new|different|take|copy)\b)"
    r"(?P<subject>(?:[\w'-]+\s+){1,5})"
    rf"(?:on|in|over|under|at|by|above|across|through)\s+(?:the|an?)\s+(?:\w+\s+)?(?!sky)"
    rf"{lexicon.PLACE_NOUN.pattern}\b",
    re.IGNORECASE,
)


_OLD_SHOT: Final = re.compile(
    r"\b(?:it|its|this|that|these|those|them|him|her|the same|instead|versions?|"
    r"ones?|clips?|videos?|behind|beside|next to|c\d+)\b",
    re.IGNORECASE,
)


def blends(text: str) -> bool:
    """Return whether a turn may make one clip of two."""
    return lexicon.is_cjk(text) or _BLENDS.search(text) is not None


def corrected(text: str) -> str:
    """Return a correction as a change: "I meant a blue one" makes it a blue one."""
    found = _MEANT.match(text)
    if found is None or len(text.split()) > _CORRECTION_WORDS:
        return text
    rest = text[found.end() :]
    if not rest:
        return text
    return f"make it {found['thing']}{rest}" if found["thing"] else rest


def grid(text: str, state: State) -> Plan | None:
    """Return the plan that shows clips side by side, if a turn asks for that."""
    if len(state.clips) < 2 or not (_GRID.search(text) and _is_about_several(text)):
        return None
    edit = Edit(kind="blend", text=text, args={"grid": True})
    target = references.resolve(text, "refine", ("blend",), state)
    return Plan(intent="refine", target=target, edits=(edit,))


def _is_about_several(text: str) -> bool:
    if len(_NAMED.findall(text)) > 1 or _THEM.search(text):
        return True
    those = _THOSE.search(text)
    return those is not None and _CLIPS.search(text, those.end()) is not None


ANIMATES = re.compile(r"\b(?:animate|set|bring|move)\b", re.IGNORECASE)


def is_picture(text: str, state: State) -> bool:
    """Return whether what a turn would change is a picture, and no clip yet."""
    if references.shown_picture(text, state):
        return True
    if ANIMATES.search(text) and take_frame(text)[1] is not None:
        return True  # "animate @c2[10]"
    target = references.resolve(text, "refine", (), state) if "@" in text else None
    return any(v.name == target and not v.ref for v in state.variables)


_MATCH = re.compile(
    r"(?:please\s+)?match\s+(?:@?(?P<own>c\d+)(?:'s)?\s+|(?:the|its|all)\s+)?colou?rs"
    r"(?:\s+of\s+@?(?P<its>c\d+)(?=\s+(?:to|with)\b))?"
    r"(?:\s+(?:of|to|with)\s+(?:those\s+of\s+)?(?:@?(?P<source>c\d+)|the\s+(?:original|"
    r"beginning|first)(?:\s+(?:one|clip))?))?[\s.!]*$",
    re.IGNORECASE,
)


def match(text: str, state: State) -> Plan | None:
    """Return the plan that brings a clip's colours to those of another."""
    found = _MATCH.match(text) if state.clips else None
    if found is None:
        return None
    edit = Edit(kind="restyle", text=text, args={"match": found["source"] or ""})
    own = found["own"] or found["its"] or state.clips[-1].ref
    return Plan(intent="refine", target=own.lower(), edits=(edit,))


def is_canvas(text: str) -> bool:
    """Return whether a turn crops or resizes a clip, among other things perhaps."""
    return any(read_canvas(clause) for clause, _ in split_clauses(text))


def opens_foreign(text: str, state: State, *, is_whole: bool) -> bool:
    """Return whether a turn in another language is a whole picture of something new.

    Such a turn says who does what, and where; and no clip shows who it is.

    Args:
        text: The turn.
        state: With the clips that are there.
        is_whole: Whether it may say nothing else.
    """
    told = translate(text)
    if told is None or not (told.has_motion and told.has_place):
        return False
    if is_whole and told.lost:
        return False
    return not any(told.actor in clip.caption.split() for clip in state.clips)


def opens_shot(text: str) -> bool:
    """Return whether a turn is a whole picture of something not yet there.

    "A yellow star rises over the sea" names a place as an edit does, but whoever means
    the clip at hand says "the star", "it", or nothing.
    """
    placed = _PLACED.match(text)
    if placed and any(
        lexicon.first(table, placed["subject"])
        for table in (lexicon.TIMES, lexicon.WEATHER)
    ):
        placed = None  # "a sunset over the sea" is another light for what is there
    return bool(placed or _NEW_SHOT.match(text)) and not _OLD_SHOT.search(text)


def is_refused(clause: str, kind: str) -> bool:
    """Return whether a clause says what not to do, rather than what to change."""
    return kind in _REFUSABLE and bool(_REFUSED.match(clause))
