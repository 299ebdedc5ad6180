"""What this machine renders with, told without torch.

The GPUs that the driver lists, and what models may take; of the processor, see
`nbagent.numerics`.
"""

from __future__ import annotations

import shutil
import subprocess
from importlib import metadata

from nbagent.fit import installed_quantisers
from nbagent.memory import Device, free_memory
from nbagent.numerics import has_fast_bf16
from nbagent.settings import Settings

PROBE_TIMEOUT_S = 1.0


def device_here(settings: Settings) -> Device | None:
    """Return what a worker of this machine has for its models.

    None if clips are rendered elsewhere, or if what is free cannot be told here.
    """
    host_bytes = memory_bytes()
    if settings.engine or host_bytes is None:
        return None
    is_blind = (version_of("torch") or "").endswith("+cpu")
    gpu_bytes = None if is_blind else _gpu_free_bytes()
    return Device(
        kind="cpu" if gpu_bytes is None else "cuda",
        free_bytes=settings.memory_bytes or gpu_bytes or host_bytes,
        host_bytes=host_bytes,
        value_bytes=2 if gpu_bytes or has_fast_bf16() else 4,
        packages=installed_quantisers(),
        compiles=settings.compiles,
    )


def version_of(name: str) -> str | None:
    """Return what is installed under a name, without importing it."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def memory_bytes() -> int | None:
    """Return the bytes of memory that are free; None where nothing tells them."""
    try:
        return free_memory()
    except ModuleNotFoundError:  # psutil, which comes with distributed
        return None


def gpus() -> str | None:
    """Return the GPUs that the driver lists, or None."""
    return "; ".join(_nvidia_smi("name,memory.total")) or None


def _gpu_free_bytes() -> int | None:
    """Return the free memory of the first GPU."""
    found = _nvidia_smi("memory.free")
    try:
        return int(found[0].split()[0]) * 2**20  # "80994 MiB"
    except (IndexError, ValueError):
        return None


def _nvidia_smi(fields: str) -> list[str]:
    """Ask the driver for a line for each GPU; none where there is no driver."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    try:
        done = subprocess.run(
            [program, f"--query-gpu={fields}", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=PROBE_TIMEOUT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return done.stdout.strip().splitlines()
