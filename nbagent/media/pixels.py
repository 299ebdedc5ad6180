"""Pictures of any make as pixels: upright, 8 bits, three colours, on white.

What a phone, a scanner, a microscope or an array library writes, and what every viewer
would show of it.
"""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

from nbagent.errors import SpecError

_SIXTEEN_BITS = 65535
_OPAQUE = 255
# Above 1 by less than this, numbers of 0..1 have overshot: whether they are, is not ours
# to say. From here on they are those of 0..255.
_OVERSHOT = 2.0


def from_pil(image: Image.Image) -> NDArray[np.uint8]:
    """Return a PIL image as viewers show it: (H, W, 3) uint8.

    It stands as its EXIF orientation says, in the colours that its profile says; what is
    transparent is white.

    Raises:
        SpecError: If it has no pixels, or its numbers are no brightness, such as heights
            in metres.
    """
    if not image.width or not image.height:
        raise SpecError(
            f"the picture is {image.width}x{image.height}: name one that has pixels"
        )
    image = _in_srgb(ImageOps.exif_transpose(image))
    if image.mode.startswith("I;16"):  # which states what white is, even if nothing is
        values = np.asarray(image).astype(np.float32) * (255 / _SIXTEEN_BITS)
        return _grey(values.round().astype(np.uint8))
    if image.mode in ("F", "I"):
        return _grey(from_numbers(np.asarray(image)))
    if image.has_transparency_data:
        return on_white(np.asarray(image.convert("RGBA")))
    return np.asarray(image.convert("RGB"))


def with_opacity(image: Image.Image) -> NDArray[np.uint8]:
    """Return a PIL image as `from_pil` does, but (H, W, 4) if any of it is transparent.

    Raises:
        SpecError: As `from_pil`.
    """
    if image.width and image.height and image.has_transparency_data:
        upright = _in_srgb(ImageOps.exif_transpose(image)).convert("RGBA")
        rgba = np.asarray(upright)
        if rgba[..., 3].min() < _OPAQUE:
            return rgba
    return from_pil(image)


def on_white(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture (H, W, 4) as a notebook shows it: (H, W, 3)."""
    image = Image.fromarray(rgba)
    white = Image.new("RGBA", image.size, "white")
    return np.asarray(Image.alpha_composite(white, image).convert("RGB"))


def from_numbers(numbers: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Return an array of any shape and kind of number as brightness, uint8.

    Floats are of 0..1, or of 0..255 if they are larger; integers of 0..255, or of
    0..65535 if they are larger and of 16 bits or more.

    Raises:
        SpecError: If they are none of these.
    """
    if numbers.dtype.kind == "b":
        return numbers.astype(np.uint8) * np.uint8(255)
    if numbers.dtype.kind not in "uif":
        raise SpecError(
            f"the picture holds {numbers.dtype}: scale it to 0..1, or to uint8"
        )
    if numbers.dtype == np.uint8:
        return numbers.astype(np.uint8)
    values = numbers.astype(np.float32)
    if missing := int(np.count_nonzero(~np.isfinite(values))):
        raise SpecError(
            f"the picture has {missing} NaN or infinite values: fill them first,"
            " like np.nan_to_num(x)"
        )
    low, high = float(values.min()), float(values.max())
    is_float = numbers.dtype.kind == "f"
    if low >= 0 and is_float and high <= 1:
        values *= 255
    elif low >= 0 and not is_float and 255 < high <= _SIXTEEN_BITS:
        values *= 255 / _SIXTEEN_BITS
    elif low < 0 or high > 255 or (is_float and high < _OVERSHOT):
        raise SpecError(
            f"the picture holds {numbers.dtype} from {low:.4g} to {high:.4g}: scale it to 0..1, or"
            " to uint8"
        )
    return values.round().astype(np.uint8)


def _in_srgb(image: Image.Image) -> Image.Image:
    """Bring colours that a profile describes (a phone's, a printer's) to a screen's."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "RGBA", "CMYK"):
        return image
    mode = "RGBA" if image.mode == "RGBA" else "RGB"
    try:
        told = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        screen = ImageCms.createProfile("sRGB")
        shown = ImageCms.profileToProfile(image, told, screen, outputMode=mode)
    except (ImageCms.PyCMSError, OSError):  # a damaged profile: viewers leave it out
        return image
    assert shown is not None  # None is for a picture that is changed in place
    return shown


def _grey(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.repeat(values[..., None], 3, axis=2)
