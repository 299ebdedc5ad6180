"""The loop that trains each of pocket's networks: budget, rate, averages, checkpoints.

What is learnt in a step is the caller's; the loop does what every step has in common.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import torch
import torch.distributed as dist
from torch import Tensor

WARMUP_STEPS: Final = 100
DECAY_SHARE: Final = 0.35  # linear to FINAL_RATE over the last share of the budget
FINAL_RATE: Final = 0.02
EMA: Final = 0.995  # about 200 steps, of the one or two thousand of an hour
GRAD_CLIP: Final = 1.0
CHECKPOINT_S: Final = 120.0


@dataclass(slots=True, kw_only=True)
class Counters:
    """How far a network has come."""

    step: int = 0
    samples: int = 0
    spent_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """When a loop ends, and where it writes."""

    minutes: float
    steps: int | None  # instead of minutes: exact
    stop_after: int | None  # pause at this step
    checkpoint: Path
    resume: bool
    rate: float
    export_minutes: float

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.minutes or self.steps)

    def share(self, step: int, spent_s: float) -> float:
        """Return how much of it is used."""
        return step / self.steps if self.steps else spent_s / (60 * self.minutes)


# Takes how far the loop is and the share of the budget that is used; returns the loss,
# the samples of this process, and what kind of batch it was, for the log.
Lesson = Callable[[Counters, float], tuple[Tensor, int, int]]


def fit(
    name: str,
    parameters: Mapping[str, Tensor],
    optimizers: Sequence[torch.optim.Optimizer],
    ema: Mapping[str, Tensor],
    lesson: Lesson,
    budget: Budget,
    export: Callable[[], None],
) -> None:
    """Train until the budget is used; parameters then are their averages.

    Runs in every process alike; gradients are averaged over them.

    Args:
        name: For the log.
        parameters: What is trained, by name.
        optimizers: Over these; a group's `gain` is a factor on the rate.
        ema: Their averages, updated in place.
        lesson: What a step learns.
        budget: When to end.
        export: Writes the averages for others to use, now and then.
    """
    world = dist.get_world_size() if dist.is_initialized() else 1
    rank = dist.get_rank() if world > 1 else 0
    count = Counters()
    if budget.resume and budget.checkpoint.exists():
        saved: dict[str, Any] = torch.load(
            budget.checkpoint, map_location="cpu", weights_only=True
        )
        for k, v in saved["model"].items():
            parameters[k].data.copy_(v)
        for k, v in saved["ema"].items():
            ema[k].copy_(v)
        for optimizer, state in zip(optimizers, saved["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        count = Counters(**saved["count"])

    def save() -> None:
        if rank == 0:
            state = {
                "model": {k: p.data for k, p in parameters.items()},
                "ema": dict(ema),
                "optimizers": [o.state_dict() for o in optimizers],
                "count": asdict(count),
            }
            torch.save(state, budget.checkpoint.with_suffix(".tmp"))
            budget.checkpoint.with_suffix(".tmp").replace(budget.checkpoint)

    last = time.monotonic()
    next_save = count.spent_s + CHECKPOINT_S
    next_export = count.spent_s + 60 * budget.export_minutes
    shown_s, shown_samples = count.spent_s, count.samples
    losses: dict[int, list[float]] = {}
    while True:
        # Progress is what rank 0 says, so that all ranks do the same.
        now = time.monotonic()
        count.spent_s, last = count.spent_s + now - last, now
        share = budget.share(count.step, count.spent_s)
        if world > 1:
            shared = torch.tensor([share, count.spent_s], dtype=torch.float64)
            dist.broadcast(shared, 0)
            share, count.spent_s = shared.tolist()
        if share >= 1 or count.step == budget.stop_after:
            break
        rate = budget.rate * schedule(share, count.step)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate * group.get("gain", 1.0)

        loss, samples, kind = lesson(count, share)
        loss.backward()
        count.samples += world * samples

        grads = [p.grad for p in parameters.values() if p.grad is not None]
        if world > 1:
            average(grads, world)
        torch.nn.utils.clip_grad_norm_(parameters.values(), GRAD_CLIP)
        for optimizer in optimizers:
            optimizer.step()
        for p in parameters.values():
            p.grad = None
        count.step += 1
        keep = min(EMA, (1 + count.step) / (10 + count.step))
        current = [p.data for p in parameters.values()]
        torch._foreach_lerp_([ema[k] for k in parameters], current, 1 - keep)

        losses.setdefault(kind, []).append(loss.item())
        if rank == 0 and (count.step % 25 == 0 or count.step in (1, 5)):
            passed = max(count.spent_s - shown_s, 1e-6)
            line = {
                "expert": name,
                "step": count.step,
                "minutes": round(count.spent_s / 60, 2),
                "loss": {k: round(sum(v) / len(v), 4) for k, v in losses.items()},
                "samples": count.samples,
                "samples_per_s": round((count.samples - shown_samples) / passed, 1),
                "rate": round(rate, 6),
            }
            print(json.dumps(line), flush=True)
            losses.clear()
            shown_s, shown_samples = count.spent_s, count.samples
        if budget.steps is None and count.spent_s >= next_save:
            save()
            next_save += CHECKPOINT_S
            if count.spent_s >= next_export:
                export()
                next_export += 60 * budget.export_minutes

    # The average is what ships, and what the next network reads from.
    save()
    for k, p in parameters.items():
        p.data.copy_(ema[k])


def average(grads: list[Tensor], world: int) -> None:
    """Replace gradients by their mean over the processes, in place; bf16 on the way."""
    flat = torch.cat([g.flatten() for g in grads]).bfloat16()
    dist.all_reduce(flat)
    pieces = flat.float().div_(world).split([g.numel() for g in grads])
    for g, piece in zip(grads, pieces, strict=True):
        g.copy_(piece.view_as(g))


def schedule(share: float, step: int) -> float:
    """Return the share of the top rate: warm-up by steps, flat, then linear decay."""
    decay = min(1.0, (1 - share) / DECAY_SHARE)
    return min(1.0, (step + 1) / WARMUP_STEPS) * max(FINAL_RATE, decay)
