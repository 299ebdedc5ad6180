"""The player of one turn: a widget that shows its takes from queued to playing.

The kernel owns the traits and writes them under one lock, from any thread; the view
only sends requests, and each is answered from a thread of its own, because the
thread that delivers messages must never wait for a file or for the engine. The clip
itself goes out as the buffer of a reply, never as a trait: a trait would be stored
in executed notebooks and sent again to every page that opens.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, assert_never, cast
from uuid import uuid4

import anywidget
import traitlets

from nbagent.notebook.border import Source, answer, answer_while_busy, asset
from nbagent.notebook.desk import Desk
from nbagent.notebook.desk_wire import (
    DESK_KINDS,
    DeskRequest,
    PlayerReply,
    PlayerRequest,
    parse_desk_request,
)
from nbagent.notebook.keeping import Keeping
from nbagent.notebook.panel_wire import TurnView
from nbagent.notebook.wire import (
    Reply,
    Request,
    TakeView,
    TurnState,
    parse_request,
    turn_state_of,
)


class Player(anywidget.AnyWidget):
    """One turn with its takes, live.

    Args:
        source: Answers what the view asks about the turn's takes.
        desk: Answers what it asks about any clip of the conversation.
        takes: From `nbagent.notebook.wire.take_view`; may be set later, while the
            turn is still being understood.
        request: The user's own words.
        note: A line the user should see, such as an edit passed on as it stands.
        keeping: Keeps what is refined here in the notebook.
    """

    _esm: ClassVar[Path] = asset("player.js")
    _css: ClassVar[Path] = asset("player.css")

    takes = traitlets.List(traitlets.Dict()).tag(sync=True)
    request = traitlets.Unicode().tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)
    turn_state = traitlets.Unicode("thinking").tag(sync=True)
    own_id = traitlets.Unicode().tag(sync=True)
    follow_ups = traitlets.List(traitlets.Unicode()).tag(sync=True)
    # The views' alone, for links in the browser: nothing here reads or writes it, and an
    # echo of what a link has sent would come late and pull the playhead back.
    time = traitlets.Float(0.0).tag(sync=True, echo_update=False)

    def __init__(
        self,
        source: Source,
        desk: Desk,
        takes: Sequence[TakeView] = (),
        *,
        request: str = "",
        note: str = "",
        turn_state: TurnState | None = None,
        keeping: Keeping | None = None,
    ) -> None:
        """Open the comm at once, so that the view can be shown and updated."""
        self._keeping = keeping
        self._source = source
        self._desk = desk
        self._writing = threading.RLock()
        model_id = uuid4().hex
        super().__init__(
            model_id=model_id,
            own_id=model_id,
            takes=[dict(take) for take in takes],
            request=request,
            note=note,
            turn_state=turn_state or turn_state_of(takes),
        )
        self.on_msg(self._on_message)
        answer_while_busy(self.comm)

    def set_takes(self, takes: Sequence[TakeView]) -> None:
        """Replace all takes, once the turn is understood."""
        with self._writing:
            self._write([dict(take) for take in takes])

    def set_take(self, index: int, **fields: Any) -> None:
        """Change fields of one take; the turn's state follows from its takes."""
        with self._writing:
            takes = [dict(take) for take in self.takes]
            if unknown := fields.keys() - TakeView.__annotations__.keys():
                raise TypeError(f"a take does not have {', '.join(sorted(unknown))}")
            takes[index].update(fields)
            self._write(takes)

    def update(
        self,
        *,
        request: str | None = None,
        note: str | None = None,
        turn_state: TurnState | None = None,
    ) -> None:
        """Change what is said about the turn as a whole."""
        changes = {"request": request, "note": note, "turn_state": turn_state}
        with self._writing, self.hold_sync():
            for name, value in changes.items():
                if value is not None:
                    self.set_trait(name, value)

    def _write(self, takes: list[dict[str, Any]]) -> None:
        with self.hold_sync():
            self.takes = takes
            if takes:
                self.turn_state = turn_state_of(cast("list[TakeView]", takes))

    def _on_message(self, _widget: object, content: object, _buffers: object) -> None:
        answer(self, content, self._reply)

    def _reply(self, content: object) -> tuple[PlayerReply, list[bytes]]:
        request = parse_player_request(content, len(self.takes))
        reply, buffers = reply_to(request, self._source, self._desk)
        if reply["type"] == "refined" and reply["turn"] is not None:
            self._follow(reply["turn"])
        elif reply["type"] == "going_on":
            self._go_on(reply["turn"])
        return reply, buffers

    def _go_on(self, turn_id: int) -> None:
        """Show the turn of these takes again, now that it is rendered once more."""
        transcript = self._desk.chat.transcript
        names = [take["name"] for take in self.takes]

        def show(view: TurnView) -> None:
            told = {take["name"]: take for take in view["takes"]}
            self.set_takes([told[name] for name in names if name in told])

        transcript.follow(turn_id, show)  # else it need not know the turn
        self._source = transcript.source(turn_id)

    def _follow(self, turn_id: int) -> None:
        """Show a turn that was said here in a player of its own, below this one."""
        player = follow_up(self._desk, turn_id, self._keeping)
        with self._writing:
            self.follow_ups = [*self.follow_ups, player.model_id]


def follow_up(desk: Desk, turn_id: int, keeping: Keeping | None) -> Player:
    """Return a player of a turn that was said in a view; it follows it to its end.

    Args:
        desk: Answers it.
        turn_id: The turn.
        keeping: Keeps its clips, and those that are made of them.
    """
    transcript = desk.chat.transcript
    player: Player | None = None

    def show(view: TurnView) -> None:
        nonlocal player
        if player is None:
            player = Player(transcript.source(turn_id), desk, keeping=keeping)
        player.update(request=view["words"], note=view["note"])
        player.set_takes(view["takes"])

    transcript.follow(turn_id, show)
    assert player is not None  # a turn is told at once
    if keeping is not None:
        keeping.follow(turn_id)
    return player


def parse_player_request(content: object, num_takes: int) -> PlayerRequest:
    """Check an untrusted message of a player, and return it as a request.

    Raises:
        SpecError: If it is none.
    """
    if isinstance(content, Mapping) and content.get("type") in DESK_KINDS:
        return parse_desk_request(content)
    return parse_request(content, num_takes)


def reply_to(
    request: PlayerRequest, source: Source, desk: Desk
) -> tuple[PlayerReply, list[bytes]]:
    """Do what a view asks, and return the reply with its buffers."""
    if request["type"] in DESK_KINDS:
        return desk.answer(cast(DeskRequest, request))
    return _take_reply(cast(Request, request), source)


def _take_reply(request: Request, source: Source) -> tuple[Reply, list[bytes]]:
    """Do what a view asks of a turn, and return the reply with its buffers."""
    name = request["id"]
    if request["type"] == "get_clip":
        return {"type": "clip", "id": name}, [source.clip_bytes(request["index"])]
    if request["type"] == "get_preview":
        preview = source.preview(request["index"])
        return {"type": "preview", "id": name}, [preview] if preview else []
    if request["type"] == "cancel":
        source.cancel(request["index"])
        return {"type": "cancelling", "id": name}, []
    if request["type"] == "keep":
        source.keep(request["index"])
        return {"type": "keeping", "id": name}, []
    if request["type"] == "pause":
        source.pause(request["index"])
        return {"type": "pausing", "id": name}, []
    if request["type"] == "resume":
        source.resume(request["index"])
        return {"type": "resuming", "id": name}, []
    assert_never(request)
