"""The SQLite file: opening it safely, bringing it up to date, and naming what failed.

Several kernels and workers share one file. Three habits keep them apart: WAL, so that
readers never wait; `BEGIN IMMEDIATE`, so that a writer waits at the door instead of
failing half way; and a lock file around opening, because the switch to WAL and the
migrations do not wait for anybody.
"""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from nbagent.errors import SpecError, StoreError

BUSY_S = 10.0
# What a store is made of.
_PARTS = ("ledger.db", "lock", ".gitignore", "files", "tmp", "checkpoints", "keepers")


def m001_first(connection: sqlite3.Connection) -> None:
    """Turns, takes, lineage, clips with their names, artifacts and jobs."""
    for statement in (
        """CREATE TABLE turns (
            id INTEGER PRIMARY KEY AUTOINCREMENT, conversation TEXT NOT NULL,
            position INTEGER NOT NULL, text TEXT NOT NULL, cell_id TEXT,
            options TEXT NOT NULL, plan TEXT, answer TEXT, error TEXT, replaced_by INTEGER REFERENCES turns (id),
            created_at REAL NOT NULL)""",
        "CREATE INDEX turns_conversation ON turns (conversation, cell_id)",
        """CREATE TABLE takes (
            id TEXT PRIMARY KEY, recipe TEXT NOT NULL, created_at REAL NOT NULL)""",
        # A parent may be unknown here: a clip file brings its take, not its family.
        """CREATE TABLE lineage (
            take_id TEXT NOT NULL REFERENCES takes (id), position INTEGER NOT NULL,
            parent_id TEXT NOT NULL, PRIMARY KEY (take_id, position))""",
        "CREATE INDEX lineage_parent ON lineage (parent_id)",
        """CREATE TABLE clips (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            turn_id INTEGER NOT NULL REFERENCES turns (id),
            take_id TEXT NOT NULL REFERENCES takes (id), created_at REAL NOT NULL)""",
        # A name belongs to a turn; clip_id is NULL while it waits to be used again.
        """CREATE TABLE names (
            conversation TEXT NOT NULL, number INTEGER NOT NULL,
            turn_id INTEGER NOT NULL REFERENCES turns (id),
            clip_id INTEGER REFERENCES clips (id),
            PRIMARY KEY (conversation, number))""",
        """CREATE TABLE artifacts (
            take_id TEXT PRIMARY KEY REFERENCES takes (id), facts TEXT NOT NULL)""",
        """CREATE TABLE jobs (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            take_id TEXT NOT NULL REFERENCES takes (id),
            turn_id INTEGER REFERENCES turns (id), lane TEXT NOT NULL,
            state TEXT NOT NULL DEFAULT 'queued', phase TEXT,
            step INTEGER NOT NULL DEFAULT 0, num_steps INTEGER NOT NULL DEFAULT 0,
            message TEXT NOT NULL DEFAULT '', created_at REAL NOT NULL,
            updated_at REAL NOT NULL)""",
    ):
        connection.execute(statement)


def m002_notes(connection: sqlite3.Connection) -> None:
    """What the user should know of a turn, beside its answer."""
    connection.execute("ALTER TABLE turns ADD COLUMN notes TEXT NOT NULL DEFAULT ''")


def m003_variables(connection: sqlite3.Connection) -> None:
    """What the variables were that turns named."""
    connection.execute(
        """CREATE TABLE variables (
            conversation TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL,
            summary TEXT NOT NULL, kept TEXT, turn_id INTEGER NOT NULL,
            PRIMARY KEY (conversation, name))"""
    )


def m004_expected(connection: sqlite3.Connection) -> None:
    """How long a job was expected to take, when it was queued."""
    connection.execute("ALTER TABLE jobs ADD COLUMN expected_s REAL")


def m005_keepers(connection: sqlite3.Connection) -> None:
    """Who has a job in hand: no other kernel takes it up while that one lives."""
    connection.execute("ALTER TABLE jobs ADD COLUMN keeper TEXT")


def m006_notebooks(connection: sqlite3.Connection) -> None:
    """Which notebook each conversation belongs to."""
    connection.execute(
        """CREATE TABLE notebooks (
            conversation TEXT PRIMARY KEY, path TEXT NOT NULL, file TEXT)"""
    )


def m007_aliases(connection: sqlite3.Connection) -> None:
    """What the user calls a clip, beside its own name."""
    connection.execute("ALTER TABLE names ADD COLUMN alias TEXT")


def m008_seeds(connection: sqlite3.Connection) -> None:
    """With which seeds a job may be tried, and for which take it was queued."""
    connection.execute("ALTER TABLE jobs ADD COLUMN seeds TEXT NOT NULL DEFAULT '[]'")
    connection.execute("ALTER TABLE jobs ADD COLUMN asked_id TEXT")


