"""Arrays and tensors of numbers as frames: which axis is which, and what white is.

Channels may come last, as numpy and matplotlib have them, or first, as torch has them.
What could be read in two ways is refused with its shape or its range: a picture that is
not the user's own is worse than none.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from nbagent.errors import SpecError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_CHANNELS: Final = (1, 3, 4)
_MIN_SIDE: Final = 8  # pixels, where an axis could be another thing
_HALF: Final = 0.5 / 255  # resizing in bf16 leaves 0..1 by less than half a level
_HOW: Final = (
    "pass an array (height, width, 3), or (frames, height, width, 3) for a film"
)


def from_tensor(tensor: Any) -> NDArray[Any]:
    """Return a torch tensor of any device, type and history as an array."""
    here = tensor.detach().cpu()
    # numpy has no bfloat16, and no float8.
    array: NDArray[Any] = (here.float() if here.is_floating_point() else here).numpy()
    return array


def frames_of(
    called: str, array: NDArray[Any], *, channels_first: bool = False
) -> NDArray[np.uint8]:
    """Return an array as frames.

    Args:
        called: What it is called in an error.
        array: (H, W), (H, W, C), (C, H, W), a stack of grey frames (F, H, W), any order
            of a film's four axes that has C second, last or first, each perhaps in a
            batch of one. C is 1, 3 or 4. Numbers are 0..255, floats 0..1, or bool.
        channels_first: Where they are looked for first, as of torch's.

    Returns:
        (F, H, W, C) uint8, with C 3, or 4 where the last is opacity.

    Raises:
        SpecError: If it is none, with the shape or the range.
    """
    import numpy as np

    if np.ma.isMaskedArray(array) and np.ma.is_masked(array):
        raise SpecError(
            f"{called} has masked values: fill them first, like x.filled(0)"
        )
    array = np.asarray(array)
    shape = "x".join(map(str, array.shape)) or "a single number"
    if array.ndim == 5:
        if len(array) > 1:
            raise SpecError(
                f"{called} holds {len(array)} films (its shape is {shape}): name one,"
                " like film = x[0]"
            )
        array = array[0] if len(array) else array
    laid = _laid_out(array, (0, 2) if channels_first else (2, 0))
    if laid is None or not laid.size:
        raise SpecError(f"{called} has the shape {array.shape}: {_HOW}")
    levels = _levels(called, laid)
    return levels if levels.shape[-1] > 1 else np.repeat(levels, 3, axis=3)


def _laid_out(array: NDArray[Any], places: tuple[int, int]) -> NDArray[Any] | None:
    """Return an array as (F, H, W, C), or None if its shape is no picture's."""
    import numpy as np

    if array.ndim == 2:
        return array[None, ..., None]
    if array.ndim == 3:
        for at in places:
            sides = [side for axis, side in enumerate(array.shape) if axis != at]
            # Three rows of pixels are no channels.
            is_sure = at == 2 or min(sides) >= _MIN_SIDE
            if array.shape[at] in _CHANNELS and is_sure:
                return np.moveaxis(array, at, -1)[None]
        return array[..., None] if _is_stack(array.shape) else None
    if array.ndim == 4:
        # Of a film the second axis takes the first one's place: (F, C, H, W).
        for at in (*(at + 1 for at in places), 0):
            if array.shape[at] in _CHANNELS:
                return np.moveaxis(array, at, -1)
    return None


def _is_stack(shape: tuple[int, ...]) -> bool:
    """Return whether three axes are frames of grey, and not a picture of many bands.

    Of a picture the sides are alike, and bands are fewer than pixels.
    """
    frames, height, width = shape
    if frames == 0 or min(height, width) < _MIN_SIDE:
        return False
    is_last_least = width < min(frames, height)
    is_first_a_side = abs(math.log(frames / height)) < abs(math.log(height / width))
    return not (is_last_least and is_first_a_side)


def _levels(called: str, array: NDArray[Any]) -> NDArray[np.uint8]:
    """Return numbers as 0..255."""
    import numpy as np

    kind = array.dtype.kind
    if kind == "b":
        return array.astype(np.uint8) * np.uint8(255)
    if kind not in "uif":
        raise SpecError(f"{called} holds {array.dtype}: {_HOW}, with real numbers")
    if kind == "f" and not np.isfinite(array).all():
        missing = array.size - int(np.isfinite(array).sum())
        raise SpecError(
            f"{called} has {missing:,} NaN or infinite values out of"
            f" {array.size:,}: fill them first, like np.nan_to_num(x)"
        )
    low, high = array.min(), array.max()
    if kind == "f" and low >= -_HALF and high <= 1 + _HALF:
        # The largest float16 is 65504: its own squares and sums overflow early.
        return (array.clip(0, 1).astype(np.float32) * 255).round().astype(np.uint8)
    if kind != "f" and low >= 0 and high <= 255 and high != 1:
        return array.astype(np.uint8, copy=False)
    raise SpecError(
        f"{called} holds {array.dtype} numbers from {low:.4g} to {high:.4g}:"
        f" {_scaling(kind, float(low), float(high))}"
    )


def _scaling(kind: str, low: float, high: float) -> str:
    """Say how such numbers become those of a picture."""
    if kind != "f" and low >= 0 and high == 1:
        return "make a mask boolean, like x > 0, or 0 and 255"
    if low >= -1 - _HALF and high <= 1 + _HALF:
        return "scale it to 0..1, like (x + 1) / 2"
    if low >= 0 and high <= 255:
        return "scale it to 0..1, like x / 255"
    if low >= 0 and high <= 65_535:
        return "scale it to 0..1, like x / 65535"
    return "scale it to 0..1, or to uint8"
