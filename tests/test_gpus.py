"""Which GPUs a process may use, and what the memory plan and the workers make of it."""

from __future__ import annotations

import threading

import pynvml
import pytest

from nbagent.jobs.host import _devices
from nbagent.models import machine
from nbagent.settings import Settings
from nbagent.system.gpus import visible_gpus
from tests.fake_nvml import GB, Board, plug_in

SMALL = Board(uuid="GPU-aa11-small", free_gb=2)
LARGE = Board(uuid="GPU-bb22-large", name="NVIDIA H200", total_gb=144, free_gb=140)
PART = Board(uuid="MIG-cc33-1", name="NVIDIA H200 MIG 1g.18gb", total_gb=18, free_gb=17)
OTHER_PART = Board(uuid="MIG-cc44-2", name="NVIDIA H200 MIG 1g.18gb", total_gb=18)
SPLIT = Board(uuid="GPU-cc00-split", name="NVIDIA H200", parts=[PART, OTHER_PART])


@pytest.mark.parametrize(
    ("visible", "found"),
    [
        (None, [SMALL, LARGE, PART, OTHER_PART]),
        ("1", [LARGE]),
        (" 1 , 0 ", [LARGE, SMALL]),
        ("GPU-bb", [LARGE]),
        ("GPU-bb22-large,GPU-aa11-small", [LARGE, SMALL]),
        ("MIG-cc44-2", [OTHER_PART]),
        ("2", [PART]),  # CUDA renders on the first part of a board that is split
        # CUDA hides an entry that it does not know, and all after it.
        ("", []),
        ("-1", []),
        ("NoDevFiles", []),
        ("1,7,0", [LARGE]),
        ("0,0", [SMALL]),
        ("MIG-cc", []),  # it could be two
    ],
)
def test_what_the_environment_leaves(
    visible: str | None, found: list[Board], monkeypatch: pytest.MonkeyPatch
) -> None:
    plug_in(monkeypatch, SMALL, LARGE, SPLIT)
    env = {} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}
    assert [gpu.uuid for gpu in visible_gpus(env)] == [board.uuid for board in found]


def test_the_plan_and_the_workers_are_for_the_gpu_that_is_visible(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "version_of", lambda _name: "2.13.0")
    plug_in(monkeypatch, SMALL, LARGE)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    device = machine.device_here(settings)
    assert device is not None
    assert (device.kind, device.free_bytes) == ("cuda", 140 * GB)
    assert _devices() == [{"CUDA_VISIBLE_DEVICES": LARGE.uuid}]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    device = machine.device_here(settings)
    assert device is not None
    assert device.kind == "cpu"
    assert _devices() == [{}]


def test_each_part_of_a_split_gpu_has_a_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    plug_in(monkeypatch, SPLIT)
    assert _devices() == [
        {"CUDA_VISIBLE_DEVICES": part.uuid} for part in (PART, OTHER_PART)
    ]


def test_a_lost_gpu_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch, Board(uuid="GPU-lost", is_lost=True), LARGE)
    assert [gpu.uuid for gpu in visible_gpus({})] == [LARGE.uuid]
    assert [gpu.uuid for gpu in visible_gpus({"CUDA_VISIBLE_DEVICES": "1"})] == [
        LARGE.uuid
    ]


def test_a_chip_that_shares_the_machines_memory_is_planned_with_that(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "version_of", lambda _name: "2.13.0")
    plug_in(monkeypatch, Board(uuid="GPU-spark", name="NVIDIA GB10", free_gb=None))
    device = machine.device_here(settings)
    assert device is not None
    assert (device.kind, device.free_bytes) == ("cuda", device.host_bytes)


def test_a_driver_that_hangs_has_no_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    is_over = threading.Event()

    def init() -> None:
        is_over.wait()
        raise pynvml.NVMLError(pynvml.NVML_ERROR_TIMEOUT)

    monkeypatch.setattr(pynvml, "nvmlInit", init)
    assert visible_gpus({}, timeout_s=0.05) == []
    is_over.set()


def test_no_driver_is_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    def init() -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND)

    monkeypatch.setattr(pynvml, "nvmlInit", init)
    assert visible_gpus({}) == []
