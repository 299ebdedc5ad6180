"""One thread that works off calls: what only it touches needs no locks."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from functools import partial
from typing import Final, Protocol, TypeVar

_TICK_S: Final = 0.2
_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class Owner(Protocol):
    """Whose state the thread owns; it calls these."""

    def needed(self) -> bool:
        """Whether to tend without a call too, a few times a second."""
        ...

    def tend(self) -> None:
        """Bring everything as far as it can go now; called after each call."""
        ...

    def broken(self, error: Exception) -> None:
        """Go on after an error in a call, or in tending."""
        ...

    def leave(self) -> None:
        """Let go; the last that is called."""
        ...


class Mailbox:
    """Takes calls from any thread, and makes them in its own, in their order."""

    def __init__(self, owner: Owner) -> None:
        """Start the thread with the first call."""
        self._owner = owner
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._opening = threading.Lock()
        self._thread: threading.Thread | None = None

    def post(self, call: Callable[[], None]) -> None:
        """Leave a call."""
        with self._opening:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name="nbagent-engine", daemon=True
                )
                self._thread.start()
        self._calls.put(call)

    def beside(
        self, ask: Callable[[], _T], then: Callable[[_T | Exception], None]
    ) -> None:
        """Do what may take long in a thread beside; what comes of it is a call."""

        def run() -> None:
            answer: _T | Exception
            try:
                answer = ask()
            except Exception as error:  # noqa: BLE001
                # A border: an error that ended the thread would leave all waiting.
                _log.debug("%s failed", ask, exc_info=True)
                answer = error
            self._calls.put(partial(then, answer))

        threading.Thread(target=run, name="nbagent-beside", daemon=True).start()

    def close(self) -> None:
        """End the thread; a later call starts another."""
        with self._opening:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._calls.put(None)
            thread.join(10)

    def _work(self) -> None:
        while True:
            try:
                call = self._calls.get(
                    timeout=_TICK_S if self._owner.needed() else None
                )
            except queue.Empty:
                call = _nothing
            if call is None:
                break
            try:
                self._make(call)
            except Exception:  # noqa: BLE001
                # A border: whatever it is, the jobs of others go on.
                _log.exception("the engine's thread stumbled")
        self._owner.leave()

    def _make(self, call: Callable[[], None]) -> None:
        try:
            call()
            self._owner.tend()
        except Exception as error:  # noqa: BLE001
            # A border: when a scheduler dies, Dask raises errors of many kinds.
            _log.debug("the link broke", exc_info=True)
            self._owner.broken(error)


def _nothing() -> None:
    """Stand for a tick without a call."""
