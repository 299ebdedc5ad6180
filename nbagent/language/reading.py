"""What the encoder's scores say of a turn, in the terms of the labelled turns.

The heads say which kind of thing is asked, which words are which argument and what the
turn is about; numbers, names and colours are the grammar's. Nothing is looked for in the
words by phrases.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from nbagent.acts.plan import MAKES, Intent
from nbagent.language import cameras, labels
from nbagent.language.about import About
from nbagent.language.candidates import Candidate
from nbagent.language.changes import Changed, Changes
from nbagent.language.encoder import Scores
from nbagent.language.grammar import Found
from nbagent.language.layers import softmax
from nbagent.language.tagged import Tagged
from nbagent.language.values import Values, as_argument

_BOARD: Final = 2  # scenes that make a storyboard
_FLAG: Final = -1.0  # the logit from which one is set
_SAID_BY: Final[dict[str, tuple[str, ...]]] = {
    "duration_s": ("length", "extend", "trim"),
    "width": ("resize",),
    "height": ("resize",),
    "seed": ("reseed",),
    "count": ("reseed",),
}
"""The acts that say a setting, or whose number it is."""
_SHOWN: Final = frozenset(
    "prompt add.what replace.with replace.what motion place".split()
)
"""What words of a picture may be taken for, where they stand beside it."""
_MAKING: Final = MAKES | {"refine"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A turn as it is read; the fields are those of a label.

    Attributes:
        shares: How likely each intent is.
        doubt: How likely it is that an act or argument is another one.
        spent: From and to of words by which acts say what is to be.
    """

    intent: Intent
    shares: dict[Intent, float]
    doubt: float
    targets: tuple[str, ...] = ()
    acts: tuple[dict[str, Any], ...] = ()
    spent: tuple[tuple[int, int], ...] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    prompt: tuple[str, ...] = ()
    scenes: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    what: str = ""
    action: str | None = None
    format: str | None = None
    name: str | None = None
    then: tuple[dict[str, Any], ...] = ()


def shares_of(scores: Scores, *, has_clips: bool) -> dict[Intent, float]:
    """Return how likely each intent is; without a clip none can be changed."""
    logits = scores.intent.copy()
    if not has_clips:
        logits[labels.INTENTS.index("refine")] = -np.inf
    shares = softmax(logits)
    return dict(zip(labels.INTENTS, map(float, shares), strict=True))


def read(
    turn: str,
    scores: Scores,
    about: Sequence[Candidate],
    found: Sequence[Found],
    shares: dict[Intent, float],
    intent: Intent,
    scenes: Sequence[str] = (),
) -> Reading:
    """Return a turn as an intent.

    Args:
        turn: The words.
        scores: Of the turn.
        about: What it may be about, as it was scored.
        found: What the grammar found in it.
        shares: How likely each intent is.
        intent: What it is read as.
        scenes: The clips of the storyboard that was made last.
    """
    words = _Words(turn, scores, found)
    told: tuple[str, ...] = ()
    if intent == "storyboard":
        told = words.texts("scene")
        if len(told) < _BOARD and scenes:
            intent = (
                "generate_video"  # "a fourth scene: a ufo over the sea" is one clip
            )
    known = About.of(scores, about, found, scenes)
    acts, doubt, spent = Changed((), 0.0, ())
    if intent == "refine":
        changes = Changes(turn, scores, words.tagged, words.values, known)
        acts, doubt, spent = changes.read()
    targets = known.targets(intent, acts)
    then = words.then() if intent != "control" else ()
    settings = words.settings(intent, acts) if intent in _MAKING else {}
    picture = words.picture() or told if intent != "refine" else ()
    if intent == "animate_image" and (said := _camera(turn, found, settings, picture)):
        settings, picture = {**settings, "camera": said}, ()
    return Reading(
        intent=intent,
        shares=shares,
        doubt=doubt,
        targets=targets,
        acts=acts,
        spent=spent,
        settings=settings,
        prompt=picture,
        scenes=told if intent == "storyboard" else (),
        keep=words.texts("keep"),
        what=next(iter(words.texts("what")), ""),
        action=words.action() if intent == "control" else None,
        format=words.format if intent == "control" else None,
        name=next(iter(words.texts("name")), None) if intent == "control" else None,
        then=then,
    )


