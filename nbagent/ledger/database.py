"""The SQLite file: opening it safely, bringing it up to date, and naming what failed.

Several kernels and workers share one file. Three habits keep them apart: WAL, so that
readers never wait; `BEGIN IMMEDIATE`, so that a writer waits at the door instead of
failing half way; and a lock file around opening, because the switch to WAL and the
migrations do not wait for anybody.
"""

from __future__ import annotations

import errno
import fcntl
import json
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
from nbagent.ledger.migrations import MIGRATIONS

BUSY_S = 10.0
# What a store is made of.
_PARTS = ("ledger.db", "lock", ".gitignore", "files", "tmp", "checkpoints", "keepers")


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
                f"{self.path} has a {kind} ({name!r:.40}) that nbagent did not"
                " make: move the file away and nbagent makes a new one; the clips"
                f" stay in {self.folder / 'files'}, each with its recipe inside"
            )

    def _migrate(self, connection: sqlite3.Connection) -> None:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > len(MIGRATIONS):
            raise StoreError(
                f"{self.path} was written by a newer nbagent (schema {version},"
                f" this one knows {len(MIGRATIONS)}): upgrade nbagent, or name a"
                " different folder with NBAGENT_STORE"
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
                f"{folder} is on a disk without file locks ({reason}), like some"
                " network homes: name a folder on a local disk with NBAGENT_STORE"
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
                f"{folder / name} is a symbolic link, and nbagent does not write"
                " through links: remove it, or name a different folder with"
                " NBAGENT_STORE"
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


def to_json(value: object) -> str:
    """Return a value as the JSON that is stored."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def inserted(cursor: sqlite3.Cursor) -> int:
    """Return the number of the row that was just written."""
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def only_row(
    rows: list[sqlite3.Row], kind: str, key: object, folder: Path
) -> sqlite3.Row:
    """Return the one row that a key has, which is known to be there."""
    if not rows:
        raise StoreError(f"{folder} has no {kind} {key}: was the folder replaced?")
    return rows[0]


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
            f"{path} is damaged ({error}): move it away and nbagent makes a new"
            f" one; the clips stay in {folder / 'files'}, each with its recipe"
            " inside"
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
