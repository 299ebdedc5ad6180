"""The seam: one job's hold on a stock diffusers pipeline, from outside its loop.

    Tap     the job's own scheduler: sees every step, and can put back its memory
    Gate    the pipeline's `interrupt`, read at the head of each step, computed by us
    Inject  `prepare_latents`, which may return latents of ours

Together they start a pipeline at step k from given latents, watch it, pause it and
stop it, for every family alike. There is no denoising loop here. Per-job state lives
in `Seam`; the weights are shared, and no pipeline object is ever shared by two jobs.

All three override by class, never by an attribute of an instance: some pipelines
deep-copy their scheduler, and a closure on the instance would go on stepping the
original. `functools.wraps` keeps signatures, which pipelines inspect.
"""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import torch
from diffusers import DiffusionPipeline

from nbagent.errors import JobFailed
from nbagent.render.texts import TextCache

_MISSING = object()
# Not memory of the solver: its configuration, and our own hold on it.
_FIXED = frozenset({"_internal_dict", "_seam"})


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
    """Go on after `step` steps exactly where another run stood."""

    step: int
    latents: torch.Tensor
    scheduler: dict[str, Any]
    generator: torch.Tensor  # its state, uint8


Start = Fresh | Noised | Resumed


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Latents that are known beforehand and stay: re-noised at each step, exact at the end.

    Attributes:
        latents: Shaped as the pipeline's step callback shows them.
        mask: True where they are known; broadcasts to the latents.
    """

    latents: torch.Tensor
    mask: torch.Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What the loop shows after one step."""

    index: int  # of the step that was just taken, from 0
    latents: torch.Tensor
    x0: torch.Tensor | None  # the clip as the model now expects it to end


