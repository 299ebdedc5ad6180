"""`--dry-run` tells of every act and does none of them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from nbagent.conversation import choices
from nbagent.conversation.context import variables
from nbagent.conversation.session import Session
from nbagent.errors import NbagentError, SpecError
from nbagent.notebook.chat import Chat
from nbagent.notebook.commands import COMMANDS, run
from nbagent.notebook.magics import AgentMagics
from nbagent.notebook.speaker import Speaker
from nbagent.notebook.transcript import Transcript
from nbagent.settings import Settings
from tests.test_session import say, store

pytestmark = pytest.mark.phrases

PHOTO = np.full((64, 64, 3), 200, np.uint8)


class Quiet:
    """An engine that takes jobs, renders nothing, and hears of no act."""

    def lacks(self) -> str:
        return ""

    def queue(self) -> tuple[str, ...]:
        return ()

    def submit(self, *_: object) -> None: ...

    def close(self) -> None: ...

    def __getattr__(self, act: str) -> Any:
        raise AssertionError(f"a dry run calls the engine: {act}")


@pytest.fixture
def session(settings: Settings) -> Any:
    """Return a conversation with two clips, and a third that waits for the engine."""
    session = Session(settings=settings, engine=Quiet())
    store(session, say(session, "a red ball crosses the beach", "one"))
    store(session, say(session, "at night", "two"))
    waits = session.render(say(session, "a cat runs across the meadow", "three"))
    waits.start(lambda _index, _progress: None)
    yield session
    session.close()


def digest(session: Session) -> str:
    """Return what must not change: all but the turns that were said."""
    ledger, folder = session.ledger, session.settings.store.parent
    files = {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        # A plan's pictures and masks lie in the store by their content, used or not.
        if path.is_file() and session.settings.store not in path.parents
    }
    cells = [
        (turn.id, turn.text, turn.answer, turn.error)
        for turn in ledger.turns.of(session.settings.conversation)
        if "dry_run" not in turn.options
    ]
    state = (session.rows(), ledger.jobs.find(), session.settings, cells, files)
    return repr((state, session.brains.names, sorted(session.brains.tools)))


ACTS = [
    "save c1 as gif",
    "save them all",
    "export c1",
    "download c2 as webm",
    "share c1",
    "delete c1",
    "undo that",
    "go back",
    "go back to c1",
    "stop",
    "stop c3",
    "stop it but keep what there is",
    "pause",
    "resume it",
    "how far is it?",
    "a boat at sea",
    "a boat at sea, final, and save it",
    "c1 at night",
    "make it blue, then save it as gif",
    "another take",
    "play c1 backwards",
    "twice as fast",
    "join c1 and c2",
    "put c1 and c2 side by side",
    "blend c1 into c2",
    "extend c1 by two seconds",
    "loop c1 seamlessly",
    "make c1 16:9",
    "upscale c1",
    "redo the last second of c1",
    "in the left half of c1, at night",
    "three scenes: a rocket in the desert; it rises; space at night",
    "animate @photo so that it moves right",
    "redirect c3 to a dog",
    "what seed has c1?",
    "what is @photo?",
    "tell me a joke",
]


@pytest.mark.parametrize("cell", ["two", "new", None])
def test_a_dry_run_of_any_turn_changes_nothing(
    session: Session, cell: str | None
) -> None:
    before = digest(session)
    values = {"photo": PHOTO}
    refused = []
    for words in ACTS:
        try:
            reply = session.hear(
                words,
                {"dry_run": True},
                cell_id=cell,
                variables=variables(values),
                values=values,
            )
        except SpecError:  # it cannot be, which is said without a dry run too
            refused.append(words)
        else:
            assert reply.answer, words
            assert not reply.takes, words
        assert digest(session) == before, words
    assert cell == "two" or len(refused) < 5, refused  # above it stands c1 alone


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("save c1 as gif", "would save c1 as gif"),
        ("save c3", "c3 has not been rendered: there would be nothing to save"),
        ("stop", "would stop: c3"),
        ("stop c1", "nothing that this would change is being rendered"),
        ("pause c3", "would pause: c3"),
        ("go back to c1", "would show c1 again, as a new clip: a red ball"),
        ("loop c1, then save it as gif", "then save as gif"),
        ("c1 but at night", "would change it"),
    ],
)
def test_a_dry_run_says_what_would_be_done(
    session: Session, words: str, told: str
) -> None:
    assert told in (say(session, words, dry_run=True).answer or "")


def test_a_question_still_waits_after_a_dry_answer(session: Session) -> None:
    session.choose(choices.limit(0.001))
    asked = say(session, "a red ball rolls over the snow", "four")
    assert asked.plan.consents == ("yes", "draft", "no")
    before = digest(session)
    assert "would cancel it" in (say(session, "no", "five", dry_run=True).answer or "")
    assert "snow" in (say(session, "yes", "five", dry_run=True).answer or "")
    assert digest(session) == before
    assert len(say(session, "yes", "five").takes) == 1


def test_a_dry_run_in_the_panel_stops_nothing_that_it_would_replace(
    session: Session,
) -> None:
    chat = Chat(Transcript(session), {})
    turn_id = chat.say("a green cube falls into the sea")
    until = time.monotonic() + 30
    while len(rows := session.ledger.jobs.find()) < 2:  # it is sent by a thread
        assert time.monotonic() < until
        time.sleep(0.01)
    told = chat.say("--dry-run a blue cube falls into the sea", replaces=turn_id)
    assert "would generate" in (session.ledger.turns.get(told).answer or "")
    assert session.ledger.jobs.find() == rows
    assert session.ledger.turns.get(turn_id) in session.ledger.turns.of("test")


@pytest.fixture
def speaker(session: Session) -> Any:
    shell = InteractiveShell.instance()
    speaker = AgentMagics(shell).speaker
    speaker._session = session
    yield speaker
    speaker._session = None
    InteractiveShell.clear_instance()


ARGUMENTS: Mapping[str, str] = {
    "save": "c1 film.gif",
    "cancel": "c3",
    "keep": "c3",
    "pause": "c3",
    "resume": "c3",
    "lineage": "c1",
    "connect": "test",
    "trust": "on",
    "refined": "cell",
    "use": "wan2.1-1.3b",
    "cache": "0.1",
    "limit": "5",
    "timeout": "5",
    "rename": "c1 sunset",
    "delete": "c1",
    "rebuild": "photo",
    "conversation": "other",
    "as": "film",
    "fork": "other",
    "replay": "other",
    "export": "ipynb",
}


def test_a_dry_run_of_any_command_changes_nothing(
    speaker: Speaker, session: Session
) -> None:
    before = digest(session)
    for name, command in COMMANDS.items():
        if name == "redo":
            continue  # there is nothing, and it is refused
        said = f"{name} {ARGUMENTS.get(name, '')}".strip()
        for line in (
            f"{said} --dry-run",
            f"{said} \u2014dry\u2011run  # to see",
            *((f"--dry-run {said}",) if command.acts else ()),
        ):
            answer = run(line, speaker)
            if command.acts:
                assert "would" in answer
        assert digest(session) == before, name
    assert speaker._panel is None


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("save c1 film.gif", "would save c1 as film.gif"),
        ("save c3", "c3 has not been rendered: there would be nothing to save"),
        ("cancel c3", "would stop: c3"),
        ("cancel", "would stop: c3"),
        ("pause c1", "nothing that this would change is being rendered"),
        ("resume", "nothing that this would change is being rendered"),
        (
            "undo",
            "would undo 'a cat runs across the meadow' of c3: c2 would be current again",
        ),
    ],
)
def test_a_dry_run_of_a_command_says_what_it_would_do_here(
    speaker: Speaker, line: str, told: str
) -> None:
    assert run(f"--dry-run {line}", speaker) == told
    assert run(f"{line} --dry-run", speaker) == told


@pytest.mark.parametrize(
    "line",
    [
        "save zzz",
        "use pokket",
        "limit banana",
        "trust maybe",
        "cache warm",
        "export pdf",
        "panel ceiling",
    ],
)
def test_a_dry_run_refuses_what_the_command_refuses(
    speaker: Speaker, session: Session, line: str
) -> None:
    before = digest(session)
    with pytest.raises(NbagentError) as dry:
        run(f"{line} --dry-run", speaker)
    with pytest.raises(NbagentError) as real:
        run(line, speaker)
    assert str(dry.value) == str(real.value)
    assert digest(session) == before


@pytest.mark.parametrize("act", ["cancel", "keep", "pause", "resume"])
def test_a_dry_run_of_a_command_names_the_clips_that_there_are(
    speaker: Speaker, act: str
) -> None:
    with pytest.raises(SpecError, match="no clip is called 'c9' here"):
        run(f"{act} c9 --dry-run", speaker)


def test_a_dry_run_is_no_turn_that_was_said(session: Session) -> None:
    say(session, "a green cube falls into the sea", "four", dry_run=True)
    say(session, "stop", "five", dry_run=True)
    assert "stop" not in session.record.state(()).turns
    told = session.consider("undo", {}).answer or ""
    assert told.startswith("would undo 'a cat runs across the meadow' of c3")


def test_no_other_option_is_taken_for_a_name(
    speaker: Speaker, session: Session
) -> None:
    before = digest(session)
    for name in ("fork", "conversation", "save c1", "cancel", "undo"):
        with pytest.raises(SpecError, match="has no option --force"):
            run(f"{name} --force", speaker)
    assert digest(session) == before


def test_a_remix_is_told_too(
    speaker: Speaker, session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    session.remixer = speaker.remix
    before = digest(session)
    assert session.clip("c1").remix("at night", dry_run=True) is None
    assert "would change it" in capsys.readouterr().out
    assert digest(session) == before


def test_the_folder_has_no_new_file(session: Session) -> None:
    folder = session.settings.store.parent
    was = sorted(path.name for path in folder.iterdir())
    say(session, "save c1 as gif", dry_run=True)
    assert sorted(path.name for path in folder.iterdir()) == was
    say(session, "save c1 as gif")
    assert "c1.gif" in [path.name for path in folder.iterdir()]
