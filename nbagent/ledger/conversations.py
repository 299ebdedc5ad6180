"""Conversations as wholes: listed, forked, put aside; and their last turn taken back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from nbagent.ledger.database import Database
from nbagent.ledger.records import ClipRow, checked
from nbagent.take import UNFINISHED


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationRow:
    """A conversation of the store: its live turns and clips, counted."""

    name: str
    turns: int
    clips: int


class Conversations:
    """The conversations of one store."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def all(self) -> tuple[ConversationRow, ...]:
        """Return those with live turns, the one spoken to last at the end."""
        rows = self._db.read(
            """SELECT conversation AS name, count(*) AS turns,
                (SELECT count(*) FROM names WHERE clip_id IS NOT NULL
                    AND names.conversation = turns.conversation) AS clips
            FROM turns WHERE replaced_by IS NULL
            GROUP BY conversation ORDER BY max(id)"""
        )
        return tuple(checked(ConversationRow, dict(row)) for row in rows)

    def busy(self) -> dict[str, int]:
        """Return how many jobs of each are unfinished; '' stands for no conversation."""
        rows = self._db.read(
            "SELECT coalesce(turns.conversation, '') AS name, count(*) AS jobs"
            " FROM jobs LEFT JOIN turns ON turns.id = jobs.turn_id"
            " WHERE jobs.state IN (SELECT value FROM json_each(?))"
            " GROUP BY 1 ORDER BY min(jobs.number)",
            json.dumps(UNFINISHED),
        )
        return {row["name"]: row["jobs"] for row in rows}

    def fork(self, name: str, new: str) -> None:
        """Copy a conversation's live turns and clips, names and all, to a new one.

        Cells keep their turns: one that is run again replaces its turn in the
        conversation that is spoken to.
        """
        with self._db.write() as db:
            turns = db.execute(
                "SELECT id FROM turns WHERE conversation = ? AND replaced_by IS NULL"
                " ORDER BY position",
                (name,),
            ).fetchall()
            for (old_id,) in turns:
                turn_id = db.execute(
                    """INSERT INTO turns (conversation, position, text, cell_id,
                        options, plan, answer, error, created_at)
                    SELECT ?, (SELECT max(id) + 1 FROM turns), text, cell_id, options,
                        plan, answer, error, created_at FROM turns WHERE id = ?""",
                    (new, old_id),
                ).lastrowid
                names = db.execute(
                    "SELECT number, clip_id, alias FROM names WHERE turn_id = ?"
                    " ORDER BY clip_id",
                    (old_id,),
                ).fetchall()
                for number, clip_id, alias in names:
                    copied = None
                    if clip_id is not None:
                        copied = db.execute(
                            "INSERT INTO clips (turn_id, take_id, created_at) SELECT"
                            " ?, take_id, created_at FROM clips WHERE id = ?",
                            (turn_id, clip_id),
                        ).lastrowid
                    db.execute(
                        "INSERT INTO names"
                        " (conversation, number, turn_id, clip_id, alias)"
                        " VALUES (?, ?, ?, ?, ?)",
                        (new, number, turn_id, copied, alias),
                    )
            db.execute(
                """INSERT INTO marks SELECT ?, take_id, favourite, tags FROM marks
                WHERE conversation = ?""",
                (new, name),
            )
            db.execute(
                """INSERT INTO variables
                SELECT ?, name, type, summary, kept, turn_id FROM variables
                WHERE conversation = ?""",
                (new, name),
            )

    def rename(self, name: str, new: str) -> None:
        """Give a conversation another name, with all it holds."""
        with self._db.write() as db:
            for table in ("turns", "names", "variables", "undone", "marks"):
                db.execute(
                    f"UPDATE {table} SET conversation = ? WHERE conversation = ?",  # noqa: S608
                    (new, name),
                )

    def call(self, clip: ClipRow, alias: str) -> None:
        """Give a clip the user's name for it, in place of an earlier one."""
        with self._db.write() as db:
            db.execute(
                "UPDATE names SET alias = ? WHERE conversation = ? AND number = ?",
                (alias, clip.conversation, clip.number),
            )

    def reserve(self, name: str, turn_id: int, clips: Sequence[str]) -> None:
        """Let the next clips of a turn have these names, where they are free."""
        with self._db.write() as db:
            db.executemany(
                "INSERT OR IGNORE INTO names (conversation, number, turn_id, clip_id)"
                " VALUES (?, ?, ?, NULL)",
                [(name, int(clip.removeprefix("c")), turn_id) for clip in clips],
            )

    def take_back(self, turn_id: int, by_turn: int | None) -> None:
        """Let a turn and its clips leave the conversation; their names are free again.

        The takes and their files stay: the turn can be put back, and the same turn said
        again shows them at once.

        Args:
            turn_id: The turn.
            by_turn: The one that asked for it, if a turn did.
        """
        with self._db.write() as db:
            db.execute(
                """INSERT INTO undone (conversation, turn_id, by_turn, number, clip_id,
                    alias, newest_clip)
                SELECT conversation, turn_id, ?2, number, clip_id, alias,
                    (SELECT max(id) FROM clips)
                FROM names WHERE turn_id = ?1 AND clip_id IS NOT NULL""",
                (turn_id, by_turn),
            )
            db.execute("UPDATE turns SET replaced_by = id WHERE id = ?", (turn_id,))
            db.execute("DELETE FROM names WHERE turn_id = ?", (turn_id,))

    def taken_back(self, name: str) -> tuple[int, ...]:
        """Return the turns that can be put back, the one that was taken back last first.

        Once another clip was made none can.
        """
        rows = self._db.read(
            """SELECT turn_id FROM undone WHERE conversation = ?1
                AND typeof(turn_id) = 'integer' AND newest_clip >=
                (SELECT coalesce(max(clip_id), 0) FROM names WHERE conversation = ?1)
            GROUP BY turn_id ORDER BY max(id) DESC""",
            name,
        )
        return tuple(row["turn_id"] for row in rows)

    def taken_back_by(self, turn_id: int) -> int | None:
        """Return the turn that a turn has taken back, if it still is."""
        rows = self._db.read("SELECT turn_id FROM undone WHERE by_turn = ?", turn_id)
        return rows[0]["turn_id"] if rows else None

    def names_taken_back(self, turn_id: int) -> tuple[tuple[str, str], ...]:
        """Return the names that the clips of a turn had which was taken back.

        Returns:
            Each with the id of its take.
        """
        rows = self._db.read(
            "SELECT number, take_id FROM undone JOIN clips ON clips.id = clip_id"
            " WHERE undone.turn_id = ? ORDER BY number",
            turn_id,
        )
        return tuple((f"c{row['number']}", row["take_id"]) for row in rows)

    def put_back(self, turn_id: int) -> None:
        """Let a turn that was taken back be there again, with its clips.

        They have their names, but for those that other clips have got meanwhile.
        """
        with self._db.write() as db:
            rows = db.execute(
                "SELECT * FROM undone WHERE turn_id = ? AND typeof(number) = 'integer'"
                " ORDER BY number",  # the store may be anybody's
                (turn_id,),
            ).fetchall()
            for row in rows:
                name = row["conversation"]
                (number,) = db.execute(
                    """SELECT CASE WHEN EXISTS (SELECT 1 FROM names
                            WHERE conversation = ?1 AND number = ?2)
                        THEN (SELECT max(number) + 1 FROM names WHERE conversation = ?1)
                        ELSE ?2 END""",
                    (name, row["number"]),
                ).fetchone()
                db.execute(
                    "INSERT INTO names (conversation, number, turn_id, clip_id, alias)"
                    " VALUES (?, ?, ?, ?, ?)",
                    (name, number, turn_id, row["clip_id"], row["alias"]),
                )
            db.execute("DELETE FROM undone WHERE turn_id = ?", (turn_id,))
            db.execute("UPDATE turns SET replaced_by = NULL WHERE id = ?", (turn_id,))
