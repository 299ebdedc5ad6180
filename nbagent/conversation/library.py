"""The conversations of a store: named ones, forks, and what was said in one."""

from __future__ import annotations

from nbagent.conversation.record import Record
from nbagent.errors import SpecError
from nbagent.ledger import Ledger

_MAX_NAME = 80


def listed(ledger: Ledger, current: str) -> str:
    """List all conversations, the current one marked."""
    rows = ledger.conversations.all()
    lines = [
        f"{'*' if row.name == current else ' '} {row.name}: {_count(row.turns, 'turn')},"
        f" {_count(row.clips, 'clip')}"
        for row in rows
    ]
    if current not in {row.name for row in rows}:
        lines.append(f"* {current}: nothing said yet")
    return "\n".join(lines)


def check_name(name: str) -> str:
    """Return a conversation's name as it is filed.

    Raises:
        SpecError: If it is empty, too long, or has signs that cannot be seen.
    """
    name = " ".join(name.split())
    if not name or len(name) > _MAX_NAME or not name.isprintable():
        raise SpecError(
            f"{name[:40]!r} cannot be the name of a conversation: use up to"
            f" {_MAX_NAME} characters"
        )
    return name


def new_name(record: Record, name: str | None, what: str) -> str:
    """Return the name of a new conversation that comes of one, `record-what` for None.

    Raises:
        SpecError: If there is one of the name already.
    """
    if name is None:
        return free_name(record.ledger, record.conversation, what)
    name = check_name(name)
    if name in _names(record.ledger):
        raise SpecError(
            f"there is already a conversation {name!r}: choose another name, or"
            f" switch to it with %nbagent conversation {name}"
        )
    return name


def put_aside(record: Record) -> str:
    """Keep what was said under another name, and return a line that tells it."""
    ledger, name = record.ledger, record.conversation
    if not ledger.turns.of(name):
        return f"{name}: nothing said yet"
    aside = free_name(ledger, name, "before")
    ledger.conversations.rename(name, aside)
    return f"{name} starts afresh; what was said before is kept as {aside}"


def told(record: Record) -> str:
    """Say how long a conversation is."""
    return f"{record.conversation}: {size(record.ledger, record.conversation)}"


def size(ledger: Ledger, name: str) -> str:
    """Count what a conversation holds."""
    turns, clips = len(ledger.turns.of(name)), len(ledger.clips(name))
    return f"{_count(turns, 'turn')}, {_count(clips, 'clip')}"


def history(record: Record, count: int) -> str:
    """List the last turns with what came of each."""
    made: dict[int, list[str]] = {}
    for row in record.rows():
        made.setdefault(row.turn_id, []).append(row.name)
    turns = record.ledger.turns.of(record.conversation)
    lines = []
    for number, turn in list(enumerate(turns, 1))[-count:]:
        words = " ".join(turn.text.split())[:100]
        came = ", ".join(made.get(turn.id, ())) or ("error" if turn.error else "answer")
        lines.append(f"{number:>3}. {words}  -> {came}")
    return "\n".join(lines) or "nothing said yet"


def free_name(ledger: Ledger, name: str, what: str) -> str:
    """Return a name that no conversation has: `name-what`, `name-what-2`, ..."""
    stem = f"{name[: _MAX_NAME - 12]}-{what}"
    found, number = stem, 2
    while found in _names(ledger):
        found, number = f"{stem}-{number}", number + 1
    return found


def _names(ledger: Ledger) -> set[str]:
    return {row.name for row in ledger.conversations.all()}


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
