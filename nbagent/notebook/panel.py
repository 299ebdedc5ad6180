"""The chat panel: the conversation of the cells, in a widget of its own.

It has no traits of its own: the conversation goes out as messages. Each request is
answered from a thread of its own, except that turns are heard one after the other, in
the order in which they were said.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, cast

import anywidget

from nbagent.errors import SpecError
from nbagent.notebook.border import (
    answer,
    answer_now,
    answer_while_busy,
    asset,
    tell,
)
from nbagent.notebook.chat import Chat
from nbagent.notebook.desk import Desk
from nbagent.notebook.pages import Pages
from nbagent.notebook.pages_wire import FIELDS as PAGE_KINDS
from nbagent.notebook.pages_wire import PageRequest
from nbagent.notebook.panel_wire import (
    About,
    Event,
    OwnRequest,
    PanelReply,
    TakeRequest,
    parse_panel_request,
)
from nbagent.notebook.player import parse_player_request, reply_to
from nbagent.notebook.wire import TakeView, take_view


class Panel(anywidget.AnyWidget):
    """The conversation, live; any number of views may show it."""

    _esm: ClassVar[Path] = asset("panel.js")
    _css: ClassVar[Path] = asset("panel.css")

    def __init__(self, chat: Chat) -> None:
        """Open the comm at once and hear of every change."""
        self._chat = chat
        self._desk = Desk(chat)
        self._pages = Pages(chat)
        self._turns: queue.SimpleQueue[object] = queue.SimpleQueue()
        super().__init__()
        self.on_msg(self._on_message)
        answer_while_busy(self.comm)
        threading.Thread(
            target=self._hear_turns, name="nbagent-panel", daemon=True
        ).start()
        chat.transcript.listen(self._tell)
        chat.take_up()

    def close(self) -> None:
        """Leave the page, and the conversation to itself."""
        self._chat.transcript.leave(self._tell)
        self._turns.put(None)
        super().close()

    def _tell(self, event: Event) -> None:
        tell(self, event)

    def _on_message(
        self, _widget: object, content: object, buffers: Sequence[bytes]
    ) -> None:
        if isinstance(content, dict) and content.get("type") == "say":
            self._turns.put(content)
        else:
            answer(self, content, partial(self._reply, buffers=buffers))

    def _hear_turns(self) -> None:
        while (content := self._turns.get()) is not None:
            answer_now(self, content, self._reply)

    def _reply(
        self, content: object, buffers: Sequence[bytes] = ()
    ) -> tuple[PanelReply, list[bytes]]:
        request = parse_panel_request(content)
        if isinstance(request, TakeRequest):
            transcript = self._chat.transcript
            takes = transcript.view(request.turn)["takes"]
            checked = parse_player_request(request.content, len(takes))
            return reply_to(checked, transcript.source(request.turn), self._desk)
        name = request["id"]
        if request["type"] in PAGE_KINDS:
            reply, files = self._pages.answer(cast(PageRequest, request), buffers)
            if request["type"] in ("mark", "delete"):
                self._tell(self._pages.told())
            return reply, files
        if request["type"] == "complete":
            return self._complete(name, request["line"])
        if request["type"] == "get_poster":
            take = self._chat.transcript.view(request["turn"])["takes"]
            clip = self._chat.session.clip(_at(take, request["index"])["name"])
            return {"type": "poster", "id": name}, [clip.poster]
        if request["type"] in (
            "say",
            "stop",
            "move",
            "use_model",
            "use_brain",
            "export",
        ):
            return self._act(request), []
        return self._look(request), []

    def _look(self, request: OwnRequest) -> PanelReply:
        """Answer what changes nothing."""
        name, chat = request["id"], self._chat
        if request["type"] == "get_thread":
            turns = chat.transcript.turns()
            queue = chat.transcript.queue()
            return {
                "type": "thread",
                "id": name,
                "turns": turns,
                "queue": queue,
                "model": chat.session.settings.model,
                "marks": self._pages.marks(),
            }
        assert request["type"] == "get_plan"
        about = request["about"]
        foreseen = chat.plan(
            request["line"],
            request["replaces"],
            about=about and about["name"],
            part=_part(about),
        )
        takes = foreseen.takes
        return {
            "type": "plan",
            "id": name,
            "does": foreseen.does,
            "take": take_view("", takes[0]) if takes else None,
            "num_takes": len(takes),
            "estimate_s": foreseen.seconds,
            "note": "\n".join(foreseen.notes),
        }

    def _complete(self, name: str, line: str) -> tuple[PanelReply, list[bytes]]:
        start, words = self._chat.complete(line)
        pictures = self._chat.pictures(words)
        files = [picture for picture in pictures if picture is not None]
        places = iter(range(len(files)))
        return {
            "type": "completed",
            "id": name,
            "start": start,
            "words": words,
            "pictures": [None if one is None else next(places) for one in pictures],
        }, files

    def _act(self, request: OwnRequest) -> PanelReply:
        """Do what a view asks."""
        name, chat = request["id"], self._chat
        if request["type"] == "say":
            about = request["about"]
            turn = chat.say(
                request["line"],
                request["replaces"],
                request["reading"],
                about=about and about["name"],
                part=_part(about),
            )
            return {"type": "said", "id": name, "turn": turn}
        if request["type"] == "move":
            chat.transcript.move(request["turn"], request["index"], request["to"])
            line = "moved"
        elif request["type"] == "use_model":
            line = chat.use(request["model"])
        elif request["type"] == "use_brain":
            line = chat.session.brains.connect(request["brain"])
        elif request["type"] == "export":
            line = chat.export()
        else:
            line = chat.stop()
        return {"type": "line", "id": name, "line": line}


def _part(about: About | None) -> dict[str, Any]:
    if about is None:
        return {}
    parts = {"span": about["span"], "region": about["region"]}
    return {name: tuple(part) for name, part in parts.items() if part is not None}


def _at(takes: list[TakeView], index: int) -> TakeView:
    if index >= len(takes):
        raise SpecError(f"there is no take {index}: this turn has {len(takes)}")
    return takes[index]
