"""Posters, animated webp and gif, and frames as png files; gif and webp carry recipes."""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.filter
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from nbagent.errors import MediaError, SpecError
from nbagent.media.frames import Frames, check_frames
from nbagent.media.recipes import MAX_RECIPE_BYTES, recipe_from, recipe_text
from nbagent.media.video import MAX_DECODED_BYTES, replacing

IMAGE_SUFFIXES = (".gif", ".webp", ".png", ".jpg", ".jpeg")

_SMALL_PIXELS = 128 * 128
_DESCRIPTION = 0x010E  # EXIF's ImageDescription
_PREVIEW = {"quality": 75, "method": 0}  # 5 ms for 16x64x64 where method 4 takes 50
_KEEP = {"quality": 92, "method": 4}


def poster_jpeg(frames: Frames) -> bytes:
    """Return the middle frame as JPEG: a first frame may still be empty of subject."""
    # A small frame is shown enlarged, and so is what JPEG does to it; a large one would
    # weigh on the notebook.
    small = frames.shape[1] * frames.shape[2] <= _SMALL_PIXELS
    if small:
        return _still(frames, "JPEG", quality=95, subsampling=0)
    return _still(frames, "JPEG", quality=85)


def png(picture: NDArray[np.uint8]) -> bytes:
    """Return one picture (H, W, 3) as PNG."""
    return _still(picture[None], "PNG")


def poster_png(frames: Frames) -> bytes:
    """Return the middle frame as PNG, the one picture that every viewer shows."""
    return _still(frames, "PNG")


def animated_webp(frames: Frames, fps: float) -> bytes:
    """Return a light animation for showing a clip while it is being made."""
    check_frames(frames, fps)
    out = io.BytesIO()
    _save_webp(out, frames, fps, **_PREVIEW)
    return out.getvalue()


def write_webp(
    path: Path, frames: Frames, fps: float, recipe: Mapping[str, Any] | None
) -> None:
    """Write an animated webp with the recipe in its EXIF description."""
    exif = Image.Exif()
    if recipe is not None:
        exif[_DESCRIPTION] = recipe_text(recipe)
    with replacing(path) as scratch, scratch.open("wb") as out:
        _save_webp(out, frames, fps, exif=exif, **_KEEP)


def write_gif(
    path: Path, frames: Frames, fps: float, recipe: Mapping[str, Any] | None
) -> None:
    """Write a gif with one palette fitted to the clip and the recipe as its comment."""
    with replacing(path) as scratch:
        _encode_gif(scratch, frames, fps)
        if recipe is not None:
            scratch.write_bytes(_commented(scratch.read_bytes(), recipe_text(recipe)))


def write_pngs(
    folder: Path, frames: Frames, fps: float, recipe: Mapping[str, Any] | None
) -> None:
    """Write one png per frame into a new folder, with fps and recipe in a JSON file."""
    if folder.exists() and any(folder.iterdir()):
        raise SpecError(f"{folder} is not empty: name a folder that does not exist yet")
    with replacing(folder) as scratch:
        scratch.mkdir()
        for index, pixels in enumerate(frames):
            Image.fromarray(pixels).save(scratch / f"{index:05d}.png")
        facts = {"fps": fps, "recipe": recipe}
        (scratch / "recipe.json").write_text(json.dumps(facts, indent=1))


def write_png(path: Path, frames: Frames, recipe: Mapping[str, Any] | None) -> None:
    """Write a single frame with the recipe as its text."""
    if len(frames) > 1:
        raise SpecError(
            f"{path} can hold one frame of {len(frames)}: name a folder,"
            f" like {path.with_suffix('')}, for one png per frame"
        )
    text = PngImagePlugin.PngInfo()
    if recipe is not None:
        text.add_text("Comment", recipe_text(recipe))
    with replacing(path) as scratch:
        Image.fromarray(frames[0]).save(scratch, pnginfo=text)


def read_images(path: Path) -> tuple[Frames, float]:
    """Return the frames and the rate of an image file or a folder of them."""
    if path.is_dir():
        files = sorted(path.glob("*.png"))
        if not files:
            raise MediaError(f"{path} holds no png frames: choose another folder")
        stack: list[Frames] = []
        for file in files:
            stack.append(_pictures(file)[0][0])
            _check_size(path, stack)
        return np.stack(stack), _folder_fps(path)
    frames, seconds = _pictures(path)
    return np.stack(frames), len(frames) / seconds if seconds else 1.0


def read_image_recipe(path: Path) -> dict[str, Any] | None:
    """Return the recipe in an image file or a folder of frames, or None."""
    if path.is_dir():
        recipe = _folder_facts(path).get("recipe")
        return recipe if isinstance(recipe, dict) else None
    with _opened(path) as image:
        if path.suffix.lower() == ".webp":
            text = image.getexif().get(_DESCRIPTION)
        else:
            text = image.info.get("comment", image.info.get("Comment"))
        if isinstance(text, bytes):
            text = text.decode("ascii", "replace")
        return recipe_from(text if isinstance(text, str) else None, path)


