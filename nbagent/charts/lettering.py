"""Texts over the frames of a clip: drawn where they can be read, the same on every run.

Without a colour a text is white or black, whichever stands out more from all that lies below
it while it is there. Where that is not enough, it stands on a soft plate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nbagent.acts.text import Text
from nbagent.charts.typeset import SAFE, STYLES, Block, covered, typeset
from nbagent.errors import SpecError
from nbagent.media import Cue
from nbagent.media.frames import Frames
from nbagent.take.move import rgb

CONTRAST: Final = 4.5
"""Of a text with what lies below it: what WCAG 2.2 asks of running text (AA)."""
_LIGHT, _DARK, _BLACK = "#ffffff", "#101010", "#000000"
_LOOKED_AT: Final = 24  # frames below a text
_WORST: Final = 0.02  # of its pixels that may be nearer to its colour
_PLATES: Final = (0.45, 0.55, 0.65, 0.75, 0.85, 0.95, 1.0)
_FADE_S: Final = 0.25  # of a text that comes or goes within the clip
_GAP: Final = 0.5  # between two texts at one place, in heights of the letters
_SOFT: Final = 0.18  # of a plate's edge, in heights of the letters
_BAR: Final = 0.14  # beside a lower third
_OUTLINE: Final = 0.09  # where no plate may be

Mask = NDArray[np.float32]


def lettered(frames: Frames, fps: float, texts: Sequence[Text]) -> Frames:
    """Return frames with texts over them; those that may be written to are drawn upon.

    Args:
        frames: (F, H, W, 3).
        fps: Their rate.
        texts: The first lies lowest; those of a track are not drawn.

    Raises:
        SpecError: If one does not fit, or has letters without a glyph.
    """
    drawn = [text for text in texts if not text.track]
    if not drawn:
        return frames
    frames = frames if frames.flags.writeable else frames.copy()
    placed = _placed(drawn, *frames.shape[1:3])
    for one in placed:
        one.draw(frames, fps)
    return frames


def check(texts: Sequence[Text], height: int, width: int) -> None:
    """Refuse texts that cannot be drawn over pictures of a size.

    Raises:
        SpecError: If so.
    """
    _placed([text for text in texts if not text.track], height, width)


def cues(texts: Sequence[Text], seconds: float) -> tuple[Cue, ...]:
    """Return the texts of a clip's track, each with its time."""
    found = [
        Cue(one.start_s, min(one.end_s or seconds, seconds), one.text)
        for one in texts
        if one.track and one.start_s < seconds
    ]
    return tuple(sorted(found))


@dataclass(frozen=True, slots=True)
class _Placed:
    """A text in its place: rows and columns from the top left, pads not counted."""

    text: Text
    block: Block
    left: int
    top: int
    align: float

    @property
    def bottom(self) -> int:
        """The row below it."""
        return self.top + self.block.height

    def draw(self, frames: Frames, fps: float) -> None:
        """Draw it over the frames of its time."""
        shares = _shares(self.text, len(frames), fps)
        shown = np.flatnonzero(shares)
        if not len(shown):
            return
        letters = covered(self.block, self.align)
        rows, columns, letters = self._cut(letters, frames.shape[1:3])
        at = shown[np.linspace(0, len(shown) - 1, _LOOKED_AT).round().astype(int)]
        below = frames[np.unique(at), rows, columns]
        color, back, strength = _readable(self.text, below)
        mask, ground = self._ground(letters, strength)
        ink, paper = (np.array(rgb(one), np.float32) for one in (color, back))
        # One over the other: the plate, then the letters, as one layer.
        alpha = letters + ground * (1 - letters)
        over = ink * letters[..., None] + (paper * (ground * (1 - letters))[..., None])
        if mask is not None:
            alpha, over = _with_bar(alpha, over, mask, ink)
        for index in shown:
            share = np.float32(shares[index])
            picture = frames[index, rows, columns]
            mixed = picture * (1 - alpha * share)[..., None] + over * share
            frames[index, rows, columns] = (mixed + 0.5).astype(np.uint8)

    def _cut(self, letters: Mask, size: Sequence[int]) -> tuple[slice, slice, Mask]:
        """Return where it lies in the picture, pads included, and what of it does."""
        pad = self.block.pad
        top, left = self.top - pad, self.left - pad
        rows = slice(max(top, 0), min(top + letters.shape[0], size[0]))
        columns = slice(max(left, 0), min(left + letters.shape[1], size[1]))
        inside = letters[
            rows.start - top : rows.stop - top,
            columns.start - left : columns.stop - left,
        ]
        return rows, columns, inside

    def _ground(self, letters: Mask, strength: float) -> tuple[Mask | None, Mask]:
        """Return the bar beside a lower third, and what lies below the letters."""
        px = self.block.px
        if not strength:
            return None, np.zeros_like(letters)
        if self.text.plate is False:
            return None, strength * _grown(letters, _OUTLINE * px)
        plate = _rounded(letters.shape, self.block.pad, _SOFT * px)
        if self.text.kind != "lower third":
            return None, strength * plate
        bar = np.zeros_like(letters)
        wide = max(2, round(_BAR * px))
        inner = self.block.pad // 2
        bar[inner : -inner or None, :wide] = 1
        return bar, strength * plate


