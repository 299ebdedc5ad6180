"""Shows what comes of turns in the outputs of a cell."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from nbagent.notebook.progress import ProgressText
from nbagent.notebook.surroundings import Watch

if TYPE_CHECKING:
    from nbagent.conversation.clip import Clip
    from nbagent.conversation.rendering import Rendering
    from nbagent.notebook.desk import Desk
    from nbagent.notebook.keeping import Keeping
    from nbagent.notebook.meanwhile import Meanwhile
    from nbagent.notebook.player import Player
    from nbagent.take import Progress


class Page:
    """The cell that runs: a player, a video without a kernel, or text.

    Args:
        has_front_end: Says whether what has sent this cell shows widgets.
    """

    def __init__(self, has_front_end: Callable[[], bool]) -> None:
        self._has_front_end = has_front_end
        self._meanwhile: Meanwhile | None = None

    def text(self, text: str) -> None:
        """Show words that stay."""
        from IPython.display import publish_display_data

        publish_display_data({"text/plain": text})

    def markdown(self, text: str, notes: Sequence[str]) -> None:
        """Show what a language model wrote, and what is to be said of it."""
        from IPython.display import publish_display_data

        from nbagent.notebook.markdown import bundle

        publish_display_data(bundle(text, notes))

    def waiting(self, text: str) -> None:
        """Show this instead of what `waiting` showed before; nothing takes it away."""
        from nbagent.notebook.meanwhile import Meanwhile

        if self._meanwhile is None:
            self._meanwhile = Meanwhile()
        self._meanwhile.show(text)
        if not text:
            self._meanwhile = None

    def watch(
        self,
        rendering: Rendering,
        player: Callable[[Keeping], Player],
        desk: Callable[[], Desk],
        every_s: float,
    ) -> Watch:
        """Show a player of a turn that begins to render; without a front end, text too.

        The player is sent in any case: it is what an executed notebook keeps.
        """
        from nbagent.notebook.keeping import Keeping
        from nbagent.notebook.transcript import take_changes

        keeping = Keeping(desk())
        shown = _shown(player, keeping)

        def watch(index: int, progress: Progress) -> None:
            shown.set_take(index, **take_changes(rendering.clips[index], progress))

        if self._has_front_end():
            return Watch(watch, _nothing, _nothing, keeping.show)
        text = ProgressText(rendering, sys.stderr, every_s)
        return Watch(watch, text.tell, text.end, keeping.show)

    def finished(self, clips: Sequence[Clip]) -> None:
        """Show, for pages without a kernel, finished clips that a cell ends with."""
        from nbagent.notebook.bundle import show_static

        show_static(clips)

    def again(
        self,
        players: Sequence[Callable[[Keeping], Player]],
        clips: Sequence[Clip],
        desk: Callable[[], Desk],
    ) -> None:
        """Show clips that were shown before."""
        from nbagent.notebook.keeping import Keeping

        keeping = Keeping(desk())
        for player in players:
            _shown(player, keeping)
        keeping.show(clips)


def _shown(player: Callable[[Keeping], Player], keeping: Keeping) -> Player:
    """Show a player, and let what is made in it be kept."""
    from nbagent.notebook.bundle import show_live

    shown = player(keeping)
    keeping.begin(shown)
    show_live(shown)
    return shown


def _nothing() -> None:
    """A player says it all."""
