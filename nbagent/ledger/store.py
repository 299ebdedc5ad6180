"""`Ledger`: the one object through which the rooms read and write the store.

It records; it never renders, talks or decides. A turn is written before anything is
done about it, a job cannot be called done without its files, and every write is one
transaction.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from nbagent.errors import StoreError, UnknownClip
from nbagent.ledger.conversations import Conversations
from nbagent.ledger.database import Database, store_errors
from nbagent.ledger.files import Files
from nbagent.ledger.keeper import Keeper
from nbagent.ledger.locks import FileLock
from nbagent.ledger.notebooks import Notebooks
from nbagent.ledger.records import (
    Artifact,
    ClipRow,
    JobRow,
    Turn,
    artifact_from,
    checked,
    is_intact,
    job_from,
    take_from,
    turn_from,
)
from nbagent.ledger.variables import Variables
from nbagent.take import JobState, Phase, Take

_UNSAID = {"request": ""}  # what was typed for earlier clips is not given along
_MOST_NEEDED = 64  # takes; a recipe in a file must stay small
_KEPT_TAKES = 2000  # of some 2 kB; each turn reads those of its whole conversation


class Ledger:
    """Turns, takes, clips, jobs and files of one store folder.

    Any thread and any number of processes may use the same folder. Nothing is created
    until the first write; a folder that does not exist reads as empty.
    """

    def __init__(self, folder: Path, *, is_named: bool = True, owner: str = "") -> None:
        """Do nothing yet.

        Args:
            folder: Of the store.
            is_named: Whether the user, or a job of his, named it; else it is where a
                notebook's own is made, and must not be somebody else's.
            owner: A secret of the user, by which it knows the jobs that it left.
        """
        self.folder = folder
        self._db = Database(folder, is_named=is_named)
        self._files = Files(folder, is_named=is_named)
        self._takes: dict[str, Take] = {}  # an id always means the same take
        self.keeper = Keeper(self._db, owner)
        self.conversations = Conversations(self._db)
        self.notebooks = Notebooks(self._db)
        self.variables = Variables(self._db)

    def __enter__(self) -> Self:
        """Return the ledger; leaving the block closes it."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the ledger."""
        self.close()

    def close(self) -> None:
        """Let go of the database, and of the jobs it has in hand; idempotent."""
        self.keeper.close()
        self._db.close()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Store everything that this thread writes inside, or nothing of it."""
        with self._db.write():
            yield

    # Turns

    def add_turn(
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
            turn_id = _inserted(
                db.execute(
                    "INSERT INTO turns (conversation, text, cell_id, options,"
                    " created_at, position) VALUES (?1, ?2, ?3, ?4, ?5, coalesce(?6,"
                    " (SELECT coalesce(max(id), 0) + 1 FROM turns)))",
                    (
                        *(conversation, text, cell_id, _json(options), time.time()),
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
        return self.turn(turn_id)

    def finish_turn(
        self,
        turn_id: int,
        plan: Mapping[str, Any] | None,
        answer: str | None,
        error: str | None,
        notes: Sequence[str] = (),
    ) -> None:
        """Record what a turn was understood as and what came of it."""
        understood = None if plan is None else _json(plan)
        with self._db.write() as db:
            db.execute(
                "UPDATE turns SET plan = ?, answer = ?, error = ?, notes = ?"
                " WHERE id = ?",
                (understood, answer, error, "\n".join(notes), turn_id),
            )

    def turn(self, turn_id: int) -> Turn:
        """Return one turn, replaced or not."""
        rows = self._db.read("SELECT * FROM turns WHERE id = ?", turn_id)
        return turn_from(_only(rows, "turn", turn_id, self.folder))

    def turns(self, conversation: str) -> tuple[Turn, ...]:
        """Return the live turns of a conversation in the order of its cells."""
        rows = self._db.read(
            "SELECT * FROM turns WHERE conversation = ? AND replaced_by IS NULL"
            " ORDER BY position",
            conversation,
        )
        return tuple(turn_from(row) for row in rows)

    # Takes and their lineage

    def add_take(self, take: Take) -> str:
        """Record a take and return its id; the same take again changes nothing."""
        take_id = take.id
        with self._db.write() as db:
            db.execute(
                "INSERT OR IGNORE INTO takes (id, recipe, created_at) VALUES (?, ?, ?)",
                (take_id, _json(take.to_recipe()), time.time()),
            )
            db.executemany(
                "INSERT OR IGNORE INTO lineage (take_id, position, parent_id)"
                " VALUES (?, ?, ?)",
                [(take_id, i, parent) for i, parent in enumerate(take.parents)],
            )
        return take_id

    def take(self, take_id: str) -> Take:
        """Return a take by its id."""
        take = self._takes.get(take_id)
        if take is None:
            rows = self._db.read("SELECT recipe FROM takes WHERE id = ?", take_id)
            take = take_from(_only(rows, "take", take_id, self.folder))
            if len(self._takes) == _KEPT_TAKES:
                self._takes.clear()
            self._takes[take_id] = take
        return take

    def has_take(self, take_id: str) -> bool:
        """Return whether there is such a take."""
        return bool(self._db.read("SELECT 1 FROM takes WHERE id = ?", take_id))

    def made_of(self, take: Take) -> tuple[Take, ...]:
        """Return what a take needs to be rendered again, all that is known of it here."""
        found: dict[str, Take] = {}
        waiting = sorted(take.needs)
        while waiting and len(found) < _MOST_NEEDED:
            rows = self._db.read(
                "SELECT recipe FROM takes WHERE id IN (SELECT value FROM json_each(?))",
                json.dumps(waiting),
            )
            new = [one for one in map(take_from, rows) if one.id not in found]
            found |= {one.id: one for one in new}
            waiting = sorted({need for one in new for need in one.needs} - found.keys())
        return tuple(found.values())

    def recipe(self, take: Take) -> dict[str, Any]:
        """Return a take as JSON, with what it is made of: enough to render it anywhere."""
        recipe = take.to_recipe()
        if made_of := self.made_of(take):
            recipe["made_of"] = [one.to_recipe() | _UNSAID for one in made_of]
        return recipe

    def parents(self, take_id: str) -> tuple[Take, ...]:
        """Return the takes this one was made from, the main one first."""
        rows = self._db.read(
            "SELECT recipe FROM lineage JOIN takes ON takes.id = lineage.parent_id"
            " WHERE lineage.take_id = ? ORDER BY lineage.position",
            take_id,
        )
        return tuple(take_from(row) for row in rows)

    def children(self, take_id: str) -> tuple[Take, ...]:
        """Return the takes made from this one, oldest first."""
        rows = self._db.read(
            "SELECT recipe FROM takes WHERE id IN"
            " (SELECT take_id FROM lineage WHERE parent_id = ?) ORDER BY rowid",
            take_id,
        )
        return tuple(take_from(row) for row in rows)

    def ancestors(self, take_id: str) -> tuple[Take, ...]:
        """Return all takes this one descends from, oldest first."""
        rows = self._db.read(
            """WITH RECURSIVE up (id) AS (
                SELECT parent_id FROM lineage WHERE take_id = ?
                UNION SELECT parent_id FROM lineage JOIN up ON take_id = up.id)
            SELECT recipe FROM takes WHERE id IN up ORDER BY rowid""",
            take_id,
        )
        return tuple(take_from(row) for row in rows)

    # Clips

    def add_clip(self, conversation: str, turn_id: int, take_id: str) -> ClipRow:
        """Give a take a name: one its turn inherited from a re-run, else the next."""
        with self._db.write() as db:
            clip_id = _inserted(
                db.execute(
                    "INSERT INTO clips (turn_id, take_id, created_at) VALUES (?, ?, ?)",
                    (turn_id, take_id, time.time()),
                )
            )
            (number,) = db.execute(
                "SELECT coalesce((SELECT min(number) FROM names WHERE turn_id = ?1"
                " AND conversation = ?2 AND clip_id IS NULL), (SELECT"
                " coalesce(max(number), 0) + 1 FROM names WHERE conversation = ?2))",
                (turn_id, conversation),
            ).fetchone()
            db.execute(
                "INSERT INTO names (conversation, number, turn_id, clip_id)"
                " VALUES (?, ?, ?, ?) ON CONFLICT (conversation, number) DO UPDATE"
                " SET turn_id = excluded.turn_id, clip_id = excluded.clip_id",
                (conversation, number, turn_id, clip_id),
            )
        return self.clip(conversation, f"c{number}")

    def clip(self, conversation: str, name: str) -> ClipRow:
        """Return the clip that a name stands for now, its own or the user's for it.

        Raises:
            UnknownClip: If no live clip carries the name.
        """
        clips = self.clips(conversation)
        for clip in clips:
            if name.casefold() in (clip.name, (clip.alias or clip.name).casefold()):
                return clip
        known = f"there are {_listed(clips)}" if clips else "make a clip first"
        raise UnknownClip(f"no clip is called {name!r} here: {known}")

    def clips(self, conversation: str) -> tuple[ClipRow, ...]:
        """Return the live clips of a conversation in the order they were made."""
        rows = self._db.read(
            "SELECT names.*, clips.take_id FROM names"
            " JOIN clips ON clips.id = names.clip_id"
            " WHERE conversation = ? ORDER BY clips.id",
            conversation,
        )
        return tuple(
            checked(
                ClipRow,
                {
                    "name": f"c{row['number']}",
                    "conversation": row["conversation"],
                    "turn_id": row["turn_id"],
                    "take_id": row["take_id"],
                    "alias": row["alias"],
                },
            )
            for row in rows
        )

    def remove_clip(self, conversation: str, name: str) -> None:
        """Let a clip leave its conversation, and its files the disk.

        Files that another clip has stay. A re-run of the turn makes it again, under its
        name.

        Raises:
            UnknownClip: If no live clip carries the name.
        """
        row = self.clip(conversation, name)
        with self._db.write() as db:
            db.execute(
                "UPDATE names SET clip_id = NULL, alias = NULL"
                " WHERE conversation = ? AND number = ?",
                (conversation, row.number),
            )
            artifact = self.artifact(row.take_id)
            if artifact is None or self.name_of(row.take_id):
                return
            db.execute("DELETE FROM artifacts WHERE take_id = ?", (row.take_id,))
        self.discard(artifact.digests)

    def name_of(self, take_id: str) -> str | None:
        """Return the newest clip name that stands for a take, if one does."""
        rows = self._db.read(
            "SELECT names.number FROM names JOIN clips ON clips.id = names.clip_id"
            " WHERE clips.take_id = ? ORDER BY clips.id DESC LIMIT 1",
            take_id,
        )
        return f"c{rows[0]['number']}" if rows else None

    def replace_take(self, old_id: str, take: Take) -> None:
        """Let the clips and jobs of a take stand for another, which came of it."""
        new_id = self.add_take(take)
        with self._db.write() as db:
            for table in ("clips", "jobs"):
                db.execute(
                    f"UPDATE {table} SET take_id = ? WHERE take_id = ?",  # noqa: S608
                    (new_id, old_id),
                )

    def settled(self, take: Take, seeds: Sequence[int]) -> Take:
        """Return the take that was kept when a take was tried with other seeds.

        Itself, if it never was; one that was stopped early says nothing of a whole one.
        """
        rows = self._db.read(
            "SELECT recipe FROM jobs JOIN takes ON takes.id = jobs.take_id"
            " WHERE asked_id = ? AND seeds = ? AND state = 'done'"
            " ORDER BY number DESC",
            *(take.id, _json(list(seeds))),
        )
        kept = (take_from(row) for row in rows)
        return next((o for o in kept if o.with_seed(take.seed).id == take.id), take)

    # Artifacts and files

    def put_artifact(self, take_id: str, artifact: Artifact) -> None:
        """Record the files of a rendered take; rendering again replaces them.

        Raises:
            StoreError: If the folder was deleted while it was rendered.
        """
        with self._db.write() as db:
            rows = db.execute("SELECT id FROM takes WHERE id = ?", (take_id,))
            _only(rows.fetchall(), "take", take_id, self.folder)
            db.execute(
                "INSERT OR REPLACE INTO artifacts (take_id, facts) VALUES (?, ?)",
                (take_id, _json(asdict(artifact))),
            )

    def artifact(self, take_id: str) -> Artifact | None:
        """Return a take's artifact, or None while a file is missing or damaged."""
        rows = self._db.read("SELECT facts FROM artifacts WHERE take_id = ?", take_id)
        if not rows:
            return None
        artifact = artifact_from(rows[0])
        whole = all(self._files.holds(digest) for digest in artifact.digests)
        return artifact if whole else None

    def rendered(self, count: int) -> tuple[tuple[Take, float], ...]:
        """Return the takes that were rendered last, newest first, with their seconds."""
        rows = self._db.read(
            "SELECT recipe, facts FROM artifacts JOIN takes ON takes.id = take_id"
            " ORDER BY artifacts.rowid DESC LIMIT ?",
            count,
        )
        return tuple(
            (take_from(row), artifact_from(row).seconds_rendered) for row in rows
        )

    def put_file(self, source: Path | bytes, suffix: str) -> str:
        """Store bytes under their hash and return the digest, `b2:<hash><suffix>`."""
        return self._files.put(source, suffix)

    def discard(self, digests: Collection[str]) -> None:
        """Let files leave the disk that no clip has."""
        if not digests:
            return
        left = self._db.read("SELECT facts FROM artifacts")
        kept = {digest for other in left for digest in artifact_from(other).digests}
        for digest in set(digests) - kept:
            self._files.remove(digest)

    def has_file(self, digest: str) -> bool:
        """Return whether a file is stored, whole; what is no digest is none."""
        with suppress(StoreError):
            return self._files.holds(digest)
        return False

    def path(self, digest: str) -> Path:
        """Return where a stored file lies."""
        return self._files.path(digest)

    @property
    def checkpoint_dir(self) -> Path:
        """Folder for checkpoints of running jobs; made when first asked for."""
        path = self.folder / "checkpoints"
        with store_errors(self.folder):
            path.mkdir(parents=True, exist_ok=True)
        return path

    def render_lock(self, take_id: str) -> FileLock:
        """Return the lock of a take, which whoever renders it holds."""
        return FileLock(self.checkpoint_dir / f"{take_id.removeprefix('b2:')}.lock")

    def verify(self) -> tuple[str, ...]:
        """Check every row and file against its hash; return one line per problem."""
        problems = [
            f"{self._db.path}: {row[0]}"
            for row in self._db.read("PRAGMA integrity_check")
            if row[0] != "ok"
        ]
        problems += [
            f"take {row['id']}: its recipe was changed"
            for row in self._db.read("SELECT id, recipe FROM takes")
            if not is_intact(row)
        ]
        problems += [
            f"take {row['take_id']}: {self.path(digest)} is missing or damaged,"
            " render it again"
            for row in self._db.read("SELECT take_id, facts FROM artifacts")
            for digest in artifact_from(row).digests
            if not self._files.holds(digest)
        ]
        return tuple(problems)

    # Jobs

    def add_job(
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
        keeper = self.keeper.name
        with self._db.write() as db:
            cursor = db.execute(
                "INSERT INTO jobs (take_id, asked_id, turn_id, lane, created_at,"
                " updated_at, expected_s, keeper, seeds)"
                " VALUES (?1, ?1, ?2, ?3, ?4, ?4, ?5, ?6, ?7)",
                (take_id, turn_id, lane, now, expected_s, keeper, _json(list(seeds))),
            )
        return f"j{_inserted(cursor)}"

    def set_job(
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
        if state == "done" and self.artifact(self.job(job_id).take_id) is None:
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

    def job(self, job_id: str) -> JobRow:
        """Return a job by its id."""
        rows = self._db.read("SELECT * FROM jobs WHERE number = ?", _number(job_id))
        return job_from(_only(rows, "job", job_id, self.folder))

    def has_job(self, job_id: str) -> bool:
        """Return whether there is such a job; none is left of a deleted folder."""
        return bool(
            self._db.read("SELECT 1 FROM jobs WHERE number = ?", _number(job_id))
        )

    def jobs(
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
            None if states is None else _json(sorted(states)),
            take_id,
        )
        return tuple(job_from(row) for row in rows)


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _inserted(cursor: sqlite3.Cursor) -> int:
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def _only(rows: list[sqlite3.Row], kind: str, key: object, folder: Path) -> sqlite3.Row:
    if not rows:
        raise StoreError(f"{folder} has no {kind} {key}: was the folder replaced?")
    return rows[0]


def _number(job_id: str) -> int:
    number = job_id.removeprefix("j")
    return int(number) if number.isdecimal() else 0


def _listed(clips: tuple[ClipRow, ...]) -> str:
    names = [clip.name for clip in clips]
    return ", ".join(names if len(names) <= 8 else [*names[:3], "...", *names[-3:]])
