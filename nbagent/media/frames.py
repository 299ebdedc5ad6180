"""What frames must be, and how those of several clips become one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from nbagent.errors import SpecError

Frames = NDArray[np.uint8]
MAX_SIDE = 4096  # what an H.264 decoder of a browser takes


def check_frames(frames: NDArray[Any], fps: float) -> None:
    """Refuse what no writer can write."""
    if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8:
        raise SpecError(
            f"frames are {frames.dtype} {frames.shape}: pass uint8 of shape"
            " (frames, height, width, 3)"
        )
    if frames.size == 0:
        raise SpecError(f"there are no frames in {frames.shape}: pass one or more")
    if not 0.01 <= fps <= 1000:
        raise SpecError(f"fps {fps} is out of range: use 0.01 to 1000")


def join_clips(
    clips: Sequence[tuple[Frames, float]], dissolve_s: float = 0.0
) -> tuple[Frames, float]:
    """Put clips of one size one after the other, at the highest of their rates.

    A slower clip's frames are repeated, so that it plays as it did. With `dissolve_s`,
    the end of each clip is mixed into the beginning of the next.
    """
    paced, fps = _at_one_rate(clips)
    joined = paced[0]
    for after in paced[1:]:
        n = min(round(dissolve_s * fps), len(joined), len(after))
        share = (np.arange(1, n + 1) / (n + 1))[:, None, None, None]
        mixed = (1 - share) * joined[len(joined) - n :] + share * after[:n]
        middle = mixed.round().astype(np.uint8)
        joined = np.concatenate([joined[: len(joined) - n], middle, after[n:]])
    return joined, fps


def grid_clips(
    clips: Sequence[tuple[Frames, float]], columns: int
) -> tuple[Frames, float]:
    """Put clips of one size beside each other, row by row, at the highest of their rates.

    A shorter clip stays at its last frame; a place without a clip is black.
    """
    paced, fps = _at_one_rate(clips)
    count = max(map(len, paced))
    whole = [np.pad(f, ((0, count - len(f)), *[(0, 0)] * 3), "edge") for f in paced]
    whole += [np.zeros_like(whole[0])] * (-len(whole) % columns)
    rows = [
        np.concatenate(whole[at : at + columns], axis=2)
        for at in range(0, len(whole), columns)
    ]
    return np.concatenate(rows, axis=1), fps


def scaled(
    frames: Frames,
    height: int,
    width: int,
    box: tuple[float, float, float, float] | None = None,
) -> Frames:
    """Scale frames, or the box (left, top, right, bottom) of them, to a size in pixels."""
    how = Image.Resampling.LANCZOS
    pictures = [Image.fromarray(f).resize((width, height), how, box) for f in frames]
    return np.stack([np.asarray(picture) for picture in pictures])


def framed(frames: Frames, height: int, width: int) -> Frames:
    """Show frames (F, H, W, 3) whole in a size of another shape.

    What is left of it carries on their edges, softly.
    """
    rows, columns = frames.shape[1:3]
    if (rows, columns) == (height, width) or not len(frames):
        return frames
    scale = min(height / rows, width / columns)
    high, wide = max(1, round(rows * scale)), max(1, round(columns * scale))
    top, left = (height - high) // 2, (width - wide) // 2
    inside = scaled(frames, high, wide)
    if (high, wide) == (height, width):
        return inside
    if left:
        first, last, places = (
            inside[:, :, :1],
            inside[:, :, -1:],
            np.arange(width) - left,
        )
        share = np.clip(places / max(1, wide - 1), 0, 1)[:, None]
    else:
        first, last, places = inside[:, :1], inside[:, -1:], np.arange(height) - top
        share = np.clip(places / max(1, high - 1), 0, 1)[:, None, None]
    # Made of the edges alone: nothing of what is inside shows as a ghost beside it.
    wider: Frames = ((1 - share) * first + share * last).round().astype(np.uint8)
    soft = ImageFilter.GaussianBlur(max(top, left) / 3)
    for index, frame in enumerate(wider):
        frame[:] = np.asarray(Image.fromarray(frame).filter(soft))
        frame[top : top + high, left : left + wide] = inside[index]
    return wider


def seam(frames: Frames) -> float:
    """Return how much a clip jumps from its last frame to its first.

    Mean absolute difference, in units of the mean one from frame to frame within the
    clip: about 1 for a clip that plays in a circle.
    """
    values = frames.astype(np.float32)
    within = float(np.abs(np.diff(values, axis=0)).mean()) if len(frames) > 1 else 0.0
    jump = float(np.abs(values[0] - values[-1]).mean())
    return jump / within if within else 1.0


def _at_one_rate(clips: Sequence[tuple[Frames, float]]) -> tuple[list[Frames], float]:
    fps = max(rate for _, rate in clips)
    return [at_rate(frames, rate, fps) for frames, rate in clips], fps


def at_rate(frames: Frames, rate: float, fps: float) -> Frames:
    """Return frames (F, H, W, 3) of a rate at another one, so that they last as long."""
    count = round(len(frames) * fps / rate)
    picked: Frames = frames[(np.arange(count) * rate / fps + 1e-9).astype(int)]
    return picked
