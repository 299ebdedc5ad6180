"""Who has a job in hand, so that a job is taken up when its kernel is gone, and once."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Collection
from pathlib import Path

from nbagent.ledger.database import Database
from nbagent.ledger.locks import FileLock
from nbagent.ledger.records import JobRow, job_from
from nbagent.take import UNFINISHED

_UNFINISHED = json.dumps(UNFINISHED)
# As `Keeper` makes them. Any other is nobody's, and above all no part of a path.
_NAME = re.compile(r"[0-9a-f]{16}-[0-9a-f]{32}")


class Keeper:
    """One ledger of a store, as the keeper of the jobs that it has in hand.

    It is alive while it holds a lock under its name, which nobody else takes. The name
    also shows whose it is: a store may come with somebody's notebook, and its jobs would
    then spend this user's device time.
    """

    def __init__(self, database: Database, owner: str) -> None:
        """Take nothing in hand yet.

        Args:
            database: Of the store.
            owner: A secret of the user; empty makes every other keeper a stranger.
        """
        self._db = database
        self._owner = owner or secrets.token_hex(16)
        token = secrets.token_hex(8)
        self._name = f"{token}-{self._sign(token)}"
        self._lock = FileLock(self._path(self._name))

    @property
    def name(self) -> str:
        """What its jobs are marked with; from here on others see that it lives."""
        self._lock.take()
        return self._name

    def adopt(self, takes: Collection[str] | None = None) -> tuple[JobRow, ...]:
        """Take the unfinished jobs in hand whose keepers are gone; return them.

        They may be of any conversation. Of two kernels that come at once, one gets a
        job.

        Args:
            takes: Those of these takes, whose keeper may have been anybody's; None is
                all that this user's keepers had.
        """
        if not self._left(takes):
            return ()
        own = self.name
        with self._db.write() as db:
            rows = self._left(takes)
            db.executemany(
                "UPDATE jobs SET keeper = ? WHERE number = ?",
                [(own, int(row.id[1:])) for row in rows],
            )
        return tuple(rows)

    def is_strange(self, row: JobRow) -> bool:
        """Return whether a job was left by a keeper that was not this user's, here."""
        return not self._is_mine(row.keeper or "") and self._is_gone(row.keeper or "")

    def close(self) -> None:
        """Let go of the jobs; using it again takes them back."""
        self._lock.release()

    def _left(self, takes: Collection[str] | None) -> list[JobRow]:
        query = (
            "SELECT * FROM jobs WHERE state IN (SELECT value FROM json_each(?))"
            " AND coalesce(keeper, '') != ? ORDER BY number"
        )
        rows = map(job_from, self._db.read(query, _UNFINISHED, self._name))
        wanted = [
            row
            for row in rows
            if (
                self._is_mine(row.keeper or "")
                if takes is None
                else row.take_id in takes
            )
        ]
        gone = {k for k in {row.keeper or "" for row in wanted} if self._is_gone(k)}
        return [row for row in wanted if (row.keeper or "") in gone]

    def _is_mine(self, name: str) -> bool:
        token, _, signature = name.partition("-")
        return hmac.compare_digest(signature, self._sign(token))

    def _sign(self, token: str) -> str:
        # With the folder: a name that was seen in one store says nothing in another.
        said = f"{token} {self._db.folder.resolve()}".encode()
        key = self._owner.encode()
        return hashlib.blake2b(said, key=key, digest_size=16).hexdigest()

    def _is_gone(self, name: str) -> bool:
        if not _NAME.fullmatch(name):
            return True
        with FileLock(self._path(name)) as lock:
            return lock.take()

    def _path(self, name: str) -> Path:
        return self._db.folder / "keepers" / f"{name}.lock"