def m009_undone(connection: sqlite3.Connection) -> None:
    """The names of clips whose turn was undone, until it is redone or forgotten."""
    connection.execute(
        """CREATE TABLE undone (
            id INTEGER PRIMARY KEY AUTOINCREMENT, conversation TEXT NOT NULL,
            turn_id INTEGER NOT NULL REFERENCES turns (id),
            by_turn INTEGER REFERENCES turns (id), number INTEGER NOT NULL,
            clip_id INTEGER NOT NULL REFERENCES clips (id), alias TEXT,
            newest_clip INTEGER NOT NULL)"""
    )


# Appended, never edited: a file remembers how many of these it has seen.
MIGRATIONS = (
    m001_first,
    m002_notes,
    m003_variables,
    m004_expected,
    m005_keepers,
    m006_notebooks,
    m007_aliases,
    m008_seeds,
    m009_undone,
)


@dataclass(slots=True, weakref_slot=True, eq=False)
class _Opened:
    """A thread's connection, which is closed when the thread ends or the store goes.

    `end` closes it, and alone keeps it: what the garbage collector finds first in a
    cycle would else be dropped unclosed.
    """

    connection: sqlite3.Connection
    inode: tuple[int, int]
    # Closing a connection while another thread steps through one of its statements
    # takes the whole process down.
    busy: threading.RLock = field(default_factory=threading.RLock)
    writes: bool = False
    process: int = field(default_factory=os.getpid)
    end: weakref.finalize[Any, _Opened] = field(init=False)

    def __post_init__(self) -> None:
        self.end = weakref.finalize(
            self, _close, self.connection, self.busy, self.process
        )


_inherited: list[sqlite3.Connection] = []


def _close(connection: sqlite3.Connection, busy: threading.RLock, process: int) -> None:
    if process != os.getpid():
        # SQLite forbids to use the connection of a process that forked, or to close it.
        _inherited.append(connection)
        return
    with busy:
        connection.close()


