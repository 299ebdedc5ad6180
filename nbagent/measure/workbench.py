"""A renderer and a store of its own in one process: what benches and evaluations use.

It makes clips exactly as a worker does, without the engine around it.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nbagent.acts.plan import Plan
from nbagent.conversation import fitting
from nbagent.conversation.compose import compose
from nbagent.conversation.single import Composed
from nbagent.conversation.sources import Sources, find_sources
from nbagent.language.state import State
from nbagent.ledger import Ledger
from nbagent.media import read_video
from nbagent.models.cards import model_card
from nbagent.render.scorers import Scorers
from nbagent.settings import Settings
from nbagent.system.numerics import Verdicts
from nbagent.take import MAX_SEED, Job, Progress, Take

if TYPE_CHECKING:
    from nbagent.render.renderer import Renderer

Frames = npt.NDArray[np.uint8]
PROMPT = "a red ball crosses the beach, sunset"


class Workbench:
    """Renders takes of one model into a folder.

    Args:
        folder: An empty folder for the store.
        model: `pocket`, or a folder saved by a diffusers pipeline.
    """

    def __init__(self, folder: Path, model: str = "pocket") -> None:
        self.folder = folder
        self.ledger = Ledger(folder)
        self.model = model

    @cached_property
    def renderer(self) -> Renderer:
        """The renderer, and torch with it, when the first clip is made here."""
        from nbagent.render.renderer import Renderer

        settings = Settings.from_env()
        return Renderer(
            verdicts=Verdicts(folder=settings.runtime),
            scorers=Scorers.found(settings),
        )

    def take(self, prompt: str, **changes: Any) -> Take:
        """Return a take of the model's defaults, with these fields changed."""
        card = model_card(self.model)
        fields = {k: v for k, v in asdict(card).items() if k in Take.__slots__}
        take = Take(
            operation="generate",
            model=self.model,
            model_revision=card.revision,
            prompt=prompt,
            shot={},
            seed=0,
            **fields,
        )
        return replace(take, **changes)

    def composed(
        self, plan: Plan, sources: Sources | None = None, **options: Any
    ) -> Composed:
        """Return what a plan comes to, composed as a turn's is."""
        composed = compose(
            plan,
            request=plan.prompt,
            options=options,
            card=model_card(self.model),
            sources=sources or Sources(),
        )
        for part in composed.parts:
            self.ledger.add_take(part)
        return composed

    def sources(
        self,
        plan: Plan,
        target: Take | None = None,
        values: Mapping[str, object] = MappingProxyType({}),
    ) -> Sources:
        """Look up what a plan is about, as a turn does.

        Args:
            plan: What is asked.
            target: The take that it is asked of.
            values: The notebook's variables that it names.
        """
        sources = find_sources(
            plan,
            State(),
            ledger=self.ledger,
            named=self.ledger.take,
            values=values,
            target=target,
        )
        return fitting.measured(sources, self.ledger)

    def job(self, take: Take, seeds: Sequence[int] = ()) -> Job:
        """Enter a take in the ledger; return the job that renders it, or tries others."""
        take_id, seeds = self.ledger.add_take(take), tuple(seeds)
        job_id = self.ledger.jobs.add(take_id, None, "interactive", None, seeds)
        return Job(id=job_id, take=take, store=str(self.folder), seeds=seeds)

    def run(
        self, job: Job, report: Callable[[Progress], None] = lambda _: None
    ) -> dict[str, Any]:
        """Render a job and return its artifact's facts."""
        return self.renderer.run(job, report=report, cancelled=lambda: False)

    def timed(
        self, take: Take, previews: list[tuple[int, float]] | None = None
    ) -> float:
        """Render a take and return its seconds; collect each preview's step and cost."""
        job = self.job(take)

        def report(progress: Progress) -> None:
            if previews is None or progress.phase != "denoise" or not progress.step:
                return
            began = time.monotonic()
            if self.renderer.preview(job):
                previews.append((progress.step, time.monotonic() - began))

        start = time.monotonic()
        self.run(job, report)
        return time.monotonic() - start

    def cpu_s(self, take: Take, steps: list[float] | None = None) -> float:
        """Return the processor seconds of rendering a take; collect those of each step."""
        job = self.job(take)
        began_s = last_s = time.process_time()

        def report(progress: Progress) -> None:
            nonlocal last_s
            now_s = time.process_time()
            if steps is not None and progress.step > len(steps):
                steps.append(now_s - last_s)
            last_s = now_s

        self.run(job, report)
        return time.process_time() - began_s

    def frames(self, take: Take) -> Frames:
        """Render a take and return its frames as the clip's file has them."""
        return self.clip(self.job(take))

    def clip(self, job: Job) -> Frames:
        """Render a job and return the frames of the clip that came of it."""
        return read_video(self.ledger.path(self.run(job)["video"]))[0]

    def shown(self, take: Take, best_of: int = 3, step: int = 1) -> tuple[Take, Frames]:
        """Render a take as a notebook does, which tries again where a clip lacks something.

        Args:
            take: The first try.
            best_of: How many seeds are tried at most.
            step: From one to the next; several takes of a turn lie in between.

        Returns:
            The take that is shown, and the frames of its clip.
        """
        tries = range(1, best_of)
        job = self.job(take, [(take.seed + n * step) % (MAX_SEED + 1) for n in tries])
        frames = self.clip(job)
        return self.ledger.take(self.ledger.jobs.get(job.id).take_id), frames


def add_best_of(parser: argparse.ArgumentParser) -> None:
    """Let a command take `--best-of`, as `Workbench.shown` does."""
    parser.add_argument(
        "--best-of",
        type=int,
        default=1,
        choices=(1, 2, 3),
        help="also try other seeds where a clip lacks something, as a notebook does",
    )


def median_ratio(pairs: list[tuple[float, float]]) -> float:
    """Return the median of the first as a share of the second."""
    return round(statistics.median(one / other for one, other in pairs), 3)
