"""What the user thinks of clips: favourites and tags, by the takes that they show."""

from __future__ import annotations

import json
from dataclasses import dataclass

from nbagent.ledger.database import Database


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What the user thinks of one clip."""

    favourite: bool = False
    tags: tuple[str, ...] = ()


class Marks:
    """The marks of all conversations of one store.

    They are kept by take: a clip that is deleted and made again, or undone and redone,
    has them still.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    def put(self, conversation: str, take_id: str, mark: Mark) -> None:
        """Record a clip's mark, in place of an earlier one."""
        with self._db.write() as db:
            if mark == Mark():
                db.execute(
                    "DELETE FROM marks WHERE conversation = ? AND take_id = ?",
                    (conversation, take_id),
                )
                return
            db.execute(
                "INSERT OR REPLACE INTO marks (conversation, take_id, favourite, tags)"
                " VALUES (?, ?, ?, ?)",
                (conversation, take_id, mark.favourite, json.dumps(mark.tags)),
            )

    def of(self, conversation: str) -> dict[str, Mark]:
        """Return the marks of a conversation by take; what is no mark is passed over."""
        rows = self._db.read(
            "SELECT take_id, favourite, tags FROM marks WHERE conversation = ?",
            conversation,
        )
        return {
            row["take_id"]: Mark(favourite=bool(row["favourite"]), tags=tags)
            for row in rows
            if (tags := _tags(row["tags"])) is not None
        }


def _tags(text: object) -> tuple[str, ...] | None:
    """Read tags as they are stored; the store may be anybody's."""
    try:
        tags = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return None
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        return None
    return tuple(tags)