def _placed(texts: Sequence[Text], height: int, width: int) -> list[_Placed]:
    """Place texts: where they say, and where two would lie on each other, beside it."""
    found: dict[int, _Placed] = {}
    # What stands at the very edge stays there, and a lower third goes above it.
    for at in sorted(range(len(texts)), key=lambda at: STYLES[texts[at].kind].lift):
        one = _alone(texts[at], height, width)
        if one.text.x is None:
            one = _beside(one, tuple(found.values()), height)
        found[at] = one
    return [found[at] for at in range(len(texts))]


def _alone(text: Text, height: int, width: int) -> _Placed:
    block, style = typeset(text, height, width), STYLES[text.kind]
    margins = SAFE * width, SAFE * height
    room = width - 2 * margins[0] - block.width, height - 2 * margins[1] - block.height
    if text.x is not None and text.y is not None:
        left = text.x * width - block.width / 2 - margins[0]
        top = text.y * height - block.height / 2 - margins[1]
        across, down = left / max(room[0], 1e-9), top / max(room[1], 1e-9)
        align = 0.5
    else:
        at = text.at or style.at
        align = across = 0.0 if "left" in at else 1.0 if "right" in at else 0.5
        down = 0.0 if "top" in at else 1.0 if "bottom" in at else 0.5
        if text.at is None and style.lift:
            down -= style.lift * height / max(room[1], 1e-9)
    across, down = (min(max(share, 0.0), 1.0) for share in (across, down))
    return _Placed(
        text,
        block,
        round(margins[0] + across * room[0]),
        round(margins[1] + down * room[1]),
        align,
    )


def _beside(one: _Placed, others: Sequence[_Placed], height: int) -> _Placed:
    """Move a text away from the edge until it lies on no other that is there with it."""
    at = one.text.at or STYLES[one.text.kind].at
    is_low = "bottom" in at
    ordered = sorted(others, key=lambda other: other.top, reverse=is_low)
    for other in ordered:
        gap = round(_GAP * max(one.block.px, other.block.px))
        is_apart = (
            one.bottom + gap <= other.top
            or other.bottom + gap <= one.top
            or one.left + one.block.width <= other.left
            or other.left + other.block.width <= one.left
        )
        if is_apart or not one.text.meets(other.text):
            continue
        top = other.top - gap - one.block.height if is_low else other.bottom + gap
        one = replace(one, top=top)
    if one.top < SAFE * height - 1 or one.bottom > (1 - SAFE) * height + 1:
        raise SpecError(
            f"{one.text}: no room left beside the other texts: put it elsewhere, or"
            " make them smaller"
        )
    return one


