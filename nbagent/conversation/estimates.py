"""How long takes will take, by what such takes took here before."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

from nbagent.ledger import Ledger
from nbagent.take import Take


def seconds(
    takes: Sequence[Take], ledger: Ledger, shown: Iterable[str]
) -> float | None:
    """Return the seconds that takes will need; None if one's like was never made.

    Args:
        takes: Of a turn, parts included; re-cuts cost nothing.
        ledger: Where the clips are.
        shown: Ids of takes that were made here; what they are made of counts too.
    """
    before = {
        take.id: take
        for take_id in shown
        for take in (*ledger.ancestors(take_id), ledger.take(take_id))
    }
    took: dict[tuple[object, ...], list[float]] = {}
    for take in before.values():
        artifact = ledger.artifact(take.id)
        if artifact is not None:
            took.setdefault(_kind(take), []).append(artifact.seconds_rendered)
    made = [take for take in takes if not take.is_recut]
    if any(_kind(take) not in took for take in made):
        return None
    return sum(statistics.median(took[_kind(take)]) for take in made)


def _kind(take: Take) -> tuple[object, ...]:
    """Return what decides how long a take needs."""
    size = (take.num_frames, take.height, take.width)
    return (take.operation, take.model, size, take.num_run_steps, take.caching)
