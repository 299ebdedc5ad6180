"""A model on this machine is called directly, whatever the proxy variables say."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from nbagent.conversation import endpoint
from nbagent.conversation.endpoint import connected, is_local
from nbagent.conversation.llm import LanguageModel
from nbagent.errors import EngineError, MissingExtra
from tests.llm_server import Handler, server

__all__ = ["server"]  # a fixture

PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


class _Listener(BaseHTTPRequestHandler):
    """Notes whatever arrives, or sends it on to another place."""

    seen: ClassVar[list[str]] = []
    sends_to: ClassVar[str] = ""

    def do_POST(self) -> None:
        size = int(self.headers.get("content-length", 0))
        self.seen.append(f"{self.path} {self.rfile.read(size).decode()}")
        self.send_response(307 if self.sends_to else 502)
        if self.sends_to:
            self.send_header("Location", self.sends_to)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_CONNECT(self) -> None:
        self.do_POST()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def listener() -> Iterator[str]:
    _Listener.seen.clear()
    _Listener.sends_to = ""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Listener) as http:
        threading.Thread(target=http.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{http.server_port}"
        http.shutdown()


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*PROXIES, "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.mark.parametrize("name", [*PROXIES, *map(str.lower, PROXIES)])
def test_no_proxy_hears_what_is_said_to_this_machine(
    server: str, listener: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, f"http://{listener}")
    assert LanguageModel("m", server).answer("why?", "") == "It is round."
    local = server.replace("127.0.0.1", "localhost")
    assert LanguageModel("m", local).answer("why?", "") == "It is round."
    assert len(Handler.asked) == 2
    assert _Listener.seen == []


@pytest.mark.parametrize("name", ["ALL_PROXY", "all_proxy"])
def test_a_socks_proxy_is_not_needed_for_this_machine(
    server: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "socks5://127.0.0.1:9")
    assert LanguageModel("m", server).answer("why?", "") == "It is round."
    with pytest.raises(MissingExtra, match="pip install socksio") as caught:
        LanguageModel("m", "http://models.example.com/v1")
    assert "\n" not in str(caught.value)


def test_a_provider_that_is_served_here_is_called_directly_too(
    server: str, listener: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", f"http://{listener}")
    monkeypatch.setenv("OLLAMA_BASE_URL", server)
    assert LanguageModel("ollama:llama3").answer("why?", "") == "It is round."
    assert _Listener.seen == []


def test_what_lies_outside_goes_through_the_proxy(
    listener: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://{listener}")
    with pytest.raises(EngineError):
        LanguageModel("m", "http://models.example.com/v1").answer("why?", "")
    assert _Listener.seen
    assert _Listener.seen[0].startswith("http://models.example.com/v1/")


def test_a_server_here_does_not_send_the_conversation_elsewhere(
    server: str, listener: str
) -> None:
    _Listener.sends_to = f"{server}/chat/completions"
    with pytest.raises(EngineError):
        LanguageModel("m", f"http://{listener}/v1").answer("why?", "")
    assert _Listener.seen
    assert not Handler.asked


@pytest.mark.parametrize(
    ("env", "key"),
    [
        ({"OPENAI_API_KEY": "sk-1"}, "none"),  # it is OpenAI's, and nobody else's
        ({"OPENAI_API_KEY": "sk-1", "NBAGENT_LLM_KEY": "k-2"}, "k-2"),
        ({"OPENAI_API_KEY": "sk-1", "OPENAI_BASE_URL": "SERVER"}, "sk-1"),
    ],
)
def test_a_key_goes_to_whom_it_is_meant_for(
    server: str, env: dict[str, str], key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "NBAGENT_LLM_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value.replace("SERVER", server))
    model: Any = connected("m", server)
    assert model.client.api_key == key


def test_a_server_that_wants_a_key_is_told_apart(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Handler, "status", 401)
    with pytest.raises(EngineError, match="check its key, in NBAGENT_LLM_KEY"):
        LanguageModel("m", server).answer("why?", "")


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("LOCALHOST", True),
        ("localhost.", True),
        ("models.localhost", True),
        ("127.0.0.1", True),
        ("127.9.8.7", True),
        ("127.1", True),
        ("0.0.0.0", True),
        ("[::1]", True),
        ("[::ffff:127.0.0.1]", True),
        ("10.0.0.1", False),
        ("127.0.0.1.example.com", False),
        ("localhost.example.com", False),
        ("127.0.0.1@example.com", False),
        ("[2001:db8::1]", False),
        ("", False),
    ],
)
def test_which_addresses_are_this_machine(host: str, local: bool) -> None:
    assert is_local(f"http://{host}:8000/v1") is local
    assert is_local(f"https://{host}/v1") is local


def test_the_double_of_pydantic_ai_has_no_address() -> None:
    assert connected("test", None).model_name == "test"


def test_a_name_that_the_hosts_file_leads_here_is_this_machines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text(
        "127.0.0.1 localhost localhost.localdomain # not.me\n::1\tip6-localhost LLM.local\n"
        "10.0.0.7 away.local\n#127.0.0.1 off.local\nfe80::1%lo0 odd.local\n"
    )
    monkeypatch.setattr(endpoint, "_HOSTS", hosts)
    for name in ("localhost.localdomain", "ip6-localhost", "llm.local", "LLM.local."):
        assert is_local(f"http://{name}:8000/v1")
    for name in ("away.local", "off.local", "not.me", "10.0.0.7", "other.local"):
        assert not is_local(f"http://{name}:8000/v1")
    monkeypatch.setattr(endpoint, "_HOSTS", tmp_path / "none")
    assert not is_local("http://llm.local:8000/v1")
