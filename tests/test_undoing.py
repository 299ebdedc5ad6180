"""Undo and redo: one thing from a turn, a command, a clip and the panel."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nbagent.acts.redo import Redo
from nbagent.acts.undo import Undo
from nbagent.conversation.session import Session
from nbagent.errors import SpecError, UnknownClip
from nbagent.jobs.engine import Engine
from nbagent.language import grammar
from nbagent.language.reader import reader
from nbagent.notebook.export import export
from nbagent.notebook.transcript import Transcript
from nbagent.settings import Settings
from nbagent.take import UNFINISHED
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


def step(session: Session, words: str, cell: str | None = None) -> tuple[str, str]:
    """Say it, and return what it said and which clip it shows."""
    reply = say(session, words, cell)
    assert reply.takes == ()
    assert reply.answer is not None
    return reply.answer, "".join(reply.shows)


def three(session: Session) -> None:
    for cell, words in enumerate(("a red ball on the beach", "at night", "slower")):
        store(session, say(session, words, str(cell)))


def test_undo_says_what_it_undid_and_shows_what_is_current(session: Session) -> None:
    three(session)
    assert step(session, "undo") == ("back to c2: undid 'slower' of c3", "c2")
    assert step(session, "undo that") == ("back to c1: undid 'at night' of c2", "c1")
    assert names(session) == ["c1"]
    with pytest.raises(UnknownClip):
        say(session, "c2 slower")
    told = "would redo 'at night': c2 would come back"
    assert session.consider("redo", {}).answer == told
    assert step(session, "redo") == ("brought back c2: redid 'at night'", "c2")
    assert step(session, "undo") == ("back to c1: undid 'at night' of c2", "c1")
    assert step(session, "redo")[1] == "c2"
    assert step(session, "redo") == ("brought back c3: redid 'slower'", "c3")
    assert names(session) == ["c1", "c2", "c3"]


def test_all_is_undone_and_redone(session: Session) -> None:
    three(session)
    for _ in range(2):
        step(session, "undo")
    assert step(session, "undo") == (
        "undid 'a red ball on the beach' of c1: no clip is left",
        "",
    )
    with pytest.raises(SpecError, match="there is nothing to undo: no turn"):
        say(session, "undo")
    for name in ("c1", "c2", "c3"):
        assert step(session, "redo")[1] == name
    with pytest.raises(SpecError, match="there is nothing to redo: nothing"):
        say(session, "redo")


def test_what_is_made_anew_takes_the_free_name_and_forgets_the_undone(
    session: Session,
) -> None:
    three(session)
    step(session, "undo")
    say(session, "what seed has c1?")  # a question changes nothing
    assert step(session, "redo")[1] == "c3"
    step(session, "undo")
    (clip,) = store(session, say(session, "make it blue"))
    assert clip.name == "c3"
    with pytest.raises(SpecError, match="nothing to redo"):
        say(session, "redo")


def test_questions_and_turns_that_failed_are_passed_over(session: Session) -> None:
    store(session, say(session, "a red ball on the beach"))
    store(session, say(session, "at night", takes=2))
    say(session, "what seed has c1?")
    with pytest.raises(UnknownClip):
        say(session, "c9 slower")
    assert step(session, "undo") == ("back to c1: undid 'at night' of c2 and c3", "c1")
    assert step(session, "redo") == ("brought back c2 and c3: redid 'at night'", "c3")


def test_a_storyboards_change_and_a_join_are_undone_whole(session: Session) -> None:
    scenes = "two scenes: a red ball on the beach; then it rolls in the desert"
    store(session, say(session, scenes))
    store(session, say(session, "c1 in the snow"))
    assert names(session) == ["c1", "c2", "c3", "c4", "c5"]
    told = "back to c3: undid 'c1 in the snow' of c4 and c5"
    assert step(session, "undo") == (told, "c3")
    store(session, say(session, "join c1 and c2"))
    told = "back to c3: undid 'join c1 and c2' of c4"
    assert step(session, "undo") == (told, "c3")


def test_a_new_kernel_undoes_and_redoes_what_an_earlier_one_did(
    session: Session, settings: Settings
) -> None:
    three(session)
    session.hands.rename("c3", "slow motion")
    step(session, "undo")
    session.close()
    later = Session(settings=settings, engine=Engine(settings))
    try:
        assert step(later, "redo") == ("brought back c3: redid 'slower'", "c3")
        assert later.clip("slow motion").name == "c3"
        assert step(later, "undo") == ("back to c2: undid 'slower' of c3", "c2")
        assert step(later, "undo")[1] == "c1"
    finally:
        later.close()


def test_cells_that_are_run_again_come_to_the_same(session: Session) -> None:
    cells = ("a red ball on the beach", "at night", "undo", "slower", "make it blue")

    def run(number: int) -> list[str]:
        reply = say(session, cells[number], str(number))
        if reply.answer is not None:
            return [reply.answer]
        return [clip.name for clip in store(session, reply)]

    first = [run(number) for number in range(5)]
    assert first == [
        ["c1"],
        ["c2"],
        ["back to c1: undid 'at night' of c2"],
        ["c2"],
        ["c3"],
    ]
    # The undo alone: what it has undone is not there, and nothing more is.
    assert run(2) == first[2]
    assert names(session) == ["c1", "c2", "c3"]
    again = [run(number) for number in range(5)]
    assert again[3:] == first[3:]
    assert names(session) == ["c1", "c2", "c3"]
    slower = session.clip("c2").take
    assert slower is not None
    assert slower.parents == (session.record.take("c1").id,)


def test_what_is_being_rendered_is_stopped(session: Session) -> None:
    store(session, say(session, "a red ball on the beach"))
    session.render(say(session, "at night"))
    stopped: list[str] = []
    session._engine.reattach = lambda *_: None  # type: ignore[method-assign]
    session._engine.cancel = stopped.append  # type: ignore[assignment,method-assign]
    assert step(session, "undo")[1] == "c1"
    (job,) = session.ledger.jobs.find(states=UNFINISHED)
    assert stopped == [job.id]
    line, shown = step(session, "redo")
    assert shown == "c2"
    assert line.endswith("(stopped before it was rendered: run its cell again)")


def test_a_clips_undo_is_the_same_and_of_an_older_one_shows_what_was_before(
    session: Session,
) -> None:
    three(session)
    c2, c3 = session.clip("c2"), session.clip("c3")
    reply = session.hear("", {}, target=c3, acts=(Undo(),))
    assert (reply.answer, reply.shows) == ("back to c2: undid 'slower' of c3", ("c2",))
    say(session, "redo")
    (earlier,) = session.hear("", {}, target=c2, acts=(Undo(),)).takes
    assert earlier == session.record.take("c1")
    with pytest.raises(SpecError, match="nothing to redo"):
        session.hear("", {}, target=c2, acts=(Undo(redo=True),))


def test_back_to_a_clip_and_back_with_a_change_are_new_clips(session: Session) -> None:
    three(session)
    (back,) = say(session, "go back to c1").takes
    assert back == session.record.take("c1")
    with pytest.raises(SpecError, match="leave the name out"):
        Undo(to="c1", redo=True)


def test_another_try_is_a_redo_only_after_an_undo(session: Session) -> None:
    three(session)
    (anew,) = session.hear("", {}, target=session.clip("c3"), acts=(Redo(),)).takes
    assert anew.seed != session.record.take("c3").seed
    step(session, "undo")
    reply = session.hear("", {}, target=session.clip("c2"), acts=(Redo(),))
    assert reply.answer == "brought back c3: redid 'slower'"


def test_an_undo_in_the_panel_shows_the_clip_and_an_export_leaves_it_out(
    session: Session,
) -> None:
    three(session)
    step(session, "undo")
    turns = Transcript(session).turns()
    assert [take["name"] for take in turns[-1]["takes"]] == ["c2"]
    notebook = export(session, turns, "ipynb").read_text()
    assert "at night" in notebook
    assert '"source": "%agent undo"' not in notebook


def test_a_reset_takes_what_was_undone_along(session: Session) -> None:
    three(session)
    step(session, "undo")
    session.whole.reset()
    with pytest.raises(SpecError, match="nothing to redo"):
        say(session, "redo")
    session.whole.converse("test-before")
    assert step(session, "redo")[1] == "c3"


@pytest.mark.parametrize(
    ("words", "way"),
    [
        ("undo", "undo"),
        ("Undo that, please!", "undo"),
        ("undo the last change", "undo"),
        ("rückgängig", "undo"),
        ("deshacer", "undo"),
        ("annule la dernière modification", "undo"),
        ("annulla l'ultima modifica", "undo"),
        ("desfazer", "undo"),
        ("元に戻して", "undo"),
        ("되돌리기", "undo"),
        ("撤销", "undo"),
        ("redo", "redo"),
        ("wiederherstellen", "redo"),
        ("rehacer", "redo"),
        ("重做", "redo"),
        ("redo it", None),
        ("undo the night", None),
        ("redo the last second", None),
        ("go back to c1", None),
        ("", None),
    ],
)
def test_a_turn_that_says_nothing_else_is_read_everywhere(
    session: Session, words: str, way: str | None
) -> None:
    assert grammar.undoes(words) == way
    if way:
        plan = reader().read(words, session.record.state(()))
        assert plan.acts == (Undo(redo=way == "redo"),)
