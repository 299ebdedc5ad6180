"""Conversations as wholes: named, forked, put aside, taken back, written out."""

from __future__ import annotations

from collections.abc import Iterator

import nbformat
import pytest

from nbagent.conversation.library import history, listed
from nbagent.conversation.session import Session
from nbagent.errors import SpecError
from nbagent.jobs.engine import Engine
from nbagent.notebook.export import export
from nbagent.notebook.transcript import Transcript
from nbagent.settings import Settings
from tests.test_session import say, store

pytestmark = pytest.mark.phrases


@pytest.fixture
def session(settings: Settings) -> Iterator[Session]:
    # The engine is the real one, and never starts: nothing here renders.
    session = Session(settings=settings, engine=Engine(settings))
    yield session
    session.close()


def names(session: Session) -> list[str]:
    return [row.name for row in session.rows()]


def test_a_named_conversation_has_clips_of_its_own(session: Session) -> None:
    store(session, say(session, "a red ball on the beach"))
    assert session.whole.converse("the  other") == "the other: 0 turns, 0 clips"
    assert names(session) == []
    store(session, say(session, "a cat in the snow"))
    assert session.whole.converse("test") == "test: 1 turn, 1 clip"
    assert session.clip("c1").prompt.startswith("a red ball")
    assert listed(session.ledger, "test") == (
        "* test: 1 turn, 1 clip\n  the other: 1 turn, 1 clip"
    )
    with pytest.raises(SpecError, match="cannot be the name of a conversation"):
        session.whole.converse(" ")


def test_a_fork_goes_its_own_way(session: Session) -> None:
    store(session, say(session, "a red ball on the beach", "one"))
    store(session, say(session, "at night", "two"))
    before = session.clip("c2").take
    assert session.whole.fork() == "test-fork: 2 turns, 2 clips, forked from test"
    assert names(session) == ["c1", "c2"]
    # A cell that is run again replaces its turn in the fork alone.
    store(session, say(session, "at sunset", "two"))
    (clip,) = store(session, say(session, "c1 in the snow"))
    assert clip.name == "c3"
    assert session.clip("c2").take != before
    session.whole.converse("test")
    assert names(session) == ["c1", "c2"]
    assert session.clip("c2").take == before
    with pytest.raises(SpecError, match="there is already a conversation 'test-fork'"):
        session.whole.fork("test-fork")
    assert session.whole.fork().startswith("test-fork-2: ")


def test_a_reset_puts_aside_and_loses_nothing(session: Session) -> None:
    assert session.whole.reset() == "test: nothing said yet"
    store(session, say(session, "a red ball on the beach"))
    assert (
        session.whole.reset()
        == "test starts afresh; what was said before is kept as test-before"
    )
    assert names(session) == []
    (clip,) = store(session, say(session, "a cat in the snow"))
    assert clip.name == "c1"
    session.whole.converse("test-before")
    assert session.clip("c1").prompt.startswith("a red ball")


def test_a_reset_waits_for_what_is_rendered(session: Session) -> None:
    reply = say(session, "a red ball on the beach")
    session.render(reply)
    session.ledger.jobs.add(reply.takes[0].id, reply.turn_id, "final")
    with pytest.raises(SpecError, match=r"c1: queued .* %nbagent cancel"):
        session.whole.reset()


def test_history_says_what_came_of_each_turn(session: Session) -> None:
    assert history(session.record, 5) == "nothing said yet"
    store(session, say(session, "a red ball on the beach"))
    say(session, "what seed has c1?")
    with pytest.raises(SpecError):
        say(session, "c9 at night")
    assert history(session.record, 5).splitlines() == [
        "  1. a red ball on the beach  -> c1",
        "  2. what seed has c1?  -> answer",
        "  3. c9 at night  -> error",
    ]
    assert len(history(session.record, 2).splitlines()) == 2


def test_a_conversation_becomes_a_notebook(session: Session) -> None:
    store(session, say(session, "a red ball on the beach", seed=7))
    say(session, "what seed has c1?")
    session.hear("--odd\nat night", {}, target=session.clip("c1"))
    path = export(session, Transcript(session).turns(), "ipynb")
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert [cell.source for cell in notebook.cells] == [
        "%load_ext nbagent",
        "%agent --seed 7 a red ball on the beach",
        "%%agent\nwhat seed has c1?",
        "import nbagent\n\nnbagent.say('-- --odd\\nat night', target='c1')",
    ]
    shown, told = (cell.outputs[0] for cell in notebook.cells[1:3])
    assert "data:video/mp4" in shown.data["text/html"]
    assert "seed 7" in told.data["text/plain"]
    assert export(session, [], "ipynb") != path
    with pytest.raises(SpecError, match="'pdf' is not a kind of export"):
        export(session, [], "pdf")


def test_answers_say_why_and_by_which_turns(session: Session) -> None:
    store(session, say(session, "a red ball on the beach"))
    store(session, say(session, "at night"))
    store(session, say(session, "slower"))
    for take in (session.clip("c2").take, session.clip("c3").take):
        assert take is not None
    changed = say(session, "what changed between c1 and c3?").answer
    assert changed is not None
    assert "by c2 ('at night'), then c3 ('slower')" in changed
    why = say(session, "why does c2 look darker?").answer
    assert why is not None
    assert "c2 was made from c1 by c2 ('at night')." in why
    assert "The seed is the same" in why
    first = say(session, "why does c1 look like that?").answer
    assert first is not None
    assert "c1 was made from scratch" in first
