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

from nbagent.charts.views import View
from nbagent.move import rgb

Pixels = NDArray[np.uint8]

_SMOOTH: Final = Image.Resampling.BICUBIC
# Pixels of the plane for one of the frame: of the narrowest view, and, where views are
# turned, of the widest.
_FINEST: Final = 2.0
_SAMPLED: Final = 1.25
_MARGIN: Final = 4  # pixels around a plane that is turned
_SOFT: Final = 64  # the longer side of a backdrop, in pixels
_LIGHT: Final = 0.6  # of a picture, above which its backdrop is dark
_TINT: Final = 0.35  # how much of a backdrop's colour is the picture's own


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
        if turns:  # its own edge is sampled too
            around = ((self._margin,) * 2, (self._margin,) * 2, (0, 0))
            picture = np.pad(picture, around, mode="edge")
        image = Image.fromarray(picture)
        if image.mode == "RGBA":
            image = image.convert("RGBa")  # else the hidden colours shine through
        own = image.size
        if less < 1:
            wide, high = (max(1, math.ceil(side * less)) for side in own)
            image = image.resize((wide, high), _SMOOTH)
        self._turns = turns
        self._image = image
        self._scale = image.width / own[0], image.height / own[1]

    def seen(self, view: View, height: int, width: int) -> Pixels:
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
        return _pixels(self._image.resize((width, height), _SMOOTH, box))

    def _turned(self, view: View, height: int, width: int) -> Pixels:
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
        how = Image.Transform.AFFINE
        return _pixels(self._image.transform((width, height), how, data, _SMOOTH))


def over(front: Pixels, back: Pixels) -> Pixels:
    """Lay what is cut out over a backdrop: (H, W, 4) premultiplied over (H, W, 3)."""
    clear = 255 - front[..., 3:].astype(np.uint16)
    mixed = front[..., :3] + (back * clear + 127) // 255
    return np.minimum(mixed, 255).astype(np.uint8)


def backdrop(picture: Pixels, colour: str) -> Pixels:
    """Return what a cut-out moves against: one colour, or a soft sheet of its own colours.

    The sheet is lighter or darker than the picture, so that it stands out.

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
    light = float(mean @ (0.2126, 0.7152, 0.0722))
    towards = 24.0 if light > _LIGHT else 244.0
    mixed = _TINT * own.clip(0, 1) * 255 + (1 - _TINT) * towards
    levels: Pixels = mixed.round().astype(np.uint8)
    return levels


def _blurred(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Return values after a wide Gaussian along an axis; nothing is beyond their ends."""
    at = np.arange(values.shape[axis])
    weights = np.exp(-0.5 * ((at[:, None] - at) / (_SOFT / 8)) ** 2)
    weights /= weights.sum(0).max()
    moved: NDArray[np.float64] = np.tensordot(weights, values, (1, axis))
    return np.moveaxis(moved, 0, axis)


def _pixels(image: Image.Image) -> Pixels:
    return np.asarray(image)
