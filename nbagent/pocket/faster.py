"""What makes Wan's transformer train faster on CPU, or on parts of a clip.

Stand-ins for pieces of the stock model during training: the same numbers from the same
weights, which know nothing of them. And Muon, its work shared out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor, nn

# Newton-Schulz coefficients and momentum of Keller Jordan's Muon; the update's size is
# matched to AdamW's as in Moonlight (arXiv 2502.16982), so one rate serves both.
_NEWTON_SCHULZ: Final = (3.4445, -4.7750, 2.0315)
_ROUNDS: Final = 5
_MOMENTUM: Final = 0.95
_UPDATE_RMS: Final = 0.2


class Muon(torch.optim.Optimizer):
    """Muon in fp32, its work shared out among the processes.

    torch's own takes matrices only, casts them to bf16, which took 18 s a step on a CPU
    without it, and does the same work in every process.
    """

    def __init__(
        self, params: Iterable[Tensor], lr: float, weight_decay: float
    ) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]  # noqa: ARG002  # torch's, without a closure
        """Take a step; gradients must be the same in every process."""
        world = dist.get_world_size() if dist.is_initialized() else 1
        rank = dist.get_rank() if world > 1 else 0
        for group in self.param_groups:
            for i, p in enumerate(group["params"]):
                momentum = self.state[p].setdefault("momentum", torch.zeros_like(p))
                momentum.lerp_(p.grad, 1 - _MOMENTUM)
                if i % world != rank:
                    continue
                wanted = p.grad.lerp(momentum, _MOMENTUM)
                size = _UPDATE_RMS * max(wanted.shape) ** 0.5
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(orthogonal(wanted), alpha=-group["lr"] * size)
            if world > 1:
                for i, p in enumerate(group["params"]):
                    dist.broadcast(p, i % world)


def orthogonal(matrix: Tensor) -> Tensor:
    """Return a matrix of the same directions whose singular values are about one."""
    a, b, c = _NEWTON_SCHULZ
    is_tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if is_tall else matrix
    x = x / x.norm().clamp(min=1e-7)
    for _ in range(_ROUNDS):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.T if is_tall else x


class Clock(nn.Module):
    """Wan's rotary embedding, at picked moments of a clip instead of 0, 1, 2, ..."""

    def __init__(self, rope: nn.Module, moments: int) -> None:
        super().__init__()
        self.rope = rope
        self.moments = moments
        self.times: NDArray[np.int64] = np.arange(moments)

    def forward(self, hidden_states: Tensor) -> tuple[Tensor, Tensor]:
        """Return cosines and sines `(1, tokens, 1, D)` of the picked moments."""
        whole = hidden_states.new_empty(
            1, 1, 2 * self.moments, *hidden_states.shape[3:]
        )
        picked = torch.from_numpy(self.times)
        cos, sin = (
            f.unflatten(1, (self.moments, -1))[:, picked].flatten(1, 2)
            for f in self.rope(whole)
        )
        return cos, sin


class TrainingAttention:
    """Wan's attention as plain matmuls: on CPU, 2.4x faster than flash SDPA's backward.

    For training only; the weights know nothing of it.
    """

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,  # noqa: ARG002
        rotary_emb: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """Attend; the signature is diffusers'. Masks are not used by Wan."""
        context = (
            hidden_states if encoder_hidden_states is None else encoder_hidden_states
        )
        query = _rms(attn.to_q(hidden_states), attn.norm_q)
        key = _rms(attn.to_k(context), attn.norm_k)
        value = attn.to_v(context)
        # (B, L, H * D) -> (B, H, L, D)
        query, key, value = (
            x.unflatten(2, (attn.heads, -1)).transpose(1, 2)
            for x in (query, key, value)
        )
        if rotary_emb is not None:
            cos, sin = (f.transpose(1, 2).float() for f in rotary_emb)
            query, key = _rotate(query, cos, sin), _rotate(key, cos, sin)
        query = query.to(value.dtype) * (1 / math.sqrt(query.shape[-1]))
        scores = query @ key.to(value.dtype).transpose(-1, -2)
        mixed = scores.float().softmax(-1).to(value.dtype) @ value
        return attn.to_out[0](mixed.transpose(1, 2).flatten(2))


def _rms(x: Tensor, norm: Any) -> Tensor:
    x = x.float()
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + norm.eps) * norm.weight


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate pairs of channels; cos and sin hold each value twice."""
    even, odd = x.unflatten(-1, (-1, 2)).unbind(-1)
    turned = torch.stack((-odd, even), -1).flatten(-2)
    return x * cos + turned * sin
