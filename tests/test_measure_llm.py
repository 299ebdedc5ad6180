"""Any model can be judged on labelled turns: what is sent for them, and its replies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nbagent.acts.recolor import Recolor
from nbagent.conversation.llm import LanguageModel
from nbagent.errors import SpecError
from nbagent.measure.llm import plans_of_model, plans_of_replies, requests
from tests.llm_server import Handler, says, server

__all__ = ["server"]  # a fixture

TURNS: list[dict[str, Any]] = [
    {
        "id": "a-1",
        "lang": "en",
        "variables": [{"name": "df", "type": "DataFrame", "summary": "3 rows of x"}],
        "history": [
            {
                "user": "a red ball",
                "result": {"kind": "video", "ref": "c1", "caption": "a red ball"},
            }
        ],
        "turn": "make the ball blue, and look at @df",
    },
    {"id": "a-2", "lang": "en", "variables": [], "history": [], "turn": "hello"},
]
DRAFT = {"intent": "refine", "acts": [{"act": "recolor", "color": "blue"}]}


def test_requests_are_what_a_server_would_be_sent(server: str) -> None:
    written = list(requests(TURNS))
    says('{"intent": "chat"}', '{"intent": "chat"}')
    list(plans_of_model(TURNS, LanguageModel("m", server)))
    assert [one["id"] for one in written] == ["a-1", "a-2"]
    for one, sent in zip(written, Handler.asked, strict=True):
        assert _unfenced(one["messages"]) == _unfenced(sent["messages"])
        assert one["schema"] == sent["response_format"]["json_schema"]["schema"]
        assert one["max_tokens"] == sent["max_completion_tokens"]
    told = json.dumps(written[0])
    assert "make the ball blue" in told
    assert "c1: a red ball" in told
    assert "3 rows of x" in told  # the turn names it
    assert "recolor (color: " in told


def _unfenced(messages: Any) -> str:
    """Return messages without the mark that is drawn anew for each request."""
    import re

    return re.sub(r"notebook-[0-9a-f]{16}", "MARK", json.dumps(messages))


@pytest.mark.parametrize(
    "reply", [DRAFT, json.dumps(DRAFT), f"```json\n{json.dumps(DRAFT)}\n```"]
)
def test_a_recorded_reply_goes_the_way_of_a_live_one(reply: object) -> None:
    first, second = plans_of_replies(TURNS, [{"id": "a-1", "reply": reply}])
    assert first.plan is not None
    assert first.plan.acts == (Recolor(color="blue"),)
    assert first.plan.targets == ("c1",)
    assert (second.plan, second.error) == (None, "there is no reply to it")


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        ({"intent": "refine", "acts": [{"act": "sing"}]}, "there is no act 'sing'"),
        ({"intent": "describe", "targets": ["c9"]}, "nothing is called 'c9'"),
        ("I would love to help!", "Invalid JSON"),
        ("", "recorded gave no usable answer"),
    ],
)
def test_a_reply_that_cannot_be_carried_out_says_why(reply: object, why: str) -> None:
    (reading,) = plans_of_replies(TURNS[:1], [{"id": "a-1", "reply": reply}])
    assert reading.plan is None
    assert why in reading.error
    assert "\n" not in reading.error


def test_a_line_without_a_reply_is_one_line() -> None:
    with pytest.raises(SpecError, match="a reply has no 'reply'"):
        list(plans_of_replies(TURNS, [{"id": "a-1"}]))


def test_a_model_is_asked_for_each_turn(server: str) -> None:
    says(json.dumps(DRAFT), "nonsense", "nonsense")
    first, second = plans_of_model(TURNS, LanguageModel("m", server))
    assert first.plan is not None
    assert second.plan is None
    assert "m gave no usable answer" in second.error