class Database:
    """One SQLite file, with a connection for each thread that uses it."""

    def __init__(self, folder: Path, *, is_named: bool) -> None:
        self.folder = folder
        self._is_named = is_named
        self.path = folder / "ledger.db"
        self._local = threading.local()
        self._opened: weakref.WeakSet[_Opened] = weakref.WeakSet()
        self._guard = threading.Lock()

    def read(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """Return the rows of a query; a folder that does not exist has none."""
        with store_errors(self.folder):
            if not self.path.exists():
                return []
            with self._connected() as opened:
                return opened.connection.execute(sql, values).fetchall()

    @contextmanager
    def write(self, *, is_synced: bool = True) -> Iterator[sqlite3.Connection]:
        """Run one transaction: all of it is stored, or nothing.

        One that is begun inside another of its thread is a part of that.

        Args:
            is_synced: Whether it is on the disk when this returns; else a power cut may
                undo it, and nothing less. Waiting for the disk takes milliseconds.
        """
        with store_errors(self.folder):
            if not self.path.exists():
                create_folder(self.folder, is_named=self._is_named)
            with self._connected() as opened:
                connection = opened.connection
                if opened.writes:
                    yield connection
                    return
                level = "FULL" if is_synced else "NORMAL"
                connection.execute(f"PRAGMA synchronous = {level}")
                connection.execute("BEGIN IMMEDIATE")
                opened.writes = True
                try:
                    yield connection
                    connection.execute("COMMIT")
                finally:
                    opened.writes = False
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")

    def close(self) -> None:
        """Close the connections of all threads; using it again opens new ones."""
        with self._guard:
            opened = list(self._opened)
        for one in opened:  # waits for the threads that are inside theirs
            one.end()

    @contextmanager
    def _connected(self) -> Iterator[_Opened]:
        while True:
            opened = self._of_this_thread()
            with opened.busy:
                if opened.end.alive:  # else between finding and entering it
                    yield opened
                    return

    def _of_this_thread(self) -> _Opened:
        opened: _Opened | None = getattr(self._local, "opened", None)
        # A folder deleted under a running kernel leaves a connection to a file that
        # nobody will find again: what is written there would be lost without a word.
        if (
            opened is None
            or not opened.end.alive
            or opened.inode != _inode(self.path)
            or opened.process != os.getpid()
        ):
            opened = self._open()
            self._local.opened = opened
        return opened

    def _open(self) -> _Opened:
        _check_place(self.folder, is_named=self._is_named)
        connection = sqlite3.connect(
            self.path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
        )
        try:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA foreign_keys = ON")
            # The file may have come with somebody's notebook: what stands in its schema
            # calls no function that could do more than count.
            connection.execute("PRAGMA trusted_schema = OFF")
            self._check_schema(connection)
            with (self.folder / "lock").open("a") as lock:
                try_locks(lock, self.folder)
                fcntl.flock(lock, fcntl.LOCK_EX)
                connection.execute("PRAGMA journal_mode = WAL")
                self._migrate(connection)
        except BaseException:
            connection.close()
            raise
        opened = _Opened(connection, _inode(self.path))
        with self._guard:
            self._opened.add(opened)
        return opened

    def _check_schema(self, connection: sqlite3.Connection) -> None:
        """Refuse what would act on its own: nbagent makes neither."""
        query = "SELECT type, name FROM sqlite_master WHERE type IN ('trigger', 'view')"
        for kind, name in connection.execute(query):
            raise StoreError(
                f"{self.path} has a {kind} ({name!r:.40}), which nbagent did not make:"
                " move it away and a new one is made; the clips stay in"
                f" {self.folder / 'files'}, each with its recipe inside"
            )

    def _migrate(self, connection: sqlite3.Connection) -> None:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > len(MIGRATIONS):
            raise StoreError(
                f"{self.path} was written by a newer nbagent (schema {version}, this"
                f" one knows {len(MIGRATIONS)}): upgrade nbagent, or use another"
                " folder with NBAGENT_STORE"
            )
        for number in range(version, len(MIGRATIONS)):
            connection.execute("BEGIN IMMEDIATE")
            try:
                MIGRATIONS[number](connection)
                connection.execute(f"PRAGMA user_version = {number + 1}")
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")


def try_locks(file: IO[Any], folder: Path) -> None:
    """Take and leave the two kinds of file lock that the store needs.

    Some network homes have neither. SQLite's ways without them (a lock file beside it,
    or none) would not keep out a kernel of another machine, which has locks; and of a
    lock that cannot be it says that somebody has it, after ten seconds.

    Args:
        file: Open for writing, in the folder; nobody's lock on it is waited for.
        folder: The store's, or where it will be.

    Raises:
        StoreError: If the folder's file system has no locks.
    """
    for lock in (fcntl.lockf, fcntl.flock):  # SQLite's own, and ours
        try:
            lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            lock(file, fcntl.LOCK_UN)
        except (BlockingIOError, PermissionError):
            continue  # somebody has it, so there are locks
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise StoreError(
                f"{folder} is on a disk without file locks ({reason}), as some network"
                " homes are: name a folder on a disk of this machine with NBAGENT_STORE"
            ) from error


def create_folder(folder: Path, *, is_named: bool) -> None:
    """Make the store's folder, and keep git from taking it up."""
    folder.mkdir(parents=True, exist_ok=True)
    _check_place(folder, is_named=is_named)
    with suppress(FileExistsError), (folder / ".gitignore").open("x") as ignore:
        ignore.write("*\n")


def _check_place(folder: Path, *, is_named: bool) -> None:
    """Refuse a store that somebody else put where a notebook's own would be made.

    Its turns, its unfinished jobs and what is written into it would be his. The folder
    may be a link to another disk, if both are this user's (or the system's); what is in
    it may be none, for the store may have come with a notebook.

    Raises:
        StoreError: If it is another user's and nobody named it, or something in it is a
            link.
    """
    for status in () if is_named else (folder.lstat, folder.stat):
        if status().st_uid not in (0, os.getuid()):
            raise StoreError(
                f"{folder} belongs to another user: name it with NBAGENT_STORE if you"
                " trust what is in it, or name a folder of your own"
            )
    for name in _PARTS:
        if (folder / name).is_symlink():
            raise StoreError(
                f"{folder / name} is a symbolic link, which nbagent does not write"
                " through: remove it, or name another folder with NBAGENT_STORE"
            )


@contextmanager
def store_errors(folder: Path) -> Iterator[None]:
    """Turn what the disk or SQLite raises inside into one `StoreError` line."""
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
        raise  # a mistake of ours, which keeps its traceback
    except sqlite3.Error as error:
        raise StoreError(_sqlite_line(error, folder)) from error
    except OSError as error:
        raise StoreError(_os_line(error, folder)) from error
    except UnicodeEncodeError as error:
        half = error.object[error.start : error.end]
        raise SpecError(
            f"the text holds half a character ({half!a}): remove it and try again"
        ) from error


def _inode(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except FileNotFoundError:
        return (0, 0)
    return (status.st_dev, status.st_ino)


def _sqlite_line(error: sqlite3.Error, folder: Path) -> str:
    path = folder / "ledger.db"
    # The low byte is the family: SQLITE_IOERR_SHMSIZE is one of SQLITE_IOERR.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return (
            f"{path} is damaged ({error}): move it away and a new one is made; the"
            f" clips stay in {folder / 'files'}, each with its recipe inside"
        )
    if code == sqlite3.SQLITE_FULL or _is_full(folder):
        return _full_line(folder)
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return _closed_line(folder, str(error))
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return (
            f"{path} was locked for {BUSY_S:g} s by another program:"
            " close that program and run the turn again"
        )
    return f"{path} cannot be used ({error}): check the disk, then run the turn again"


def _os_line(error: OSError, folder: Path) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return _full_line(folder)
    return _closed_line(folder, error.strerror or str(error))


def _full_line(folder: Path) -> str:
    return (
        f"no space left for {folder}: free some and run the turn again;"
        " what was stored before is safe"
    )


def _closed_line(folder: Path, reason: str) -> str:
    return (
        f"{folder} cannot be read or written ({reason[:1].lower()}{reason[1:]}):"
        " name a writable folder with NBAGENT_STORE"
    )


def _is_full(folder: Path) -> bool:
    # SQLite reports a full disk as a plain I/O error when it grows its index file.
    try:
        return shutil.disk_usage(folder).free < 1 << 16
    except OSError:
        return False
