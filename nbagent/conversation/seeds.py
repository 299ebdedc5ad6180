"""Which seeds a take may be tried with, where its clip lacks what was asked."""

from __future__ import annotations

from collections.abc import Sequence

from nbagent.ledger import Ledger
from nbagent.models.names import split_name
from nbagent.settings import Settings
from nbagent.take import MAX_SEED, Operation, Take

# Of what a model makes anew; the rest is part of another take's run, or shows one.
_TRIED: frozenset[Operation] = frozenset(
    {"generate", "remix", "animate", "inpaint", "extend", "blend"}
)
_TRIES = 3  # seeds, until a clip shows what was asked


def other_seeds(
    ledger: Ledger, settings: Settings, turn_id: int, take: Take, takes: Sequence[Take]
) -> tuple[int, ...]:
    """Return what may be tried after a take's own seed; one that was stated is meant.

    Args:
        ledger: Of the store.
        settings: Whether clips are looked at.
        turn_id: Of the turn that asked for it.
        take: One of that turn's.
        takes: All of them.
    """
    is_tried = take.operation in _TRIED and take.quality == "final"
    is_tried &= settings.looks and bool(take.shot.get("scene"))
    if not is_tried or split_name(take.model)[0] != "pocket":
        return ()
    options = ledger.turns.get(turn_id).options
    if any(said.get("seed") is not None for said in (options, take.shot)):
        return ()
    # Several takes of a turn have seeds one after the other: each tries its own.
    step = len({one.seed for one in takes})
    return tuple((take.seed + n * step) % (MAX_SEED + 1) for n in range(1, _TRIES))
