"""A take on its way through the engine: what travels to a worker, and what it says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from nbagent.errors import SpecError
from nbagent.take.take import Take
from nbagent.take.typed import hints, is_a

Phase = Literal["load", "encode", "denoise", "decode", "draw", "write"]
JobState = Literal["queued", "running", "paused", "done", "failed", "cancelled"]
UNFINISHED: Final[tuple[JobState, ...]] = ("queued", "running", "paused")
Lane = Literal["interactive", "final", "batch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A take on its way through the engine; plain data that travels to the worker.

    Attributes:
        id: Ledger's id of the job, such as `j12`.
        store: Absolute path of the ledger's folder, readable by the worker.
        lane: `interactive` runs before `final`, `final` before `batch`.
        checkpoint_s: Seconds between checkpoints; 0 is every step.
        seeds: What is tried after the take's own seed, in order, where its clip lacks
            something of what was asked: up to two. The best clip is kept.
    """

    id: str
    take: Take
    store: str
    lane: Lane = "interactive"
    checkpoint_s: float = 2.0
    seeds: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no engine can carry: it would stop the jobs of others too."""
        for name, hint in hints(Job).items():
            value = getattr(self, name)
            if not is_a(value, hint):
                raise SpecError(
                    f"a job's {name} cannot be {value!r:.40}: see nbagent.take.Job"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a running job last said of itself.

    `eta_s` is None until two steps were timed: a number is measured or absent.
    `has_draft` says that a draft of it is done and can be played meanwhile.
    """

    job: str
    state: JobState
    phase: Phase | None = None
    step: int = 0
    num_steps: int = 0
    elapsed_s: float = 0.0
    eta_s: float | None = None
    message: str = ""
    has_draft: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON for the wire (under 500 bytes)."""
        return asdict(self)
