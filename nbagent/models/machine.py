"""What this machine renders with, told without torch.

The GPUs that the driver lists, and what models may take; of the processor, see
`nbagent.system.numerics`.
"""

from __future__ import annotations

from importlib import metadata
from importlib.util import find_spec

from nbagent.models.fit import installed_quantisers
from nbagent.models.memory import Device, free_memory
from nbagent.settings import Settings
from nbagent.system.gpus import Gpu, visible_gpus
from nbagent.system.numerics import has_fast_bf16

PROBE_TIMEOUT_S = 1.0

RENDERER = (
    "torch",
    "diffusers",
    "transformers",
    "accelerate",
    "safetensors",
    "ftfy",
    "sentencepiece",
)
"""What a pipeline needs at call time, of `nbagent[local]`.

ftfy and sentencepiece are imported by diffusers and transformers only where a prompt is
cleaned and cut into tokens.
"""


def missing_packages() -> tuple[str, ...]:
    """Return what is not installed here of the packages that render."""
    return tuple(name for name in RENDERER if find_spec(name) is None)


def device_here(settings: Settings) -> Device | None:
    """Return what a worker of this machine has for its models.

    None if clips are rendered elsewhere, or if what is free cannot be told here.
    """
    host_bytes = memory_bytes()
    if settings.engine or host_bytes is None:
        return None
    is_blind = (version_of("torch") or "").endswith("+cpu")
    # Each worker has one; the first job goes to the first of them.
    gpu = None if is_blind else next(iter(gpus()), None)
    gpu_bytes = gpu.free_bytes if gpu else None
    return Device(
        kind="cuda" if gpu else "cpu",
        free_bytes=settings.memory_bytes or gpu_bytes or host_bytes,
        host_bytes=host_bytes,
        value_bytes=2 if gpu or has_fast_bf16() else 4,
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


def gpus() -> list[Gpu]:
    """Return the GPUs that a worker of this machine may use; none if none tells in time."""
    return visible_gpus(timeout_s=PROBE_TIMEOUT_S)
