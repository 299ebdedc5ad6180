"""The scoring rules of `nbagent eval turns`, one by one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nbagent.conversation import evaluate
from nbagent.conversation.plan import Edit, EditKind, Intent, Plan
from nbagent.errors import SpecError


def record(intent: Intent, **expected: Any) -> dict[str, Any]:
    return {
        "id": "t1",
        "lang": "en",
        "variables": [
            {"name": "kite", "type": "Clip", "ref": "c1", "summary": "a kite"}
        ],
        "history": [{"user": "a kite", "result": {"kind": "video", "ref": "c1"}}],
        "turn": "anything",
        "expected": {
            "intent": intent,
            "edits": [],
            "target": None,
            "slots": {},
            **expected,
        },
        "tags": ["trap"],
    }


def refine(*kinds: EditKind, target: str | None = "c1", **slots: Any) -> Plan:
    edits = tuple(Edit(kind=kind, text="x") for kind in kinds)
    return Plan(intent="refine", edits=edits, target=target, slots=slots)  # type: ignore[arg-type]  # slots by name


def test_a_clip_variable_is_its_clip() -> None:
    wanted = record("refine", edits=[["speed"]], target="kite")
    assert evaluate.score(wanted, refine("speed", target="c1")).full
    assert not evaluate.score(wanted, refine("speed", target="c2")).target
    assert not evaluate.score(wanted, refine("speed", target=None)).target


def test_several_targets_come_in_any_order() -> None:
    wanted = record("describe", target=["c1", "c2"])
    assert evaluate.score(wanted, Plan(intent="describe", target=("c2", "kite"))).full
    assert not evaluate.score(wanted, Plan(intent="describe", target="c1")).full


@pytest.mark.parametrize(
    ("intent", "is_right"),
    [
        ("generate_video", True),
        ("chat", True),
        ("storyboard", True),
        ("control", False),
    ],
)
def test_a_target_too_many_is_forgiven_where_nothing_is_touched(
    intent: Intent, is_right: bool
) -> None:
    plan = Plan(intent=intent, target="c1")
    assert evaluate.score(record(intent), plan).target is is_right


@pytest.mark.parametrize(
    ("kinds", "is_right"),
    [
        (["recolor", "speed"], True),
        (["restyle", "speed"], True),
        (["speed", "recolor"], False),
        (["recolor"], False),
        (["recolor", "loop"], False),
        (["recolor", "camera", "speed"], True),
        (["recolor", "speed", "camera"], True),
        (["camera", "recolor", "camera"], False),
    ],
)
def test_edits_are_right_only_in_order_and_complete(
    kinds: list[EditKind], is_right: bool
) -> None:
    wanted = record(
        "refine",
        edits=[["recolor", "restyle"], ["speed"]],
        target="c1",
        accept_edits=["camera"],
    )
    assert evaluate.score(wanted, refine(*kinds)).edits is is_right


def test_edits_count_for_refines_only() -> None:
    assert evaluate.score(record("chat"), Plan(intent="chat")).edits is None
    missed = record("refine", edits=[["speed"]], target="c1")
    assert evaluate.score(missed, Plan(intent="chat")).edits is False


@pytest.mark.parametrize(
    ("expected", "found", "is_right"),
    [
        ({"duration_s": 2}, {"duration_s": 2.0}, True),
        ({"duration_s": 2}, {}, False),
        ({}, {"duration_s": 2}, False),
        ({"style": "The Comic strip"}, {"style": "comic strip style"}, True),
        ({"negative": ["text", "people"]}, {"negative": ["people", "Text"]}, True),
        ({"negative": ["text"]}, {"negative": ["text", "people"]}, False),
        ({"speed": 2.0}, {"speed": "faster"}, False),
    ],
)
def test_slots_are_all_there_and_none_invented(
    expected: dict[str, Any], found: dict[str, Any], is_right: bool
) -> None:
    wanted = record("generate_video", slots=expected)
    plan = Plan(intent="generate_video", slots=found)  # type: ignore[arg-type]  # slots by name
    assert evaluate.score(wanted, plan).slots is is_right


@pytest.mark.parametrize(
    ("expected", "accepted", "plan", "starts"),
    [
        ("chat", [], Plan(intent="generate_video"), True),
        ("ask", [], refine("recolor"), True),
        ("ask", [], refine("speed", "loop"), False),
        ("ask", ["refine"], refine("recolor"), False),
        ("chat", [], Plan(intent="control"), False),
        ("generate_video", [], Plan(intent="generate_image"), False),
    ],
)
def test_a_false_start_costs_device_time_that_was_not_asked_for(
    expected: Intent, accepted: list[str], plan: Plan, starts: bool
) -> None:
    wanted = record(expected, accept_intents=accepted)
    assert evaluate.score(wanted, plan).false_start is starts


def test_figures_are_fractions_of_the_turns_they_are_about() -> None:
    records = [record("chat"), record("refine", edits=[["speed"]], target="c1")]
    result = evaluate.evaluate(records, lambda _turn, _state: refine("speed"))
    wanted = {
        "n": 2, "intent": 0.5, "edits": 1.0, "n_edits": 1, "target": 0.5, "slots": 1.0,
        "full": 0.5, "false_starts": 0.0, "n_free": 1,
    }  # fmt: skip
    assert {name: result[name] for name in wanted} == wanted
    assert result["by_tag"]["trap"] == {"n": 2, "intent": 0.5, "full": 0.5}


def test_the_command_prints_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "turns.jsonl"
    path.write_text(json.dumps(record("chat")) + "\n\n")
    assert evaluate.main([str(path), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert {
        "intent",
        "edits",
        "target",
        "slots",
        "full",
        "false_starts",
        "p95_ms",
        "n",
    } <= set(result)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no turns"),
        ("{", "line 1 is not a recorded turn"),
        ('{"turn": "x"}', "line 1 is not a recorded turn"),
        ("[1]", "line 1 is not a recorded turn"),
    ],
)
def test_a_bad_file_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    path = tmp_path / "turns.jsonl"
    path.write_text(text)
    assert evaluate.main([str(path), "--json"]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="cannot read"):
        evaluate.read_records(tmp_path / "none.jsonl")
