"""A plain Python process: a script, a test, a web app. Nothing here needs IPython."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

from nbagent.notebook.progress import ProgressText
from nbagent.notebook.surroundings import Watch, unheard

if TYPE_CHECKING:
    from nbagent.conversation.clip import Clip
    from nbagent.conversation.rendering import Rendering
    from nbagent.conversation.session import Session
    from nbagent.notebook.desk import Desk
    from nbagent.notebook.keeping import Keeping
    from nbagent.notebook.player import Player
    from nbagent.settings import Settings


class Script:
    """The process, and the code in it that says a turn."""

    count = 0  # it is one cell, as it were, that runs to its end

    @property
    def namespace(self) -> MutableMapping[str, Any]:
        """What the calling code sees: its local variables, then its module's.

        As in `DataFrame.query` of pandas, where `@name` is meant so too.
        """
        frame = inspect.currentframe()
        while frame is not None and _is_ours(frame.f_globals):
            frame = frame.f_back
        seen = {} if frame is None else {**frame.f_globals, **frame.f_locals}
        return {
            name: value
            for name, value in seen.items()
            if not (name.startswith("__") or isinstance(value, ModuleType))
        }

    def settings(self) -> Settings:
        """Return the settings of this process."""
        from nbagent.settings import Settings

        return Settings.from_env()

    def opened(self, session: Session) -> None:
        """Do nothing: there is no `%config` here."""

    def cell_id(self) -> None:
        """Return nothing: there are no cells, and nobody who could answer a question."""

    def bind(self, session: Session) -> str:  # noqa: ARG002
        """Bind nothing: a script keeps what `nbagent.say` returns."""
        return ""

    def push(self, values: Mapping[str, Any]) -> None:
        """Give the script variables."""
        vars(sys.modules["__main__"]).update(values)

    def close(self) -> None:
        """Do nothing: nothing is watched."""


class Terminal:
    """Answers go to standard output, everything else to standard error."""

    def text(self, text: str) -> None:
        """Write an answer, or what a turn comes to."""
        sys.stdout.write(f"{text}\n")

    def markdown(self, text: str, notes: Sequence[str]) -> None:
        """Write an answer as it is, which Markdown is made for."""
        sys.stderr.write("".join(f"{note}\n" for note in notes))
        self.text(text)

    def waiting(self, text: str) -> None:
        """Say nothing of a language model that is asked: its answer comes whole."""

    def watch(
        self,
        rendering: Rendering,
        _player: Callable[[Keeping], Player],
        _desk: Callable[[], Desk],
        every_s: float,
    ) -> Watch:
        """Write how a turn goes on."""
        text = ProgressText(rendering, sys.stderr, every_s)
        return Watch(unheard, text.tell, text.end, self._ended)

    def finished(self, clips: Sequence[Clip]) -> None:
        """Write a line for each clip."""
        self._ended(clips)

    def again(
        self,
        _players: Sequence[Callable[[Keeping], Player]],
        clips: Sequence[Clip],
        _desk: Callable[[], Desk],
    ) -> None:
        """Write a line for each clip: there is no page for a player."""
        self._ended(clips)

    def _ended(self, clips: Sequence[Clip], text: str | None = None) -> None:
        from nbagent.notebook.bundle import caption

        lines = [*map(caption, clips)] if text is None else [text]
        sys.stderr.write("".join(f"{line}\n" for line in lines if line))


def _is_ours(variables: Mapping[str, Any]) -> bool:
    return str(variables.get("__name__", "")).partition(".")[0] == "nbagent"
