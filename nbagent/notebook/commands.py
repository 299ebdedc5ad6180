"""`%nbagent <command>`: looking after the conversation, without a model."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

from nbagent.caching import step_caching
from nbagent.conversation import choices
from nbagent.conversation.stopping import released
from nbagent.errors import SpecError
from nbagent.notebook.foretold import check_trust, foretell, limit_s
from nbagent.notebook.line import leading_option
from nbagent.notebook.options import number
from nbagent.notebook.typed import split

if TYPE_CHECKING:
    from nbagent.notebook.magics import AgentMagics


_ANY = 10_000  # words of a line; as many clips as one can name


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One word after `%nbagent`."""

    usage: str
    help: str
    run: Callable[[AgentMagics, list[str]], str]
    arguments: tuple[int, int] = (0, 0)  # fewest, most
    acts: bool = False  # what `--dry-run` only tells of


def run(line: str, magics: AgentMagics) -> str:
    """Run one command line and return its answer.

    Raises:
        SpecError: For an unknown command or option, or a wrong number of arguments.
    """
    typed = split(line)
    leading = list(takewhile(leading_option, typed))
    name, *words = typed[len(leading) :] or ["help"]
    words += leading
    command = COMMANDS.get(name)
    if command is None:
        close = difflib.get_close_matches(name, COMMANDS, n=1)
        hint = f"did you mean {close[0]}?" if close else "try %nbagent help"
        raise SpecError(f"unknown command {name!r}: {hint}")
    words, is_dry = _without_options(name, words)
    fewest, most = command.arguments
    if not fewest <= len(words) <= most:
        raise SpecError(
            f"{name} got {len(words)} arguments: write"
            f" %nbagent {name} {command.usage}".rstrip()
        )
    if is_dry and command.acts:
        if told := foretell(name, words, magics):
            return told
        said = " ".join((name, *words))
        return f"%nbagent {said} would: {command.help} (nothing was done)"
    return command.run(magics, words)


def _without_options(name: str, words: list[str]) -> tuple[list[str], bool]:
    """Return a command's words, and whether it is only to tell what it would do.

    Raises:
        SpecError: For any other option: it would be taken for a name.
    """
    if name == "context":  # what follows is a turn, with options of its own
        return words, False
    left = [word for word in words if not leading_option(word)]
    given = {leading_option(word) for word in words} - {""}
    if unknown := given - {"dry-run"}:
        raise SpecError(
            f"%nbagent {name} has no option --{min(unknown)}: it takes --dry-run alone"
        )
    return left, bool(given)


def _help(_magics: AgentMagics, _words: list[str]) -> str:
    rows = [(f"%nbagent {n} {c.usage}".rstrip(), c.help) for n, c in COMMANDS.items()]
    width = max(len(row[0]) for row in rows)
    lines = [f"{left:<{width}}  {right}" for left, right in rows]
    return "\n".join((*lines, "With --dry-run a command says what it would do."))


def _panel(magics: AgentMagics, words: list[str]) -> str:
    return magics.open_panel(words[0] if words else None)


def _clips(magics: AgentMagics, _words: list[str]) -> str:
    lines = [magics.session().record.facts(row.name) for row in magics.session().rows()]
    return "\n".join(lines) or "no clips yet: try %agent a red ball crosses the beach"


def _jobs(magics: AgentMagics, _words: list[str]) -> str:
    session = magics.session()
    left = session.whole.take_up()  # by a kernel that has ended meanwhile
    return "\n".join(filter(None, [left, session.record.status()]))


def _lineage(magics: AgentMagics, words: list[str]) -> str:
    return magics.session().record.lineage(words[0])


def _cancel(magics: AgentMagics, words: list[str]) -> str:
    return magics.session().hands.cancel(tuple(words))


def _keep(magics: AgentMagics, words: list[str]) -> str:
    return magics.session().hands.keep(tuple(words))


def _pause(magics: AgentMagics, words: list[str]) -> str:
    return magics.session().hands.pause(tuple(words))


def _resume(magics: AgentMagics, words: list[str]) -> str:
    return magics.session().hands.resume(tuple(words))


