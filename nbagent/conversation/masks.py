"""Masks of a clip's frames: white where they are made anew.

A mask is kept as one picture: of a single frame for all of them, or of every frame, each
below the one before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbagent.acts.base import Region
from nbagent.conversation.selection import Selection
from nbagent.errors import SpecError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from nbagent.ledger import Artifact, Ledger


def of_part(
    region: Region | None, span: tuple[float, float | None] | None, clip: Artifact
) -> NDArray[np.bool_]:
    """Return the mask (F, H, W) of a region of the frame during a span of time.

    Raises:
        SpecError: If they are not inside the clip.
    """
    import numpy as np

    mask = np.zeros((clip.num_frames, clip.height, clip.width), bool)
    mask[Selection.of(clip, span=span, region=region).index] = True
    return mask


def of_value(value: Any, frames: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return a user's mask as (1 or F, H, W).

    Args:
        value: A PIL image or an array, (H, W) or (F, H, W), of booleans or numbers: more
            than half of its range is where the clip is made anew. The range is 0..255
            if a number is above 1, else 0..1.
        frames: What it is a mask of, (F, H, W, 3).

    Raises:
        SpecError: If it is of another shape, or masks nothing.
    """
    import numpy as np

    array = np.asarray(value.convert("L") if hasattr(value, "convert") else value)
    count, *size = frames.shape[:3]
    if array.shape not in ((*size,), (1, *size), (count, *size)):
        raise SpecError(
            f"a mask of shape {array.shape} does not fit the clip: use"
            f" {(*size,)} or {(count, *size)}, height before width"
        )
    if array.dtype.kind not in "buif":
        raise SpecError(
            f"a mask cannot be made of {array.dtype}: use booleans or numbers"
        )
    mask: NDArray[np.bool_] = array > (127 if array.max() > 1 else 0.5)
    if not mask.any():
        raise SpecError("the mask is empty: set the part to make anew to True")
    return mask.reshape(-1, *size)


def keep(mask: NDArray[np.bool_], ledger: Ledger) -> str:
    """Put a mask (N, H, W) into the store as a picture; return its digest."""
    from nbagent import media

    return ledger.put_file(media.png(picture(mask)), ".png")


def picture(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return a mask (N, H, W) as one picture (N * H, W, 3)."""
    import numpy as np

    tall = mask.reshape(-1, mask.shape[2])
    return np.where(tall, 255, 0).astype(np.uint8)[..., None].repeat(3, axis=2)
