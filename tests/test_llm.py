"""A connected language model answers and makes plans; the wire is a real one."""

from __future__ import annotations

import _thread
import base64
import json
import threading
import time

import pytest
from pydantic_ai.models.test import TestModel

from nbagent.acts.plan import Control, Plan
from nbagent.acts.recolor import Recolor
from nbagent.acts.speed import Speed
from nbagent.conversation.llm import LanguageModel, is_sure
from nbagent.conversation.llm_context import outline
from nbagent.errors import EngineError, SpecError
from nbagent.language import SURE
from nbagent.language.state import ClipInfo, State
from nbagent.settings import Settings
from tests.llm_server import Handler, draft, says, server

__all__ = ["server"]  # a fixture

STATE = State(
    clips=(ClipInfo(ref="c1", caption="a red ball", duration_s=2.0, seed=7),),
    turns=("a red ball",),
)
KNOWN = outline(STATE)


def test_it_gets_the_turn_and_the_clips_and_answers(server: str) -> None:
    answer = LanguageModel("m", server).answer("why is it round?", KNOWN)
    assert answer == "It is round."
    asked = json.dumps(Handler.asked[0])
    assert "why is it round?" in asked
    assert "c1: a red ball" in asked


def test_an_answer_is_heard_while_it_is_written(server: str) -> None:
    heard: list[str] = []
    threads = set[threading.Thread]()

    def hear(text: str) -> None:
        heard.append(text)
        threads.add(threading.current_thread())

    model = LanguageModel("m", server)
    assert model.answer("why is it round?", KNOWN, hear) == "It is round."
    first, *written = heard
    assert first == "asking m..."
    assert len(written) > 1
    assert written[0] != written[-1] == "It is round."
    assert all(written[-1].startswith(text) for text in written)
    assert threads == {threading.current_thread()}


def test_who_is_asked_is_heard_until_the_plan_is_there(server: str) -> None:
    says(draft(intent="chat"))
    heard: list[str] = []
    LanguageModel("m", server).plan("zip", KNOWN, STATE, heard.append)
    assert (heard[0], heard[-1]) == ("asking m...", "")


def test_how_long_it_takes_is_heard_and_in_the_end_nothing(server: str) -> None:
    Handler.holds.set()
    heard: list[str] = []
    with pytest.raises(EngineError):
        LanguageModel("m", server).plan(
            "zip", KNOWN, STATE, heard.append, timeout_s=1.5
        )
    assert heard == ["asking m...", "asking m (1 s)...", ""]


