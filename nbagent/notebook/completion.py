"""Completion in `%agent` and `%nbagent`: options, models, clips, `@names`, commands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from nbagent.notebook.options import BY_NAME, OPTIONS

if TYPE_CHECKING:
    from nbagent.conversation.session import Session
    from nbagent.notebook.speaker import Speaker

_TURN = re.compile(r"\s*(?:[\w.]+\s*=\s*)?%?%agent\s(?P<rest>.*)\Z")
_COMMAND = re.compile(r"\s*%nbagent\s+(?:(?P<name>\S+)\s+)?(?P<rest>.*)\Z")


class Found(NamedTuple):
    """What may stand at the end of a line, instead of what stands there."""

    written: str
    words: list[str]


_NOTHING = Found("", [])


def matcher(speaker: Speaker) -> Any | None:
    """Return an IPython matcher (v2) that knows a speaker's conversation.

    IPython has them since 8.6; Colab's 7.34 completes none of ours.
    """
    try:
        from IPython.core.completer import SimpleCompletion, context_matcher
    except ImportError:
        return None

    # IPython's decorator marks the function by attributes, and so do we: it is how
    # `unload` finds ours among the matchers of others.
    @context_matcher()
    def complete(context: Any) -> dict[str, Any]:
        found = in_cell(context.full_text, context.text_until_cursor, speaker)
        return {
            "completions": [
                SimpleCompletion(word, type="nbagent") for word in found.words
            ],
            "suppress": bool(found.words),
            # IPython's own token ends at an @.
            "matched_fragment": found.written,
        }

    complete.nbagent = True
    return complete


def in_cell(full_text: str, line: str, speaker: Speaker) -> Found:
    """Find what may stand where the cursor is; nothing outside our magics.

    Args:
        full_text: The cell.
        line: The text up to the cursor, from the beginning of its line or of the cell.
        speaker: Whose conversation it is.
    """
    line = line.rpartition("\n")[2]
    if command := _COMMAND.match(line):
        return _in_command(command["name"] or "", command["rest"], speaker)
    if turn := _TURN.match(line):
        return in_turn(turn["rest"], speaker.session(), speaker.namespace)
    if full_text.lstrip().startswith("%%agent"):  # options stand in its first line
        return _named(line, speaker.session(), speaker.namespace)
    return _NOTHING


def in_turn(line: str, session: Session, namespace: Mapping[str, Any]) -> Found:
    """Find what may stand at the end of a turn's line, without its magic."""
    if found := re.search(r"--([\w-]+)[ =]+(\S*)\Z", line):
        if words := _values(found[1], session):
            return _begun(found[2], words)
    if found := re.search(r"(?:^|\s)(--[\w-]*)\Z", line):
        return _begun(found[1], (f"--{option.name}" for option in OPTIONS))
    return _named(line, session, namespace)


def _named(line: str, session: Session, namespace: Mapping[str, Any]) -> Found:
    """Find clips and variables."""
    from nbagent.conversation.context import variables

    clips = [row.name for row in session.rows()]
    if found := re.search(r"@\w*\Z", line):
        own = [one.name for one in variables(namespace) if not one.name.startswith("_")]
        return _begun(found[0], (f"@{name}" for name in dict.fromkeys((*own, *clips))))
    if found := re.search(r"(?:^|\s)(\w+)\Z", line):
        return _begun(found[1], clips)
    return _NOTHING


def _in_command(name: str, rest: str, speaker: Speaker) -> Found:
    from nbagent.notebook.commands import COMMANDS

    written = rest.split(" ")[-1]
    if not name:
        return _begun(written, sorted(COMMANDS))
    if name not in COMMANDS:
        return _NOTHING
    if written.startswith("-"):
        return _begun(written, ["--dry-run"])
    session = speaker.session()
    if name == "context":
        return in_turn(rest, session, speaker.namespace)
    usage = COMMANDS[name].usage
    words = re.findall(r"(?<![\w=:])[a-z]+(?![\w=:])", usage)  # on, off, right, md
    if "CLIP" in usage:
        words += [row.name for row in session.rows()]
    if re.search(r"(?<![\w:=])MODEL\b(?! URL)", usage):
        words += _models(session)
    if name == "conversation":
        words += [row.name for row in session.ledger.conversations.all()]
    return _begun(written, words)


def _values(name: str, session: Session) -> list[str]:
    """Return what may follow an option, where that can be listed."""
    if name == "model":
        return _models(session)
    value = BY_NAME[name].value if name in BY_NAME else ""
    return value.split("|") if "|" in value else []


def _models(session: Session) -> list[str]:
    from nbagent.models.catalogue import CATALOGUE

    return [*dict.fromkeys((session.settings.model, "pocket", *CATALOGUE))]


def _begun(written: str, words: Iterable[str]) -> Found:
    start = written.lower()
    found = [word for word in words if word.lower().startswith(start)]
    return Found(written, found) if found else _NOTHING