def _save(magics: AgentMagics, words: list[str]) -> str:
    return magics.session().hands.save(*words)


def _connect(magics: AgentMagics, words: list[str]) -> str:
    with released():  # without a name it looks for one
        return magics.session().brains.connect(*words)


def _use(magics: AgentMagics, words: list[str]) -> str:
    if words[0].startswith("brain="):
        return _connect(magics, [words[0].removeprefix("brain="), *words[1:]])
    if len(words) > 1:
        raise SpecError(f"use got {words[1]!r} too: a URL is of a brain=MODEL")
    return magics.session().choose(choices.use(words[0]))


def _cache(magics: AgentMagics, words: list[str]) -> str:
    return magics.session().choose(choices.cache(step_caching(words[0])))


def _limit(magics: AgentMagics, words: list[str]) -> str:
    return magics.session().choose(choices.limit(limit_s(words[0])))


def _trust(magics: AgentMagics, words: list[str]) -> str:
    check_trust(words[0])
    return magics.session().choose(choices.trust(acts=words[0] == "on"))


def _timeout(magics: AgentMagics, words: list[str]) -> str:
    return magics.session().choose(choices.timeout(limit_s(words[0])))


def _rename(magics: AgentMagics, words: list[str]) -> str:
    return magics.session().hands.rename(words[0], " ".join(words[1:]))


def _delete(magics: AgentMagics, words: list[str]) -> str:
    return magics.session().hands.delete(tuple(words))


def _context(magics: AgentMagics, words: list[str]) -> str:
    from nbagent.notebook.context import context

    return context(magics.session(), magics.namespace, " ".join(words))


def _rebuild(magics: AgentMagics, words: list[str]) -> str:
    from nbagent.conversation.kept import rebuild

    record = magics.session().record
    made = {name.lstrip("@"): rebuild(record, name.lstrip("@")) for name in words}
    magics.ipython.push(made)
    return "\n".join(
        f"@{name} is back: {type(value).__name__}" for name, value in made.items()
    )


def _conversation(magics: AgentMagics, words: list[str]) -> str:
    from nbagent.conversation.library import listed

    session = magics.session()
    if words:
        return session.whole.converse(" ".join(words))
    return listed(session.ledger, session.settings.conversation)


def _fork(magics: AgentMagics, words: list[str]) -> str:
    return magics.session().whole.fork(" ".join(words) or None)


def _reset(magics: AgentMagics, _words: list[str]) -> str:
    return magics.session().whole.reset()


def _undo(magics: AgentMagics, _words: list[str]) -> str:
    return magics.step("undo")


def _redo(magics: AgentMagics, _words: list[str]) -> str:
    return magics.step("redo")


def _history(magics: AgentMagics, words: list[str]) -> str:
    from nbagent.conversation.library import history

    return history(magics.session().record, int(number(1, 1e6)(*words or ["20"])))


def _replay(magics: AgentMagics, words: list[str]) -> str:
    from nbagent.notebook.replay import replay

    return replay(magics, " ".join(words) or None)


def _export(magics: AgentMagics, words: list[str]) -> str:
    from nbagent.notebook.export import export

    turns = magics.transcript().turns()
    with released():
        return f"written to {export(magics.session(), turns, *words).name}"


def _doctor(magics: AgentMagics, _words: list[str]) -> str:
    from nbagent.doctor import render_text, report
    from nbagent.notebook import place

    with released():
        return render_text(report(place.settings(magics.ipython)))


