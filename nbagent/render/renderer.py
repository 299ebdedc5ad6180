"""The worker's job loop: one take in, one clip in the ledger out.

The steps are those of a diffusers pipeline, in its order; the denoising loop is the
pipeline's own, held through the hook. What makes a job survive is on disk before the
work that could lose it: a checkpoint between steps, the final latents before decoding.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import diffusers
import numpy as np
import torch
import transformers

from nbagent.charts.chart_renderer import draw
from nbagent.errors import Cancelled, JobFailed, NbagentError, StoreError
from nbagent.ledger import Artifact, Ledger
from nbagent.media import animated_webp
from nbagent.models import hub
from nbagent.models.cards import ModelCard, model_card
from nbagent.models.memory import needs_of
from nbagent.models.names import hub_commit, is_here, on_hub
from nbagent.render.arguments import call_arguments, give_size, own_parts
from nbagent.render.caches import denoisers
from nbagent.render.decode import out_of_memory
from nbagent.render.held_frames import KnownFrames, known_frames
from nbagent.render.hook import PipelineHook
from nbagent.render.job_run import Work
from nbagent.render.latents import unpack
from nbagent.render.model_cache import Shelf
from nbagent.render.parents import latents_of, missing
from nbagent.render.pipelines import Loaded
from nbagent.render.scorers import Look, Scorers
from nbagent.render.selfcheck import NoNumbers, no_numbers
from nbagent.render.start_states import Fresh, Known, Noised, Resumed, Start, Step
from nbagent.render.tries import Made, best
from nbagent.system.numerics import Kernels, Verdicts
from nbagent.take import Job, Progress, Take

_log = logging.getLogger(__name__)


class Renderer:
    """Holds a worker's loaded models and renders its jobs.

    Jobs may run in several threads, each with its own session over the same weights.
    One of them is inside a model at a time: `turn` is where it lets others pass.

    Args:
        memory_bytes: What models may take on the device; None is what is free there.
        compiles: Whether networks are compiled (see `nbagent.render.compiling`).
        verdicts: In which ways models' numbers hold here; None remembers it itself.
        scorers: Who looks at finished clips; nobody, if not given.
    """

    def __init__(
        self,
        memory_bytes: int | None = None,
        *,
        compiles: bool = False,
        verdicts: Verdicts | None = None,
        scorers: Scorers | None = None,
    ) -> None:
        self.scorers = scorers or Scorers({})
        self.shelf = Shelf(memory_bytes, compiles=compiles, verdicts=verdicts)
        self._told: set[tuple[str, Kernels]] = set()  # how a model is computed here
        # Two notebooks with stores of their own may both have a j1 here.
        self._running: dict[tuple[str, str], tuple[Work, PipelineHook, Loaded]] = {}
        # More threads than this cost a small model more than they bring it, and
        # leave nothing for the kernel; fewer, if the environment says so.
        torch.set_num_threads(min(2, torch.get_num_threads()))
        # Its warnings go to a log that nobody reads; what matters we check ourselves.
        diffusers.utils.logging.set_verbosity_error()
        diffusers.utils.logging.disable_progress_bar()
        transformers.utils.logging.disable_progress_bar()

    def warm(self, model: str) -> None:
        """Load a model before the first job asks for it, if it is here."""
        if not is_here(model):
            return  # nothing is downloaded before somebody asks for a clip
        self.shelf.get(model_card(model))

    def run(
        self,
        job: Job,
        *,
        report: Callable[[Progress], None],
        cancelled: Callable[[], bool],
        turn: Callable[[], None] | None = None,
    ) -> dict[str, Any]:
        """Render a job's take and return its artifact's facts as plain JSON.

        Args:
            job: What to render; its ledger must know the job and its take.
            report: Called with `running` progress at each phase and step. How it
                ended is said once, by what this function returns or raises.
            cancelled: Asked between steps.
            turn: Called before each step; returns when the job may take it.

        Raises:
            Cancelled: If `cancelled` said so; the checkpoint stays.
            JobFailed: With one line for the user; the checkpoint stays.
        """
        with Ledger(Path(job.store)) as ledger:
            work = Work(job, ledger, report, cancelled, turn)
            try:
                return self._render(work)
            except Cancelled:
                ledger.jobs.record(job.id, "cancelled", message="cancelled")
                raise
            except Exception as error:  # the worker's border: any failure is one line
                failure = _failure(error, work)
                with contextlib.suppress(StoreError):
                    ledger.jobs.record(job.id, "failed", message=str(failure))
                raise failure from error
            finally:
                self._running.pop((job.store, job.id), None)
                self.shelf.leave((job.store, job.id))

    def keep(self, job: Job) -> bool:
        """End a running job after its step, and make the clip of what it shows then."""
        work, hook, _ = self._running.get((job.store, job.id), (None, None, None))
        # Before the first step there is nothing to keep, nor of a part before it.
        if work is None or hook is None or work.asked != job or not hook.can_stop:
            return False
        hook.stop()
        work.is_kept = True
        return True

    def preview(self, job: Job) -> bytes | None:
        """Return an animated webp of a running job's clip as it looks now.

        Made on demand, from any thread; None before the first step and after the end.
        """
        key = (job.store, job.id)
        work, hook, loaded = self._running.get(key, (None, None, None))
        x0 = hook.x0 if hook else None
        if work is None or loaded is None or x0 is None:
            return None
        take = work.job.take
        latents = unpack(x0, loaded.ability, take.height, take.width)
        if take.media == "image":
            latents = latents[:, :1]
        frames = loaded.rgb.frames(latents)
        return animated_webp(frames, take.fps * len(frames) / max(take.num_frames, 1))

    def _render(self, work: Work) -> dict[str, Any]:
        """Render a take, and before it what it builds on and is not there."""
        job, ledger = work.job, work.ledger
        # 1. A take that was rendered before, or what was kept of its tries, is the same clip.
        take = ledger.settled(job.take, job.seeds) if job.seeds else job.take
        made, message = ledger.artifact(take.id), ""
        if made is not None and take.id != job.take.id:
            ledger.replace_take(job.take.id, take)
        if made is None:
            *parts, _ = whole = missing(job.take, ledger)
            for number, part in enumerate(parts, 1):
                self._clip(work.of(part, f"part {number} of {len(whole)}"))
            work.label = f"part {len(whole)} of {len(whole)}" if parts else ""
            made, message = self._clip(work)
        ledger.jobs.record(job.id, "done", phase="write", message=message)
        return asdict(made) | {"message": message}

    def _clip(self, work: Work) -> tuple[Artifact, str]:
        """Make the clip of a take; also what to say of it."""
        if work.job.take.is_drawn:  # a clip goes on from it
            return draw(work.job.take, work.ledger, lambda *_: work.wait())
        return best(work, self._make)

    def _make(self, work: Work) -> Made:
        """Render one take."""
        failed = frozenset[Kernels]()
        while True:
            try:
                return self._attempt(work, failed)
            except NoNumbers as error:
                if failed or error.is_last:
                    raise
                failed = frozenset({error.kernels})
            # Only now is the model of the failed run nobody's: it hung on the error.
            self._running.pop((work.job.store, work.job.id), None)
            self.shelf.leave((work.job.store, work.job.id))
            work.begin_again()

    def _attempt(self, work: Work, failed: frozenset[Kernels]) -> Made:
        """Render a take, computed in a way that has not failed for it."""
        take, ledger = work.job.take, work.ledger
        # 2. Load the model, and fetch what of it is not here.
        work.enter("load")
        if (model := on_hub(take.model)) is not None:
            hub.download(model, hub_commit(take.model_revision), work.loading)
        card = _checked_card(take)
        num_frames = _num_frames(card, take)
        needs = needs_of(card, num_frames, take.height, take.width)
        user = (work.job.store, work.job.id)
        loaded = self.shelf.get(card, needs, user=user, failed=failed)
        # From here on the model is this job's alone, but for other jobs' turns.
        work.wait()
        # 3. Find what is known, and where to start: a checkpoint, the parent's latents,
        #    a step of its run, or noise.
        held = known_frames(take, num_frames, ledger)
        work.goes_on = card.sections is None
        known = None
        if held and card.sections is None:
            known = held.latents(loaded.pipe, loaded.ability, is_clean=card.holds_clean)
        basis = _Basis(loaded=loaded, held=held, known=known)
        start = work.resumed(denoisers(loaded.pipe)) or self._first_start(work, basis)
        # 4. Encode, denoise, decode: the stock pipeline's call. The last step leaves
        #    the final latents in the ledger, so decoding can fail and be tried again.
        hook, output = self._call(work, basis, start)
        if not np.isfinite(output.frames[0]).all():
            raise no_numbers(loaded, take)
        notes, approximations = loaded.notes(), loaded.approximations()
        notes += filter(None, [self._computed(loaded), work.cache.note()])
        frames = (output.frames[0] * 255).round().clip(0, 255).astype(np.uint8)
        if card.sections is not None:
            frames = frames[:num_frames]  # of many, Helios returns some more
        if held:
            if moved := held.drift(frames):
                notes.append(f"{moved} than it began; 'match the colours' fixes that")
            frames = held.restore(frames)
        # 5. Look at it. It is written, and only then called done, by `tries.best`.
        work.enter("write")
        if _is_image(take):
            notes.insert(0, f"a still: the first of {len(frames)} frames")
            frames = frames[:1]
        if hook.stop_step is not None and hook.stop_step != take.stop_step:
            # Stopped by the user: another take, which renders to this again.
            take = replace(take, stop_step=hook.stop_step)
            notes.append(
                f"kept as it looked at step {hook.stop_step} of {hook.num_steps}"
            )
        # From here on there is nothing to stop, until another try has begun.
        self._running.pop((work.job.store, work.job.id), None)
        look, shot = Look(), {**take.shot, "prompt": take.prompt}
        if work.asked is not None:
            look = self.scorers.look(card.base, frames, shot)
            look = look if held is None else look.joined(held.seam(frames))
        return Made(
            work=work,
            take=take,
            frames=frames,
            look=look,
            notes=tuple(filter(None, [*notes, look.note])),
            approximations=tuple(approximations),
        )

    def _computed(self, loaded: Loaded) -> str:
        """Say how a model is computed here, if not in the quickest way: once."""
        key = (loaded.card.revision, loaded.kernels)
        is_new = key not in self._told or bool(loaded.failed)
        self._told.add(key)
        return loaded.computed if is_new else ""

    def _first_start(self, work: Work, basis: _Basis) -> Start:
        """Return where a take starts that has no checkpoint."""
        take, ledger = work.job.take, work.ledger
        if take.is_recut:
            raise JobFailed("a re-cut clip needs no rendering: make it from its frames")
        if take.redirect_step is not None:
            parent = ledger.take(take.parents[0])
            return self._run_to(take.redirect_step, work.of(parent, "as before"), basis)
        strength = 1.0 if take.strength is None else take.strength
        if take.strength is not None and basis.known is not None:
            # The frames that are held are whole: what is under the mask is there too.
            return Noised(latents=basis.known.latents, strength=strength)
        if take.operation == "remix":
            return Noised(
                latents=latents_of(take.source or take.parents[0], ledger),
                strength=strength,
            )
        return Fresh()

    def _run_to(self, num_steps: int, work: Work, basis: _Basis) -> Resumed:
        """Return where a take's run stands after its first steps: there, or run again."""
        until = num_steps - (work.job.take.redirect_step or 0)
        found = work.resumed(denoisers(basis.loaded.pipe), by_step=until)
        if found is not None and work.step == until:
            return found
        start = found or self._first_start(work, basis)
        try:
            self._call(work, basis, start, until=until)
        except _Reached as reached:
            return reached.state
        raise JobFailed(
            f"the run to redirect has no step {num_steps}: say the turn again with"
            " an earlier step"
        )

    def _call(
        self, work: Work, basis: _Basis, start: Start, *, until: int | None = None
    ) -> tuple[PipelineHook, Any]:
        """Call the stock pipeline for a take, from its start to its end."""
        take, loaded = work.job.take, basis.loaded
        num_frames = _num_frames(loaded.card, take)

        def after_step(step: Step) -> None:
            if not step.latents.isfinite().all():
                raise no_numbers(loaded, take, step.index + 1)
            work.after_step(step, hook)
            if work.step == until:
                raise _Reached(hook.state(step))

        hook = PipelineHook(
            generator=torch.Generator("cpu").manual_seed(take.seed),
            start=start,
            known=basis.known,
            stop_step=take.stop_step,
            sections=loaded.card.num_sections(num_frames),
            sigmas=loaded.card.sigmas,
            texts=loaded.texts,
            before_step=work.before_step,
            after_step=after_step,
        )
        self._running[work.job.store, work.job.id] = (work, hook, loaded)
        work.enter("encode" if work.latents_digest is None else "decode")
        loaded.rest()
        session = hook.open(loaded.pipe, **own_parts(loaded.pipe, take))
        give_size(session, take)
        try:
            output = session(
                **call_arguments(loaded, take, num_frames, basis.held),
                **hook.callback(),
                generator=hook.generator,
            )
        finally:
            work.cache.take_off()
        loaded.rest()
        return hook, output


