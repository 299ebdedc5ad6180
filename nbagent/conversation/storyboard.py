"""Storyboards: one turn that tells several scenes, and clips that are put together.

A scene goes on from the one before it: a pronoun is its subject, a mere place or hour
takes the subject along, and the style stays. Each scene is a take of its own, so that
one of them can be changed while the others keep their bytes; a last take joins them.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from nbagent.conversation import lexicon, words
from nbagent.conversation import shot as shots
from nbagent.conversation.plan import Plan
from nbagent.conversation.shot import Shot
from nbagent.errors import SpecError
from nbagent.take import Take

_I: Final = re.IGNORECASE
MAX_SCENES: Final = 12
DISSOLVE_S: Final = 0.5
_MAX_ROW: Final = 3

# "scene 1:", "2.", "first", "then", "finally": where a scene begins.
_MARK: Final = re.compile(
    r"\s*(?:\b(?:scene|shot|panel|act|szene|escena|scène|cena)\s*\d+\s*[:.)-]"
    r"|(?:^|(?<=\s))\d+\s*[.):](?=\s)"
    r"|\b(?:first|second|third|then|next|after that|and then|finally|lastly"
    r"|(?:zu)?erst|dann|danach|zuletzt|schließlich|primero|luego|después|finalmente"
    r"|d'abord|puis|ensuite|enfin|primeiro|depois|por fim)\b[,:]?)\s*",
    _I,
)
# "tell a story in 3 shots: ..." and "a storyboard of ...": the request around them.
_REQUEST: Final = re.compile(
    r"^[^:;.]*(?:\b(?:storyboards?|story|scenes|shots|panels|acts|sequence"
    r"|szenen|escenas|scènes|cenas)\b|장면|场景|シーン)[^:;.：]*[:：]\s*",
    _I,
)
_PRONOUN: Final = re.compile(r"^(?:and\s+)?(?:it|he|she|they|the same)\b\s*", _I)
_DISSOLVE: Final = re.compile(r"\b(?:dissolv\w*|cross-?fad\w*|fad(?:e|es|ing))\b", _I)
# "append c3 to c1", "c3 after c1": what is named first plays last.
_APPEND: Final = re.compile(r"\bappend\w*\b.+\bto\b|\w\s+after\s+(?:the|@|c\d)", _I)
_JOIN: Final = re.compile(
    r"\b(?:join|concat\w*|append|stitch|string|splice|put\b.*\btogether|one after"
    r"|followed by|then|after|before)\b",
    _I,
)


def scene_shots(plan: Plan) -> tuple[Shot, ...]:
    """Read the scenes of a storyboard's turn, each as a shot.

    Raises:
        SpecError: If there are fewer than two, more than twelve, or another number than
            the turn says.
    """
    told = split(plan.prompt)
    wanted = plan.slots.get("scenes", len(told))
    if not 2 <= len(told) <= MAX_SCENES or wanted != len(told):
        found = f"{len(told)} scenes were read in it" + (
            "" if wanted == len(told) else f", and it says {wanted}"
        )
        raise SpecError(
            f"{found}: tell 2 to {MAX_SCENES}, separated by ';', like"
            " 'two scenes: a rocket in the desert; it rises'"
        )
    found_shots: list[Shot] = []
    for text in told:
        before = found_shots[-1] if found_shots else None
        found_shots.append(_scene(text, before, plan))
    return tuple(found_shots)


def split(text: str) -> list[str]:
    """Split a turn into what its scenes show.

    >>> split("three scenes: egg, chick, hen")
    ['egg', 'chick', 'hen']
    >>> split("first a cat sits, then it jumps")
    ['a cat sits', 'it jumps']
    """
    text = _REQUEST.sub("", text)
    for separator in (r"[;；]|\n+", _MARK.pattern, r"\.\s+|。", "[,，、]"):
        parts = [
            words.tidy(_MARK.sub(" ", part))
            for part in re.split(separator, text, flags=_I)
        ]
        parts = [part for part in parts if part]
        if len(parts) > 1:
            return parts
    return [words.tidy(text)] if text.strip() else []


def _scene(text: str, before: Shot | None, plan: Plan) -> Shot:
    pronoun = _PRONOUN.search(text)
    own = replace(plan, prompt=text[pronoun.end() :] if pronoun else text)
    shot = shots.shot_from(own)
    if re.fullmatch(rf"(?:the\s+|an?\s+)?{lexicon.PLACE_NOUN.pattern}", shot.core, _I):
        shot = replace(shot, core="", setting=lexicon.located(shot.core))
    if before is None:
        return shot
    shot = replace(shot, style=shot.style or before.style)
    if pronoun or not shot.core:
        # The same subject goes on: what is not said of its surroundings stays.
        core = words.with_motion(before.core, shot.core) if shot.core else before.core
        time = shot.time or ("" if shot.setting and not pronoun else before.time)
        shot = replace(
            shot, core=core, setting=shot.setting or before.setting, time=time
        )
    return shot


def wants_join(text: str) -> bool:
    """Return whether a blend of clips is meant as one after the other."""
    return bool(_JOIN.search(text) or _DISSOLVE.search(text))


def in_order(takes: Sequence[Take], text: str) -> tuple[Take, ...]:
    """Return takes, named in a turn's order, in the order in which they are to play."""
    return tuple(reversed(takes)) if _APPEND.search(text) else tuple(takes)


def dissolve_s(text: str) -> float:
    """Return how long clips dissolve into each other, in seconds; 0 is a cut."""
    return DISSOLVE_S if _DISSOLVE.search(text) else 0.0


def join(
    takes: Sequence[Take],
    request: str,
    *,
    seconds: float = 0.0,
    is_grid: bool = False,
) -> Take:
    """Return the take that shows others one after the other, or beside each other.

    Args:
        takes: What is shown, in order.
        request: The user's own words.
        seconds: How long one dissolves into the next.
        is_grid: Whether they stand side by side: up to three in a row, else in a
            square.

    Raises:
        SpecError: If they differ in size.
    """
    first, count = takes[0], len(takes)
    for take in takes[1:]:
        if (take.height, take.width) != (first.height, first.width):
            raise SpecError(
                f"clips of {first.width}x{first.height} and {take.width}x{take.height}"
                " do not join: make them of one size first"
            )
    told = ("; beside " if is_grid else "; then ").join(t.prompt for t in takes)
    columns = count if count <= _MAX_ROW else math.ceil(count**0.5)
    frames = [take.num_frames for take in takes]
    return replace(
        first,
        operation="grid" if is_grid else "join",
        media="video",
        prompt=told,
        negative_prompt="",
        request=request,
        shot=shots.to_json(Shot(core=told)),
        num_frames=max(frames) if is_grid else sum(frames),
        height=first.height * (math.ceil(count / columns) if is_grid else 1),
        width=first.width * (columns if is_grid else 1),
        fps=max(take.fps for take in takes),
        strength=None,
        holds=(),
        redirect_step=None,
        stop_step=None,
        step_cache=0.0,
        cache_kind="first",
        effects=(),
        dissolve_s=seconds,
        parents=tuple(take.id for take in takes),
    )
