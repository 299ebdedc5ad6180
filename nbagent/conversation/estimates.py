"""How long takes will take, by what such takes took on this machine before."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from nbagent.ledger import Ledger
from nbagent.take import Take

_RECENT = 500  # takes looked at: one of long ago says little of today's machine
_LIKE = 9  # of one kind


class Estimates:
    """What is to be expected, by the takes of a store that were rendered last."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._took: dict[tuple[object, ...], list[float]] = {}
        for take, seconds in ledger.rendered(_RECENT):
            if not take.is_recut:
                for kind, amount in ((_kind(take), seconds), _per_step(take, seconds)):
                    self._took.setdefault(kind, []).append(amount)

    def seconds(self, take: Take) -> float | None:
        """Return the seconds that a take will need; None if its like was never made.

        One of the same size and model with other steps, or by another operation, is
        its like too: then it is the seconds of each step that count. A re-cut, and
        what is there already, cost nothing.
        """
        if take.is_recut or self._ledger.artifact(take.id) is not None:
            return 0.0
        if took := self._took.get(_kind(take)):
            return statistics.median(took[:_LIKE])
        per_step = self._took.get(_canvas(take))
        if per_step is None:
            return None
        return statistics.median(per_step[:_LIKE]) * take.num_run_steps

    def total(self, takes: Sequence[Take]) -> float | None:
        """Return the seconds of all takes together; None if one's is not known."""
        each = [self.seconds(take) for take in takes]
        known = [seconds for seconds in each if seconds is not None]
        return sum(known) if len(known) == len(each) else None


def _kind(take: Take) -> tuple[object, ...]:
    """Return what decides how long a take needs."""
    return (take.operation, take.num_run_steps, *_canvas(take))


def _canvas(take: Take) -> tuple[object, ...]:
    """Return what decides how long one step of a take needs."""
    size = (take.num_frames, take.height, take.width)
    return (take.model, size, take.caching)


def _per_step(take: Take, seconds: float) -> tuple[tuple[object, ...], float]:
    return _canvas(take), seconds / take.num_run_steps
