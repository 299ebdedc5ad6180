"""What of `make gpu-check` can be tested without a GPU: its plumbing and its page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from nbagent.render.device_noise import DrawnWhereItsGeneratorIs
from tests import gpu_check


def test_without_cuda_it_says_so_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu_check.main() == 2
    assert capsys.readouterr().err == gpu_check.NO_CUDA + "\n"


def test_the_offload_paths_run_and_change_nothing() -> None:
    """From the CPU to the CPU, where bits must be equal."""
    assert gpu_check.offloaded("ltx", "cpu") == dict.fromkeys(gpu_check.OFFLOADS, 0)


def test_noise_is_drawn_where_its_generator_is() -> None:
    """A device that can hold no numbers: what advances is the generator of the CPU."""
    generator = torch.Generator().manual_seed(1)
    expected = torch.Generator().manual_seed(1)
    torch.randn(2, 3, generator=expected)
    torch.rand(1, generator=expected)
    with DrawnWhereItsGeneratorIs():
        drawn = torch.randn((2, 3), generator=generator, device="meta")
        torch.rand(1, device="meta", generator=generator)
        assert torch.ones(1, device="meta").device.type == "meta"
    assert drawn.device.type == "meta"
    assert torch.equal(generator.get_state(), expected.get_state())


@pytest.mark.parametrize(
    ("passed", "far", "failed"),
    [(True, 0.0, False), (False, 0.0, True), (True, 0.5, True)],
)
def test_the_page_says_what_was_measured(
    passed: bool, far: float, failed: bool, tmp_path: Path
) -> None:
    figures: dict[str, Any] = {
        "device": "a card",
        # Helios cannot hold anywhere: no failure.
        "battery": {"bf16": {"wan-unipc holds": passed, "helios holds": False}},
        "plans": {"ltx": {"model offload": far}},
        "sizes": {"wan": {"step_gb": 1.81, "equal": True}},
        "weights": {"nf4": {"far": 0.07}},
        "cards": {"8 GB": {"plan": "group offload", "note": ""}},
        "benches": {"overhead": {"ratio_median": 1.02}},
    }
    assert gpu_check.has_failed(figures) is failed
    gpu_check.write(tmp_path, figures)
    page = (tmp_path / "gpu.md").read_text()
    assert "on a card" in page
    assert "* wan: step gb 1.81, equal True" in page
    assert "* 8 GB: plan group offload\n" in page
    assert '"ratio_median": 1.02' in page
    assert ("failed: wan-unipc holds" in page) is not passed
    assert "helios" not in page
    assert (tmp_path / "gpu.json").is_file()
