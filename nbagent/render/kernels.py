"""How a CPU computes a pipeline's networks: by whose kernels, and what they are spared."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from nbagent.pocket.layers import patches_as_matmul
from nbagent.system.numerics import Kernels


def give_kernels(pipe: Any, kernels: Kernels) -> None:
    """Let a pipeline's networks be computed in one way, and no other pipeline's."""
    for _, network in networks(pipe):
        if kernels in ("bf16", "fp16"):
            patches_as_matmul(network)
        if kernels == "plain":
            network.forward = _plain(network.forward)


def networks(pipe: Any) -> Iterator[tuple[str, nn.Module]]:
    """Yield the networks that a pipeline calls, by name: of a VAE, its parts."""
    for name, part in pipe.components.items():
        if not isinstance(part, nn.Module):
            continue
        if hasattr(part, "decode"):
            children = part.named_children()
            yield from ((f"{name}.{child}", network) for child, network in children)
        else:
            yield name, part


@contextlib.contextmanager
def without_onednn() -> Iterator[None]:
    """Compute by torch's own kernels meanwhile: in this process, not in this thread."""
    backend: Any = torch.backends.mkldnn
    # Not by `flags`, which touches settings of Intel's GPUs too, and warns of it.
    before = backend.enabled
    backend.enabled = False
    try:
        yield
    finally:
        backend.enabled = before


def _plain(forward: Any) -> Any:
    @functools.wraps(forward)
    def plain(*args: Any, **kwargs: Any) -> Any:
        with without_onednn():
            return forward(*args, **kwargs)

    return plain
