"""What a turn with `--dry-run` says in place of what it would do; nothing is done."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from nbagent.acts.plan import Plan
from nbagent.conversation import answers
from nbagent.conversation.control import Names
from nbagent.conversation.hands import check_alias
from nbagent.conversation.record import Record
from nbagent.conversation.running import of_now
from nbagent.take import UNFINISHED, JobState, Take

_PAUSED: Final[tuple[JobState, ...]] = ("paused",)


class Foretold:
    """The acts of a turn, told and not done; see `nbagent.conversation.control`."""

    def __init__(self, record: Record) -> None:
        self.record = record

    def cancel(self, names: Names = ()) -> str:
        """Say what would be stopped."""
        return self._told("stop", names)

    def keep(self, names: Names = ()) -> str:
        """Say what would be ended early."""
        return self._told("keep, as it looks then,", names)

    def pause(self, names: Names = ()) -> str:
        """Say what would be halted."""
        return self._told("pause", names)

    def resume(self, names: Sequence[str] = ()) -> str:
        """Say what would go on."""
        return self._told("go on with", names, _PAUSED)

    def save(
        self,
        name: str,
        file: str | None = None,
        format: str = "mp4",  # noqa: A002  as `Control` has it
        called: str | None = None,
    ) -> str:
        """Say what would be written."""
        if self.record.ledger.artifact(self.record.take(name).id) is None:
            return f"{name} has not been rendered: there would be nothing to save"
        beside = f"{called}, {format}" if called else format
        return f"would save {name} as {file or beside}"

    def rename(self, name: str, alias: str) -> str:
        """Say what would be called how."""
        row = self.record.row(name)
        return f"would call {row.name} {check_alias(alias, self.record, row.name)}"

    def delete(self, names: Sequence[str]) -> str:
        """Say what would be removed."""
        return f"would delete: {', '.join(self.record.row(n).name for n in names)}"

    def _told(
        self, what: str, names: Names, states: Collection[JobState] = UNFINISHED
    ) -> str:
        jobs = self.record.ledger.jobs.find(self.record.conversation, states=states)
        if names is None:
            jobs = tuple(of_now(jobs))
        wanted = {self.record.take(name).id for name in names or ()}
        known = self.record.names()
        told = [
            known.get(job.take_id, job.id)
            for job in jobs
            if not wanted or job.take_id in wanted
        ]
        if told:
            return f"would {what}: {', '.join(told)}"
        return "nothing that this would change is being rendered"


def going_back(record: Record, take: Take) -> str:
    """Say to which version a turn would go back."""
    name = record.names().get(take.id, "an earlier version")
    return f"would show {name} again, as a new clip: {take.prompt}"


def asking(model: str) -> str:
    """Say which language model would be asked for an answer."""
    return (
        f"would ask {model} for an answer in words; %nbagent context shows exactly"
        " what would be sent"
    )


def rendering(
    plan: Plan, takes: Sequence[Take], notes: Sequence[str], seconds: float | None
) -> str:
    """Say what would be rendered, and what would be done after it."""
    told = answers.preview(takes, notes, seconds)
    for act in plan.then:
        kind = f" as {act.format or 'mp4'}" if act.action in ("save", "export") else ""
        name = f" {act.name}" if act.name else ""
        told += f"\n  then {act.action}{kind}{name}"
    return told


def showing(names: Sequence[str]) -> str:
    """Say which clips would be shown again."""
    return f"would show {' and '.join(names)} again: nothing would be rendered"
