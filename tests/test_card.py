"""What a card is told of a take beside how it goes: its origin, its scenes, its notes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from html import escape

import pytest

from nbagent.conversation import answers
from nbagent.conversation.session import Session
from nbagent.errors import SpecError
from nbagent.notebook.bundle import static_bundle
from nbagent.notebook.chat import Chat
from nbagent.notebook.desk import Desk
from nbagent.notebook.panel_wire import TurnView
from nbagent.notebook.player import Player
from nbagent.notebook.transcript import Transcript
from tests.test_player import WAIT_S
from tests.test_session import say, store

BALL = "a red ball on the beach at sunset"


def turn_views(session: Session) -> list[TurnView]:
    transcript = Transcript(session)
    transcript.listen(lambda _event: None)
    return transcript.turns()


def test_a_take_says_what_changed_and_from_which_clip(session: Session) -> None:
    store(session, say(session, BALL))
    store(session, say(session, "at night"))
    store(session, say(session, "another take"))
    store(session, say(session, "twice as fast"))
    first, night, other, fast = (view["takes"][0] for view in turn_views(session))
    assert (first["parent"], first["changes"]) == ("", [])
    assert night["parent"] == "c1"
    assert set(night["changes"]) == {"+ at night", "\N{MINUS SIGN} at sunset"}
    assert (fast["parent"], fast["changes"]) == ("c3", ["twice as fast"])
    assert other["changes"] in ([], ["another seed"])
    for take in (first, night, other, fast):
        assert str(take["seed"]) not in " ".join(take["changes"])


def test_a_live_take_says_the_same(session: Session) -> None:
    store(session, say(session, BALL))
    rendering = session.render(say(session, "at night"))
    (view,) = Transcript(session).views(rendering)
    assert (view["state"], view["parent"]) == ("queued", "c1")
    assert "+ at night" in view["changes"]
    # Until its first step there is the clip that it is made from.
    assert rendering.preview(0) == session.clip("c1").poster


def test_scenes_are_told_from_the_film_that_they_make(session: Session) -> None:
    words = "A dog runs on the beach. Then it runs in the desert. Then it sleeps."
    store(session, say(session, words))
    (view,) = turn_views(session)
    assert [take["is_scene"] for take in view["takes"]] == [True, True, True, False]
    assert [take["changes"] for take in view["takes"]] == [[], [], [], []]
    store(session, say(session, "a rocket rises from the desert", takes=2))
    several = turn_views(session)[-1]
    assert not any(take["is_scene"] for take in several["takes"])


def test_what_a_clip_was_made_from_is_no_scene_of_it(session: Session) -> None:
    store(session, say(session, BALL))
    store(session, say(session, "at night"))
    html = static_bundle([session.clip("c1"), session.clip("c2")])["text/html"]
    assert 'class="nba-scene"' not in html
    assert html.index("<figcaption>c1") < html.index("<figcaption>c2")


def test_a_note_is_said_once_in_a_lineage(session: Session) -> None:
    store(session, say(session, "a red ball on the beach in the rain"))
    store(session, say(session, "at night"))
    first, second = (view["note"] for view in turn_views(session))
    assert "rain" in first
    assert "rain" not in second
    line = next(line for line in first.splitlines() if "rain" in line)
    # Without a kernel too, and in what the clip says of itself.
    c1, c2 = session.clip("c1"), session.clip("c2")
    assert escape(line) in static_bundle([c1])["text/html"]
    assert escape(line) not in static_bundle([c2])["text/html"]
    assert static_bundle([c1, c2])["text/plain"].count(line) == 1
    assert (line in repr(c1), line in repr(c2)) == (True, False)
    # What is new is said.
    turn = session.ledger.turns.of(session.settings.conversation)[-1]
    assert c2.take is not None
    turn = replace(turn, notes=f"{line}\nNew here.")
    assert Transcript(session).note(turn, [c2.take]) == "New here."


def test_a_film_is_told_with_the_notes_of_its_own_scenes(session: Session) -> None:
    words = "A dog runs on the beach in the rain. Then it sleeps."
    reply = say(session, words)
    store(session, reply)
    (lost,) = {note for note in reply.notes if "rain" in note}
    (view,) = turn_views(session)
    assert lost in view["note"]
    film = session.clip(view["takes"][-1]["name"])
    assert escape(lost) in static_bundle([film])["text/html"]


@pytest.mark.usefixtures("recording")
def test_what_was_stopped_goes_on_in_its_player(session: Session) -> None:
    store(session, say(session, BALL))
    reply = say(session, "twice as fast", "cell-2")
    rendering = session.render(reply)
    session.close_turn(reply, error="stopped c2 before its first step")
    desk = Desk(Chat(Transcript(session), {}))
    takes = desk.chat.transcript.views(rendering)
    player = Player(rendering, desk, takes, request="twice as fast")
    try:
        player.set_take(0, state="cancelled")
        answer, _ = player._reply({"type": "go_on", "id": "v-1", "name": "c2"})
        assert answer == {"type": "going_on", "id": "v-1", "turn": reply.turn_id}
        until(lambda: player.takes[0]["state"] == "done")
        until(lambda: session.ledger.turns.get(reply.turn_id).error is None)
        assert player.takes[0]["fps"] == 2 * session.clip("c1").fps
        clip, _ = player._reply({"type": "get_clip", "id": "v-2", "index": 0})
        assert clip["type"] == "clip"
    finally:
        player.close()


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_turn_that_was_replaced_does_not_go_on(session: Session) -> None:
    with pytest.raises(SpecError, match="run its cell again"):
        session.renderings.again(99)


def test_a_seed_is_no_news(session: Session) -> None:
    (clip,) = store(session, say(session, BALL, seed=1234567890))
    assert clip.take is not None
    other = clip.take.with_seed(7)
    assert answers.changed(clip.take, other) == ["another seed"]
    assert answers.changed(clip.take, clip.take) == []
