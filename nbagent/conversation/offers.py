"""The question about a subject that pocket cannot draw: who stands in for it?

It is asked where somebody can answer, by a button or in words; the turn that asked is then
said again with `--actor`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nbagent.acts.plan import Plan
from nbagent.conversation.consent import restored
from nbagent.conversation.scene import UnknownActor
from nbagent.language import grammar
from nbagent.language.choosing import chosen
from nbagent.pocket import vocabulary

if TYPE_CHECKING:
    from nbagent.conversation.asked import Asked
    from nbagent.conversation.record import Record
    from nbagent.conversation.reply import Reply
    from nbagent.ledger import Turn


def question(reply: Reply, lost: UnknownActor, said: Asked) -> Reply:
    """Return the question in place of takes; a dry run only says that it would come.

    Raises:
        UnknownActor: Without a front end: there is nobody to ask.
    """
    if said.is_dry:
        return replace(reply, answer=f"would ask: {lost.question}")
    if reply.turn_id and said.cell_id is None:
        raise lost
    plan = replace(reply.plan, intent="ask", offers=lost.nearest)
    return replace(reply, plan=plan, answer=f"{lost.question}\n{lost.how}")


def asked(turn: Turn) -> tuple[str, ...]:
    """Return the actors that a turn waits for a choice of; none if it does not."""
    is_open = (turn.plan or {}).get("intent") == "ask" and not turn.error
    return of(turn) if is_open else ()


def of(turn: Turn) -> tuple[str, ...]:
    """Return the actors that a turn has offered; the store may be anybody's."""
    said = (turn.plan or {}).get("offers")
    said = said if isinstance(said, list | tuple) else ()
    return tuple(one for one in said if one in vocabulary.ACTORS)


def waiting(record: Record, said: Asked) -> tuple[Turn, str] | None:
    """Return the turn that a turn answers, and the actor or "no"; None if it does not.

    A question waits until something else is said. The cell whose turn was the answer
    answers again when it is run again.
    """
    if said.target or said.reading is not None or "actor" in said.options:
        return None
    turns = [
        turn
        for turn in record.ledger.turns(record.conversation)
        if "dry_run" not in turn.options
    ]
    before = next((t for t in turns if said.cell_id in _choosers(t)), None)
    turn = before or (turns[-1] if turns and asked(turns[-1]) else None)
    if turn is None or not (offered := of(turn)):
        return None
    if grammar.answer(said.words) == "no":
        return None if before else (turn, "no")
    actor = chosen(said.words, offered, record.state(said.variables))
    return None if actor is None else (turn, actor)


def answered(turn: Turn, said: Asked, actor: str) -> Asked:
    """Return a turn said again with who was chosen, beside those chosen before."""
    actors, choosers = [*_actors(turn)], [*_choosers(turn)]
    if said.cell_id in choosers:
        actors[choosers.index(said.cell_id) - len(choosers)] = actor
    else:
        actors.append(actor)
        choosers.append(said.cell_id or "")
    return replace(
        said,
        words=turn.text,
        options=restored({**turn.options, **said.options, "actor": tuple(actors)}),
        cell_id=said.cell_id if said.is_dry else turn.cell_id,
        offers=of(turn),
        choosers=tuple(choosers),
    )


def remembered(said: Asked, own: Turn | None) -> Asked:
    """Return a turn with what was chosen for it when its cell was run before.

    Args:
        said: The turn; a button of the panel has put what was chosen into its options.
        own: The turn that its cell said before, if it did.
    """
    if own is None or own.text != said.words or not of(own) or said.acts:
        return said
    if "actor" in said.options:
        return replace(said, offers=of(own))
    if asked(own) or not _actors(own):
        return said
    options = {**said.options, "actor": _actors(own)}
    return replace(said, options=options, offers=of(own), choosers=_choosers(own))


def kept(plan: Plan, said: Asked) -> Plan:
    """Return the plan of a turn with the offers that its actor was chosen of."""
    if not said.offers:
        return plan
    return replace(plan, offers=plan.offers or said.offers, choosers=said.choosers)


def _actors(turn: Turn) -> tuple[str, ...]:
    said = turn.options.get("actor")
    said = said if isinstance(said, list | tuple) else ()
    return tuple(one for one in said if one in vocabulary.ACTORS)


def _choosers(turn: Turn) -> tuple[str, ...]:
    """Return the cells that said the last of a turn's actors."""
    said = (turn.plan or {}).get("choosers")
    said = said if isinstance(said, list | tuple) else ()
    return tuple(map(str, said)) if len(said) <= len(_actors(turn)) else ()
