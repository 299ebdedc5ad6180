"""How far a clip has moved from another in brightness, colour and sharpness.

Clips that are extended again and again grow darker, more saturated or softer with most
models. Here that is a number, and can be taken back.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.uint8]
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)  # Rec. 709

# What a viewer sees beside the original: a twentieth of the range, a third of the edges.
_SEEN = 0.05
_SOFTER, _HARDER = 0.7, 1.4


class Drift(NamedTuple):
    """Differences of two clips.

    Attributes:
        luma: Of the median brightness, -1..1; below 0 is darker. A median, since what
            moves through the picture is no drift.
        chroma: Of the median distance from gray, -1..1; below 0 is paler.
        sharpness: Ratio of the steps between neighbouring pixels; below 1 is softer.
    """

    luma: float
    chroma: float
    sharpness: float

    def __str__(self) -> str:
        """Say what a viewer would see, in words; empty if nothing."""
        seen = [
            f"{abs(value):.0%} {less if value < 0 else more}"
            for value, less, more in (
                (self.luma, "darker", "brighter"),
                (self.chroma, "paler", "more colourful"),
            )
            if abs(value) >= _SEEN
        ]
        if not _SOFTER <= self.sharpness <= _HARDER:
            seen.append("softer" if self.sharpness < 1 else "harsher")
        return ", ".join(seen)


def drift(frames: Frames, root: Frames) -> Drift:
    """Return how far frames (F, H, W, 3) have moved from those of another clip."""
    luma, chroma, steps = _look(frames)
    root_luma, root_chroma, root_steps = _look(root)
    return Drift(
        luma=luma - root_luma,
        chroma=chroma - root_chroma,
        sharpness=steps / root_steps if root_steps else 1.0,
    )


def palette(frames: Frames) -> tuple[float, ...]:
    """Return mean and deviation of red, green and blue: six numbers, 0..255."""
    values = frames.reshape(-1, 3).astype(np.float32)
    return tuple(map(float, (*values.mean(0), *values.std(0))))


def match(frames: Frames, wanted: tuple[float, ...]) -> Frames:
    """Bring frames to a palette: one gain and offset a channel for the whole clip.

    One for each frame would flicker when something bright leaves the picture.
    """
    has = np.array(palette(frames), np.float32)
    to = np.array(wanted, np.float32)
    gain = np.where(has[3:] > 1, to[3:] / np.maximum(has[3:], 1), 1.0)
    moved = (frames.astype(np.float32) - has[:3]) * gain + to[:3]
    matched: Frames = moved.round().clip(0, 255).astype(np.uint8)
    return matched


def _look(frames: Frames) -> tuple[float, float, float]:
    values = frames.astype(np.float32) / 255
    luma = values @ LUMA
    chroma = np.sqrt(((values - luma[..., None]) ** 2).mean(-1))
    across, down = np.diff(luma, axis=2), np.diff(luma, axis=1)
    steps = float(np.abs(across).mean() + np.abs(down).mean())
    return float(np.median(luma)), float(np.median(chroma)), steps
