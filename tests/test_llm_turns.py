"""Turns of a conversation that has a language model; the wire is a real one."""

from __future__ import annotations

import base64
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nbagent.acts.plan import Plan
from nbagent.conversation import choices
from nbagent.conversation.session import Session
from nbagent.errors import SpecError
from nbagent.jobs.engine import Engine
from nbagent.language.state import State
from nbagent.settings import Settings
from tests.llm_server import Handler, draft, says, server

__all__ = ["server"]  # a fixture

SURE_OF_IT = "a red ball crosses the beach"


def _read(words: str, _state: State) -> Plan:
    """Be sure of a turn and of questions, and of nothing else."""
    if words == SURE_OF_IT:
        return Plan(intent="generate_video", prompt=words)
    if words.endswith("?"):
        return Plan(intent="chat", mentions=("photo",) if "@photo" in words else ())
    return Plan(intent="ask", confidence=0.2)


def _session(folder: Path, server: str) -> Session:
    settings = replace(Settings.from_env({}), store=folder / "store")
    session = Session(settings=settings, engine=Engine(settings), brain=_read)
    session.brains.connect("m", server)
    return session


def test_the_model_is_asked_only_where_the_reader_is_not_sure(
    server: str, tmp_path: Path
) -> None:
    session = _session(tmp_path, server)
    heard: list[str] = []
    sure = session.hear(SURE_OF_IT, {}, on_text=lambda _turn, text: heard.append(text))
    assert sure.takes
    assert not Handler.asked
    assert not heard
    says(draft(intent="unsupported", what="the usual"))
    reply = session.hear(
        "hmm, the usual", {}, on_text=lambda _turn, text: heard.append(text)
    )
    assert len(Handler.asked) == 1
    assert reply.plan.intent == "unsupported"
    assert reply.notes[0] == "read by m"
    assert (heard[0], heard[-1]) == ("asking m...", "")
    session.close()


def test_the_time_limit_of_a_turn_is_said_in_the_session(
    server: str, tmp_path: Path
) -> None:
    session = _session(tmp_path, server)
    assert (
        session.choose(choices.timeout(0.5))
        == "a language model has up to 0.5 s for a turn"
    )
    Handler.holds.set()
    reply = session.hear("hmm, the usual", {}, cell_id="one")
    assert reply.plan.intent == "ask"
    assert "m did not answer within 0.5 s" in reply.notes[0]
    assert (
        session.choose(choices.timeout(0)) == "a language model has as long as it needs"
    )
    session.close()


def test_a_turn_whose_model_fails_is_read_without_it(
    server: str, tmp_path: Path
) -> None:
    session = _session(tmp_path, server)
    Handler.status = 400
    reply = session.hear("hmm, the usual", {})
    assert reply.plan.intent == "ask"
    assert reply.notes[0].startswith("m did not answer")
    assert reply.notes[0].endswith("nbagent read the turn without it")
    session.close()


def test_it_sees_a_picture_of_the_notebook_that_the_turn_names(
    server: str, tmp_path: Path
) -> None:
    session = _session(tmp_path, server)
    photo = np.zeros((8, 1024, 3), np.uint8)
    says({"name": "look", "arguments": '{"name": "photo"}'}, "It is black.")
    reply = session.hear("what do you think of @photo?", {}, values={"photo": photo})
    assert reply.answer == "It is black."
    shown = json.dumps(Handler.asked[1])
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
    says("I cannot know.")
    session.hear("what was sold in 2025?", {})
    assert "sales" not in json.dumps(Handler.asked[0].get("tools"))
    session.brains.allow(sales)
    Handler.asked.clear()
    says(*calls, "Seven in spring.")
    reply = session.hear("what was sold in 2025?", {})
    assert reply.answer == "Seven in spring."
    asked = [json.dumps(one) for one in Handler.asked]
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
        session.brains.allow(look)
    with pytest.raises(SpecError, match="silent has no docstring"):
        session.brains.allow(silent)
    with pytest.raises(SpecError, match="'<lambda>' cannot be the name"):
        session.brains.allow(lambda: "")
    assert session.brains.tools == {}
    session.close()
