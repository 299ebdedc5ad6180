"""Scripted dialogues: the file is sound, the score is honest, the conversation holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from nbagent.cli import main
from nbagent.dialogues import CHECKS, FILE, evaluate, read
from nbagent.errors import SpecError


def test_the_conversation_holds_what_it_held() -> None:
    dialogues = read(FILE)
    assert len(dialogues) >= 30
    assert {name for d in dialogues for t in d["turns"] for name in t} >= set(CHECKS)
    result = evaluate(dialogues)
    # What docs/conversation.md says; a change that loses some must say so there.
    assert result["dialogues"] >= 0.94
    assert result["checks"] >= 0.98


@pytest.mark.parametrize(
    ("turn", "is_right"),
    [
        ({"from": None, "shows": ["red ball"], "clips": 1}, True),
        ({"shows": ["blue ball"]}, False),
        ({"lacks": ["ball"]}, False),
        ({"from": "c1"}, False),
        ({"seed": "kept"}, False),
        ({"intent": "refine"}, False),
        ({"operation": "remix"}, False),
        ({"effects": ["loop"]}, False),
        ({"seconds": 3.0}, False),
        ({"fields": {"time": "night"}}, False),
        ({"kept": ["core"]}, False),
        ({"answer": []}, False),
        ({"error": ""}, False),
    ],
)
def test_every_check_can_fail(turn: dict[str, Any], is_right: bool) -> None:
    said = {"say": "a red ball on the beach", **turn}
    result = evaluate([{"id": "one", "turns": [said]}])
    assert (result["dialogues"] == 1.0) is is_right
    assert bool(result["wrong"]) is not is_right


def test_a_turn_that_fails_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    turns = [{"say": "a red ball"}, {"say": "c4 at night"}]
    result = evaluate([{"id": "one", "turns": turns}])
    assert result["turns"] == 0.5
    assert "no clip is called 'c4'" in result["wrong"][0]
    assert not capsys.readouterr().out


def test_the_command_prints_its_score(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "two.jsonl"
    turns = [{"say": "a cat in the snow", "shows": ["cat"]}, {"say": "at night"}]
    file.write_text(json.dumps({"id": "cat", "turns": turns}))
    assert main(["eval", "dialogues", str(file), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["n"], result["n_turns"], result["dialogues"]) == (1, 2, 1.0)
    assert main(["eval", "dialogues", str(file)]) == 0
    assert "dialogues 1.000 of 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no dialogues"),
        ("{}", "line 1 is not a dialogue"),
        ('{"id": "a", "turns": [{"say": "x", "show": []}]}', "checks show: known are"),
    ],
)
def test_a_file_that_is_none_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text(text)
    with pytest.raises(SpecError, match=said):
        read(file)
    assert main(["eval", "dialogues", str(file)]) == 2
    assert main(["eval", "dialogues", str(tmp_path / "none.jsonl")]) == 2
