"""What the encoder's scores say of a turn, in the terms of the labelled turns.

The heads say which kind of thing is asked, which words are which argument and what the
turn is about; numbers, names and colours are the grammar's. Nothing is looked for in the
words by phrases.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from nbagent.acts.plan import MAKES, Intent
from nbagent.language import labels
from nbagent.language.about import About
from nbagent.language.candidates import Candidate
from nbagent.language.decoder import Chain
from nbagent.language.encoder import Scores
from nbagent.language.grammar import Found
from nbagent.language.layers import softmax
from nbagent.language.parts import region, span
from nbagent.language.tagged import Place, Tagged

if TYPE_CHECKING:
    from numpy.typing import NDArray

_KINDS: Final[dict[str, tuple[str, ...]]] = {
    "duration": ("duration", "time", "number"),
    "by": ("duration", "time", "number"),
    "drop_first": ("duration", "time", "number"),
    "drop_last": ("duration", "time", "number"),
    "keep_span": ("span",),
    "factor": ("factor", "number"),
    "scale": ("factor", "number"),
    "size": ("size", "lines", "pixels"),
    "aspect": ("ratio",),
    "fps": ("fps", "number"),
    "seed": ("seed", "number"),
    "count": ("number", "factor"),
    "span": ("span",),
}
"""What the grammar may call a number of each tag; the first is its own kind."""
_NEEDED: Final[dict[str, str]] = {
    "restyle": "style",
    "recolor": "color",
    "replace": "with",
    "add": "what",
    "remove": "what",
    "place": "place",
    "time": "time",
    "weather": "weather",
    "motion": "motion",
    "camera": "camera",
}
"""The argument without which an act of words says nothing."""
_SPOKEN: Final[dict[str, str]] = {
    **{kind: labels.TEXTS[kind, name] for kind, name in _NEEDED.items()},
    "extend": "by",
    "fps": "fps",
    "aspect": "aspect",
    "length": "duration",
}
"""The tag that speaks for an act."""
_SPOKEN_BY: Final = {tag: kind for kind, tag in _SPOKEN.items()}
# How much the tags count beside the decoder; set on authors who were left out.
_SPOKEN_FOR: Final = 0.6
_PASSED_OVER: Final = 0.3
_LIKELY: Final = 0.5
_TINY: Final = 1e-3
_FLAG: Final = -1.0  # the logit from which one is set
_SAID_BY: Final[dict[str, tuple[str, ...]]] = {
    "duration_s": ("length", "extend", "trim"),
    "width": ("resize",),
    "height": ("resize",),
    "seed": ("reseed",),
    "count": ("reseed",),
}
"""The acts that say a setting, or whose number it is."""
_MAKING: Final = MAKES | {"refine"}


@dataclass(frozen=True, slots=True)
class _Act:
    """An act as it is told, and where it stands."""

    told: dict[str, Any]
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A turn as it is read; the fields are those of a label.

    Attributes:
        shares: How likely each intent is.
        doubt: How likely it is that an act or argument is another one.
    """

    intent: Intent
    shares: dict[Intent, float]
    doubt: float
    targets: tuple[str, ...] = ()
    acts: tuple[dict[str, Any], ...] = ()
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
    known = About.of(scores, about, found, scenes)
    acts, doubt = words.acts(known) if intent == "refine" else ((), 0.0)
    targets = known.targets(intent, acts)
    then = words.then() if intent != "control" else ()
    return Reading(
        intent=intent,
        shares=shares,
        doubt=doubt,
        targets=targets,
        acts=acts,
        settings=words.settings(intent, acts) if intent in _MAKING else {},
        prompt=words.texts("prompt") if intent != "refine" else (),
        scenes=words.texts("scene") if intent == "storyboard" else (),
        keep=words.texts("keep"),
        what=next(iter(words.texts("what")), ""),
        action=words.action() if intent == "control" else None,
        format=words.format if intent == "control" else None,
        name=next(iter(words.texts("name")), None) if intent == "control" else None,
        then=then,
    )


