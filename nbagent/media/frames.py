"""What can be done to finished frames without diffusion, and what frames must be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from nbagent.errors import SpecError
from nbagent.media.drift import match
from nbagent.take import Effect

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


def apply_effects(
    frames: Frames, fps: float, effects: Iterable[Effect]
) -> tuple[Frames, float]:
    """Apply effects in order; what stays keeps its exact pixels, unless resized.

    Speed changes fps and no frame. Times are seconds of the clip as it is when the
    effect's turn comes.
    """
    for effect in effects:
        match effect.kind:
            case "speed":
                fps *= effect.speed or 1.0
            case "trim":
                frames = frames[_span(effect, len(frames), fps)]
            case "loop":
                # Neither end is shown twice, so the way back joins without a stutter.
                frames = np.concatenate([frames, frames[-2:0:-1]])
            case "reverse":
                frames = frames[::-1]
            case "crop":
                frames = _cropped(frames, effect)
            case "resize":
                frames = _resized(frames, effect)
            case "match":
                assert effect.palette is not None  # its effect has checked
                frames = match(frames, effect.palette)
            case _:
                raise SpecError(
                    f"effect {effect.kind!r} is unknown:"
                    " use speed, trim, loop, reverse, crop, resize or match"
                )
    return frames, fps


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


def _cropped(frames: Frames, effect: Effect) -> Frames:
    height, width = frames.shape[1:3]
    left, top, right, bottom = effect.box or (0.0, 0.0, 1.0, 1.0)
    if effect.ratio:
        wide = min(1.0, effect.ratio * height / width)
        high = min(1.0, width / effect.ratio / height)
        left, top, right, bottom = (
            (1 - wide) / 2,
            (1 - high) / 2,
            (1 + wide) / 2,
            (1 + high) / 2,
        )
    rows, columns = _inside(top, bottom, height), _inside(left, right, width)
    return frames[:, rows, columns]


def _inside(start: float, end: float, length: int) -> slice:
    """Return an even number of pixels, at least two, between two shares of a side."""
    count = max(2, round((end - start) * length / 2) * 2)
    first = min(round(start * length), length - count)
    return slice(first, first + count)


def _resized(frames: Frames, effect: Effect) -> Frames:
    height, width = frames.shape[1:3]
    if effect.scale:
        sides = (height * effect.scale, width * effect.scale)
    else:
        scale = (effect.height or 0) / height or (effect.width or 0) / width
        sides = (effect.height or height * scale, effect.width or width * scale)
    high, wide = (max(2, round(side / 2) * 2) for side in sides)
    if max(high, wide) > MAX_SIDE:
        raise SpecError(
            f"{wide}x{high} is larger than clips can be: use up to {MAX_SIDE} pixels"
        )
    return scaled(frames, high, wide)


def _at_one_rate(clips: Sequence[tuple[Frames, float]]) -> tuple[list[Frames], float]:
    fps = max(rate for _, rate in clips)
    return [_at_rate(frames, rate, fps) for frames, rate in clips], fps


def _at_rate(frames: Frames, rate: float, fps: float) -> Frames:
    count = round(len(frames) * fps / rate)
    picked: Frames = frames[(np.arange(count) * rate / fps + 1e-9).astype(int)]
    return picked


def _span(effect: Effect, num_frames: int, fps: float) -> slice:
    start = round((effect.start_s or 0.0) * fps)
    end = num_frames if effect.end_s is None else round(effect.end_s * fps)
    if not 0 <= start < end <= num_frames:
        shown = "its end" if effect.end_s is None else f"{effect.end_s:g}s"
        raise SpecError(
            f"trim {effect.start_s or 0:g}s to {shown} is not inside the clip:"
            f" it lasts {num_frames / fps:g} s"
        )
    return slice(start, end)
