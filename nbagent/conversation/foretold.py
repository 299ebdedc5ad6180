"""What a turn with `--dry-run` says in place of what it would do; nothing is done."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from nbagent.conversation import answers
from nbagent.acts.plan import Plan
from nbagent.conversation.record import Record
from nbagent.take import UNFINISHED, JobState, Take

_PAUSED: Final[tuple[JobState, ...]] = ("paused",)


class Foretold:
    """The acts of a turn, told and not done; see `nbagent.conversation.control`."""

    def __init__(self, record: Record) -> None:
        self.record = record

    def cancel(self, names: Sequence[str] = ()) -> str:
        """Say what would be stopped."""
        return self._told("stop", names)

    def keep(self, names: Sequence[str] = ()) -> str:
        """Say what would be ended early."""
        return self._told("keep as it looks then", names)

    def pause(self, names: Sequence[str] = ()) -> str:
        """Say what would be halted."""
        return self._told("pause", names)

    def resume(self, names: Sequence[str] = ()) -> str:
        """Say what would go on."""
        return self._told("go on with", names, _PAUSED)

    def save(self, name: str, file: str | None = None, format: str = "mp4") -> str:  # noqa: A002
        """Say what would be written."""
        if self.record.ledger.artifact(self.record.take(name).id) is None:
            return f"{name} is not rendered: there would be nothing to save"
        return f"would save {name} as {file or format}"

    def _told(
        self, what: str, names: Sequence[str], states: Collection[JobState] = UNFINISHED
    ) -> str:
        wanted = {self.record.take(name).id for name in names}
        jobs = self.record.ledger.jobs(self.record.conversation, states=states)
        known = self.record.names()
        told = [
            known.get(job.take_id, job.id)
            for job in jobs
            if not wanted or job.take_id in wanted
        ]
        if told:
            return f"would {what}: {', '.join(told)}"
        return "nothing is being rendered that this would change"


def going_back(record: Record, take: Take) -> str:
    """Say to which version a turn would go back."""
    name = record.names().get(take.id, "an earlier version")
    return f"would show {name} again, as a new clip: {take.prompt}"


def asking(model: str) -> str:
    """Say which language model would be asked for an answer."""
    return (
        f"would ask {model} for an answer in words; %nbagent context shows exactly what"
        " it would be sent"
    )


def rendering(
    plan: Plan, takes: Sequence[Take], notes: Sequence[str], seconds: float | None
) -> str:
    """Say what would be rendered, and what would be done after it."""
    told = answers.preview(takes, notes, seconds)
    if {"save", "export"} & set(plan.then):
        told += f"\n  then it would be saved as {plan.slots.get('format', 'mp4')}"
    return told
