"""Saving a clip as a file: of any kind, and beside the notebook under a free name."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from nbagent.errors import SpecError

if TYPE_CHECKING:
    from nbagent.conversation.clip import Clip

SUFFIXES = {name: f".{name}" for name in ("mp4", "webm", "gif", "webp")} | {
    "png": "",
    "html": ".html",
    "json": ".json",
}
"""What a file of each format ends in; one of `png` is a folder of frames."""


def write(clip: Clip, path: str | Path) -> Path:
    """Write a clip as `Clip.save` does, and return the file's whole path."""
    from nbagent.conversation.sharing import page_of
    from nbagent.media import link_picture, replacing, write_clip

    target = Path(path).expanduser().absolute()
    source = clip.path
    if target.suffix.lower() == ".html":
        picture = target.with_name(f"{target.stem}-poster.jpg")
        with replacing(picture) as scratch:
            scratch.write_bytes(link_picture(clip.frames))
        page = page_of(clip, picture.name, clip.cues)
        with replacing(target) as scratch:
            scratch.write_text(page, encoding="utf-8")
    elif target.suffix.lower() == ".json":
        if clip.recipe is None:
            raise SpecError(f"{clip.name} has no recipe: its file did not carry one")
        with replacing(target) as scratch:
            scratch.write_text(json.dumps(clip.recipe, indent=2), encoding="utf-8")
    elif target.suffix.lower() == source.suffix.lower() and clip.is_whole:
        with replacing(target) as scratch:
            shutil.copyfile(source, scratch)
    else:
        frames = clip.frames
        if clip.cues and target.suffix.lower() != ".mp4":
            from nbagent.charts.lettering import lettered

            drawn = [replace(one, track=False) for one in clip.texts if one.track]
            frames = lettered(frames.copy(), clip.fps, drawn)
        write_clip(target, frames, clip.fps, clip.recipe, clip.cues)
    return target


def save_beside(
    clip: Clip,
    format: str,  # noqa: A002  as `Control` has it
    folder: Path,
    called: str | None = None,
) -> str:
    """Save a clip as `c1.mp4`, `c1-2.mp4`, ... in a folder; nothing is overwritten.

    Args:
        clip: A finished clip.
        format: `mp4`, `webm`, `gif`, `webp`, `png` (a folder of frames), `html` (one
            page that plays anywhere) or `json` (the recipe).
        folder: Where the notebook lies.
        called: What the file is called, if not as the clip.

    Returns:
        The name of the new file or folder.
    """
    if format not in SUFFIXES:
        raise SpecError(
            f"clips cannot be saved as {format!r}: use {', '.join(SUFFIXES)}"
        )
    suffix = SUFFIXES[format]
    stem = re.sub(r"\W+", "-", called or clip.name).strip("-") or clip.name
    path = folder / f"{stem}{suffix}"
    number = 2
    while path.exists():
        path = folder / f"{stem}-{number}{suffix}"
        number += 1
    try:
        clip.save(path)
    except BaseException:
        if path.is_dir():  # half a folder of frames is worse than none
            shutil.rmtree(path)
        raise
    return path.name
