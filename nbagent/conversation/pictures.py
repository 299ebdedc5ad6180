"""A notebook's pictures as frames: arrays, PIL images, figures, tables, clips.

Values are told apart by the names of their types, so that no drawing package is
imported to look at one.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nbagent.conversation.clip import Clip
from nbagent.conversation.tables import plotted
from nbagent.errors import SpecError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_HOW = "pass a PIL image, a matplotlib figure, or an array (height, width, 3)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A picture that a cell showed: "this plot"."""

    png: bytes = field(repr=False)
    is_figure: bool


def picture(name: str, value: object) -> NDArray[np.uint8]:
    """Return a value of the notebook as one picture (H, W, 3), uint8.

    Transparent pixels are shown on white, as a notebook shows them. Of a clip, it is
    the first frame.

    Raises:
        SpecError: If it is no picture, or an array that is none.
    """
    home = type(value).__module__.partition(".")[0]
    kind = type(value).__name__
    if isinstance(value, Clip):
        first: NDArray[np.uint8] = value.frames[0]
        return first
    if isinstance(value, Shown):
        return _from_png(value.png)
    if home == "PIL":
        return _from_pil(value)
    if home == "pandas" and kind in ("DataFrame", "Series"):
        return _from_figure(plotted(name, value))
    if home == "numpy" and kind == "ndarray":
        return _from_array(name, value)
    if home == "matplotlib" and (figure := getattr(value, "figure", None)) is not None:
        return _from_figure(figure)
    raise SpecError(f"@{name} is a {kind}, not a picture: {_HOW}")


def film(name: str, value: object) -> NDArray[np.uint8] | None:
    """Return an array of frames as (F, H, W, 3), uint8; None if a value is none.

    Raises:
        SpecError: If its numbers are out of range.
    """
    import numpy as np

    if not isinstance(value, np.ndarray) or value.ndim != 4 or len(value) < 2:
        return None
    return np.stack([_from_array(name, frame) for frame in value])


def _from_pil(image: Any) -> NDArray[np.uint8]:
    from nbagent.media.pixels import from_pil

    return from_pil(image)


def _from_array(name: str, array: Any) -> NDArray[np.uint8]:
    import numpy as np
    from PIL import Image

    if array.ndim == 4 and len(array):
        array = array[0]  # frames among other pictures: the first, as of a clip
    if array.ndim == 2:
        array = np.repeat(array[..., None], 3, axis=2)
    if array.ndim != 3 or array.shape[2] not in (3, 4) or not array.size:
        raise SpecError(f"@{name} has the shape {array.shape}: {_HOW}")
    if array.dtype.kind == "f":
        if not (np.isfinite(array).all() and array.min() >= 0 and array.max() <= 1):
            raise SpecError(
                f"@{name} holds numbers outside 0..1: scale it to 0..1, or to uint8"
            )
        array = (array * 255).round()
    elif array.dtype.kind not in "ui" or array.min() < 0 or array.max() > 255:
        raise SpecError(f"@{name} holds {array.dtype}: scale it to 0..1, or to uint8")
    return _from_pil(Image.fromarray(array.astype(np.uint8)))


def _from_figure(figure: Any) -> NDArray[np.uint8]:
    out = io.BytesIO()
    figure.savefig(out, format="png")
    return _from_png(out.getvalue())


def _from_png(png: bytes) -> NDArray[np.uint8]:
    from PIL import Image

    with Image.open(io.BytesIO(png)) as image:
        return _from_pil(image)
