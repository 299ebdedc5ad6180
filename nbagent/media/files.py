"""One name for each thing a user does with a file, whatever its kind."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from nbagent.errors import MediaError, SpecError
from nbagent.media.footage import Footage, film_size, read_comment, read_footage
from nbagent.media.frames import Frames, check_frames
from nbagent.media.images import (
    image_size,
    opened_image,
    read_image_recipe,
    read_images,
    write_gif,
    write_png,
    write_pngs,
    write_webp,
)
from nbagent.media.kinds import kind_of
from nbagent.media.subtitles import Cue
from nbagent.media.video import write_video

_FOREVER_S: Final = 1e6


def write_clip(
    path: Path,
    frames: Frames,
    fps: float,
    recipe: Mapping[str, Any] | None,
    cues: Sequence[Cue] = (),
) -> None:
    """Write a clip as its suffix says; no suffix makes a folder of png frames.

    An mp4 has its subtitles as a track; others have none.
    """
    check_frames(frames, fps)
    match path.suffix.lower():
        case ".mp4":
            write_video(path, frames, fps, recipe, cues)
        case ".webm":
            write_video(path, frames, fps, recipe)
        case ".gif":
            write_gif(path, frames, fps, recipe)
        case ".webp":
            write_webp(path, frames, fps, recipe)
        case ".png":
            write_png(path, frames, recipe)
        case "":
            write_pngs(path, frames, fps, recipe)
        case suffix:
            raise MediaError(
                f"cannot write {suffix!r} files: use .mp4, .webm, .gif, .webp,"
                " or a folder name for png frames"
            )


def read_media(
    path: Path,
    *,
    start_s: float = 0.0,
    end_s: float | None = None,
    fps: float | None = None,
) -> Footage:
    """Return a film, a picture or a folder of png frames as frames at a constant rate.

    What a file is, its first bytes say; its name may say anything.

    Args:
        path: Of any kind that people bring.
        start_s: Seconds into it.
        end_s: Seconds into it; None is its end.
        fps: The rate to read it at; None is its own.

    Raises:
        MediaError: If the file is missing, damaged, without video or of another kind.
        SpecError: If there is nothing of it between these times.
    """
    numbers: list[Any] = [
        number for number in (start_s, end_s, fps) if number is not None
    ]
    for number in numbers:
        if not isinstance(number, int | float) or not abs(number) < _FOREVER_S:
            raise SpecError(
                f"{number!r} is not a number: pass times and rates as numbers, like"
                " start_s=0, end_s=5"
            )
    if start_s < 0 or (end_s is not None and end_s <= start_s):
        raise SpecError(
            f"{start_s:g} to {end_s} s is not a part of a film: give seconds, with"
            " the end after the start"
        )
    if fps is not None and not 0.01 <= fps <= 1000:
        raise SpecError(f"fps {fps:g} is out of range: use 0.01 to 1000")
    if not _is_image(path):
        return read_footage(path, start_s=start_s, end_s=end_s, fps=fps)
    whole = read_images(path, fps)
    end = math.ceil(end_s * whole.fps) if end_s is not None else None
    frames = whole.frames[math.floor(start_s * whole.fps) : end]
    if not len(frames):
        raise SpecError(
            f"{path} lasts {len(whole.frames) / whole.fps:g} s, and the part begins"
            f" at {start_s:g} s: name an earlier part"
        )
    return replace(whole, frames=frames)


def read_video(path: Path) -> tuple[Frames, float]:
    """Return the frames and fps of what `write_clip` has written."""
    footage = read_media(path)
    return footage.frames, footage.fps


def read_size(path: Path) -> tuple[int, int]:
    """Return the height and width of what `write_clip` has written, by its head alone."""
    return image_size(path) if _is_image(path) else film_size(path)


def read_plane(path: Path) -> tuple[tuple[int, int], bool]:
    """Return a picture's height and width, and whether it has an alpha channel."""
    with opened_image(path) as image:
        return (image.height, image.width), image.mode == "RGBA"


def read_recipe(path: Path) -> dict[str, Any] | None:
    """Return the recipe in a media file, as untrusted JSON; None if it has none."""
    return read_image_recipe(path) if _is_image(path) else read_comment(path)


def _is_image(path: Path) -> bool:
    with suppress(OSError):  # a name that is far too long, of which `kind_of` tells
        if path.is_dir():
            return True
    return kind_of(path).reader == "picture"
