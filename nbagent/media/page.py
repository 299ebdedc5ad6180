"""A clip as one HTML element that plays with no kernel, no server and no script."""

from __future__ import annotations

import base64
import html
import io

from PIL import Image

_SHOWN_PX = 320


def static_html(preview: bytes | None, poster: bytes, label: str = "") -> str:
    """Return a video, or a picture where there is none; equal input, equal text.

    Args:
        preview: A small mp4; None for a single image or a clip too large to embed.
        poster: A JPEG of one frame, of the clip's own size.
        label: The accessible name, such as `c1: a red ball`.
    """
    with Image.open(io.BytesIO(poster)) as image:
        width, height = image.size
    # A 64-pixel clip is a stamp on a modern screen: enlarge it, by a whole factor.
    factor = max(1, round(_SHOWN_PX / width))
    size = f'width="{width * factor}" height="{height * factor}"'
    name = html.escape(label)
    still = _data_uri("image/jpeg", poster)
    if preview is None:
        return f'<img {size} alt="{name}" src="{still}">'
    # `src` sits on the video itself: Jupyter's sanitiser strips <source>.
    return (
        f'<video controls muted loop playsinline {size} aria-label="{name}"'
        f' poster="{still}" src="{_data_uri("video/mp4", preview)}"></video>'
    )


def _data_uri(mime: str, data: bytes) -> str:
    return f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"
