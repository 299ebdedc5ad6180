"""A driver of NVIDIA's that has the boards a test gives it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace

import pynvml
import pytest

GB = 10**9


@dataclass(frozen=True, kw_only=True)
class Board:
    """A GPU as the driver tells it; `parts` are those that it is split into.

    `free_gb` is None where the chip uses the machine's memory.
    """

    uuid: str
    name: str = "NVIDIA L4"
    total_gb: float = 24
    free_gb: float | None = 20
    parts: Sequence[Board] = ()
    is_lost: bool = False


def plug_in(monkeypatch: pytest.MonkeyPatch, *boards: Board) -> None:
    """Have these boards in the machine, in the order of `nvidia-smi`."""

    def board(index: int) -> Board:
        if boards[index].is_lost:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST)
        return boards[index]

    def part(board: Board, index: int) -> Board:
        # The driver tells how many there may be, and has holes.
        if index % 2 == 0 or index // 2 >= len(board.parts):
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)
        return board.parts[index // 2]

    def mode(board: Board) -> list[int]:
        if "L4" in board.name:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        return [int(bool(board.parts))] * 2

    def memory(board: Board) -> SimpleNamespace:
        if board.free_gb is None:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
        return SimpleNamespace(
            total=int(board.total_gb * GB), free=int(board.free_gb * GB)
        )

    answers = {
        "nvmlInit": lambda: None,
        "nvmlShutdown": lambda: None,
        "nvmlDeviceGetCount": lambda: len(boards),
        "nvmlDeviceGetHandleByIndex": board,
        "nvmlDeviceGetMigMode": mode,
        "nvmlDeviceGetMaxMigDeviceCount": lambda _board: 14,
        "nvmlDeviceGetMigDeviceHandleByIndex": part,
        "nvmlDeviceGetUUID": lambda board: board.uuid,
        "nvmlDeviceGetName": lambda board: board.name,
        "nvmlDeviceGetMemoryInfo": memory,
    }
    for name, answer in answers.items():
        monkeypatch.setattr(pynvml, name, answer)
