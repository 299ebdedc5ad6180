"""The question about words that mean nothing here: who is drawn, or which column is it?

It is asked where somebody can answer, by a button or in words; the turn that asked is then
said again with `--actor` or `--column`. What is offered of columns is "said=column".
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from nbagent.acts.plan import Plan
from nbagent.charts.names import fold
from nbagent.conversation.consent import restored
from nbagent.conversation.offered import IS, is_offer, label, option_of
from nbagent.errors import UnknownColumn, Unsettled
from nbagent.language import grammar
from nbagent.language.choosing import chosen

if TYPE_CHECKING:
    from nbagent.conversation.asked import Asked
    from nbagent.conversation.record import Record
    from nbagent.conversation.reply import Reply
    from nbagent.ledger import Turn


def question(reply: Reply, lost: Unsettled, said: Asked) -> Reply:
    """Return the question in place of takes; a dry run only says that it would come.

    Raises:
        Unsettled: Without a front end: there is nobody to ask.
    """
    if said.is_dry:
        return replace(reply, answer=f"would ask: {lost.question}")
    if reply.turn_id and said.cell_id is None:
        raise lost
    offered = lost.nearest
    if isinstance(lost, UnknownColumn):
        # What the reader takes for likely, before what is spelt nearly so.
        likely = reply.plan.guesses.get(lost.words, ())
        if likely:
            lost = UnknownColumn(lost.words, likely)
        offered = tuple(f"{lost.words}{IS}{name}" for name in lost.nearest)
    plan = replace(reply.plan, intent="ask", offers=offered)
    return replace(reply, plan=plan, answer=f"{lost.question}\n{lost.how}")


def asked(turn: Turn) -> tuple[str, ...]:
    """Return what a turn waits for a choice of; nothing if it does not."""
    is_open = (turn.plan or {}).get("intent") == "ask" and not turn.error
    return of(turn) if is_open else ()


def of(turn: Turn) -> tuple[str, ...]:
    """Return what a turn has offered; the store may be anybody's."""
    said = (turn.plan or {}).get("offers")
    said = said if isinstance(said, list | tuple) else ()
    return tuple(one for one in said if is_offer(one))


def waiting(record: Record, said: Asked) -> tuple[Turn, str] | None:
    """Return the turn that a turn answers, and the actor or "no"; None if it does not.

    A question waits until something else is said. The cell whose turn was the answer
    answers again when it is run again.
    """
    if said.reading is not None or {"actor", "column"} & said.options.keys():
        return None
    turns = [
        turn
        for turn in record.ledger.turns.of(record.conversation)
        if "dry_run" not in turn.options
    ]
    before = next((t for t in turns if said.cell_id in _choosers(t)), None)
    turn = before or (turns[-1] if turns and asked(turns[-1]) else None)
    if turn is None or not (offered := of(turn)):
        return None
    if grammar.answer(said.words) == "no":
        return None if before else (turn, "no")
    if option_of(offered[0]) == "column":
        given = next((o for o in offered if fold(label(o)) == fold(said.words)), None)
    elif said.target:
        return None
    else:
        given = chosen(said.words, offered, record.state(said.variables))
    return None if given is None else (turn, given)


def answered(turn: Turn, said: Asked, offer: str) -> Asked:
    """Return a turn said again with what was chosen, beside what was chosen before."""
    option = option_of(offer)
    given, choosers = [*_given(turn, option)], [*_choosers(turn)]
    if said.cell_id in choosers:
        given[choosers.index(said.cell_id) - len(choosers)] = offer
    else:
        given.append(offer)
        choosers.append(said.cell_id or "")
    return replace(
        said,
        words=turn.text,
        options=restored({**turn.options, **said.options, option: tuple(given)}),
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
    option = option_of(of(own)[0])
    if option in said.options:
        return replace(said, offers=of(own))
    if asked(own) or not _given(own, option):
        return said
    options = {**said.options, option: _given(own, option)}
    return replace(said, options=options, offers=of(own), choosers=_choosers(own))


def kept(plan: Plan, said: Asked) -> Plan:
    """Return the plan of a turn with the offers that its actor was chosen of."""
    if not said.offers:
        return plan
    return replace(plan, offers=plan.offers or said.offers, choosers=said.choosers)


def _given(turn: Turn, option: str) -> tuple[str, ...]:
    said = turn.options.get(option)
    said = said if isinstance(said, list | tuple) else ()
    return tuple(one for one in said if is_offer(one))


def _choosers(turn: Turn) -> tuple[str, ...]:
    """Return the cells that said the last of a turn's actors."""
    said = (turn.plan or {}).get("choosers")
    said = said if isinstance(said, list | tuple) else ()
    offered = of(turn)
    given = _given(turn, option_of(offered[0])) if offered else ()
    return tuple(map(str, said)) if len(said) <= len(given) else ()
