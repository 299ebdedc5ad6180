"""What a speaker needs around it: where turns are said, and where clips are shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from nbagent.conversation.clip import Clip
    from nbagent.conversation.rendering import OnProgress, Rendering
    from nbagent.conversation.session import Session
    from nbagent.notebook.desk import Desk
    from nbagent.notebook.keeping import Keeping
    from nbagent.notebook.player import Player
    from nbagent.settings import Settings
    from nbagent.take import Progress


class Place(Protocol):
    """Where turns are said: a kernel with its notebook, or a plain process."""

    @property
    def namespace(self) -> MutableMapping[str, Any]:
        """What a turn may name."""
        ...

    @property
    def count(self) -> int:
        """Which of the cells this is; the same as long as one runs."""
        ...

    def settings(self) -> Settings:
        """Return the settings to begin with."""
        ...

    def opened(self, session: Session) -> None:
        """Hear that the conversation has begun, with these settings."""
        ...

    def cell_id(self) -> str | None:
        """Name the running cell, and which of its turns this is, if that is known."""
        ...

    def bind(self, session: Session) -> str:
        """Make the clips that there are names in Python; return what is to be said."""
        ...

    def push(self, values: Mapping[str, Any]) -> None:
        """Give the user variables."""
        ...

    def close(self) -> None:
        """Let go of what is watched."""
        ...


class Finished(Protocol):
    """Shows what is there at a turn's end; `text` is for one without clips."""

    def __call__(self, clips: Sequence[Clip], text: str | None = None) -> None:
        """Show it."""
        ...


class Watch(NamedTuple):
    """Follows a turn that is being rendered."""

    hear: OnProgress  # each report of a take, from any thread
    tell: Callable[[], None]  # now and then, from the thread that waits
    end: Callable[[], None]  # once, from that thread too
    finished: Finished  # with what is there at its end


class Screen(Protocol):
    """Where what comes of a turn is shown."""

    def text(self, text: str) -> None:
        """Show words that stay."""
        ...

    def markdown(self, text: str, notes: Sequence[str]) -> None:
        """Show what a language model wrote, and what is to be said of it."""
        ...

    def waiting(self, text: str) -> None:
        """Show this instead of what `waiting` showed before; nothing takes it away."""
        ...

    def watch(
        self,
        rendering: Rendering,
        player: Callable[[Keeping], Player],
        desk: Callable[[], Desk],
        every_s: float,
    ) -> Watch:
        """Show a turn that begins to render; what is returned follows it.

        Args:
            rendering: The turn.
            player: Makes its widget, where there is a page for one.
            desk: Returns what answers that.
            every_s: Seconds between two lines of progress where there is only text.
        """
        ...

    def finished(self, clips: Sequence[Clip]) -> None:
        """Show finished clips that a cell ends with."""
        ...

    def again(
        self,
        players: Sequence[Callable[[Keeping], Player]],
        clips: Sequence[Clip],
        desk: Callable[[], Desk],
    ) -> None:
        """Show clips that were shown before; some of them have players."""
        ...


def unheard(_index: int, _progress: Progress) -> None:
    """Leave a report to what looks at them all now and then."""
