"""What the ledger hands out: plain values, equal when equal, tied to no connection."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nbagent.take import JobState, Lane, Phase, Take


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One message of the user and what became of it.

    Attributes:
        position: Where it stands in the conversation: its own id, or the position of
            the turn it replaced, so that a re-run cell answers what stood above it.
        cell_id: The notebook cell it came from; None for the panel or a console.
        plan: None until the turn was understood.
        notes: Lines that the user should see, such as what was not understood.
        replaced_by: The turn of the same cell that took its place, if it was re-run.
    """

    id: int
    conversation: str
    position: int
    text: str
    cell_id: str | None
    options: Mapping[str, Any]
    plan: Mapping[str, Any] | None = None
    answer: str | None = None
    error: str | None = None
    notes: str = ""
    replaced_by: int | None = None
    created_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRow:
    """A name of the conversation, such as `c2`, and the take it stands for."""

    name: str
    conversation: str
    turn_id: int
    take_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """The files of a rendered take and what they measure.

    Attributes:
        video: Digest of the mp4; None for a single image.
        poster: Digest of the JPEG of one frame.
        latents: Digest of the final latents; None where no diffusion took place.
        num_frames: Frames in the file, after effects.
        seconds_rendered: Time the worker spent on it.
    """

    video: str | None
    poster: str
    latents: str | None
    num_frames: int
    fps: float
    height: int
    width: int
    duration_s: float
    size_bytes: int
    seconds_rendered: float

    @property
    def digests(self) -> tuple[str, ...]:
        """Every file it names."""
        return tuple(d for d in (self.video, self.poster, self.latents) if d)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """A take on its way through the engine, as the ledger last heard of it.

    Attributes:
        expected_s: Seconds it was expected to take; None if its like was never made.
        keeper: Name of the kernel's ledger that has it in hand (see `locks.Keeper`).
    """

    id: str
    take_id: str
    turn_id: int | None
    lane: Lane
    state: JobState
    phase: Phase | None
    step: int
    num_steps: int
    message: str
    created_at: float
    updated_at: float
    expected_s: float | None = None
    keeper: str | None = None


def turn_from(row: sqlite3.Row) -> Turn:
    """Return the turn in a row of `turns`."""
    values = dict(row)
    values["options"] = json.loads(values["options"])
    values["plan"] = None if values["plan"] is None else json.loads(values["plan"])
    return Turn(**values)


def take_from(row: sqlite3.Row) -> Take:
    """Return the take in a row of `takes`."""
    return Take.from_recipe(json.loads(row["recipe"]))


def is_intact(row: sqlite3.Row) -> bool:
    """Whether a row of `takes` still has the content that its id was made from."""
    try:
        return bool(take_from(row).id == row["id"])
    except ValueError:  # no JSON, or no take
        return False


def job_from(row: sqlite3.Row) -> JobRow:
    """Return the job in a row of `jobs`."""
    values = dict(row)
    return JobRow(id=f"j{values.pop('number')}", **values)