@dataclass(frozen=True, slots=True, kw_only=True)
class _Basis:
    """What a take is made with: a model, and what is known of its clip beforehand.

    Attributes:
        held: In pixels.
        known: The same as the pipeline's own latents, where its loop can hold them.
    """

    loaded: Loaded
    held: KnownFrames | None
    known: Known | None


class _Reached(Exception):
    """A run has come to the step from which another one goes on."""

    def __init__(self, state: Resumed) -> None:
        super().__init__()
        self.state = state


def _checked_card(take: Take) -> ModelCard:
    """Return the card of the take's model, which must still be the one it names."""
    card = model_card(take.model, take.model_revision)
    if take.model_revision and take.model_revision != card.revision:
        raise JobFailed(
            f"{take.model}'s weights have changed since this take was planned"
            f" ({take.model_revision[:11]}): ask for the clip again"
        )
    card.check(_num_frames(card, take), take.height, take.width)
    card.check_take(take)
    return card


def _num_frames(card: ModelCard, take: Take) -> int:
    """Return how many frames are rendered; an image is the first of the fewest."""
    return card.min_num_frames if _is_image(take) else take.num_frames


def _is_image(take: Take) -> bool:
    return take.media == "image"


def _failure(error: Exception, work: Work) -> JobFailed:
    """Say in one line what went wrong and what to do."""
    if isinstance(error, JobFailed):
        return error
    if isinstance(error, NbagentError):
        return JobFailed(str(error))
    take = work.job.take
    if out_of_memory(error):
        return JobFailed(
            f"out of memory at {take.num_frames} frames of"
            f" {take.width}x{take.height}: ask for fewer frames or a smaller size"
        )
    _log.error("job %s of %s", work.job.id, work.job.store, exc_info=error)
    reason = (str(error).strip() or "no reason given").splitlines()[0][:200]
    return JobFailed(
        f"rendering failed in {work.phase} ({type(error).__name__}: {reason}):"
        f" run it again{', it continues from its last checkpoint' * work.goes_on}"
    )
