"""Films of any make as frames: as a player shows them, at a constant rate.

Upright and with square pixels, at their real times, without what an edit list hides;
interlaced pictures are woven, HDR is brought to a screen's range, transparency to white.
A film is read frame by frame into memory of a stated size.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from nbagent.errors import MediaError, NbagentError, SpecError
from nbagent.media.frames import Frames
from nbagent.media.kinds import kind_of
from nbagent.media.pace import constant, middles
from nbagent.media.recipes import recipe_from
from nbagent.media.screen import Painter, woven

MAX_BYTES: Final = 1 << 30
_LEAST_SCALE: Final = 1 / 4  # of a side; a film that is larger still is read in parts

# Each thread keeps frames of its own: more would not stay within what is stated.
_THREADS: Final = 4
_WHOLE: Final = 0.9  # of what a file says to hold; below that it was cut off

Film = tuple[av.container.InputContainer, VideoStream]


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """A film, or a part of it, that was read.

    Attributes:
        frames: (F, H, W, 3) uint8.
        fps: Frames per second.
        notes: What is otherwise than in the file: its rate, its size, its colours.
    """

    frames: Frames
    fps: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A part of a film before a frame of it is decoded; seconds of the file's clock.

    Attributes:
        times_s: When each frame appears, ascending; the first may be from before the
            part, and still be seen as it begins.
        start_s: When the part begins.
        end_s: When it ends.
    """

    times_s: NDArray[np.float64]
    start_s: float
    end_s: float


def read_footage(
    path: Path,
    *,
    start_s: float = 0.0,
    end_s: float | None = None,
    fps: float | None = None,
) -> Footage:
    """Return the frames of a film between two times.

    Frames of more than a gibibyte are scaled down as they are read, to no less than a
    quarter of their sides; of more than that, a part is to be named.

    Args:
        path: A file that `kind_of` calls a film.
        start_s: Seconds into the film.
        end_s: Seconds into the film; None is its end.
        fps: The rate to read it at; None is its own.

    Raises:
        MediaError: If it is damaged, has no video, or would not fit in memory.
        SpecError: If there is nothing of it between these times.
    """
    with _reading(path) as film:
        part = _look(film, path, start_s, end_s, fps)
    with _reading(path) as film:
        return _read(film, path, part, fps)


def read_comment(path: Path) -> dict[str, Any] | None:
    """Return the recipe in a film, or None."""
    with _reading(path) as (container, _):
        tags = {key.lower(): value for key, value in container.metadata.items()}
        return recipe_from(tags.get("comment"), path)


def film_size(path: Path) -> tuple[int, int]:
    """Return the height and width of a film that needs no turning."""
    with _reading(path) as (_, stream):
        return stream.codec_context.height, stream.codec_context.width


