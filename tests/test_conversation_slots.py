"""Values stated in a turn, in five languages; and those that nobody stated."""

from __future__ import annotations

from typing import Any

import pytest

from nbagent.conversation.clauses import prompt_words, split_clauses
from nbagent.conversation.numbers import to_number
from nbagent.conversation.plan import EditKind
from nbagent.conversation.slots import (
    parse_action,
    parse_negative,
    parse_slots,
    parse_speed,
)


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("a cat, 5 seconds", {"duration_s": 5}),
        ("a 5-second clip of a cat", {"duration_s": 5}),
        ("a cat for two and a half seconds", {"duration_s": 2.5}),
        ("a cat, 1.5s", {"duration_s": 1.5}),
        ("un gato, tres segundos", {"duration_s": 3}),
        ("eine Katze, 2,5 Sekunden", {"duration_s": 2.5}),
        ("고양이 3초 영상", {"duration_s": 3}),
        ("고양이 두 초", {"duration_s": 2}),
        ("一只猫，两秒", {"duration_s": 2}),
        ("a cat at 24 fps", {"fps": 24}),
        ("고양이 초당 12프레임", {"fps": 12}),
        ("a cat, 12 frames per second", {"fps": 12}),
        ("a cat in 9:16", {"aspect": "9:16"}),
        ("vertical video of a cat", {"aspect": "9:16"}),
        ("a cat, square", {"aspect": "1:1"}),
        ("una gata en vertical", {"aspect": "9:16"}),
        ("eine Katze im Hochformat", {"aspect": "9:16"}),
        ("一只猫，竖屏", {"aspect": "9:16"}),
        ("a cat, 1280x720", {"size": "1280x720"}),
        ("four takes of a cat", {"count": 4}),
        ("drei Varianten einer Katze", {"count": 3}),
        ("고양이 영상 세 가지", {"count": 3}),
        ("a cat, seed 42", {"seed": 42}),
        ("a cat in watercolour style", {"style": "watercolour"}),
        ("a cat in the style of van gogh", {"style": "van gogh"}),
        ("a cat, no text, without people", {"negative": ["text", "people"]}),
        ("a cat, no text or logos", {"negative": ["text", "logos"]}),
        ("un gato sin texto", {"negative": ["texto"]}),
        ("eine Katze ohne Text", {"negative": ["Text"]}),
        ("一只猫，不要文字", {"negative": ["文字"]}),
        ("글자 없이 고양이", {"negative": ["글자"]}),
        ("quick draft of a cat", {"quality": "preview"}),
        ("a cat, final quality", {"quality": "final"}),
        ("a looping gif of a cat", {"loop": True, "format": "gif"}),
        # Nothing is stated here.
        ("a tram crossing an empty square", {}),
        ("two gears turning together", {}),
        ("sketch of a treehouse", {}),
        ("a 1920s jazz band", {}),
        ("호랑이 초상화", {}),
        ("a second cat", {}),
        ("a portrait of a king", {}),
    ],
)
def test_values_of_a_new_clip(text: str, slots: dict[str, Any]) -> None:
    assert parse_slots(text, "generate_video") == slots


@pytest.mark.parametrize(
    ("text", "kind", "slots"),
    [
        ("at double speed", "speed", {"speed": 2.0}),
        ("drop the last second", "trim", {}),
        ("cut the first 2 seconds", "trim", {}),
        ("keep the first 2 seconds", "trim", {"duration_s": 2}),
        ("2 more seconds", "extend", {"duration_s": 2}),
        ("as a paper cut-out", "restyle", {"style": "paper cut-out"}),
        ("give it the look of an old film", "restyle", {"style": "old film"}),
        ("make it a perfect loop", "loop", {}),
        ("full quality now", "quality", {"quality": "final"}),
        ("make it loop without a visible seam", "loop", {}),
        ("slwoer", "speed", {"speed": "slower"}),
    ],
)
def test_values_of_an_edit(text: str, kind: EditKind, slots: dict[str, Any]) -> None:
    assert parse_slots(text, "refine", ((kind, text),)) == slots


@pytest.mark.parametrize("intent", ["chat", "analyze", "describe"])
def test_a_question_states_no_values(intent: Any) -> None:
    assert parse_slots("how do I make a 5 second gif in 9:16, no text?", intent) == {}


def test_stories_have_scenes() -> None:
    assert parse_slots("three scenes: egg, chick, hen", "storyboard") == {"scenes": 3}
    assert parse_slots("세 장면으로: 봄, 여름, 가을", "storyboard") == {"scenes": 3}


@pytest.mark.parametrize(
    ("text", "speed"),
    [
        ("half speed", 0.5),
        ("twice as fast", 2.0),
        ("1.5x", 1.5),
        ("20% slower", 0.8),
        ("doppelt so schnell", 2.0),
        ("a mitad de velocidad", 0.5),
        ("두 배 빠르게", 2.0),
        ("半速", 0.5),
        ("in slow motion", "slower"),
        ("it's too fast", "slower"),
        ("más rápido", "faster"),
        ("더 천천히", "slower"),
        ("快一点", "faster"),
        ("at night", None),
    ],
)
def test_speeds(text: str, speed: float | str | None) -> None:
    assert parse_speed(text) == speed


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("stop", "cancel"),
        ("pause it", "pause"),
        ("how far is it?", "status"),
        ("save as mp4", "save"),
        ("export it", "export"),
        ("send it to anna", "share"),
        ("throw it away", "delete"),
        ("취소해 줘", "cancel"),
        ("진행 상황은?", "status"),
        ("保存", "save"),
        ("guárdalo", "save"),
        ("brich ab", "cancel"),
        ("a cat", None),
    ],
)
def test_actions(text: str, action: str | None) -> None:
    assert parse_action(text) == action


def test_no_is_not_always_a_thing_to_leave_out() -> None:
    assert parse_negative("no, make it longer") == []
    assert parse_negative("no problem, no longer than this") == []


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        ("make a 5 second video of a cat, 9:16", "a cat"),
        ("I'd love to see popcorn popping", "popcorn popping"),
        (
            "two versions of a tram crossing an empty square",
            "a tram crossing an empty square",
        ),
        (
            "a red ball crosses the beach at sunset",
            "a red ball crosses the beach at sunset",
        ),
        ("could you show me a fox, please", "a fox"),
        ("sketch of a treehouse", "sketch of a treehouse"),
        ("一只青蛙跳过荷叶的短片", "一只青蛙跳过荷叶"),
        ("make a video", "a video"),
    ],
)
def test_a_prompt_has_no_request_words(text: str, prompt: str) -> None:
    assert prompt_words(text) == prompt


def test_clauses_keep_what_belongs_together() -> None:
    said = [
        c
        for c, _ in split_clauses("in black and white, 2.5 seconds and slower. save it")
    ]
    assert said == ["in black and white", "2.5 seconds", "slower", "save it"]


def test_numbers() -> None:
    assert [to_number(n) for n in ("2,5", "two", "두", "两", "zwei", "half")] == [
        2.5, 2, 2, 2, 2, 0.5,
    ]  # fmt: skip
