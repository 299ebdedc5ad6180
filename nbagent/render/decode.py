"""Decoding within the memory there is: whole, then in tiles, then on the CPU.

A VAE that was given the ladder goes down it by itself when the device runs out of
memory, inside the pipeline's own call, and says afterwards how far it went. What does
not come out as numbers in a type of two bytes is decoded again in fp32: older GPUs have
fp16 alone, in which some VAEs overflow. The override is by class, as in
`nbagent.render.hook`, so every family decodes through it.
"""

from __future__ import annotations

import functools
import gc
from collections.abc import Callable
from typing import Any

import torch
from torch.utils import _pytree as pytree

# Rungs, as a clip's note says them.
WHOLE, TILED, ON_CPU = "", "decoded in tiles", "decoded in tiles on the CPU"
IN_FP32 = "in fp32"


def give_ladder(vae: Any) -> None:
    """Let a VAE go down the ladder when it decodes."""
    kind: Any = type(vae)
    vae.__class__ = _laddered(kind)


def decoded(vae: Any) -> str:
    """Return in words how a VAE decoded last; empty if whole."""
    said: str = vae.nbagent_decoded
    return said


def out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that memory is short, on a GPU or on the CPU."""
    if isinstance(error, torch.OutOfMemoryError):
        return True
    # The CPU's allocator has no class of its own for it.
    return isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error)


@functools.cache
def _laddered(base: Any) -> Any:
    @functools.wraps(base.decode)
    def decode(self: Any, *args: Any, **kwargs: Any) -> Any:
        rungs = _rungs(self)
        for name, rung in rungs.items():
            try:
                result = rung(self, base.decode, *args, **kwargs)
                said = name
                if self.dtype != torch.float32 and not _is_finite(result):
                    result = _in_fp32(self, rung, base.decode, *args, **kwargs)
                    said = f"{name or 'decoded'} {IN_FP32}"
            except RuntimeError as error:
                if name == list(rungs)[-1] or not out_of_memory(error):
                    raise
            else:
                self.nbagent_decoded = said
                return result
            # Only now is the failed call's memory nobody's: its frames hung on the error.
            _give_back(self)
        raise AssertionError("the last rung returns or raises")

    return type(base.__name__, (base,), {"decode": decode, "nbagent_decoded": WHOLE})


def _rungs(vae: Any) -> dict[str, Callable[..., Any]]:
    rungs: dict[str, Callable[..., Any]] = {WHOLE: _whole}
    if hasattr(vae, "use_tiling") or hasattr(vae, "use_slicing"):
        rungs[TILED] = _tiled
    # In fp32, the one type in which every CPU is quick.
    if vae.device.type != "cpu" or vae.dtype != torch.float32:
        rungs[ON_CPU] = _on_cpu
    return rungs


def _whole(vae: Any, decode: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return decode(vae, *args, **kwargs)


def _tiled(vae: Any, decode: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    names = [name for name in ("tiling", "slicing") if hasattr(vae, f"use_{name}")]
    for name in names:
        getattr(vae, f"enable_{name}")()
    try:
        return decode(vae, *args, **kwargs)
    finally:
        for name in names:
            getattr(vae, f"disable_{name}")()


def _is_finite(result: Any) -> bool:
    return bool(result[0].isfinite().all())


def _in_fp32(
    vae: Any,
    rung: Callable[..., Any],
    decode: Callable[..., Any],
    *args: Any,
    **kw: Any,
) -> Any:
    dtype = vae.dtype
    try:
        vae.to(torch.float32)
        args, kw = pytree.tree_map_only(torch.Tensor, torch.Tensor.float, (args, kw))
        return rung(vae, decode, *args, **kw)
    finally:
        vae.to(dtype)


def _on_cpu(vae: Any, decode: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    def moved(value: Any) -> Any:
        if not isinstance(value, torch.Tensor):
            return value
        return value.cpu().float() if value.is_floating_point() else value.cpu()

    home, dtype = vae.device, vae.dtype
    # An offload hook would bring the VAE back to the device at once; the decorator that
    # calls it is diffusers', around the method itself.
    hook = vars(vae).pop("_hf_hook", None)
    bare = getattr(decode, "__wrapped__", decode)
    try:
        vae.to("cpu", torch.float32)
        args, kwargs = pytree.tree_map(moved, (args, kwargs))
        return _tiled(vae, bare, *args, **kwargs)
    finally:
        vae.to(home, dtype)
        if hook is not None:
            vae._hf_hook = hook  # noqa: SLF001  accelerate's own name


def _give_back(vae: Any) -> None:
    """Let go of what a decode that failed has left behind."""
    if hasattr(vae, "clear_cache"):  # Wan keeps its features between chunks
        vae.clear_cache()
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
