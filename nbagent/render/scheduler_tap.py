"""The tap: a job's own scheduler, which shows its steps to the hook.

It overrides by class, never by an attribute of an instance: some pipelines deep-copy
their scheduler, for a second stream such as sound, and a closure on the instance would
go on stepping the original. `functools.wraps` keeps signatures, which pipelines inspect.
"""

from __future__ import annotations

import copy
import functools
import inspect
from typing import Any

import torch

_MISSING = object()
# Not memory of the solver: its configuration, and our own hold on it.
_FIXED = frozenset({"_internal_dict", "_hook", "_pristine", "nbagent_result"})


def tapped(scheduler: Any, hook: Any) -> Any:
    """Return a scheduler like the given one that belongs to a job's hook."""
    kind: Any = type(scheduler)
    tap = kind.from_config(scheduler.config)
    tap.__class__ = _tap_class(kind)
    tap._hook = hook  # noqa: SLF001  the attribute is ours
    hook.taps.append(tap)
    return tap


def remember(tap: Any) -> None:
    """Keep what a scheduler is before its first step."""
    tap._pristine = {  # noqa: SLF001  the attribute is ours
        name: copy.deepcopy(value)
        for name, value in vars(tap).items()
        if name not in _FIXED
    }


def changes(tap: Any) -> dict[str, Any]:
    """Return everything that a scheduler has changed since it was remembered.

    A list of known names would be shorter and wrong: each solver remembers other
    things. The values are its own, not copies: encode them before the next step.
    """
    pristine = tap._pristine  # noqa: SLF001  the attribute is ours
    return {
        name: value
        for name, value in vars(tap).items()
        if name not in _FIXED and not _equal(value, pristine.get(name, _MISSING))
    }


def noised(
    scheduler: Any, known: torch.Tensor, noise: torch.Tensor, timestep: torch.Tensor
) -> torch.Tensor:
    """Return known latents at the noise level of a timestep, by the scheduler's rule."""
    result: torch.Tensor
    largest = scheduler.config.get("sigma_max")
    if not hasattr(scheduler, "scale_noise"):
        result = scheduler.add_noise(known, noise, timestep)
    elif largest is not None:
        # Cosmos 2 takes a flow solver over EDM's sigmas; its noise has the largest in it.
        sigma = scheduler.sigmas[scheduler.index_for_timestep(timestep[0])]
        result = known + noise / largest * sigma.to(noise)
    elif scheduler.config.get("invert_sigmas"):
        # Mochi counts its sigmas from noise to clip.
        result = scheduler.scale_noise(noise, timestep, known)
    else:
        result = scheduler.scale_noise(known, timestep, noise)
    return result


@functools.cache
def _tap_class(base: Any) -> Any:
    """Return a scheduler class that shows its steps to the hook."""
    signature = inspect.signature(base.step)
    schedule = inspect.signature(base.set_timesteps)

    @functools.wraps(base.set_timesteps)
    def set_timesteps(self: Any, *args: Any, **kwargs: Any) -> None:
        if self._hook.sigmas:  # whatever number the loop asks for
            given = schedule.bind(self, *args, **kwargs).arguments
            args = ()
            kwargs = {"sigmas": [*self._hook.sigmas], "device": given.get("device")}
        base.set_timesteps(self, *args, **kwargs)
        if self is self._hook.taps[0]:
            self._hook.scheduled()
        remember(self)

    def set_begin_index(self: Any, begin_index: int = 0) -> None:
        base.set_begin_index(self, begin_index + self._hook.start_step)

    def scale_model_input(self: Any, *args: Any, **kwargs: Any) -> Any:
        self._hook.scaled()
        return base.scale_model_input(self, *args, **kwargs)

    @functools.wraps(base.step)
    def step(self: Any, *args: Any, **kwargs: Any) -> Any:
        return _step(self, base, signature.bind(self, *args, **kwargs))

    members: dict[str, Any] = {
        "__deepcopy__": _deepcopy,
        "set_timesteps": set_timesteps,
        "step": step,
    }
    for override in (scale_model_input, set_begin_index):
        if hasattr(base, override.__name__):
            members[override.__name__] = override
    return type(base.__name__, (base,), members)


def _deepcopy(tap: Any, memo: dict[int, Any]) -> Any:
    twin = object.__new__(type(tap))
    memo[id(tap)] = twin
    vars(twin).update(copy.deepcopy(vars(tap), memo))
    twin._hook.taps.append(twin)
    return twin


def _step(tap: Any, base: Any, call: inspect.BoundArguments) -> Any:
    """Take a step as the scheduler does, and show it to the hook."""
    given, known = call.arguments, call.signature.parameters
    hook, sample = tap._hook, given["sample"]  # noqa: SLF001  the attribute is ours
    if hook.is_setting_up:
        return (sample,)
    is_clip = tap is hook.taps[0]
    if is_clip:
        hook.check_sample(sample)
    # Wan passes no generator to its scheduler, and a stochastic solver would then draw
    # from the process-wide one: another clip on each run.
    if "generator" in known and given.get("generator") is None:
        given["generator"] = hook.generator
    # CogVideoX keeps the DPM solver's memory in a local of its loop, which a resumed
    # loop has lost. On the scheduler it is part of the snapshot.
    remembers = "old_pred_original_sample" in known
    if remembers and given.get("old_pred_original_sample") is None:
        given["old_pred_original_sample"] = getattr(tap, "_old_x0", None)
    result = base.step(*call.args, **call.kwargs)
    if remembers:
        tap._old_x0 = result[1]  # noqa: SLF001  the attribute is ours
    latents = result[0] if isinstance(result, tuple) else result.prev_sample
    x0 = _expected_end(tap, given, result)
    if is_clip:
        hook.stepped(latents, x0)
    else:
        tap.nbagent_result = latents, x0
    return result


def _expected_end(
    scheduler: Any, given: dict[str, Any], result: Any
) -> torch.Tensor | None:
    """Return the finished latents as they are expected after this step, if it tells."""
    config = scheduler.config
    memory = getattr(scheduler, "model_outputs", None)
    if memory is not None:
        # UniPC and DPM++ keep what the model said, converted to the clean latents,
        # unless they are set to solve for the noise.
        is_data = config.get("predict_x0", True) and not str(
            config.get("algorithm_type", "")
        ).endswith("dpmsolver")
        return memory[-1] if is_data else None
    if hasattr(scheduler, "scale_noise"):  # flow: one straight step to the end
        way = scheduler.sigmas[-1] - scheduler.sigmas[scheduler.step_index - 1]
        if given.get("per_token_timesteps") is not None:
            way = -way  # LTX with conditions counts the other way
        end: torch.Tensor = given["sample"] + way * given["model_output"]
        return end
    if isinstance(result, tuple):
        return result[1] if len(result) > 1 else None
    return getattr(result, "pred_original_sample", None)


def _equal(one: Any, other: Any) -> bool:
    """Compare what schedulers keep: numbers, tensors, arrays, and lists of them."""
    if one is other:
        return True
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        # DDIM moves its tables to the GPU the first time that it adds noise there.
        there = other.to(one.device)
        return one.shape == other.shape and bool(torch.equal(one, there))
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    if type(one) is not type(other):
        return False
    return bool((one == other) if not hasattr(one, "all") else (one == other).all())
