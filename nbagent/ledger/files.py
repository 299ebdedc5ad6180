"""Files kept under the hash of their bytes: the same content is stored once.

A digest such as `b2:0f3a….mp4` names the hash and the kind. A file appears under its
name only when it is whole and on the disk, so a reader never sees half of one.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from nbagent.errors import StoreError
from nbagent.ledger.database import Database, create_folder, store_errors
from nbagent.ledger.records import Artifact, artifact_from

_DIGEST = re.compile(r"b2:([0-9a-f]{32})(\.[a-z0-9]{1,12})")
_CHUNK_BYTES = 1 << 20


class Files:
    """The content-addressed part of a store folder."""

    def __init__(self, folder: Path, *, is_named: bool) -> None:
        self.folder = folder
        self._is_named = is_named
        # A hash is taken once per version of a file; size and time stand for it after.
        self._seen: dict[str, tuple[int, int]] = {}

    def put(self, source: Path | bytes, suffix: str) -> str:
        """Store a file's bytes and return their digest; storing twice is free."""
        with store_errors(self.folder):
            create_folder(self.folder, is_named=self._is_named)
            scratch = self.folder / "tmp"
            scratch.mkdir(exist_ok=True)
            handle, name = tempfile.mkstemp(dir=scratch)
            try:
                with os.fdopen(handle, "wb") as out:
                    hasher = hashlib.blake2b(digest_size=16)
                    for chunk in _chunks(source):
                        hasher.update(chunk)
                        out.write(chunk)
                    out.flush()
                    os.fsync(out.fileno())
                digest = f"b2:{hasher.hexdigest()}{suffix}"
                if not self.holds(digest):
                    self._publish(Path(name), self.path(digest))
                return digest
            finally:
                Path(name).unlink(missing_ok=True)

    def path(self, digest: str) -> Path:
        """Where a digest's file lies, whether or not it is there.

        Raises:
            StoreError: If it is no digest, or a link stands there: the store may have
                come with a notebook, and would show any file as a clip's.
        """
        match = _DIGEST.fullmatch(digest)
        if match is None:
            raise StoreError(
                f"{digest!r} is not a digest in {self.folder}, so the ledger is"
                " damaged: open its clips with Clip.open"
            )
        name, suffix = match.groups()
        path = self.folder / "files" / name[:2] / f"{name}{suffix}"
        if path.is_symlink() or path.parent.is_symlink():
            raise StoreError(
                f"{path} is a symbolic link, which a store never contains: remove"
                " it, and render the clip again"
            )
        return path

    def holds(self, digest: str) -> bool:
        """Whether the file is there and its bytes are still those of its digest."""
        path = self.path(digest)
        with store_errors(self.folder):
            try:
                status = path.stat()
            except FileNotFoundError:
                return False
            version = (status.st_size, status.st_mtime_ns)
            if self._seen.get(digest) == version:
                return True
            hasher = hashlib.blake2b(digest_size=16)
            for chunk in _chunks(path):
                hasher.update(chunk)
            if hasher.hexdigest() != path.stem:
                return False
            self._seen[digest] = version
            return True

    def remove(self, digest: str) -> None:
        """Take a file from the disk; one that is not there is gone already."""
        with store_errors(self.folder):
            self.path(digest).unlink(missing_ok=True)
        self._seen.pop(digest, None)

    def _publish(self, scratch: Path, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch.chmod(0o644)  # mkstemp's 0600 would shut out a colleague's kernel
        scratch.replace(path)
        # The rename itself must survive a power cut, or `done` would be a lie.
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


def _chunks(source: Path | bytes) -> Iterator[bytes]:
    if isinstance(source, bytes):
        yield source
        return
    with source.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def whole_artifact(database: Database, files: Files, take_id: str) -> Artifact | None:
    """Return a take's artifact, or None while a file is missing or damaged."""
    rows = database.read("SELECT facts FROM artifacts WHERE take_id = ?", take_id)
    if not rows:
        return None
    artifact = artifact_from(rows[0])
    whole = all(files.holds(digest) for digest in artifact.digests)
    return artifact if whole else None
