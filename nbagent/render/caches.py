"""A job's step cache: diffusers' own, over weights that other jobs share.

By First Block Cache a step whose first block changes little skips the other blocks; by
SeaCache one whose latents' signal has changed little since skips all of them. What they
added last time is added again. What is remembered belongs to one job and one take: it is
on the weights only while the job has the turn, and a run that is stopped and goes on ends
where an undisturbed one does, for it goes on from before a step that ran in full: after
such a step nothing that was remembered earlier counts.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, Final

import torch
from diffusers import DiffusionPipeline, FirstBlockCacheConfig, SeaCacheConfig

from nbagent.models.index import DENOISERS
from nbagent.render.compiling import put_back, set_aside
from nbagent.render.start_states import Resumed
from nbagent.take.caching import StepCaching

# Lists of blocks in the networks of `nbagent.models.families.STEP_CACHES`.
_BLOCKS: Final = ("blocks", "transformer_blocks", "single_transformer_blocks")


def denoisers(pipe: DiffusionPipeline) -> list[Any]:
    """Return the networks that denoise: one, or one for each half of the noise."""
    parts = [pipe.components.get(name) for name in DENOISERS]
    return [part for part in parts if part is not None]


class StepCache:
    """One job's memory of its last full steps; no caching does nothing at all.

    Args:
        networks: What denoises.
        caching: Which one, and how little must change for blocks to be skipped.

    Attributes:
        blocks: Blocks that would have run without it.
        skipped: Those that did not.
        restart: Where a run whose cache is empty ends as this one does; None before
            there is such a step.
    """

    def __init__(
        self,
        networks: list[Any],
        caching: StepCaching,
    ) -> None:
        self.caching = caching
        self.blocks, self.skipped = 0, 0
        self.restart: tuple[Resumed, tuple[int, int]] | None = None
        self._networks = networks
        self._states: list[dict[str, Any]] = [{} for _ in networks]
        self._handles: list[Any] = []
        self._compiled: list[tuple[Any, Any]] = []
        self._was_full: list[bool] = []  # of each pass of this step
        self._before: tuple[Resumed, tuple[int, int]] | None = None

    @property
    def counts(self) -> tuple[int, int]:
        """Blocks so far, and how many of them were skipped."""
        return self.blocks, self.skipped

    def put_on(self) -> None:
        """Hook into the weights for a step; the job has the turn."""
        self._was_full = []
        if not self.caching or self._handles:
            return
        self._compiled = set_aside(self._networks)
        for network, state in zip(self._networks, self._states, strict=True):
            network.enable_cache(_config(self.caching))
            manager = next(_managers(network))
            manager._state_cache = state  # noqa: SLF001  diffusers has no other way
            self._handles.append(
                network.register_forward_hook(self._counting(network, manager))
            )

    def take_off(self) -> None:
        """Leave the weights as they are without it; no error if they are."""
        if not self._handles:
            return
        for network, handle in zip(self._networks, self._handles, strict=True):
            handle.remove()
            network.disable_cache()
        self._handles = []
        put_back(self._compiled)

    def stepped(self, state: Resumed) -> None:
        """Note where the job stands after a step."""
        if all(self._was_full):
            self.restart = self._before or self.restart
        self._before = copy.deepcopy(state), self.counts

    def note(self) -> str:
        """Say what it did; empty if it is none."""
        if not self.caching:
            return ""
        return (
            f"step cache {self.caching}: {self.skipped:,} of {self.blocks:,} blocks"
            " skipped"
        )

    def _counting(self, network: Any, manager: Any) -> Any:
        number = sum(map(len, _lists(network)))
        is_first = self.caching.kind == "first"
        name = "should_compute" if is_first else "gate_should_compute"

        def count(*_: Any) -> None:
            was_full = bool(getattr(manager.get_state(), name))
            self._was_full.append(was_full)
            self.blocks += number
            self.skipped += 0 if was_full else number - is_first

        return count


def _config(caching: StepCaching) -> FirstBlockCacheConfig | SeaCacheConfig:
    if caching.kind == "first":
        return FirstBlockCacheConfig(threshold=caching.threshold)
    # Of order 1 it would also need the full step before the last one, and no run could
    # go on from a single one.
    return SeaCacheConfig(threshold=caching.threshold, residual_order=0)


def _lists(network: Any) -> list[torch.nn.ModuleList]:
    children = dict(network.named_children())
    return [children[name] for name in _BLOCKS if name in children]


def _managers(network: Any) -> Iterator[Any]:
    for module in (network, *(blocks[0] for blocks in _lists(network))):
        registry: Any = getattr(module, "_diffusers_hook", None)
        for hook in registry.hooks.values() if registry else ():
            if hasattr(hook, "state_manager"):
                yield hook.state_manager
