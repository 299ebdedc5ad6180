"""What a job's loop is given, and what it shows: values between the hook and its users."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """Start from the pipeline's own noise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noised:
    """Start part of the way down from known latents, noised to that step (SDEdit)."""

    latents: torch.Tensor  # as the pipeline's step callback shows them
    strength: float  # 0..1, the share of the steps that is run


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """Go on after `step` steps exactly where another run stood.

    Attributes:
        latents: As the pipeline's step callback shows them.
        schedulers: What each scheduler has changed: the clip's own, then its copies.
        streams: What is denoised beside the clip, one for each such copy.
        generator: Its state, uint8.
    """

    step: int
    latents: torch.Tensor
    schedulers: list[dict[str, Any]]
    streams: list[torch.Tensor]
    generator: torch.Tensor


Start = Fresh | Noised | Resumed


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Latents that are known beforehand and stay: re-noised at each step, exact at the end.

    Attributes:
        latents: Shaped as the pipeline's step callback shows them.
        mask: True where they are known; broadcasts to the latents.
        is_clean: They are never noised, since the model was taught so.
    """

    latents: torch.Tensor
    mask: torch.Tensor
    is_clean: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What the loop shows after one step."""

    index: int  # of the step that was just taken, from 0
    latents: torch.Tensor
    x0: torch.Tensor | None  # the clip as the model now expects it to end
