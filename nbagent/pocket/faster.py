"""What makes pocket's transformer train fast on a CPU.

Stand-ins for pieces of the stock model during training: the same numbers from the same
weights, which know nothing of them. And Muon, for kernels as well as for matrices.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any, Final

import torch
import torch.distributed as dist
from diffusers import SanaVideoTransformer3DModel
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (the field's name for it)

from nbagent.pocket.vae import cut

# Newton-Schulz coefficients and momentum of Keller Jordan's Muon; the update's size is
# matched to AdamW's as in Moonlight (arXiv 2502.16982), so one rate serves both.
_NEWTON_SCHULZ: Final = (3.4445, -4.7750, 2.0315)
_ROUNDS: Final = 5
_MOMENTUM: Final = 0.95
_UPDATE_RMS: Final = 0.2


def has_fast_bf16() -> bool:
    """Return whether this CPU multiplies bf16 itself; others emulate it, very slowly."""
    cpuinfo = Path("/proc/cpuinfo")
    flags = cpuinfo.read_text() if cpuinfo.is_file() else ""
    return "amx_bf16" in flags or "avx512_bf16" in flags


class Muon(torch.optim.Optimizer):
    """Muon in fp32, its work shared out among the processes.

    torch's own takes matrices only, casts them to bf16, which took 18 s a step on a CPU
    without it, and does the same work in every process.
    """

    def __init__(self, params: Iterable[Tensor], lr: float, weight_decay: float) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # noqa: ARG002 (torch's signature)
        """Take a step; gradients must be the same in every process."""
        world = dist.get_world_size() if dist.is_initialized() else 1
        rank = dist.get_rank() if world > 1 else 0
        for group in self.param_groups:
            for i, p in enumerate(group["params"]):
                momentum = self.state[p].setdefault("momentum", torch.zeros_like(p))
                momentum.lerp_(p.grad, 1 - _MOMENTUM)
                if i % world != rank:
                    continue
                wanted = p.grad.lerp(momentum, _MOMENTUM).flatten(1)
                size = _UPDATE_RMS * max(wanted.shape) ** 0.5
                p.mul_(1 - group["lr"] * group["weight_decay"])
                update = orthogonal(wanted).view_as(p)
                p.add_(update, alpha=-group["lr"] * size)
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


def speed_up(transformer: SanaVideoTransformer3DModel) -> None:
    """Replace what is slow on a CPU, for training only."""
    patch = transformer.patch_embedding
    patch.forward = partial(_cut_patches, patch)
    for block in transformer.transformer_blocks:
        block.attn1.set_processor(_LinearAttention())
        block.attn2.set_processor(_CrossAttention())
        block.ff.forward = partial(_feed_forward, block.ff)


def _cut_patches(conv: Any, x: Tensor) -> Tensor:
    """Do what a convolution does whose stride is its kernel: on CPU far quicker so."""
    p, q, r = conv.kernel_size
    return F.linear(cut(x, (p, q, r)), conv.weight.flatten(1), conv.bias).movedim(-1, 1)


class _LinearAttention:
    """Sana's linear attention over tokens, without its copies."""

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,  # noqa: ARG002 (diffusers')
        attention_mask: Tensor | None = None,  # noqa: ARG002 (diffusers')
        rotary_emb: tuple[Tensor, Tensor] | None = None,
    ) -> Tensor:
        """Attend; the signature is diffusers'."""
        assert rotary_emb is not None
        query = _heads(attn, F.relu(_rms(attn.to_q(hidden_states), attn.norm_q)))
        key = _heads(attn, F.relu(_rms(attn.to_k(hidden_states), attn.norm_k)))
        value = _heads(attn, attn.to_v(hidden_states)).float()
        cos, sin = (f.transpose(1, 2).float() for f in rotary_emb)
        total = query @ key.sum(2).unsqueeze(-1) + 1e-15  # (B, H, L, 1)
        memory = _rotate(key, cos, sin).transpose(-1, -2) @ value  # (B, H, D, D)
        mixed = _rotate(query, cos, sin) @ memory / total
        return attn.to_out[0](mixed.transpose(1, 2).flatten(2).to(hidden_states.dtype))


class _CrossAttention:
    """Attention to the words as plain matmuls: flash SDPA's backward is slow on CPU."""

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor | None = None,
        attention_mask: Tensor | None = None,
    ) -> Tensor:
        """Attend; the signature is diffusers', the mask `(B, 1, words)` is added."""
        query = _heads(attn, _rms(attn.to_q(hidden_states), attn.norm_q))
        key = _heads(attn, _rms(attn.to_k(encoder_hidden_states), attn.norm_k))
        value = _heads(attn, attn.to_v(encoder_hidden_states))
        scores = (query / math.sqrt(query.shape[-1])) @ key.transpose(-1, -2)
        if attention_mask is not None:
            scores = scores + attention_mask[:, None]
        mixed = scores.softmax(-1).to(value.dtype) @ value
        return attn.to_out[0](mixed.transpose(1, 2).flatten(2))


def _feed_forward(block: Any, x: Tensor) -> Tensor:
    """Do Sana's gated convolutions with channels last, which a compiler can fuse."""
    x = F.linear(x, block.conv_inverted.weight.flatten(1), block.conv_inverted.bias)
    height, width = x.shape[2:4]
    padded = F.pad(F.silu(x), (0, 0, 1, 1, 1, 1))
    kernel, mixed = block.conv_depth.weight[:, 0], block.conv_depth.bias
    for i in range(3):
        for j in range(3):
            mixed = mixed + padded[:, :, i : i + height, j : j + width] * kernel[:, i, j]
    x, gate = mixed.chunk(2, -1)
    x = F.linear(x * F.silu(gate), block.conv_point.weight.flatten(1))
    beside = F.pad(x, (0, 0, 0, 0, 0, 0, 1, 1))
    three = torch.cat((beside[:, :-2], x, beside[:, 2:]), -1)
    kernel = block.conv_temp.weight[..., 0].transpose(1, 2).flatten(1)
    return x + F.linear(three, kernel)


def _heads(attn: Any, x: Tensor) -> Tensor:
    return x.unflatten(2, (attn.heads, -1)).transpose(1, 2)  # (B, H, L, D)


def _rms(x: Tensor, norm: Any) -> Tensor:
    x = x.float()
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + norm.eps) * norm.weight


def _rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotate pairs of channels; cos and sin hold each value twice."""
    even, odd = x.unflatten(-1, (-1, 2)).unbind(-1)
    turned = torch.stack((-odd, even), -1).flatten(-2)
    return x * cos + turned * sin
