"""Frames that are shown at any times, as frames at a constant rate.

Screen recorders, phones and browsers write a frame when there is something new to see.
Everything behind this file counts frames: at a constant rate, seconds are frames.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# A variable rate is made one between these: 50 ms are seen as no delay, and more than
# 60 frames a second are of no use to any model.
_LEAST_FPS, _MOST_FPS = 10.0, 60.0
_RATES = (0.01, 1000.0)  # what can be written


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How frames are shown at a constant rate.

    Attributes:
        fps: The rate.
        picked: For each new frame, which old one it is; None if each is shown once, and
            within half a frame of its time.
    """

    fps: float
    picked: NDArray[np.intp] | None = None


def constant(
    times_s: NDArray[np.float64],
    end_s: float,
    stated: tuple[float, ...],
    fps: float | None = None,
) -> Pace:
    """Return the constant rate that shows frames when they are to be seen.

    Args:
        times_s: When each frame appears, ascending.
        end_s: When the last one disappears.
        stated: Rates that the file states, in the order of trust.
        fps: The rate that is wanted; None is the film's own.
    """
    times, length = times_s - times_s[0], float(end_s - times_s[0])
    if fps is None:
        # The average comes last: a stated rate is exact, and times are rounded.
        for rate in (*stated, len(times) / length if length > 0 else 0.0):
            if _RATES[0] <= rate <= _RATES[1] and _keeps(times, length, rate):
                return Pace(fps=rate)
        fps = _usual(times)
    seen_s = middles(max(1, round(length * fps)), fps)
    return Pace(fps=fps, picked=np.searchsorted(times, seen_s, side="right") - 1)


def middles(count: int, fps: float) -> NDArray[np.float64]:
    """Return the seconds at which frames are looked up: rounded times move none.

    A hair before the middle of each, where every second frame of a film begins that is
    read at half its rate.
    """
    return (np.arange(count, dtype=np.float64) + 0.499) / np.float64(fps)


def _keeps(times: NDArray[np.float64], length: float, rate: float) -> bool:
    """Return whether no frame moves by more than half a frame at a rate."""
    if len(times) == 1:
        return True
    moved = np.abs(times * rate - np.arange(len(times))).max()
    return bool(moved <= 0.5) and abs(length * rate - len(times)) <= 1.0


def _usual(times: NDArray[np.float64]) -> float:
    """Return the rate of the frames that follow each other quickly."""
    steps = np.diff(times)
    steps = steps[steps > 0]
    if not steps.size:
        return _LEAST_FPS
    quick = np.percentile(steps, 10)
    rate = 1 / float(steps[steps <= 1.5 * quick].mean())
    return float(np.clip(round(rate, 2), _LEAST_FPS, _MOST_FPS))
