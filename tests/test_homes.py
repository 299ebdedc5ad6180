"""Which conversation a notebook has when it, or its folder, was renamed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from nbagent.conversation.session import Session
from nbagent.jobs.engine import Engine
from nbagent.ledger.jobs import Jobs
from nbagent.settings import Settings
from nbagent.take import UNFINISHED

pytestmark = pytest.mark.phrases

Open = Callable[[Path], Session]


@pytest.fixture
def begin() -> Iterator[Open]:
    """Return what begins a kernel for a notebook."""
    with ExitStack() as stack:

        def begin(notebook: Path) -> Session:
            settings = Settings.from_env({"JPY_SESSION_NAME": str(notebook)})
            session = Session(settings=settings, engine=Engine(settings))
            stack.callback(session.close)
            return session

        yield begin


def say(session: Session) -> None:
    reply = session.hear("a red ball on a beach", {"quality": "draft"})
    session.render(reply)


def touch(path: Path) -> Path:
    path.write_text("{}")
    return path


def test_a_renamed_notebook_is_offered_its_conversation_and_keeps_it(
    tmp_path: Path, begin: Open
) -> None:
    old, new = touch(tmp_path / "draft.ipynb"), tmp_path / "final.ipynb"
    first = begin(old)
    say(first)
    first.close()
    old.rename(new)
    renamed = begin(new)
    offer, queue = renamed.whole.take_up().splitlines()
    assert offer == (
        "final has no clips yet. If this notebook was renamed from draft (1 turn, 1"
        " clip), continue with %nbagent conversation draft"
    )
    # What its earlier kernel had queued is taken up whether it is entered or not.
    assert queue == "continuing what was left unfinished: c1 of 'draft'"
    assert renamed.whole.converse("draft") == "draft: 1 turn, 1 clip"
    again = begin(new)
    assert again.settings.conversation == "draft"
    assert "renamed" not in again.whole.take_up()


def test_a_turn_without_clips_does_not_end_the_offer(
    tmp_path: Path, begin: Open
) -> None:
    say(begin(tmp_path / "draft.ipynb"))  # never saved: there is no file
    first = begin(tmp_path / "final.ipynb")
    first.hear("what is this about?", {})
    assert first.ledger.turns.of("final")
    assert "from draft" in begin(tmp_path / "final.ipynb").whole.take_up()


def test_another_notebook_of_the_folder_is_offered_nothing(
    tmp_path: Path, begin: Open
) -> None:
    say(begin(touch(tmp_path / "one.ipynb")))
    assert begin(touch(tmp_path / "two.ipynb")).whole.take_up() == ""


def test_a_new_notebook_of_the_old_name_has_a_conversation_of_its_own(
    tmp_path: Path, begin: Open
) -> None:
    untitled = touch(tmp_path / "Untitled.ipynb")
    say(begin(untitled))
    untitled.rename(tmp_path / "film.ipynb")
    assert begin(touch(untitled)).settings.conversation == "Untitled-2"
    assert "from Untitled (" in begin(tmp_path / "film.ipynb").whole.take_up()


def test_a_file_written_anew_is_the_same_notebook(tmp_path: Path, begin: Open) -> None:
    notebook = touch(tmp_path / "a.ipynb")
    say(begin(notebook))
    touch(tmp_path / "scratch").replace(notebook)  # as git and others write
    assert begin(notebook).settings.conversation == "a"


def test_a_folder_may_be_moved_with_all_that_is_in_it(
    tmp_path: Path, begin: Open
) -> None:
    (tmp_path / "old").mkdir()
    session = begin(touch(tmp_path / "old" / "a.ipynb"))
    say(session)
    session.close()
    (tmp_path / "old").rename(tmp_path / "new")
    moved = begin(tmp_path / "new" / "a.ipynb")
    assert moved.settings.conversation == "a"
    assert [row.name for row in moved.rows()] == ["c1"]


def test_notebooks_of_one_name_in_one_store_are_two_conversations(
    tmp_path: Path,
) -> None:
    names = []
    for folder in ("x", "y", "x"):
        (tmp_path / folder).mkdir(exist_ok=True)
        env = {
            "JPY_SESSION_NAME": str(touch(tmp_path / folder / "Untitled.ipynb")),
            "NBAGENT_STORE": str(tmp_path / "store"),
        }
        settings = Settings.from_env(env)
        session = Session(settings=settings, engine=Engine(settings))
        say(session)
        names.append(session.settings.conversation)
        session.close()
    assert names == ["Untitled", "Untitled-2", "Untitled"]


def test_names_and_jobs_are_stored_together(tmp_path: Path, begin: Open) -> None:
    session = begin(tmp_path / "a.ipynb")
    reply = session.hear("a red ball on a beach, two takes", {"quality": "draft"})
    assert session.rows() == ()

    def fail(*_: object) -> str:
        raise OSError("the disk is gone")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Jobs, "add", fail)
        with pytest.raises(Exception, match="the disk is gone"):
            session.render(reply)
    assert session.rows() == ()
    assert session.ledger.turns.get(reply.turn_id).plan is None
    session.render(reply)
    assert [row.name for row in session.rows()] == ["c1", "c2"]
    assert len(session.ledger.jobs.find("a", states=UNFINISHED)) == 2
    assert session.ledger.turns.get(reply.turn_id).plan is not None
