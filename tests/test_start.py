"""`%load_ext nbagent` answers, and `%nbagent start` has something to click."""

from __future__ import annotations

import io
import itertools
import re
from pathlib import Path
from typing import Any

import pytest
from ipywidgets import widget_serialization
from PIL import Image

from nbagent.conversation.context import variables
from nbagent.conversation.session import Session
from nbagent.errors import SpecError
from nbagent.notebook import keeping as kept
from nbagent.notebook.chat import Chat
from nbagent.notebook.desk import Desk
from nbagent.notebook.keeping import Keeping
from nbagent.notebook.player import Player
from nbagent.notebook.start import (
    EXAMPLES,
    PALETTE,
    Example,
    Start,
    picture,
    start_bundle,
)
from nbagent.notebook.start_wire import parse_start_request
from nbagent.notebook.transcript import Transcript
from tests.jobs_stub import wait_until
from tests.test_documents import Run, run
from tests.test_player import WAIT_S
from tests.test_session import say, store

__all__ = ["run"]  # a fixture

MOST_BYTES = 400_000


def test_the_pictures_move_and_are_small() -> None:
    pictures = [picture(example) for example in EXAMPLES]
    assert len(pictures) == 6
    assert sum(map(len, pictures)) < MOST_BYTES
    for one in pictures:
        with Image.open(io.BytesIO(one)) as image:
            assert getattr(image, "n_frames", 1) >= 12


def test_the_page_without_a_kernel_has_all_and_loads_nothing() -> None:
    data = start_bundle()
    page = data["text/html"]
    assert page.count("<img ") == len(EXAMPLES)
    assert not re.search(r'(?:src|href)="(?!data:)', page)
    for example in EXAMPLES:
        assert example.turn in data["text/plain"]
    assert "a red ball, an orange ball" in page
    assert "%nbagent connect" in page
    assert len(page) < 1.4 * MOST_BYTES


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one.name)
def test_each_example_makes_a_clip_as_it_stands(
    example: Example, session: Session
) -> None:
    values: dict[str, Any] = {}
    exec(example.data, values)
    values.pop("__builtins__", None)
    reply = session.hear(example.turn, {}, variables=variables(values), values=values)
    assert len(reply.takes) == 1
    assert not reply.notes


def test_words_of_the_palette_are_understood_together(session: Session) -> None:
    groups = [PALETTE[name] for name in ("Who", "Does what", "Where", "When")]
    longest = max(map(len, groups))
    turns = zip(*map(itertools.cycle, groups), strict=False)
    for turn in itertools.islice(turns, longest):
        reply = session.consider(" ".join(turn), {})
        assert len(reply.takes) == 1, turn
        assert not reply.notes, (turn, reply.notes)


@pytest.fixture
def desk(session: Session) -> Desk:
    store(session, say(session, "a red ball crosses the beach", "cell-1", seed=7))
    return Desk(Chat(Transcript(session), {}))


@pytest.mark.phrases
@pytest.mark.usefixtures("recording")
def test_a_click_says_the_turn_and_its_clip_is_kept(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    monkeypatch.setattr(
        kept,
        "publish_display_data",
        lambda data, **_: shown.append(data["text/plain"] + data["text/html"]),
    )
    keeping = Keeping(desk, start_bundle)
    start = Start(desk, keeping)
    keeping.show()
    reply, _ = start._reply({"type": "run", "id": "v-1", "turn": "slower"})
    assert reply == {"type": "ran", "id": "v-1", "line": ""}
    (model_id,) = start.follow_ups
    player = widget_serialization["from_json"](f"IPY_MODEL_{model_id}", None)
    assert isinstance(player, Player)
    wait_until(lambda: len(shown) == 2, WAIT_S)
    assert "c2: a red ball" not in shown[0]
    assert "c2: a red ball" in shown[1]
    for widget in (start, player):
        widget.close()


@pytest.mark.usefixtures("recording")
def test_it_answers_what_a_view_asks(desk: Desk) -> None:
    start = Start(desk, Keeping(desk, start_bundle))

    def ask(kind: str) -> Any:
        return start._reply({"type": kind, "id": "v-1"})

    reply, pictures = ask("get_pictures")
    assert reply["type"] == "pictures"
    assert pictures == [picture(example) for example in EXAMPLES]
    (around, _) = ask("look_around")
    assert len(around["lines"]) == 2
    with pytest.raises(SpecError, match="no clip"):
        start._reply({"type": "run", "id": "v-1", "turn": "c9 at night"})
    start.close()


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ({"type": "nonsense", "id": "a"}, "unknown message"),
        ({"type": "run", "id": "a"}, "say a turn"),
        ({"type": "run", "id": "a", "turn": "x" * 3000}, "say a turn"),
        ({"type": "run", "turn": "a cat"}, "short text id"),
        (None, "short text id"),
    ],
)
def test_any_other_message_is_one_line(message: Any, line: str) -> None:
    with pytest.raises(SpecError, match=line):
        parse_start_request(message)


@pytest.mark.slow
def test_loading_says_what_to_type_and_only_once(run: Run, tmp_path: Path) -> None:
    said = run("%load_ext nbagent")
    assert said.count("\n") == 0
    assert "%nbagent start" in said
    assert run("import nbagent; nbagent.load_ipython_extension(get_ipython())") == ""
    assert "a red ball crosses the beach" in run("%nbagent start")
    assert not list(tmp_path.glob("*"))[2:]  # nothing but IPython's folder and ours
