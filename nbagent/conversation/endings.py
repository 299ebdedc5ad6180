"""How a turn ends that comes to nothing: it was declined, or something went wrong."""

from __future__ import annotations

from nbagent.acts.plan import Plan
from nbagent.conversation.asked import Asked
from nbagent.conversation.record import Record
from nbagent.conversation.reply import Reply, understood
from nbagent.errors import NbagentError


def declined(said: Asked, record: Record) -> Reply:
    """Write down that what was asked for is not made after all."""
    plan, answer = Plan(intent="control"), "cancelled: nothing will be rendered"
    if said.is_dry:
        told = "would cancel it: nothing would be rendered"
        return Reply(turn_id=0, words=said.words, plan=plan, answer=told)
    turns = record.ledger.turns
    turn = turns.add(record.conversation, said.words, said.cell_id, {})
    turns.finish(turn.id, understood(plan), answer, None)
    return Reply(turn_id=turn.id, words=said.words, plan=plan, answer=answer)


def ended(error: BaseException) -> str:
    """Say in one line why a turn came to nothing."""
    if isinstance(error, NbagentError):
        return str(error)
    if isinstance(error, KeyboardInterrupt):
        return "stopped while the turn was being read: run the cell again"
    return f"{type(error).__name__}: {error}"
