"""Turns that act at once: stop, keep, pause, status, save."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from nbagent.conversation.plan import Plan
from nbagent.conversation.record import Record
from nbagent.conversation.state import State

# "Stop, and keep what is there"; "keep going" keeps nothing.
_KEEPS = re.compile(r"\bkeep\b(?! going)", re.IGNORECASE)
_RESUMES = re.compile(r"\b(?:resume|un-?pause|go on)\b", re.IGNORECASE)


class Acts(Protocol):
    """What can be done at once; a session can."""

    @property
    def record(self) -> Record:
        """The conversation as the ledger has it."""
        ...

    def cancel(self, names: Sequence[str] = ()) -> str:
        """Stop the jobs of these clips, or all that run."""
        ...

    def keep(self, names: Sequence[str] = ()) -> str:
        """End the jobs of these clips, or all, early."""
        ...

    def pause(self, names: Sequence[str] = ()) -> str:
        """Halt the jobs of these clips, or all."""
        ...

    def resume(self, names: Sequence[str] = ()) -> str:
        """Let the paused jobs of these clips, or all, go on."""
        ...

    def save(self, name: str, file: str | None = None, format: str = "mp4") -> str:  # noqa: A002
        """Write a clip to a file."""
        ...


def act_of(words: str, plan: Plan) -> str:
    """Return what a turn wants done at once: an action, or `keep` or `resume`."""
    action = plan.slots.get("action", "status")
    if action == "cancel":
        return "keep" if _KEEPS.search(words) else action
    return "resume" if _RESUMES.search(words) else action


def control(words: str, plan: Plan, state: State, acts: Acts) -> str:
    """Do what a turn wants done at once, and say what was done."""
    action = act_of(words, plan)
    names = [name for name in plan.targets if state.clip(name)]
    if action == "cancel":
        return acts.cancel(names)
    if action == "keep":
        return acts.keep(names)
    if action == "resume":
        return acts.resume(names)
    if action == "pause":
        return acts.pause(names)
    if action == "status":
        return acts.record.status()
    if action in ("save", "export"):
        if not names:
            return "There is no clip to save: name one, like 'save c1 as gif'."
        kind = plan.slots.get("format", "mp4")
        return "\n".join(acts.save(name, format=kind) for name in names)
    return (
        f"{action!r} is not possible yet: what works is status, cancel, pause and"
        " save (see %nbagent help)"
    )
