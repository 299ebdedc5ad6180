"""The queue of a kernel, and the thread that works it off.

A job leaves the queue only when a lane of a worker is free, because Dask binds a task
to a worker at once and does not reliably move it: a short job would wait behind a long
one. One thread reads an inbox of calls and owns all state, so nothing here is locked.
distributed is imported when it first connects, in a thread beside.
"""

# mypy: allow-untyped-calls

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future as Promise
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from nbagent.errors import EngineError, NbagentError, StoreError, WorkerLost
from nbagent.jobs.entry import Entry
from nbagent.jobs.turnstile import RESOURCE, URGENCY
from nbagent.settings import Settings
from nbagent.take import Job, JobState, Progress

if TYPE_CHECKING:
    from distributed import Future

    from nbagent.jobs.link import Link

_FINAL: Final[frozenset[JobState]] = frozenset({"done", "failed", "cancelled"})
_TICK_S: Final = 0.2
_CONFIRM_S: Final = 20.0  # a cancelled step of a large model on a CPU may take that
_LOOK_S: Final = 0.5
_GONE_S: Final = 15.0  # what is silent longer than this on a live worker, is lost
_NO_WORKER_S: Final = 60.0
_MAX_LOSSES: Final = 3  # as many as Dask's own allowed-failures of a task
_CRASHED: Final = (
    "the worker crashed or ran out of memory:"
    " try fewer frames or a smaller size, or draft quality"
)
_log = logging.getLogger(__name__)