def _shares(text: Text, num_frames: int, fps: float) -> NDArray[np.float64]:
    """Return how much of a text each frame shows, 0..1."""
    times = (np.arange(num_frames) + 0.5) / fps
    seconds = num_frames / fps
    start = text.start_s
    end = seconds if text.end_s is None else min(text.end_s, seconds)
    is_there = (times > start) & (times < end)
    fades = [text.fade_s, text.fade_s]
    if text.fade_s is None:  # at the clip's own ends it is simply there
        fades = [_FADE_S if start > 0 else 0.0, _FADE_S if end < seconds else 0.0]
    most = max((end - start) / 2, 1e-9)
    shares = is_there.astype(float)
    for fade, away in zip(fades, (times - start, end - times), strict=True):
        if fade:
            shares *= np.clip(away / min(fade, most), 0, 1)
    return shares


def _readable(text: Text, below: Frames) -> tuple[str, str, float]:
    """Return a text's colour, that of what lies below it, and how much that covers."""
    bounds = _bounds(below)
    wanted = STYLES[text.kind].plate if text.plate is None else text.plate
    color = text.color or max((_LIGHT, _DARK), key=lambda c: _least(_of(c), bounds))
    if not text.color and (wanted or _least(_of(color), bounds) < CONTRAST):
        color = _LIGHT  # on plates, all are alike
    own = _of(color)
    back = max((_BLACK, _LIGHT), key=lambda c: _ratio(own, _of(c)))
    if not wanted and _least(own, bounds) >= CONTRAST:
        return color, back, 0.0
    values = below.reshape(-1, 3)[:: max(1, below.size // 3 // 20_000)]
    paper = np.array(rgb(back), np.float32)
    for strength in _PLATES if text.plate is not False else _PLATES[-1:]:
        mixed = values * (1 - strength) + paper * strength
        bounds = _bounds(mixed)
        if _least(own, bounds) >= CONTRAST:
            break
    return color, back, strength


def _bounds(pixels: NDArray[Any], worst: float = _WORST) -> tuple[float, float]:
    """Return between which luminances all but the worst of some pixels are."""
    low, high = np.quantile(_luminance(pixels), (worst, 1 - worst))
    return float(low), float(high)


def _least(own: float, bounds: tuple[float, float]) -> float:
    """Return the contrast of a luminance with the nearest of what lies below it."""
    low, high = bounds
    if low <= own <= high:
        return 1.0
    return min(_ratio(own, low), _ratio(own, high))


def _ratio(one: float, other: float) -> float:
    return float((max(one, other) + 0.05) / (min(one, other) + 0.05))


def _of(color: str) -> float:
    return float(_luminance(np.array([rgb(color)], np.float32))[0])


def _luminance(pixels: NDArray[Any]) -> NDArray[np.float32]:
    """Return the relative luminance of sRGB pixels (..., 3), as WCAG has it, 0..1."""
    share = np.asarray(pixels, np.float32) / np.float32(255)
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    weighed: NDArray[np.float32] = linear @ np.array([0.2126, 0.7152, 0.0722])
    return weighed


def _with_bar(
    alpha: Mask, over: Mask, bar: Mask, ink: NDArray[np.float32]
) -> tuple[Mask, Mask]:
    rest = 1 - bar
    return alpha * rest + bar, over * rest[..., None] + ink * bar[..., None]


def _rounded(shape: tuple[int, ...], radius: float, soft: float) -> Mask:
    """Return a plate as large as a shape, with round corners and a soft edge, 0..1."""
    rows, columns = (np.arange(length) + 0.5 for length in shape)
    inset = soft
    away = []
    for places, length in ((rows, shape[0]), (columns, shape[1])):
        half = length / 2 - inset - radius
        away.append(np.maximum(np.abs(places - length / 2) - max(half, 0), 0))
    distance = np.hypot(away[0][:, None], away[1][None]) - radius
    share = np.clip(0.5 - distance / max(2 * soft, 1), 0, 1)
    plate: Mask = (share * share * (3 - 2 * share)).astype(np.float32)
    return plate


def _grown(letters: Mask, by: float) -> Mask:
    """Return letters that are so many pixels wider to every side."""
    far = max(1, round(by))
    padded = np.pad(letters, far)
    high, wide = letters.shape
    grown = letters
    for down in range(2 * far + 1):
        for across in range(2 * far + 1):
            if (down - far) ** 2 + (across - far) ** 2 <= far * far + 1:
                part = padded[down : down + high, across : across + wide]
                grown = np.maximum(grown, part)
    return grown
