"""Noise that a pipeline draws on its device, from the job's generator all the same.

A seed means the same clip on every device because the job's generator is on the CPU.
diffusers' `randn_tensor` draws there and moves; a pipeline that calls `torch.randn` with
its own device is refused by torch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode


class DrawnWhereItsGeneratorIs(TorchFunctionMode):
    """Draw on a generator's device what is asked for on another, and move it there."""

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Call a function of torch; noise, where its generator is."""
        given = kwargs or {}
        generator, device = given.get("generator"), given.get("device")
        if func not in (torch.rand, torch.randn) or generator is None:
            return func(*args, **given)
        drawn = func(*args, **(given | {"device": generator.device}))
        return drawn if device is None else drawn.to(device)