def test_a_turn_that_is_stopped_hangs_up(server: str) -> None:
    Handler.holds.set()

    def stop_soon() -> None:
        while not Handler.asked:
            time.sleep(0.01)
        _thread.interrupt_main()

    threading.Thread(target=stop_soon, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        LanguageModel("m", server).answer("why is it round?", KNOWN)
    assert Handler.left.wait(10)


def test_it_looks_closer_only_through_the_views(server: str) -> None:
    def facts(name: str) -> str:
        """Say how a clip was made."""
        if name != "c1":
            raise SpecError(f"no clip is called {name!r}")
        return "seed 7, ten steps"

    def look(name: str) -> list[bytes]:
        """Look at a clip."""
        return [b"\x89PNG of " + name.encode()]

    says(
        {"name": "facts", "arguments": '{"name": "c9"}'},
        {"name": "facts", "arguments": '{"name": "c1"}'},
        {"name": "look", "arguments": '{"name": "c1"}'},
        "It is seven.",
    )
    answer = LanguageModel("m", server).answer("seed?", KNOWN, views=(facts, look))
    assert answer == "It is seven."
    asked = [json.dumps(one["messages"]) for one in Handler.asked]
    assert "no clip is called" in asked[1]
    assert "seed 7, ten steps" in asked[2]
    assert base64.b64encode(b"\x89PNG of c1").decode() in asked[3]


def test_a_model_that_never_stops_looking_is_stopped(server: str) -> None:
    def facts() -> str:
        """Say something."""
        return "nothing"

    says(*[{"name": "facts", "arguments": "{}"}] * 20)
    with pytest.raises(EngineError, match="m did not answer"):
        LanguageModel("m", server).answer("seed?", KNOWN, views=(facts,))
    assert len(Handler.asked) <= 8


def test_a_turn_in_any_words_becomes_a_typed_plan(server: str) -> None:
    change = {"act": "recolor", "what": "공", "color": "파랗게"}
    save = {"action": "save"}
    says(draft(intent="refine", targets=["c1"], acts=[change], then=[save]))
    plan = LanguageModel("m", server).plan("공을 파랗게 칠하고 저장해", KNOWN, STATE)
    assert plan.intent == "refine"
    assert plan.targets == ("c1",)
    assert plan.acts == (Recolor(what="공", color="파랗게"),)
    assert plan.then == (Control(action="save"),)
    assert plan.proposal is not None
    assert plan.proposal.by == "m"
    sent = Handler.asked[0]
    schema = sent["response_format"]["json_schema"]["schema"]
    assert "intent" in schema["properties"]
    assert "- recolor (color: " in sent["messages"][0]["content"]


def test_a_plan_of_what_is_not_there_is_written_again(server: str) -> None:
    change = {"act": "speed", "factor": 2}
    says(
        draft(intent="refine", targets=["c9"], acts=[change]),
        draft(intent="refine", acts=[change]),
    )
    plan = LanguageModel("m", server).plan("zip", KNOWN, STATE)
    assert "nothing is called 'c9': choose from c1" in json.dumps(Handler.asked[1])
    assert plan.targets == ("c1",)
    assert plan.acts == (Speed(factor=2),)


def test_an_act_that_cannot_be_is_written_again(server: str) -> None:
    says(
        draft(intent="refine", acts=[{"act": "speed", "factor": -2}]),
        draft(intent="refine", acts=[{"act": "reverse"}]),
    )
    plan = LanguageModel("m", server).plan("zip", KNOWN, STATE)
    assert "speed: factor -2 is out of range" in json.dumps(Handler.asked[1])
    assert [act.kind for act in plan.acts] == ["reverse"]


@pytest.mark.parametrize(
    "said",
    [
        "I would love to help!",
        '{"intent": "refine", "acts": [{"act": "rec',
        '{"intent": "make it blue"}',
        '{"intent": "refine"}',
        '{"intent": "generate_video", "prompt": ""}',
    ],
)
def test_a_model_that_writes_no_plan_is_one_line(server: str, said: str) -> None:
    says(said, said, said)
    with pytest.raises(EngineError, match="m gave no usable answer") as caught:
        LanguageModel("m", server).plan("zip", KNOWN, STATE)
    assert "\n" not in str(caught.value)


def test_a_model_that_does_not_come_back_is_one_line(server: str) -> None:
    Handler.holds.set()
    with pytest.raises(
        EngineError, match=r"did not answer within 0\.5 s.*%nbagent timeout"
    ):
        LanguageModel("m", server).plan("zip", KNOWN, STATE, timeout_s=0.5)
    with pytest.raises(EngineError, match=r"did not answer within 0\.5 s"):
        LanguageModel("m", server).answer("why?", KNOWN, timeout_s=0.5)
    Handler.holds.clear()
    model = LanguageModel("m", server)
    assert model.answer("why?", KNOWN, timeout_s=0) == "It is round."


def test_a_hosted_model_calls_a_tool_for_its_plan() -> None:
    """The double of pydantic-ai stands for what is hosted."""
    wanted = {
        "intent": "generate_video",
        "prompt": "Katze",
        "settings": {"duration_s": 3},
    }
    model = LanguageModel("test", model=TestModel(custom_output_args=wanted))
    plan = model.plan("drei Sekunden Katze", KNOWN, STATE)
    assert (plan.intent, plan.prompt) == ("generate_video", "Katze")
    assert plan.settings == {"duration_s": 3}


def test_the_time_limit_is_a_setting() -> None:
    assert Settings.from_env({}).llm_timeout_s == 120
    assert Settings.from_env({"NBAGENT_LLM_TIMEOUT_S": "7.5"}).llm_timeout_s == 7.5
    with pytest.raises(
        SpecError, match="NBAGENT_LLM_TIMEOUT_S='soon' is not a valid number"
    ):
        Settings.from_env({"NBAGENT_LLM_TIMEOUT_S": "soon"})


@pytest.mark.parametrize(
    ("plan", "is_known"),
    [
        (Plan(intent="chat"), True),
        (Plan(intent="chat", confidence=SURE - 0.01), False),
        (Plan(intent="ask"), False),
        (Plan(intent="refine", unread=("grandmother",)), False),
    ],
)
def test_a_model_is_asked_for_what_the_reader_is_not_sure_of(
    plan: Plan, is_known: bool
) -> None:
    assert is_sure(plan) is is_known


def test_a_server_that_fails_is_one_line(server: str) -> None:
    Handler.status = 400
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
