"""The stop button: what may be broken off, and what is done to its end first.

The button raises `KeyboardInterrupt` between any two instructions of the main thread.
Half an import cannot be repeated (numpy refuses), and half a turn is none. So a turn is
held together by `held`, and what may take long within it, a wait or another's server,
is let go by `released`: there the button is heard at once, and otherwise a moment later.
"""

from __future__ import annotations

import functools
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from nbagent.errors import Cancelled

if TYPE_CHECKING:
    from nbagent.take import Progress

_P = ParamSpec("_P")
_R = TypeVar("_R")


class _Hold:
    """Stands in for the handler of the stop button, and remembers that it was pressed."""

    def __init__(self, before: Any) -> None:
        self.before = before
        self.is_pressed = False

    def __call__(self, _signal: int, _frame: FrameType | None) -> None:
        self.is_pressed = True


@contextmanager
def held() -> Iterator[None]:
    """Do what stands inside to its end; then let the stop button do what it does.

    The button's signal comes to the main thread alone: in others there is none to hold.
    """
    before = signal.getsignal(signal.SIGINT)
    if not _is_main() or isinstance(before, _Hold):
        yield
        return
    hold = _Hold(before)
    signal.signal(signal.SIGINT, hold)
    try:
        yield
    finally:
        _let_go(hold)


@contextmanager
def released() -> Iterator[None]:
    """Hear the stop button inside, also if it was pressed shortly before.

    Raises:
        KeyboardInterrupt: When it is pressed.
    """
    hold = signal.getsignal(signal.SIGINT)
    if not _is_main() or not isinstance(hold, _Hold):
        yield
        return
    try:
        _let_go(hold)
        yield
    finally:
        signal.signal(signal.SIGINT, hold)


def in_one_line(line: str) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Make a decorator that says in one line that a function was stopped.

    Args:
        line: What that means, and what to do next.
    """

    def decorate(function: Callable[_P, _R]) -> Callable[_P, _R]:
        @functools.wraps(function)
        def run(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            try:
                return function(*args, **kwargs)
            except KeyboardInterrupt:
                raise Cancelled(line) from None

        return run

    return decorate


def stopped_line(names: Sequence[str], ends: Sequence[Progress]) -> str:
    """Say where the takes of a turn were stopped, by the names of their clips."""
    parts = [
        f"{name} at step {last.step} of {last.num_steps}"
        if last.num_steps
        else f"{name} before its first step"
        for name, last in zip(names, ends, strict=True)
        if last.state != "done"
    ]
    if not parts:
        done = ", ".join(names)
        return f"stopped, but {done} was already done: run the cell to see it"
    return (
        f"stopped {', '.join(parts)}: run the cell again to continue from"
        " there, or say something else"
    )


def _is_main() -> bool:
    return threading.current_thread() is threading.main_thread()


def _let_go(hold: _Hold) -> None:
    """Give the button its own handler back, and press it again if it was pressed."""
    signal.signal(signal.SIGINT, hold.before)
    if hold.is_pressed:
        hold.is_pressed = False
        signal.raise_signal(signal.SIGINT)
