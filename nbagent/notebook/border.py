"""What both widgets need at the border to the browser: files, answers, busy kernels."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from nbagent.errors import EngineError, NbagentError, SpecError
from nbagent.notebook.wire import request_id

_log = logging.getLogger(__name__)
STATIC = Path(__file__).parent.parent / "static"


class Sender(Protocol):
    """A widget, as a reply needs it."""

    def send(self, content: Any, buffers: Any = None) -> None:
        """Send a message to every view."""
        ...


class Source(Protocol):
    """Where a player gets what its view asks for; called from threads of the player.

    An `NbagentError` raised here is shown in the view as its one line.
    """

    def clip_bytes(self, index: int) -> bytes:
        """Return the finished mp4 of a take."""
        ...

    def preview(self, index: int) -> bytes | None:
        """Return an animated webp of a take being denoised, or None before one."""
        ...

    def cancel(self, index: int | None) -> None:
        """Stop a take, or all of the turn for None."""
        ...

    def keep(self, index: int) -> None:
        """End a running take early, with the clip as it looks then."""
        ...

    def pause(self, index: int) -> None:
        """Halt a take until it is resumed."""
        ...

    def resume(self, index: int) -> None:
        """Let a paused take go on."""
        ...


Answer = Callable[[object], tuple[Mapping[str, Any], list[bytes]]]


def asset(name: str) -> Path:
    """Return a built file of the front end.

    Raises:
        EngineError: If it was never built.
    """
    path = STATIC / name
    if not path.is_file():
        raise EngineError(
            f"the built file {path} is missing: run `npm ci && npm run build` in js/"
        )
    return path


def answer(widget: Sender, content: object, reply_to: Answer) -> None:
    """Answer one message of a view from a thread of its own; returns at once.

    The thread that delivers messages is the kernel's main one, or a subshell's while a
    cell is busy; neither may wait for a file or for the engine. A selection waits for
    neither, and two of them may not change places.
    """
    if isinstance(content, Mapping) and content.get("type") == "select":
        answer_now(widget, content, reply_to)
        return
    threading.Thread(
        target=answer_now,
        args=(widget, content, reply_to),
        name="nbagent-answer",
        daemon=True,
    ).start()


def answer_now(widget: Sender, content: object, reply_to: Answer) -> None:
    """Answer one message in this thread: once, whatever happens."""
    try:
        name = request_id(content)
    except SpecError:
        return  # from no view of ours: nobody would hear a reply
    buffers: list[bytes] = []
    reply: Mapping[str, Any]
    try:
        reply, buffers = reply_to(content)
        check_sendable(reply, buffers)
    except Exception as error:  # noqa: BLE001  the border: every request is answered
        reply = {"type": "error", "id": name, "message": one_line(error)}
        buffers = []
    widget.send(dict(reply), buffers)


def check_sendable(content: Mapping[str, Any], buffers: Sequence[bytes] = ()) -> None:
    """Find out that a message cannot be sent before half of the kernel is in it.

    A page drops a message with a NaN without a word, and Jupyter raises for what is no
    JSON in the thread that sends it.

    Raises:
        ValueError: For a number that JSON does not have.
        TypeError: For a value or a buffer that cannot be sent.
    """
    json.dumps(content, allow_nan=False)
    for buffer in buffers:
        memoryview(buffer)


def tell(widget: Sender, event: Mapping[str, Any]) -> None:
    """Send what nobody has asked for; what cannot be sent is logged, and no more.

    The thread that tells of a job's step has all the others to tell of too.
    """
    try:
        check_sendable(event)
        widget.send(dict(event))
    except Exception:  # noqa: BLE001  the border: nobody waits for this message
        _log.exception("a %s could not be told", event.get("type"))


def one_line(error: Exception) -> str:
    """Say an error as the user should read it."""
    if isinstance(error, NbagentError):
        return str(error)
    return f"{type(error).__name__}: {error} (a bug in nbagent; please report it)"


def answer_while_busy(comm: object) -> None:
    """Let a button's message reach the kernel while a cell is running.

    JupyterLab sends it on a subshell, but ipykernel 7.4 routes a comm's messages to
    the subshell of the last message that the kernel itself published on that comm;
    for a widget made in a cell this is the main shell, which is busy. The comm's
    private hook decides; we make it answer what the front end asked for. Kernels
    without the hook (6.x, 7.1 to 7.3) need nothing.
    """
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda _comm_id, asked=None: asked  # noqa: SLF001
