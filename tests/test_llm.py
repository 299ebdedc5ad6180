"""A connected language model answers in words; the wire is a real one."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from nbagent.conversation.llm import LanguageModel
from nbagent.conversation.outline import outline
from nbagent.conversation.state import ClipInfo, State
from nbagent.errors import EngineError, SpecError

STATE = State(
    clips=(ClipInfo(ref="c1", caption="a red ball", duration_s=2.0, seed=7),),
    turns=("a red ball",),
)


class _Handler(BaseHTTPRequestHandler):
    """A server that speaks OpenAI's protocol and repeats what it was asked."""

    asked: ClassVar[list[dict[str, Any]]] = []
    status: ClassVar[int] = 200

    def do_POST(self) -> None:
        size = int(self.headers["Content-Length"])
        self.asked.append(json.loads(self.rfile.read(size)))
        if self.asked[-1].get("stream"):
            self.write_in_pieces("It ", "is ", "round.")
            return
        body = json.dumps(
            {
                "id": "x",
                "object": "chat.completion",
                "created": 0,
                "model": "m",
                "choices": [
                    {
                        "index": 0,
                        "finish_reason": "stop",
                        "message": {"role": "assistant", "content": "It is round."},
                    }
                ],
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
    _Handler.status = 200
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}/v1"
        http.shutdown()


def test_it_gets_the_turn_and_the_clips_and_answers(server: str) -> None:
    answer = LanguageModel("m", server).answer("why is it round?", outline(STATE))
    assert answer == "It is round."
    asked = json.dumps(_Handler.asked[0])
    assert "why is it round?" in asked
    assert "c1: a red ball" in asked


def test_an_answer_is_heard_while_it_is_written(server: str) -> None:
    heard: list[str] = []
    model = LanguageModel("m", server)
    assert (
        model.answer("why is it round?", outline(STATE), heard.append) == "It is round."
    )
    assert len(heard) > 1
    assert heard[0] != heard[-1] == "It is round."
    assert all(heard[-1].startswith(text) for text in heard)


def test_a_server_that_fails_is_one_line(server: str) -> None:
    _Handler.status = 400
    with pytest.raises(EngineError, match="m did not answer") as caught:
        LanguageModel("m", server).answer("why?", outline(STATE))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["nonsense", "openai:gpt-5"])
def test_no_model_or_no_key_is_one_line(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(SpecError, match="provider:model") as caught:
        LanguageModel(name)
    assert "\n" not in str(caught.value)
