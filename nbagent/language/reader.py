"""The reader: a turn and what it is read against, to a plan.

It loads its weights at the first turn and keeps them; nothing is downloaded, and nothing
but numpy is needed.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from nbagent.acts.plan import Intent, Plan
from nbagent.acts.undo import Undo
from nbagent.language import charting, lettering, plans, reading
from nbagent.language.about import About
from nbagent.language.candidates import Candidate, candidates
from nbagent.language.data_scores import encoder_of
from nbagent.language.encoder import Encoder, Low, Scores
from nbagent.language.grammar import find, undoes
from nbagent.language.heads import HeadEncoder
from nbagent.language.lettering import Said
from nbagent.language.reading import Reading
from nbagent.language.seen import pointed
from nbagent.language.state import State

WEIGHTS: Final = Path(__file__).with_name("reader.npz")
START: Final = 0.5
"""How likely an intent must be to cost device time: on turns of people whom the
reader did not know, 3 of 100 that wanted none then start one (docs/reading.md)."""
_SURE_OF_CAMERA: Final = 0.9
"""How sure it is that a camera's move over what the notebook shows is asked for, where a
turn speaks of nothing else."""
_NAMES: Final = ("clip", "mention", "scene")
_TOLD_WHOLE: Final = 0.2
"""From here a thing that is all that is said is a picture of its own, and not put into
another: "a dog runs across the beach"."""


class Reader:
    """Reads turns.

    Args:
        weights: As `train-reader` writes them.
        start: How likely an intent must be to cost device time.
    """

    def __init__(self, weights: Path = WEIGHTS, start: float = START) -> None:
        self._encoder = Encoder(weights)
        self._start = start

    @property
    def low(self) -> Low:
        """The lower layers, which read any text."""
        return self._encoder.low

    @functools.cached_property
    def _moves(self) -> HeadEncoder:
        """Return what hears of data in motion; most notebooks never ask for it."""
        return encoder_of(self.low)

    def read(self, words: str, state: State, as_intent: Intent | None = None) -> Plan:
        """Return what a turn asks for.

        Args:
            words: The turn.
            state: What it is read against.
            as_intent: What the user says it is, having been asked.
        """
        if as_intent is None and (way := undoes(words)) is not None:
            # Also where no clip is left to be changed: all of them were undone.
            latest = (state.latest.ref,) if state.latest else ()
            acts = (Undo(redo=way == "redo"),)
            return Plan(intent="refine", targets=latest, acts=acts)
        shown = None
        if as_intent in (None, "animate_image", "refine"):
            shown = charting.read(words, state, lambda: self._moves)
        if shown is not None and shown.name:  # a new chart has its title from the start
            return self._with_data(shown, words, state)
        if (texts := lettering.read(words, state)) is not None:
            plan = self._with_texts(texts, words, state, as_intent)
            if plan is not None:
                return plan
        if shown is not None:
            return self._with_data(shown, words, state)
        plan = self._learnt(words, state, as_intent)
        if plan.intent == "refine" and plan.needs_device:
            drawn = charting.redrawn(words, state, lambda: self._moves, plan.targets)
            if drawn is not None:
                return self._with_data(drawn, words, state)
        return plan

    def _with_data(self, said: charting.Said, words: str, state: State) -> Plan:
        """Return the plan of a turn about data in motion.

        What is said beside it is read as a change of a clip.
        """
        told = Reading(
            intent="animate_image" if said.name else "refine",
            shares={},
            doubt=0.0,
            targets=(said.name,) if said.name else said.clips,
            acts=said.acts,
        )
        plan = plans.plan_of(words, state, told, 1.0)
        # What its columns tell apart is as good as named.
        told_as = (said.name,) if said.is_told else ()
        mentions = tuple(dict.fromkeys((*plan.mentions, *told_as)))
        unread = (*plan.unread, *said.unread)
        plan = replace(
            plan,
            unread=unread,
            mentions=mentions,
            guesses=said.guesses,
            took=said.took,
        )
        if not said.rest:
            return plan
        return plans.with_more(plan, self._learnt(said.rest, state, "refine"))

    def _learnt(self, words: str, state: State, as_intent: Intent | None) -> Plan:
        """Return what a turn asks for, by the weights."""
        about, whole = candidates(words, state)
        said = state.turns[-1] if state.turns else ""

        def scored(about: Sequence[Candidate]) -> Scores:
            return self._encoder.scores(words, about, said, whole)

        scores = scored(about)
        has_clips = bool(state.clips) or any(v.ref for v in state.variables)
        shares = reading.shares_of(scores, has_clips=has_clips)
        found, shown = find(words), pointed(words, state)
        boards = [clip.scenes for clip in state.clips if clip.kind == "storyboard"]
        scenes = boards[-1] if boards else ()

        def plan_as(intent: Intent) -> Plan:
            is_shown = shown is not None and intent == "animate_image"
            told = (*found, shown) if shown and is_shown else found
            read = reading.read(words, scores, about, told, shares, intent, scenes)
            if shown and is_shown and not any(one.kind in _NAMES for one in found):
                read = replace(read, targets=(shown.value[0],))
            rest = candidates(words, state, read.spent)[0] if read.spent else about
            if rest != about:  # what a clip is to be spoke for one that is
                meant = About.of(scored(rest), rest, found, scenes)
                read = replace(read, targets=meant.targets(intent, read.acts))
            sure = shares[intent] * (1 - read.doubt)
            return plans.plan_of(words, state, read, sure)

        if as_intent is not None:
            return plan_as(as_intent)
        best = max(shares, key=lambda intent: shares[intent])
        if shown and reading.says_camera(words, (*found, shown)):
            best = "animate_image"  # "zoom into this plot": no clip is meant
            shares[best] = max(shares[best], _SURE_OF_CAMERA)
        plan, share = plan_as(best), shares[best]
        if shares["generate_video"] > _TOLD_WHOLE and plans.adds_all_of(plan, words):
            plan = plan_as("generate_video")
            share += shares["generate_video"]
        is_clear = plan.intent != "ask" and not plans.without_acts(plan)
        is_likely = share >= self._start
        if is_clear and (is_likely or not plans.is_costly(plan)):
            return plan
        others = map(plan_as, plans.likely(shares, state))
        return plans.question(
            plan, (one for one in others if not plans.without_acts(one))
        )

    def _with_texts(
        self, said: Said, words: str, state: State, as_intent: Intent | None
    ) -> Plan | None:
        """Return the plan of a turn with texts over a clip; None if it is of another kind.

        What is said beside them is read as if it stood alone.
        """
        other = self.read(said.rest, state, as_intent) if said.rest else None
        if other is None and as_intent not in (None, "refine"):
            return None
        told = Reading(
            intent="refine", shares={}, doubt=0.0, targets=said.names, acts=said.acts
        )
        plan = plans.plan_of(words, state, told, 1.0)
        lost = (*said.unread, said.rest)
        return plans.with_texts(plan, other, lost, is_named=bool(said.names))


@functools.cache
def reader() -> Reader:
    """Return the reader that is shipped, loaded once."""
    return Reader()
