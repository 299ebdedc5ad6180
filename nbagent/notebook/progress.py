"""How a turn is getting on, in text: for a terminal, a script, a log, papermill.

On a terminal it is one line that changes; elsewhere a line every so many seconds, so that
a log of an hour has some hundred lines. What takes less is over without a word.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, TextIO

from nbagent.take import UNFINISHED

if TYPE_CHECKING:
    from nbagent.conversation.rendering import Rendering
    from nbagent.take import Phase, Progress

_CHANGE_EVERY_S: Final = 0.2  # where the next line takes its place
_CLEAR: Final = "\r\033[K"
_PHASES: Final[dict[Phase, str]] = {
    "load": "loading the model",
    "encode": "reading the prompt",
    "denoise": "step",
    "decode": "decoding the frames",
    "draw": "frame",
    "write": "writing the clip",
}
_COUNTED: Final = ("denoise", "draw")


class ProgressText:
    """The progress of one turn on a stream of text.

    Args:
        rendering: The turn.
        stream: Where it is written.
        every_s: Seconds between two lines that stay; 0 writes none.
    """

    def __init__(self, rendering: Rendering, stream: TextIO, every_s: float) -> None:
        self._rendering = rendering
        self._stream = stream
        self._changes = stream.isatty()
        self._every_s = min(every_s, _CHANGE_EVERY_S) if self._changes else every_s
        self._told_s = time.monotonic()
        self._line = ""

    def tell(self) -> None:
        """Write how it stands, if it is time to."""
        since_s = time.monotonic() - self._told_s
        if not self._every_s or since_s < self._every_s:
            return
        self._told_s = time.monotonic()
        ends = zip(self._rendering.clips, self._rendering.progress, strict=True)
        line = ", ".join(
            f"{clip.name}: {progress_line(last)}"
            for clip, last in ends
            if last.state in UNFINISHED
        )
        if line and line != self._line:
            self._line = line
            self._write(f"{_CLEAR}{line}" if self._changes else f"{line}\n")

    def end(self) -> None:
        """Take the line away that changes."""
        if self._changes and self._line:
            self._write(_CLEAR)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def progress_line(last: Progress) -> str:
    """Say in a few words what a take last said of itself.

    >>> from nbagent.take import Progress
    >>> progress_line(Progress(job="j1", state="running", phase="denoise", step=3,
    ...                        num_steps=12, eta_s=8.7))
    'step 3 of 12, about 9 s left'
    """
    said = [last.message] if last.message else []
    if last.state != "running":
        return ", ".join((last.state, *said))
    if last.phase is None:
        return ", ".join((*said, "starting"))
    text = _PHASES[last.phase]
    if last.phase in _COUNTED:
        text += f" {last.step} of {last.num_steps}"
        if last.eta_s is not None:
            text += f", about {max(1, round(last.eta_s))} s left"
    return ", ".join((*said, text))
