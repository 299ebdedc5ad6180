"""`%nbagent replay`: all turns of a conversation said again, in one of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbagent.notebook.options import check_options

if TYPE_CHECKING:
    from nbagent.notebook.magics import AgentMagics


def replay(magics: AgentMagics, name: str | None) -> str:
    """Say every turn that made clips again; what was rendered before is shown at once.

    Args:
        magics: Of the notebook; it goes on in the new conversation.
        name: Of the conversation; by default this one's, with "-replay".
    """
    session = magics.session()
    old = session.settings.conversation
    made = {row.turn_id for row in session.rows()}
    turns = [turn for turn in session.ledger.turns(old) if turn.id in made]
    session.begin(name, "replay")
    for turn in turns:
        options = dict(turn.options)
        of = options.pop("target", None)
        magics.say(
            turn.text, check_options(options), target=session.clip(of) if of else None
        )
    return f"{len(turns)} turns of {old} were said again"
