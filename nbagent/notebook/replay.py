"""`%nbagent replay`: all turns of a conversation said again, in one of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbagent.errors import SpecError
from nbagent.notebook.options import check_options

if TYPE_CHECKING:
    from nbagent.notebook.speaker import Speaker


def replay(speaker: Speaker, name: str | None) -> str:
    """Say every turn that made clips again; what was rendered before is shown at once.

    Args:
        speaker: Of the notebook; it goes on in the new conversation.
        name: Of the conversation; by default this one's, with "-replay".

    Raises:
        SpecError: If a turn that made clips is answered in words this time.
    """
    session = speaker.session()
    old = session.settings.conversation
    made: dict[int, list[str]] = {}
    for row in session.rows():
        made.setdefault(row.turn_id, []).append(row.name)
    turns = [turn for turn in session.ledger.turns.of(old) if turn.id in made]
    session.whole.begin(name, "replay")
    new = session.settings.conversation
    for turn in turns:
        options = check_options(turn.options)
        reply = speaker.hear(turn.text, options)
        if reply.answer is not None:
            raise SpecError(f"the replay stopped at {turn.text[:80]!r}: {reply.answer}")
        # Later turns name them, also where names between were taken back.
        session.ledger.conversations.reserve(new, reply.turn_id, made[turn.id])
        speaker.show(reply, options)
    return f"{len(turns)} turns of {old} were said again"
