"""Clips that were made by mouse, kept in the notebook: output B of their cell, or cells.

A clip of a player's Refine line, or of the gallery, has no cell. When it is done, output B
of the cell that it was made in grows by it; or, as the user has set, a cell that says it
is inserted below. nbagent itself never writes the notebook's file.
"""

from __future__ import annotations

import threading
from base64 import b64encode
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from IPython.display import publish_display_data

from nbagent.notebook.border import Sender, tell
from nbagent.notebook.bundle import static_bundle

if TYPE_CHECKING:
    from nbagent.conversation.clip import Clip
    from nbagent.notebook.desk import Desk
    from nbagent.notebook.panel_wire import TurnView

_ENDS: Final = ("done", "failed", "cancelled")
Shown = Callable[[Sequence["Clip"]], dict[str, Any]]


class Keeping:
    """Output B of one cell, and what is made of its clips by mouse.

    Args:
        desk: Knows the conversation.
        base: Returns the output with these clips behind its own.
    """

    def __init__(self, desk: Desk, base: Shown = static_bundle) -> None:
        self._desk = desk
        self._base = base
        self._display = {"display_id": uuid4().hex}
        self._own: tuple[Clip, ...] = ()
        self._text: str | None = None
        self._is_shown = False
        self._made: list[str] = []
        self._writing = threading.Lock()
        self._view: Sender | None = None

    def begin(self, view: Sender) -> None:
        """Have the widget of the cell, whose page can insert cells."""
        self._view = view

    def show(self, clips: Sequence[Clip] = (), text: str | None = None) -> None:
        """Publish output B when the turn has ended; again, in the place of the first.

        Args:
            clips: The finished clips.
            text: Instead of their captions, if there are none.
        """
        with self._writing:
            self._own, self._text = tuple(clips), text
            self._publish()

    def follow(self, turn_id: int) -> None:
        """Keep the clips of a turn that was said in a view, once they are done."""
        how = self._desk.chat.session.settings.refined
        if how == "off":
            return
        has_ended = threading.Event()

        def hear(view: TurnView) -> None:
            if view["state"] not in _ENDS or has_ended.is_set():
                return
            has_ended.set()
            names = [one["name"] for one in view["takes"] if one["state"] == "done"]
            keep = self._add if how == "output" else self._insert
            # Whoever tells of a job's end has others to tell of: a preview takes time.
            threading.Thread(
                target=keep, args=(names,), name="nbagent-keep", daemon=True
            ).start()

        self._desk.chat.transcript.follow(turn_id, hear)

    def _add(self, names: Sequence[str]) -> None:
        """Publish output B again, with these clips too."""
        with self._writing:
            self._made += names
            if self._is_shown:  # else they come with it
                self._publish()

    def _publish(self) -> None:
        is_again, self._is_shown = self._is_shown, True
        publish_display_data(self._data(), transient=self._display, update=is_again)

    def _data(self) -> dict[str, Any]:
        session = self._desk.chat.session
        live = {row.name for row in session.rows()} if self._made else set()
        made = [session.clip(name) for name in self._made if name in live]
        if self._text is not None and not made:
            return static_bundle(self._own, self._text)
        return self._base((*self._own, *made))

    def _insert(self, names: Sequence[str]) -> None:
        """Have the page insert a cell that says a turn, with the clips as its output."""
        if self._view is None or not names:
            return
        clips = [self._desk.chat.session.clip(name) for name in names]
        data = {
            kind: b64encode(value).decode() if isinstance(value, bytes) else value
            for kind, value in static_bundle(clips).items()
        }
        source = self._desk.said(names[0])
        tell(self._view, {"type": "insert_cell", "source": source, "data": data})
