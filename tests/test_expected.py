"""A plan in the form of labelled turns, as it is scored."""

from __future__ import annotations

import json

from nbagent.acts.base import Span
from nbagent.acts.extend import Extend
from nbagent.acts.join import Join
from nbagent.acts.match import Match
from nbagent.acts.plan import Control, Plan
from nbagent.acts.recolor import Recolor
from nbagent.acts.replace import Replace
from nbagent.acts.speed import Speed
from nbagent.acts.trim import Trim
from nbagent.acts.upscale import Upscale
from nbagent.language.expected import to_expected


def test_a_plan_says_all_that_is_scored_and_is_json() -> None:
    plan = Plan(
        intent="refine",
        targets=("c1",),
        acts=(Recolor(what="ball", color="blue"), Replace(by="a seal")),
        settings={"duration_s": 3.0, "negative": ("people", "text")},
        keep=("beach",),
        then=(Control(action="save", format="gif"), Control(action="status")),
        confidence=0.75,
    )
    told = to_expected(plan)
    assert told == {
        "intent": "refine",
        "target": "c1",
        "acts": [
            {"act": "recolor", "what": "ball", "color": "blue"},
            {"act": "replace", "with": "a seal"},
        ],
        "settings": {"duration_s": 3.0, "negative": ["people", "text"]},
        "keep": ["beach"],
        "then": [{"action": "save", "format": "gif"}, {"action": "status"}],
        "confidence": 0.75,
    }
    assert json.loads(json.dumps(told)) == told


def test_one_target_several_or_none() -> None:
    for targets, told in (((), None), (("c1",), "c1"), (("c2", "c1"), ["c2", "c1"])):
        assert to_expected(Plan(intent="describe", targets=targets))["target"] == told


def test_a_control_has_its_action_at_the_top() -> None:
    control = Control(action="rename", name="ball")
    told = to_expected(Plan(intent="control", targets=("c1",), control=control))
    assert (told["action"], told["name"]) == ("rename", "ball")
    assert "format" not in told


def test_words_of_what_is_made_or_not_made() -> None:
    told = to_expected(Plan(intent="storyboard", scenes=("a cat", "a dog"), prompt="x"))
    assert (told["scenes"], told["prompt"]) == (["a cat", "a dog"], "x")
    assert to_expected(Plan(intent="unsupported", what="music"))["what"] == "music"
    assert to_expected(Plan(intent="chat")) == {
        "intent": "chat",
        "target": None,
        "acts": [],
        "settings": {},
        "confidence": 1.0,
    }


def test_what_an_act_says_by_itself_may_be_what_the_turn_says() -> None:
    acts = (Extend(by_s=2), Upscale(), Join(others=("c2",)), Match(other="c2"))
    told = to_expected(Plan(intent="refine", targets=("c1",), acts=acts))["acts"]
    assert told == [
        {"act": "extend", "by_s": 2, "side": "end"},
        {"act": "upscale", "scale": 2.0},
        {"act": "join", "with": ["c2"], "transition": "cut"},
        {"act": "match", "with": "c2"},
    ]


def test_a_part_is_named_in_the_turns_own_words() -> None:
    half = Span(start=0, end=0.5, is_share=True)
    left = Recolor(color="blue", region=(0.0, 0.0, 0.5, 1.0))
    slow = Speed(factor=0.5, span=half)
    plan = Plan(intent="refine", targets=("c1",), acts=(left, slow))
    turn = "Paint it blue in the left half, and slow down the first half."
    first, second = to_expected(plan, turn)["acts"]
    assert first["region"] == "left half"
    assert second["span"] == "first half"
    first, second = to_expected(plan)["acts"]
    assert first["region"] == [0.0, 0.0, 0.5, 1.0]
    assert second["span"] == "0% to 50%"


def test_a_part_is_found_where_words_have_no_spaces() -> None:
    plan = Plan(intent="refine", acts=(Speed(factor=2, span=Span(start=-2.0)),))
    (act,) = to_expected(plan, "해 질 녘 거 마지막 2초만 빠르게")["acts"]
    assert act["span"] == "마지막 2초만"


def test_seconds_and_things_stay_as_they_are() -> None:
    acts = (
        Speed(factor=2, span=Span(start=1.0, end=2.5)),
        Recolor(color="blue", region="the sky"),
    )
    plan = Plan(intent="refine", acts=(*acts, Trim(keep=Span(start=0, end=3))))
    turn = "faster from 1 s to 2.5 s, keep the first 3 s"
    first, second, third = to_expected(plan, turn)["acts"]
    assert first["span"] == [1.0, 2.5]
    assert third["keep"] == [0, 3]
    assert second["region"] == "the sky"
