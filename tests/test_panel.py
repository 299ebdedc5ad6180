"""The panel's kernel side: the conversation of the cells, told live, and turns said in it."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from nbagent.conversation import choices
from nbagent.conversation.consent import agreed
from nbagent.conversation.saving import save_beside
from nbagent.conversation.session import Session
from nbagent.errors import MediaError, NbagentError, SpecError
from nbagent.jobs.engine import Engine
from nbagent.notebook.border import asset
from nbagent.notebook.chat import Chat, Foreseen
from nbagent.notebook.export import export
from nbagent.notebook.panel import Panel
from nbagent.notebook.panel_wire import TakeRequest, TurnView, parse_panel_request
from nbagent.notebook.transcript import Transcript
from nbagent.settings import Settings
from nbagent.take import Progress
from tests.test_player import WAIT_S, RecordingComm
from tests.test_session import fake_frames, say, store

pytestmark = [pytest.mark.usefixtures("recording"), pytest.mark.phrases]

BALL = "a red ball crosses the beach"


@pytest.fixture
def panel(session: Session) -> Iterator[Panel]:
    panel = Panel(Chat(Transcript(session), {}))
    yield panel
    panel.close()


class View:
    """One view of a panel: asks, and hears replies and events in their order."""

    def __init__(self, panel: Panel) -> None:
        self.panel = panel
        self.events: list[dict[str, Any]] = []

    def hear(self) -> tuple[dict[str, Any], list[bytes]]:
        published = cast(RecordingComm, self.panel.comm).published
        while True:
            data, buffers = published.get(timeout=WAIT_S)
            if data["method"] == "custom":
                return data["content"], buffers

    def ask(self, **message: Any) -> tuple[dict[str, Any], list[bytes]]:
        """Deliver a message as the kernel does, and wait for its reply."""
        content = {"id": "v-1", **message}
        data = {"method": "custom", "content": content}
        self.panel.comm.handle_msg({"content": {"data": data}, "buffers": []})
        while True:
            reply, buffers = self.hear()
            if "id" in reply:
                return reply, buffers
            self.events.append(reply)

    def thread(self) -> list[dict[str, Any]]:
        turns: list[dict[str, Any]] = self.ask(type="get_thread")[0]["turns"]
        return turns

    def until(self, state: str, turn_id: int) -> dict[str, Any]:
        """Return a turn as it was first told in this state."""
        while True:
            for event in self.events:
                turn: dict[str, Any] = event["turn"] if event["type"] == "turn" else {}
                if (turn.get("id"), turn.get("state")) == (turn_id, state):
                    return turn
            self.events.append(self.hear()[0])


@pytest.fixture
def view(panel: Panel) -> View:
    return View(panel)


def rendered(session: Session, words: str, cell: str | None = "cell-1") -> None:
    """Say a turn in a cell, and have its clip."""
    store(session, say(session, words, cell))


def test_turns_of_cells_are_in_the_thread_with_what_came_of_them(
    session: Session, view: View
) -> None:
    rendered(session, BALL)
    say(session, "what seed has c1?", "cell-2")
    with pytest.raises(NbagentError):
        say(session, "make c9 blue", "cell-3")
    clip, answer, wrong = view.thread()
    assert (clip["words"], clip["origin"], clip["state"]) == (BALL, "cell", "done")
    (take,) = clip["takes"]
    assert (take["name"], take["state"], take["elapsed_s"]) == ("c1", "done", 1.5)
    assert answer["state"] == "done"
    assert "seed" in answer["answer"]
    assert answer["answer_html"] == ""  # ours is text
    assert wrong["state"] == "failed"
    assert "c9" in wrong["error"]


def test_what_is_said_under_a_clip_outlives_its_kernel(
    session: Session, settings: Settings
) -> None:
    reply = say(session, "a zebra crosses the beach, sponsored by acme", "cell-1")
    assert reply.notes
    store(session, reply)
    ledger = session.ledger
    job = ledger.jobs.add(reply.takes[0].id, reply.turn_id, "final")
    drift = "5 % darker than it began; 'match the colours' fixes that"
    ledger.jobs.record(job, "done", message=drift)
    session.close_turn(reply)
    # The next kernel: in its panel, and in the player of the same cell.
    later = Session(settings=settings, engine=Engine(settings))
    try:
        told = Transcript(later)
        told.listen(lambda _event: None)
        (turn,) = told.turns()
        assert turn["note"] == "\n".join(reply.notes)
        assert turn["takes"][0]["message"] == drift
        again = say(later, reply.words, "cell-1", seed=reply.takes[0].seed)
        rendering = later.render(again)
        rendering.start(lambda _index, _progress: None)
        assert again.notes == reply.notes
        assert rendering.progress[0].message == f"kept; {drift}"
    finally:
        later.close()


def test_a_plan_of_a_model_that_is_not_here_asks_nobody(
    view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_up(*_: object) -> None:
        raise AssertionError("the hub was asked while somebody typed")

    monkeypatch.setattr("nbagent.conversation.model_choice.look_up", look_up)
    reply, _ = view.ask(
        type="get_plan", line=f"--model wan2.1-1.3b {BALL}", replaces=None
    )
    assert (reply["type"], reply["does"], reply["take"]) == ("plan", "a new clip", None)
    assert "is not here yet: it will be downloaded" in reply["note"]


def test_a_turn_said_in_the_panel_is_one_of_the_conversation(
    session: Session, view: View
) -> None:
    rendered(session, BALL)
    reply, _ = view.ask(type="say", line="%agent twice as fast")
    assert reply["type"] == "said"
    turn = view.until("done", reply["turn"])
    assert turn["origin"] == "panel"
    assert turn["words"] == "twice as fast"
    assert turn["takes"][0]["name"] == "c2"
    # The cells know its clip, and its turn is the same after a reload.
    assert "twice as fast" in session.record.facts("c2")
    (take,) = view.thread()[-1]["takes"]
    assert (take["name"], take["state"], take["fps"]) == ("c2", "done", 16.0)


def test_a_player_in_the_panel_is_answered_like_one_in_a_cell(
    session: Session, view: View
) -> None:
    rendered(session, BALL)
    (turn,) = view.thread()
    request = {"turn": turn["id"], "index": 0}
    reply, buffers = view.ask(type="get_clip", **request)
    assert reply["type"] == "clip"
    assert buffers == [session.clip("c1").path.read_bytes()]
    assert view.ask(type="get_preview", **request) == (
        {"type": "preview", "id": "v-1"},
        [],
    )
    saved, _ = view.ask(type="save", format="gif", name="c1", **request)
    assert (session.settings.store.parent / saved["path"]).stat().st_size > 0
    assert view.ask(type="cancel", **request)[0]["type"] == "cancelling"


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ({"type": "dance"}, "unknown message 'dance'"),
        ({"type": ["say"]}, "unknown message"),
        ({"type": "say"}, "line is text, not None"),
        ({"type": "say", "line": "  "}, "the turn is empty"),
        ({"type": "say", "line": "--sed 3 a cat"}, "did you mean --seed?"),
        ({"type": "say", "line": "a" * 40_000}, "and 30,000 is the limit"),
        ({"type": "say", "line": "x", "replaces": "1"}, "replaces is a number"),
        ({"type": "say", "line": "x", "reading": "dance"}, "reading is one of"),
        ({"type": "say", "line": "x", "about": "c1"}, "about is a clip and a part"),
        (
            {"type": "say", "line": "x", "about": {"name": ""}},
            "a clip has a short name",
        ),
        (
            {"type": "get_plan", "line": "x", "about": {"name": "c1", "span": [1]}},
            "a part is 2 numbers",
        ),
        ({"type": "move", "turn": 1, "index": 0, "to": 1}, "is no longer waiting"),
        ({"type": "move", "turn": 1, "index": 0, "to": -1}, "to is a number, not -1"),
        ({"type": "get_clip", "index": 0}, "turn is a number, not None"),
        ({"type": "get_clip", "turn": True, "index": 0}, "turn is a number, not True"),
        ({"type": "get_clip", "turn": 99, "index": 0}, "was replaced by a newer one"),
        ({"type": "get_clip", "turn": 1, "index": 4}, "there is no take 4"),
    ],
)
def test_what_cannot_be_is_one_line_and_no_turn(
    session: Session, view: View, message: dict[str, Any], line: str
) -> None:
    rendered(session, BALL)
    assert len(view.thread()) == 1
    reply, buffers = view.ask(**message)
    assert (reply["type"], buffers) == ("error", [])
    assert line in reply["message"]
    assert "\n" not in reply["message"]
    assert len(view.thread()) == 1


def test_a_turn_that_was_understood_wrongly_stays_with_its_error(view: View) -> None:
    reply, _ = view.ask(type="say", line="--frames 51 a red ball")
    assert reply["type"] == "said"
    (turn,) = view.thread()
    assert (turn["id"], turn["state"]) == (reply["turn"], "failed")
    assert turn["options"] == "--frames 51"
    assert "use 48 or 64" in turn["error"]


def test_a_cell_that_is_run_again_stands_where_it_stood(
    session: Session, panel: Panel, view: View
) -> None:
    rendered(session, BALL, "cell-1")
    rendered(session, "a blue cube rolls over a meadow", "cell-2")
    first, second = view.thread()
    rendered(session, "a green cube rolls over a meadow", "cell-1")
    panel._chat.transcript.refresh()
    assert view.hear()[0] == {"type": "gone", "turn": first["id"]}
    again, other = view.thread()
    assert again["place"] == first["place"]
    assert again["takes"][0]["name"] == "c1"
    assert other == second


def test_a_live_take_is_told_step_by_step_and_once_at_its_end(
    session: Session, panel: Panel, view: View
) -> None:
    transcript = panel._chat.transcript
    reply = say(session, BALL, "cell-1")
    rendering = session.render(reply)
    transcript.began(reply.turn_id, rendering)
    running = Progress(job="j1", state="running", phase="denoise", step=3, num_steps=20)
    transcript.went_on(reply.turn_id, 0, running)
    (turn,) = view.thread()  # a page that opens now sees what is going on
    assert (turn["state"], turn["takes"][0]["step"]) == ("running", 3)
    fake_frames(session.ledger, reply.takes[0])
    transcript.went_on(reply.turn_id, 0, Progress(job="j1", state="done"))
    session.close_turn(reply, rendering.clips)
    transcript.ended(reply.turn_id)
    done = view.until("done", reply.turn_id)
    assert done["takes"][0]["num_frames"] == 16
    assert transcript.source(reply.turn_id).clip_bytes(0)


def test_what_an_earlier_kernel_left_running_is_followed(
    session: Session, panel: Panel
) -> None:
    reply = say(session, "a blue cube rolls over a meadow", "cell-1", takes=1)
    rendering = session.render(reply)
    (take,) = reply.takes
    (job_id,) = (job.id for job in session.ledger.jobs.find())
    session.ledger.jobs.record(job_id, "running", step=3, num_steps=20)
    del rendering  # that kernel is gone; its worker has ended meanwhile
    fake_frames(session.ledger, take)
    session.ledger.jobs.record(job_id, "done")
    assert session.renderings.unfinished() == {}
    session.ledger.jobs.add(take.id, reply.turn_id, "final")
    assert list(session.renderings.unfinished()) == [reply.turn_id]
    view = View(panel)
    panel._chat.take_up()
    panel._chat.take_up()  # by a second page; it is followed once
    turn = view.until("done", reply.turn_id)
    assert turn["takes"][0]["state"] == "done"


def test_nobody_reads_the_ledger_for_nobody(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    transcript = Transcript(session)
    monkeypatch.setattr(session.ledger.turns, "of", lambda _name: pytest.fail("read"))
    transcript.refresh()


def test_a_closed_panel_hears_no_more(session: Session, panel: Panel) -> None:
    transcript = panel._chat.transcript
    panel.close()
    assert transcript._listeners == []
    rendered(session, BALL)
    transcript.refresh()


def test_requests_are_checked_field_by_field() -> None:
    noisy = {"type": "use_model", "id": "v", "model": "pocket", "extra": 1}
    checked = {"type": "use_model", "id": "v", "model": "pocket"}
    assert parse_panel_request(noisy) == checked
    about = parse_panel_request({"type": "keep", "id": "v", "turn": 3, "index": 1})
    assert isinstance(about, TakeRequest)
    assert about.turn == 3
    for damaged in (None, "say", {"type": "say"}, {"type": "say", "id": 3}):
        with pytest.raises(SpecError):
            parse_panel_request(damaged)


def test_an_unclear_turn_has_its_readings_and_becomes_the_chosen_one(
    session: Session, view: View
) -> None:
    said, _ = view.ask(type="say", line="bananas maybe")
    turn = view.thread()[-1]
    intents = [reading["intent"] for reading in turn["readings"]]
    assert all(reading["label"] for reading in turn["readings"])
    assert "Did you mean" in turn["answer"]
    meant = say(session, "bananas maybe", "ahead", reading="generate_video")
    store(session, meant)
    assert "generate_video" in intents
    reply, _ = view.ask(
        type="say",
        line="bananas maybe",
        replaces=said["turn"],
        reading="generate_video",
    )
    clip = view.until("done", reply["turn"])
    assert clip["place"] == turn["place"]
    assert clip["readings"] == []
    assert said["turn"] not in [other["id"] for other in view.thread()]


def test_a_turn_that_is_changed_keeps_its_place_and_its_clips_name(
    session: Session, view: View
) -> None:
    rendered(session, BALL)
    first, _ = view.ask(type="say", line="twice as fast")
    view.until("done", first["turn"])
    say(session, "what seed has c1?", "cell-2")
    second, _ = view.ask(type="say", line="play it backwards", replaces=first["turn"])
    changed = view.until("done", second["turn"])
    assert [turn["id"] for turn in view.thread()].index(changed["id"]) == 1
    assert changed["takes"][0]["name"] == "c2"
    assert "backwards" in session.record.facts("c2")


def test_a_cell_is_changed_in_its_cell(session: Session, view: View) -> None:
    rendered(session, BALL)
    (turn,) = view.thread()
    reply, _ = view.ask(type="say", line="a cat", replaces=turn["id"])
    assert "edit and run that" in reply["message"]
    assert view.thread() == [turn]


def test_the_plan_of_half_typed_words_writes_nothing(
    session: Session, view: View
) -> None:
    rendered(session, BALL)
    before = view.thread()
    plan, _ = view.ask(type="get_plan", line=f"--takes 2 --seed 5 {BALL}")
    assert plan["does"] == "a new clip"
    assert (plan["take"]["seed"], plan["num_takes"]) == (5, 2)
    assert plan["estimate_s"] == 3.0  # the one of this size took 1.5 s
    refine, _ = view.ask(type="get_plan", line="c1 at night")
    assert refine["does"] == "change c1"
    faster, _ = view.ask(type="get_plan", line="c1 twice as fast")
    assert faster["does"] == "re-cut c1, at once"
    words, _ = view.ask(type="get_plan", line="stop")
    assert (words["take"], words["estimate_s"]) == (None, None)
    wrong, _ = view.ask(type="get_plan", line="--frames 51 a red ball")
    assert wrong["type"] == "error"
    assert view.thread() == before


def test_a_reply_is_about_its_clip_whatever_is_newer(
    session: Session, view: View
) -> None:
    rendered(session, BALL)
    rendered(session, "a blue cube in the snow", "cell-2")
    about = {"name": "c1", "span": [0.5, 1.0], "region": None}
    plan, _ = view.ask(type="get_plan", line="at night", about=about)
    assert plan["does"] == "change a part of c1"
    reply, _ = view.ask(type="say", line="twice as fast", about={"name": "c1"})
    turn = view.until("done", reply["turn"])
    made = session.ledger.take(session.record.row(turn["takes"][0]["name"]).take_id)
    assert made.parents == (session.record.row("c1").take_id,)


def test_completion_knows_what_may_stand_there(session: Session) -> None:
    rendered(session, BALL)
    chat = Chat(Transcript(session), {"my_words": "hello"})
    assert chat.complete("like @c") == (5, ["@c1"])
    assert chat.complete("animate @my") == (8, ["@my_words"])
    assert chat.complete("--se") == (0, ["--seed"])
    assert chat.complete("--seed 7 --dr") == (9, ["--draft", "--dry-run"])
    assert chat.complete("a cat --se") == (6, ["--seed"])  # behind the words as well
    assert chat.complete("nothing here") == (12, [])


def test_what_reads_the_turns_is_chosen(session: Session, view: View) -> None:
    pytest.importorskip("pydantic_ai")
    session.brains.connect("qwen3", "http://localhost:9/v1")
    assert view.ask(type="get_settings")[0]["brains"] == ["qwen3", "reader"]
    line, _ = view.ask(type="use_brain", brain="reader")
    assert line["line"] == "only the built-in reader reads your turns now"
    assert view.ask(type="get_settings")[0]["brains"] == ["reader", "qwen3"]
    line, _ = view.ask(type="use_brain", brain="qwen3")  # its server is remembered
    assert line["line"].startswith("qwen3 is connected")
    assert view.ask(type="get_settings")[0]["brains"][0] == "qwen3"


def test_another_model_is_told_and_one_that_is_not_here_is_a_line(
    session: Session, view: View
) -> None:
    models, _ = view.ask(type="get_models")
    here = {model["name"] for model in models["models"] if model["here"]}
    assert "pocket" in here
    assert len(models["models"]) > len(here)
    pocket = next(m for m in models["models"] if m["name"] == "pocket")
    assert (pocket["why_not"], pocket["licence"], pocket["seconds"]) == (
        "",
        "BSD-3",
        None,
    )
    assert pocket["size_bytes"] < 1e9
    line, _ = view.ask(type="use_model", model="pocket")
    assert line["line"].startswith("from now on pocket renders")
    assert view.ask(type="get_settings")[0]["brains"] == ["reader"]
    missing, _ = view.ask(type="use_model", model="mochi")
    assert "is not here" in missing["message"]
    assert view.ask(type="get_thread")[0]["model"] == session.settings.model


def test_a_poster_is_a_picture_of_its_clip(session: Session, view: View) -> None:
    rendered(session, BALL)
    (turn,) = view.thread()
    reply, (picture,) = view.ask(type="get_poster", turn=turn["id"], index=0)
    assert reply["type"] == "poster"
    assert picture.startswith(b"\xff\xd8")
    wrong, _ = view.ask(type="get_poster", turn=turn["id"], index=3)
    assert "there is no take 3" in wrong["message"]


def test_the_conversation_is_exported_and_never_overwritten(
    session: Session, view: View
) -> None:
    rendered(session, BALL)
    say(session, "what seed has c1? <b>*now*</b>", "cell-2")
    folder = session.settings.store.parent
    assert view.ask(type="export")[0]["line"] == "written to test-chat.md"
    assert view.ask(type="export")[0]["line"] == "written to test-chat-2.md"
    text = (folder / "test-chat.md").read_text()
    assert f"> {BALL}" in text
    assert "[![c1](test-chat/c1.jpg)](test-chat/c1.mp4)" in text
    assert "\\<b\\>" in text
    assert (folder / "test-chat" / "c1.mp4").stat().st_size > 0


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"seconds": float("nan")}, "ValueError: Out of range float values"),
        ({"seconds": np.float32(1)}, "TypeError: Object of type float32"),
        ({"does": b"bytes"}, "TypeError: Object of type bytes"),
        ({"does": object()}, "TypeError: Object of type object"),
    ],
)
def test_a_reply_that_cannot_be_sent_is_an_error_and_the_panel_lives_on(
    view: View, monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], said: str
) -> None:
    foreseen = {"does": "", "takes": (), "notes": (), "seconds": None} | fields
    with monkeypatch.context() as patch:
        patch.setattr(Chat, "plan", lambda *_, **__: Foreseen(**foreseen))
        reply, buffers = view.ask(type="get_plan", line=BALL, replaces=None)
        assert reply["type"] == "error"
        assert reply["id"] == "v-1"
        assert reply["message"].startswith(said)
        assert buffers == []
        patch.setattr(Chat, "say", lambda *_, **__: {1, 2})  # and in the turns' thread
        reply, _ = view.ask(type="say", line=BALL, replaces=None, reading=None)
        assert reply["message"].startswith("TypeError: Object of type set")
    reply, _ = view.ask(type="say", line="which clips are there?", replaces=None)
    assert reply["type"] == "said"


def test_an_event_that_cannot_be_sent_stops_nobody(
    session: Session, panel: Panel, view: View, caplog: pytest.LogCaptureFixture
) -> None:
    reply = say(session, BALL)
    rendering = session.render(reply)
    transcript = panel._chat.transcript
    transcript.began(reply.turn_id, rendering)
    bad = Progress(job="j1", state="running", eta_s=float("nan"))
    transcript.went_on(reply.turn_id, 0, bad)
    assert "a take could not be told" in caplog.text
    assert view.ask(type="get_models")[0]["type"] == "models"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes a file system")
@pytest.mark.parametrize("reason", ["full", "read-only"])
def test_a_place_that_cannot_be_written_is_one_line_and_leaves_nothing(
    session: Session, view: View, tmp_path: Path, reason: str
) -> None:
    rendered(session, BALL)
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", str(disk)], check=False
    )
    if made.returncode:
        pytest.skip("this container may not mount")
    try:
        with contextlib.suppress(OSError):
            (disk / "film").write_bytes(b"x" * 9000)
        if reason == "read-only":
            subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        said = "No space left" if reason == "full" else "Read-only file system"
        clip, turns = session.clip("c1"), view.thread()
        beside = replace(session.settings, store=disk / ".nbagent")
        session.settings = beside  # the store itself is elsewhere
        for write in (
            lambda: export(session, cast("list[TurnView]", turns), "md"),
            lambda: export(session, cast("list[TurnView]", turns), "ipynb"),
            lambda: save_beside(clip, "mp4", disk),
            lambda: save_beside(clip, "png", disk),
            lambda: clip.save(disk / "share.html"),
            lambda: clip.save(disk / "c1.gif"),
        ):
            with pytest.raises(MediaError) as caught:
                write()
            line = str(caught.value)
            assert "\n" not in line
            assert line.startswith(f"cannot write {disk}/")
            assert said in line
            assert [path.name for path in disk.iterdir()] == ["film"]
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_page_pays_little_for_the_panel() -> None:
    # The player's own code is in it; see test_player for that alone. A notebook that is
    # saved with its widgets holds the panel once, however many clips it has.
    player = asset("player.js").stat().st_size
    assert asset("panel.js").stat().st_size - player < 44_000


def test_a_turn_that_takes_long_has_its_choices_as_buttons(
    session: Session, view: View
) -> None:
    rendered(session, BALL)
    session.choose(choices.limit(1))
    said, _ = view.ask(type="say", line="a cat on the beach")
    asked = view.until("done", said["turn"])
    assert [choice["intent"] for choice in asked["readings"]] == ["yes", "draft", "no"]
    assert "device-seconds" in asked["answer"]
    view.ask(type="say", line="a cat on the beach", reading="no")
    assert len(session.rows()) == 1
    # What it will make is there, so that nothing has to be rendered here.
    for take in say(session, "a cat on the beach", "ahead", yes=True).takes:
        session.ledger.add_take(take)
        fake_frames(session.ledger, take)
    again, _ = view.ask(
        type="say", line="a cat on the beach", replaces=said["turn"], reading="yes"
    )
    clip = view.until("done", again["turn"])
    assert clip["options"] == "--yes"
    assert [take["name"] for take in clip["takes"]] == ["c2"]


@pytest.mark.parametrize(
    ("column", "at", "value"),
    [
        ("turns.options", "size", "{}"),
        ("turns.options", "size", "[[1]]"),
        ("turns.options", "span", "7"),
        ("turns.options", "span", "[[1]]"),
        ("turns.options", "region", "-1"),
        ("turns.options", "cache", "7"),
        ("turns.options", "cache", "[[1]]"),
        ("turns.plan", "consents", "null"),
        ("turns.plan", "consents", "7"),
        ("takes.recipe", "shot.style", "7"),
        ("takes.recipe", "shot.core", "[[1]]"),
        ("takes.recipe", "shot.aspect", "7"),
        ("takes.recipe", "shot.duration_s", '"x"'),
        ("takes.recipe", "fps", "0"),
        ("takes.recipe", "num_frames", "0"),
    ],
)
def test_a_record_of_anything_raises_one_line_at_most(
    session: Session, column: str, at: str, value: str
) -> None:
    """A store may come from anybody: `%nbagent panel`, an export, `yes`, a turn."""
    say(session, BALL, "cell-1")
    session.render(say(session, BALL, "cell-2", seed=4))
    table, name = column.split(".")
    with session.ledger._db.write() as db:
        db.execute(
            f"UPDATE {table} SET {name} = json_set({name}, ?, json(?))",
            (f"$.{at}", value),
        )
    session.ledger._takes.clear()
    uses = (
        lambda: Transcript(session).turns(),
        lambda: export(session, Transcript(session).turns(), "ipynb"),
        lambda: say(session, "yes", "cell-3"),
        lambda: say(session, "at night", "cell-4"),
    )
    for use in uses:
        with contextlib.suppress(NbagentError):
            use()


def test_a_cache_that_no_turn_asked_for_is_not_agreed_to() -> None:
    with pytest.raises(SpecError, match=r"--cache was 7, .*say the turn again"):
        agreed({"cache": 7}, "yes")
