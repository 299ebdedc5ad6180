"""One name for each thing a user does with a file, whatever its kind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbagent.errors import MediaError
from nbagent.media.frames import Frames, check_frames
from nbagent.media.images import (
    IMAGE_SUFFIXES,
    read_image_recipe,
    read_images,
    write_gif,
    write_png,
    write_pngs,
    write_webp,
)
from nbagent.media.video import DEMUXERS, read_comment, read_stream, write_video


def write_clip(
    path: Path, frames: Frames, fps: float, recipe: Mapping[str, Any] | None
) -> None:
    """Write a clip as its suffix says; no suffix makes a folder of png frames."""
    check_frames(frames, fps)
    match path.suffix.lower():
        case ".mp4" | ".webm":
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


def read_video(path: Path) -> tuple[Frames, float]:
    """Return the frames and fps of any file that `write_clip` writes, and some more.

    Raises:
        MediaError: If the file is missing, damaged, without video or of another kind.
    """
    return read_images(path) if _is_image(path) else read_stream(path)


def read_recipe(path: Path) -> dict[str, Any] | None:
    """Return the recipe in a media file, as untrusted JSON; None if it has none."""
    return read_image_recipe(path) if _is_image(path) else read_comment(path)


def _is_image(path: Path) -> bool:
    suffix = path.suffix.lower()
    if path.is_dir() or suffix in IMAGE_SUFFIXES:
        return True
    if suffix in DEMUXERS:
        return False
    if not path.exists():
        raise MediaError(f"there is no file {path}: check its name")
    raise MediaError(
        f"cannot read {suffix or 'such'} files ({path}):"
        f" use {', '.join((*DEMUXERS, *IMAGE_SUFFIXES))}"
    )
