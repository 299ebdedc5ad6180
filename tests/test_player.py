"""The player's kernel side: one writer, and a reply to every request."""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from comm.base_comm import BaseComm

from nbagent.conversation.session import Session
from nbagent.errors import EngineError, MediaError
from nbagent.jobs.engine import Engine
from nbagent.notebook import border
from nbagent.notebook.chat import Chat
from nbagent.notebook.desk import Desk
from nbagent.notebook.player import Player
from nbagent.notebook.transcript import Transcript
from nbagent.notebook.wire import TakeView, take_view
from nbagent.settings import Settings
from tests.samples import make_take

pytestmark = [pytest.mark.usefixtures("recording"), pytest.mark.phrases]

WAIT_S = 10


class RecordingComm(BaseComm):
    """A comm whose messages stay here instead of going to a front end."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.published: queue.Queue[tuple[dict[str, Any], list[bytes]]] = queue.Queue()
        super().__init__(*args, **kwargs)

    def publish_msg(
        self,
        msg_type: str,
        data: Any = None,
        metadata: Any = None,  # noqa: ARG002  the base class's
        buffers: Any = None,
        **_keys: Any,
    ) -> None:
        if msg_type == "comm_msg":
            self.published.put((data, list(buffers or [])))


class FileSource:
    """Answers as a rendering would; `gate` holds an answer back until it is set."""

    def __init__(self) -> None:
        self.cancelled: list[int | None] = []
        self.kept: list[int] = []
        self.paused: list[int] = []
        self.gate = threading.Event()
        self.gate.set()
        self.started = threading.Event()

    def clip_bytes(self, index: int) -> bytes:
        self.started.set()
        assert self.gate.wait(WAIT_S)
        if index == 1:
            raise MediaError("c2 is damaged: render it again")
        return b"mp4 %d" % index

    def preview(self, index: int) -> bytes | None:
        if index == 2:
            raise ZeroDivisionError("a bug")
        return b"webp" if index == 0 else None

    def cancel(self, index: int | None) -> None:
        self.cancelled.append(index)

    def keep(self, index: int) -> None:
        self.kept.append(index)

    def pause(self, index: int) -> None:
        self.paused.append(index)

    def resume(self, index: int) -> None:
        self.paused.remove(index)


def views() -> list[TakeView]:
    return [take_view(name, make_take()) for name in ("c1", "c2", "c3")]


@pytest.fixture
def source() -> FileSource:
    return FileSource()


@pytest.fixture
def desk(settings: Settings) -> Iterator[Desk]:
    # The engine is the real one, and never starts: nothing here renders.
    session = Session(settings=settings, engine=Engine(settings))
    yield Desk(Chat(Transcript(session), {}))
    session.close()


@pytest.fixture
def shown(source: FileSource, desk: Desk) -> Iterator[Player]:
    player = Player(source, desk, views(), request="a red ball")
    yield player
    player.close()


def sent(player: Player) -> tuple[dict[str, Any], list[bytes]]:
    return cast(RecordingComm, player.comm).published.get(timeout=WAIT_S)


def ask(player: Player, message: object) -> tuple[dict[str, Any], list[bytes]]:
    """Deliver a message as the kernel does, and wait for its reply."""
    data = {"method": "custom", "content": message}
    player.comm.handle_msg({"content": {"data": data}, "buffers": []})
    reply, buffers = sent(player)
    assert reply["method"] == "custom"
    return reply["content"], buffers


def test_each_request_is_answered_with_its_id(
    shown: Player, source: FileSource
) -> None:
    clip = ask(shown, {"type": "get_clip", "id": "v-1", "index": 0})
    assert clip == ({"type": "clip", "id": "v-1"}, [b"mp4 0"])
    preview = ask(shown, {"type": "get_preview", "id": "v-2", "index": 0})
    assert preview == ({"type": "preview", "id": "v-2"}, [b"webp"])
    early = ask(shown, {"type": "get_preview", "id": "v-3", "index": 1})
    assert early == ({"type": "preview", "id": "v-3"}, [])
    stop = ask(shown, {"type": "cancel", "id": "v-4", "index": None})
    assert stop == ({"type": "cancelling", "id": "v-4"}, [])
    assert source.cancelled == [None]
    keep = ask(shown, {"type": "keep", "id": "v-5", "index": 1})
    assert keep == ({"type": "keeping", "id": "v-5"}, [])
    assert source.kept == [1]
    halt = ask(shown, {"type": "pause", "id": "v-6", "index": 1})
    assert halt == ({"type": "pausing", "id": "v-6"}, [])
    assert source.paused == [1]
    go_on = ask(shown, {"type": "resume", "id": "v-7", "index": 1})
    assert go_on == ({"type": "resuming", "id": "v-7"}, [])
    assert source.paused == []


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ({"type": "get_clip", "id": "v-1", "index": 1}, "c2 is damaged"),
        ({"type": "get_clip", "id": "v-1", "index": 9}, "there is no take 9"),
        ({"type": "dance", "id": "v-1"}, "unknown message 'dance'"),
        (
            {"type": "get_preview", "id": "v-1", "index": 2},
            "ZeroDivisionError: a bug (a bug in nbagent; please report it)",
        ),
    ],
)
def test_an_error_is_a_reply_too(
    shown: Player, message: dict[str, Any], line: str
) -> None:
    reply, buffers = ask(shown, message)
    assert (reply["type"], reply["id"], buffers) == ("error", "v-1", [])
    assert line in reply["message"]


@pytest.mark.parametrize("message", [None, "x", [], {}, {"id": 3}, {"type": "save"}])
def test_a_message_nobody_could_hear_the_answer_of_is_dropped(
    shown: Player, message: object
) -> None:
    # Any thread that dies with an exception fails this test: warnings are errors.
    data = {"method": "custom", "content": message}
    shown.comm.handle_msg({"content": {"data": data}, "buffers": []})
    assert ask(shown, {"type": "cancel", "id": "v-1", "index": None})[0]["id"] == "v-1"


def test_a_slow_answer_holds_nobody_up(shown: Player, source: FileSource) -> None:
    source.gate.clear()
    message = {"type": "get_clip", "id": "slow", "index": 0}
    data = {"method": "custom", "content": message}
    shown.comm.handle_msg({"content": {"data": data}, "buffers": []})  # returns
    assert source.started.wait(WAIT_S)
    reply, _ = ask(shown, {"type": "cancel", "id": "quick", "index": None})
    assert reply["id"] == "quick"
    source.gate.set()
    assert sent(shown)[0]["content"]["id"] == "slow"


def test_one_update_is_one_message(shown: Player) -> None:
    shown.set_take(0, state="running", phase="denoise", step=1)
    data, _ = sent(shown)
    assert data["state"].keys() == {"takes"}
    assert data["state"]["takes"][0]["step"] == 1


def test_no_bytes_are_ever_a_trait(shown: Player) -> None:
    ask(shown, {"type": "get_clip", "id": "v-1", "index": 0})
    state = shown.get_state()
    assert not [name for name, value in state.items() if isinstance(value, bytes)]
    ours = {name for name in state if not name.startswith("_")}
    assert {"takes", "request", "note", "turn_state"} < ours


@pytest.mark.parametrize(
    ("states", "turn"),
    [
        (("queued", "done"), "running"),
        (("failed", "running"), "running"),
        (("done", "failed"), "done"),
        (("cancelled", "failed"), "cancelled"),
        (("failed", "failed"), "failed"),
    ],
)
def test_the_turn_follows_from_its_takes(
    shown: Player, states: tuple[str, str], turn: str
) -> None:
    shown.set_takes(views()[: len(states)])
    for index, state in enumerate(states):
        shown.set_take(index, state=state)
    assert shown.turn_state == turn


def test_a_turn_without_takes_is_thinking_and_may_fail(
    source: FileSource, desk: Desk
) -> None:
    player = Player(source, desk, request="a red ball")
    assert player.turn_state == "thinking"
    player.update(turn_state="failed", note="nobody knows")
    assert (player.turn_state, player.note) == ("failed", "nobody knows")
    player.set_takes(views())
    assert player.turn_state == "running"
    player.close()


def test_threads_that_write_at_once_lose_nothing(shown: Player) -> None:
    def count(index: int) -> None:
        for step in range(1, 101):
            shown.set_take(index, state="running", phase="denoise", step=step)

    threads = [threading.Thread(target=count, args=(index,)) for index in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)
    assert [take["step"] for take in shown.takes] == [100, 100, 0]
    # What the front end was told last is what the kernel holds.
    published = cast(RecordingComm, shown.comm).published
    last = None
    while not published.empty():
        last = published.get()[0]["state"].get("takes", last)
    assert last == shown.takes


def test_an_unknown_field_is_a_bug_and_flies(shown: Player) -> None:
    with pytest.raises(TypeError, match="does not have stepp"):
        shown.set_take(0, stepp=3)


def test_buttons_reach_a_busy_kernel_only_where_the_hook_exists() -> None:
    class Comm74:
        _reply_subshell_for: Callable[..., Any] = staticmethod(lambda *_: "main")

    hooked, plain = Comm74(), object()
    border.answer_while_busy(hooked)
    border.answer_while_busy(plain)
    assert hooked._reply_subshell_for({"content": {"id": "v-1"}}, "sub") == "sub"


def test_missing_built_files_name_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(border, "STATIC", tmp_path)
    with pytest.raises(EngineError, match=r"run `npm ci && npm run build` in js/"):
        border.asset("player.js")


def test_a_page_pays_little_for_the_player() -> None:
    # Executed notebooks store this once for every player (facts: state of widgets).
    assert border.asset("player.js").stat().st_size < 23_000
    assert border.asset("player.css").stat().st_size < 8_000


def test_importing_the_player_brings_no_heavy_package() -> None:
    code = (
        "import sys, nbagent.notebook.player\n"
        "heavy = {'torch', 'diffusers', 'transformers', 'distributed'}\n"
        "print(*(heavy & sys.modules.keys()))"
    )
    # A process of its own: other tests have imported everything here.
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
