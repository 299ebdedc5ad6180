"""What a conversation has cost so far, and what was saved: told from the ledger.

Seconds are measured. What was saved, and the energy, are estimates, and say how.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from nbagent.conversation.record import Record
from nbagent.errors import NbagentError
from nbagent.ledger import Artifact
from nbagent.models.cards import model_card
from nbagent.system.gpus import Gpu
from nbagent.take import Take

CPU_CORE_WATTS: Final = 10.0
GPU_WATTS: Final = 300.0  # of one that does not tell its limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What was spent on the clips of a conversation.

    Attributes:
        clips: How many were rendered.
        steps: Denoising steps that were run for them.
        seconds: What the workers spent on them, measured.
        drafts_s: What their finals would have taken beyond that.
        kept_s: What the steps would have taken that were left out because somebody kept
            a clip as it looked.
        caches_s: What clips with a step cache would have taken beyond theirs.
        again_s: What it would have taken to render again what was there already.
    """

    clips: int
    steps: int
    seconds: float
    drafts_s: float
    kept_s: float
    caches_s: float
    again_s: float

    def energy_wh(self, watts: float) -> float:
        """Return the energy of those seconds at a steady power."""
        return self.seconds * watts / 3600


def spending(record: Record) -> Spending:
    """Add up what the clips of a conversation took."""
    ledger = record.ledger
    made: dict[str, tuple[Take, Artifact]] = {}
    again_s = 0.0
    for row in record.rows():
        take, artifact = ledger.take(row.take_id), ledger.artifact(row.take_id)
        if artifact is None or take.is_recut or not take.model:
            continue
        if take.id in made:
            again_s += artifact.seconds_rendered
        made[take.id] = take, artifact
    takes = [take for take, _ in made.values()]
    left_out = {take.id: _left_out(take) for take in takes}
    steps = {take.id: take.num_run_steps - left_out[take.id] for take in takes}
    rate = {i: a.seconds_rendered / max(1, steps[i]) for i, (_, a) in made.items()}
    return Spending(
        clips=len(made),
        steps=sum(steps.values()),
        seconds=sum(a.seconds_rendered for _, a in made.values()),
        drafts_s=sum(rate[t.id] * _spared_by_draft(t) for t in takes),
        kept_s=sum(rate[i] * n for i, n in left_out.items()),
        caches_s=sum(
            _spared_by_cache(t, takes, rate.__getitem__, steps[t.id]) for t in takes
        ),
        again_s=again_s,
    )


def power(gpu: Gpu | None) -> tuple[float, str]:
    """Return the watts that are reckoned with, and a sentence that says how.

    Args:
        gpu: The one that renders; None if the processor does.
    """
    if gpu is not None:
        watts = gpu.watts or GPU_WATTS
        whose = "its power limit" if gpu.watts else "a usual limit"
        return watts, (
            "The energy is an estimate: the seconds of rendering, as if the GPU had drawn"
            f" {whose} ({watts:.0f} W) all the time."
        )
    cores = os.cpu_count() or 1
    return cores * CPU_CORE_WATTS, (
        "The energy is an estimate: the seconds of rendering, at"
        f" {CPU_CORE_WATTS:.0f} W for each of {cores} cores."
    )


def _left_out(take: Take) -> int:
    """Return the steps that were not run of a clip which somebody kept early."""
    return 0 if take.stop_step is None else take.num_inference_steps - take.stop_step


def _spared_by_draft(take: Take) -> int:
    """Return how many more steps the final of a draft would have run."""
    if take.quality != "draft":
        return 0
    try:
        steps = model_card(take.model).num_inference_steps
    except NbagentError:  # its model is not here any more
        return 0
    more = max(0, steps - take.num_inference_steps)
    return round(more * take.num_run_steps / take.num_inference_steps)


def _spared_by_cache(
    take: Take, takes: Sequence[Take], rate: Callable[[str], float], steps: int
) -> float:
    """Compare a clip with a step cache with those of its size that had none."""
    if not take.caching:
        return 0.0

    def canvas(one: Take) -> tuple[object, ...]:
        return one.model, one.num_frames, one.height, one.width

    plain = [rate(t.id) for t in takes if not t.caching and canvas(t) == canvas(take)]
    if not plain:
        return 0.0
    return max(0.0, statistics.median(plain) - rate(take.id)) * steps
