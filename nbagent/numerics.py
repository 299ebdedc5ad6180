"""Whose numbers hold on this processor: what was found, told and kept without torch.

A library's kernel may be wrong on one kind of processor and right on all others: oneDNN
3.12 returned noise for some convolutions in bf16 where a processor has AMX. So a model is
checked when it is loaded (`nbagent.render.selfcheck`), and computed in the first way whose
numbers hold. What was found is kept for that processor, torch and weights, and asked for
again when any of them is another.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import stat
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Final, Literal

from nbagent import __version__

Kernels = Literal["bf16", "fp16", "fp32", "plain"]

# From the quickest to the surest, as a clip's note names them.
SAYS: Final[dict[Kernels, str]] = {
    "bf16": "bf16",
    "fp16": "fp16",
    "fp32": "fp32",
    "plain": "fp32 without oneDNN",
}
# What is checked, in which way: another one asks for the check again.
_VERSION: Final = 1
# Settings of the environment that choose a processor's kernels.
_CHOOSERS: Final = ("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY")


def cpu() -> tuple[str, frozenset[str]]:
    """Return the processor's name and its feature flags (none where unknown)."""
    fields: dict[str, str] = {}
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            key, _, value = line.partition(":")
            fields.setdefault(key.strip(), value.strip())
    except OSError:  # no /proc: macOS, Windows
        pass
    name = fields.get("model name") or platform.processor() or platform.machine()
    return name, frozenset(fields.get("flags", "").split())


def fast_bf16() -> list[str]:
    """Return the features by which this CPU multiplies bf16 itself."""
    flags = cpu()[1]
    return [name for name in ("amx_bf16", "avx512_bf16") if name in flags]


def has_fast_bf16() -> bool:
    """Return whether this CPU multiplies bf16 itself; others emulate it, very slowly."""
    return bool(fast_bf16())


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """What was found of models on this processor.

    Attributes:
        folder: Where it is kept; None keeps it for this process alone.
    """

    folder: Path | None = None
    _found: dict[str, dict[Kernels, str]] = field(default_factory=dict)

    def of(self, revision: str) -> Mapping[Kernels, str]:
        """Return what is wrong with a model's numbers in each way that was checked.

        An empty text: nothing is. What somebody else may have written is not read.
        """
        name = _name(revision)
        if name not in self._found and self.folder is not None:
            self._found[name] = _read(self.folder / name)
        return self._found.get(name, {})

    def wrong(self, revision: str) -> frozenset[Kernels]:
        """Return the ways in which a model's numbers do not hold."""
        return frozenset(one for one, fault in self.of(revision).items() if fault)

    def note(self, revision: str, kernels: Kernels, fault: str) -> None:
        """Keep what a check found; where that cannot be, it is checked again."""
        name = _name(revision)
        self._found[name] = {**self.of(revision), kernels: fault}
        if self.folder is not None:
            with contextlib.suppress(OSError):
                _write(self.folder / name, self._found[name])


def _name(revision: str) -> str:
    """Return the name of the file for a model, this processor and this torch."""
    name, flags = cpu()
    try:
        torch = metadata.version("torch")
    except metadata.PackageNotFoundError:
        torch = ""
    chosen = [os.environ.get(one, "") for one in _CHOOSERS]
    key = [_VERSION, __version__, name, sorted(flags), torch, chosen, revision]
    digest = hashlib.blake2b(json.dumps(key).encode(), digest_size=12).hexdigest()
    return f"numbers-{digest}.json"


def _read(path: Path) -> dict[Kernels, str]:
    try:
        if not _is_own(path.parent.lstat(), stat.S_ISDIR):
            return {}
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(handle, encoding="utf-8") as file:
            if not _is_own(os.fstat(handle), stat.S_ISREG):
                return {}
            found = json.load(file)
        return {one: str(found[one]) for one in SAYS if one in found}
    except (OSError, ValueError, TypeError):
        return {}


def _write(path: Path, found: Mapping[Kernels, str]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _is_own(path.parent.lstat(), stat.S_ISDIR):
        return
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=path.stem)  # 0600
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(found, file)
    Path(draft).replace(path)


def _is_own(status: os.stat_result, is_kind: Callable[[int], bool]) -> bool:
    """Return whether nobody else could have put a file or a folder there."""
    is_shared = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    is_ours = os.name != "posix" or (status.st_uid == os.getuid() and not is_shared)
    return is_kind(status.st_mode) and is_ours
