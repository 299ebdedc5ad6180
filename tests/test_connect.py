"""`%nbagent connect` without more, and the line that stands while a model is asked."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import RichOutput, capture_output

from nbagent.acts.plan import Plan
from nbagent.conversation import discovery
from nbagent.conversation.discovery import Found, Port
from nbagent.conversation.session import Session
from nbagent.jobs.engine import Engine
from nbagent.notebook.commands import run
from nbagent.notebook.magics import AgentMagics
from nbagent.notebook.meanwhile import Meanwhile
from nbagent.notebook.speaker import Speaker
from nbagent.notebook.transcript import Transcript
from nbagent.settings import Settings
from tests.llm_server import Handler, draft, says, server
from tests.test_discovery import MODELS, TAGS, Serve, closed, ports, serve

__all__ = ["serve", "server"]  # fixtures


def look_at(
    monkeypatch: pytest.MonkeyPatch, where: tuple[Port, ...], env: dict[str, str]
) -> None:
    """Let connect look there, and nowhere else."""
    found = discovery.found

    def look() -> Found:
        return found(where, env)

    monkeypatch.setattr("nbagent.conversation.brains.found", look)
    monkeypatch.setattr(discovery, "found", look)


@pytest.fixture
def speaker(session: Session) -> Speaker:
    return cast("Speaker", SimpleNamespace(session=lambda: session))


def test_it_connects_the_first_model_here_and_says_how_to_choose(
    speaker: Speaker,
    session: Session,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ollama, vllm = serve("/api/tags", TAGS), serve("/v1/models", MODELS)
    look_at(monkeypatch, ports(ollama, closed(), closed(), vllm), {})
    assert run("--dry-run connect", speaker).startswith("would connect qwen3:8b\n")
    assert session.brains.model is None
    first, *rest = run("connect", speaker).splitlines()
    assert first.startswith("qwen3:8b is connected for this session")
    assert rest == [
        f"Ollama at http://127.0.0.1:{ollama}/v1 has qwen3:8b",
        f"vLLM at http://127.0.0.1:{vllm}/v1 has llama-3.2-3b",
        "to choose a different one: %nbagent connect MODEL URL",
    ]
    assert session.brains.model == "qwen3:8b"


def test_what_was_only_found_is_sent_no_key(
    speaker: Speaker,
    session: Session,
    serve: Serve,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NBAGENT_LLM_KEY", "k-hunter2")
    here = ports(serve("/api/tags", TAGS), closed(), closed(), closed())
    look_at(monkeypatch, here, {})
    run("connect", speaker)
    llm: Any = session.brains._connected["qwen3:8b"]
    assert llm._model.client.api_key == "none"


def test_nothing_to_connect_is_one_line_and_changes_nothing(
    speaker: Speaker, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_at(monkeypatch, ports(closed(), closed(), closed(), closed()), {})
    assert "\n" not in run("connect", speaker)
    assert session.brains.model is None


def test_a_key_alone_connects_nothing_and_says_what_to_write(
    speaker: Speaker, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = ports(closed(), closed(), closed(), closed())
    look_at(monkeypatch, nobody, {"MISTRAL_API_KEY": "k"})
    told = run("connect", speaker)
    assert "MISTRAL_API_KEY is set: run %nbagent connect mistral:MODEL" in told
    assert session.brains.model is None


def test_the_time_limit_is_a_command(speaker: Speaker, session: Session) -> None:
    assert run("timeout 7", speaker) == "a language model has up to 7 s for a turn"
    assert session.settings.llm_timeout_s == 7
    assert "as long as it needs" in run("timeout off", speaker)
    assert session.settings.llm_timeout_s == 0


# In a cell


def shown(outputs: list[RichOutput]) -> list[tuple[str, bool, str | None]]:
    """Return the text of each output, whether it changes one, and which."""
    return [
        (o.data["text/plain"], o.update, (o.transient or {}).get("display_id"))
        for o in outputs
    ]


def test_a_line_stands_in_one_place_and_goes_away(shell: InteractiveShell) -> None:
    del shell
    with capture_output() as captured:
        meanwhile = Meanwhile()
        meanwhile.show("")  # nothing was asked: there is no output at all
        for text in ("asking m...", "asking m...", "asking m (1 s)...", ""):
            meanwhile.show(text)
    (one, two, three) = shown(captured.outputs)
    assert [text for text, _, _ in (one, two, three)] == [
        "asking m...",
        "asking m (1 s)...",
        "",
    ]
    assert [is_update for _, is_update, _ in (one, two, three)] == [False, True, True]
    assert len({place for _, _, place in (one, two, three)}) == 1


def test_a_cell_shows_who_is_asked_and_then_the_answer_alone(
    shell: InteractiveShell, settings: Settings, server: str
) -> None:
    def read(words: str, _state: object) -> Plan:
        return Plan(intent="ask" if words == "zip" else "chat", confidence=0.2)

    speaker = AgentMagics(shell).speaker
    session = Session(settings=settings, engine=Engine(settings), brain=read)
    session.brains.connect("m", server)
    speaker._session = session
    says(draft(intent="chat"))
    with capture_output() as captured:
        speaker.say({}, "zip")
    texts = [text for text, _, _ in shown(captured.outputs)]
    assert texts[0] == "asking m..."
    told = "read by m\nanswered by m (812 tokens in, 95 out)\nIt is round."
    assert texts[-2:] == ["", told]
    assert "<p>It is round.</p>" in captured.outputs[-1].data["text/html"]
    (turn,) = session.ledger.turns.of("test")
    assert "answered by m (812 tokens in, 95 out)" in turn.notes
    transcript = Transcript(session)  # and in the panel
    transcript.listen(lambda _event: None)
    (view,) = transcript.turns()
    assert view["answer"] == "It is round."
    assert view["answer_html"].strip() == "<p>It is round.</p>"
    assert len(Handler.asked) == 2  # for the plan, and for the answer
    speaker._session = None
    session.close()


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    shell: Any = InteractiveShell.instance()
    yield shell
    InteractiveShell.clear_instance()
