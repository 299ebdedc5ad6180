"""The queue of a kernel, and the thread that works it off.

A job leaves the queue only when a lane of a worker is free, because Dask binds a task
to a worker at once and does not reliably move it: a short job would wait behind a long
one. One thread owns all state (see `mailbox`), so nothing here is locked. distributed is
imported when it first connects, in a thread beside.
"""

# mypy: allow-untyped-calls

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future as Promise
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from nbagent.errors import EngineError, NbagentError, StoreError, WorkerLost
from nbagent.jobs.entry import Entry
from nbagent.jobs.mailbox import Mailbox
from nbagent.jobs.recorded import FINAL, Words, as_recorded, recorded
from nbagent.jobs.turnstile import RESOURCE, URGENCY
from nbagent.settings import Settings
from nbagent.take import JobState, Progress

if TYPE_CHECKING:
    from distributed import Future

    from nbagent.jobs.link import Link

_REORDER_S: Final = 20.0
_REST_S: Final = 0.5  # before a job is sent again that Dask failed to run
_LOOK_S: Final = 0.5
_GONE_S: Final = 15.0  # what is silent longer than this on a live worker, is lost
_NO_WORKER_S: Final = 60.0
_MAX_LOSSES: Final = 3  # as many as Dask's own allowed-failures of a task
_CRASHED: Final = (
    "the worker crashed or ran out of memory:"
    " try fewer frames or a smaller size, or draft quality"
)
# What a worker raises that has another nbagent than this kernel, or none.
_FOREIGN: Final = frozenset({"ModuleNotFoundError", "ImportError", "AttributeError"})
_log = logging.getLogger(__name__)


