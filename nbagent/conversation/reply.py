"""What a turn was understood as: an answer in words, or takes to render."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from nbagent.acts.plan import Plan
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
        drafts: What is shown of takes while they are rendered, by a take's id.
        notes: Lines that the user should see before it renders.
        shows: Clips that are there, to be shown again beside the answer.
        is_markdown: Whether a language model wrote the answer.
    """

    turn_id: int
    words: str
    plan: Plan
    answer: str | None = None
    takes: tuple[Take, ...] = ()
    parts: tuple[Take, ...] = ()
    drafts: Mapping[str, Take] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()
    is_markdown: bool = False


def understood(plan: Plan) -> dict[str, Any]:
    """Return a plan as the ledger keeps it: plain JSON, its acts by their kinds."""
    return {**asdict(plan), "acts": [act.to_json() for act in plan.acts]}
