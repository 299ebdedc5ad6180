"""`%nbagent` commands about the conversation as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from nbagent.conversation.stopping import released
from nbagent.notebook.commands.base import ANY, Command
from nbagent.notebook.options import number

if TYPE_CHECKING:
    from nbagent.notebook.speaker import Speaker


def _context(speaker: Speaker, words: list[str]) -> str:
    from nbagent.notebook.context import context

    return context(speaker.session(), speaker.namespace, " ".join(words))


def _rebuild(speaker: Speaker, words: list[str]) -> str:
    from nbagent.conversation.saved_variables import rebuild

    record = speaker.session().record
    made = {name.lstrip("@"): rebuild(record, name.lstrip("@")) for name in words}
    speaker.place.push(made)
    return "\n".join(
        f"@{name} is back: {type(value).__name__}" for name, value in made.items()
    )


def _conversation(speaker: Speaker, words: list[str]) -> str:
    from nbagent.conversation.library import listed

    session = speaker.session()
    if words:
        return session.whole.converse(" ".join(words))
    return listed(session.ledger, session.settings.conversation)


def _fork(speaker: Speaker, words: list[str]) -> str:
    return speaker.session().whole.fork(" ".join(words) or None)


def _reset(speaker: Speaker, _words: list[str]) -> str:
    return speaker.session().whole.reset()


def _undo(speaker: Speaker, _words: list[str]) -> str:
    return speaker.step("undo")


def _redo(speaker: Speaker, _words: list[str]) -> str:
    return speaker.step("redo")


def _history(speaker: Speaker, words: list[str]) -> str:
    from nbagent.conversation.library import history

    return history(speaker.session().record, int(number(1, 1e6)(*words or ["20"])))


def _replay(speaker: Speaker, words: list[str]) -> str:
    from nbagent.notebook.replay import replay

    return replay(speaker, " ".join(words) or None)


def _export(speaker: Speaker, words: list[str]) -> str:
    from nbagent.notebook.export import export

    turns = speaker.transcript().turns()
    with released():
        return f"written to {export(speaker.session(), turns, *words).name}"


def _tell_export(_speaker: Speaker, words: list[str]) -> None:
    from nbagent.notebook.export import check_kind

    check_kind(*words or ["md"])


COMMANDS: Final[Mapping[str, Command]] = {
    "context": Command(
        usage="[TURN]",
        help="show what a turn is read with, and exactly what is sent, with sizes",
        run=_context,
        arguments=(0, ANY),
    ),
    "rebuild": Command(
        usage="NAME ...",
        help="bring back variables that turns named and this kernel has lost",
        run=_rebuild,
        arguments=(1, ANY),
        acts=True,
    ),
    "conversation": Command(
        usage="[NAME]",
        help="switch to a different conversation, or list them",
        run=_conversation,
        arguments=(0, ANY),
        acts=True,
    ),
    "fork": Command(
        usage="[NAME]",
        help="continue in a copy of this conversation",
        run=_fork,
        arguments=(0, ANY),
        acts=True,
    ),
    "reset": Command(
        help="start afresh; what was said is kept under a different name",
        run=_reset,
        acts=True,
    ),
    "undo": Command(
        help="take back the last turn that made clips and show the one before",
        run=_undo,
        acts=True,
        tell=lambda speaker, _: speaker.step("undo", is_dry=True),
    ),
    "redo": Command(
        help="bring back what was undone last",
        run=_redo,
        acts=True,
        tell=lambda speaker, _: speaker.step("redo", is_dry=True),
    ),
    "history": Command(
        usage="[N]",
        help="list the last turns and what came of each",
        run=_history,
        arguments=(0, 1),
    ),
    "replay": Command(
        usage="[NAME]",
        help="say all turns again, with today's model, in a new conversation",
        run=_replay,
        arguments=(0, ANY),
        acts=True,
    ),
    "export": Command(
        usage="[md | ipynb]",
        help="write the conversation as Markdown or as a notebook",
        run=_export,
        arguments=(0, 1),
        acts=True,
        tell=_tell_export,
    ),
}
