"""Posters, animated webp and gif, and frames as png files; gif and webp carry recipes."""

from __future__ import annotations

import io
import itertools
import json
import re
import warnings
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
from PIL import Image, PngImagePlugin, UnidentifiedImageError

from nbagent.errors import MediaError, SpecError
from nbagent.media.footage import MAX_BYTES, Footage
from nbagent.media.frames import Frames, check_frames
from nbagent.media.kinds import kind_of
from nbagent.media.pace import constant
from nbagent.media.pixels import from_pil
from nbagent.media.recipes import MAX_RECIPE_BYTES, recipe_from, recipe_text
from nbagent.media.video import replacing

_SMALL_PIXELS = 128 * 128
POSTER_SIDE = 640  # of what lies in a notebook; as large as the preview of a film is
_UNSEEN = 0.5  # of 255 levels, by which a palette may be off on average
_UNSTATED_S = 0.1  # as browsers show a gif that states no delay
_FORMATS = {"JPEG": ("JPEG", "MPO")}  # a phone's jpeg may hold a second picture
_DESCRIPTION = 0x010E  # EXIF's ImageDescription
_PREVIEW = {"quality": 75, "method": 0}  # 5 ms for 16x64x64 where method 4 takes 50
_KEEP = {"quality": 92, "method": 4}


def poster_jpeg(frames: Frames, side: int | None = None) -> bytes:
    """Return the middle frame as JPEG: a first frame may still be empty of subject.

    Args:
        frames: The clip.
        side: How many pixels its longer side may have; None leaves it as large as it is.
    """
    image = _middle(frames, side)
    # A small frame is shown enlarged, and so is what JPEG does to it; a large one would
    # weigh on the notebook.
    if image.width * image.height <= _SMALL_PIXELS:
        return _encoded(image, "JPEG", quality=95, subsampling=0)
    return _encoded(image, "JPEG", quality=85)


def png(picture: NDArray[np.uint8]) -> bytes:
    """Return one picture (H, W, 3) as PNG."""
    return _encoded(Image.fromarray(picture), "PNG")


def poster(frames: Frames) -> tuple[str, bytes]:
    """Return the middle frame for viewers that show nothing but pictures, and its type.

    It lies in the notebook, so a large one is shown smaller. One of few colours, as
    drawings are, is a PNG with a palette of them; any other is a JPEG, a quarter of its
    PNG.
    """
    image = _middle(frames, POSTER_SIDE)
    few = image.quantize(256, dither=Image.Dither.NONE)
    off = np.abs(np.asarray(few.convert("RGB"), np.int16) - np.asarray(image))
    if off.mean() < _UNSEEN:
        return "image/png", _encoded(few, "PNG")
    return "image/jpeg", poster_jpeg(frames, POSTER_SIDE)


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
            f"{path} can hold one frame, not {len(frames)}: name a folder, like"
            f" {path.with_suffix('')}, for one png per frame"
        )
    text = PngImagePlugin.PngInfo()
    if recipe is not None:
        text.add_text("Comment", recipe_text(recipe))
    with replacing(path) as scratch:
        Image.fromarray(frames[0]).save(scratch, pnginfo=text)


def read_images(path: Path, fps: float | None = None) -> Footage:
    """Return the frames of a picture, an animation, or a folder of frames.

    Args:
        path: A file that `kind_of` calls a picture, or a folder of png files.
        fps: The rate to read it at; None is its own.

    Raises:
        MediaError: If it is damaged, or more than fits in memory.
    """
    if path.is_dir():
        frames, times, end_s = _folder(path)
    else:
        frames, times, end_s = _pictures(path)
    pace = constant(np.array(times), end_s, (), fps)
    notes: tuple[str, ...] = ()
    if pace.picked is not None:
        frames = frames[pace.picked]
        if fps is None:
            notes = (f"variable frame rate, read at {pace.fps:g} fps",)
    return Footage(frames=frames, fps=pace.fps, notes=notes)


def image_size(path: Path) -> tuple[int, int]:
    """Return the height and width of a picture that needs no turning."""
    with opened_image(path) as image:
        return image.height, image.width


def read_image_recipe(path: Path) -> dict[str, Any] | None:
    """Return the recipe in an image file or a folder of frames, or None."""
    if path.is_dir():
        recipe = _folder_facts(path).get("recipe")
        return recipe if isinstance(recipe, dict) else None
    with opened_image(path) as image:
        if image.format == "WEBP":
            text = image.getexif().get(_DESCRIPTION)
        else:
            text = image.info.get("comment", image.info.get("Comment"))
        if isinstance(text, bytes):
            text = text.decode("ascii", "replace")
        return recipe_from(text if isinstance(text, str) else None, path)


