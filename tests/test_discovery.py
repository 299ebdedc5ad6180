"""Language models are found where they usually are; the servers here are real ones."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from nbagent.conversation import discovery
from nbagent.conversation.discovery import PORTS, Port, Server, found

Serve = Callable[..., int]

TAGS = {"models": [{"name": "nomic-embed-text:latest"}, {"name": "qwen3:8b"}]}
MODELS = {"object": "list", "data": [{"id": "llama-3.2-3b", "object": "model"}]}


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers that answer one path each; return their ports."""
    running: list[ThreadingHTTPServer] = []

    def start(path: str, told: Any, status: int = 200, delay_s: float = 0) -> int:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                time.sleep(delay_s)
                asked.append((self.path, dict(self.headers)))
                known = self.path == path
                body = told if isinstance(told, bytes) else json.dumps(told).encode()
                self.send_response(status if known else 404)
                self.send_header("Content-Length", str(len(body) if known else 0))
                self.end_headers()
                self.wfile.write(body if known else b"")

            def log_message(self, *_: object) -> None:
                pass

        http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
        running.append(http)
        return http.server_port

    asked: list[tuple[str, dict[str, str]]] = []
    start.asked = asked  # type: ignore[attr-defined]  # what the servers heard
    yield start
    for http in running:
        http.shutdown()
        http.server_close()


def closed() -> int:
    """Return a port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def ports(*numbers: int) -> tuple[Port, ...]:
    return tuple(
        Port(server=p.server, number=number, path=p.path, models=p.models)
        for p, number in zip(PORTS, numbers, strict=True)
    )


def test_the_usual_ports() -> None:
    assert [(port.server, port.number, port.path) for port in PORTS] == [
        ("Ollama", 11434, "/api/tags"),
        ("LM Studio", 1234, "/v1/models"),
        ("llama.cpp", 8080, "/v1/models"),
        ("vLLM", 8000, "/v1/models"),
    ]


def test_what_answers_is_listed_and_the_first_is_taken(serve: Serve) -> None:
    ollama, vllm = serve("/api/tags", TAGS), serve("/v1/models", MODELS)
    there = found(ports(ollama, closed(), closed(), vllm), {})
    assert there.first == ("qwen3:8b", f"http://127.0.0.1:{ollama}/v1")
    assert there.told().splitlines() == [
        f"Ollama at http://127.0.0.1:{ollama}/v1 has qwen3:8b",
        f"vLLM at http://127.0.0.1:{vllm}/v1 has llama-3.2-3b",
        "to choose a different one: %nbagent connect MODEL URL",
    ]


def test_no_key_goes_to_whoever_listens(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-hunter2")
    monkeypatch.setenv("NBAGENT_LLM_KEY", "k-hunter2")
    found(ports(serve("/api/tags", TAGS), closed(), closed(), closed()))
    assert "hunter2" not in json.dumps(serve.asked)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_no_proxy_is_asked(
    serve: Serve, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve("/never", {})
    monkeypatch.setenv(name, f"http://127.0.0.1:{proxy}")
    there = found(ports(serve("/api/tags", TAGS), closed(), closed(), closed()), {})
    assert there.first
    assert [path for path, _ in serve.asked] == ["/api/tags"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "told",
    [b"<html>JupyterHub</html>", {"models": None}, [], {"data": [{}]}, "x", b"\xff"],
)
def test_another_program_at_a_port_is_no_model(serve: Serve, told: Any) -> None:
    there = found(
        ports(serve("/api/tags", told), closed(), closed(), serve("/v1/models", told)),
        {},
    )
    assert there.servers == ()


def test_a_server_that_hangs_is_not_waited_for(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovery, "_TIMEOUT_S", 0.3)
    slow = [serve("/v1/models", MODELS, delay_s=2) for _ in range(3)]
    began = time.monotonic()
    there = found(ports(serve("/api/tags", TAGS), *slow), {})
    assert time.monotonic() - began < 1  # all at once, and each briefly
    assert [server.name for server in there.servers] == ["Ollama"]


def test_a_server_that_wants_a_key_says_what_to_write(serve: Serve) -> None:
    port = serve("/v1/models", {"error": "Unauthorized"}, status=401)
    there = found(ports(closed(), closed(), closed(), port), {})
    assert there.first is None
    assert there.told().splitlines() == [
        "nothing connected: no language model is ready here",
        f"vLLM at http://127.0.0.1:{port}/v1 needs a key: set NBAGENT_LLM_KEY, then"
        f" run %nbagent connect MODEL http://127.0.0.1:{port}/v1",
    ]


def test_a_server_without_a_model_says_so(serve: Serve) -> None:
    port = serve("/api/tags", {"models": []})
    there = found(ports(port, closed(), closed(), closed()), {})
    assert there.first is None
    assert f"Ollama at http://127.0.0.1:{port}/v1 has no model yet" in there.told()


def test_a_long_list_is_cut() -> None:
    server = Server(name="vLLM", url="u", models=tuple(f"m{i}" for i in range(11)))
    assert str(server) == "vLLM at u has m0, m1, m2, m3, m4, m5, m6, m7 and 3 more"


def test_keys_say_what_to_write_and_choose_nothing() -> None:
    nobody = ports(closed(), closed(), closed(), closed())
    env = {"OPENAI_API_KEY": "sk-1", "GOOGLE_API_KEY": "a", "GEMINI_API_KEY": "b"}
    there = found(nobody, {**env, "HF_TOKEN": "hf"})
    assert there.first is None
    first, openai, google = there.told().splitlines()
    assert first == "nothing connected: no language model is ready here"
    assert openai.startswith(
        "OPENAI_API_KEY is set: run %nbagent connect openai:MODEL (such as openai:"
    )
    assert google.startswith("GOOGLE_API_KEY is set: run %nbagent connect google:MODEL")
    assert "sk-1" not in there.told()


def test_each_key_is_one_that_pydantic_ai_looks_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for key, provider in discovery.KEYS.items():
        for name in discovery.KEYS:
            monkeypatch.delenv(name, raising=False)
        assert lacks_key(provider) in (True, None)
        monkeypatch.setenv(key, "k")
        assert lacks_key(provider) in (False, None)


def lacks_key(provider: str) -> bool | None:
    """Return whether a provider says that its key is missing; None if it is not here."""
    from pydantic_ai.exceptions import UserError
    from pydantic_ai.providers import infer_provider

    try:
        infer_provider(provider)
    except ImportError:
        return None
    except (UserError, ValueError) as error:
        return "_API_KEY" in str(error)
    return False


def test_nothing_at_all_is_one_line() -> None:
    there = found(ports(closed(), closed(), closed(), closed()), {})
    assert there.first is None
    (line,) = there.told().splitlines()
    assert line.startswith("no language model found: neither Ollama")
    assert line.endswith(
        "%nbagent connect PROVIDER:MODEL or %nbagent connect MODEL URL"
    )
