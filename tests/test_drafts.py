"""What a language model may write down, and the plan that becomes of it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from pydantic import ValidationError

from nbagent.acts import ACTS
from nbagent.acts.base import Span
from nbagent.acts.plan import ACTIONS, INTENTS, Control, Plan
from nbagent.acts.recolor import Recolor
from nbagent.acts.speed import Speed
from nbagent.acts.title import Title
from nbagent.conversation.drafts import PlanDraft, acts_told, fields_told, to_plan
from nbagent.language.state import SHOWN, ClipInfo, State, Variable

STATE = State(
    clips=(
        ClipInfo(ref="c1", caption="a red ball", duration_s=2.0, seed=7),
        ClipInfo(ref="c2", caption="a cat", duration_s=3.0, seed=8),
    ),
    variables=(
        Variable(name="photo", type="PIL.Image"),
        Variable(name=SHOWN, type="Figure"),
    ),
    turns=("a red ball", "a cat"),
)


def plan(state: State = STATE, /, **fields: Any) -> Plan:
    return to_plan(PlanDraft.model_validate(fields), state)


def refine(*acts: dict[str, Any], **fields: Any) -> Plan:
    return plan(intent="refine", acts=list(acts), **fields)


def test_the_schema_has_each_act_of_the_registry_with_its_arguments() -> None:
    schema = PlanDraft.model_json_schema()
    shown = schema["properties"]["acts"]["items"]["anyOf"]
    kinds = {one["properties"]["act"]["const"]: one for one in shown}
    assert set(kinds) == set(ACTS)
    assert kinds["recolor"]["required"] == ["act", "color"]
    assert schema["properties"]["intent"]["enum"] == list(INTENTS)
    # It goes with each request, and what is written by it has an end.
    assert len(json.dumps(schema)) + len(acts_told()) < 35_000
    texts = re.findall(r'{[^{}]*"type": "string"[^{}]*}', json.dumps(shown))
    assert texts
    assert all("maxLength" in text for text in texts)


def test_each_act_is_told_in_a_line() -> None:
    lines = acts_told().splitlines()
    assert len(lines) == len(ACTS)
    for line, act in zip(lines, ACTS.values(), strict=True):
        assert line.startswith(f"- {act.kind} (")
        assert act.summary in line
    assert "- restyle (style: " in acts_told()


def test_each_part_of_a_plan_is_told_in_a_line() -> None:
    told = dict(line[2:].split(": ", 1) for line in fields_told().splitlines())
    assert set(told) == set(PlanDraft.model_fields) - {"intent"}


def test_acts_become_values_in_their_order() -> None:
    made = refine(
        {"act": "recolor", "what": "ball", "color": "blue"},
        {"act": "speed", "factor": 0.5, "span": [0, 1]},
        targets=["c1"],
        keep=["beach"],
        then=[{"action": "save", "format": "gif"}],
    )
    assert made.acts == (
        Recolor(what="ball", color="blue"),
        Speed(factor=0.5, span=Span(start=0, end=1)),
    )
    assert made.targets == ("c1",)
    assert made.keep == ("beach",)
    assert refine({"act": "reverse"}, step=3, frame=10).step == 3
    assert made.then == (Control(action="save", format="gif"),)


def test_a_new_clip_may_have_a_text_and_no_other_act() -> None:
    title = {"act": "title", "text": "Oslo"}
    draft = PlanDraft(intent="generate_video", prompt="a cat", acts=[title])
    assert to_plan(draft, State()).acts == (Title(text="Oslo"),)
    other = draft.model_copy(update={"acts": [title, {"act": "reverse"}]})
    with pytest.raises(
        ValueError, match=("acts belong to refine, not to generate_video")
    ):
        to_plan(other, State())


def test_a_part_may_be_words_or_shares() -> None:
    (act,) = refine({"act": "recolor", "color": "blue", "region": "left half"}).acts
    assert act.region == (0.0, 0.0, 0.5, 1.0)
    (act,) = refine({"act": "recolor", "color": "blue", "region": [0, 0, 1, 0.5]}).acts
    assert act.region == (0.0, 0.0, 1.0, 0.5)
    (act,) = refine({"act": "speed", "factor": 2, "span": "first half"}).acts
    assert act.span == Span(start=0, end=0.5, is_share=True)


def test_a_thing_of_the_picture_stays_in_its_words() -> None:
    (act,) = refine({"act": "restyle", "style": "darker", "region": "the sky"}).acts
    assert act.region == "the sky"


def test_a_change_without_a_target_is_of_the_latest_clip() -> None:
    assert refine({"act": "reverse"}).targets == ("c2",)
    assert refine({"act": "reverse"}, targets=["c1"]).targets == ("c1",)


def test_a_name_may_be_written_as_the_outline_tells_it() -> None:
    for told, name in (("@photo", "photo"), ("photo", "photo"), ("this plot", SHOWN)):
        assert plan(intent="animate_image", targets=[told]).targets == (name,)


def test_a_scene_of_a_storyboard_has_a_name_of_its_own() -> None:
    board = ClipInfo(ref="c3", kind="storyboard", scenes=("c4", "c5"), alias="trip")
    state = State(clips=(board,))
    for name in ("c3", "c4", "trip"):
        made = plan(state, intent="describe", targets=[name])
        assert made.targets == (name,)


def test_settings_hold_what_is_stated_and_nothing_else() -> None:
    made = plan(
        intent="generate_video",
        prompt=" a cat ",
        settings={"duration_s": 3, "negative": ["people"], "loop": True},
    )
    assert made.prompt == "a cat"
    assert made.settings == {"duration_s": 3, "negative": ("people",), "loop": True}


def test_controls_scenes_topics_and_what_is_not_there() -> None:
    made = plan(intent="control", action="cancel", everything=True)
    assert made.control == Control(action="cancel", is_all=True)
    made = plan(intent="control", action="rename", name="ball", targets=["c1"])
    assert made.control == Control(action="rename", name="ball")
    assert plan(intent="storyboard", scenes=["a cat", "a dog"]).scenes == (
        "a cat",
        "a dog",
    )
    assert plan(intent="describe", targets=["c1"], topics=["seed"]).topics == ("seed",)
    assert plan(intent="unsupported", what="music").what == "music"
    assert {Control(action=action).action for action in ACTIONS} == set(ACTIONS)


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"intent": "generate_video"}, "generate_video needs a prompt"),
        ({"intent": "animate_image"}, "animate_image needs the picture in targets"),
        ({"intent": "refine"}, "refine needs acts"),
        ({"intent": "control"}, "control needs an action"),
        (
            {"intent": "describe", "targets": ["c9"]},
            "nothing is called 'c9': choose from c1, c2, photo, this plot",
        ),
        (
            {"intent": "describe", "acts": [{"act": "reverse"}]},
            "acts belong to refine, not to describe",
        ),
        (
            {"intent": "refine", "acts": [{"act": "join", "with": ["c9"]}]},
            "nothing is called 'c9'",
        ),
        (
            {"intent": "refine", "acts": [{"act": "undo", "to": "c9"}]},
            "nothing is called 'c9'",
        ),
        ({"intent": "refine", "acts": [{"act": "sing"}]}, "there is no act 'sing'"),
        ({"intent": "refine", "acts": [{"color": "red"}]}, "there is no act None"),
        ({"intent": "refine", "acts": [{"act": "speed", "factor": -1}]}, "-1 is out"),
        ({"intent": "refine", "acts": [{"act": "recolor"}]}, "recolor needs"),
        (
            {"intent": "refine", "acts": [{"act": "recolor", "colour": "red"}]},
            "recolor has no 'colour'",
        ),
        (
            {"intent": "refine", "acts": [{"act": "speed", "factor": 2, "span": [2]}]},
            "is not a time span",
        ),
    ],
)
def test_what_cannot_be_is_one_line_that_can_be_mended(
    fields: dict[str, Any], line: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(line)) as caught:
        plan(**fields)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"intent": "sing"},
        {"intent": "chat", "mood": "gay"},
        {"intent": "generate_video", "prompt": "x" * 2000},
        {"intent": "generate_video", "prompt": "x", "settings": {"duration_s": -1}},
        {"intent": "generate_video", "prompt": "x", "settings": {"music": True}},
        {"intent": "generate_video", "prompt": "x", "settings": {"aspect": "wide"}},
        {"intent": "control", "action": "explode"},
    ],
)
def test_what_the_schema_has_not_is_no_draft(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PlanDraft.model_validate(fields)


def test_a_refine_needs_a_clip() -> None:
    with pytest.raises(ValueError, match="needs an existing clip"):
        plan(State(), intent="refine", acts=[{"act": "reverse"}])


@pytest.mark.parametrize("intent", ["ask", "chat", "unsupported"])
def test_what_comes_to_an_answer_does_nothing_else(intent: str) -> None:
    made = plan(
        intent=intent,
        acts=[{"act": "sing"}],
        targets=["c1", "c9"],
        what="song",
        then=[{"action": "delete"}],
    )
    assert made.targets == ("c1",)
    assert (made.acts, made.then, made.control) == ((), (), None)
