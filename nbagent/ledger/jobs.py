"""The takes that are, or were, on their way through the engine."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence

from nbagent.errors import StoreError
from nbagent.ledger.database import Database, inserted, only_row, to_json
from nbagent.ledger.files import Files, whole_artifact
from nbagent.ledger.keeper import Keeper
from nbagent.ledger.records import JobRow, job_from
from nbagent.take import JobState, Phase


class Jobs:
    """The jobs of one store."""

    def __init__(self, database: Database, files: Files, keeper: Keeper) -> None:
        """Write nothing yet.

        Args:
            database: Of the store.
            files: Of the store: a job is not done without its clip's.
            keeper: Who has the jobs in hand that are added.
        """
        self._db = database
        self._files = files
        self._keeper = keeper

    def add(
        self,
        take_id: str,
        turn_id: int | None,
        lane: str,
        expected_s: float | None = None,
        seeds: Sequence[int] = (),
    ) -> str:
        """Record a queued job and return its id, such as `j12`.

        It is in this ledger's hand until that is closed, or its process dies.
        """
        now = time.time()
        keeper = self._keeper.name
        with self._db.write() as db:
            cursor = db.execute(
                "INSERT INTO jobs (take_id, asked_id, turn_id, lane, created_at,"
                " updated_at, expected_s, keeper, seeds)"
                " VALUES (?1, ?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7)",
                (take_id, turn_id, lane, now, expected_s, keeper, to_json(list(seeds))),
            )
        return f"j{inserted(cursor)}"

    def record(
        self,
        job_id: str,
        state: JobState,
        *,
        step: int | None = None,
        num_steps: int | None = None,
        phase: Phase | None = None,
        message: str | None = None,
    ) -> None:
        """Record what a job last said; what is not given stays as it was.

        A job that is done stays done: the late word of a worker that was thought lost
        changes nothing. It is not waited for until it is on the disk: a job whose last
        words a power cut has taken is found running, and goes on from its files.

        Raises:
            StoreError: If `done` is claimed without a whole artifact.
        """
        if state == "done":
            take_id = self.get(job_id).take_id
            if whole_artifact(self._db, self._files, take_id) is None:
                raise StoreError(
                    f"job {job_id} has no complete clip on disk and is not done:"
                    " run the turn again"
                )
        with self._db.write(is_synced=False) as db:
            db.execute(
                "UPDATE jobs SET state = ?, step = coalesce(?, step),"
                " num_steps = coalesce(?, num_steps), phase = coalesce(?, phase),"
                " message = coalesce(?, message), updated_at = ?"
                " WHERE number = ? AND state != 'done'",
                (state, step, num_steps, phase, message, time.time(), _number(job_id)),
            )

    def get(self, job_id: str) -> JobRow:
        """Return a job by its id."""
        rows = self._db.read("SELECT * FROM jobs WHERE number = ?", _number(job_id))
        return job_from(only_row(rows, "job", job_id, self._db.folder))

    def has(self, job_id: str) -> bool:
        """Return whether there is such a job; none is left of a deleted folder."""
        return bool(
            self._db.read("SELECT 1 FROM jobs WHERE number = ?", _number(job_id))
        )

    def find(
        self,
        conversation: str | None = None,
        states: Collection[JobState] | None = None,
        take_id: str | None = None,
    ) -> tuple[JobRow, ...]:
        """Return jobs, oldest first; of a conversation, states or a take, or all."""
        rows = self._db.read(
            "SELECT jobs.* FROM jobs LEFT JOIN turns ON turns.id = jobs.turn_id"
            " WHERE (?1 IS NULL OR turns.conversation = ?1)"
            " AND (?2 IS NULL OR jobs.state IN (SELECT value FROM json_each(?2)))"
            " AND (?3 IS NULL OR jobs.take_id = ?3) ORDER BY jobs.number",
            conversation,
            None if states is None else to_json(sorted(states)),
            take_id,
        )
        return tuple(job_from(row) for row in rows)


def _number(job_id: str) -> int:
    number = job_id.removeprefix("j")
    return int(number) if number.isdecimal() else 0
