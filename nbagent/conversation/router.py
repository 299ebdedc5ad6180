"""The embedded brain: a turn and its state -> a plan, in about a millisecond.

Linear heads over hashed features (`features`) with int8 weights choose the intent and
the kind of each edit; the state masks what it cannot serve; values, references and
prompts come from patterns. Numpy only. `train_router` makes the weights.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from nbagent.conversation import features, references, rules
from nbagent.conversation.canvas import read_canvas
from nbagent.conversation.clauses import prompt_words, split_clauses
from nbagent.conversation.edits import read_edit
from nbagent.conversation.parts import Part, take_frame, take_part
from nbagent.conversation.plan import (
    EDIT_KINDS,
    INTENTS,
    Edit,
    EditKind,
    Intent,
    Plan,
    Slots,
)
from nbagent.conversation.redirects import take_step
from nbagent.conversation.slots import parse_action, parse_slots
from nbagent.conversation.spelling import Speller
from nbagent.conversation.state import State
from nbagent.pocket.nearest import spelled

WEIGHTS: Final = Path(__file__).parent / "router.npz"
# The edit head also knows clauses that are no edit: talk, and control acts.
CLAUSES: Final = (*EDIT_KINDS, "talk", "control")
INTENT_BITS: Final = 14
EDIT_BITS: Final = 13
# A start on a belief under the first needs this much for starting anything at all.
_DOUBT: Final = 0.55
_START: Final = 0.65
# And an answer in words is no better than a question back below this.
_ANSWER: Final = 0.25
_STARTS: Final[frozenset[Intent]] = frozenset(
    {"generate_video", "generate_image", "refine", "animate_image", "storyboard"}
)
# Edits that say "the last second" of what they trim, add or loop.
_TIMED: Final = frozenset({"trim", "extend", "length", "speed", "loop", "undo"})

# A turn of more words is taken to ramble: its clauses need this belief to count.
_LONG: Final = 22
_SURE: Final = 0.6
# Below this belief in a refinement, a sentence that stands by itself is a new shot.
_FIRM: Final = 0.85


Vector = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A linear head: int8 weights `(features, classes)`, a scale per class, a bias."""

    weights: npt.NDArray[np.int8] = field(repr=False)
    scale: Vector = field(repr=False)
    bias: Vector = field(repr=False)

    def __call__(self, sparse: features.Sparse) -> Vector:
        """Return the logits of one example."""
        indices, values = sparse
        total = values @ self.weights[indices].astype(np.float32)
        return np.asarray(total * self.scale + self.bias, dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Router:
    """Both heads. `load` reads them from the package; `__call__` routes a turn."""

    intent: Head
    edit: Head
    known: frozenset[int] = field(repr=False, default=frozenset())
    speller: Speller = field(repr=False, default_factory=Speller)

    @classmethod
    def load(cls, path: Path = WEIGHTS) -> Router:
        """Read the weights; plain arrays, never pickles."""
        with np.load(path, allow_pickle=False) as data:
            heads = {
                name: Head(
                    weights=data[f"{name}_weights"],
                    scale=data[f"{name}_scale"],
                    bias=data[f"{name}_bias"],
                )
                for name in ("intent", "edit")
            }
            frame = data["frame"].tobytes().decode().split()
            content = data["content"].tobytes().decode().split()
        return cls(
            intent=heads["intent"],
            edit=heads["edit"],
            known=frozenset(map(features.word_hash, frame)),
            speller=Speller.of(frame, content),
        )

    def probabilities(self, text: str, state: State) -> dict[Intent, float]:
        """Return the belief in each intent that the state can serve, best first."""
        logits = self.intent(
            features.intent_features(text, state, INTENT_BITS, self.known)
        )
        for index, name in enumerate(INTENTS):
            if not _possible(name, state):
                logits[index] = -np.inf
        p = np.exp(logits - logits.max())
        p /= p.sum()
        order = np.argsort(-p, kind="stable")
        return {INTENTS[i]: float(p[i]) for i in order}

    def clause_kind(self, clause: str, state: State) -> tuple[str, float]:
        """Return the kind of one clause and the belief in it."""
        logits = self.edit(features.edit_features(clause, state, EDIT_BITS, self.known))
        p = np.exp(logits - logits.max())
        p /= p.sum()
        best = int(p.argmax())
        return CLAUSES[best], float(p[best])

    def __call__(self, turn: str, state: State, reading: Intent | None = None) -> Plan:
        """Return the plan of a turn; a `reading` is what the user says it is."""
        text = features.clean(turn)
        if not text:
            return Plan(intent="ask", readings=("generate_video", "chat"))
        if state.clips:
            text = rules.corrected(text)
        course, step = take_step(text)
        if step is not None and state.clips:
            return replace(self._refine(self.speller(course), state, 1.0), step=step)
        typed, text = text, self.speller(text)
        beliefs = self.probabilities(text, state)
        ranked = tuple(beliefs)
        if reading is not None:
            return self._plan(text, typed, state, reading, ())
        if acts := rules.grid(text, state) or rules.match(text, state):
            return acts
        if borrowed := rules.borrowed_seed(typed):
            return self._with_seed_of(*borrowed, state)
        intent = self._intent(text, state, beliefs)
        confidence = beliefs[intent]
        unsure = intent == "ask" or (intent == "control" and confidence < _FIRM)
        if unsure and state.clips and rules.CHANGES_IT.match(text):
            change = self._plan(text, typed, state, "refine", (), confidence)
            if change.edits and not change.unparsed:
                return change
        readings = tuple(i for i in ranked if i != "ask")[:2] if intent == "ask" else ()
        return self._plan(text, typed, state, intent, readings, confidence)

    def _with_seed_of(self, shot: str, clip: str, state: State) -> Plan:
        """Return the plan of a new shot by the seed of a clip, the latest if none is named."""
        plan = self._plan(self.speller(shot), shot, state, "generate_video", ())
        source = state.clip(clip) or state.latest
        if source is None or source.seed is None:
            return plan
        return replace(plan, slots={**plan.slots, "seed": source.seed})

    def _intent(self, text: str, state: State, beliefs: dict[Intent, float]) -> Intent:
        """Choose an intent by belief, unless the wording decides."""
        intent = _decide(beliefs)
        # "A dog runs across the beach" is no word of how far a clip is, either.
        changes = intent in ("refine", "control")
        unsure = changes and beliefs[intent] < _FIRM
        if unsure and rules.opens_shot(spelled(text)):
            intent = "generate_video"
        elif changes or intent == "ask":
            is_firm = changes and not unsure
            if rules.opens_foreign(text, state, is_whole=is_firm):
                intent = "generate_video"
        if intent == "control" and rules.REMOVES_THING.search(text):
            intent = "refine"  # "remove the ball" is about the picture, not the clip
        if intent == "storyboard" and references.is_one_scene(text, state):
            intent = "refine"  # "scene 1 at sunset" of a storyboard that is there
        if intent == "refine" and rules.is_picture(text, state):
            intent = "animate_image"  # "bring @fig to life": it is no clip yet
        if intent == "animate_image" and self._changes_still(text, state):
            intent = "refine"
        if state.clips and rules.is_canvas(text):
            intent = "refine"
        return intent

    def _changes_still(self, text: str, state: State) -> bool:
        """Return whether a turn sets nothing in motion: "c1, at night", of a still."""
        if rules.ANIMATES.search(text) or rules.is_picture(text, state):
            return False
        target = references.resolve(text, "refine", (), state)
        kinds = {kind for _, kind in self._clauses(text, state)} - {"talk"}
        return state.clip(str(target)) is not None and kinds == {"change_background"}

    def _plan(
        self,
        text: str,
        typed: str,
        state: State,
        intent: Intent,
        readings: tuple[Intent, ...],
        confidence: float = 1.0,
    ) -> Plan:
        if intent == "refine":
            return self._refine(text, state, confidence)
        frame = None
        if intent == "animate_image":
            text, frame = take_frame(text)
            typed, _ = take_frame(typed)
        slots = parse_slots(text, intent)
        makes = intent in (
            "generate_video",
            "generate_image",
            "storyboard",
            "animate_image",
        )
        return Plan(
            intent=intent,
            target=references.resolve(text, intent, (), state),
            slots=slots,
            prompt=prompt_words(typed, slots.get("style")) if makes else "",
            frame=frame,
            confidence=confidence,
            readings=readings,
        )

    def _refine(self, text: str, state: State, confidence: float) -> Plan:
        turn = text
        text, part, clauses = self._parted(turn, state)
        acts = (parse_action(clause) for clause, kind in clauses if kind == "control")
        then = tuple(act for act in acts if act)
        # CLAUSES are the edit kinds, talk and control.
        found: list[tuple[EditKind, str]] = [
            (edit, clause)
            for clause, kind in clauses
            for edit in EDIT_KINDS
            if edit == kind
        ]
        if len(text.split()) > _LONG:
            # A story says its wish more than once.
            found = list({kind: (kind, clause) for kind, clause in found}.values())
        if not found:
            kind = self._best_edit(text, state)
            found = [(kind, text)]
        pairs = tuple(found)
        if not rules.blends(turn):  # "the cat jumps", while two clips show cats
            pairs = self._otherwise(pairs, state, "blend")
        # "The first version but blue" starts from a clip, and does not go back to it.
        pairs = self._otherwise(pairs, state, "undo", rules.STARTS_FROM)
        target = references.resolve(turn, "refine", (k for k, _ in pairs), state)
        if not isinstance(target, tuple):
            # "Turn it into the desert": one clip alone becomes something else.
            pairs = self._otherwise(pairs, state, "blend", rules.BECOMES)
        clip = state.clip(target) if isinstance(target, str) else None
        if clip and clip.kind == "image" and "change_motion" in dict(pairs):
            # A still that is to move becomes a clip.
            return Plan(
                intent="animate_image",
                target=target,
                slots=parse_slots(text, "animate_image"),
                prompt=prompt_words(text),
                frame=part.frame,
                confidence=confidence,
            )
        slots = parse_slots(text, "refine", pairs)
        edits = tuple(_read(kind, clause, slots) for kind, clause in pairs)
        others = tuple(edit for edit in edits if edit.kind != "undo")
        if others and all(edit.args for edit in others):
            edits = others  # "forget the snow, use the beach": from the one before
        if part.span and len(edits) == 1 and edits[0].kind == "trim":
            start, end = part.span  # "trim @c2[1s:2s]": to that part
            edits = (replace(edits[0], args={"start": start, "end": end}),)
            part = replace(part, span=None)
        return Plan(
            intent="refine",
            target=target,
            edits=edits,
            slots=slots,
            region=part.region,
            span=part.span,
            frame=part.frame,
            unparsed=tuple(edit.text for edit in edits if not edit.args),
            confidence=confidence,
            then=then,
        )

    def _otherwise(
        self,
        pairs: tuple[tuple[EditKind, str], ...],
        state: State,
        kind: EditKind,
        words: re.Pattern[str] | None = None,
    ) -> tuple[tuple[EditKind, str], ...]:
        """Take the clauses of a kind, all or those with such words, for another edit."""
        others = tuple(other for other in EDIT_KINDS if other != kind)
        return tuple(
            (self._best_edit(clause, state, others), clause)
            if found == kind and (words is None or words.search(clause))
            else (found, clause)
            for found, clause in pairs
        )

    def _parted(
        self, turn: str, state: State
    ) -> tuple[str, Part, list[tuple[str, str]]]:
        """Return a turn without the part that it is about, that part, and its clauses."""
        if rules.is_canvas(turn):  # "crop it to the left half" makes no part anew
            return turn, Part(), self._clauses(turn, state)
        text, part = take_part(turn)
        clauses = self._clauses(text, state)
        if part.span and "[" not in turn:
            # "The last second" may be what is trimmed or added, not what is changed.
            belief = min((self.clause_kind(c, state)[1] for c, _ in clauses), default=0)
            if belief < _SURE or _TIMED & {kind for _, kind in clauses}:
                return turn, replace(part, span=None), self._clauses(turn, state)
        return text, part, clauses

    def _clauses(self, text: str, state: State) -> list[tuple[str, str]]:
        """Split a turn into clauses with their kinds; neighbours of a kind are one."""
        clauses = split_clauses(text)
        rambles = len(text.split()) > _LONG
        merged: list[tuple[str, str]] = []
        for said, joint in clauses:
            clause = rules.RETURNS.sub("", said)
            kind, belief = self.clause_kind(clause, state)
            # Told at length, most clauses are the story around the request.
            if rambles and belief < _SURE:
                kind = "talk"
            if len(clauses) > 1 and rules.is_refused(clause, kind):
                kind = "talk"
            if len(clauses) > 1 and rules.POINTS.fullmatch(clause.strip(" ,.:;")):
                kind = "talk"
            if read_canvas(clause):
                kind = "aspect"
            if kind == "recolor" and rules.ADDS.match(clause):
                kind = "replace_subject"  # "add a yellow star" names a thing
            if merged and merged[-1][1] == kind:
                merged[-1] = (merged[-1][0] + joint + clause, kind)
            else:
                merged.append((clause, kind))
        return merged

    def _best_edit(
        self, text: str, state: State, kinds: tuple[EditKind, ...] = EDIT_KINDS
    ) -> EditKind:
        logits = self.edit(features.edit_features(text, state, EDIT_BITS, self.known))
        return max(kinds, key=lambda kind: logits[EDIT_KINDS.index(kind)])


def route(turn: str, state: State, reading: Intent | None = None) -> Plan:
    """Return the plan of a turn, by the router that ships with the package.

    Args:
        turn: The user's words.
        state: What they are read against.
        reading: What the user says the turn is, having been asked.

    >>> route("a cat on a skateboard", State()).intent
    'generate_video'
    """
    return _shipped()(turn, state, reading)


@functools.cache
def _shipped() -> Router:
    return Router.load()


def _read(kind: EditKind, clause: str, slots: Slots) -> Edit:
    args = read_edit(kind, clause, slots)
    if not args:
        # Nothing of that kind is said. An hour or the weather may be: "make it morning?"
        around = read_edit("change_background", clause, slots)
        if around.keys() & {"time", "weather"}:
            return Edit(kind="change_background", text=clause, args=around)
    return Edit(kind=kind, text=clause, args=args)


def _decide(beliefs: dict[Intent, float]) -> Intent:
    """Choose the likeliest intent, but spend no device time on a guess."""
    best = next(iter(beliefs))
    if best in _STARTS and beliefs[best] < _DOUBT:
        starts = sum(p for intent, p in beliefs.items() if intent in _STARTS)
        if starts < _START:
            other = next(i for i in beliefs if i not in _STARTS)
            return other if beliefs[other] >= _ANSWER else "ask"
    return best


def _possible(intent: Intent, state: State) -> bool:
    """Return whether the state can serve an intent at all."""
    if intent == "refine":
        return bool(state.clips)
    if intent == "animate_image":
        # A clip that goes by its variable's name was opened from a file.
        pictures = any(v.type != "Clip" or v.ref == v.name for v in state.variables)
        return pictures or any(c.kind == "image" for c in state.clips)
    if intent == "analyze":
        return any(v.type != "Clip" for v in state.variables)
    if intent == "control":
        return bool(state.clips)
    if intent == "describe":
        return bool(state.clips) or any(
            v.is_picture or v.type == "Clip" for v in state.variables
        )
    return True
