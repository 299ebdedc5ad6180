"""The ledger on a disk that is full, read-only, damaged or in use: one line, no loss."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbagent.errors import StoreError
from nbagent.ledger import Ledger
from tests.samples import make_take
from tests.test_ledger import add_artifact


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / ".nbagent") as ledger:
        yield ledger


def test_a_folder_deleted_under_a_kernel_is_made_again(ledger: Ledger) -> None:
    ledger.turns.add("a", "before", None, {})
    shutil.rmtree(ledger.folder)
    ledger.turns.add("a", "after", None, {})
    with Ledger(ledger.folder) as other:
        assert [turn.text for turn in other.turns.of("a")] == ["after"]


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with Ledger(tmp_path / "file" / ".nbagent") as ledger:
        for write in (
            lambda: ledger.turns.add("a", "a ball", None, {}),
            lambda: ledger.put_file(b"x", ".mp4"),
            lambda: ledger.checkpoint_dir,
        ):
            with pytest.raises(StoreError, match="writable folder with NBAGENT_STORE"):
                write()


def test_a_read_only_folder_is_one_line(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root writes through any mode bits, so the disk itself is made to refuse.
    def refuse(*_: object, **__: object) -> int:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StoreError, match=r"\(read-only file system\): name a writable"):
        ledger.turns.add("a", "a ball", None, {})
    with pytest.raises(StoreError, match=r"\(read-only file system\): name a writable"):
        ledger.put_file(b"x", ".mp4")


def test_a_read_only_database_is_one_line(ledger: Ledger) -> None:
    ledger.turns.add("a", "a ball", None, {})
    with ledger._db._connected() as opened:
        opened.connection.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreError, match="writable folder with NBAGENT_STORE"):
        ledger.turns.add("a", "a ball", None, {})
    assert len(ledger.turns.of("a")) == 1


_FILL = """
import resource, signal, sys
from pathlib import Path
from nbagent.errors import StoreError
from nbagent.ledger import Ledger
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
with Ledger(Path(sys.argv[1])) as ledger:
    kept = 0
    try:
        while True:
            ledger.turns.add("a", "x" * 2000, None, {})
            kept += 1
    except StoreError as error:
        print(error)
    try:
        ledger.put_file(b"x" * 300_000, ".mp4")
    except StoreError as error:
        print(error)
    print(kept)
"""


def test_a_full_disk_is_one_line_and_keeps_what_was_stored(tmp_path: Path) -> None:
    folder = tmp_path / ".nbagent"
    told = subprocess.run(
        [sys.executable, "-c", _FILL, str(folder)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent.parent,
    )
    turn_line, file_line, kept = told.stdout.splitlines()
    assert "cannot be used (" in turn_line or "no space left" in turn_line
    assert "no space left" in file_line
    with Ledger(folder) as ledger:
        assert len(ledger.turns.of("a")) == int(kept) >= 1
        assert ledger.verify() == ()
        assert list((folder / "tmp").iterdir()) == []
        ledger.turns.add("a", "there is room again", None, {})


def test_a_tiny_file_system_that_is_full(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(disk)]
    if os.getuid() or subprocess.run(mounting, capture_output=True).returncode:
        pytest.skip("mounting a file system needs root")
    try:
        with Ledger(disk / ".nbagent") as ledger:
            ledger.turns.add("a", "a ball", None, {})
            with pytest.raises(StoreError, match=f"no space left for {disk}"):
                ledger.put_file(b"x" * 600_000, ".mp4")
            (disk / "other").write_bytes(b"")
            with (disk / "other").open("wb", buffering=0) as other:
                while other.write(b"x" * 4096) == 4096:
                    if shutil.disk_usage(disk).free == 0:
                        break
            with pytest.raises(StoreError, match=f"no space left for {disk}"):
                ledger.turns.add("a", "x" * 400_000, None, {})
            (disk / "other").unlink()
            count = len(ledger.turns.of("a"))
            assert count >= 1
            ledger.turns.add("a", "there is room again", None, {})
            assert len(ledger.turns.of("a")) == count + 1
            assert ledger.verify() == ()
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_clip_of_a_folder_that_was_deleted_meanwhile_is_one_line(
    ledger: Ledger,
) -> None:
    take_id = ledger.add_take(make_take())
    shutil.rmtree(ledger.folder)
    with pytest.raises(StoreError, match=r"has no take .*was the folder replaced"):
        add_artifact(ledger, take_id)


@pytest.mark.parametrize(
    "damage",
    [b"this is no database at all", os.urandom(9000)],
    ids=["short", "long"],
)
def test_a_damaged_database_is_one_line_and_is_left_alone(
    tmp_path: Path, damage: bytes
) -> None:
    folder = tmp_path / ".nbagent"
    folder.mkdir()
    (folder / "ledger.db").write_bytes(damage)
    with Ledger(folder) as ledger:
        with pytest.raises(StoreError, match=r"ledger\.db is damaged .* move it away"):
            ledger.turns.of("a")
        with pytest.raises(StoreError, match=r"ledger\.db is damaged .* move it away"):
            ledger.turns.add("a", "a ball", None, {})
    assert (folder / "ledger.db").read_bytes() == damage


def test_a_newer_ledger_is_one_line_and_is_left_alone(ledger: Ledger) -> None:
    ledger.turns.add("a", "a ball", None, {})
    ledger.close()
    with sqlite3.connect(ledger.folder / "ledger.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match=r"newer nbagent \(schema 99.*upgrade nbagent"):
        ledger.turns.of("a")


@pytest.mark.parametrize("kind", ["flock", "lockf"])
def test_a_disk_without_locks_is_one_line(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, kind, refuse)
    # SQLite would say of a lock that it cannot get only that somebody has it.
    said = r"without file locks \(no locks available\), .* with NBAGENT_STORE"
    with pytest.raises(StoreError, match=said):
        ledger.turns.add("a", "a cube", None, {})


def test_a_locked_database_is_one_line(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nbagent.ledger.database.BUSY_S", 0.1)
    ledger.turns.add("a", "a ball", None, {})
    ledger.close()
    other = sqlite3.connect(ledger.folder / "ledger.db", isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        assert len(ledger.turns.of("a")) == 1, "a reader never waits"
        with pytest.raises(StoreError, match=r"was locked for 0\.1 s by another"):
            ledger.turns.add("a", "a ball", None, {})
    finally:
        other.close()


def test_a_stored_recipe_that_was_changed_is_noticed(ledger: Ledger) -> None:
    take_id = ledger.add_take(make_take())
    for recipe in ("replace(recipe, 'red', 'blue')", "'{'", "'{}'"):
        with ledger._db.write() as db:
            db.execute(f"UPDATE takes SET recipe = {recipe}")
        (problem,) = ledger.verify()
        assert problem == f"take {take_id}: its recipe was changed"
