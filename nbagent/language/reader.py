"""The reader: a turn and what it is read against, to a plan.

It loads its weights at the first turn and keeps them; nothing is downloaded, and nothing
but numpy is needed.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Final

from nbagent.acts.plan import Intent, Plan
from nbagent.acts.undo import Undo
from nbagent.language import plans, reading
from nbagent.language.candidates import candidates
from nbagent.language.encoder import Encoder, Low
from nbagent.language.grammar import find, undoes
from nbagent.language.state import State

WEIGHTS: Final = Path(__file__).with_name("reader.npz")
START: Final = 0.5
"""How likely an intent must be to cost device time: on turns of people whom the
reader did not know, 3 of 100 that wanted none then start one (docs/reading.md)."""
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
        about, whole = candidates(words, state)
        said = state.turns[-1] if state.turns else ""
        scores = self._encoder.scores(words, about, said, whole)
        has_clips = bool(state.clips) or any(v.ref for v in state.variables)
        shares = reading.shares_of(scores, has_clips=has_clips)
        found = find(words)
        boards = [clip.scenes for clip in state.clips if clip.kind == "storyboard"]
        scenes = boards[-1] if boards else ()

        def plan_as(intent: Intent) -> Plan:
            read = reading.read(words, scores, about, found, shares, intent, scenes)
            sure = shares[intent] * (1 - read.doubt)
            return plans.plan_of(words, state, read, sure)

        if as_intent is not None:
            return plan_as(as_intent)
        best = max(shares, key=lambda intent: shares[intent])
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


@functools.cache
def reader() -> Reader:
    """Return the reader that is shipped, loaded once."""
    return Reader()
