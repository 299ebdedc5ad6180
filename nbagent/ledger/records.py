"""What the ledger hands out: plain values, equal when equal, tied to no connection.

SQLite keeps any value in any column, and the file may have come with somebody's notebook:
each value is looked at here, once, so that nobody else meets what nbagent never wrote.
"""

from __future__ import annotations

import functools
import json
import math
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import UnionType
from typing import (
    Any,
    Final,
    Literal,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from nbagent.errors import StoreError
from nbagent.take import MAX_SEED, JobState, Lane, Phase, Take

T = TypeVar("T")

_ADVICE: Final = (
    "nbagent did not write that: move ledger.db out of the store's folder and"
    " nbagent makes a new one; the clips stay in its files, each with its recipe"
    " inside"
)


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
    """A name of the conversation, such as `c2`, and the take it stands for.

    Attributes:
        alias: What the user calls it beside that, such as `sunset`; None for no name.
    """

    name: str
    conversation: str
    turn_id: int
    take_id: str
    alias: str | None = None

    @property
    def number(self) -> int:
        """The number in its name."""
        return int(self.name.removeprefix("c"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """The files of a rendered take and what they measure.

    Attributes:
        video: Digest of the mp4; None for a single image.
        poster: Digest of the JPEG of one frame.
        latents: Digest of the final latents; None where no diffusion took place.
        num_frames: Frames in the file, after effects.
        seconds_rendered: Time the worker spent on it.
        seen: What a scorer read in it, before effects: `{"motion": "left", ...}`.
        scores: How far it shows what was asked, by aspect, 0..1.
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
    seen: Mapping[str, str] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)

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
        seeds: What may be tried after the seed of the take that it was queued for.
        asked_id: That take; `take_id` is what came of it.
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
    seeds: tuple[int, ...] = ()
    asked_id: str | None = None


def turn_from(row: sqlite3.Row) -> Turn:
    """Return the turn in a row of `turns`."""
    values = dict(row)
    values["options"] = _loaded(values["options"])
    values["plan"] = None if values["plan"] is None else _loaded(values["plan"])
    return checked(Turn, values)


def take_from(row: sqlite3.Row) -> Take:
    """Return the take in a row of `takes`."""
    return Take.from_recipe(_loaded(row["recipe"]))


def artifact_from(row: sqlite3.Row) -> Artifact:
    """Return the artifact in a row of `artifacts`."""
    facts = _loaded(row["facts"])
    artifact = checked(Artifact, facts)
    if not all(isinstance(word, str) for word in artifact.seen.values()):
        raise _damaged("artifact's seen", artifact.seen)
    scores: Mapping[str, Any] = artifact.scores
    for score in scores.values():
        if not (isinstance(score, int | float) and 0 <= score <= 1):
            raise _damaged("artifact's scores", scores)
    sizes = ("num_frames", "fps", "height", "width")
    if least := next((name for name in sizes if getattr(artifact, name) <= 0), ""):
        raise _damaged(f"artifact's {least}", getattr(artifact, least))
    return artifact


def is_intact(row: sqlite3.Row) -> bool:
    """Whether a row of `takes` still has the content that its id was made from."""
    try:
        return bool(take_from(row).id == row["id"])
    except (StoreError, ValueError):  # no JSON, or no take
        return False


def clip_from(row: sqlite3.Row) -> ClipRow:
    """Read a name with its clip; a damaged row is a `StoreError`."""
    return checked(
        ClipRow,
        {
            "name": f"c{row['number']}",
            "conversation": row["conversation"],
            "turn_id": row["turn_id"],
            "take_id": row["take_id"],
            "alias": row["alias"],
        },
    )


def job_from(row: sqlite3.Row) -> JobRow:
    """Return the job in a row of `jobs`."""
    values = dict(row)
    seeds = values["seeds"] = tuple(_parsed(values["seeds"], list))
    if not all(type(seed) is int and 0 <= seed <= MAX_SEED for seed in seeds):
        raise _damaged("job's seeds", seeds)
    return checked(JobRow, {"id": f"j{values.pop('number')}", **values})


def checked(cls: type[T], values: Mapping[str, Any]) -> T:
    """Return a record of these values, each of its field's type.

    Of a field that has only certain words any is taken: who reads it tells.

    Raises:
        StoreError: With the one that is not, or is no number that JSON has.
    """
    record: Any = cls
    kinds, name = _kinds(record), cls.__name__.removesuffix("Row").lower()
    for key, value in values.items():
        is_number = isinstance(value, float) and not math.isfinite(value)
        if is_number or not isinstance(value, kinds.get(key, ())):
            raise _damaged(f"{name}'s {key}", value)
    try:
        return cls(**values)
    except TypeError as error:  # a field is missing
        raise StoreError(
            f"the store holds only half of one {name} ({error}): {_ADVICE}"
        ) from error


def _loaded(text: object) -> dict[str, Any]:
    """Return a JSON object that a column holds."""
    return _parsed(text, dict)


def _parsed(text: object, kind: type[T]) -> T:
    """Return the JSON value of a kind that a column holds."""
    try:
        value = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, kind):
        raise _damaged("record", text)
    return value


def _damaged(what: str, value: object) -> StoreError:
    return StoreError(f"a {what} in the store is {value!r:.40}: {_ADVICE}")


@functools.cache
def _kinds(cls: type) -> dict[str, tuple[type, ...]]:
    hints = get_type_hints(cls)
    return {name: tuple(_plain(hint)) for name, hint in hints.items()}


def _plain(hint: Any) -> Iterator[type]:
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        for one in get_args(hint):
            yield from _plain(one)
    elif origin is Literal:
        yield str
    else:
        yield from (int, float) if hint is float else (origin or hint,)
