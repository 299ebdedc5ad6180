"""The panel's pages: clips that are marked and deleted, models, settings, what was spent."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from nbagent import media
from nbagent.conversation import spending
from nbagent.conversation.clip import Clip
from nbagent.conversation.session import Session
from nbagent.models.memory import Device
from nbagent.notebook import pages
from nbagent.notebook.chat import Chat
from nbagent.notebook.dropped import MAX_BYTES
from nbagent.notebook.panel import Panel
from nbagent.notebook.transcript import Transcript
from nbagent.system.gpus import Gpu
from nbagent.take.caching import NO_CACHE
from tests.test_panel import BALL, View, rendered
from tests.test_session import say, store

pytestmark = [pytest.mark.usefixtures("recording"), pytest.mark.phrases]


@pytest.fixture
def names() -> dict[str, Any]:
    return {"photo1": "mine"}


@pytest.fixture
def view(session: Session, names: dict[str, Any]) -> Iterator[View]:
    panel = Panel(Chat(Transcript(session), names))
    yield View(panel)
    panel.close()


def jpeg(width: int = 200) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, 100), "red").save(file, "JPEG")
    return file.getvalue()


def send(view: View, file_name: str, content: bytes) -> dict[str, Any]:
    message = {"type": "bring", "id": "v-1", "file_name": file_name}
    data = {"method": "custom", "content": message}
    view.panel.comm.handle_msg({"content": {"data": data}, "buffers": [content]})
    while True:
        reply, _ = view.hear()
        if "id" in reply:
            return reply


def test_a_picture_becomes_a_variable_that_takes_nobodys_name(
    view: View, names: dict[str, Any]
) -> None:
    reply = send(view, "C:\\beach.jpg", jpeg())
    assert reply == {"type": "brought", "id": "v-1", "name": "photo2"}
    assert names["photo2"].size == (200, 100)
    assert names["photo1"] == "mine"
    done, pictures = view.ask(type="complete", line="like @photo")
    assert done["words"] == ["@photo1", "@photo2"]
    assert done["pictures"] == [None, 0]
    assert Image.open(io.BytesIO(pictures[0])).size == (96, 48)


def test_a_film_becomes_a_clip(
    view: View, session: Session, names: dict[str, Any], tmp_path: Any
) -> None:
    frames = np.zeros((8, 64, 64, 3), np.uint8)
    media.write_video(tmp_path / "f.mp4", frames, 8.0, None)
    content = (tmp_path / "f.mp4").read_bytes()
    assert send(view, "../../my film.mp4", content)["name"] == "film1"
    film = names["film1"]
    assert isinstance(film, Clip)
    assert (len(film.frames), film.path.name) == (8, "my-film.mp4")
    assert film.path.parent == session.settings.store / "dropped"
    assert send(view, "my film.mp4", content)["name"] == "film2"
    assert names["film2"].path.name == "my-film-2.mp4"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"not a picture", "notes.txt is neither a picture nor a film"),
        (jpeg()[:300], "notes.txt cannot be read as a picture"),
        (b"0" * (MAX_BYTES + 1), "notes.txt has 9 MB, and a drop may have 9"),
    ],
)
def test_what_is_neither_is_one_line_and_no_variable(
    view: View, session: Session, names: dict[str, Any], content: bytes, line: str
) -> None:
    reply = send(view, "notes.txt", content)
    assert reply["type"] == "error"
    assert reply["message"].startswith(line)
    assert list(names) == ["photo1"]
    folder = session.settings.store / "dropped"
    assert not folder.exists() or not list(folder.iterdir())


def test_marks_are_told_to_every_view_and_outlive_the_kernel(
    session: Session, view: View
) -> None:
    rendered(session, BALL)
    mark = {"name": "c1", "favourite": True, "tags": [" sea ", "sea", "keeper"]}
    view.ask(type="mark", **mark)
    told = [event for event in view.events if event["type"] == "marks"]
    kept = {"name": "c1", "favourite": True, "tags": ["sea", "keeper"]}
    assert told[-1]["marks"] == [kept]
    assert view.ask(type="get_thread")[0]["marks"] == [kept]
    conversations = session.ledger.conversations
    conversations.fork(session.settings.conversation, "copy")
    assert len(session.ledger.marks.of("copy")) == 1
    view.ask(type="mark", name="c1", favourite=False, tags=[])
    assert view.ask(type="get_thread")[0]["marks"] == []
    assert len(session.ledger.marks.of("copy")) == 1


def test_a_damaged_mark_is_passed_over(session: Session, view: View) -> None:
    rendered(session, BALL)
    view.ask(type="mark", name="c1", favourite=True, tags=[])
    with session.ledger._db.write() as db:
        db.execute("UPDATE marks SET tags = 'x'")
    assert view.ask(type="get_thread")[0]["marks"] == []


def test_a_clip_that_is_deleted_leaves_the_thread(session: Session, view: View) -> None:
    rendered(session, BALL)
    rendered(session, "a blue cube in the snow", "cell-2")
    path = session.clip("c1").path
    assert len(view.thread()) == 2
    line, _ = view.ask(type="delete", names=["c1"])
    assert line["line"] == "deleted: c1"
    assert not path.exists()
    first, second = view.thread()
    assert first["takes"] == []
    assert [take["name"] for take in second["takes"]] == ["c2"]
    again, _ = view.ask(type="delete", names=["c1"])
    assert again["type"] == "error"


def test_clips_are_packed_into_one_file(session: Session, view: View) -> None:
    rendered(session, BALL)
    rendered(session, "a blue cube in the snow", "cell-2")
    reply, (file,) = view.ask(type="get_zip", names=["c2", "c1", "c2"])
    assert reply["file_name"].endswith("-clips.zip")
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        assert archive.namelist() == ["c2.mp4", "c1.mp4"]
        assert archive.read("c1.mp4") == session.clip("c1").path.read_bytes()


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ({"type": "get_zip", "names": []}, "names is a list of 1 to 500"),
        ({"type": "delete", "names": "c1"}, "names is a list"),
        ({"type": "delete", "names": ["c9"]}, "c9"),
        ({"type": "mark", "name": "c1", "favourite": 1, "tags": []}, "true or false"),
        ({"type": "mark", "name": "c1", "favourite": True, "tags": [3]}, "short text"),
        ({"type": "bring", "file_name": "a.png"}, "came without its content"),
        ({"type": "set", "name": "limit", "value": "soon"}, "soon"),
        ({"type": "set", "name": "brain", "value": "x"}, "cannot be set here"),
    ],
)
def test_what_cannot_be_is_one_line(
    session: Session, view: View, message: dict[str, Any], line: str
) -> None:
    rendered(session, BALL)
    reply, _ = view.ask(**message)
    assert reply["type"] == "error"
    assert line in reply["message"]
    assert [row.name for row in session.rows()] == ["c1"]


def test_what_can_be_set_is_set_and_told(session: Session, view: View) -> None:
    def now() -> dict[str, str]:
        settings = view.ask(type="get_settings")[0]["settings"]
        return {one["name"]: one["value"] for one in settings}

    assert now() == {"limit": "300", "cache": "off", "trust": "off", "timeout": "120"}
    for name, value in (("limit", "off"), ("trust", "on"), ("timeout", "60")):
        reply, _ = view.ask(type="set", name=name, value=value)
        assert reply["type"] == "line"
        assert now()[name] == value
    assert session.settings.ask_above_s == 0
    assert session.settings.llm_acts
    assert session.settings.step_cache == NO_CACHE


def test_what_was_spent_is_told_with_how_it_is_estimated(
    session: Session, view: View
) -> None:
    store(session, say(session, f"{BALL}, draft", draft=True))
    rendered(session, BALL, "cell-2")
    spent = spending.spending(session.record)
    assert (spent.clips, spent.seconds) == (2, 3.0)
    draft, final = (session.ledger.take(row.take_id) for row in session.rows())
    assert spent.steps == draft.num_run_steps + final.num_run_steps
    # At the draft's own speed its final would have run the steps that it left out.
    left_out = final.num_inference_steps - draft.num_inference_steps
    assert spent.drafts_s == pytest.approx(1.5 / draft.num_run_steps * left_out)
    assert spent.energy_wh(3600) == pytest.approx(3.0)
    reply, _ = view.ask(type="get_settings")
    facts = {fact["label"]: fact["value"] for fact in reply["cost"]}
    assert facts["clips rendered"] == "2"
    assert facts["time of rendering"] == "3.0 s"
    assert "saved by drafts" in facts
    assert "saved by step caches" not in facts
    assert reply["estimate"].startswith("The energy is an estimate")


def test_a_clip_that_was_kept_early_saved_its_last_steps(session: Session) -> None:
    reply = say(session, BALL)
    kept = replace(reply.takes[0], stop_step=4)
    store(session, replace(reply, takes=(kept,)))
    spent = spending.spending(session.record)
    assert spent.steps == 4
    assert spent.kept_s == pytest.approx(1.5 / 4 * 6)


def test_the_power_is_the_gpus_limit_or_the_cores() -> None:
    watts, how = spending.power(Gpu(uuid="GPU-1", name="A", watts=350.0))
    assert (watts, "350 W" in how) == (350.0, True)
    assert spending.power(Gpu(uuid="GPU-1", name="A"))[0] == spending.GPU_WATTS
    assert "cores" in spending.power(None)[1]


def test_a_model_that_is_too_large_says_so_and_one_took_its_median(
    session: Session, view: View, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered(session, BALL)
    small = Device(kind="cpu", free_bytes=8 * 10**9, host_bytes=8 * 10**9)
    monkeypatch.setattr(pages, "device_here", lambda _settings: small)
    reply, _ = view.ask(type="get_models")
    models = {model["name"]: model for model in reply["models"]}
    assert models["pocket"]["seconds"] == 1.5
    assert models["pocket"]["why_not"] == ""
    for name in ("wan2.1-1.3b", "ltx-2", "ltx-2-distilled-i2v", "hunyuan-1.5"):
        assert "this machine has 8.0 GB free" in models[name]["why_not"]
        assert models[name]["licence"]
        assert models[name]["size_bytes"] > 8e9
    assert models["motif"]["fit"] == "whether it fits is known once it is downloaded"
    large = Device(kind="cpu", free_bytes=64 * 10**9, host_bytes=64 * 10**9)
    monkeypatch.setattr(pages, "device_here", lambda _settings: large)
    reply, _ = view.ask(type="get_models")
    models = {model["name"]: model for model in reply["models"]}
    assert "without a GPU a clip takes hours" in models["wan2.1-1.3b"]["fit"]
    assert models["pocket"]["fit"].startswith("resident")
