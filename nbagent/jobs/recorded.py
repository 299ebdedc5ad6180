"""What the ledger says of a job: the truth when links come and go."""

from __future__ import annotations

import contextlib
import logging
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from nbagent.errors import StoreError
from nbagent.ledger import Ledger
from nbagent.take import Job, JobState, Progress

FINAL: Final[frozenset[JobState]] = frozenset({"done", "failed", "cancelled"})
_AGAIN_S: Final = 2.0
_log = logging.getLogger(__name__)


def recorded(job: Job) -> Progress:
    """Return what the ledger says of a job.

    Raises:
        StoreError: If it says nothing.
    """
    with Ledger(Path(job.store)) as ledger:
        row = ledger.jobs.get(job.id)
        return Progress(job=job.id, state=row.state, message=row.message)


def as_recorded(job: Job) -> Job:
    """Return a job with the take that the ledger has for it now.

    What it is made of may have been stopped early, and kept: that is another take.
    """
    with contextlib.suppress(StoreError), Ledger(Path(job.store)) as ledger:
        return replace(job, take=ledger.take(ledger.jobs.get(job.id).take_id))
    return job


class Words:
    """Writes what no worker could write: a job never began, its worker died, it halts.

    A word that the disk has no room for is kept until it has: else the job would be
    said to run for ever. One thread owns this.
    """

    def __init__(self) -> None:
        """Have nothing to write yet."""
        self._left: dict[tuple[str, str], _Word] = {}
        self._tried_s = 0.0

    def __bool__(self) -> bool:
        """Whether some are still to be written."""
        return bool(self._left)

    def record(
        self, job: Job, state: JobState, message: str, *, over_end: bool = False
    ) -> None:
        """Write a word, now or later."""
        self.forget(job)
        word = _Word(job=job, state=state, message=message, over_end=over_end)
        if not _is_written(word):
            self._left[job.store, job.id] = word
            self._tried_s = time.monotonic()

    def forget(self, job: Job) -> None:
        """Drop what was still to be written of a job, which goes on."""
        self._left.pop((job.store, job.id), None)

    def again(self) -> None:
        """Try once more what could not be written, if it is time."""
        if self._left and time.monotonic() - self._tried_s > _AGAIN_S:
            self._left = {k: w for k, w in self._left.items() if not _is_written(w)}
            self._tried_s = time.monotonic()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Word:
    job: Job
    state: JobState
    message: str
    over_end: bool


def _is_written(word: _Word) -> bool:
    """Write a word; False if the disk took it not, and may later."""
    job = word.job
    try:
        with Ledger(Path(job.store)) as ledger:
            if not ledger.jobs.has(job.id):
                return True  # the store was deleted, and perhaps begun again
            if word.over_end or ledger.jobs.get(job.id).state not in FINAL:
                ledger.jobs.record(job.id, word.state, message=word.message)
    except StoreError:
        _log.debug("job %s could not be recorded", job.id, exc_info=True)
        return False
    return True