class Seam:
    """One job's plan and state, shared by its tap, its gate and its injection.

    Args:
        generator: Makes all of the job's noise; on the CPU, so that a seed means the
            same clip on every device.
        start: Where the loop starts.
        known: What stays as it is, if anything does.
        stop_step: The step, from 1, that is made the last one; None is the schedule's.
        texts: Where encoded prompts are kept from job to job, if they are.
        before_step: Called at the head of each step that runs, or once before decoding
            if none does; may wait or raise.
        after_step: Called with each finished step.
    """

    def __init__(
        self,
        *,
        generator: torch.Generator,
        start: Start,
        known: Known | None = None,
        stop_step: int | None = None,
        texts: TextCache | None = None,
        before_step: Callable[[], None],
        after_step: Callable[[Step], None],
    ) -> None:
        self.generator = generator
        self.start = start
        self.known = known
        self.stop_step = stop_step
        self.texts = texts
        self.before_step = before_step
        self.after_step = after_step
        self.start_step = start.step if isinstance(start, Resumed) else 0
        self.num_steps = 0
        self.x0: torch.Tensor | None = None
        self._heads = 0
        self._stops_soon = False
        self._latents: torch.Tensor | None = None
        self._noise: torch.Tensor | None = None
        self._scheduler: Any = None
        self._pristine: dict[str, Any] = {}
        self._started = False

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """A copied scheduler still belongs to this job."""
        return self

    def open(self, pipe: DiffusionPipeline) -> DiffusionPipeline:
        """Return a pipeline of this job's own, over the same weights."""
        # What `__init__` names is either a component or a configured value, such as
        # Wan's `boundary_ratio`; both are in the config.
        kind: Any = type(pipe)
        names = list(inspect.signature(kind.__init__).parameters)[1:]
        given = dict(pipe.config) | pipe.components
        values = {name: given[name] for name in names if name in given}
        self._scheduler = _tapped(pipe.scheduler, self)
        session = _gated(kind)(**(values | {"scheduler": self._scheduler}))
        session.nbagent_seam = self
        session.set_progress_bar_config(disable=True)
        return session

    def snapshot(self) -> dict[str, Any]:
        """Return everything that the scheduler has changed since its schedule.

        A list of known names would be shorter and wrong: each solver remembers other
        things. The values are its own, not copies: encode them before the next step.
        """
        return {
            name: value
            for name, value in vars(self._scheduler).items()
            if name not in _FIXED
            and not _equal(value, self._pristine.get(name, _MISSING))
        }

    def stop(self) -> None:
        """Make the step that runs the last one, and the clip of what it shows then."""
        self._stops_soon = True

    # Called by the three overrides

    def scheduled(self) -> None:
        """The tap has a schedule: remember it, and find the step to start at."""
        self.num_steps = len(self._scheduler.timesteps)
        self._pristine = {
            name: copy.deepcopy(value)
            for name, value in vars(self._scheduler).items()
            if name not in _FIXED
        }
        if isinstance(self.start, Noised):
            # As the stock video-to-video pipelines count, but never zero steps: a
            # weak remix of a short draft would return its parent untouched.
            run = max(1, min(int(self.num_steps * self.start.strength), self.num_steps))
            self.start_step = self.num_steps - run

    def inject(self, prepared: Any) -> Any:
        """Replace the latents that a pipeline prepared by ours."""
        if isinstance(self.start, Fresh) and self.known is None:
            return prepared
        several = isinstance(prepared, tuple)
        latents: torch.Tensor = prepared[0] if several else prepared
        for given in (self.start, self.known):
            if isinstance(given, Noised | Resumed | Known):
                _check_shape(given.latents, latents)
        # What is held is noised by the seed's own noise, in a resumed run too.
        self._noise = latents.clone()
        if isinstance(self.start, Resumed):
            # A clone, since some pipelines write into what they prepared.
            latents = self.start.latents.to(latents.device).clone()
        # A `Noised` start fills this very tensor later: some families make their
        # schedule only after their latents. Until then it is the seed's own noise.
        self._latents = latents
        return (latents, *prepared[1:]) if several else latents

    def skip(self) -> bool:
        """Say at the head of a step whether to pass over it; wait, raise or start."""
        index = self._heads
        self._heads += 1
        if self.stop_step is not None and index >= self.stop_step:
            return True
        if index < self.start_step:
            # At each skipped head, because a pipeline may draw between its latents
            # and its loop, and after a loop that was skipped to its end.
            if isinstance(self.start, Resumed):
                self.generator.set_state(self.start.generator)
            if index + 1 == self.num_steps:  # only decoding is left: it needs a turn
                self.before_step()
            return True
        self.before_step()
        if index == self.start_step:
            self._enter()
        return False

    def hold(self, latents: torch.Tensor, step: int | None = None) -> None:
        """Put what is known into the latents of a step, else of the one that is next."""
        if self.known is None:
            return
        known = self._at_step(self._heads if step is None else step, self.known.latents)
        mask = self.known.mask.to(latents.device)
        latents.copy_(torch.where(mask, known.to(latents), latents))

    def settle(self, latents: torch.Tensor) -> None:
        """Put the end that is expected into the latents of a step that is the last."""
        if not (self._stops_soon or self._heads == self.stop_step):
            return
        if self.x0 is None:
            raise JobFailed(
                f"{type(self._scheduler).__name__} does not tell how a clip will look:"
                " it can only be rendered to its end"
            )
        self.stop_step = self._heads
        latents.copy_(self.x0)
        self.hold(latents, self.num_steps)

    def check_sample(self, sample: torch.Tensor) -> None:
        """Make sure, once, that the loop runs on the latents we gave it."""
        if self._started or self._latents is None:
            return
        self._started = True
        if not torch.equal(sample.to(self._latents.dtype), self._latents):
            raise JobFailed(
                f"{type(self._scheduler).__name__}'s pipeline did not take the latents"
                " it was given: this model can only generate"
            )

    def _enter(self) -> None:
        if isinstance(self.start, Resumed):
            vars(self._scheduler).update(self.start.scheduler)
        elif self._latents is not None:
            if isinstance(self.start, Noised):
                noised = self._at_step(self.start_step, self.start.latents)
                self._latents.copy_(noised)
            self.hold(self._latents, self.start_step)

    def _at_step(self, index: int, clean: torch.Tensor) -> torch.Tensor:
        """Return clean latents at the noise level of a step; behind the last, clean."""
        assert self._noise is not None
        if index == self.num_steps:
            return clean
        # Flow-matching schedulers have no such factor; the others scale by it.
        noise = self._noise / getattr(self._scheduler, "init_noise_sigma", 1.0)
        timestep = self._scheduler.timesteps[index].reshape(1)
        return _noised(
            self._scheduler, clean.to(noise), noise, timestep.expand(len(noise))
        )


def _check_shape(given: torch.Tensor, latents: torch.Tensor) -> None:
    if given.shape != latents.shape:
        raise JobFailed(
            f"latents of shape {tuple(given.shape)} do not fit this take's"
            f" {tuple(latents.shape)}: keep the frame count and the size"
        )


def _noised(
    scheduler: Any, known: torch.Tensor, noise: torch.Tensor, timestep: torch.Tensor
) -> torch.Tensor:
    """Return known latents at the noise level of a timestep, by the scheduler's rule."""
    noised: torch.Tensor
    if not hasattr(scheduler, "scale_noise"):
        noised = scheduler.add_noise(known, noise, timestep)
    elif scheduler.config.get("invert_sigmas"):
        # Mochi counts its sigmas from noise to clip.
        noised = scheduler.scale_noise(noise, timestep, known)
    else:
        noised = scheduler.scale_noise(known, timestep, noise)
    return noised