class Dispatcher:
    """Brings entries to their end, over as many links as that takes."""

    def __init__(self, settings: Settings, renderer: str | None) -> None:
        """Do nothing yet."""
        self._settings = settings
        self._renderer = renderer
        self._mailbox = Mailbox(self)
        self._link: Link | None = None
        self._connecting = False
        self._live: list[Entry] = []
        self._words = Words()
        self._starting: list[Promise[None]] = []
        self._warming: set[str] = set()
        self._listening: set[str] = set()
        self._workers: list[str] = []
        self._looked = self._peopled = 0.0
        self._breaks = 0
        self._equipping = False

    # What other threads may call: each leaves a message.

    @property
    def attached(self) -> bool:
        """Whether there is a link now."""
        return self._link is not None

    def start(self) -> Promise[None]:
        """Connect; the promise is kept or broken when that is settled."""
        promise: Promise[None] = Promise()
        self._mailbox.post(partial(self._starting.append, promise))
        return promise

    def warm(self, model: str) -> None:
        """Connect, and load a model in the workers."""
        self._mailbox.post(partial(self._warming.add, model))

    def add(self, entry: Entry) -> None:
        """Take an entry on."""
        self._mailbox.post(partial(self._enter, entry))

    def reorder(self, entries: Sequence[Entry]) -> None:
        """Let queued entries go in this order, as far as their lanes allow."""
        done = threading.Event()
        self._mailbox.post(partial(self._reorder, entries, done))
        done.wait(_REORDER_S)

    def cancel(self, entry: Entry) -> None:
        """Stop an entry."""
        self._mailbox.post(partial(setattr, entry, "stop", True))

    def pause(self, entry: Entry, *, wanted: bool) -> None:
        """Halt an entry, or let it go on."""
        self._mailbox.post(partial(setattr, entry, "pause", wanted))

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
        self._mailbox.close()

    # From here on: the dispatcher's thread.

    def _enter(self, entry: Entry) -> None:
        self._live.append(entry)
        self._words.forget(entry.job)
        self._tell(entry, entry.last)

    def _reorder(self, entries: Sequence[Entry], done: threading.Event) -> None:
        waiting = [entry for entry in entries if entry.place == "queued"]
        numbers = sorted(entry.number for entry in waiting)
        for entry, number in zip(waiting, numbers, strict=True):
            entry.number = number
        done.set()

    def needed(self) -> bool:
        """Whether there is something to tend."""
        return bool(self._needs_engine() or self._words)

    def _needs_engine(self) -> bool:
        # What is paused needs no engine, which may leave meanwhile.
        active = any(entry.place != "paused" for entry in self._live)
        return bool(active or self._starting or self._warming)

    def tend(self) -> None:
        """Bring everything as far as it can go now."""
        self._words.again()
        self._halt_wanted()
        if not self._needs_engine() or self._connecting:
            return
        if self._link is None:
            self._connecting = True
            self._mailbox.beside(self._connect, self._connected)
            return
        link = self._link
        if not link.alive:
            raise ConnectionError("the engine host is gone")
        for promise in self._starting:
            promise.set_result(None)
        self._starting.clear()
        while self._warming:  # the first job meets the same trouble, and tells it
            self._mailbox.beside(partial(link.warm, self._warming.pop()), _ignored)
        for store in {entry.job.store for entry in self._live} - self._listening:
            link.listen(store, partial(self._post_event, store))
            self._listening.add(store)
        for entry in [e for e in self._live if e.place == "away"]:
            self._take_up(link, entry)
        self._look(link)
        self._dispatch(link)

    def _connect(self) -> Link:
        from nbagent.jobs.link import Link  # brings distributed

        return Link.connect(self._settings, self._renderer)

    def _connected(self, link: Link | Exception) -> None:
        self._connecting = False
        if isinstance(link, Exception):
            self._unreachable(link)
        else:
            self._link = link
            self._peopled = time.monotonic()

    def _unreachable(self, error: Exception) -> None:
        failure = error if isinstance(error, NbagentError) else EngineError(str(error))
        for promise in self._starting:
            promise.set_exception(failure)
        self._starting.clear()
        self._warming.clear()
        for entry in [e for e in self._live if e.place != "paused"]:
            self._end(entry, "failed", str(failure))

    def broken(self, error: Exception) -> None:
        """Drop the link, whatever Dask raised; the next one may be better."""
        self.leave()
        self._breaks += 1
        if self._breaks > _MAX_LOSSES:  # with nothing heard in between
            self._unreachable(
                WorkerLost(
                    f"the engine host keeps failing ({error}): see nbagent doctor"
                )
            )

    def leave(self) -> None:
        """Drop the link; what was sent has to be looked for over the next one."""
        link, self._link = self._link, None
        self._workers, self._looked = [], 0.0
        self._equipping = False
        self._listening.clear()
        for entry in self._live:
            if entry.place == "sent":
                # One that had not begun has no part in it.
                self._lose(entry, counts=entry.heard)
        if link is not None:
            link.close()

    def _take_up(self, link: Link, entry: Entry) -> None:
        """Find out what became of a job that an earlier link or kernel sent."""
        try:
            last = recorded(entry.job)
        except StoreError as error:
            self._end(entry, "failed", str(error))
            return
        if last.state in FINAL:
            self._end(entry, last.state, last.message)
        elif last.state == "paused":
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
            self._end(entry, "failed", self._why_lost(entry))
        else:
            entry.place = "queued"

    def _why_lost(self, entry: Entry) -> str:
        if entry.trouble is None:
            return _CRASHED
        if entry.trouble in _FOREIGN and self._link is not None:
            return self._link.refused(entry.trouble)
        return (
            f"Dask failed to run it {entry.losses} times ({entry.trouble}): run the"
            " cell again, or see nbagent doctor"
        )

    def _look(self, link: Link) -> None:
        """See which workers are there, and which jobs no longer have theirs."""
        now = time.monotonic()
        if now - self._looked < _LOOK_S:
            return
        link.look()
        self._workers, self._looked = link.workers, now
        if link.strangers and not self._equipping:
            self._equipping = True
            self._mailbox.beside(link.equip, partial(self._equipped, link))
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

    def _equipped(self, link: Link, _answer: object) -> None:
        if link is self._link:
            self._equipping, self._looked = False, 0.0

    def _lose(self, entry: Entry, *, counts: bool = True) -> None:
        """Look for a job again, as if a kernel long gone had sent it."""
        entry.place, entry.future, entry.heard = "away", None, False
        entry.worker, entry.asked = None, False
        entry.losses += counts

    def _dispatch(self, link: Link) -> None:
        """Send the most urgent entries to free lanes, the least busy worker first."""
        now = time.monotonic()
        queued = [e for e in self._live if e.place == "queued" and e.rests_until <= now]
        if not queued:
            return
        if refusal := self._nobody(link, now):
            for entry in queued:
                self._end(entry, "failed", refusal)
            return
        sent = [entry for entry in self._live if entry.place == "sent"]
        load = [entry.worker for entry in sent]
        taken = {(entry.worker, RESOURCE[entry.job.lane]) for entry in sent}
        for entry in in_order(queued):
            if self._waits(entry):
                continue
            lane = RESOURCE[entry.job.lane]
            free = [one for one in self._workers if (one, lane) not in taken]
            if free and not self._ended_elsewhere(entry):
                if entry.waited:
                    entry.job = as_recorded(entry.job)
                entry.worker = min(free, key=load.count)
                future = link.submit(entry.job, entry.number, entry.worker)
                self._watch(entry, future)
                load.append(entry.worker)
                taken.add((entry.worker, lane))

    def _waits(self, entry: Entry) -> bool:
        """Return whether what an entry is made of is still on its way here.

        Its worker would render that as well.
        """
        store, needs = entry.job.store, entry.job.take.needs
        waits = any(
            one.job.store == store and one.job.take.id in needs for one in self._live
        )
        entry.waited |= waits
        return waits

    def _ended_elsewhere(self, entry: Entry) -> bool:
        """End an entry that another kernel has cancelled while it waited here."""
        if entry.losses:  # what the ledger says may be the word of the lost try
            return False
        with contextlib.suppress(StoreError):
            last = recorded(entry.job)
            if last.state in FINAL:
                self._end(entry, last.state, last.message)
                return True
        return False

    def _nobody(self, link: Link, now: float) -> str | None:
        """Say why nobody will render anything here, if that is so."""
        if self._workers:
            return None
        if now - self._peopled > _NO_WORKER_S:
            return "no worker started: see nbagent doctor"
        return link.refusal

    def _watch(self, entry: Entry, future: Future[Progress]) -> None:
        entry.place, entry.future, entry.seen = "sent", future, time.monotonic()
        future.add_done_callback(
            lambda done: self._mailbox.post(partial(self._done, entry, done))
        )

    def _done(self, entry: Entry, future: Future[Progress]) -> None:
        """Take note that Dask is done with a future, in whatever way."""
        if entry.future is not future or entry.place != "sent" or self._link is None:
            return
        how = self._link.outcome(future)
        if isinstance(how, Progress):
            self._end(entry, how.state, how.message)
        elif entry.stop or entry.leaving:
            return  # its worker says when
        elif how == "KilledWorker":
            self._end(entry, "failed", _CRASHED)
        elif how is None:
            # Lost, with the host or by somebody's restart: look for it again.
            self._lose(entry)
        else:
            # The job itself raises nothing: this is Dask's, and not the job's end.
            self._link.forget(entry.job)
            self._lose(entry)
            entry.trouble = how
            entry.rests_until = time.monotonic() + _REST_S * entry.losses

    def _post_event(self, store: str, event: dict[str, Any]) -> None:
        self._mailbox.post(partial(self._event, store, event))

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
        if word.state in FINAL:
            self._end(entry, word.state, word.message)
        else:
            self._tell(entry, word)

    def _halt_wanted(self) -> None:
        """Stop what is to end or to pause, and put back what is to go on."""
        for entry in [e for e in self._live if e.stop or e.pause or e.leaving]:
            if entry.place in ("queued", "paused") and entry.stop:
                self._end(entry, "cancelled", "")
            elif entry.place == "queued":
                self._halt(entry)
            elif entry.place == "sent" and not entry.asked:
                self._ask_to_stop(entry)
        for entry in [e for e in self._live if e.place == "paused" and not e.pause]:
            entry.place = "queued"
            self._mark(entry, "queued")

    def _ask_to_stop(self, entry: Entry) -> None:
        """Have the worker stop a job; for a pause it leaves a checkpoint."""
        link, future = self._link, entry.future
        if link is None or future is None:
            return
        entry.asked = True
        entry.leaving = entry.leaving or not entry.stop
        self._mailbox.beside(
            partial(link.stop, future), partial(self._stopped, entry, future)
        )

    def _stopped(self, entry: Entry, future: Future[Progress], answer: object) -> None:
        """Take note that nobody renders a job any more, or ask again."""
        if entry.future is not future or entry.place != "sent":
            return
        entry.asked = False
        if answer is not True:  # it is in a long step, or the link broke
            return
        last = recorded(entry.job)
        is_over = last.state in ("done", "failed")  # just before
        self._end(
            entry,
            last.state if is_over else "cancelled",
            last.message if is_over else "",
        )

    def _halt(self, entry: Entry) -> None:
        """Put an entry aside; its checkpoint lies in the store."""
        if entry.future is not None and self._link is not None:
            self._link.forget(entry.job)
        entry.place, entry.future, entry.heard = "paused", None, False
        entry.worker, entry.asked, entry.leaving = None, False, False
        self._mark(entry, "paused")

    def _mark(self, entry: Entry, state: JobState) -> None:
        self._words.record(entry.job, state, "", over_end=True)
        self._tell(entry, replace(entry.last, state=state, message="", eta_s=None))

    def _end(self, entry: Entry, state: JobState, message: str) -> None:
        """End an entry, once."""
        if entry.place == "ended":
            return
        if state == "cancelled" and entry.leaving and not entry.stop:
            self._halt(entry)
            return
        sent, entry.place, entry.future = entry.future, "ended", None
        self._live.remove(entry)
        if state != "done":
            self._words.record(entry.job, state, message)
        self._tell(entry, replace(entry.last, state=state, message=message, eta_s=None))
        entry.listeners.clear()  # they hold a turn with its player
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


def _ignored(_answer: object) -> None:
    """Hear nothing of it."""
