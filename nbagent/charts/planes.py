"""Pictures as planes that a view is sampled from, at places between pixels.

Every pixel of a frame is an average of those of the picture that it covers, so a slow move
neither jitters nor flickers. All of it is Pillow's own arithmetic: the same bytes each time.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nbagent.charts.flight import Framing
from nbagent.media.drift import LUMA
from nbagent.take.move import rgb

Pixels = NDArray[np.uint8]

_SMOOTH: Final = Image.Resampling.BICUBIC
_CLEAN: Final = Image.Resampling.BILINEAR  # of a cut-out: sharper ones draw a rim on it
# Pixels of the plane for one of the frame: of the narrowest view, and, where views are
# turned, of the widest.
_FINEST: Final = 2.0
_SAMPLED: Final = 1.25
_MARGIN: Final = 4  # pixels around a plane that is turned
_SOFT: Final = 64  # the longer side of a backdrop, in pixels
_GROUNDS: Final = (0.95, 0.1, 0.5)  # lightness of a backdrop; the first of equals
_APART: Final = 0.25  # of lightness, from which one is told from another
_TINT: Final = 0.1  # how much of a backdrop's colour is the picture's own


class Plane:
    """A picture, and where views of it are looked up.

    Args:
        picture: (H, W, 3), or (H, W, 4) with opacity last.
        views: How wide the narrowest and the widest view are, in pixels of the picture.
        width: Of the frame.
        turns: Whether any view is turned.
    """

    def __init__(
        self, picture: Pixels, views: tuple[float, float], width: int, *, turns: bool
    ) -> None:
        # What no frame can show is averaged away once, not in every frame.
        # A turned view is a sample for each pixel, and averages nothing itself.
        finest = _SAMPLED / max(views) if turns else _FINEST / min(views)
        less = min(1.0, finest * width)
        self._margin = math.ceil(_MARGIN / less) if turns else 0
        is_cut = picture.shape[2] == 4
        self._how = _CLEAN if is_cut else _SMOOTH
        if turns:  # its own edge is sampled too; around a cut-out there is nothing
            around = ((self._margin,) * 2, (self._margin,) * 2, (0, 0))
            picture = np.pad(picture, around, mode="constant" if is_cut else "edge")
        image = Image.fromarray(picture)
        if image.mode == "RGBA":
            image = image.convert("RGBa")  # else the hidden colours shine through
        own = image.size
        if less < 1:
            wide, high = (max(1, math.ceil(side * less)) for side in own)
            image = image.resize((wide, high), self._how)
        self._turns = turns
        self._image = image
        self._scale = image.width / own[0], image.height / own[1]

    def seen(self, view: Framing, height: int, width: int) -> Pixels:
        """Return a view in a size: (height, width, 3), or 4 with opacity, premultiplied."""
        if self._turns:
            return self._turned(view, height, width)
        left, top, right, bottom = view.box
        across, down = self._scale
        box = (
            max(left * across, 0.0),
            max(top * down, 0.0),
            min(right * across, float(self._image.width)),
            min(bottom * down, float(self._image.height)),
        )
        return _pixels(self._image.resize((width, height), self._how, box))

    def _turned(self, view: Framing, height: int, width: int) -> Pixels:
        across, down = self._scale
        angle = math.radians(view.degrees)
        c, s = math.cos(angle), math.sin(angle)
        step = view.width / width
        x = view.x - step * (c * width + s * height) / 2 + self._margin
        y = view.y - step * (c * height - s * width) / 2 + self._margin
        data = (
            *(step * c * across, step * s * across, x * across),
            *(-step * s * down, step * c * down, y * down),
        )
        affine = Image.Transform.AFFINE
        return _pixels(self._image.transform((width, height), affine, data, self._how))


def opaque(pixels: Pixels) -> Pixels:
    """Return pixels (H, W, 4) without their opacity: (H, W, 3), read-only."""
    height, width = pixels.shape[:2]
    # Ten times as fast as a copy of a slice, which numpy makes pixel by pixel.
    data = np.ascontiguousarray(pixels)
    image = Image.frombuffer("RGBA", (width, height), data, "raw", "RGBA", 0, 1)
    return np.frombuffer(image.tobytes("raw", "RGB"), np.uint8).reshape(
        height, width, 3
    )


def over(front: Pixels, back: Pixels) -> Pixels:
    """Lay what is cut out over a backdrop: (H, W, 4) premultiplied over (H, W, 3)."""
    clear = 255 - front[..., 3:].astype(np.uint16)
    mixed = front[..., :3] + (back * clear + 127) // 255
    return np.minimum(mixed, 255).astype(np.uint8)


def backdrop(picture: Pixels, colour: str) -> Pixels:
    """Return what a cut-out moves against: one colour, or a soft sheet that is nearly grey.

    Of light, dark and grey it is the one from which most of the cut-out stands apart; a
    breath of the picture's own colours in it shows that it moves less.

    Args:
        picture: (H, W, 4).
        colour: Like "#102030"; empty for its own.
    """
    if colour:
        return np.full((2, 2, 3), rgb(colour), np.uint8)
    image = Image.fromarray(picture).convert("RGBa")
    scale = _SOFT / max(image.size)
    wide, high = (max(2, round(side * scale)) for side in image.size)
    small = np.asarray(image.resize((wide, high), Image.Resampling.BOX), np.float64)
    total = small.reshape(-1, 4).sum(0)
    mean = total[:3] / max(total[3], 1.0)  # 0..1 of a level for one of opacity
    sheet = _blurred(_blurred(small, 0), 1)
    own = (sheet[..., :3] + mean) / (sheet[..., 3:] + 1)
    mixed = _TINT * own.clip(0, 1) + (1 - _TINT) * _ground(picture)
    levels: Pixels = (mixed * 255).round().astype(np.uint8)
    return levels


def _ground(picture: Pixels) -> float:
    """Return the lightness from which most of a cut-out stands apart."""
    opacity = picture[..., 3].astype(np.float64)
    light = picture[..., :3] @ LUMA / 255
    apart = [np.abs(light - ground) > _APART for ground in _GROUNDS]
    shown = [float((one * opacity).sum()) for one in apart]
    return _GROUNDS[shown.index(max(shown))]


def _blurred(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Return values after a wide Gaussian along an axis; nothing is beyond their ends."""
    at = np.arange(values.shape[axis])
    weights = np.exp(-0.5 * ((at[:, None] - at) / (_SOFT / 8)) ** 2)
    weights /= weights.sum(0).max()
    moved: NDArray[np.float64] = np.tensordot(weights, values, (1, axis))
    return np.moveaxis(moved, 0, axis)


def _pixels(image: Image.Image) -> Pixels:
    return np.asarray(image)
