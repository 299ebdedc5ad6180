"""Who has a job in hand, so that a job is taken up when its kernel is gone, and once."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from pathlib import Path

from nbagent.ledger.database import Database
from nbagent.ledger.locks import FileLock
from nbagent.ledger.records import JobRow, job_from
from nbagent.take import UNFINISHED

_UNFINISHED = json.dumps(UNFINISHED)


class Keeper:
    """One ledger of a store, as the keeper of the jobs that it has in hand.

    It is alive while it holds a lock under its name, which nobody else takes.
    """

    def __init__(self, database: Database) -> None:
        """Take nothing in hand yet."""
        self._db = database
        self._name = secrets.token_hex(8)
        self._lock = FileLock(self._path(self._name))

    @property
    def name(self) -> str:
        """What its jobs are marked with; from here on others see that it lives."""
        self._lock.take()
        return self._name

    def adopt(self) -> tuple[JobRow, ...]:
        """Take the unfinished jobs in hand whose keepers are gone; return them.

        They may be of any conversation. Of two kernels that come at once, one gets a
        job.
        """
        query = (
            "SELECT DISTINCT coalesce(keeper, '') FROM jobs"
            " WHERE state IN (SELECT value FROM json_each(?))"
        )
        if not self._gone(name for (name,) in self._db.read(query, _UNFINISHED)):
            return ()
        own = self.name
        with self._db.write() as db:
            found = db.execute(query, (_UNFINISHED,)).fetchall()
            rows = db.execute(
                "SELECT * FROM jobs WHERE state IN (SELECT value FROM json_each(?))"
                " AND coalesce(keeper, '') IN (SELECT value FROM json_each(?))"
                " ORDER BY number",
                (_UNFINISHED, json.dumps(self._gone(name for (name,) in found))),
            ).fetchall()
            db.executemany(
                "UPDATE jobs SET keeper = ? WHERE number = ?",
                [(own, row["number"]) for row in rows],
            )
        return tuple(job_from(row) for row in rows)

    def close(self) -> None:
        """Let go of the jobs; using it again takes them back."""
        self._lock.release()

    def _gone(self, names: Iterable[str]) -> list[str]:
        """Return those of the keepers that live no more; '' is of older jobs."""
        return [name for name in names if name != self._name and self._is_gone(name)]

    def _is_gone(self, name: str) -> bool:
        if not name:
            return True
        with FileLock(self._path(name)) as lock:
            return lock.take()

    def _path(self, name: str) -> Path:
        return self._db.folder / "keepers" / f"{name}.lock"