def _still(frames: Frames, kind: str, **options: int) -> bytes:
    out = io.BytesIO()
    Image.fromarray(frames[len(frames) // 2]).save(out, kind, **options)
    return out.getvalue()


def _save_webp(out: Any, frames: Frames, fps: float, **options: Any) -> None:
    first, *rest = [Image.fromarray(pixels) for pixels in frames]
    # Whole milliseconds, rounded as a sum so that the clip's length stays right.
    ends = [round(1000 * index / fps) for index in range(len(frames) + 1)]
    first.save(
        out,
        "WEBP",
        save_all=True,
        append_images=rest,
        duration=[b - a for a, b in itertools.pairwise(ends)],
        loop=0,
        **options,
    )


def _encode_gif(path: Path, frames: Frames, fps: float) -> None:
    # FFmpeg's palette filters: Pillow takes 12 s for 81 frames of 480p, this 0.8.
    height, width = frames.shape[1:3]
    rate = Fraction(fps).limit_denominator(100_000)
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=width,
        height=height,
        format=av.VideoFormat("rgb24", width, height),
        time_base=1 / rate,
    )
    split, palette = graph.add("split"), graph.add("palettegen")
    use, sink = graph.add("paletteuse"), graph.add("buffersink")
    source.link_to(split)
    split.link_to(palette, 0, 0)
    split.link_to(use, 1, 0)
    palette.link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure()
    for index, pixels in enumerate(frames):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        frame.pts, frame.time_base = index, 1 / rate
        graph.push(frame)
    graph.push(None)
    # A gif counts hundredths of a second; the last frame ends where the clip ends.
    final = round(100 * len(frames) / rate) - int(100 * (len(frames) - 1) / rate + 0.5)
    options = {"final_delay": str(final)}
    with av.open(str(path), "w", format="gif", options=options) as container:
        stream = container.add_stream("gif", rate=rate)
        assert isinstance(stream, VideoStream)
        stream.height, stream.width, stream.pix_fmt = height, width, "pal8"
        for _ in range(len(frames)):
            painted = graph.pull()
            assert isinstance(painted, av.VideoFrame)
            container.mux(stream.encode(painted))
        container.mux(stream.encode(None))


def _commented(gif: bytes, text: str) -> bytes:
    # GIF89a: a comment is an extension block of sub-blocks of at most 255 bytes. It
    # goes behind the header and the palette, whose size is in the flags at byte 10.
    flags = gif[10]
    start = 13 + (3 << ((flags & 7) + 1) if flags & 0x80 else 0)
    raw = text.encode("ascii")
    blocks = [raw[i : i + 255] for i in range(0, len(raw), 255)]
    comment = b"".join(bytes([len(block)]) + block for block in blocks)
    return gif[:start] + b"\x21\xfe" + comment + b"\x00" + gif[start:]


def _pictures(path: Path) -> tuple[list[Frames], float]:
    frames: list[Frames] = []
    milliseconds = 0.0
    with _opened(path) as image:
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            frames.append(np.asarray(image.convert("RGB")))
            milliseconds += image.info.get("duration", 0)
            _check_size(path, frames)
    return frames, milliseconds / 1000


def _check_size(path: Path, frames: list[Frames]) -> None:
    """Refuse frames that are no clip together, as soon as they are not."""
    if frames[-1].shape != frames[0].shape:
        raise MediaError(f"the frames in {path} differ in size: make them equal")
    if len(frames) * frames[0].nbytes > MAX_DECODED_BYTES:
        raise MediaError(f"{path} has too many frames: cut it shorter first")


def _folder_fps(folder: Path) -> float:
    """Return the rate that a folder of frames states, if it is one."""
    fps = _folder_facts(folder).get("fps")
    if isinstance(fps, int | float) and fps is not True and 0.01 <= fps <= 1000:
        return float(fps)
    return 8.0


def _folder_facts(folder: Path) -> dict[str, Any]:
    path = folder / "recipe.json"
    try:
        if not path.exists() or path.stat().st_size > MAX_RECIPE_BYTES:
            return {}
        facts = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise MediaError(
            f"{path} is damaged ({error}): remove it to read the frames alone"
        ) from error
    return facts if isinstance(facts, dict) else {}


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    try:
        with Image.open(path) as image:
            yield image
    except FileNotFoundError as error:
        raise MediaError(f"there is no file {path}: check its name") from error
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise MediaError(
            f"{path} is damaged or no picture ({error}): get a whole copy of it"
        ) from error
