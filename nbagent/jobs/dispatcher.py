"""The queue of a kernel, and the thread that works it off.

A job leaves the queue only when a lane of a worker is free, because Dask binds a task
to a worker at once and does not reliably move it: a short job would wait behind a long
one. One thread owns all state (see `mailbox`), so nothing here is locked. distributed is
imported when it first connects, in a thread beside.
"""

# mypy: allow-untyped-calls

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future as Promise
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from nbagent.errors import EngineError, NbagentError, StoreError, WorkerLost
from nbagent.jobs.live import Live, in_order
from nbagent.jobs.mailbox import Mailbox
from nbagent.jobs.queued_job import QueuedJob
from nbagent.jobs.recorded import FINAL, as_recorded, recorded
from nbagent.jobs.roster import Roster
from nbagent.jobs.turnstile import RESOURCE
from nbagent.jobs.waits import ENGINE, Waits
from nbagent.settings import Settings
from nbagent.take import Job, Progress

if TYPE_CHECKING:
    from distributed import Future

    from nbagent.jobs.dask_client import Link

_REORDER_S: Final = 20.0
_REST_S: Final = 0.5  # before a job is sent again that Dask failed to run
_GONE_S: Final = 15.0  # what is silent longer than this on a live worker, is lost
_MAX_LOSSES: Final = 3  # as many as Dask's own allowed-failures of a task
_CRASHED: Final = (
    "the worker crashed or ran out of memory:"
    " try fewer frames or a smaller size, or draft quality"
)
_LOST: Final = (
    "the worker stopped: it starts again and goes on from the last saved step"
)
# What a worker raises that has another nbagent than this kernel, or none.
_FOREIGN: Final = frozenset({"ModuleNotFoundError", "ImportError", "AttributeError"})


