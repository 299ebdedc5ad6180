"""What makes Wan's transformer train faster on CPU, or on parts of a clip.

Stand-ins for pieces of the stock model during training: the same numbers from the same
weights, which know nothing of them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the field's name for it)

from nbagent.pocket.vae import cut


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


def cut_patches(conv: nn.Conv3d, x: Tensor) -> Tensor:
    """Do what a convolution does whose stride is its kernel: on CPU far quicker so."""
    p, q, r = conv.kernel_size
    return F.linear(cut(x, (p, q, r)), conv.weight.flatten(1), conv.bias).movedim(-1, 1)


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
