"""What a model is, as one text: the hub's commit, or a hash of its files.

Part of a take's identity: other weights make another clip.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

from nbagent.models.ggufs import Gguf
from nbagent.models.loras import Lora
from nbagent.models.names import on_hub

# Above this, hashing every byte costs seconds on each start: sizes and headers
# (names, shapes, offsets of all tensors) stand in for the bytes.
_HASH_ALL_BYTES = 200_000_000


def own_revision(base: str, folder: Path) -> str:
    """Return what a model without LoRAs is: the hub's commit, or a hash of its files."""
    if on_hub(base) is not None:
        return f"hub:{folder.name}"
    return _revision(folder, _stamp(folder))


def with_files(revision: str, loras: tuple[Lora, ...], ggufs: tuple[Gguf, ...]) -> str:
    """Return the revision of a model whose weights LoRAs change, or GGUF files are."""
    if not loras and not ggufs:
        return revision
    hasher = hashlib.blake2b(revision.encode(), digest_size=16)
    for lora in loras:
        with lora.path.open("rb") as weights:
            hasher.update(hashlib.file_digest(weights, "blake2b").digest())
        hasher.update(f"{lora.weight:g}{lora.noise or ''}".encode())
    for file in ggufs:  # of gigabytes: its header and its size stand in for the bytes
        hasher.update(file.header + f"{file.size_bytes}".encode())
    ours = "b2:" + hasher.hexdigest()
    return f"{revision}+{ours}" if revision.startswith("hub:") else ours


def _stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Return (name, bytes, time) of each file that decides what a model renders."""
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix in {".json", ".safetensors", ".txt", ".model"}
    )
    return tuple(
        (str(path.relative_to(folder)), stat.st_size, stat.st_mtime_ns)
        for path, stat in ((path, path.stat()) for path in files)
    )


@functools.lru_cache(maxsize=8)
def _revision(folder: Path, stamp: tuple[tuple[str, int, int], ...]) -> str:
    """Hash what a model is; the stamp makes a folder refreshed in place a new one."""
    total_bytes = sum(size for _, size, _ in stamp)
    hasher = hashlib.blake2b(digest_size=16)
    for name, size, _ in stamp:
        hasher.update(f"{name}\0{size}\0".encode())
        with (folder / name).open("rb") as file:
            if name.endswith(".safetensors") and total_bytes > _HASH_ALL_BYTES:
                header_bytes = int.from_bytes(file.read(8), "little")
                # A damaged header must not make us read the whole disk.
                hasher.update(file.read(min(header_bytes, size)))
            else:
                while block := file.read(1 << 20):
                    hasher.update(block)
    return "b2:" + hasher.hexdigest()
