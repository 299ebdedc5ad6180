"""H.264 and VP9 files by PyAV: exact frame counts and rates, colours kept, same bytes.

Equal frames give equal bytes, so a clip that is rendered again after a crash has the
hash that it had before.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from av.video.stream import VideoStream

from nbagent.errors import MediaError, SpecError
from nbagent.media.frames import Frames, check_frames
from nbagent.media.recipes import recipe_text
from nbagent.media.subtitles import Cue, Track

_BT709 = 1  # the number of BT.709 in H.264's tables of matrices, primaries and curves
_LIMITED = 1  # AVCOL_RANGE_MPEG: 16..235, what every browser expects of yuv420p
# A fixed count: x264 divides its work by it, so the machine's own would change bytes.
_THREADS = 4
_H264 = {
    "crf": "16",
    # Seeks in a browser stay under 20 ms for a fifth more bytes than at 24.
    "g": "12",
    # With B-frames, x264's macroblock tree reads memory that nothing has written: 1
    # encode in 100 differs. Without them frames are also stored in the order shown.
    "bf": "0",
}
_VP9 = {"crf": "24", "b": "0", "g": "12", "cpu-used": "4"}
_PREVIEW_SIDES = (640, 448, 320, 192)
_PREVIEW_CRF = (20, 38)  # finest and coarsest worth showing
# One key frame: a preview is watched, not stepped through, and what is drawn, which is
# mostly still, has a third to a half fewer bytes than with one in twelve.
_PREVIEW = {"g": "250", "preset": "veryfast"}


def write_video(
    path: Path,
    frames: Frames,
    fps: float,
    recipe: Mapping[str, Any] | None,
    cues: Sequence[Cue] = (),
) -> None:
    """Write an mp4 (H.264) or webm (VP9) file, whole or not at all.

    Args:
        path: Of the file; its suffix says which it is.
        frames: (F, H, W, 3) uint8.
        fps: Their rate.
        recipe: What goes into the file's head.
        cues: Subtitles, as a track of an mp4.

    Raises:
        SpecError: If a side is odd: 4:2:0 colour has one sample for two pixels.
        MediaError: If the file cannot be written.
    """
    check_frames(frames, fps)
    height, width = frames.shape[1:3]
    if height % 2 or width % 2:
        raise SpecError(
            f"{width}x{height} has an odd side, which mp4 and webm cannot hold:"
            f" use {width + width % 2}x{height + height % 2}, or save a gif"
        )
    codec, options = (
        ("libvpx-vp9", _VP9) if path.suffix.lower() == ".webm" else ("libx264", _H264)
    )
    with replacing(path) as scratch:
        encode(scratch, frames, fps, codec, options, recipe=recipe, cues=cues)


def preview_mp4(
    frames: Frames,
    fps: float,
    cap_bytes: int = 300_000,
    hard_cap_bytes: int = 1_000_000,
) -> bytes | None:
    """Return a small mp4 for embedding, or None if even the poorest one is too large.

    Quality goes down first, then the picture's size, until it fits `cap_bytes`.
    """
    check_frames(frames, fps)
    finest, coarsest = _PREVIEW_CRF
    smallest: bytes | None = None
    for side in _PREVIEW_SIDES:
        data = _small_mp4(frames, fps, side, finest)
        # x264 halves its bitrate about every 6 steps of crf.
        needed = finest + math.ceil(6 * math.log2(len(data) / cap_bytes)) + 1
        if needed > finest:
            data = _small_mp4(frames, fps, side, min(needed, coarsest))
        if len(data) <= cap_bytes:
            return data
        if smallest is None or len(data) < len(smallest):
            smallest = data
    return smallest if smallest and len(smallest) <= hard_cap_bytes else None


def encode(
    path: Path,
    frames: Frames,
    fps: float,
    codec: str,
    options: Mapping[str, str],
    *,
    recipe: Mapping[str, Any] | None = None,
    size: tuple[int, int] | None = None,
    cues: Sequence[Cue] = (),
) -> None:
    """Encode frames into a file; `size` is (height, width) if it shall be another."""
    height, width = size or frames.shape[1:3]
    rate = Fraction(fps).limit_denominator(100_000)
    # No random ids and no encoder's version in the file: they would change its hash.
    muxing = {"fflags": "bitexact"}
    if path.suffix.lower() == ".mp4":
        muxing["movflags"] = "faststart"
    with av.open(str(path), "w", options=muxing) as container:
        if recipe is not None:
            container.metadata["comment"] = recipe_text(recipe)
        stream = container.add_stream(codec, rate=rate, options=dict(options))
        assert isinstance(stream, VideoStream)
        stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
        context = stream.codec_context
        context.thread_count = _THREADS
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = _LIMITED
        track = Track(container, cues) if cues else None
        for index, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(
                np.ascontiguousarray(pixels), format="rgb24"
            ).reformat(
                width,
                height,
                "yuv420p",
                dst_colorspace=Colorspace.ITU709,
                dst_color_range=ColorRange.MPEG,
                interpolation=Interpolation.BICUBIC,
            )
            frame.pts, frame.time_base = index, 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        for packet in track.packets() if track else ():
            container.mux(packet)


@contextmanager
def scratch_folder(what: str) -> Iterator[Path]:
    """Yield a folder of the system's, for something that goes elsewhere at once.

    Raises:
        MediaError: If the disk or the encoder refuses.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="nba-") as folder:
            yield Path(folder)
    except OSError as error:
        raise MediaError(
            f"cannot write {what} in {tempfile.gettempdir()}"
            f" ({error.strerror or error}): make room there, or name a different"
            " folder with TMPDIR"
        ) from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a scratch path beside `path` that takes its place if all goes well.

    Raises:
        MediaError: If the disk or the encoder refuses.
    """
    if not path.parent.exists():
        raise MediaError(f"cannot write {path}: make the folder {path.parent} first")
    try:
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".nba-") as folder:
            scratch = Path(folder) / path.name
            yield scratch
            scratch.replace(path)
    except (OSError, av.FFmpegError) as error:
        raise MediaError(
            f"cannot write {path} ({error.strerror or error}): choose a different"
            " place or make room"
        ) from error


def _small_mp4(frames: Frames, fps: float, side: int, crf: int) -> bytes:
    height, width = frames.shape[1:3]
    scale = min(1.0, side / max(height, width))
    size = (_even(height * scale), _even(width * scale))
    options = {**_H264, **_PREVIEW, "crf": str(crf)}
    with scratch_folder("the preview") as folder:
        path = folder / "preview.mp4"
        encode(path, frames, fps, "libx264", options, size=size)
        return path.read_bytes()


def _even(length: float) -> int:
    return max(2, 2 * round(length / 2))
