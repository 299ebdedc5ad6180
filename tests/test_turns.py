"""Labelled turns keep to their schema; the checker finds what does not."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.turns.__main__ import main
from tests.turns.schema import INTENTS, LANGUAGES, Turn, faults, read

FILES = sorted((Path(__file__).parent / "turns").glob("*.jsonl"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_hands_turns_keep_to_the_schema(file: Path) -> None:
    turns = read(file)
    assert faults(turns) == []
    assert len(turns) >= 50
    assert len({turn["id"].partition("-")[0] for turn in turns}) == 1  # one author


def test_all_intents_and_languages_are_there_by_more_than_one_hand() -> None:
    by_hand = {file.stem: read(file) for file in FILES}
    hands = Counter(
        kind
        for turns in by_hand.values()
        for kind in {
            *(turn["expected"]["intent"] for turn in turns),
            *(turn["lang"] for turn in turns),
        }
    )
    assert min(hands[kind] for kind in INTENTS | LANGUAGES) > 1


def turn(**more: Any) -> Turn:
    expected: dict[str, Any] = {
        "intent": "chat",
        "target": None,
        "acts": [],
        "settings": {},
    }
    return {
        "id": "one-1",
        "lang": "en",
        "variables": [],
        "history": [],
        "turn": "make it blue, in the rain",
        "expected": expected | more,
        "tags": [],
    }


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"intent": "dance"}, "intent 'dance' is unknown"),
        ({"target": "c1"}, "target 'c1' is unknown"),
        ({"intent": "refine"}, "refine with 0 acts"),
        ({"intent": "unsupported"}, "unsupported without what"),
        ({"intent": "control", "action": "jump"}, "action 'jump' is unknown"),
        ({"settings": {"colour": "blue"}}, "setting 'colour' is unknown"),
        ({"prompt": ["blue", "green"]}, "prompt 'green' is no part of the turn"),
        ({"mood": "good"}, "field 'mood' is unknown"),
        (
            {"intent": "refine", "acts": [[{"act": "recolor", "color": "red"}]]},
            "color 'red' is no part of the turn",
        ),
        (
            {"intent": "refine", "acts": [{"act": "loop", "times": 3}]},
            "argument of loop 'times' is unknown",
        ),
    ],
)
def test_what_breaks_the_schema_is_one_line(more: dict[str, Any], says: str) -> None:
    assert faults([turn(**more)]) == [f"one-1: {says}"]


def test_the_same_twice_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert faults([turn(), turn()]) == [
        "one-1: its id is there twice",
        "one-1: the same first turn is there twice",
    ]
    assert main([str(FILES[0])]) == 0
    assert "0 faults" in capsys.readouterr().out
