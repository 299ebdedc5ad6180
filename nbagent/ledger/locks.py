"""Locks in the store's folder that the system drops when their holder dies.

So they cannot go stale, and whoever finds one free knows that its holder is gone: no
process ids, which come round again, and no clocks, which are set.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from nbagent.ledger.database import store_errors

# The folder may have come with somebody's notebook: no file is made through a link.
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW


class FileLock:
    """A lock on a file that is there only while somebody holds it."""

    def __init__(self, path: Path) -> None:
        """Hold nothing yet."""
        self._path = path
        self._handle: int | None = None

    def take(self) -> bool:
        """Take the lock if it is free; return whether it is held now.

        Raises:
            StoreError: If the folder cannot be written, or its disk has no locks.
        """
        if self._handle is not None and not self._is_file_of(self._handle):
            os.close(self._handle)  # somebody deleted the whole folder
            self._handle = None
        while self._handle is None:
            with store_errors(self._path.parent):
                self._path.parent.mkdir(parents=True, exist_ok=True)
                handle = os.open(self._path, _FLAGS, 0o600)
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    is_there = self._is_file_of(handle)
                except BlockingIOError:
                    os.close(handle)
                    return False
                except BaseException:
                    os.close(handle)
                    raise
            if is_there:
                self._handle = handle
            else:  # its last holder took the file away when we had just opened it
                os.close(handle)
        return True

    def release(self) -> None:
        """Let go; idempotent."""
        handle, self._handle = self._handle, None
        if handle is not None:
            self._path.unlink(missing_ok=True)
            os.close(handle)

    def __enter__(self) -> FileLock:
        """Be released on the way out; entering takes nothing."""
        return self

    def __exit__(self, *_: object) -> None:
        """Release."""
        self.release()

    def _is_file_of(self, handle: int) -> bool:
        try:
            return os.path.samestat(os.fstat(handle), self._path.stat())
        except FileNotFoundError:
            return False