class Dispatcher:
    """Brings entries to their end, over as many links as that takes."""

    def __init__(self, settings: Settings, renderer: str | None) -> None:
        """Do nothing yet."""
        self._settings = settings
        self._renderer = renderer
        self._mailbox = Mailbox(self)
        self._link: Link | None = None
        self._connecting = False
        self._live = Live(self._forget, Waits(settings.state))
        self._starting: list[Promise[None]] = []
        self._warming: set[str] = set()
        self._roster = Roster(self._mailbox)  # of the link
        self._breaks = 0

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

    def add(self, entry: QueuedJob) -> None:
        """Take an entry on."""
        self._mailbox.post(partial(self._live.enter, entry))

    def reorder(self, entries: Sequence[QueuedJob]) -> None:
        """Let queued entries go in this order, as far as their lanes allow."""
        done = threading.Event()
        self._mailbox.post(partial(self._live.reorder, entries, done))
        done.wait(_REORDER_S)

    def cancel(self, entry: QueuedJob) -> None:
        """Stop an entry."""
        self._mailbox.post(partial(setattr, entry, "stop", True))

    def pause(self, entry: QueuedJob, *, wanted: bool) -> None:
        """Halt an entry, or let it go on."""
        self._mailbox.post(partial(setattr, entry, "pause", wanted))

    def preview(self, entry: QueuedJob) -> bytes | None:
        """Ask the worker for a preview, in the caller's thread."""
        link = self._link
        if link is None or (worker := self._runs_at(entry)) is None:
            return None
        return link.preview(entry.job, worker)

    def keep(self, entry: QueuedJob) -> bool:
        """Have the worker end a job early, in the caller's thread."""
        link = self._link
        if link is None or (worker := self._runs_at(entry)) is None:
            return False
        return link.keep(entry.job, worker)

    def _runs_at(self, entry: QueuedJob) -> str | None:
        """Return the worker that is rendering an entry, as far as is known."""
        if entry.place != "sent" or not entry.heard:
            return None
        return entry.worker if entry.worker in self._roster.workers else None

    def close(self) -> None:
        """End the thread and the link, not the jobs."""
        self._mailbox.close()

    # From here on: the dispatcher's thread.

    def _forget(self, job: Job) -> None:
        if self._link is not None:
            self._link.forget(job)

    def needed(self) -> bool:
        """Whether there is something to tend."""
        return bool(self._needs_engine() or self._live.words)

    def _needs_engine(self) -> bool:
        # What is paused needs no engine, which may leave meanwhile.
        active = any(entry.place != "paused" for entry in self._live)
        return bool(active or self._starting or self._warming)

    def tend(self) -> None:
        """Bring everything as far as it can go now."""
        self._live.words.again()
        self._halt_wanted()
        if not self._needs_engine() or self._connecting:
            return
        if self._link is None:
            self._connecting = True
            self._live.begin_cold(self._settings)
            self._mailbox.beside(self._connect, self._connected)
            return
        link = self._link
        if not link.alive:
            raise ConnectionError("the engine host is gone")
        for promise in self._starting:
            promise.set_result(None)
        self._starting.clear()
        while self._warming:  # the first job meets the same trouble, and tells it
            self._mailbox.beside(
                partial(link.warm, self._warming.pop()), lambda _: None
            )
        for store in {entry.job.store for entry in self._live}:
            link.listen(store, partial(self._post_event, store))
        for entry in [e for e in self._live if e.place == "away"]:
            self._take_up(link, entry)
        self._look(link)
        self._dispatch(link)

    def _connect(self) -> Link:
        from nbagent.jobs.dask_client import Link  # brings distributed

        return Link.connect(self._settings, self._renderer)

    def _connected(self, link: Link | Exception) -> None:
        self._connecting = False
        if isinstance(link, Exception):
            self._unreachable(link)
        else:
            self._roster = Roster(self._mailbox)
            self._link = link

    def _unreachable(self, error: Exception) -> None:
        failure = error if isinstance(error, NbagentError) else EngineError(str(error))
        for promise in self._starting:
            promise.set_exception(failure)
        self._starting.clear()
        self._warming.clear()
        self._live.cold.drop(ENGINE)
        for entry in [e for e in self._live if e.place != "paused"]:
            self._live.end(entry, "failed", str(failure))

    def broken(self, error: Exception) -> None:
        """Drop the link, whatever Dask raised; the next one may be better."""
        for entry in [e for e in self._live if e.place == "sent"]:
            self._tell_lost(entry)
        self.leave()
        self._breaks += 1
        if self._breaks > _MAX_LOSSES:  # with nothing heard in between
            self._unreachable(
                WorkerLost(
                    f"the engine host keeps failing ({error}): run nbagent doctor"
                )
            )

    def leave(self) -> None:
        """Drop the link; what was sent has to be looked for over the next one."""
        link, self._link = self._link, None
        for entry in self._live:
            if entry.place == "sent":
                # One that had not begun has no part in it.
                self._live.lose(entry, counts=entry.heard)
        if link is not None:
            link.close()

    def _take_up(self, link: Link, entry: QueuedJob) -> None:
        """Find out what became of a job that an earlier link or kernel sent."""
        try:
            last = recorded(entry.job)
        except StoreError as error:
            self._live.end(entry, "failed", str(error))
            return
        if last.state in FINAL:
            self._live.end(entry, last.state, last.message)
        elif last.state == "paused":
            entry.pause = True
            self._live.halt(entry)
        elif future := link.find(entry.job):
            self._watch(entry, future)
            if word := link.last_word(entry.job):
                self._hear(entry, word)
        else:
            self._again(entry)

    def _again(self, entry: QueuedJob) -> None:
        """Queue a lost job, unless it was lost too often."""
        if entry.losses > _MAX_LOSSES:
            self._live.end(entry, "failed", self._why_lost(entry))
        else:
            entry.place = "queued"

    def _why_lost(self, entry: QueuedJob) -> str:
        if entry.trouble is None:
            return _CRASHED
        if entry.trouble in _FOREIGN and self._link is not None:
            return self._link.refused(entry.trouble)
        return (
            f"Dask failed to run it {entry.losses} times ({entry.trouble}): run the"
            " cell again, or run nbagent doctor"
        )

    def _look(self, link: Link) -> None:
        """See which workers are there, and which jobs no longer have theirs."""
        if not self._roster.look(link):
            return
        now, workers = time.monotonic(), self._roster.workers
        if workers:
            self._live.warmed()
        for entry in [e for e in self._live if e.place == "sent" and e.worker]:
            if entry.worker not in workers:
                self._tell_lost(entry)
            if entry.worker in workers or not workers:
                entry.seen = now
            elif now - entry.seen > _GONE_S and not entry.stop:
                # Others are there and it is silent. Dask should have given it to one
                # of them, but has corners where it does not: it came before its lane.
                if entry.future is not None:
                    link.cancel(entry.future)
                link.forget(entry.job)
                self._live.lose(entry)
                # Not looked for: the old try may just be recording that it was stopped.
                self._again(entry)

    def _tell_lost(self, entry: QueuedJob) -> None:
        """Say that nobody renders an entry just now, until it is heard of again."""
        if entry.last.state == "running":
            lost = replace(entry.last, state="queued", message=_LOST, eta_s=None)
            self._live.tell(entry, lost)

    def _dispatch(self, link: Link) -> None:
        """Send the most urgent entries to free lanes, the least busy worker first."""
        now = time.monotonic()
        queued = [e for e in self._live if e.place == "queued" and e.rests_until <= now]
        if not queued:
            return
        if refusal := self._roster.lack(link):
            for entry in queued:
                self._live.end(entry, "failed", refusal)
            return
        sent = [entry for entry in self._live if entry.place == "sent"]
        load = [entry.worker for entry in sent]
        taken = {(entry.worker, RESOURCE[entry.job.lane]) for entry in sent}
        for entry in in_order(queued):
            if self._live.waits(entry):
                continue
            lane = RESOURCE[entry.job.lane]
            free = [one for one in self._roster.workers if (one, lane) not in taken]
            if free and not self._live.ended_elsewhere(entry):
                if entry.waited:
                    entry.job = as_recorded(entry.job)
                entry.worker = min(free, key=load.count)
                entry.in_doubt = True
                future = link.submit(entry.job, entry.number, entry.worker)
                entry.in_doubt = False
                self._watch(entry, future)
                load.append(entry.worker)
                taken.add((entry.worker, lane))

    def _watch(self, entry: QueuedJob, future: Future[Progress]) -> None:
        entry.place, entry.future, entry.seen = "sent", future, time.monotonic()
        future.add_done_callback(
            lambda done: self._mailbox.post(partial(self._done, entry, done))
        )

    def _done(self, entry: QueuedJob, future: Future[Progress]) -> None:
        """Take note that Dask is done with a future, in whatever way."""
        if entry.future is not future or entry.place != "sent" or self._link is None:
            return
        how = self._link.outcome(future)
        if isinstance(how, Progress):
            self._live.end(entry, how.state, how.message)
        elif entry.stop or entry.leaving:
            return  # its worker says when
        elif how == "KilledWorker":
            self._live.end(entry, "failed", _CRASHED)
        elif how is None:
            # Lost, with the host or by somebody's restart: look for it again.
            self._live.lose(entry)
        else:
            # The job itself raises nothing: this is Dask's, and not the job's end.
            self._link.forget(entry.job)
            self._live.lose(entry)
            entry.trouble = how
            entry.rests_until = time.monotonic() + _REST_S * entry.losses

    def _post_event(self, store: str, event: dict[str, Any]) -> None:
        self._mailbox.post(partial(self._event, store, event))

    def _event(self, store: str, event: dict[str, Any]) -> None:
        for entry in list(self._live):
            if entry.job.id == event["progress"]["job"] and entry.job.store == store:
                self._hear(entry, event)

    def _hear(self, entry: QueuedJob, event: dict[str, Any]) -> None:
        if entry.future is None or entry.future.key != event["key"]:
            return  # the late word of an earlier try
        entry.worker, entry.heard, entry.seen = event["worker"], True, time.monotonic()
        self._breaks = 0
        word = Progress(**event["progress"])
        if word.state in FINAL:
            self._live.end(entry, word.state, word.message)
        else:
            self._live.tell(entry, self._live.cold.told(entry.job, word))

    def _halt_wanted(self) -> None:
        """Stop what is to end or to pause, and put back what is to go on."""
        for entry in [e for e in self._live if e.stop or e.pause or e.leaving]:
            if entry.place in ("queued", "paused") and entry.stop:
                self._live.end(entry, "cancelled", "")
            elif entry.place == "queued":
                self._live.halt(entry)
            elif entry.place == "sent" and not entry.asked:
                self._ask_to_stop(entry)
        self._live.wake()

    def _ask_to_stop(self, entry: QueuedJob) -> None:
        """Have the worker stop a job; for a pause it leaves a checkpoint."""
        link, future = self._link, entry.future
        if link is None or future is None:
            return
        entry.asked = True
        entry.leaving = entry.leaving or not entry.stop
        self._mailbox.beside(
            partial(link.stop, future), partial(self._stopped, entry, future)
        )

    def _stopped(
        self, entry: QueuedJob, future: Future[Progress], answer: object
    ) -> None:
        """Take note that nobody renders a job any more, or ask again."""
        if entry.future is not future or entry.place != "sent":
            return
        entry.asked = False
        if answer is not True:  # it is in a long step, or the link broke
            return
        last = recorded(entry.job)
        if last.state not in ("done", "failed"):  # else it was over just before
            last = replace(last, state="cancelled", message="")
        self._live.end(entry, last.state, last.message)
