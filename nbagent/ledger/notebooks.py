"""Which notebook each conversation belongs to, so that a rename does not lose it."""

from __future__ import annotations

from dataclasses import dataclass

from nbagent.ledger.database import Database
from nbagent.ledger.records import checked


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookRow:
    """A conversation and the notebook it was last held in.

    Attributes:
        path: Of the notebook, as seen from the store's folder.
        file: What its file system calls the file, whatever its name; None for a
            notebook that was not saved yet.
    """

    conversation: str
    path: str
    file: str | None


class Notebooks:
    """The notebooks of all conversations of one store."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def put(self, row: NotebookRow) -> None:
        """Let a conversation be that of a notebook, and no other one."""
        with self._db.write() as db:
            db.execute("DELETE FROM notebooks WHERE path = ?", (row.path,))
            db.execute(
                "INSERT OR REPLACE INTO notebooks (conversation, path, file)"
                " VALUES (?, ?, ?)",
                (row.conversation, row.path, row.file),
            )

    def all(self) -> tuple[NotebookRow, ...]:
        """Return all that are known, the newest last."""
        rows = self._db.read(
            "SELECT conversation, path, file FROM notebooks ORDER BY rowid"
        )
        return tuple(checked(NotebookRow, dict(row)) for row in rows)
