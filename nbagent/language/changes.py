"""What is to change, as the encoder reads it: acts in order, each with its arguments."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from nbagent.acts import ACTS
from nbagent.language import labels
from nbagent.language.about import About
from nbagent.language.decoder import Chain
from nbagent.language.encoder import Scores
from nbagent.language.parts import region, span
from nbagent.language.pictures import english
from nbagent.language.tagged import Place, Tagged
from nbagent.language.typed import act_of
from nbagent.language.values import KINDS, Values, as_argument

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
_NEW: Final = frozenset(_NEEDED.items()) - {
    ("remove", "what"),
    ("motion", "motion"),  # "the snail hides": it may be there already
    ("camera", "camera"),  # "closer to her hands"
}
"""Arguments that say what is to be: such words name no clip in which it is."""
_SPOKEN: Final[dict[str, str]] = {
    **{kind: labels.TEXTS[kind, name] for kind, name in _NEEDED.items()},
    "extend": "by",
    "fps": "fps",
    "aspect": "aspect",
    "length": "duration",
}
"""The tag that speaks for an act."""
_SPOKEN_BY: Final[dict[str, frozenset[str]]] = {
    **{tag: frozenset({kind}) for kind, tag in _SPOKEN.items()},
    **dict.fromkeys(("drop_first", "drop_last", "keep_span"), frozenset({"trim"})),
    "factor": frozenset({"speed"}),
    "scale": frozenset({"resize", "upscale"}),
    "size": frozenset({"resize"}),
    "seed": frozenset({"reseed"}),
}
"""The acts of which one must be there where a tag is."""
# How much the tags count beside the decoder; set on authors who were left out.
_SPOKEN_FOR: Final = 1.0
_PASSED_OVER: Final = 0.6
_LIKELY: Final = 0.5
_FRONT: Final = 2  # words before the one that a place is called
_TRIED: Final = 12  # acts that are tried until some can be
_TINY: Final = 1e-3
_KEPT: Final = ("keep", "drop_first_s", "drop_last_s")  # what a trim says


class Changed(NamedTuple):
    """Acts as they are read.

    Attributes:
        acts: In order.
        doubt: How likely it is that they are others.
        spent: From and to of the words that say what is to be.
    """

    acts: tuple[dict[str, Any], ...]
    doubt: float
    spent: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class _Act:
    """An act as it is told, and where it stands."""

    told: dict[str, Any]
    at: float

    @property
    def kind(self) -> str:
        """Of the act."""
        kind: str = self.told["act"]
        return kind


class Changes:
    """The changes that a turn asks for.

    Args:
        turn: The words.
        scores: Of the turn.
        tagged: What its words are.
        values: Its numbers.
        about: What it may be about.
    """

    def __init__(
        self, turn: str, scores: Scores, tagged: Tagged, values: Values, about: About
    ) -> None:
        self._turn, self._scores, self._about = turn, scores, about
        self._tagged, self._values = tagged, values

    def read(self) -> Changed:
        """Return the acts: of the likely ones the first that can be.

        A trim has to say of what.
        """
        likely = sorted(self._scores.chains, key=self._agreement)[: -_TRIED - 1 : -1]
        tried = list[Changed]()
        for chain in likely:
            tried.append(self._told(chain))
            if all(act_of(one) is not None for one in tried[-1].acts):
                return tried[-1]
        return tried[0]

    def _told(self, chain: Chain) -> Changed:
        """Return acts with their arguments."""
        used: set[Place] = set()
        found, spent = [], list[tuple[int, int]]()
        for step in chain.steps:
            kind, at = step.kind, self._at(step.places)
            act: dict[str, Any] = {"act": kind}
            act |= _of_sub(kind, step.sub)
            if act.get("transition") == "dissolve":
                act |= self._without_number("dissolve", act)
            texts = self._texts(kind, at, used)
            act |= self._arguments(kind, {n: place.text for n, place in texts.items()})
            spent += [(p.start, p.end) for n, p in texts.items() if (kind, n) in _NEW]
            if kind == "trim":
                act |= self._cut(step.sub, act)
            if kind == "weather" and (where := self._where(act.get("weather"))):
                act = {"act": "place", "place": where}
            if "factor" in act:
                act.pop("direction", None)
            act |= self._about.beside(kind)
            found.append(_Act(act, at))
        self._parts(found)
        acts = tuple(one.told for one in found)
        return Changed(acts, 1 - float(np.exp(chain.log)), tuple(spent))

    def _agreement(self, chain: Chain) -> float:
        """Return how well acts agree with the words that were tagged."""
        kinds = {step.kind for step in chain.steps}
        found = chain.log
        for kind in kinds:
            if tag := _SPOKEN.get(kind):
                found += _SPOKEN_FOR * float(np.log(self._tagged.most(tag) + _TINY))
        for place in self._tagged.places:
            said_by = _SPOKEN_BY.get(place.tag)
            if said_by is not None and not said_by & kinds:
                if place.share > _LIKELY:
                    found += _PASSED_OVER * float(np.log(1 - place.share + _TINY))
        return found

    def _at(self, looks: NDArray[np.float32]) -> float:
        """Return where in the turn an act looks most."""
        pieces = self._scores.pieces
        inner = looks[1:-1]
        if not len(inner):
            return 0.0
        _, start, end = pieces[1 + int(inner.argmax())]
        return (start + end) / 2

    def _arguments(self, kind: str, texts: Mapping[str, str]) -> dict[str, Any]:
        found: dict[str, Any] = dict(texts)
        for (act, name), tag in labels.NUMBERS.items():
            if act == kind and name not in ("width", "height"):
                value = self._values.number(tag)
                if value is not None:
                    found[name] = as_argument(value, name)
        if kind == "resize" and not found:
            found |= self._values.size(loosely=True)
        return found | self._without_number(kind, found)

    def _texts(self, kind: str, near: float, used: set[Place]) -> dict[str, Place]:
        """Return the arguments of an act that are the user's words.

        The one without which it says nothing is the first that no act before it took. Where
        there are as many of another, the first belongs to it; else the nearest.
        """
        found: dict[str, Place] = {}
        needed = labels.TEXTS.get((kind, _NEEDED.get(kind, "")), "")
        own, at = list[Place](), 0.0
        names = [name for act, name in labels.TEXTS if act == kind]
        for name in sorted(names, key=lambda name: name != _NEEDED.get(kind)):
            tag = labels.TEXTS[kind, name]
            free = [p for p in self._tagged.places if p.tag == tag and p not in used]
            if tag == needed:
                own, at = free, free[0].middle if free else 0.0
            elif len(free) != len(own):
                free.sort(key=lambda place: abs(place.middle - at))
            place = free[0] if free else None
            if place is None and tag == needed:
                place = self._tagged.faintest(tag, used)
            if place is not None:
                used.add(place)
                found[name] = place
        if kind == "recolor" and "color" not in found:
            found |= self._colour(near, used)
        return found

    def _colour(self, at: float, used: Collection[Place]) -> dict[str, Place]:
        """Return the colour that stands nearest to a place, if any is left."""
        colours = [
            one
            for one in self._values.found
            if one.kind == "colour"
            and not any(one.start < p.end and one.end > p.start for p in used)
        ]
        best = min(colours, key=lambda one: abs(one.start - at), default=None)
        if best is None:
            return {}
        text = self._turn[best.start : best.end]
        return {"color": Place(best.start, best.end, "recolor.color", 1.0, text)}

    def _without_number(self, kind: str, found: dict[str, Any]) -> dict[str, Any]:
        """Return a number that was not tagged: the only one of its kind in the turn."""
        own = {
            "length": ("duration_s", "duration"),
            "extend": ("by_s", "by"),
            "fps": ("fps", "fps"),
            "aspect": ("aspect", "aspect"),
            "reseed": ("seed", "seed"),
            "speed": ("factor", "factor"),
            "upscale": ("scale", "scale"),
            "dissolve": ("seconds", "duration"),
        }
        if kind not in own or own[kind][0] in found:
            return {}
        name, tag = own[kind]
        alike = [one for one in self._values.found if one.kind == KINDS[tag][0]]
        return {name: alike[0].value} if len(alike) == 1 else {}

    def _where(self, weather: str | None) -> str | None:
        """Return the place that weather is a part of: "in the snow"."""
        end = self._turn.find(weather) + len(weather) if weather else 0
        said = self._turn[:end].split()
        for count in range(2, _FRONT + 2):
            text = " ".join(said[-count:])
            if len(said) >= count and english(text, "place"):
                return text
        return None

    def _cut(self, sub: NDArray[np.float32], told: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a trim cuts off, if no words were tagged and only one thing can be."""
        if told.keys() & set(_KEPT):
            return {}
        spans, lengths = (
            [one.value for one in self._values.found if one.kind == kind]
            for kind in ("span", "duration")
        )
        ends = dict(zip(_KEPT, (spans, lengths, lengths), strict=True))
        names = [name for name, alike in ends.items() if len(alike) == 1]
        if not names:
            return {}
        name = max(names, key=lambda end: sub[labels.SUBS.index(end) + 1])
        return {name: as_argument(ends[name][0], name)}

    def _parts(self, acts: Sequence[_Act]) -> None:
        """Give each act the part of the clip that stands nearest to it."""
        for place in self._tagged.places:
            if place.tag not in ("span", "region") or self._is_named(place):
                continue
            free = [
                one
                for one in acts
                if place.tag not in one.told and place.tag in ACTS[one.kind].parts
            ]
            if place.tag == "region":
                free = [one for one in free if one.kind == "crop"] or free
            if not free:
                continue
            nearest = min(free, key=lambda one: abs(one.at - place.middle))
            value = self._values.value(place) if place.tag == "span" else None
            nearest.told[place.tag] = list(value) if value else place.text
            if nearest.kind == "trim" and place.tag == "span":
                kept = nearest.told.pop("span")  # of a trim, its part is what is kept
                if not nearest.told.keys() & set(_KEPT):
                    nearest.told["keep"] = kept
        self._unmarked_parts(acts)

    def _unmarked_parts(self, acts: Sequence[_Act]) -> None:
        """Give the first act the part that the grammar reads, if no words were tagged."""
        whole = {"trim", "extend", "length", "crop"}
        for name, read in (("span", span), ("region", region)):
            free = [one for one in acts if one.kind not in whole]
            if name == "region":
                free = [one for one in acts if one.kind == "crop"]
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
            for one in self._values.found
        )


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