def _tapped(scheduler: Any, seam: Seam) -> Any:
    kind: Any = type(scheduler)
    tap = kind.from_config(scheduler.config)
    tap.__class__ = _tap_class(kind)
    tap._seam = seam  # noqa: SLF001  the attribute is ours
    return tap


@functools.cache
def _tap_class(base: Any) -> Any:
    """Return a scheduler class that shows its steps to the seam."""
    signature = inspect.signature(base.step)

    @functools.wraps(base.set_timesteps)
    def set_timesteps(self: Any, *args: Any, **kwargs: Any) -> None:
        base.set_timesteps(self, *args, **kwargs)
        self._seam.scheduled()

    def set_begin_index(self: Any, begin_index: int = 0) -> None:
        base.set_begin_index(self, begin_index + self._seam.start_step)

    @functools.wraps(base.step)
    def step(self: Any, *args: Any, **kwargs: Any) -> Any:
        call = signature.bind(self, *args, **kwargs)
        given = call.arguments
        self._seam.check_sample(given["sample"])
        # Wan passes no generator to its scheduler, and a stochastic solver would
        # then draw from the process-wide one: another clip on each run.
        if "generator" in signature.parameters and given.get("generator") is None:
            given["generator"] = self._seam.generator
        # CogVideoX keeps the DPM solver's memory in a local of its loop, which a
        # resumed loop has lost. On the scheduler it is part of the snapshot.
        remembers = "old_pred_original_sample" in signature.parameters
        if remembers and given.get("old_pred_original_sample") is None:
            given["old_pred_original_sample"] = getattr(self, "_old_x0", None)
        sample, model_output = given["sample"], given["model_output"]
        result = base.step(*call.args, **call.kwargs)
        latents = result[0] if isinstance(result, tuple) else result.prev_sample
        self._seam.hold(latents)
        self._seam.x0 = _expected_end(self, model_output, sample, result)
        self._seam.settle(latents)
        if remembers:
            self._old_x0 = result[1]
        return result

    members: dict[str, Any] = {
        "set_timesteps": set_timesteps,
        "step": step,
    }
    if hasattr(base, "set_begin_index"):
        members["set_begin_index"] = set_begin_index
    return type(base.__name__, (base,), members)


def _expected_end(
    scheduler: Any, model_output: torch.Tensor, sample: torch.Tensor, result: Any
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
        sigma = scheduler.sigmas[scheduler.step_index - 1]
        return sample + (scheduler.sigmas[-1] - sigma) * model_output
    if isinstance(result, tuple):
        return result[1] if len(result) > 1 else None
    return getattr(result, "pred_original_sample", None)


@functools.cache
def _gated(base: Any) -> Any:
    """Return a pipeline class with the gate, the injection and a memory for texts."""

    @property  # type: ignore[misc]
    def interrupt(self: Any) -> bool:
        return bool(self.nbagent_seam.skip())

    @functools.wraps(base.prepare_latents)
    def prepare_latents(self: Any, *args: Any, **kwargs: Any) -> Any:
        return self.nbagent_seam.inject(base.prepare_latents(self, *args, **kwargs))

    members: dict[str, Any] = {
        "interrupt": interrupt,
        "prepare_latents": prepare_latents,
    }
    if hasattr(base, "encode_prompt"):
        members["encode_prompt"] = _remembering(base.encode_prompt)
    return type(base.__name__, (base,), members)


def _remembering(base: Any) -> Any:
    """Return an `encode_prompt` that looks first whether the text was encoded before."""
    signature = inspect.signature(base)

    @functools.wraps(base)
    def encode_prompt(self: Any, *args: Any, **kwargs: Any) -> Any:
        def encode() -> Any:
            return base(self, *args, **kwargs)

        texts = self.nbagent_seam.texts
        if texts is None:
            return encode()
        given = dict(signature.bind(self, *args, **kwargs).arguments)
        del given["self"]
        return texts.get(given, encode)

    return encode_prompt


def on_step_end(
    pipe: Any, index: int, _timestep: Any, values: dict[str, Any]
) -> dict[str, Any]:
    """Hand a finished step to the seam; the pipeline's `callback_on_step_end`."""
    seam: Seam = pipe.nbagent_seam
    seam.after_step(Step(index=index, latents=values["latents"], x0=seam.x0))
    return values


def _equal(one: Any, other: Any) -> bool:
    """Compare what schedulers keep: numbers, tensors, arrays, and lists of them."""
    if one is other:
        return True
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return one.shape == other.shape and bool(torch.equal(one, other))
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(_equal, one, other))
    if type(one) is not type(other):
        return False
    return bool((one == other) if not hasattr(one, "all") else (one == other).all())
