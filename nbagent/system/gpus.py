"""The NVIDIA GPUs that a process may use, told by the driver and without torch.

What `CUDA_VISIBLE_DEVICES` hides is not here, and a GPU that is split (MIG) is here as
its parts, since CUDA renders on a part. Numbers are those of `nvidia-smi`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pynvml

_VISIBLE = "CUDA_VISIBLE_DEVICES"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """A GPU, or a part of one.

    Attributes:
        uuid: What `CUDA_VISIBLE_DEVICES` may call it: `GPU-...` or `MIG-...`.
        name: What it is sold as.
        total_bytes: Its memory; None where it uses the machine's own.
        free_bytes: What of it is free now.
        watts: Its power limit; None where it does not tell.
    """

    uuid: str
    name: str
    total_bytes: int | None = None
    free_bytes: int | None = None
    watts: float | None = None

    def __str__(self) -> str:
        """Say its name and memory."""
        if self.total_bytes is None:
            return f"{self.name}, which uses the machine's memory"
        return f"{self.name}, {self.total_bytes / 1e9:.0f} GB"


def visible_gpus(
    env: Mapping[str, str] | None = None, timeout_s: float = 30.0
) -> list[Gpu]:
    """Return the GPUs that a process with this environment may use, in its order.

    Args:
        env: The environment; this process's own if not given.
        timeout_s: How long the driver may take. One that hangs has no GPUs.
    """
    boards: list[list[Gpu]] = []
    # A GPU that fell off its bus hangs whoever asks for it.
    asking = threading.Thread(target=lambda: boards.extend(_boards()), daemon=True)
    asking.start()
    asking.join(timeout_s)
    visible = (os.environ if env is None else env).get(_VISIBLE)
    if visible is None:
        return [gpu for board in boards for gpu in board]
    chosen = []
    for name in visible.split(","):
        gpu = _named(name.strip(), boards)
        if gpu is None or gpu in chosen:
            break  # CUDA hides an entry that it does not know, and all after it
        chosen.append(gpu)
    return chosen


def _named(name: str, boards: list[list[Gpu]]) -> Gpu | None:
    """Return the one GPU that an entry of `CUDA_VISIBLE_DEVICES` means."""
    if name.isdecimal():
        # Of a board that is split, CUDA takes the first part.
        return next(iter(boards[int(name)]), None) if int(name) < len(boards) else None
    if not name.startswith(("GPU-", "MIG-")):
        return None
    found = [gpu for board in boards for gpu in board if gpu.uuid.startswith(name)]
    return found[0] if len(found) == 1 else None


def _boards() -> list[list[Gpu]]:
    """Ask the driver for every board's parts: itself alone, unless it is split."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:  # no driver, or one without a GPU
        return []
    try:
        return [_board(index) for index in range(pynvml.nvmlDeviceGetCount())]
    except pynvml.NVMLError:  # a driver that was updated under a running machine
        return []
    finally:
        pynvml.nvmlShutdown()


def _board(index: int) -> list[Gpu]:
    try:
        board = pynvml.nvmlDeviceGetHandleByIndex(index)
        return [_gpu(part) for part in _parts(board)] or [_gpu(board)]
    except pynvml.NVMLError:  # it is lost, or not ours to use; the others are not
        return []


def _parts(board: Any) -> Iterator[Any]:
    try:
        is_split, _ = pynvml.nvmlDeviceGetMigMode(board)
        most = pynvml.nvmlDeviceGetMaxMigDeviceCount(board) if is_split else 0
    except pynvml.NVMLError:  # it cannot be split
        return
    for index in range(most):
        try:
            yield pynvml.nvmlDeviceGetMigDeviceHandleByIndex(board, index)
        except pynvml.NVMLError:  # no part lies there
            continue


def _gpu(handle: Any) -> Gpu:
    uuid, name = pynvml.nvmlDeviceGetUUID(handle), pynvml.nvmlDeviceGetName(handle)
    try:
        watts = pynvml.nvmlDeviceGetEnforcedPowerLimit(handle) / 1000
    except pynvml.NVMLError:  # a part of a board has no limit of its own
        watts = None
    try:
        memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    except pynvml.NVMLError:  # a chip that shares the machine's memory has none to tell
        return Gpu(uuid=uuid, name=name, watts=watts)
    return Gpu(
        uuid=uuid,
        name=name,
        total_bytes=memory.total,
        free_bytes=memory.free,
        watts=watts,
    )
