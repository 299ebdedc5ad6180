"""The wire: TypeScript parity, and messages that a stranger could have sent."""

from __future__ import annotations

import json
import random
import string
from pathlib import Path
from typing import Any

import pytest

from nbagent.errors import SpecError
from nbagent.notebook import typescript, wire
from nbagent.take import Progress
from tests.samples import make_take

WIRE_TS = Path(__file__).parent.parent / "js" / "src" / "wire.ts"


def test_typescript_is_what_python_prints() -> None:
    hint = "run `python -m nbagent.notebook.wire > js/src/wire.ts`"
    assert WIRE_TS.read_text() == typescript.to_typescript(), hint


@pytest.mark.parametrize(
    "message",
    [
        {"type": "get_clip", "id": "a-1", "index": 0},
        {"type": "get_preview", "id": "a-2", "index": 3},
        {"type": "cancel", "id": "a-3", "index": None},
        {"type": "cancel", "id": "a-4", "index": 1},
        {"type": "keep", "id": "a-6", "index": 2},
    ],
)
def test_a_request_comes_through_as_it_was_sent(message: dict[str, Any]) -> None:
    assert wire.parse_request(message, num_takes=4) == message
    noisy = message | {"extra": "dropped"}
    assert wire.parse_request(noisy, num_takes=4) == message


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("get_clip", "not str"),
        (None, "not NoneType"),
        ([], "not list"),
        ({}, "unknown message None"),
        ({"type": "eval", "id": "a", "index": 0}, "unknown message 'eval'"),
        ({"type": ["save"], "id": "a", "index": 0}, "unknown message"),
        ({"type": "get_clip", "id": "a"}, "there is no take None"),
        ({"type": "get_clip", "id": "a", "index": 2}, "there is no take 2"),
        ({"type": "get_clip", "id": "a", "index": -1}, "there is no take -1"),
        ({"type": "get_clip", "id": "a", "index": True}, "there is no take True"),
        ({"type": "get_clip", "id": "a", "index": 0.0}, "there is no take 0.0"),
        ({"type": "get_clip", "id": "", "index": 0}, "needs a short text id"),
        ({"type": "get_clip", "id": 7, "index": 0}, "needs a short text id"),
        ({"type": "get_clip", "id": "a" * 65, "index": 0}, "needs a short text id"),
    ],
)
def test_anything_else_is_one_clear_line(message: object, line: str) -> None:
    with pytest.raises(SpecError, match=r".") as caught:
        wire.parse_request(message, num_takes=2)
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_no_message_makes_the_check_itself_fail() -> None:
    rng = random.Random(0)

    def value(depth: int = 0) -> Any:
        kinds = ["str", "int", "none", "bool", "list", "dict"]
        match rng.choice(kinds if depth < 2 else kinds[:4]):
            case "str":
                words = ["get_clip", "save", "cancel", "mp4", "a"]
                return rng.choice([*words, "".join(rng.choices(string.printable, k=9))])
            case "int":
                return rng.choice([-1, 0, 1, 10**30])
            case "bool":
                return rng.random() < 0.5
            case "list":
                return [value(depth + 1) for _ in range(rng.randrange(3))]
            case "dict":
                keys = rng.sample(["type", "id", "index", "format"], rng.randrange(5))
                return {key: value(depth + 1) for key in keys}
        return None

    accepted = 0
    for _ in range(5000):
        try:
            request = wire.parse_request(value(), num_takes=2)
        except SpecError:
            continue
        accepted += 1
        json.dumps(request)
    assert accepted > 0  # the generator does reach the good ones


def test_a_take_is_shown_with_its_own_facts() -> None:
    view = wire.take_view("c1", make_take(width=96))
    assert view.keys() == wire.TakeView.__annotations__.keys()
    assert (view["name"], view["state"], view["step"]) == ("c1", "queued", 0)
    assert (view["width"], view["height"]) == (96, 128)
    assert (view["num_frames"], view["fps"], view["seed"]) == (16, 8.0, 7)


def test_progress_only_changes_fields_of_a_take() -> None:
    progress = Progress(
        job="j1", state="running", phase="denoise", step=3, num_steps=20, eta_s=1.5
    )
    fields = wire.progress_fields(progress)
    assert fields.keys() < wire.TakeView.__annotations__.keys()
    assert (fields["step"], fields["eta_s"]) == (3, 1.5)
