"""Contact sheets: many clips on one picture, with a line of plain type above each."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from nbagent.errors import SpecError
from nbagent.pocket.world import Frames

WIDTH: Final = 1600  # pixels, of the widest sheet
MAX_BYTES: Final = 400_000
_CAPTION: Final = 14  # pixels, of a line
_GAP: Final = 8
_LEAST_QUALITY: Final = 10
_KINDS: Final = {".jpg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
_LETTER: Final = 6  # pixels, of a letter of usual width


def contact_sheet(
    clips: Sequence[Frames],
    captions: Sequence[str],
    *,
    columns: int = 3,
    num_frames: int = 6,
) -> Image.Image:
    """Draw clips `(F, H, W, 3)` side by side, evenly spaced frames of each in a row."""
    room = WIDTH // columns - _GAP
    width = min(clips[0].shape[2], room // num_frames)
    strips = []
    for clip in clips:
        picked = np.linspace(0, len(clip) - 1, num_frames).round().astype(int)
        height = round(clip.shape[1] * width / clip.shape[2])
        strips.append(np.concatenate(_resized(clip[picked], height, width), axis=1))
    return moving_sheet([s[None] for s in strips], captions, columns=columns)[0]


def moving_sheet(
    clips: Sequence[Frames],
    captions: Sequence[str],
    *,
    columns: int,
    width: int | None = None,
) -> list[Image.Image]:
    """Draw clips `(F, H, W, 3)` side by side, as the pictures of one film.

    Args:
        clips: Of one length and shape.
        captions: Of each; a line break begins a second line.
        columns: How many stand beside each other.
        width: Of a clip, if it is to be another than its own.
    """
    own_height, own_width = clips[0].shape[1:3]
    width = width or own_width
    height = round(own_height * width / own_width)
    text = _CAPTION * max(1 + caption.count("\n") for caption in captions)
    cell_width, cell_height = width + _GAP, height + text + 6
    size = (columns * cell_width, -(-len(clips) // columns) * cell_height)
    blank = Image.new("RGB", size, "white")
    draw, font = ImageDraw.Draw(blank), ImageFont.load_default(11)
    places = [
        (i % columns * cell_width + _GAP // 2, i // columns * cell_height + 4)
        for i in range(len(clips))
    ]
    for (x, y), caption in zip(places, captions, strict=True):
        lines = [_short(line, width // _LETTER) for line in caption.split("\n")]
        for at, line in enumerate(lines):
            draw.text((x, y - 1 + at * _CAPTION), line, fill="black", font=font)
    films = [_resized(clip, height, width) for clip in clips]
    pictures = []
    for frames in zip(*films, strict=True):
        picture = blank.copy()
        for (x, y), frame in zip(places, frames, strict=True):
            picture.paste(Image.fromarray(frame), (x, y + text))
        pictures.append(picture)
    return pictures


def check_path(path: Path | None) -> None:
    """Refuse a place where no sheet can be written, before its clips are made.

    Raises:
        SpecError: If so.
    """
    if path is not None and path.suffix.lower() not in _KINDS:
        raise SpecError(
            f"{path} is not a picture: use a name ending in {', '.join(_KINDS)}"
        )
    if path is not None and not path.parent.is_dir():
        raise SpecError(f"there is no folder {path.parent}: make it first")


def save(
    pictures: Image.Image | Sequence[Image.Image],
    path: Path,
    *,
    duration_ms: int | list[int] = 125,
    quality: int = 85,
    max_bytes: int = MAX_BYTES,
) -> None:
    """Write a picture, or several as an animated webp.

    Args:
        pictures: One, or those of a film.
        path: A .webp or .jpg is written as finely as there is room for, a .png in all of
            its colours or in 256.
        duration_ms: How long each picture of a film stays.
        quality: Of 100, where there is room for that.
        max_bytes: How much room there is.

    Raises:
        SpecError: If there is no room for it.
    """
    first, *rest = [pictures] if isinstance(pictures, Image.Image) else pictures
    kind = _KINDS[path.suffix.lower()]
    more: dict[str, Any] = {"method": 4} if kind == "WEBP" else {"optimize": True}
    if rest:
        more |= {"save_all": True, "append_images": rest, "loop": 0}
        more |= {"duration": duration_ms}

    def written(quality: int) -> bytes:
        file = io.BytesIO()
        first.save(file, kind, quality=quality, **more)
        return file.getvalue()

    data = written(quality)
    if len(data) > max_bytes and kind == "PNG":
        first = first.convert("RGB").quantize(256)
        data = written(quality)
    low, high = _LEAST_QUALITY - 1, quality
    if len(data) > max_bytes and kind != "PNG":
        while high - low > 1:  # `high` is too fine
            middle = (low + high) // 2
            tried = written(middle)
            if len(tried) > max_bytes:
                high = middle
            else:
                low, data = middle, tried
    if len(data) > max_bytes:
        raise SpecError(
            f"{path} takes {len(data) // 1000} kB, and {max_bytes // 1000} is the most:"
            " show fewer clips, or smaller ones"
        )
    path.write_bytes(data)


def _resized(clip: Frames, height: int, width: int) -> list[Frames]:
    """Return the frames of a clip at another size; without blur where they grow."""
    if clip.shape[1:3] == (height, width):
        return list(clip)
    grows = width > clip.shape[2]
    how = Image.Resampling.NEAREST if grows else Image.Resampling.LANCZOS
    return [
        np.asarray(Image.fromarray(frame).resize((width, height), how))
        for frame in clip
    ]


def _short(line: str, longest: int) -> str:
    return line if len(line) <= longest else line[: longest - 1] + "…"
