"""The chat panel: the conversation of the cells, in a widget of its own.

The kernel owns the few traits; the conversation goes out as messages. Each request is
answered from a thread of its own, except that turns are heard one after the other, in
the order in which they were said.
"""

from __future__ import annotations

import queue
import threading
from pathlib import Path
from typing import ClassVar, assert_never

import anywidget
import traitlets

from nbagent.notebook.border import answer, answer_now, answer_while_busy, asset
from nbagent.notebook.chat import Chat
from nbagent.notebook.panel_wire import (
    Event,
    OwnRequest,
    PanelReply,
    TakeRequest,
    parse_panel_request,
)
from nbagent.notebook.player import reply_to
from nbagent.notebook.wire import parse_request


class Panel(anywidget.AnyWidget):
    """The conversation, live; any number of views may show it."""

    _esm: ClassVar[Path] = asset("panel.js")
    _css: ClassVar[Path] = asset("panel.css")

    conversation = traitlets.Unicode().tag(sync=True)
    render_model = traitlets.Unicode().tag(sync=True)

    def __init__(self, chat: Chat) -> None:
        """Open the comm at once and hear of every change."""
        self._chat = chat
        self._turns: queue.SimpleQueue[object] = queue.SimpleQueue()
        super().__init__()
        self._show_settings()
        self.on_msg(self._on_message)
        answer_while_busy(self.comm)
        threading.Thread(
            target=self._hear_turns, name="nbagent-panel", daemon=True
        ).start()
        chat.transcript.listen(self._on_event)

    def close(self) -> None:
        """Leave the page, and the conversation to itself."""
        self._chat.transcript.leave(self._on_event)
        self._turns.put(None)
        super().close()

    def _on_event(self, event: Event) -> None:
        self._show_settings()
        self.send(event)

    def _show_settings(self) -> None:
        settings = self._chat.session.settings
        with self.hold_sync():
            self.conversation = settings.conversation
            self.render_model = settings.model

    def _on_message(self, _widget: object, content: object, _buffers: object) -> None:
        if isinstance(content, dict) and content.get("type") == "say":
            self._turns.put(content)
        else:
            answer(self, content, self._reply)

    def _hear_turns(self) -> None:
        while (content := self._turns.get()) is not None:
            answer_now(self, content, self._reply)

    def _reply(self, content: object) -> tuple[PanelReply, list[bytes]]:
        request = parse_panel_request(content)
        if isinstance(request, TakeRequest):
            transcript = self._chat.transcript
            takes = transcript.view(request.turn)["takes"]
            checked = parse_request(request.content, len(takes))
            return reply_to(checked, transcript.source(request.turn))
        return self._own_reply(request), []

    def _own_reply(self, request: OwnRequest) -> PanelReply:
        name = request["id"]
        if request["type"] == "get_thread":
            return {
                "type": "thread",
                "id": name,
                "turns": self._chat.transcript.turns(),
            }
        if request["type"] == "say":
            return {"type": "said", "id": name, "turn": self._chat.say(request["line"])}
        if request["type"] == "stop":
            return {"type": "stopping", "id": name, "line": self._chat.stop()}
        assert_never(request)
