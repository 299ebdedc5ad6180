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
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Final, Literal

from nbagent import __version__
from nbagent.errors import EngineError
from nbagent.system import private

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
# What is refused is checked again, and said by the engine, whose folder it is.
_ADVICE: Final = "set NBAGENT_RUNTIME to a folder of your own"
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
            with contextlib.suppress(EngineError, OSError):
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
        with private.opened(path.parent, _ADVICE) as place:
            found = json.loads(private.read(place, path, _ADVICE))
        return {one: str(found[one]) for one in SAYS if one in found}
    except (EngineError, OSError, ValueError, TypeError):
        return {}


def _write(path: Path, found: Mapping[Kernels, str]) -> None:
    private.make_folder(path.parent, _ADVICE)
    with private.opened(path.parent, _ADVICE) as place:
        private.replace(place, path, json.dumps(found).encode(), _ADVICE)
