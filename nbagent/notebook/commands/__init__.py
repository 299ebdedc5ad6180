"""`%nbagent <command>`: looking after the conversation, without a model."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from itertools import takewhile
from typing import TYPE_CHECKING, Final

from nbagent.conversation.stopping import released
from nbagent.errors import SpecError
from nbagent.notebook.commands import choosing, clips, conversations
from nbagent.notebook.commands.base import Command
from nbagent.notebook.line import leading_option
from nbagent.notebook.typed import split

if TYPE_CHECKING:
    from nbagent.notebook.speaker import Speaker


def run(line: str, speaker: Speaker) -> str:
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
        raise SpecError(f"there is no command {name!r}: {hint}")
    words, is_dry = _without_options(name, words)
    fewest, most = command.arguments
    if not fewest <= len(words) <= most:
        raise SpecError(
            f"{name} does not take {len(words)} arguments: write %nbagent {name}"
            f" {command.usage}".rstrip()
        )
    if is_dry and command.acts:
        if command.tell and (told := command.tell(speaker, words)):
            return told
        said = " ".join((name, *words))
        return f"%nbagent {said} would: {command.help} (nothing was done)"
    return command.run(speaker, words)


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
            f"%nbagent {name} has no option --{min(unknown)}: it only takes --dry-run"
        )
    return left, bool(given)


def _help(_speaker: Speaker, _words: list[str]) -> str:
    rows = [(f"%nbagent {n} {c.usage}".rstrip(), c.help) for n, c in COMMANDS.items()]
    width = max(len(row[0]) for row in rows)
    lines = [f"{left:<{width}}  {right}" for left, right in rows]
    return "\n".join((*lines, "With --dry-run a command only says what it would do."))


def _start(speaker: Speaker, _words: list[str]) -> str:
    from nbagent.notebook.start import show

    show(speaker.desk())
    return ""


def _panel(speaker: Speaker, words: list[str]) -> str:
    return speaker.open_panel(words[0] if words else None)


def _tell_panel(_speaker: Speaker, words: list[str]) -> None:
    from nbagent.notebook.dock import check_place

    check_place(words[0] if words else None)


def _as(_speaker: Speaker, words: list[str]) -> str:
    from IPython import get_ipython

    from nbagent.notebook.magics import call_turns

    name = _magic_name(words)
    shell = get_ipython()
    assert shell is not None  # a `%nbagent` line is run by one
    call_turns(shell, name)
    return f"%{name} and %%{name} say turns too"


def _tell_as(_speaker: Speaker, words: list[str]) -> None:
    _magic_name(words)


def _magic_name(words: list[str]) -> str:
    name = words[0].lstrip("%")
    if not name.isidentifier():
        raise SpecError(f"{words[0]!r} is no name for a magic: use letters, like film")
    return name


def _doctor(speaker: Speaker, _words: list[str]) -> str:
    from nbagent.doctor import render_text, report

    with released():
        return render_text(report(speaker.place.settings()))


COMMANDS: Final[Mapping[str, Command]] = {
    "help": Command(help="show this list", run=_help),
    "start": Command(
        help="show examples to click, what pocket draws, and what can be connected here",
        run=_start,
        acts=True,
    ),
    "panel": Command(
        usage="[right | split | cell]",
        help="dock this conversation as a chat beside the notebook",
        run=_panel,
        arguments=(0, 1),
        acts=True,
        tell=_tell_panel,
    ),
    **clips.COMMANDS,
    **choosing.COMMANDS,
    **conversations.COMMANDS,
    "as": Command(
        usage="NAME",
        help="let %NAME and %%NAME say turns too, where another extension has %agent",
        run=_as,
        arguments=(1, 1),
        acts=True,
        tell=_tell_as,
    ),
    "doctor": Command(
        help="check versions, device, engine and disk, and say what to fix", run=_doctor
    ),
}
