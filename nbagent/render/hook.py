"""The hook: one job's hold on a stock diffusers pipeline, from outside its loop.

    Tap     the job's own scheduler: sees every step, and can put back its memory
    Gate    the pipeline's `interrupt`, read at the head of each step, computed by us
    Inject  `prepare_latents`, which may return latents of ours

Together they start a pipeline at step k from given latents, watch it, pause it and
stop it, for every family alike. There is no denoising loop here. Per-job state lives
in `PipelineHook`; the weights are shared, and no pipeline object is ever shared by two
jobs.

Loops differ in what they let us do (see `nbagent.render.loop`): most ask `interrupt` at
the head of a step and call back at its end. Those that ask nothing are given a shorter
schedule, and the tap stands in for a missing callback. A clip that is made in sections,
each with a loop of its own, is watched, paused and stopped, and that is all.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Self

import torch
from diffusers import DiffusionPipeline

from nbagent.errors import JobFailed
from nbagent.render.gate import gated, on_step_end
from nbagent.render.loop import Loop, loop_of
from nbagent.render.prompt_cache import TextCache
from nbagent.render.scheduler_tap import changes, noised, tapped
from nbagent.render.start_states import Fresh, Known, Noised, Resumed, Start, Step
from nbagent.take import run_steps


class PipelineHook:
    """One job's plan and state, shared by its tap, its gate and its injection.

    Args:
        generator: Makes all of the job's noise; on the CPU, so that a seed means the
            same clip on every device.
        start: Where the loop starts.
        known: What stays as it is, if anything does.
        stop_step: The step, from 1, that is made the last one; None is the schedule's.
        sections: In how many sections the clip is made; None is one loop for all of it.
        sigmas: Noise levels of the steps, if they are not the scheduler's own to make.
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
        sections: int | None = None,
        sigmas: tuple[float, ...] = (),
        texts: TextCache | None = None,
        before_step: Callable[[], None],
        after_step: Callable[[Step], None],
    ) -> None:
        if sections is not None and (
            known or stop_step or not isinstance(start, Fresh)
        ):
            raise _sectioned()
        self.generator = generator
        self.start = start
        self.known = known
        self.stop_step = stop_step
        self.sections = sections
        self.sigmas = sigmas
        self.texts = texts
        self.before_step = before_step
        self.after_step = after_step
        self.start_step = start.step if isinstance(start, Resumed) else 0
        self.num_steps = 0
        self.x0: torch.Tensor | None = None
        self.taps: list[Any] = []  # the clip's scheduler, then its copies
        self.is_setting_up = False
        self._loop: Loop
        self._channels: int | None = None
        self._pack: Callable[[torch.Tensor], torch.Tensor]
        self._axis = 0  # of time, and how much of it the loop leaves alone
        self._first = 0
        self._heads = 0
        self._stops_soon = False
        self._timesteps: torch.Tensor
        self._shape: torch.Size
        self._latents: torch.Tensor | None = None
        self._streams: list[torch.Tensor] = []
        self._noise: torch.Tensor | None = None
        self._started = False

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """A copied scheduler still belongs to this job."""
        return self

    def open(self, pipe: DiffusionPipeline, **parts: Any) -> DiffusionPipeline:
        """Return a pipeline of this job's own, over the same weights.

        Args:
            pipe: Holds the weights; it is not called itself.
            parts: Components of this job's own, in place of the pipeline's.
        """
        # What `__init__` names is either a component or a configured value, such as
        # Wan's `boundary_ratio`; both are in the config.
        kind: Any = type(pipe)
        names = list(inspect.signature(kind.__init__).parameters)[1:]
        given = dict(pipe.config) | pipe.components | parts
        values = {name: given[name] for name in names if name in given}
        self._loop = loop_of(kind)
        # Kandinsky carries what conditions its latents behind them, channels last.
        denoiser = getattr(pipe, "transformer", None) or pipe.unet
        self._channels = denoiser.config.get("in_visual_dim")
        if hasattr(kind, "_pack_latents"):
            self._pack = functools.partial(
                kind._pack_latents,  # noqa: SLF001  a function of the class
                patch_size=denoiser.config.patch_size,
                patch_size_t=denoiser.config.patch_size_t,
            )
        tap = tapped(pipe.scheduler, self)
        session = gated(kind)(**(values | {"scheduler": tap}))
        session.nbagent_hook = self
        session.set_progress_bar_config(disable=True)
        return session

    def callback(self) -> dict[str, Any]:
        """Return what the pipeline's call takes in addition, so that we see its steps."""
        if not self._loop.has_callback:
            return {}
        return {
            "callback_on_step_end": on_step_end,
            "callback_on_step_end_tensor_inputs": ["latents"],
        }

    def state(self, step: Step) -> Resumed:
        """Return where the job stands after a step; encode it before the next one.

        Raises:
            JobFailed: If the clip is made in sections.
        """
        if self.sections is not None:
            raise _sectioned()
        return Resumed(
            step=step.index + 1,
            latents=step.latents,
            schedulers=[changes(tap) for tap in self.taps],
            streams=[tap.nbagent_result[0] for tap in self.taps[1:] if self._streams],
            generator=self.generator.get_state(),
        )

    @property
    def can_stop(self) -> bool:
        """Whether the step that runs may be made the last one."""
        is_whole = self.sections is None and self.x0 is not None
        return is_whole and self._loop.has_gate

    def stop(self) -> None:
        """Make the step that runs the last one, and the clip of what it shows then."""
        self._stops_soon = True

    # Called by the three overrides

    def scheduled(self) -> None:
        """The tap has a schedule: find the step to start at."""
        scheduler = self.taps[0]
        self._timesteps = scheduler.timesteps
        self.num_steps = len(self._timesteps) * (self.sections or 1)
        if isinstance(self.start, Noised):
            run = run_steps(self.num_steps, self.start.strength)
            self.start_step = self.num_steps - run
        if self.start_step and not self._loop.has_gate:
            # For the loop, which has it by its first head; the solver needs it whole.
            scheduler.timesteps = self._timesteps[self.start_step :]
            self._heads = self.start_step
            if hasattr(scheduler, "set_begin_index"):
                scheduler.set_begin_index(0)

    def inject(self, prepared: Any) -> Any:
        """Replace the latents that a pipeline prepared by ours."""
        several = isinstance(prepared, tuple)
        latents: torch.Tensor = prepared[0] if several else prepared
        self._shape = self._own(latents).shape
        self._axis = 2 if latents.ndim == 5 and self._channels is None else 1
        if self._loop.keeps_first:
            # LTX packs its latents, and says beside them which tokens are a picture's.
            self._first = int(prepared[1][0].sum()) if latents.ndim == 3 else 1
        if self._heads and self.start_step == self.num_steps:
            self._pass_over()  # no step is left, so no head will come
        if isinstance(self.start, Fresh) and self.known is None:
            return prepared
        for given in (self.start, self.known):
            if isinstance(given, Noised | Resumed | Known):
                _check_shape(given.latents, self._shape)
        # What is held is noised by the seed's own noise, in a resumed run too.
        self._noise = self._own(latents).clone()
        if isinstance(self.start, Resumed):
            # A copy, since some pipelines write into what they prepared.
            latents = latents.to(self.start.latents.dtype, copy=True)
            self._own(latents).copy_(self.start.latents)
        # A `Noised` start fills this very tensor later: some families make their
        # schedule only after their latents. Until then it is the seed's own noise.
        self._latents = self._own(latents)
        return (latents, *prepared[1:]) if several else latents

    def inject_stream(self, prepared: torch.Tensor) -> torch.Tensor:
        """Replace what is denoised beside the clip, where a run goes on."""
        if isinstance(self.start, Resumed):
            kept = self.start.streams[len(self._streams)]
            prepared = kept.to(prepared.device, copy=True)
        self._streams.append(prepared)
        return prepared

    def skip(self) -> bool:
        """Say at the head of a step whether to pass over it; wait, raise or start."""
        index = self._heads
        self._heads += 1
        self.is_setting_up = False
        if self.stop_step is not None and index >= self.stop_step:
            return True
        if index < self.start_step:
            is_last = index + 1 == self.num_steps  # only decoding is left
            self.is_setting_up = (
                self._loop.sets_up and index == 0 and self.start_step < self.num_steps
            )
            self._pass_over(needs_turn=is_last or self.is_setting_up)
            return not self.is_setting_up
        self.before_step()
        if index == self.start_step:
            self._enter()
        return False

    def scaled(self) -> None:
        """The loop is at the head of a step, which it does not ask us about."""
        if not self._loop.has_gate:
            self.taps[0].timesteps = self._timesteps
            self.skip()

    def stepped(self, latents: torch.Tensor, x0: torch.Tensor | None) -> None:
        """The tap has taken a step: hold what is known, and see what is expected."""
        self.x0 = None if x0 is None else self._as_prepared(x0)
        if not self._first:
            latents = self._as_prepared(latents)
            self.hold(latents)
        if not self._loop.has_callback:
            self.finished(latents)

    def finished(self, latents: torch.Tensor) -> None:
        """The loop is through with a step."""
        latents = self._own(latents)
        if self.is_setting_up:
            if self._latents is not None:
                self._latents = latents  # LTX-2 puts them together anew
            return
        ends = [self.x0]
        # SkyReels' diffusion forcing has a scheduler for each latent frame.
        has_parts = len(self.taps) > 1 and not self._streams
        if has_parts:
            ends = [tap.nbagent_result[1] for tap in self.taps[1 + self._first :]]
        if has_parts or self._first:
            self.hold(latents)
            self.x0 = self._with_first(latents, ends)
        self._settle(latents)
        self.after_step(Step(index=self._heads - 1, latents=latents, x0=self.x0))

    def hold(self, latents: torch.Tensor, step: int | None = None) -> None:
        """Put what is known into the latents of a step, else of the one that is next."""
        if self.known is None:
            return
        step = self._heads if step is None else step
        at = self.num_steps if self.known.is_clean else step
        known = self._at_step(at, self.known.latents).to(latents)
        mask = self.known.mask.to(latents.device).expand(latents.shape)
        if (
            step < self.num_steps
        ):  # a picture's latents are clean from the first step on
            latents, known, mask = map(self._denoised, (latents, known, mask))
        latents.copy_(torch.where(mask, known, latents))

    def _settle(self, latents: torch.Tensor) -> None:
        """Put the end that is expected into the latents of a step that is the last."""
        if not (self._stops_soon or self._heads == self.stop_step):
            return
        if not self.can_stop or self.x0 is None:
            raise JobFailed(
                "this model can only render to the end"
                f" ({type(self.taps[0]).__name__}): ask for the whole clip"
            )
        self.stop_step = self._heads
        latents.copy_(self.x0)
        self.hold(latents, self.num_steps)

    def check_sample(self, sample: torch.Tensor) -> None:
        """Make sure, once, that the loop runs on the latents we gave it."""
        if self._started or self._latents is None:
            return
        self._started = True
        # Cosmos asks its scheduler about the latents twice over, for its guidance.
        sample = self._as_prepared(sample)[: len(self._latents)]
        given = self._denoised(self._latents)
        if not torch.equal(sample.to(given.dtype), given):
            raise JobFailed(
                "this model ignored the latents it was given"
                f" ({type(self.taps[0]).__name__}): it can only generate, so ask"
                " for a new clip"
            )

    def _pass_over(self, *, needs_turn: bool = True) -> None:
        # At each skipped head, because a pipeline may draw between its latents and
        # its loop, and after a loop that was skipped to its end.
        if isinstance(self.start, Resumed):
            self.generator.set_state(self.start.generator)
        if needs_turn:
            self.before_step()

    def _enter(self) -> None:
        if isinstance(self.start, Resumed):
            self.generator.set_state(self.start.generator)
            for tap, state in zip(self.taps, self.start.schedulers, strict=True):
                vars(tap).update(state)
        elif self._latents is not None:
            if isinstance(self.start, Noised):
                clean = self._at_step(self.start_step, self.start.latents)
                self._denoised(self._latents).copy_(self._denoised(clean))
                self._quieten()
            self.hold(self._latents, self.start_step)

    def _quieten(self) -> None:
        """Let what runs beside a remix start late too; a clip keeps none: from nothing."""
        for tap, stream in zip(self.taps[1:], self._streams, strict=False):
            timestep = tap.timesteps[self.start_step].reshape(1).expand(len(stream))
            nothing = torch.zeros_like(stream)
            stream.copy_(noised(tap, nothing, stream.clone(), timestep))

    def _at_step(self, index: int, clean: torch.Tensor) -> torch.Tensor:
        """Return clean latents at the noise level of a step; behind the last, clean."""
        assert self._noise is not None
        if index == self.num_steps:
            return clean
        # Flow-matching schedulers have no such factor; the others scale by it.
        noise = self._noise / getattr(self.taps[0], "init_noise_sigma", 1.0)
        timestep = self._timesteps[index].reshape(1).expand(len(noise))
        return noised(self.taps[0], clean.to(noise), noise, timestep)

    def _own(self, latents: torch.Tensor) -> torch.Tensor:
        """Return the part of the latents that is the clip."""
        return latents if self._channels is None else latents[..., : self._channels]

    def _denoised(self, latents: torch.Tensor) -> torch.Tensor:
        """Return the part that the loop steps: all but the latents of a picture."""
        left = latents.shape[self._axis] - self._first
        return latents.narrow(self._axis, self._first, left)

    def _with_first(
        self, latents: torch.Tensor, ends: list[torch.Tensor | None]
    ) -> torch.Tensor | None:
        """Return latents in which what the loop steps is what is expected of it."""
        known = [end for end in ends if end is not None]
        if len(known) < len(ends):
            return None
        whole = latents.clone()
        is_frame = known[0].ndim < latents.ndim
        end = torch.stack(known, dim=self._axis) if is_frame else known[0]
        self._denoised(whole).copy_(end)
        return whole

    def _as_prepared(self, latents: torch.Tensor) -> torch.Tensor:
        """Return latents in the loop's order.

        ModelScope steps its frames as a batch, LTX with a picture its tokens unpacked.
        """
        if latents.ndim == len(self._shape):
            return latents
        if latents.ndim > len(self._shape):
            return self._pack(latents)
        return latents.unflatten(0, (self._shape[0], -1)).transpose(1, 2)


def _sectioned() -> JobFailed:
    return JobFailed(
        "this model makes a clip in sections, so it cannot start or stop at a step"
        " or keep parts: ask for the whole clip"
    )


def _check_shape(given: torch.Tensor, shape: torch.Size) -> None:
    if given.shape != shape:
        raise JobFailed(
            f"latents of shape {tuple(given.shape)} do not fit this take's"
            f" {tuple(shape)}: keep the frame count and the size"
        )
