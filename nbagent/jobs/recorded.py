"""What the ledger says of a job: the truth when links come and go."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

from nbagent.errors import StoreError
from nbagent.ledger import Ledger
from nbagent.take import Job, JobState, Progress

FINAL: Final[frozenset[JobState]] = frozenset({"done", "failed", "cancelled"})
_log = logging.getLogger(__name__)


def recorded(job: Job) -> Progress:
    """Return what the ledger says of a job.

    Raises:
        StoreError: If it says nothing.
    """
    with Ledger(Path(job.store)) as ledger:
        row = ledger.job(job.id)
        return Progress(job=job.id, state=row.state, message=row.message)


def record(job: Job, state: JobState, message: str, *, over_end: bool = False) -> None:
    """Write what no worker could write: it never began, it died, it is paused."""
    try:
        with Ledger(Path(job.store)) as ledger:
            if over_end or ledger.job(job.id).state not in FINAL:
                ledger.set_job(job.id, state, message=message)
    except StoreError:
        _log.debug("job %s could not be recorded", job.id, exc_info=True)
