"""Lanes, and the turnstile that lets one step at a time through, the most urgent first.

A worker runs one job per lane in threads over the same weights. Between two steps each
job passes the turnstile, so a short interactive job overtakes a long one within a step.
"""

from __future__ import annotations

import bisect
import threading
from types import TracebackType
from typing import Final

URGENCY: Final = {"interactive": 2, "final": 1, "batch": 0}
"""Higher goes first, in the queue and at the turnstile."""

RESOURCE: Final = {
    "interactive": "nbagent_fast",
    "final": "nbagent_gpu",
    "batch": "nbagent_gpu",
}
"""The Dask resource that a lane takes; each worker has one of both."""


class Turnstile:
    """A lock that is handed over by urgency, then by arrival."""

    def __init__(self) -> None:
        """Start open."""
        self._changed = threading.Condition()
        self._waiting: list[tuple[int, int]] = []  # (-urgency, arrival)
        self._arrivals = 0
        self._taken = False

    def admit(self, lane: str, stop: threading.Event) -> Pass:
        """Give one job its pass; `stop` ends a wait early (see `wake`)."""
        return Pass(self, URGENCY[lane], stop)

    def wake(self) -> None:
        """Let the waiting look at their `stop` flags again."""
        with self._changed:
            self._changed.notify_all()

    def enter(self, urgency: int, stop: threading.Event) -> bool:
        """Wait for the turn; return False if `stop` came first."""
        with self._changed:
            self._arrivals += 1
            place = (-urgency, self._arrivals)
            bisect.insort(self._waiting, place)
            self._changed.wait_for(
                lambda: stop.is_set() or (not self._taken and self._waiting[0] == place)
            )
            self._waiting.remove(place)
            if stop.is_set():
                self._changed.notify_all()
                return False
            self._taken = True
            return True

    def leave(self) -> None:
        """Hand over to the most urgent waiter."""
        with self._changed:
            self._taken = False
            self._changed.notify_all()


class Pass:
    """One job's way through the turnstile: call it before each step."""

    def __init__(
        self, turnstile: Turnstile, urgency: int, stop: threading.Event
    ) -> None:
        """Hold nothing until the first call: loading a model blocks nobody."""
        self._turnstile = turnstile
        self._urgency = urgency
        self._stop = stop
        self._inside = False

    def __call__(self) -> None:
        """End the last step, and wait until this job may take the next."""
        self.release()
        self._inside = self._turnstile.enter(self._urgency, self._stop)

    def release(self) -> None:
        """Let others through; idempotent."""
        if self._inside:
            self._inside = False
            self._turnstile.leave()

    def __enter__(self) -> Pass:
        """Be released on the way out, however the job ends."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Release."""
        self.release()
