"""What the variables were that turns named, for a kernel that has them no more."""

from __future__ import annotations

from dataclasses import dataclass

from nbagent.ledger.database import Database
from nbagent.ledger.records import checked


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableRow:
    """A variable of the notebook as a turn found it.

    Attributes:
        kept: A take's id for a clip, a file's digest for a picture or a text; None if
            nothing of it was kept.
        turn_id: The turn that named it last.
    """

    name: str
    type: str
    summary: str
    kept: str | None
    turn_id: int


class Variables:
    """The variables of all conversations of one store, by name."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def put(self, conversation: str, row: VariableRow) -> None:
        """Record a variable; the newest of a name is the one that counts."""
        with self._db.write() as db:
            db.execute(
                "INSERT OR REPLACE INTO variables"
                " (conversation, name, type, summary, kept, turn_id)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (conversation, row.name, row.type, row.summary, row.kept, row.turn_id),
            )

    def of(self, conversation: str) -> dict[str, VariableRow]:
        """Return the variables that turns of a conversation named."""
        rows = self._db.read(
            "SELECT name, type, summary, kept, turn_id FROM variables"
            " WHERE conversation = ? ORDER BY turn_id, name",
            conversation,
        )
        return {row["name"]: checked(VariableRow, dict(row)) for row in rows}
