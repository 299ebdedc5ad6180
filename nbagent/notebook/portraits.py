"""Pictures of pocket's actors for the buttons that offer them; drawn here, without torch."""

from __future__ import annotations

import base64
import io
from functools import lru_cache
from typing import Final

SIDE: Final = 96  # twice the pixels of the page, for sharp screens
_COLOURS: Final = 128  # an emoji has fewer; at most 4.5 kB


@lru_cache(maxsize=128)
def portrait(actor: str) -> str:
    """Return the picture of an actor as the URL of a PNG.

    Args:
        actor: One of `nbagent.pocket.vocabulary.ACTORS`.
    """
    import numpy as np
    from PIL import Image

    from nbagent.pocket.scenery import OVERSAMPLE
    from nbagent.pocket.sprites import SIZE, sprite

    drawn = sprite(actor, False, SIZE, 0, 0, 0, OVERSAMPLE)
    alpha = drawn[..., 3:].astype(np.float32)
    colour = drawn[..., :3].astype(np.float32) / np.maximum(alpha, 1 / 255)
    pixels = np.concatenate([colour, alpha * 255], axis=-1).clip(0, 255)
    image = Image.fromarray(pixels.round().astype(np.uint8), "RGBA")
    image = image.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    image = image.quantize(_COLOURS, method=Image.Quantize.FASTOCTREE)
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
