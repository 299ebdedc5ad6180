"""An `@name` that nothing has is never taken for another one."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from PIL import Image

from nbagent.conversation.context import variables
from nbagent.conversation.mentions import mentioned
from nbagent.conversation.reply import Reply
from nbagent.conversation.session import Session
from nbagent.errors import UnknownClip
from nbagent.notebook.namespace import Namespace
from nbagent.notebook.transcript import Transcript
from tests.test_session import say, store

pytestmark = pytest.mark.phrases

PHOTO = Image.new("RGB", (8, 8), "red")
SALES = pd.DataFrame({"sales": [3, 5, 8]})


def hear(session: Session, words: str, **values: Any) -> Reply:
    return session.hear(words, {}, variables=variables(values), values=values)


@pytest.mark.parametrize(
    ("words", "name", "meant"),
    [
        ("animate @photoo", "photoo", "@photo"),
        ("animate @phto so that a cat jumps", "phto", "@photo"),
        ("animate @Photo", "Photo", "@photo"),  # another name in Python
        ("make @my_phot dance", "my_phot", "@my_photo"),
        ("what is in @salse?", "salse", "@sales"),
        ("explain @dff", "dff", "@df"),
        ("c1 at night, like @photoo", "photoo", "@photo"),
        ("a red ball on the beach, like @photoo", "photoo", "@photo"),
        ("@outptu", "outptu", "@output"),
        ("animate @c12", "c12", None),
        ("animate c12", "c12", None),
        ("what is the mean of @c12?", "c12", None),
    ],
)
def test_a_near_miss_is_asked_back_and_nothing_is_rendered(
    session: Session, words: str, name: str, meant: str | None
) -> None:
    store(session, say(session, "a cat in the meadow", "one"))
    values = {"photo": PHOTO, "my_photo": PHOTO, "sales": SALES, "df": SALES}
    if meant is None:  # of clips it is said which there are
        with pytest.raises(UnknownClip, match="there are c1"):
            hear(session, words, **values)
        return
    reply = hear(session, words, **values, output="x")
    assert (reply.takes, reply.plan.intent) == ((), "ask")
    assert reply.answer is not None
    assert f"no variable or clip is named {name}: did you mean {meant}?" in reply.answer
    assert Transcript(session).turns()[-1]["readings"] == []


@pytest.mark.parametrize(
    "words",
    [
        "animate @zebra",
        "animate @fotos so that a cat jumps",
        "what is in @zebra?",
        "save @zebra",
        "cancel @zebra",
        "@zebra, at night",
        "loop @zebra",
        "make @zebra slower",
    ],
)
def test_a_turn_about_what_is_not_there_is_not_about_another(
    session: Session, words: str
) -> None:
    store(session, say(session, "a cat in the meadow", "one"))
    files = sorted(session.settings.store.parent.iterdir())
    reply = hear(session, words, photo=PHOTO, df=SALES)
    assert (reply.takes, reply.plan.intent) == ((), "ask")
    assert "there is @photo, @df, c1" in (reply.answer or "")
    assert sorted(session.settings.store.parent.iterdir()) == files


def test_any_other_unknown_name_stays_as_it_was_typed_and_is_said(
    session: Session,
) -> None:
    words = "a red ball on the beach for @instagram"
    reply = hear(session, words, photo=PHOTO)
    assert reply.takes
    assert reply.takes[0].request == words
    note = "No variable or clip is named instagram: @instagram was read as plain words"
    assert any(said.startswith(note) for said in reply.notes)
    shown = session.hear(words, {"dry_run": True}).answer
    assert note in (shown or "")


def test_an_unclear_turn_is_asked_back_for_that(session: Session) -> None:
    reply = hear(session, "hmm @zebra, the usual", photo=PHOTO)
    assert reply.plan.readings
    assert reply.plan.unknown == ()


def test_a_name_within_a_change_is_part_of_its_words(session: Session) -> None:
    store(session, say(session, "a cat in the meadow", "one"))
    reply = hear(session, "at night, in the style of @somebody", photo=PHOTO)
    assert reply.takes[0].parents
    assert reply.plan.unknown == ("somebody",)


def test_names_that_are_there_are_no_slips(session: Session) -> None:
    store(session, say(session, "a cat in the meadow", "one"))
    for words in (
        "animate @photo so that a cat jumps",
        "@photo를 움직여줘, so that a cat jumps",
        "animate @c1[10] so that it jumps",
        "@C1 at night",
        "@clip1 at night",
        "mail me@photoo.example, a red ball on the beach",
    ):
        reply = hear(session, words, photo=PHOTO, photo2=PHOTO)
        assert reply.plan.unknown == ()
        assert reply.takes or reply.answer


def test_what_is_typed_is_foreseen_as_it_would_be_heard(session: Session) -> None:
    values = {"photo": PHOTO}
    seen = session.consider(
        "animate @photoo", {}, variables=variables(values), values=values
    )
    assert seen.plan.unknown == ("photoo",)
    assert not seen.takes


def test_a_name_ends_where_another_script_goes_on() -> None:
    assert mentioned("@df를 설명해줘, @사진 그리고 @df2") == ("df", "사진", "df2")
    assert mentioned("@größe und me@home.de") == ("größe",)


def test_what_ipython_put_there_is_never_offered() -> None:
    shell = InteractiveShell()
    shell.user_ns["openings"], shell.user_ns["exit"] = "a cat", "a door"
    names = Namespace(shell)
    try:
        assert "openings" in list(names)
        assert "exit" in list(names)  # the user's own by now
        assert not {"open", "quit", "In", "get_ipython"} & set(names)
        assert names["In"] is shell.user_ns["In"]  # named, it is there
    finally:
        names.close()
