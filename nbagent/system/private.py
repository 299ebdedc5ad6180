"""Folders that are this user's alone, and the files in them.

On a shared machine a name proves nothing: in /tmp anybody may have made a folder first, or
have put a symbolic link there. So a folder is opened once, without following a link, looked
at, and its files are opened through it: what was looked at is what is used.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from nbagent.errors import EngineError

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_NEVER_FOLLOW = os.O_NOFOLLOW | os.O_CLOEXEC
_STATE_ADVICE = "set XDG_STATE_HOME to a folder of your own"


@contextmanager
def opened(folder: Path, advice: str) -> Iterator[int]:
    """Yield the descriptor of a folder that nobody else can write in.

    Args:
        folder: Where it is.
        advice: What to do when it is refused, for the end of the line.

    Raises:
        EngineError: If it belongs to somebody else, is a symbolic link, or others may
            write in it.
        FileNotFoundError: If there is none.
    """
    place = _descriptor(folder, advice)
    try:
        _check(os.fstat(place), folder, advice, _OTHERS_WRITE)
        yield place
    finally:
        os.close(place)


def make_folder(folder: Path, advice: str) -> None:
    """Make a folder that only this user can enter, or take the one that is there.

    One of this user's that others could read is closed to them. One that they could
    write in is refused: they may have put something there.

    Raises:
        EngineError: If it cannot be made, or is not this user's alone.
    """
    with _told(folder, advice):
        folder.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
        place = _descriptor(folder, advice)
        try:
            status = os.fstat(place)
            if is_own(status) and not status.st_mode & _OTHERS_WRITE:
                os.fchmod(place, stat.S_IRWXU)
            _check(os.fstat(place), folder, advice)
        finally:
            os.close(place)


def read(place: int, path: Path, advice: str) -> str:
    """Return the text of a file in an opened folder, both this user's alone.

    Raises:
        EngineError: If somebody else wrote it, or one of them is open to others (it is
            not 0600, or the folder not 0700).
        FileNotFoundError: If there is none.
    """
    with _told(path, advice):
        handle = os.open(path.name, os.O_RDONLY | _NEVER_FOLLOW, dir_fd=place)
    with os.fdopen(handle, encoding="utf-8") as file:
        _check(os.fstat(place), path.parent, advice)
        _check(os.fstat(handle), path, advice)
        return file.read()


def create(place: int, path: Path, advice: str) -> IO[bytes]:
    """Open a file in an opened folder for writing, empty, for this user's eyes (0600).

    Raises:
        EngineError: If a symbolic link stands there.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _NEVER_FOLLOW
    with _told(path, advice):
        handle = os.open(path.name, flags, stat.S_IRUSR | stat.S_IWUSR, dir_fd=place)
    return os.fdopen(handle, "wb")


def replace(place: int, path: Path, data: bytes, advice: str) -> None:
    """Write a file of an opened folder, whole or not at all."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(draft.name, dir_fd=place)
    with create(place, draft, advice) as file:
        file.write(data)
    os.replace(draft.name, path.name, src_dir_fd=place, dst_dir_fd=place)


def secret(folder: Path) -> str:
    """Return a secret of this user, made when it is first asked for.

    Empty if none can be kept in that folder: then each process is a stranger to the
    others.
    """
    path = folder / "secret"
    try:
        make_folder(folder, _STATE_ADVICE)
        with opened(folder, _STATE_ADVICE) as place:
            draft = path.with_name(f"secret.{secrets.token_hex(4)}")
            with create(place, draft, _STATE_ADVICE) as file:
                file.write(secrets.token_hex(16).encode())
            with contextlib.suppress(FileExistsError):  # whoever is first makes it
                os.link(draft.name, path.name, src_dir_fd=place, dst_dir_fd=place)
            os.unlink(draft.name, dir_fd=place)
            return read(place, path, _STATE_ADVICE)
    except (EngineError, OSError):
        return ""


def is_own(status: os.stat_result) -> bool:
    """Return whether a file or a folder belongs to the user who asks."""
    return status.st_uid == os.getuid()


def _descriptor(folder: Path, advice: str) -> int:
    with _told(folder, advice):
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | _NEVER_FOLLOW)


def _check(
    status: os.stat_result, path: Path, advice: str, closed: int = _OTHERS
) -> None:
    if not is_own(status):
        raise EngineError(f"{path} belongs to another user: {advice}")
    if status.st_mode & closed:
        mode = "700" if stat.S_ISDIR(status.st_mode) else "600"
        raise EngineError(
            f"{path} is open to other users (mode {stat.S_IMODE(status.st_mode):o},"
            f" not {mode}): if you did not open it, remove it, or {advice}"
        )


@contextmanager
def _told(path: Path, advice: str) -> Iterator[None]:
    """Turn what the system refuses into one line; that nothing is there passes."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        with contextlib.suppress(OSError):
            status = path.lstat()
            if stat.S_ISLNK(status.st_mode):
                raise EngineError(f"{path} is a symbolic link: {advice}") from error
            _check(status, path, advice)
        raise EngineError(f"cannot use {path} ({error.strerror}): {advice}") from error
