"""A connected language model answers and makes plans; the wire is a real one."""

import _thread
import base64
import io
import json
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from PIL import Image
from pydantic_ai.models.test import TestModel

from nbagent.conversation import llm
from nbagent.conversation.drafts import PlanDraft, to_plan
from nbagent.conversation.llm import LanguageModel
from nbagent.conversation.outline import outline
from nbagent.conversation.picture import Shot
from nbagent.conversation.plan import Edit
from nbagent.conversation.session import Session
from nbagent.conversation.shot import apply
from nbagent.conversation.state import ClipInfo, State
from nbagent.errors import EngineError, SpecError
from nbagent.jobs.engine import Engine
from nbagent.settings import Settings

STATE = State(
    clips=(ClipInfo(ref="c1", caption="a red ball", duration_s=2.0, seed=7),),
    turns=("a red ball",),
)
KNOWN = outline(STATE)


class _Handler(BaseHTTPRequestHandler):
    """A server that speaks OpenAI's protocol and says what the test has written."""

    asked: ClassVar[list[dict[str, Any]]] = []
    says: ClassVar[list[str | dict[str, Any]]] = []  # texts, and calls of tools
    status: ClassVar[int] = 200
    holds: ClassVar[threading.Event] = threading.Event()  # set: no answer comes
    left: ClassVar[threading.Event] = threading.Event()  # the other side hung up

    def do_POST(self) -> None:
        size = int(self.headers["Content-Length"])
        self.asked.append(json.loads(self.rfile.read(size)))
        if self.holds.is_set():
            self.connection.settimeout(20)
            if not self.connection.recv(1):
                self.left.set()
            self.close_connection = True
            return
        said = self.says.pop(0) if self.says else "It is round."
        if self.asked[-1].get("stream"):
            self.write_in_pieces("It ", "is ", "round.")
            return
        message: dict[str, Any] = {"role": "assistant", "content": said}
        if isinstance(said, dict):
            call = {"id": "1", "type": "function", "function": said}
            message = {"role": "assistant", "content": None, "tool_calls": [call]}
        choice = {
            "index": 0,
            "finish_reason": "tool_calls" if isinstance(said, dict) else "stop",
            "message": message,
        }
        body = json.dumps(
            {
                "id": "x",
                "object": "chat.completion",
                "created": 0,
                "model": "m",
                "choices": [choice],
            }
        ).encode()
        self.send_response(self.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def write_in_pieces(self, *pieces: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for piece, ends in [(piece, None) for piece in pieces] + [("", "stop")]:
            delta = {"role": "assistant", "content": piece}
            choice = {"index": 0, "delta": delta, "finish_reason": ends}
            chunk = {
                "id": "x",
                "object": "chat.completion.chunk",
                "created": 0,
                "model": "m",
                "choices": [choice],
            }
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
            self.wfile.flush()
            time.sleep(0.2)
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    _Handler.asked.clear()
    _Handler.says.clear()
    _Handler.status = 200
    _Handler.holds.clear()
    _Handler.left.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}/v1"
        http.shutdown()


def _says(*said: str | dict[str, Any]) -> None:
    _Handler.says[:] = said


def _draft(**fields: Any) -> str:
    return json.dumps(fields)


def test_it_gets_the_turn_and_the_clips_and_answers(server: str) -> None:
    answer = LanguageModel("m", server).answer("why is it round?", KNOWN)
    assert answer == "It is round."
    asked = json.dumps(_Handler.asked[0])
    assert "why is it round?" in asked
    assert "c1: a red ball" in asked


def test_an_answer_is_heard_while_it_is_written(server: str) -> None:
    heard: list[str] = []
    model = LanguageModel("m", server)
    assert model.answer("why is it round?", KNOWN, heard.append) == "It is round."
    assert len(heard) > 1
    assert heard[0] != heard[-1] == "It is round."
    assert all(heard[-1].startswith(text) for text in heard)


def test_a_turn_that_is_stopped_hangs_up(server: str) -> None:
    _Handler.holds.set()

    def stop_soon() -> None:
        while not _Handler.asked:
            time.sleep(0.01)
        _thread.interrupt_main()

    threading.Thread(target=stop_soon, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        LanguageModel("m", server).answer("why is it round?", KNOWN)
    assert _Handler.left.wait(10)


def test_it_looks_closer_only_through_the_views(server: str) -> None:
    def facts(name: str) -> str:
        """Say how a clip was made."""
        if name != "c1":
            raise SpecError(f"no clip is called {name!r}")
        return "seed 7, ten steps"

    def look(name: str) -> list[bytes]:
        """Look at a clip."""
        return [b"\x89PNG of " + name.encode()]

    _says(
        {"name": "facts", "arguments": '{"name": "c9"}'},
        {"name": "facts", "arguments": '{"name": "c1"}'},
        {"name": "look", "arguments": '{"name": "c1"}'},
        "It is seven.",
    )
    answer = LanguageModel("m", server).answer("seed?", KNOWN, views=(facts, look))
    assert answer == "It is seven."
    asked = [json.dumps(one["messages"]) for one in _Handler.asked]
    assert "no clip is called" in asked[1]
    assert "seed 7, ten steps" in asked[2]
    assert base64.b64encode(b"\x89PNG of c1").decode() in asked[3]


def test_a_model_that_never_stops_looking_is_stopped(server: str) -> None:
    def facts() -> str:
        """Say something."""
        return "nothing"

    _says(*[{"name": "facts", "arguments": "{}"}] * 20)
    with pytest.raises(EngineError, match="m did not answer"):
        LanguageModel("m", server).answer("seed?", KNOWN, views=(facts,))
    assert len(_Handler.asked) <= 8


def test_a_turn_in_any_words_becomes_a_typed_plan(server: str) -> None:
    change = {"kind": "recolor", "words": "make the ball blue"}
    _says(_draft(intent="refine", targets=["c1"], edits=[change], then=["save"]))
    plan = LanguageModel("m", server).plan("공을 파랗게 칠하고 저장해", KNOWN, STATE)
    assert plan.intent == "refine"
    assert plan.target == "c1"
    assert plan.edits == (
        Edit(
            kind="recolor",
            text="make the ball blue",
            args={"color": "blue", "thing": "ball"},
        ),
    )
    assert plan.then == ("save",)
    schema = _Handler.asked[0]["response_format"]["json_schema"]["schema"]
    assert "intent" in schema["properties"]


def test_a_plan_of_what_is_not_there_is_written_again(server: str) -> None:
    change = {"kind": "speed", "words": "twice as fast"}
    _says(
        _draft(intent="refine", targets=["c9"], edits=[change], speed=2),
        _draft(intent="refine", edits=[change], speed=2),
    )
    plan = LanguageModel("m", server).plan("zip", KNOWN, STATE)
    assert "nothing is called 'c9': there is c1" in json.dumps(_Handler.asked[1])
    assert plan.target == "c1"
    assert plan.edits[0].args == {"factor": 2}


@pytest.mark.parametrize(
    "said",
    [
        "I would love to help!",
        '{"intent": "refine", "edits": [{"kind": "rec',
        '{"intent": "make it blue"}',
        '{"intent": "refine"}',
        '{"intent": "generate_video", "prompt": ""}',
    ],
)
def test_a_model_that_writes_no_plan_is_one_line(server: str, said: str) -> None:
    _says(said, said, said)
    with pytest.raises(EngineError, match="m did not answer") as caught:
        LanguageModel("m", server).plan("zip", KNOWN, STATE)
    assert "\n" not in str(caught.value)


def test_a_model_that_does_not_come_back_is_one_line(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(llm, "_PLAN_S", 0.5)
    _Handler.holds.set()
    with pytest.raises(EngineError, match=r"nothing in 0\.5 s"):
        LanguageModel("m", server).plan("zip", KNOWN, STATE)
    _Handler.holds.clear()
    assert LanguageModel("m", server).answer("why?", KNOWN) == "It is round."


def test_a_hosted_model_calls_a_tool_for_its_plan() -> None:
    """The double of pydantic-ai stands for what is hosted."""
    model = LanguageModel("test")
    wanted = {"intent": "generate_video", "prompt": "a cat", "duration_s": 3}
    model._model = TestModel(custom_output_args=wanted)
    plan = model.plan("drei Sekunden Katze", KNOWN, STATE)
    assert (plan.intent, plan.prompt) == ("generate_video", "a cat")
    assert plan.slots == {"duration_s": 3}


def test_counts_and_parts_are_said_as_the_whole_picture() -> None:
    change = {
        "kind": "replace_subject",
        "words": "remove two of the balloons",
        "scene": "one balloon floats",
    }
    draft = PlanDraft.model_validate({"intent": "refine", "edits": [change]})
    plan = to_plan(draft, "remove two of the balloons", STATE)
    shot, notes = apply(Shot(core="three balloons float", setting="at sea"), plan)
    assert (shot.core, shot.setting) == ("one balloon floats", "at sea")
    assert notes == ["subject: one balloon floats"]


def test_an_edit_that_nobody_can_read_stays_in_its_own_words() -> None:
    change = {"kind": "aspect", "words": "so that grandmother smiles"}
    draft = PlanDraft.model_validate({"intent": "refine", "edits": [change]})
    assert to_plan(draft, "x", STATE).unparsed == ("so that grandmother smiles",)


def _session(folder: Path, server: str) -> Session:
    settings = replace(Settings.from_env({}), store=folder / "store")
    session = Session(settings=settings, engine=Engine(settings))
    session.connect("m", server)
    return session


def test_the_router_asks_the_model_only_when_it_is_not_sure(
    server: str, tmp_path: Path
) -> None:
    session = _session(tmp_path, server)
    sure = session.hear("a red ball crosses the beach", {})
    assert sure.takes
    assert not _Handler.asked
    _says(_draft(intent="generate_video", prompt="a red ball on the beach"))
    reply = session.hear("해변의 빨간 공 영상을 만들어줘", {})
    assert len(_Handler.asked) == 1
    assert reply.takes[0].prompt == "a red ball, on the beach"
    assert reply.takes[0].request == "해변의 빨간 공 영상을 만들어줘"
    assert reply.notes[0] == "read by m"
    session.close()


def test_a_turn_whose_model_fails_is_read_without_it(
    server: str, tmp_path: Path
) -> None:
    session = _session(tmp_path, server)
    _Handler.status = 400
    reply = session.hear("hmm, the usual", {})
    assert reply.plan.intent == "ask"
    assert reply.notes[0].startswith("m did not answer")
    assert reply.notes[0].endswith("the turn was read without it")
    session.close()


def test_it_sees_a_picture_of_the_notebook_that_the_turn_names(
    server: str, tmp_path: Path
) -> None:
    session = _session(tmp_path, server)
    photo = np.zeros((8, 1024, 3), np.uint8)
    _says({"name": "look", "arguments": '{"name": "photo"}'}, "It is black.")
    reply = session.hear(
        "what do you think of @photo?", {}, values={"photo": photo}, reading="chat"
    )
    assert reply.answer == "It is black."
    shown = json.dumps(_Handler.asked[1])
    sent = re.search(r"data:image/png;base64,([^\"]+)", shown)
    assert sent
    assert Image.open(io.BytesIO(base64.b64decode(sent[1]))).size == (512, 4)
    session.close()


def test_it_calls_a_function_of_the_user_only_if_that_is_allowed(
    server: str, tmp_path: Path
) -> None:
    session = _session(tmp_path, server)

    def sales(year: int) -> dict[str, list[int]]:
        """Return what was sold in a year, by quarter."""
        if year < 2000:
            raise ValueError(f"nothing is known of {year}")
        return {"sold": [year, 7, 11, 13]}

    calls = [
        {"name": "sales", "arguments": '{"year": 1999}'},
        {"name": "sales", "arguments": '{"year": 2025}'},
    ]
    _says("I cannot know.")
    session.hear("what was sold in 2025?", {}, reading="chat")
    assert "sales" not in json.dumps(_Handler.asked[0].get("tools"))
    session.allow(sales)
    _Handler.asked.clear()
    _says(*calls, "Seven in spring.")
    reply = session.hear("what was sold in 2025?", {}, reading="chat")
    assert reply.answer == "Seven in spring."
    asked = [json.dumps(one) for one in _Handler.asked]
    assert "what was sold in a year, by quarter" in asked[0]
    assert "nothing is known of 1999" in asked[1]
    assert "[2025, 7, 11, 13]" in asked[2]
    session.close()


def test_what_the_model_could_not_be_told_of_is_no_tool(
    server: str, tmp_path: Path
) -> None:
    session = _session(tmp_path, server)

    def look() -> str:
        """Look."""
        return ""

    def silent() -> str:
        return ""

    with pytest.raises(SpecError, match="'look' cannot be the name of a tool"):
        session.allow(look)
    with pytest.raises(SpecError, match="silent has no docstring"):
        session.allow(silent)
    with pytest.raises(SpecError, match="'<lambda>' cannot be the name"):
        session.allow(lambda: "")
    assert session.tools == {}
    session.close()


def test_a_server_that_fails_is_one_line(server: str) -> None:
    _Handler.status = 400
    with pytest.raises(EngineError, match="m did not answer") as caught:
        LanguageModel("m", server).answer("why?", KNOWN)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["nonsense", "openai:gpt-5"])
def test_no_model_or_no_key_is_one_line(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(SpecError, match="provider:model") as caught:
        LanguageModel(name)
    assert "\n" not in str(caught.value)