class Dispatcher:
    """Brings entries to their end, over as many links as that takes."""

    def __init__(self, settings: Settings, renderer: str | None) -> None:
        """Do nothing yet."""
        self._settings = settings
        self._renderer = renderer
        self._inbox: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._opening = threading.Lock()
        self._thread: threading.Thread | None = None
        self._link: Link | None = None
        self._connecting = False
        self._live: list[Entry] = []
        self._starting: list[Promise[None]] = []
        self._warming: set[str] = set()
        self._listening: set[str] = set()
        self._workers: list[str] = []
        self._looked = self._peopled = 0.0
        self._breaks = 0

    # What other threads may call: each leaves a message.

    @property
    def attached(self) -> bool:
        """Whether there is a link now."""
        return self._link is not None

    def start(self) -> Promise[None]:
        """Connect; the promise is kept or broken when that is settled."""
        promise: Promise[None] = Promise()
        self._post(partial(self._starting.append, promise))
        return promise

    def warm(self, model: str) -> None:
        """Connect, and load a model in the workers."""
        self._post(partial(self._warming.add, model))

    def add(self, entry: Entry) -> None:
        """Take an entry on."""
        self._post(partial(self._live.append, entry))
        self._post(partial(self._tell, entry, entry.last))

    def reorder(self, entries: Sequence[Entry]) -> None:
        """Let queued entries go in this order, as far as their lanes allow."""
        done = threading.Event()
        self._post(partial(self._reorder, entries, done))
        done.wait(_CONFIRM_S)

    def cancel(self, entry: Entry) -> None:
        """Stop an entry."""
        self._post(partial(setattr, entry, "stop", True))

    def pause(self, entry: Entry, *, wanted: bool) -> None:
        """Halt an entry, or let it go on."""
        self._post(partial(setattr, entry, "pause", wanted))

    def preview(self, entry: Entry) -> bytes | None:
        """Ask the worker for a preview, in the caller's thread."""
        link = self._link
        if link is None or (worker := self._runs_at(entry)) is None:
            return None
        return link.preview(entry.job, worker)

    def keep(self, entry: Entry) -> bool:
        """Have the worker end a job early, in the caller's thread."""
        link = self._link
        if link is None or (worker := self._runs_at(entry)) is None:
            return False
        return link.keep(entry.job, worker)

    def _runs_at(self, entry: Entry) -> str | None:
        """Return the worker that is rendering an entry, as far as is known."""
        if entry.place != "sent" or not entry.heard:
            return None
        return entry.worker if entry.worker in self._workers else None

    def close(self) -> None:
        """End the thread and the link, not the jobs."""
        with self._opening:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._inbox.put(None)
            thread.join(10)

    def _post(self, act: Callable[[], None]) -> None:
        with self._opening:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name="nbagent-engine", daemon=True
                )
                self._thread.start()
        self._inbox.put(act)

    # From here on: the dispatcher's thread.

    def _work(self) -> None:
        while True:
            try:
                act = self._inbox.get(timeout=_TICK_S if self._needed() else None)
            except queue.Empty:
                act = _nothing
            if act is None:
                break
            try:
                act()
                self._tend()
            except Exception as error:  # noqa: BLE001
                # A border: when a scheduler dies, Dask raises errors of many kinds.
                _log.debug("the link broke", exc_info=True)
                self._broken(error)
        self._unlink()

    def _reorder(self, entries: Sequence[Entry], done: threading.Event) -> None:
        waiting = [entry for entry in entries if entry.place == "queued"]
        numbers = sorted(entry.number for entry in waiting)
        for entry, number in zip(waiting, numbers, strict=True):
            entry.number = number
        done.set()

    def _needed(self) -> bool:
        # What is paused needs no engine, which may leave meanwhile.
        active = any(entry.place != "paused" for entry in self._live)
        return bool(active or self._starting or self._warming)

    def _tend(self) -> None:
        """Bring everything as far as it can go now."""
        self._stop_wanted()
        self._pause_wanted()
        if not self._needed() or self._connecting:
            return
        if self._link is None:
            self._connecting = True
            threading.Thread(
                target=self._connect, name="nbagent-connect", daemon=True
            ).start()
            return
        link = self._link
        if not link.alive:
            raise ConnectionError("the engine host is gone")
        for promise in self._starting:
            promise.set_result(None)
        self._starting.clear()
        while self._warming:
            threading.Thread(
                target=_warm, args=[link, self._warming.pop()], daemon=True
            ).start()
        for store in {entry.job.store for entry in self._live} - self._listening:
            link.listen(store, partial(self._post_event, store))
            self._listening.add(store)
        for entry in [e for e in self._live if e.place == "away"]:
            self._take_up(link, entry)
        self._look(link)
        self._dispatch(link)

    def _connect(self) -> None:
        # In a thread beside: it takes seconds, and a cancel must not wait for it.
        try:
            from nbagent.jobs.link import Link  # brings distributed

            link = Link.connect(self._settings, self._renderer)
        except Exception as error:  # noqa: BLE001
            # A border: an error that ended this thread would leave all jobs waiting.
            _log.debug("no link", exc_info=True)
            self._inbox.put(partial(self._unreachable, error))
        else:
            self._inbox.put(partial(self._linked, link))

    def _linked(self, link: Link) -> None:
        self._connecting = False
        self._link = link
        self._peopled = time.monotonic()

    def _unreachable(self, error: Exception) -> None:
        self._connecting = False
        failure = error if isinstance(error, NbagentError) else EngineError(str(error))
        for promise in self._starting:
            promise.set_exception(failure)
        self._starting.clear()
        self._warming.clear()
        for entry in [e for e in self._live if e.place != "paused"]:
            self._end(entry, "failed", str(failure))

    def _broken(self, error: Exception) -> None:
        self._unlink()
        self._breaks += 1
        if self._breaks > _MAX_LOSSES:  # with nothing heard in between
            self._unreachable(
                WorkerLost(
                    f"the engine host keeps failing ({error}): see nbagent doctor"
                )
            )

    def _unlink(self) -> None:
        """Drop the link; what was sent has to be looked for over the next one."""
        link, self._link = self._link, None
        self._workers, self._looked = [], 0.0
        self._listening.clear()
        for entry in self._live:
            if entry.place == "sent":
                self._lose(entry)
        if link is not None:
            link.close()

    def _take_up(self, link: Link, entry: Entry) -> None:
        """Find out what became of a job that an earlier link or kernel sent."""
        try:
            recorded = _recorded(entry.job)
        except StoreError as error:
            self._end(entry, "failed", str(error))
            return
        if recorded.state in _FINAL:
            self._end(entry, recorded.state, recorded.message)
        elif recorded.state == "paused":
            entry.pause = True
            self._halt(entry)
        elif future := link.find(entry.job):
            self._watch(entry, future)
            if word := link.last_word(entry.job):
                self._hear(entry, word)
        else:
            self._again(entry)

    def _again(self, entry: Entry) -> None:
        """Queue a lost job, unless it was lost too often."""
        if entry.losses > _MAX_LOSSES:
            self._end(entry, "failed", _CRASHED)
        else:
            entry.place = "queued"

    def _look(self, link: Link) -> None:
        """See which workers are there, and which jobs no longer have theirs."""
        now = time.monotonic()
        if now - self._looked < _LOOK_S:
            return
        self._workers, self._looked = link.workers(), now
        if self._workers:
            self._peopled = now
        for entry in [e for e in self._live if e.place == "sent" and e.worker]:
            if entry.worker in self._workers or not self._workers:
                entry.seen = now
            elif now - entry.seen > _GONE_S and not entry.stop:
                # Others are there and it is silent. Dask should have given it to one
                # of them, but has corners where it does not: it came before its lane.
                if entry.future is not None:
                    link.cancel(entry.future)
                link.forget(entry.job)
                self._lose(entry)
                # Not looked for: the old try may just be recording that it was stopped.
                self._again(entry)

    def _lose(self, entry: Entry) -> None:
        """Look for a job again, as if a kernel long gone had sent it."""
        entry.place, entry.future, entry.heard = "away", None, False
        entry.worker = entry.stop_by = None
        entry.losses += 1

    def _dispatch(self, link: Link) -> None:
        """Send the most urgent entries to free lanes, the least busy worker first."""
        queued = [entry for entry in self._live if entry.place == "queued"]
        if not queued:
            return
        if not self._workers and time.monotonic() - self._peopled > _NO_WORKER_S:
            for entry in queued:
                self._end(entry, "failed", "no worker started: see nbagent doctor")
        sent = [entry for entry in self._live if entry.place == "sent"]
        for entry in in_order(queued):
            lane = RESOURCE[entry.job.lane]
            taken = {e.worker for e in sent if RESOURCE[e.job.lane] == lane}
            free = [address for address in self._workers if address not in taken]
            if free:
                load = [e.worker for e in sent]
                entry.worker = min(free, key=load.count)
                pin = entry.worker if len(self._workers) > 1 else None
                self._watch(entry, link.submit(entry.job, entry.number, pin))
                sent.append(entry)

    def _watch(self, entry: Entry, future: Future[Progress]) -> None:
        entry.place, entry.future, entry.seen = "sent", future, time.monotonic()
        future.add_done_callback(
            lambda done: self._inbox.put(partial(self._done, entry, done))
        )

    def _done(self, entry: Entry, future: Future[Progress]) -> None:
        """Take note that Dask is done with a future, in whatever way."""
        if entry.future is not future or entry.place != "sent" or self._link is None:
            return
        how = self._link.outcome(future)
        if isinstance(how, Progress):
            self._end(entry, how.state, how.message)
        elif how is not None:
            killed = how == "KilledWorker"
            self._end(entry, "failed", _CRASHED if killed else f"Dask failed: {how}")
        elif not (entry.stop or entry.leaving):
            # Lost, with the host or by somebody's restart: look for it again.
            self._lose(entry)

    def _post_event(self, store: str, event: dict[str, Any]) -> None:
        self._inbox.put(partial(self._event, store, event))

    def _event(self, store: str, event: dict[str, Any]) -> None:
        for entry in list(self._live):
            if entry.job.id == event["progress"]["job"] and entry.job.store == store:
                self._hear(entry, event)

    def _hear(self, entry: Entry, event: dict[str, Any]) -> None:
        if entry.future is None or entry.future.key != event["key"]:
            return  # the late word of an earlier try
        entry.worker, entry.heard, entry.seen = event["worker"], True, time.monotonic()
        self._breaks = 0
        word = Progress(**event["progress"])
        if word.state in _FINAL:
            self._end(entry, word.state, word.message)
        else:
            self._tell(entry, word)

    def _stop_wanted(self) -> None:
        now = time.monotonic()
        for entry in [e for e in self._live if e.stop]:
            is_idle = entry.place in ("queued", "paused")
            if is_idle or (entry.stop_by and now > entry.stop_by):
                self._end(entry, "cancelled", "")
            elif entry.stop_by is None and self._link and entry.future:
                self._link.cancel(entry.future)
                entry.stop_by = now + (_CONFIRM_S if entry.heard else 2 * _TICK_S)

    def _pause_wanted(self) -> None:
        """Take what is to be paused from the queue or its worker, and put it back."""
        now = time.monotonic()
        for entry in [e for e in self._live if not e.stop]:
            if entry.place == "paused" and not entry.pause:
                entry.place = "queued"
                self._mark(entry, "queued")
            elif entry.leaving:
                if entry.stop_by and now > entry.stop_by:
                    self._halt(entry)
            elif entry.pause and entry.place == "queued":
                self._halt(entry)
            elif entry.pause and entry.place == "sent" and self._link and entry.future:
                # As if it were cancelled: the worker leaves a checkpoint.
                self._link.cancel(entry.future)
                entry.leaving = True
                entry.stop_by = now + (_CONFIRM_S if entry.heard else 2 * _TICK_S)

    def _halt(self, entry: Entry) -> None:
        """Put an entry aside; its checkpoint lies in the store."""
        if entry.future is not None and self._link is not None:
            self._link.forget(entry.job)
        entry.place, entry.future, entry.heard = "paused", None, False
        entry.worker = entry.stop_by = None
        entry.leaving = False
        self._mark(entry, "paused")

    def _mark(self, entry: Entry, state: JobState) -> None:
        _record(entry.job, state, "", over_end=True)
        self._tell(entry, replace(entry.last, state=state, message="", eta_s=None))

    def _end(self, entry: Entry, state: JobState, message: str) -> None:
        """End an entry, once."""
        if entry.place == "ended":
            return
        if state == "cancelled" and entry.leaving and not entry.stop:
            self._halt(entry)
            return
        sent, entry.place = entry.future, "ended"
        self._live.remove(entry)
        if state != "done":
            _record(entry.job, state, message)
        self._tell(entry, replace(entry.last, state=state, message=message, eta_s=None))
        entry.ended.set()
        if sent is not None and self._link is not None:
            self._link.forget(entry.job)

    def _tell(self, entry: Entry, progress: Progress) -> None:
        entry.last = progress
        for listener in tuple(entry.listeners):
            try:
                listener(progress)
            except Exception:  # noqa: BLE001
                # A border: a broken view must not stop anybody's jobs.
                _log.exception("a listener of job %s failed", entry.job.id)


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Return entries in the order in which they go to a worker."""
    return sorted(entries, key=lambda e: (-URGENCY[e.job.lane], e.number))


def _warm(link: Link, model: str) -> None:
    try:
        link.warm(model)
    except Exception:  # noqa: BLE001
        # The first job meets the same trouble, and tells it.
        _log.debug("could not warm %s", model, exc_info=True)


def _nothing() -> None:
    """Stand for a tick without a message."""


def _recorded(job: Job) -> Progress:
    """Return what the ledger says of a job: the truth when links come and go."""
    from nbagent.ledger import Ledger

    with Ledger(Path(job.store)) as ledger:
        row = ledger.job(job.id)
        return Progress(job=job.id, state=row.state, message=row.message)


def _record(job: Job, state: JobState, message: str, *, over_end: bool = False) -> None:
    """Write what no worker could write: it never began, it died, it is paused."""
    from nbagent.ledger import Ledger

    try:
        with Ledger(Path(job.store)) as ledger:
            if over_end or ledger.job(job.id).state not in _FINAL:
                ledger.set_job(job.id, state, message=message)
    except StoreError:
        _log.debug("job %s could not be recorded", job.id, exc_info=True)
