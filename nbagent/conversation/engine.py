"""What renders, as the conversation knows it, and a job as it takes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from nbagent.ledger import JobRow, Ledger
from nbagent.settings import Settings
from nbagent.take import (
    Job,
    Progress,
    Take,
)


class Engine(Protocol):
    """What renders; `nbagent.jobs.engine.Engine` is one."""

    def lacks(self) -> str:
        """Say what is missing to render anything, or nothing."""
        ...

    def submit(self, job: Job, listener: Callable[[Progress], None]) -> None:
        """Queue a job; the listener hears each step and one final state."""
        ...

    def reattach(
        self, jobs: Iterable[Job], listener: Callable[[Progress], None]
    ) -> None:
        """Take up jobs that were queued before, here or by an earlier kernel."""
        ...

    def cancel(self, job_id: str) -> None:
        """Stop a job at its next step."""
        ...

    def keep(self, job_id: str) -> None:
        """End a job at its next step, with the clip as it looks then."""
        ...

    def pause(self, job_id: str) -> None:
        """Halt a job at its next step, until it is resumed from there."""
        ...

    def resume(self, job_id: str) -> None:
        """Queue a paused job again."""
        ...

    def preview(self, job_id: str) -> bytes | None:
        """Return an animated webp of the job's latest guess, or None."""
        ...

    def queue(self) -> tuple[str, ...]:
        """Return the jobs that wait here, next first."""
        ...

    def reorder(self, job_ids: Sequence[str]) -> None:
        """Let waiting jobs go in this order, each within its lane."""
        ...

    def close(self) -> None:
        """Let go; running jobs go on."""
        ...


def to_job(ledger: Ledger, settings: Settings, row: JobRow, take: Take) -> Job:
    """Return a recorded job as the engine takes it."""
    return Job(
        id=row.id,
        take=take,
        store=str(ledger.folder),
        lane=row.lane,
        checkpoint_s=settings.checkpoint_s,
        seeds=row.seeds,
    )