@contextmanager
def _reading(path: Path) -> Iterator[Film]:
    kind = kind_of(path)
    try:
        with av.open(
            str(path.absolute()),
            format=kind.name,
            options={"protocol_whitelist": "file"},
        ) as container:
            yield container, _stream(container, path)
    except NbagentError:
        raise
    # FFmpeg's errors are of many classes; ValueError, LookupError: PyAV's own.
    except (av.FFmpegError, OSError, ValueError, LookupError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise MediaError(
            f"{path} is damaged or not a video ({reason}): get a complete copy of it"
        ) from error


def _stream(container: av.container.InputContainer, path: Path) -> VideoStream:
    """Return the film of a file; the picture of a song's album is none."""
    best = container.streams.best("video")
    films = [
        stream
        for stream in container.streams.video
        if not stream.disposition & Disposition.attached_pic
    ]
    if not films:
        raise MediaError(f"{path} holds no video: choose a different file")
    stream = next((film for film in films if film is best), films[0])
    if stream.codec_context is None:  # whatever its type says
        raise MediaError(
            f"{path} uses a codec that cannot be read here: save it as mp4"
        )
    stream.thread_type = "AUTO"
    stream.codec_context.thread_count = _THREADS
    return stream


def _look(
    film: Film, path: Path, start_s: float, end_s: float | None, fps: float | None
) -> _Part:
    """Find out when the frames of a part are shown, without decoding one."""
    container, stream = film
    unit = float(stream.time_base or 1)
    begin = (stream.start_time or 0) * unit
    start, stop = begin + start_s, math.inf if end_s is None else begin + end_s
    if start_s:
        container.seek(math.floor(start / unit), stream=stream)
    most = _most_frames(stream)
    times = list[tuple[float, float]]()  # and for how long, as far as is known
    is_to_end = True
    for packet in container.demux(stream):
        stamp = packet.dts if packet.pts is None else packet.pts  # avi has one alone
        if stamp is None or packet.is_discard:
            continue
        if stamp * unit < stop:
            times.append((stamp * unit, (packet.duration or 0) * unit))
        else:
            is_to_end = False
            if packet.dts is not None and packet.dts * unit >= stop:
                break  # nothing that is stored behind this is shown before it
        if fps is None and stamp * unit > start and len(times) > most:
            raise _too_long(film, path)
    if not times:
        raise MediaError(f"{path} holds no frames: get a complete copy of it")
    shown = np.sort(np.array([time for time, _ in times]))
    last = _end(shown, max(times)[1], begin + (stream.duration or 0) * unit)
    if start_s and start >= last:
        raise SpecError(
            f"{path} lasts {last - begin:g} s, and the part begins at {start_s:g}"
            " s: name an earlier part"
        )
    if is_to_end:
        _check_whole(film, path, last)
    first = max(0, int(np.searchsorted(shown, start, side="right")) - 1)
    return _Part(times_s=shown[first:], start_s=start, end_s=min(stop, last))


def _end(shown_s: NDArray[np.float64], for_s: float, stated_s: float) -> float:
    """Return when the last frame disappears: as it says, or the film, or as others do."""
    last = float(shown_s[-1])
    # A frame that is stored out of order may state the time to the next in the file.
    ends = [end for end in (last + for_s, stated_s) if end > last]
    if not ends and shown_s.size > 1:
        ends = [last + float(np.median(np.diff(shown_s)))]
    return min(ends, default=last)


def _most_frames(stream: VideoStream) -> int:
    """Return how many frames can be held, at the smallest scale."""
    pixels = max(1, stream.codec_context.height * stream.codec_context.width)
    return int(MAX_BYTES / (3 * pixels * _LEAST_SCALE**2))


def _too_long(film: Film, path: Path) -> MediaError:
    container, stream = film
    length = (
        f"{container.duration / av.time_base:.0f} s of " if container.duration else ""
    )
    seconds = _most_frames(stream) / float(stream.average_rate or 25)
    return MediaError(
        f"{path} ({length}{stream.codec_context.width}x{stream.codec_context.height})"
        f" does not fit into {MAX_BYTES >> 30} GiB even at a quarter of its"
        f" size: open a part of up to {max(1, math.floor(seconds))} s, like"
        " Clip.open(file, start_s=0, end_s=5), or fewer frames of it, with fps=8"
    )


def _check_whole(film: Film, path: Path, last_s: float) -> None:
    """Refuse a file that was cut off: it decodes without a word up to the cut."""
    container, stream = film
    size = path.stat().st_size
    # An mp4 lists where each frame lies. Of a webm or mkv there may be a length, but
    # that of the whole file may be its sound's.
    is_cut = any(one.pos + one.size > size for one in stream.index_entries)
    length = _seconds(stream.metadata.get("DURATION", ""))
    if not length and len(container.streams) == 1:
        length = (container.duration or 0) / av.time_base
    if is_cut or last_s < _WHOLE * length:
        raise MediaError(f"{path} is cut off too early: get a complete copy of it")


def _seconds(clock: str) -> float:
    """Read "00:01:02.5"; 0 for anything else."""
    try:
        hours, minutes, seconds = map(float, clock.split(":"))
    except ValueError:
        return 0.0
    return 3600 * hours + 60 * minutes + seconds


def _read(film: Film, path: Path, part: _Part, fps: float | None) -> Footage:
    """Decode a part, each frame to its place in an array of the size that is needed."""
    container, stream = film
    unit = float(stream.time_base or 1)
    if part.start_s > (stream.start_time or 0) * unit:
        container.seek(math.floor(part.times_s[0] / unit), stream=stream)
    stated = tuple(float(r) for r in (stream.average_rate, stream.guessed_rate) if r)
    times = np.maximum(part.times_s, part.start_s)
    pace = constant(times, part.end_s, stated, fps)
    decoded = (
        frame
        for frame in woven(_decoded(film))
        if part.times_s[0] - unit / 2 < _time(frame) < part.end_s - unit / 2
    )
    first = next(decoded, None)
    if first is None:
        raise MediaError(f"no frame of {path} can be read: get a complete copy of it")
    num_frames = len(times) if pace.picked is None else len(pace.picked)
    painter = Painter.of(first, stream, num_frames, MAX_BYTES)
    if painter.scale < _LEAST_SCALE:
        raise _too_long(film, path)
    # What is not written to takes no memory; a packet may hold more than one frame.
    room = num_frames + num_frames // 8 + 8 if pace.picked is None else num_frames
    frames = np.empty((room, *painter.shape, 3), np.uint8)
    shown = itertools.chain([first], decoded)
    if pace.picked is None:
        num_seen = num_frames = _each(frames, shown, painter)
    else:
        seen_s = part.start_s + middles(num_frames, pace.fps)
        num_seen = _seen(frames, shown, painter, seen_s)
    if num_seen < _WHOLE * len(times):
        raise MediaError(
            f"{path} is damaged ({num_seen} of its {len(times)} frames can be read):"
            " get a complete copy of it"
        )
    notes = painter.notes
    if pace.picked is not None and fps is None:
        notes = (*notes, f"variable frame rate, read at {pace.fps:g} fps")
    return Footage(frames=frames[:num_frames], fps=pace.fps, notes=notes)


def _each(frames: Frames, shown: Iterator[VideoFrame], painter: Painter) -> int:
    """Fill the places in order, and return how many."""
    count = 0
    for count, frame in enumerate(itertools.islice(shown, len(frames)), 1):
        frames[count - 1] = painter(frame)
    return count


def _seen(
    frames: Frames,
    shown: Iterator[VideoFrame],
    painter: Painter,
    seen_s: NDArray[np.float64],
) -> int:
    """Fill each place with what is seen at its second.

    Returns:
        How many frames were decoded.
    """
    current, following = itertools.tee(shown)
    next(following, None)
    count = filled = 0
    ends = itertools.chain(map(_time, following), [math.inf])
    for frame, until in zip(current, ends, strict=True):
        count += 1
        end = int(np.searchsorted(seen_s, until))
        if end > filled:
            frames[filled:end] = painter(frame)
            filled = end
    return count


def _time(frame: VideoFrame) -> float:
    return float((frame.pts or 0) * (frame.time_base or 1))


def _decoded(film: Film) -> Iterator[VideoFrame]:
    container, stream = film
    codec = stream.codec_context.name
    if stream.metadata.get("alpha_mode") == "1" and codec in ("vp8", "vp9"):
        # FFmpeg's own decoders leave the transparency of a webm out.
        own = "libvpx" if codec == "vp8" else "libvpx-vp9"
        context = av.VideoCodecContext.create(own, "r")
        assert isinstance(context, av.VideoCodecContext)
        context.thread_count = _THREADS
        for packet in container.demux(stream):
            yield from context.decode(packet)
    else:
        yield from container.decode(stream)