class _Words:
    """The words of one turn, as the encoder tagged them."""

    def __init__(self, turn: str, scores: Scores, found: Sequence[Found]) -> None:
        self._turn, self._scores, self._found = turn, scores, found
        self._tagged = Tagged(turn, scores, found)
        self.places = self._tagged.places
        self.format = next((one.value for one in found if one.kind == "format"), None)

    def texts(self, tag: str) -> tuple[str, ...]:
        """Return the words of a tag, in order."""
        return tuple(place.text for place in self.places if place.tag == tag)

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
            value = None if tag == "size" else self._number(tag, strictly=True)
            if value is not None:
                yield name, _as_argument(value, name)
        yield from self._size().items()

    def acts(self, about: About) -> tuple[tuple[dict[str, Any], ...], float]:
        """Return the acts in order, and how likely it is that they are others."""
        chain = max(self._scores.chains, key=self._agreement)
        used: set[Place] = set()
        found = []
        for step in chain.steps:
            kind, at = step.kind, self._at(step.places)
            act: dict[str, Any] = {"act": kind}
            act |= _of_sub(kind, step.sub)
            act |= self._arguments(kind, at, used)
            act |= about.beside(kind)
            found.append(_Act(act, at))
        self._parts(found)
        return tuple(one.told for one in found), 1 - float(np.exp(chain.log))

    def _agreement(self, chain: Chain) -> float:
        """Return how well acts agree with the words that were tagged."""
        kinds = {step.kind for step in chain.steps}
        found = chain.log
        for kind in kinds:
            if tag := _SPOKEN.get(kind):
                found += _SPOKEN_FOR * float(np.log(self._tagged.most(tag) + _TINY))
        for place in self.places:
            if _SPOKEN_BY.get(place.tag, "") not in ("", *kinds):
                if place.share > _LIKELY:
                    found += _PASSED_OVER * float(np.log(1 - place.share + _TINY))
        return found

    # Inside

    def _at(self, looks: NDArray[np.float32]) -> float:
        """Return where in the turn an act looks most."""
        pieces = self._scores.pieces
        inner = looks[1:-1]
        if not len(inner):
            return 0.0
        _, start, end = pieces[1 + int(inner.argmax())]
        return (start + end) / 2

    def _arguments(self, kind: str, at: float, used: set[Place]) -> dict[str, Any]:
        found = self._texts(kind, at, used)
        if kind == "recolor" and "color" not in found:
            found |= self._colour(at)
        for (act, name), tag in labels.NUMBERS.items():
            if act == kind and name not in ("width", "height"):
                value = self._number(tag)
                if value is not None:
                    found[name] = _as_argument(value, name)
        if kind == "resize" and not found:
            found |= self._size(loosely=True)
        if kind == "speed" and "factor" in found:
            found = {"factor": found["factor"]}
        return found | self._without_number(kind, found)

    def _texts(self, kind: str, at: float, used: set[Place]) -> dict[str, Any]:
        """Return the arguments of an act that are the user's words."""
        found: dict[str, Any] = {}
        for (act, name), tag in labels.TEXTS.items():
            if act != kind:
                continue
            place = self._nearest(tag, at, used)
            if place is None and _NEEDED.get(kind) == name:
                place = self._tagged.faintest(tag)
            if place is not None:
                used.add(place)
                found[name] = place.text
                at = place.middle  # what belongs together stands together
        return found

    def _colour(self, at: float) -> dict[str, str]:
        """Return the colour that stands nearest to a place, if any does."""
        colours = [one for one in self._found if one.kind == "colour"]
        best = min(colours, key=lambda one: abs(one.start - at), default=None)
        return {} if best is None else {"color": self._turn[best.start : best.end]}

    def _without_number(self, kind: str, found: dict[str, Any]) -> dict[str, Any]:
        """Return a number that was not tagged: the only one of its kind in the turn."""
        own = {
            "length": ("duration_s", "duration"),
            "extend": ("by_s", "by"),
            "fps": ("fps", "fps"),
            "aspect": ("aspect", "aspect"),
            "reseed": ("seed", "seed"),
        }
        if kind not in own or own[kind][0] in found:
            return {}
        name, tag = own[kind]
        alike = [one for one in self._found if one.kind == _KINDS[tag][0]]
        return {name: alike[0].value} if len(alike) == 1 else {}

    def _nearest(self, tag: str, at: float, used: set[Place]) -> Place | None:
        free = [p for p in self.places if p.tag == tag and p not in used]
        if tag in ("recolor.what", "replace.what"):
            return min(free, key=lambda p: abs(p.middle - at), default=None)
        return free[0] if free else None

    def _parts(self, acts: Sequence[_Act]) -> None:
        """Give each act the part of the clip that stands nearest to it."""
        for place in self.places:
            if place.tag not in ("span", "region") or self._is_named(place):
                continue
            free = [one for one in acts if place.tag not in one.told]
            if place.tag == "region":
                free = [one for one in free if one.told["act"] == "crop"] or free
            if not free:
                continue
            nearest = min(free, key=lambda one: abs(one.at - place.middle))
            value = self._value(place) if place.tag == "span" else None
            nearest.told[place.tag] = list(value) if value else place.text
            if nearest.told["act"] == "trim" and place.tag == "span":
                kept = nearest.told.pop("span")  # of a trim, its part is what is kept
                nearest.told.setdefault("keep", kept)
        self._unmarked_parts(acts)

    def _unmarked_parts(self, acts: Sequence[_Act]) -> None:
        """Give the first act the part that the grammar reads, if no words were tagged."""
        whole = {"trim", "extend", "length", "crop"}
        for name, read in (("span", span), ("region", region)):
            free = [one for one in acts if one.told["act"] not in whole]
            if name == "region":
                free = [one for one in acts if one.told["act"] == "crop"]
            is_said = any(name in one.told or "keep" in one.told for one in acts)
            if free and not is_said and len(acts) == 1:
                found = read(self._turn)
                if found is not None:
                    free[0].told[name] = found

    def _is_named(self, place: Place) -> bool:
        """Return whether words name a scene or a step, which are no parts of a clip."""
        return any(
            one.kind in ("scene", "step")
            and one.start < place.end
            and one.end > place.start
            for one in self._found
        )

    def _number(self, tag: str, *, strictly: bool = False) -> Any:
        """Return the number that the grammar reads where a tag stands.

        Strictly, it is of the tag's own kind: "90" alone is no frame rate.
        """
        for place in self.places:
            if place.tag == tag:
                value = self._value(place, _KINDS[tag][: 1 if strictly else None])
                if value is not None:
                    return value
        return None

    def _value(self, place: Place, kinds: Sequence[str] = ()) -> Any:
        kinds = kinds or _KINDS[place.tag]
        inside = [
            one
            for one in self._found
            if one.start < place.end and one.end > place.start and one.kind in kinds
        ]
        best = min(inside, key=lambda one: kinds.index(one.kind), default=None)
        return best.value if best is not None else None

    def _size(self, *, loosely: bool = False) -> dict[str, Any]:
        for place in self.places:
            if place.tag == "size":
                for one in self._found:
                    if one.start < place.end and one.end > place.start:
                        if size := _sides(one):
                            return size
        if loosely:
            for one in self._found:
                if size := _sides(one):
                    return size
        return {}


