"""The take, its parts and its job: values that every room shares; see `take.take`."""

from nbagent.take.effect import Effect
from nbagent.take.hold import ALL, Fit, Hold
from nbagent.take.job import UNFINISHED, Job, JobState, Lane, Phase, Progress
from nbagent.take.take import (
    MAX_SEED,
    TEXTS,
    Operation,
    Quality,
    Take,
    digest,
    run_steps,
    size_text,
)

__all__ = [
    "ALL",
    "MAX_SEED",
    "TEXTS",
    "UNFINISHED",
    "Effect",
    "Fit",
    "Hold",
    "Job",
    "JobState",
    "Lane",
    "Operation",
    "Phase",
    "Progress",
    "Quality",
    "Take",
    "digest",
    "run_steps",
    "size_text",
]
