"""The jobs of a kernel that have not ended: where each stands, and who hears of it.

Changed by the dispatcher's thread alone. Nothing here knows how a job travels.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from nbagent.errors import StoreError
from nbagent.jobs.queued_job import QueuedJob
from nbagent.jobs.recorded import FINAL, Words, recorded
from nbagent.jobs.runtime import read_host
from nbagent.jobs.turnstile import URGENCY
from nbagent.jobs.waits import ENGINE, Waits
from nbagent.settings import Settings
from nbagent.take import Job, JobState, Progress

_log: Final = logging.getLogger(__name__)


class Live:
    """The entries that have not ended, in the order in which they came."""

    def __init__(self, forget: Callable[[Job], None], cold: Waits) -> None:
        """Hold none yet.

        Args:
            forget: Lets go of what an engine still keeps of a job, if there is one.
            cold: What they wait for on a cold machine.
        """
        self._entries: list[QueuedJob] = []
        self._forget = forget
        self.words = Words()
        self.cold = cold

    def __iter__(self) -> Iterator[QueuedJob]:
        """Go through the entries."""
        return iter(self._entries)

    def enter(self, entry: QueuedJob) -> None:
        """Take an entry on."""
        self._entries.append(entry)
        self.words.forget(entry.job)
        self.tell(entry, entry.last)
        self._say_cold(entry)

    def begin_cold(self, settings: Settings) -> None:
        """Say what is waited for, if the engine has to be started here: seconds."""
        if settings.engine or read_host(settings.runtime) is not None:
            return
        self.cold.begin(ENGINE, ENGINE)
        for entry in self._entries:
            self._say_cold(entry)

    def _say_cold(self, entry: QueuedJob) -> None:
        """Say what a job waits for while its engine starts."""
        if self.cold.waits(ENGINE) and entry.place == "queued":
            self.tell(entry, replace(entry.last, message=self.cold.engine()))

    def warmed(self) -> None:
        """Take note that the engine is there: what is queued waits for others now."""
        if not self.cold.waits(ENGINE):
            return
        self.cold.end(ENGINE)
        for entry in [e for e in self._entries if e.place == "queued"]:
            self.tell(entry, replace(entry.last, message=""))

    def reorder(self, entries: Sequence[QueuedJob], done: threading.Event) -> None:
        """Let those of these that are queued go in this order."""
        waiting = [entry for entry in entries if entry.place == "queued"]
        numbers = sorted(entry.number for entry in waiting)
        for entry, number in zip(waiting, numbers, strict=True):
            entry.number = number
        done.set()

    def lose(self, entry: QueuedJob, *, counts: bool = True) -> None:
        """Look for a job again, as if a kernel long gone had sent it."""
        entry.place, entry.future, entry.heard = "away", None, False
        entry.worker, entry.asked = None, False
        entry.losses += counts

    def waits(self, entry: QueuedJob) -> bool:
        """Return whether what an entry is made of is still on its way here.

        Its worker would render that as well.
        """
        store, needs = entry.job.store, entry.job.take.needs
        waits = any(
            one.job.store == store and one.job.take.id in needs for one in self._entries
        )
        entry.waited |= waits
        return waits

    def ended_elsewhere(self, entry: QueuedJob) -> bool:
        """End an entry that another kernel has cancelled while it waited here."""
        if entry.losses or entry.in_doubt:
            return False  # what the ledger says may be the word of the lost try
        with contextlib.suppress(StoreError):
            last = recorded(entry.job)
            if last.state in FINAL:
                self.end(entry, last.state, last.message)
                return True
        return False

    def halt(self, entry: QueuedJob) -> None:
        """Put an entry aside; its checkpoint lies in the store."""
        if entry.future is not None:
            self._forget(entry.job)
        entry.place, entry.future, entry.heard = "paused", None, False
        entry.worker, entry.asked, entry.leaving = None, False, False
        self.mark(entry, "paused")

    def wake(self) -> None:
        """Queue what was put aside and is to go on."""
        for entry in [e for e in self._entries if e.place == "paused" and not e.pause]:
            entry.place = "queued"
            self.mark(entry, "queued")

    def mark(self, entry: QueuedJob, state: JobState) -> None:
        """Record a state that is no end, and tell it."""
        self.words.record(entry.job, state, "", over_end=True)
        self.tell(entry, replace(entry.last, state=state, message="", eta_s=None))

    def end(self, entry: QueuedJob, state: JobState, message: str) -> None:
        """End an entry, once."""
        if entry.place == "ended":
            return
        if state == "cancelled" and entry.leaving and not entry.stop:
            self.halt(entry)
            return
        sent, entry.place, entry.future = entry.future, "ended", None
        self.cold.drop(entry.job.id)
        self._entries.remove(entry)
        if state != "done":
            self.words.record(entry.job, state, message)
        self.tell(entry, replace(entry.last, state=state, message=message, eta_s=None))
        entry.listeners.clear()  # they hold a turn with its player
        entry.ended.set()
        if sent is not None:
            self._forget(entry.job)

    def tell(self, entry: QueuedJob, progress: Progress) -> None:
        """Let everybody hear of an entry who listens to it."""
        entry.last = progress
        for listener in tuple(entry.listeners):
            try:
                listener(progress)
            except Exception:  # noqa: BLE001
                # A border: a broken view must not stop anybody's jobs.
                _log.exception("a listener of job %s failed", entry.job.id)


def in_order(entries: Iterable[QueuedJob]) -> list[QueuedJob]:
    """Return entries in the order in which they go to a worker."""
    return sorted(entries, key=lambda e: (-URGENCY[e.job.lane], e.number))
