"""The kernel's way to the engine: jobs go in, and each ends exactly once.

    with Engine(settings) as engine:
        engine.submit(job, print)
        engine.wait(job.id)

Importing this loads nothing heavy; the first job, `start` or `warm` imports distributed
in a thread of its own.
"""

from __future__ import annotations

import itertools
import pickle
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from typing import Any, Final

from nbagent.errors import SpecError
from nbagent.jobs.dispatcher import Dispatcher
from nbagent.jobs.live import in_order
from nbagent.jobs.queued_job import Listener, Place, QueuedJob
from nbagent.jobs.runtime import log_file, read_host
from nbagent.models.machine import missing_packages
from nbagent.settings import Settings
from nbagent.take import Job, Progress

_KEPT_ENDS: Final = 500  # jobs that ended, of which somebody may still ask how


class Engine:
    """Carries jobs to workers; the kernel's side of everything that renders.

    Listeners are called from the engine's own thread: with every progress of a job,
    and exactly once with its end (`done`, `failed` or `cancelled`).
    """

    def __init__(self, settings: Settings, *, renderer: str | None = None) -> None:
        """Do nothing yet.

        Args:
            settings: Where the engine host is found or started.
            renderer: Import string of another renderer, `module:Class`.
        """
        self._settings = settings
        self._renderer = renderer
        self._dispatcher = Dispatcher(settings, renderer)
        self._entries: dict[str, QueuedJob] = {}
        self._numbers = itertools.count()
        self._entering = threading.Lock()

    def lacks(self) -> str:
        """Say what is missing to render anything, and what to do; or nothing."""
        is_elsewhere = self._settings.engine or self._renderer is not None
        missing = () if is_elsewhere else missing_packages()
        if not missing:
            return ""
        return (
            f"nothing can render here: this kernel's environment ({sys.prefix}) has no"
            f" {', '.join(missing)}. Run %pip install 'nbagent[local]', or set"
            " NBAGENT_ENGINE to a cluster that renders"
        )

    def start(self) -> None:
        """Wait until the engine is there; starting it takes some seconds.

        Raises:
            EngineError: If it cannot be started or reached.
        """
        self._dispatcher.start().result()

    def warm(self, model: str | None = None) -> None:
        """Start the engine and load a model in the background; a job tells of errors."""
        self._dispatcher.warm(model or self._settings.model)

    def submit(self, job: Job, listener: Listener) -> None:
        """Queue a job; returns at once.

        Raises:
            SpecError: If it is none, or cannot travel to a worker.
        """
        self._enter(job, listener, "queued")

    def reattach(self, jobs: Iterable[Job], listener: Listener) -> None:
        """Take up unfinished jobs, of an earlier kernel or of this one.

        Those that still run are heard again, those that ended meanwhile report their
        end, and the others are rendered, from their checkpoint on.
        """
        for job in jobs:
            self._enter(job, listener, "away")

    def cancel(self, job_id: str) -> None:
        """Stop a job within a step; what was rendered stays as its checkpoint."""
        self._dispatcher.cancel(self._entry(job_id))

    def keep(self, job_id: str) -> None:
        """End a job after its step; the clip is made of what it looks like then.

        Raises:
            SpecError: If the job has not come to its first step, or has ended.
        """
        if not self._dispatcher.keep(self._entry(job_id)):
            raise SpecError(
                "there is nothing to keep: wait for a preview, unless the clip is"
                " already done"
            )

    def pause(self, job_id: str) -> None:
        """Halt a job within a step; its lane is free for others until `resume`."""
        self._dispatcher.pause(self._entry(job_id), wanted=True)

    def resume(self, job_id: str) -> None:
        """Queue a paused job again; it goes on from its checkpoint."""
        self._dispatcher.pause(self._entry(job_id), wanted=False)

    def queue(self) -> tuple[str, ...]:
        """Return the jobs that wait here, next first."""
        waiting = [e for e in self._known() if e.place == "queued"]
        return tuple(entry.job.id for entry in in_order(waiting))

    def reorder(self, job_ids: Sequence[str]) -> None:
        """Let waiting jobs go in this order; a more urgent lane still goes first.

        Jobs that are no longer waiting are left alone; returns when it is done.
        """
        self._dispatcher.reorder([self._entry(job_id) for job_id in job_ids])

    def wait(self, job_id: str, timeout_s: float | None = None) -> Progress:
        """Wait for a job's end and return its last word, whatever that is."""
        entry = self._entry(job_id)
        until = float("inf") if timeout_s is None else time.monotonic() + timeout_s
        # In slices, because an endless wait ignores Ctrl-C on Windows.
        while (left := until - time.monotonic()) > 0:
            if entry.ended.wait(min(left, 0.2)):
                break
        return entry.last

    def preview(self, job_id: str) -> bytes | None:
        """Pull what a running job looks like now; waits for the worker's answer."""
        return self._dispatcher.preview(self._entry(job_id))

    def info(self) -> dict[str, Any]:
        """Return what a doctor asks; starts nothing."""
        host = None if self._settings.engine else read_host(self._settings.runtime)
        return {
            "address": self._settings.engine or (host.address if host else None),
            "pid": host.pid if host else None,
            "log": str(log_file(self._settings.runtime)),
            "attached": self._dispatcher.attached,
            "unfinished": sum(e.place != "ended" for e in self._known()),
        }

    def close(self) -> None:
        """Leave; running jobs go on, queued ones wait for `reattach`."""
        self._dispatcher.close()

    def __enter__(self) -> Engine:
        """Be closed on the way out."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def _enter(self, job: Job, listener: Listener, place: Place) -> None:
        _check(job)
        with self._entering:
            known = self._entries.get(job.id)
            if known is not None and known.place != "ended":
                known.listeners.append(listener)
                listener(known.last)
                return
            entry = QueuedJob(
                job=job,
                listeners=[listener],
                number=next(self._numbers),
                last=Progress(job=job.id, state="queued"),
                place=place,
            )
            self._prune()
            self._entries.pop(job.id, None)  # the new one goes to the end
            self._entries[job.id] = entry
        self._dispatcher.add(entry)

    def _prune(self) -> None:
        """Forget the jobs that ended long ago: a kernel lives for weeks."""
        ended = [known for known, e in self._entries.items() if e.place == "ended"]
        for known in ended[:-_KEPT_ENDS]:
            del self._entries[known]

    def _known(self) -> list[QueuedJob]:
        with self._entering:  # else another thread's job comes in between
            return list(self._entries.values())

    def _entry(self, job_id: str) -> QueuedJob:
        try:
            return self._entries[job_id]
        except KeyError:
            raise SpecError(
                f"job {job_id} does not belong to this session: see %nbagent jobs"
            ) from None


def _check(job: Job) -> None:
    """Refuse what would break on its way, where those of others are too."""
    if not isinstance(job, Job):
        raise SpecError(f"{job!r:.40} is not a job: submit a nbagent.take.Job")
    try:
        pickle.dumps(job)
    except Exception as error:
        # A border: what a take holds may raise anything when it is pickled.
        reason = " ".join(str(error).split())[:200]
        raise SpecError(
            f"job {job.id} cannot be sent to a worker ({reason}): use plain values"
            " in its shot"
        ) from error
