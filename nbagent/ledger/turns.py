"""What was said, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from nbagent.ledger.database import Database, inserted, only_row, to_json
from nbagent.ledger.records import Turn, turn_from


class Turns:
    """The turns of all conversations of one store."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(
        self,
        conversation: str,
        text: str,
        cell_id: str | None,
        options: Mapping[str, Any],
    ) -> Turn:
        """Write a turn down before anything is done about it.

        A live turn of the same cell is marked replaced: its clips leave the
        conversation, and this turn takes over its position and its clips' names. So is
        one that was taken back, as far as its names are still free.
        """
        with self._db.write() as db:
            old = db.execute(
                "SELECT id, position FROM turns WHERE conversation = ? AND cell_id = ?"
                " AND (replaced_by IS NULL OR replaced_by = id)"
                " ORDER BY replaced_by IS NULL DESC, id DESC LIMIT 1",
                (conversation, cell_id),  # an absent cell equals no other
            ).fetchone()
            turn_id = inserted(
                db.execute(
                    "INSERT INTO turns (conversation, text, cell_id, options,"
                    " created_at, position) VALUES (?1, ?2, ?3, ?4, ?5, coalesce(?6,"
                    " (SELECT coalesce(max(id), 0) + 1 FROM turns)))",
                    (
                        *(conversation, text, cell_id, to_json(options), time.time()),
                        old["position"] if old else None,
                    ),
                )
            )
            if old:
                db.execute(
                    "UPDATE turns SET replaced_by = ? WHERE id = ?",
                    (turn_id, old["id"]),
                )
                db.execute(
                    "UPDATE names SET turn_id = ?, clip_id = NULL WHERE turn_id = ?",
                    (turn_id, old["id"]),
                )
                db.execute(
                    "INSERT OR IGNORE INTO names (conversation, number, turn_id)"
                    " SELECT conversation, number, ? FROM undone WHERE turn_id = ?",
                    (turn_id, old["id"]),
                )
                db.execute("DELETE FROM undone WHERE turn_id = ?", (old["id"],))
                db.execute(
                    "UPDATE undone SET by_turn = ? WHERE by_turn = ?",
                    (turn_id, old["id"]),
                )
        return self.get(turn_id)

    def finish(
        self,
        turn_id: int,
        plan: Mapping[str, Any] | None,
        answer: str | None,
        error: str | None,
        notes: Sequence[str] = (),
    ) -> None:
        """Record what a turn was understood as and what came of it."""
        understood = None if plan is None else to_json(plan)
        with self._db.write() as db:
            db.execute(
                "UPDATE turns SET plan = ?, answer = ?, error = ?, notes = ?"
                " WHERE id = ?",
                (understood, answer, error, "\n".join(notes), turn_id),
            )

    def get(self, turn_id: int) -> Turn:
        """Return one turn, replaced or not."""
        rows = self._db.read("SELECT * FROM turns WHERE id = ?", turn_id)
        return turn_from(only_row(rows, "turn", turn_id, self._db.folder))

    def of(self, conversation: str) -> tuple[Turn, ...]:
        """Return the live turns of a conversation in the order of its cells."""
        rows = self._db.read(
            "SELECT * FROM turns WHERE conversation = ? AND replaced_by IS NULL"
            " ORDER BY position",
            conversation,
        )
        return tuple(turn_from(row) for row in rows)
