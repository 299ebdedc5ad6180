"""Completion inside `%agent` and `%nbagent`: options, models' names, `@names`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nbagent.notebook.options import OPTIONS

if TYPE_CHECKING:
    from nbagent.conversation.session import Session
    from nbagent.notebook.magics import AgentMagics


def matcher(magics: AgentMagics) -> Any | None:
    """Return an IPython matcher (v2) that knows the conversation of these magics.

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
        words = candidates(context.full_text, context.text_until_cursor, magics)
        token = context.token
        return {
            "completions": [
                SimpleCompletion(word, type="nbagent")
                for word in words
                if word.startswith(token)
            ],
            "suppress": bool(words),
            "matched_fragment": token,
        }

    complete.nbagent = True
    return complete


def candidates(full_text: str, line: str, magics: AgentMagics) -> list[str]:
    """List what may stand where the cursor is; nothing outside our magics."""
    in_agent = re.match(r"\s*(?:[\w.]+\s*=\s*)?%?%agent\b", line)
    if re.match(r"\s*%nbagent\s+\S*$", line):
        from nbagent.notebook.commands import COMMANDS

        return sorted(COMMANDS)
    if in_agent and re.search(r"--[\w-]*$", line):
        return [f"--{option.name}" for option in OPTIONS]
    if in_agent or full_text.lstrip().startswith("%%agent"):
        at = re.search(r"@\w*$", line)
        if at:
            return at_names(magics.session(), magics.namespace)
    return []


def complete(
    line: str, session: Session, namespace: Mapping[str, Any]
) -> tuple[int, list[str]]:
    """List what may stand at the end of a turn's line, and where it would begin."""
    if found := re.search(r"(?:^|\s)(--[\w-]*)$", line):
        words = [f"--{option.name}" for option in OPTIONS]
        return found.start(1), [w for w in words if w.startswith(found[1])]
    if found := re.search(r"@\w*$", line):
        start = found.group().lower()
        names = [n for n in at_names(session, namespace) if n.lower().startswith(start)]
        return found.start(), names
    return len(line), []


def at_names(session: Session, namespace: Mapping[str, Any]) -> list[str]:
    """List what a turn may name: variables, and clips."""
    from nbagent.conversation.context import variables

    found = [variable.name for variable in variables(namespace)]
    names = [name for name in found if not name.startswith("_")]
    return [f"@{name}" for name in (*names, *(row.name for row in session.rows()))]