def _of_sub(kind: str, logits: NDArray[np.float32]) -> dict[str, Any]:
    """Return what of an act no text and no number says."""
    best = int(logits.argmax())
    sub = labels.SUBS[best - 1] if best else ""
    if kind == "speed":  # always the one or the other
        slower, faster = (labels.SUBS.index(one) + 1 for one in ("slower", "faster"))
        is_slower = logits[slower] > logits[faster]
        return {"direction": "slower" if is_slower else "faster"}
    if kind == "extend":
        return {"side": "start" if sub == "start" else "end"}
    if kind == "join":
        return {"transition": "dissolve" if sub == "dissolve" else "cut"}
    if kind == "loop" and sub == "seamless":
        return {"seamless": True}
    if kind == "quality":
        return {"quality": sub if sub in ("draft", "final") else "final"}
    return {}


def _sides(found: Found) -> dict[str, Any]:
    if found.kind == "size":
        return {"width": int(found.value[0]), "height": int(found.value[1])}
    if found.kind == "lines":
        return {"height": int(found.value)}
    if found.kind == "pixels" and found.value[1]:
        return {found.value[1]: int(found.value[0])}
    return {}


def _as_argument(value: Any, name: str) -> Any:
    if name in ("seed", "count"):
        return int(value)
    return list(value) if isinstance(value, tuple) else value
