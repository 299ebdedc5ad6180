"""Pictures and films that were dropped into the panel: values for the notebook."""

from __future__ import annotations

import io
import re
from pathlib import Path, PurePosixPath
from typing import Any, Final

from nbagent.conversation.clip import Clip
from nbagent.errors import MediaError, SpecError

MAX_BYTES: Final = 9_000_000  # a page's message to a kernel may have ten megabytes
_THUMB_PIXELS: Final = 96


def dropped(file_name: str, content: bytes, folder: Path) -> tuple[str, Any]:
    """Return what a dropped file is called for, and its value.

    A picture is one of PIL. A film stays a file, so it is written into the folder.

    Raises:
        SpecError: If it is too large, or neither a picture nor a film.
    """
    from PIL import Image, UnidentifiedImageError

    called = PurePosixPath(file_name.replace("\\", "/")).name[:80] or "the file"
    if len(content) > MAX_BYTES:
        raise SpecError(
            f"{called} has {len(content) / 1e6:.0f} MB, and a drop may have"
            f" {MAX_BYTES / 1e6:.0f}: open it in a cell, with nbagent.Clip.open(...)"
        )
    try:
        image = Image.open(io.BytesIO(content))
        if not getattr(image, "is_animated", False):
            image.load()
            return "photo", image
    except UnidentifiedImageError:
        pass
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise SpecError(f"{called} cannot be read as a picture: {error}") from None
    folder.mkdir(parents=True, exist_ok=True)
    path = _free(folder / (re.sub(r"[^\w.-]+", "-", called).lstrip(".-") or "film"))
    path.write_bytes(content)
    try:
        film = Clip.open(path)
        film.frames[:1]  # a file that only looks like one is found out here
    except (MediaError, SpecError):
        path.unlink()
        raise SpecError(
            f"{called} is neither a picture nor a film that can be read here: drop a"
            " PNG, JPEG, WebP, GIF, MP4 or WebM"
        ) from None
    return "film", film


def thumbnail(value: object) -> bytes | None:
    """Return a small JPEG of a picture or a clip; None for what is neither.

    What would have to be drawn first, like a figure, is not: this is asked at each key.
    """
    from PIL import Image

    if isinstance(value, Clip):
        value = Image.open(io.BytesIO(value.poster))
    if not isinstance(value, Image.Image):
        return None
    small = value.convert("RGB")
    small.thumbnail((_THUMB_PIXELS, _THUMB_PIXELS))
    file = io.BytesIO()
    small.save(file, "JPEG", quality=85)
    return file.getvalue()


def _free(path: Path) -> Path:
    """Return a path that no file has."""
    found, number = path, 1
    while found.exists():
        number += 1
        found = path.with_stem(f"{path.stem}-{number}")
    return found
