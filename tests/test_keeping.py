"""What is refined by mouse is in the notebook: in output B of its cell, or in a cell."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest
from ipywidgets import widget_serialization

from nbagent.conversation import choices
from nbagent.conversation.session import Session
from nbagent.errors import SpecError
from nbagent.notebook import keeping as module
from nbagent.notebook.chat import Chat
from nbagent.notebook.desk import Desk
from nbagent.notebook.keeping import Keeping
from nbagent.notebook.player import Player
from nbagent.notebook.transcript import Transcript
from nbagent.settings import Settings, read_refined
from tests.jobs_stub import wait_until
from tests.test_player import WAIT_S, FileSource
from tests.test_session import say, store

pytestmark = [pytest.mark.usefixtures("recording"), pytest.mark.phrases]


class Page:
    """A cell's output, as a front end keeps it: by its display id."""

    def __init__(self) -> None:
        self.shown: dict[str, dict[str, Any]] = {}
        self.changes: queue.SimpleQueue[str] = queue.SimpleQueue()

    def publish(
        self, data: dict[str, Any], *, transient: dict[str, str], update: bool = False
    ) -> None:
        name = transient["display_id"]
        if update and name not in self.shown:
            return  # a page has no place for it
        self.shown[name] = data
        self.changes.put(data["text/plain"])

    def texts(self) -> list[str]:
        return [data["text/plain"] for data in self.shown.values()]


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Page:
    page = Page()
    monkeypatch.setattr(module, "publish_display_data", page.publish)
    return page


@pytest.fixture
def players(session: Session) -> Iterator[list[Player]]:
    """Players to be closed: the one of the cell is the first."""
    store(session, say(session, "a red ball crosses the beach", "cell-1", seed=7))
    desk = Desk(Chat(Transcript(session), {}))
    keeping = Keeping(desk)
    player = Player(FileSource(), desk, keeping=keeping)
    keeping.begin(player)
    made = [player]
    yield made
    for one in made:
        one.close()


def refine(players: list[Player], name: str, words: str) -> Player:
    """Say a turn in a player, as its line does; return the player below it."""
    *_, above = players
    message: dict[str, Any] = {"type": "refine", "id": "v-1", "name": name}
    message |= {"words": words, "span": None, "region": None}
    above._reply(message)
    model_id = above.follow_ups[-1]
    child = widget_serialization["from_json"](f"IPY_MODEL_{model_id}", None)
    players.append(cast(Player, child))
    return players[-1]


def test_what_is_refined_joins_the_output_of_its_cell(
    session: Session, players: list[Player], page: Page
) -> None:
    keeping = players[0]._keeping
    assert keeping is not None
    keeping.show([session.clip("c1")])
    first = page.changes.get(timeout=WAIT_S)
    refine(players, "c1", "slower")
    both = page.changes.get(timeout=WAIT_S)
    assert both.startswith(first)
    assert "\nc2: " in both
    # One that is refined in the player below it is kept in the same output.
    refine(players, "c2", "play it backwards")
    assert "\nc3: " in page.changes.get(timeout=WAIT_S)
    (data,) = page.shown.values()
    assert data["text/html"].count("<video") == 3


def test_what_is_refined_while_the_cell_runs_comes_with_its_output(
    session: Session, players: list[Player], page: Page
) -> None:
    child = refine(players, "c1", "slower")
    keeping = players[0]._keeping
    assert keeping is not None
    wait_done(child)
    wait_until(lambda: keeping._made)
    assert page.texts() == []
    keeping.show([session.clip("c1")])
    (text,) = page.texts()
    assert "c1: " in text
    assert "\nc2: " in text


def test_a_cell_of_its_own_if_the_user_has_set_that(
    session: Session, players: list[Player], page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "a cell of its own" in session.choose(choices.refined("cell"))
    told: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    monkeypatch.setattr(module, "tell", lambda _view, event: told.put(event))
    refine(players, "c1", "slower")
    event = told.get(timeout=WAIT_S)
    assert event["source"] == "%agent --seed 7 c1, slower"
    assert event["data"]["text/plain"].startswith("c2: ")
    assert page.texts() == []


def test_off_is_off(session: Session, players: list[Player], page: Page) -> None:
    session.settings = replace(session.settings, refined="off")
    wait_done(refine(players, "c1", "slower"))
    keeping = players[0]._keeping
    assert keeping is not None
    keeping.show([session.clip("c1")])
    assert "c2" not in page.texts()[0]


def test_another_setting_is_one_line() -> None:
    with pytest.raises(SpecError, match="refined got 'page', which is no place"):
        read_refined("page", "refined got 'page', which")
    with pytest.raises(
        SpecError, match=r"NBAGENT_REFINED='page'.*use one of output, cell, off"
    ):
        Settings.from_env({"NBAGENT_REFINED": "page"})


def wait_done(player: Player) -> None:
    wait_until(lambda: player.turn_state == "done", WAIT_S)
