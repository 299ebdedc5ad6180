"""One job while it runs: what it says of itself, and what it keeps on disk."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from safetensors.torch import save

from nbagent.errors import Cancelled
from nbagent.ledger import Ledger, store_errors
from nbagent.models.hub import size_text
from nbagent.render.caches import StepCache
from nbagent.render.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from nbagent.render.hook import PipelineHook
from nbagent.render.start_states import Resumed, Step
from nbagent.take import Job, Phase, Progress, Take
from nbagent.take.caching import NO_CACHE

# A duration is told only when it was seen more than once.
_STEPS_FOR_ETA = 2
_LOADING_S = 0.5  # between two words on a download


class Work:
    """A job's progress, its clock, its checkpoint and its final latents."""

    def __init__(
        self,
        job: Job,
        ledger: Ledger,
        report: Callable[[Progress], None],
        cancelled: Callable[[], bool],
        turn: Callable[[], None] | None,
    ) -> None:
        self.job = job
        self.asked: Job | None = job  # None of what is made for a job and not shown
        self.ledger = ledger
        self.is_kept = False  # the user wants this one, as far as it came
        self.label = ""  # which part of the job it is, if it has several
        self.goes_on = True  # from a checkpoint, which no clip of sections has
        self.phase: Phase = "load"
        self.latents_digest: str | None = None
        # The job's own, once its model is there.
        self.cache = StepCache([], NO_CACHE)
        # Named by the take: another job for it, after a stop, goes on from here too.
        name = f"{job.take.id.removeprefix('b2:')}.safetensors"
        self.checkpoint_path = ledger.checkpoint_dir / name
        self._report = report
        self._cancelled = cancelled
        self._turn = turn
        self._found: Checkpoint | None = None
        self._step = 0
        self._num_steps = job.take.num_inference_steps
        self._step_times_s: list[float] = []
        self._began_s = time.monotonic()
        self._waited_s = 0.0
        self._loaded_s = -_LOADING_S
        self._step_began_s = self._began_s
        self._saved_s = self._began_s

    def of(self, take: Take, label: str) -> Work:
        """Return the work on another take that the job needs first."""
        job = replace(self.job, take=take, seeds=())
        work = Work(job, self.ledger, self._report, self._cancelled, self._turn)
        work.asked = None
        work.label = label
        return work

    def again(self, take: Take, label: str) -> Work:
        """Return the work on a take that may be shown in place of this one's."""
        work = self.of(take, label)
        work.asked = self.asked
        return work

    @property
    def elapsed_s(self) -> float:
        """Time spent on the job, earlier runs included, waiting for a turn not."""
        earlier = self._found.elapsed_s if self._found else 0.0
        return earlier + time.monotonic() - self._began_s - self._waited_s

    @property
    def step(self) -> int:
        """Steps that the take has taken, earlier runs included."""
        return self._step

    def begin_again(self) -> None:
        """Forget how far the take has come: none of it is of use."""
        self.checkpoint_path.unlink(missing_ok=True)
        self.latents_digest = self._found = None
        self._step = 0
        self._step_times_s.clear()

    def resumed(
        self, networks: list[Any], *, by_step: int | None = None
    ) -> Resumed | None:
        """Return where an earlier run of this very take stood, if there was one.

        Args:
            networks: What denoises.
            by_step: What has gone on for more steps than these is no use.
        """
        self.cache = StepCache(networks, self.job.take.caching)
        found = load_checkpoint(self.checkpoint_path, self.job.take.id)
        if found is None or (
            by_step is not None and found.state.step - found.start_step > by_step
        ):
            return None
        self._found = found
        state = self._found.state
        self.cache.blocks, self.cache.skipped = self._found.cached
        self._step = state.step - self._found.start_step
        self._num_steps = self._found.num_steps - self._found.start_step
        if state.step == self._found.num_steps:  # only decoding is left
            self._keep_latents(state.latents)
        return state

    def enter(self, phase: Phase) -> None:
        """Go to the next phase, unless the user stopped the job."""
        self.phase = phase
        self._check_cancelled()
        self.ledger.jobs.record(
            self.job.id,
            "running",
            phase=phase,
            step=self._step,
            num_steps=self._num_steps,
        )
        self._tell()

    def loading(self, done_bytes: int, all_bytes: int) -> None:
        """Say how much of the model has come; raise if the user stopped the job."""
        self._check_cancelled()
        now_s = time.monotonic()
        if 0 < done_bytes < all_bytes and now_s - self._loaded_s < _LOADING_S:
            return
        self._loaded_s = now_s
        self._report(
            Progress(
                job=self.job.id,
                state="running",
                phase="load",
                step=done_bytes // 10**6,
                num_steps=max(all_bytes // 10**6, 1),
                elapsed_s=self.elapsed_s,
                message=f"{size_text(done_bytes)} of {size_text(all_bytes)} downloaded",
            )
        )

    def wait(self) -> None:
        """Wait for the job's turn; raise if the user stopped it meanwhile."""
        self._check_cancelled()
        if self._turn is not None:
            waits_since_s = time.monotonic()
            self._turn()
            self._waited_s += time.monotonic() - waits_since_s
            self._check_cancelled()

    def before_step(self) -> None:
        """Wait for the job's turn before a step."""
        self.cache.take_off()
        self.wait()
        self.cache.put_on()
        if self.phase == "encode":
            self.enter("denoise")
        self._step_began_s = time.monotonic()

    def after_step(self, step: Step, hook: PipelineHook) -> None:
        """Report a finished step, and put on disk what must not be lost."""
        now_s = time.monotonic()
        self._step_times_s.append(now_s - self._step_began_s)
        start_step = self._found.start_step if self._found else hook.start_step
        self._step = step.index + 1 - start_step
        self._num_steps = hook.num_steps - start_step
        is_stopped = step.index + 1 == hook.stop_step
        is_last = is_stopped or step.index + 1 == hook.num_steps
        if is_last and self.goes_on:
            self._keep_latents(step.latents)
        if self.cache.caching:
            self.cache.stepped(hook.state(step))
        is_due = is_last or now_s - self._saved_s >= self.job.checkpoint_s
        is_due = is_due and self.goes_on
        # A stop leaves what was saved before: the clip may yet be rendered to its end.
        if is_due and not is_stopped:
            self._save(step, hook, start_step)
            self._saved_s = time.monotonic()
        if is_last:
            self.enter("decode")
        else:
            self._tell()

    def _keep_latents(self, latents: torch.Tensor) -> None:
        content = save({"latents": latents.detach().to("cpu", copy=True).contiguous()})
        self.latents_digest = self.ledger.put_file(content, ".safetensors")

    def _save(self, step: Step, hook: PipelineHook, start_step: int) -> None:
        state, cached = hook.state(step), self.cache.counts
        if self.cache.caching and state.step < hook.num_steps:
            if self.cache.restart is None:
                return
            state, cached = self.cache.restart
        checkpoint = Checkpoint(
            take_id=self.job.take.id,
            start_step=start_step,
            num_steps=hook.num_steps,
            elapsed_s=self.elapsed_s,
            state=state,
            cached=cached,
        )
        with store_errors(self.ledger.folder):
            save_checkpoint(self.checkpoint_path, checkpoint)
        self.ledger.jobs.record(
            self.job.id, "running", step=self._step, num_steps=self._num_steps
        )

    def _check_cancelled(self) -> None:
        if self._cancelled():
            raise Cancelled(
                f"job {self.job.id} was stopped after step {self._step} of"
                f" {self._num_steps}: "
                + (
                    "its progress is kept"
                    if self.goes_on
                    else "it starts afresh next time"
                )
            )

    def _tell(self) -> None:
        eta_s = None
        if len(self._step_times_s) >= _STEPS_FOR_ETA:
            left = self._num_steps - self._step
            # The median, since the first step also warms caches up.
            eta_s = statistics.median(self._step_times_s) * left
        self._report(
            Progress(
                job=self.job.id,
                state="running",
                phase=self.phase,
                step=self._step,
                num_steps=self._num_steps,
                elapsed_s=self.elapsed_s,
                eta_s=eta_s,
                message=self.label,
            )
        )
