"""What the encoder's scores say of a turn, in the terms of the labelled turns.

The heads say which kind of thing is asked, which words are which argument and what the
turn is about; numbers, names and colours are the grammar's. Nothing is looked for in the
words by phrases.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from nbagent.acts.plan import Intent
from nbagent.language import labels
from nbagent.language.candidates import Candidate
from nbagent.language.encoder import Scores
from nbagent.language.grammar import Found
from nbagent.language.tokens import script

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LIKELY: Final = 0.5
_FAINT: Final = 0.15  # of words that an act needs and no other has
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
    "seed": ("number",),
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
_LISTS: Final = frozenset({"join", "grid", "blend"})
_ABOUT_CLIPS: Final = frozenset({"refine", "describe", "control"})
_ENDS: Final = " \t\n,.;:!?。，、！？…\"“”„«»()"
_GAP: Final = 2  # untagged pieces inside a prompt


@dataclass(frozen=True, slots=True)
class Place:
    """Words of a turn that are one argument: from, to, tag, and how sure that is."""

    start: int
    end: int
    tag: str
    share: float
    text: str

    @property
    def middle(self) -> float:
        """Where it stands."""
        return (self.start + self.end) / 2


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
    shares = _softmax(logits)
    return dict(zip(labels.INTENTS, map(float, shares), strict=True))


def read(
    turn: str,
    scores: Scores,
    about: Sequence[Candidate],
    found: Sequence[Found],
    shares: dict[Intent, float],
    intent: Intent,
) -> Reading:
    """Return a turn as an intent.

    Args:
        turn: The words.
        scores: Of the turn.
        about: What it may be about, as it was scored.
        found: What the grammar found in it.
        shares: How likely each intent is.
        intent: What it is read as.
    """
    words = _Words(turn, scores, found)
    acts, doubt = words.acts(about) if intent == "refine" else ((), 0.0)
    targets = _targets(scores, about, intent, acts)
    then = words.then() if intent != "control" else ()
    return Reading(
        intent=intent,
        shares=shares,
        doubt=doubt,
        targets=targets,
        acts=acts,
        settings=words.settings(intent, acts),
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
        self._shares = _word_shares(turn, scores)
        self.places = list(self._places())
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
            if flag.startswith("then.") and logit > 0:
                control = {"action": flag.removeprefix("then.")}
                if self.format and control["action"] in ("save", "export"):
                    control["format"] = self.format
                found.append(control)
        return tuple(found)

    def settings(
        self, intent: Intent, acts: Sequence[dict[str, Any]]
    ) -> dict[str, Any]:
        """Return the values that are stated, and that no act says."""
        said = {name for act in acts for name in act} | {
            {"length": "duration_s", "loop": "loop", "quality": "quality"}.get(
                act["act"], ""
            )
            for act in acts
        }
        found: dict[str, Any] = {}
        for name, tag in labels.SETTINGS.items():
            if name in said or name in ("width", "height"):
                continue
            value = self._number(tag)
            if value is not None:
                found[name] = int(value) if name in ("count", "seed") else value
        if "width" not in said and "height" not in said:
            found |= self._size()
        if intent != "refine":
            for name in ("style", "camera"):
                if texts := self.texts(name):
                    found[name] = texts[0]
        if things := self.texts("negative"):
            found["negative"] = list(things)
        for flag, logit in zip(labels.FLAGS, self._scores.flags, strict=True):
            if logit > 0 and flag == "loop" and flag not in said:
                found["loop"] = True
            elif logit > 0 and flag in ("draft", "final") and "quality" not in said:
                found["quality"] = flag
        if intent in ("describe", "analyze", "chat", "control", "ask", "unsupported"):
            return {}
        return found

    def acts(
        self, about: Sequence[Candidate]
    ) -> tuple[tuple[dict[str, Any], ...], float]:
        """Return the acts in order, and how likely it is that they are others."""
        kinds = [labels.ACTS[step.kind] for step in self._scores.steps]
        used: set[Place] = set()
        acts = []
        for step, kind in zip(self._scores.steps, kinds, strict=True):
            act: dict[str, Any] = {"act": kind}
            at = self._at(step.places)
            sub = int(step.sub.argmax())
            act |= self._sub(kind, labels.SUBS[sub - 1] if sub else "")
            act |= self._arguments(kind, at, used)
            act |= self._beside(kind, about)
            acts.append(act)
        self._parts(acts, kinds)
        sure = float(np.prod([step.share for step in self._scores.steps]))
        return tuple(acts), 1 - sure * self._scores.end

    # Inside

    def _at(self, looks: NDArray[np.float32]) -> float:
        """Return where in the turn an act looks most."""
        pieces = self._scores.pieces
        inner = looks[1:-1]
        if not len(inner):
            return 0.0
        _, start, end = pieces[1 + int(inner.argmax())]
        return (start + end) / 2

    def _sub(self, kind: str, sub: str) -> dict[str, Any]:
        if kind == "speed" and sub in ("slower", "faster"):
            return {"direction": sub}
        if kind == "extend":
            return {"side": "start" if sub == "start" else "end"}
        if kind == "join" and sub == "dissolve":
            return {"transition": "dissolve"}
        if kind == "loop" and sub == "seamless":
            return {"seamless": True}
        if kind == "quality":
            return {"quality": sub if sub in ("draft", "final") else "final"}
        return {}

    def _arguments(self, kind: str, at: float, used: set[Place]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for (act, name), tag in labels.TEXTS.items():
            if act != kind:
                continue
            place = self._nearest(tag, at, used)
            if place is None and _NEEDED.get(kind) == name:
                place = self._faintest(tag)
            if place is not None:
                used.add(place)
                found[name] = place.text
                at = place.middle  # what belongs together stands together
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

    def _without_number(self, kind: str, found: dict[str, Any]) -> dict[str, Any]:
        """Return a number that was not tagged: the only one of its kind in the turn."""
        own = {
            "length": ("duration_s", "duration"),
            "extend": ("by_s", "by"),
            "fps": ("fps", "fps"),
            "aspect": ("aspect", "aspect"),
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

    def _faintest(self, tag: str) -> Place | None:
        """Return the words that are likeliest to be a tag, though another was likelier."""
        column = self._shares[:, labels.TAGS.index(tag)]
        best = int(column.argmax())
        if column[best] < _FAINT:
            return None
        first = last = best
        while first > 1 and column[first - 1] >= _FAINT:
            first -= 1
        while last < len(column) - 2 and column[last + 1] >= _FAINT:
            last += 1
        return self._place(first, last, tag, float(column[first : last + 1].mean()))

    def _beside(self, kind: str, about: Sequence[Candidate]) -> dict[str, Any]:
        if kind not in (*_LISTS, "match", "undo"):
            return {}
        if not about:
            return {}
        logits = self._scores.beside
        names = [c.ref for c, logit in zip(about, logits, strict=True) if logit > 0]
        if kind == "undo":
            return {"to": names[0]} if names else {}
        if not names and kind != "match":
            members = self._scores.members
            names = [c.ref for c, m in zip(about, members, strict=True) if m > 0][1:]
        if kind in ("match", "blend"):
            return {"with": names[0]} if names else {}
        return {"with": _in_order(names, about, self._turn)} if names else {}

    def _parts(self, acts: list[dict[str, Any]], kinds: Sequence[str]) -> None:
        """Give each act the part of the clip that stands nearest to it."""
        steps = self._scores.steps
        for place in self.places:
            if place.tag not in ("span", "region") or not acts:
                continue
            free = [i for i, act in enumerate(acts) if place.tag not in act]
            if place.tag == "region" and "crop" in kinds:
                free = [kinds.index("crop")] if "region" not in acts[kinds.index("crop")] else free
            if not free:
                continue
            nearest = min(
                free, key=lambda i: abs(self._at(steps[i].places) - place.middle)
            )
            value = self._value(place) if place.tag == "span" else None
            acts[nearest][place.tag] = list(value) if value else place.text

    def _number(self, tag: str) -> Any:
        """Return the number that the grammar reads where a tag stands."""
        for place in self.places:
            if place.tag == tag:
                value = self._value(place)
                if value is not None:
                    return value
        return None

    def _value(self, place: Place) -> Any:
        kinds = _KINDS[place.tag]
        inside = [
            one
            for one in self._found
            if one.start < place.end and one.end > place.start and one.kind in kinds
        ]
        return min(inside, key=lambda one: kinds.index(one.kind)).value if inside else None

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

    def _places(self) -> Iterator[Place]:
        best = self._shares.argmax(1)
        begins = self._scores.begin > 0
        count = len(best) - 1
        first = 1
        while first < count:
            tag = int(best[first])
            if not tag:
                first += 1
                continue
            last = first
            while last + 1 < count and best[last + 1] == tag and not begins[last + 1]:
                last += 1
            if labels.TAGS[tag] == "prompt":
                last = self._across(best, last, tag, count)
            share = float(self._shares[first : last + 1, tag].mean())
            place = self._place(first, last, labels.TAGS[tag], share)
            if place is not None:
                yield place
            first = last + 1

    @staticmethod
    def _across(best: NDArray[np.int64], last: int, tag: int, count: int) -> int:
        """Return where a prompt ends that has untagged pieces in it."""
        at = last
        while at + 1 < count and at - last <= _GAP:
            at += 1
            if best[at] == tag:
                last = at
        return last

    def _place(self, first: int, last: int, tag: str, share: float) -> Place | None:
        pieces = self._scores.pieces
        start, end = pieces[first][1], pieces[last][2]
        while start < end and self._turn[start] in _ENDS:
            start += 1
        while end > start and self._turn[end - 1] in _ENDS:
            end -= 1
        if start == end:
            return None
        return Place(start, end, tag, share, self._turn[start:end])


def _word_shares(turn: str, scores: Scores) -> NDArray[np.float32]:
    """Return the share of each tag for each piece; the pieces of a word agree."""
    logs = scores.tags - _logsumexp(scores.tags)
    first = 0
    for at in range(1, len(logs) + 1):
        if at < len(logs) and _is_one_word(turn, scores.pieces[at - 1 : at + 1]):
            continue
        logs[first:at] = logs[first:at].mean(0)
        first = at
    shares: NDArray[np.float32] = _softmax(logs)
    return shares


def _is_one_word(turn: str, pair: Sequence[tuple[int, int, int]]) -> bool:
    (_, _, end), (_, start, _) = pair
    if end != start or not 0 < start < len(turn):
        return False
    before, behind = turn[start - 1], turn[start]
    letters = before.isalnum() and behind.isalnum()
    return letters and not script(before) and not script(behind)


def _targets(
    scores: Scores,
    about: Sequence[Candidate],
    intent: Intent,
    acts: Sequence[dict[str, Any]],
) -> tuple[str, ...]:
    """Return what a turn is about."""
    if not about:
        return ()
    first = int(scores.first.argmax()) - 1
    if first < 0 and intent == "refine":
        first = int(scores.first[1:].argmax())
    several = [c.ref for c, m in zip(about, scores.members, strict=True) if m > 0]
    if len(several) > 1 and intent not in ("generate_video", "generate_image", "chat"):
        lead = about[first].ref if first >= 0 else several[0]
        beside = {
            name
            for act in acts
            if act["act"] in (*_LISTS, "match", "undo")
            for name in _names(act.get("with", act.get("to")))
        }
        rest = [name for name in several[::-1] if name != lead and name not in beside]
        return (lead, *rest)
    return (about[first].ref,) if first >= 0 else ()


def _names(value: Any) -> Iterable[str]:
    return [value] if isinstance(value, str) else value or ()


def _in_order(
    names: Sequence[str], about: Sequence[Candidate], turn: str
) -> list[str]:
    """Return names in the order in which a turn says them, else oldest first."""
    low = turn.lower()
    age = {c.ref: -i for i, c in enumerate(about)}

    def place(name: str) -> tuple[int, int]:
        at = low.find(name.lower())
        return (at if at >= 0 else len(low), age[name])

    return sorted(names, key=place)


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


def _logsumexp(x: NDArray[np.float32]) -> Any:
    most = x.max(-1, keepdims=True)
    return most + np.log(np.exp(x - most).sum(-1, keepdims=True))


def _softmax(x: NDArray[np.float32]) -> NDArray[np.float32]:
    x = np.exp(x - x.max(-1, keepdims=True))
    shares: NDArray[np.float32] = x / x.sum(-1, keepdims=True)
    return shares
