"""Contact sheets: many clips on one picture, several frames each, captions above."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from nbagent.pocket.world import Frames

_CAPTION: Final = 14  # pixels


def contact_sheet(
    clips: Sequence[Frames],
    captions: Sequence[str],
    *,
    columns: int = 3,
    num_frames: int = 6,
    scale: int = 1,
) -> Image.Image:
    """Draw clips `(F, H, W, 3)` side by side, evenly spaced frames of each in a row."""
    height, width = (scale * s for s in clips[0].shape[1:3])
    cell_width, cell_height = num_frames * width + 8, height + _CAPTION + 6
    rows = -(-len(clips) // columns)
    sheet = Image.new("RGB", (columns * cell_width, rows * cell_height), "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(11)
    for i, (clip, text) in enumerate(zip(clips, captions, strict=True)):
        x, y = i % columns * cell_width + 4, i // columns * cell_height + 4
        longest = (cell_width - 8) // 5
        short = text if len(text) <= longest else text[: longest - 1] + "…"
        draw.text((x, y - 1), short, fill="black", font=font)
        picked = np.linspace(0, len(clip) - 1, num_frames).round().astype(int)
        for k, frame in enumerate(clip[picked]):
            image = Image.fromarray(frame).resize(
                (width, height), Image.Resampling.NEAREST
            )
            sheet.paste(image, (x + k * width, y + _CAPTION))
    return sheet