def _camera(
    turn: str,
    found: Sequence[Found],
    settings: Mapping[str, Any],
    picture: Sequence[str],
) -> str:
    """Return a turn without its names if it speaks of a camera alone; else nothing.

    A subject may turn too: where the words that were tagged say so, they stay.
    """
    said = says_camera(turn, found)
    if not said:
        return ""
    whole = cameras.read(said)
    tagged = cameras.read(", ".join((settings.get("camera", ""), *picture)))
    is_same = replace(tagged, seconds=None) == replace(whole, seconds=None)
    is_same &= not any("@" in text for text in picture)  # a name cuts them
    return "" if is_same or (tagged.moves and not whole.is_sure) else said


def says_camera(turn: str, found: Sequence[Found]) -> str:
    """Return a turn without the names that were found, if it names a camera's move alone."""
    letters = list(turn)
    for one in found:
        if one.kind in ("mention", "clip"):
            letters[one.start : one.end] = " " * (one.end - one.start)
    said = " ".join("".join(letters).split())
    whole = cameras.read(said)
    return said if whole.moves and whole.is_all else ""


class _Words:
    """The words of one turn, as the encoder tagged them."""

    def __init__(self, turn: str, scores: Scores, found: Sequence[Found]) -> None:
        self._turn, self._scores, self._found = turn, scores, found
        self.tagged = Tagged(turn, scores, found)
        self.places = self.tagged.places
        self.values = Values(self.places, found)
        self.format = next((one.value for one in found if one.kind == "format"), None)

    def texts(self, tag: str) -> tuple[str, ...]:
        """Return the words of a tag, in order."""
        return tuple(place.text for place in self.places if place.tag == tag)

    def picture(self) -> tuple[str, ...]:
        """Return the words of a picture: what would be a change's belongs to it too."""
        found: list[tuple[int, int, bool]] = []
        for place in self.places:
            if place.tag not in _SHOWN:
                continue
            start, is_prompt = place.start, place.tag == "prompt"
            if found and not self._turn[found[-1][1] : start].strip():
                start, _, was_prompt = found.pop()
                is_prompt = is_prompt or was_prompt
            found.append((start, place.end, is_prompt))
        return tuple(self._unnamed(a, b) for a, b, is_prompt in found if is_prompt)

    def _unnamed(self, start: int, end: int) -> str:
        """Return words without what they point at: "spin" of "spin the logo"."""
        said, at = list[str](), start
        for one in self._found:
            is_inside = start <= one.start and one.end <= end
            if one.kind == "mention" and is_inside and self._turn[one.start] != "@":
                said.append(self._turn[at : one.start].strip())
                at = one.end
        return " ".join(filter(None, (*said, self._turn[at:end].strip())))

    def action(self) -> str:
        """Return what is done at once."""
        return labels.ACTIONS[int(self._scores.action.argmax())]

    def then(self) -> tuple[dict[str, Any], ...]:
        """Return what is done after the plan."""
        found = []
        for flag, logit in zip(labels.FLAGS, self._scores.flags, strict=True):
            if flag.startswith("then.") and logit > _FLAG:
                control = {"action": flag.removeprefix("then.")}
                if self.format and control["action"] in ("save", "export"):
                    control["format"] = self.format
                found.append(control)
        return tuple(found)

    def settings(
        self, intent: Intent, acts: Sequence[dict[str, Any]]
    ) -> dict[str, Any]:
        """Return the values that are stated, and that no act says."""
        said = {name for act in acts for name in act}
        said |= {act["act"] for act in acts}
        found = {
            name: value
            for name, value in self._numbers()
            if not said & {name, *_SAID_BY.get(name, ())}
        }
        if "negative" not in said and (things := self.texts("negative")):
            found["negative"] = list(things)
        if intent != "refine":
            for name in ("style", "camera"):
                if texts := self.texts(name):
                    found[name] = texts[0]
        for flag, logit in zip(labels.FLAGS, self._scores.flags, strict=True):
            if logit > _FLAG and flag == "loop" and flag not in said:
                found["loop"] = True
            elif logit > _FLAG and flag in ("draft", "final") and "quality" not in said:
                found["quality"] = flag
        return found

    def _numbers(self) -> Iterator[tuple[str, Any]]:
        """Yield the settings that are numbers."""
        for name, tag in labels.SETTINGS.items():
            value = None if tag == "size" else self.values.number(tag, strictly=True)
            if value is not None:
                yield name, as_argument(value, name)
        yield from self.values.size().items()