COMMANDS: Mapping[str, Command] = {
    "help": Command(usage="", help="this list", run=_help),
    "panel": Command(
        usage="[right | split | cell]",
        help="dock the same conversation as a chat beside the notebook",
        run=_panel,
        arguments=(0, 1),
        acts=True,
    ),
    "clips": Command(usage="", help="the clips of this conversation", run=_clips),
    "jobs": Command(usage="", help="what is being rendered", run=_jobs),
    "lineage": Command(
        usage="CLIP", help="where a clip comes from", run=_lineage, arguments=(1, 1)
    ),
    "cancel": Command(
        usage="[CLIP ...]",
        help="stop these clips, or everything that runs",
        run=_cancel,
        arguments=(0, _ANY),
        acts=True,
    ),
    "keep": Command(
        usage="[CLIP ...]",
        help="end these clips early, and keep what they look like then",
        run=_keep,
        arguments=(0, _ANY),
        acts=True,
    ),
    "pause": Command(
        usage="[CLIP ...]",
        help="halt these clips, or everything that runs, after its step",
        run=_pause,
        arguments=(0, _ANY),
        acts=True,
    ),
    "resume": Command(
        usage="[CLIP ...]",
        help="let these clips, or everything that is paused, go on where they were",
        run=_resume,
        arguments=(0, _ANY),
        acts=True,
    ),
    "save": Command(
        usage="CLIP [FILE]",
        help="write a clip as mp4, webm, gif, webp, or a folder of frames",
        run=_save,
        arguments=(1, 2),
        acts=True,
    ),
    "rename": Command(
        usage="CLIP NAME",
        help="give a clip a name of yours, beside its own",
        run=_rename,
        arguments=(2, _ANY),
        acts=True,
    ),
    "delete": Command(
        usage="CLIP ...",
        help="remove these clips, and their files",
        run=_delete,
        arguments=(1, _ANY),
        acts=True,
    ),
    "connect": Command(
        usage="[PROVIDER:MODEL | MODEL URL]",
        help="connect a language model; without a name, look for those that are here",
        run=_connect,
        arguments=(0, 2),
        acts=True,
    ),
    "use": Command(
        usage="MODEL | brain=PROVIDER:MODEL [URL]",
        help="let this model render (pocket, a folder, a hub id), or that one answer",
        run=_use,
        arguments=(1, 2),
        acts=True,
    ),
    "cache": Command(
        usage="THRESHOLD|sea:THRESHOLD|off",
        help="skip blocks of steps that change little: quicker, not the same clip",
        run=_cache,
        arguments=(1, 1),
        acts=True,
    ),
    "limit": Command(
        usage="SECONDS|off",
        help="ask before a turn that is expected to take longer",
        run=_limit,
        arguments=(1, 1),
        acts=True,
    ),
    "trust": Command(
        usage="on|off",
        help="let a language model's plan act without your yes, or ask you first",
        run=_trust,
        arguments=(1, 1),
        acts=True,
    ),
    "timeout": Command(
        usage="SECONDS|off",
        help="how long a language model may take for a turn",
        run=_timeout,
        arguments=(1, 1),
        acts=True,
    ),
    "context": Command(
        usage="[TURN]",
        help="what a turn is read against, and exactly what is sent, with sizes",
        run=_context,
        arguments=(0, _ANY),
    ),
    "rebuild": Command(
        usage="NAME ...",
        help="bring variables back that turns named and this kernel has no more",
        run=_rebuild,
        arguments=(1, _ANY),
        acts=True,
    ),
    "conversation": Command(
        usage="[NAME]",
        help="go on in another conversation, or list them",
        run=_conversation,
        arguments=(0, _ANY),
        acts=True,
    ),
    "fork": Command(
        usage="[NAME]",
        help="go on in a copy of this conversation",
        run=_fork,
        arguments=(0, _ANY),
        acts=True,
    ),
    "reset": Command(
        usage="",
        help="begin anew; what was said is put aside",
        run=_reset,
        acts=True,
    ),
    "undo": Command(
        usage="",
        help="take the last turn back that made clips; the one before is shown",
        run=_undo,
        acts=True,
    ),
    "redo": Command(
        usage="", help="put back what was undone last", run=_redo, acts=True
    ),
    "history": Command(
        usage="[N]",
        help="the last turns, and what came of each",
        run=_history,
        arguments=(0, 1),
    ),
    "replay": Command(
        usage="[NAME]",
        help="say all turns again, with today's model, in a conversation of its own",
        run=_replay,
        arguments=(0, _ANY),
        acts=True,
    ),
    "export": Command(
        usage="[md | ipynb]",
        help="write the conversation as Markdown or as a notebook",
        run=_export,
        arguments=(0, 1),
        acts=True,
    ),
    "doctor": Command(
        usage="", help="versions, device, engine, disk, and what to do", run=_doctor
    ),
}
