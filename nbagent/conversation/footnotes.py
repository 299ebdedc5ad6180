"""What is said of a turn beside its clips: a thing that was lost, once in a lineage."""

from __future__ import annotations

from collections.abc import Iterable

from nbagent.conversation.record import Record
from nbagent.ledger import Turn


def unsaid(turn: Turn, take_ids: Iterable[str], record: Record) -> list[str]:
    """Return a turn's lines without those that the clips before it were told with.

    Args:
        turn: That made them.
        take_ids: Of its clips, or of one of them.
        record: Of its conversation.
    """
    lines, ledger = turn.notes.splitlines(), record.ledger
    if not losses(lines):
        return lines
    before = {one.id for take in take_ids for one in ledger.ancestors(take)}
    rows = record.rows() if before else ()
    # A film is made of the scenes of its own turn.
    turns = {row.turn_id for row in rows if row.take_id in before} - {turn.id}
    told = {line for one in turns for line in ledger.turns.get(one).notes.splitlines()}
    return [line for line in lines if line not in told]


def losses(lines: Iterable[str]) -> tuple[str, ...]:
    """Return those that say what is not as it was asked for.

    That is whole sentences; an act says what it does without one: "at night".
    """
    return tuple(line for line in lines if line.endswith("."))
