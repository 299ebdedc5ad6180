"""What a turn was understood as: an answer in words, or takes to render."""

from __future__ import annotations

from dataclasses import dataclass

from nbagent.conversation.plan import Plan
from nbagent.take import Take


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a turn was understood as.

    Attributes:
        turn_id: The turn in the ledger.
        words: The user's own words.
        plan: What the brain made of them.
        answer: Words to show; None if there are takes to render.
        takes: What to render.
        parts: Takes that these are built on; they get no name.
        notes: Lines that the user should see before it renders.
    """

    turn_id: int
    words: str
    plan: Plan
    answer: str | None = None
    takes: tuple[Take, ...] = ()
    parts: tuple[Take, ...] = ()
    notes: tuple[str, ...] = ()
