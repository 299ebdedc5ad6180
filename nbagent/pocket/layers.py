"""Layers whose numbers can be trusted: patches as a matmul, and a check of any other.

oneDNN 3.12 (torch 2.13) is wrong on a CPU with AMX where a bf16 convolution has a wide
kernel and channels that are no multiple of 32: pocket's first expert begins with one.
A convolution whose stride is its kernel is a matmul of patches, and that is right, and
quicker, on every CPU. Others are compared with a computation that shares no code with
them: patches and weights in double precision.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the field's name for it)

# Of an output's norm. bf16 itself is off by .002, a wrong kernel by about one.
TOLERANCE: Final = 0.05
# Enough to meet each way in which a network's layers are computed.
_LAYERS: Final = 12
_ROWS: Final = 64  # of a layer's outputs, evenly spread
_POSITIONS: Final = {1: (64,), 2: (8, 8), 3: (2, 4, 8)}  # where a kernel is put

_Conv = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


def patches_as_matmul(network: nn.Module) -> None:
    """Let convolutions whose stride is their kernel multiply patches.

    By class, so that weights, their names, hooks and LoRAs are as they were.
    """
    for module in network.modules():
        if isinstance(module, _Conv) and _cuts_patches(module):
            kind: Any = type(module)
            module.__class__ = _as_matmul(kind)


def first_fault(name: str, network: nn.Module, *, learns: bool = False) -> str:
    """Return what is wrong with a network's first layers here; empty if nothing is.

    Args:
        name: How the network is called.
        network: In the type, and with the kernels, that it computes with.
        learns: Whether its gradients must be right too.
    """
    seen = set[Any]()
    for path, layer in _layers(network):
        kind = (type(layer), layer.weight.shape, getattr(layer, "stride", None))
        if kind in seen:
            continue
        seen.add(kind)
        off = _off(layer, learns=learns)
        if off > TOLERANCE:
            return off_by(f"{name}.{path}", off)
        if len(seen) == _LAYERS:
            break
    return ""


def off_by(name: str, share: float) -> str:
    """Say how far something is from what it should be, as a share of that."""
    if not math.isfinite(share):
        return f"{name} is not a number"
    return f"{name} is off by {share:.0%}"


def _cuts_patches(conv: Any) -> bool:
    is_cut = conv.kernel_size == conv.stride and max(conv.kernel_size) > 1
    return is_cut and conv.groups == 1 and not _padding(conv) and _is_plain(conv)


@functools.cache
def _as_matmul(base: Any) -> Any:
    def _conv_forward(
        self: Any, x: Tensor, weight: Tensor, bias: Tensor | None
    ) -> Tensor:
        patches = _patches(x, self.kernel_size, self.stride)
        return F.linear(patches, weight.flatten(1), bias).movedim(-1, 1)

    return type(base.__name__, (base,), {"_conv_forward": _conv_forward})


def _patches(x: Tensor, kernel: tuple[int, ...], stride: tuple[int, ...]) -> Tensor:
    """Cut `(B, C, F, H, W)` into what a kernel sees: `(B, f, h, w, C*p*q*r)`."""
    for axis, (size, step) in enumerate(zip(kernel, stride, strict=True), start=2):
        x = x.unfold(axis, size, step)
    # (B, C, f, h, w, p, q, r) -> (B, f, h, w, C, p, q, r)
    return x.movedim(1, len(kernel) + 1).flatten(len(kernel) + 1)


def _layers(network: nn.Module) -> Iterator[tuple[str, Any]]:
    """Yield a network's layers that can be compared, in their order."""
    for path, layer in network.named_modules():
        is_known = isinstance(layer, nn.Linear) or (
            isinstance(layer, _Conv) and layer.groups == 1 and _is_plain(layer)
        )
        # What a package keeps smaller, it multiplies itself.
        if is_known and type(layer.weight) is nn.Parameter:
            if layer.weight.dtype in (torch.bfloat16, torch.float16, torch.float32):
                yield path, layer


def _is_plain(conv: Any) -> bool:
    is_zeros = conv.padding_mode == "zeros" and not isinstance(conv.padding, str)
    return is_zeros and set(conv.dilation) == {1}


def _padding(conv: Any) -> list[int]:
    """Return a convolution's padding as `F.pad` takes it; empty if there is none."""
    # Wan's causal ones pad by themselves, before the frames alone.
    own = getattr(conv, "_padding", None)
    sides = own or [side for size in reversed(conv.padding) for side in (size, size)]
    return list(sides) if any(sides) else []


def _off(layer: Any, *, learns: bool) -> float:
    """Return how far a layer is from what it should give, as a share of that."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(_input_shape(layer), generator=generator)
    weight, device = layer.weight, layer.weight.device
    x = x.to(device, weight.dtype)
    rows = slice(None, None, max(1, len(weight) // _ROWS))
    with torch.set_grad_enabled(learns):
        found = layer(x)
        channels = found.movedim(1, -1) if isinstance(layer, _Conv) else found
        channels = channels[..., rows]
        exact_weight = weight.detach()[rows].double().requires_grad_(learns)
        with torch.autocast(device.type, enabled=False):
            wanted = _exact(layer, x.double(), exact_weight, rows)
    worst = _distance(*(x.flatten(0, -2).T for x in (channels, wanted)))
    if learns:
        along = torch.randn(wanted.shape, generator=generator).to(wanted)
        (grad,) = torch.autograd.grad(channels, weight, along.to(channels))
        (wanted_grad,) = torch.autograd.grad(wanted, exact_weight, along)
        worst = max(worst, _distance(grad[rows].flatten(1), wanted_grad.flatten(1)))
    return worst


def _input_shape(layer: Any) -> tuple[int, ...]:
    if isinstance(layer, nn.Linear):
        return (_ROWS, layer.in_features)
    put = _POSITIONS[len(layer.kernel_size)]
    seen = zip(put, layer.kernel_size, layer.stride, strict=True)
    return (1, layer.in_channels, *((n - 1) * step + size for n, size, step in seen))


def _exact(layer: Any, x: Tensor, weight: Tensor, rows: slice) -> Tensor:
    """Return some outputs of a layer in double precision: `(..., rows)`."""
    if isinstance(layer, _Conv):
        if sides := _padding(layer):
            x = F.pad(x, sides)
        x = _patches(x, layer.kernel_size, layer.stride)
    made = x @ weight.flatten(1).T
    return made if layer.bias is None else made + layer.bias.detach()[rows].double()


def _distance(found: Tensor, wanted: Tensor) -> float:
    """Return the largest distance of a row, as a share of its norm; inf for no number.

    Rows are apart, since a layer may have one of a thousand times the others' size.
    """
    apart = (found.detach().double() - wanted.detach()).norm(dim=-1)
    shares = apart / wanted.detach().norm(dim=-1).clamp_min(1e-12)
    return float(shares.max()) if bool(shares.isfinite().all()) else float("inf")
