"""Compiled blocks: said in the placement, few recompiles, aside while a step cache is on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from nbagent.errors import JobFailed
from nbagent.models.cards import model_card
from nbagent.models.fit import choose
from nbagent.models.memory import Device, needs_of
from nbagent.render import compiling
from nbagent.render.caches import StepCache, denoisers
from nbagent.render.renderer import Renderer
from nbagent.settings import Settings
from nbagent.take.caching import StepCaching
from tests.tiny_pipelines import TINY, save


def call(pipe: Any, **more: Any) -> torch.Tensor:
    pipe.set_progress_bar_config(disable=True)
    arguments = TINY["wan-unipc"].arguments(**(more | {"num_inference_steps": 2}))
    seeded = torch.Generator().manual_seed(0)
    frames: torch.Tensor = pipe(**arguments, generator=seeded).frames
    return frames


@pytest.mark.slow
def test_blocks_are_compiled_for_all_sizes_within_a_bound() -> None:
    """A backend that only counts stands in for the compiler of kernels."""
    torch._dynamo.reset()
    pipe: Any = TINY["wan-unipc"].build()
    graphs: list[Any] = []

    def counting(graph: Any, _inputs: Any) -> Any:
        graphs.append(graph)
        return graph.forward

    plain = call(pipe)
    assert compiling.compile_blocks(denoisers(pipe), backend=counting)
    torch.testing.assert_close(call(pipe), plain, rtol=1e-4, atol=1e-4)
    number = len(graphs)
    assert number > 0
    for size in (32, 48):
        call(pipe, height=size, width=16)
    assert len(graphs) <= compiling.MOST_COMPILES * number

    graphs.clear()
    cache = StepCache(denoisers(pipe), StepCaching(0.2))
    cache.put_on()
    call(pipe, height=80)
    assert graphs == []  # with the cache on, blocks run as they are
    cache.take_off()
    assert any(m._compiled_call_impl for m in denoisers(pipe)[0].modules())
    torch._dynamo.reset()


def test_the_placement_says_it(tmp_path: Path) -> None:
    needs = needs_of(model_card(str(save("wan-unipc", tmp_path))))
    device = Device(kind="cpu", free_bytes=10**10, host_bytes=10**10, compiles=True)
    placement = choose(needs, device)
    assert placement is not None
    assert "blocks compiled" in str(placement)
    assert placement.approximation == "blocks compiled"
    assert not Settings.from_env({}).compiles
    assert Settings.from_env({"NBAGENT_COMPILE": "1"}).compiles


def test_a_network_without_such_blocks_refuses_in_one_line(tmp_path: Path) -> None:
    card = model_card(str(save("cogvideox-ddim", tmp_path)))
    with pytest.raises(JobFailed, match="no blocks to compile: unset NBAGENT_COMPILE"):
        Renderer(compiles=True).shelf.get(card)
