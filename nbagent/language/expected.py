"""A plan in the form in which labelled turns state theirs, to be scored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from nbagent.acts.base import Act, Span, args_of
from nbagent.acts.plan import Control, Plan
from nbagent.language import grammar

_MOST_WORDS: Final = 7  # "the upper left corner of the frame"
_MOST_CHARS: Final = 10  # the same in a language without spaces
_FEW_CHARS: Final = 3
_EDGES: Final = " .,;:!?\"'()。、，！？"


def to_expected(plan: Plan, turn: str = "") -> dict[str, Any]:
    """Return a plan as `expected` of a labelled turn has it.

    A part of the picture or of the time, which the plan has as a value, is named in the
    turn's own words for it, if it has any.

    Args:
        plan: Of any reader.
        turn: What it was read from.
    """
    targets = list(plan.targets)
    told: dict[str, Any] = {
        "intent": plan.intent,
        "target": targets[0] if len(targets) == 1 else targets or None,
        "acts": [_act(act, turn) for act in plan.acts],
        "settings": {key: _plain(value) for key, value in plan.settings.items()},
        "keep": list(plan.keep),
        "prompt": plan.prompt,
        "scenes": list(plan.scenes),
        "what": plan.what,
        "then": [_control(one) for one in plan.then],
    }
    if plan.control is not None:
        told |= _control(plan.control)
    named = {key: value for key, value in told.items() if value not in ("", [])}
    return {"acts": [], "settings": {}, **named, "confidence": plan.confidence}


def _control(control: Control) -> dict[str, Any]:
    told = {"format": control.format, "name": control.name}
    stated = {key: value for key, value in told.items() if value is not None}
    return {"action": control.action, **stated}


def _act(act: Act, turn: str) -> dict[str, Any]:
    """Return an act with all that it says, defaults too: a turn may have stated them."""
    told: dict[str, Any] = {"act": act.kind}
    for name, (_, arg) in args_of(type(act)).items():
        value = getattr(act, name)
        if arg.is_private or value in (None, "", ()):
            continue
        told[arg.name or name] = _part(name, value, turn)
    return told


def _part(name: str, value: Any, turn: str) -> Any:
    """Return an argument; a part of the clip as labels have it, in words or numbers."""
    if isinstance(value, Span):
        is_stated = value.end is not None and value.start > 0  # "from 2 s to 4 s"
        in_seconds = not value.is_share and (is_stated or name == "keep")
        words = "" if in_seconds else _words_for(value, turn, grammar.span)
        return words or (str(value) if value.is_share else [value.start, value.end])
    if name == "region" and isinstance(value, tuple):
        return _words_for(value, turn, grammar.region) or list(value)
    return _plain(value)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _words_for(value: object, turn: str, read: Callable[[str], object]) -> str:
    """Return the fewest words of a turn that are read as a value; empty if none are."""
    found = [piece for piece in _pieces(turn) if read(piece) == value]
    return min(found, key=_rank, default="")


def _rank(piece: str) -> tuple[bool, int, int]:
    """Prefer two words to one, and those that say most: "left half", not "the left"."""
    if " " in piece:
        return False, piece.count(" "), -len(piece)
    return piece.isascii() or len(piece) < _FEW_CHARS, 0, len(piece)


def _pieces(turn: str) -> Iterator[str]:
    """Return what may name a part: words that follow each other, or letters."""
    words = turn.split()
    for first in range(len(words)):
        for count in range(1, _MOST_WORDS + 1):
            yield " ".join(words[first : first + count]).strip(_EDGES)
    if turn.isascii():
        return
    for at in range(len(turn)):
        for count in range(2, _MOST_CHARS + 1):
            yield turn[at : at + count].strip(_EDGES)
