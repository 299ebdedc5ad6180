"""`Ledger`: the one object through which the rooms read and write the store.

It records; it never renders, talks or decides. A turn is written before anything is
done about it, a job cannot be called done without its files, and every write is one
transaction.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from nbagent.errors import StoreError, UnknownClip
from nbagent.ledger.conversations import Conversations
from nbagent.ledger.database import Database, inserted, only_row, store_errors, to_json
from nbagent.ledger.files import Files, whole_artifact
from nbagent.ledger.jobs import Jobs
from nbagent.ledger.keeper import Keeper
from nbagent.ledger.locks import FileLock
from nbagent.ledger.marks import Marks
from nbagent.ledger.notebooks import Notebooks
from nbagent.ledger.records import (
    Artifact,
    ClipRow,
    artifact_from,
    clip_from,
    is_intact,
    take_from,
)
from nbagent.ledger.turns import Turns
from nbagent.ledger.variables import Variables
from nbagent.take import Take

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
        self.turns = Turns(self._db)
        self.jobs = Jobs(self._db, self._files, self.keeper)
        self.conversations = Conversations(self._db)
        self.notebooks = Notebooks(self._db)
        self.marks = Marks(self._db)
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

    # Takes and their lineage

    def add_take(self, take: Take) -> str:
        """Record a take and return its id; the same take again changes nothing."""
        take_id = take.id
        with self._db.write() as db:
            db.execute(
                "INSERT OR IGNORE INTO takes (id, recipe, created_at) VALUES (?, ?, ?)",
                (take_id, to_json(take.to_recipe()), time.time()),
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
            take = take_from(only_row(rows, "take", take_id, self.folder))
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
            clip_id = inserted(
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
        return tuple(clip_from(row) for row in rows)

    def remove_clip(self, conversation: str, name: str) -> None:
        """Let a clip leave its conversation, and its files the disk.

        Files that another clip has stay. A re-run of the turn makes it again, under its
        name.

        Raises:
            UnknownClip: If no live clip carries the name.
        """
        row, gone = self.clip(conversation, name), list[str]()
        with self._db.write() as db:
            db.execute(
                "UPDATE names SET clip_id = NULL, alias = NULL"
                " WHERE conversation = ? AND number = ?",
                (conversation, row.number),
            )
            # What lies below its texts goes with it.
            for take_id in dict.fromkeys((row.take_id, self.take(row.take_id).bare.id)):
                artifact = self.artifact(take_id)
                if artifact is not None and not self.name_of(take_id):
                    db.execute("DELETE FROM artifacts WHERE take_id = ?", (take_id,))
                    gone += artifact.digests
        self.discard(gone)

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
            *(take.id, to_json(list(seeds))),
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
            only_row(rows.fetchall(), "take", take_id, self.folder)
            db.execute(
                "INSERT OR REPLACE INTO artifacts (take_id, facts) VALUES (?, ?)",
                (take_id, to_json(asdict(artifact))),
            )

    def bare(self, take_id: str) -> Artifact | None:
        """Return the artifact of a take without the texts over it.

        It is what other takes are made of: letters that are drawn on frames stay with
        the clip that they were asked for.
        """
        take = self.take(take_id) if self.has_take(take_id) else None
        while take is not None and take.is_lettered:
            # A text alone lies over its parent's own frames.
            is_text_alone = take.operation == "derive" and not take.effects
            take = self.take(take.parents[0]) if is_text_alone else take.bare
        return self.artifact(take_id if take is None else take.id)

    def artifact(self, take_id: str) -> Artifact | None:
        """Return a take's artifact, or None while a file is missing or damaged."""
        return whole_artifact(self._db, self._files, take_id)

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


def _listed(clips: tuple[ClipRow, ...]) -> str:
    names = [clip.name for clip in clips]
    return ", ".join(names if len(names) <= 8 else [*names[:3], "...", *names[-3:]])