def _middle(frames: Frames, side: int | None) -> Image.Image:
    """Return the middle frame, its longer side no longer than `side` pixels."""
    image = Image.fromarray(frames[len(frames) // 2])
    if side is not None:
        image.thumbnail((side, side))
    return image


def _encoded(image: Image.Image, kind: str, **options: int) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
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


def _pictures(path: Path) -> tuple[Frames, list[float], float]:
    """Return the frames of a file, the second at which each appears, and the last's end."""
    frames, times, now = list[Frames](), list[float](), 0.0
    size_bytes = 0
    with opened_image(path) as image:
        # The second picture of a jpeg is a phone's depth map; the first of a png that is
        # no part of its animation is for viewers that show none.
        count = 1 if image.format in ("JPEG", "MPO") else getattr(image, "n_frames", 1)
        for index in range(int(getattr(image, "default_image", False)), count):
            image.seek(index)
            frames.append(from_pil(image))
            times.append(now)
            now += _shown_s(image)
            size_bytes += frames[-1].nbytes
            _check_size(path, size_bytes)
    if len({frame.shape for frame in frames}) > 1:
        frames, times, now = frames[:1], times[:1], _UNSTATED_S  # pages, no animation
    return np.stack(frames), times, now


def _shown_s(image: Image.Image) -> float:
    """Return for how long the current frame is shown, as browsers do."""
    delay_s = float(image.info.get("duration", 0)) / 1000
    is_gif = image.format == "GIF"
    return _UNSTATED_S if delay_s <= 0.01 * is_gif else delay_s


def _folder(path: Path) -> tuple[Frames, list[float], float]:
    files = sorted(
        (
            file
            for file in path.iterdir()
            if file.suffix.lower() == ".png" and not file.name.startswith(".")
        ),
        key=_by_number,
    )
    if not files:
        raise MediaError(f"{path} holds no png frames: choose a different folder")
    fps = _folder_fps(path)
    stack = list[Frames]()
    for file in files:
        stack.append(_pictures(file)[0][0])
        if stack[-1].shape != stack[0].shape:
            raise MediaError(f"the frames in {path} differ in size: make them equal")
        _check_size(path, len(stack) * stack[0].nbytes)
    return np.stack(stack), [i / fps for i in range(len(files))], len(files) / fps


def _by_number(file: Path) -> list[tuple[int, str]]:
    """Return what files are sorted by: frame9 comes before frame10."""
    parts = re.split(r"([0-9]+)", file.name)
    return [(int(part), "") if at % 2 else (0, part) for at, part in enumerate(parts)]


def _check_size(path: Path, size_bytes: int) -> None:
    if size_bytes > MAX_BYTES:
        raise MediaError(
            f"{path} has more frames than fit into {MAX_BYTES >> 30} GiB: make it"
            " shorter or smaller first"
        )


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
            f"{path} is damaged ({error}): remove it to read only the frames"
        ) from error
    return facts if isinstance(facts, dict) else {}


@contextmanager
def opened_image(path: Path) -> Iterator[Image.Image]:
    """Open a picture's file.

    Raises:
        MediaError: If it is damaged, or none.
    """
    kind = kind_of(path)
    try:
        with warnings.catch_warnings():
            # Half of what Pillow refuses is a phone's own picture.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(path, formats=_FORMATS.get(kind.name, (kind.name,)))
        with image:
            yield image
    except SpecError as error:
        raise MediaError(f"{path}: {error}") from error
    except (KeyError, UnidentifiedImageError) as error:
        if kind.name == "HEIF":
            raise MediaError(
                f"{path} is a HEIC picture, which Pillow cannot read by itself: pip"
                " install pillow-heif and run pillow_heif.register_heif_opener(),"
                " or save it as a jpeg"
            ) from error
        raise _damaged(path, error) from error
    except Image.DecompressionBombError as error:
        raise MediaError(
            f"{path} has too many pixels ({error}): scale it down first"
        ) from error
    except (OSError, ValueError, SyntaxError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> MediaError:
    reason = " ".join(str(error).split()) or type(error).__name__
    return MediaError(
        f"{path} is damaged or not a picture ({reason}): get a complete copy of it"
    )
