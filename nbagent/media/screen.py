"""A decoded frame as a screen shows it: upright, square pixels, a screen's colours."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Self

import av
import av.filter
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import (
    ColorPrimaries,
    Colorspace,
    ColorTrc,
    Interpolation,
)
from av.video.stream import VideoStream
from numpy.typing import NDArray
from PIL import Image

from nbagent.media.pixels import from_pil

_UNSTATED, _HD_LINES = 2, 720  # as players do: HD that does not say is BT.709
_HDR: Final = frozenset({ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67})
_TO_SCREEN: Final[dict[str, Any]] = {
    "dst_colorspace": Colorspace.ITU709,
    "dst_color_trc": ColorTrc.IEC61966_2_1,
    "dst_color_primaries": ColorPrimaries.BT709,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Painter:
    """Turns a film's frames into pixels, each in the same way.

    Attributes:
        width: Columns, before the picture is turned upright.
        height: Rows, before that.
        scale: Of the sides, against what the file holds.
        turn: Of the display matrix: a, b, c and d, each -1, 0 or 1.
        colours: How FFmpeg converts them, beyond what the frames say themselves.
        notes: What is otherwise than in the file.
    """

    width: int
    height: int
    scale: float
    turn: tuple[int, int, int, int]
    colours: dict[str, Any]
    notes: tuple[str, ...]

    @classmethod
    def of(
        cls, frame: VideoFrame, stream: VideoStream, num_frames: int, max_bytes: int
    ) -> Self:
        """Return how a film is painted.

        Args:
            frame: Its first.
            stream: Where it comes from.
            num_frames: How many are kept.
            max_bytes: What they may take.
        """
        # Pixels that are not square are stretched, never squeezed: nothing is lost.
        aspect = float(stream.sample_aspect_ratio or 1)
        wide = frame.width * max(1.0, aspect)
        high = frame.height * max(1.0, 1 / aspect)
        size_bytes = 3 * wide * high * num_frames
        scale = min(1.0, math.sqrt(max_bytes / size_bytes))
        width, height = (max(1, int(side * scale + 1e-6)) for side in (wide, high))
        turn = _turn(frame)
        notes = []
        if scale < 1:
            shown = (width, height) if turn[0] else (height, width)
            notes.append(
                f"read at {shown[0]}x{shown[1]}, so that its {num_frames} frames"
                f" fit into {max_bytes / (1 << 30):g} GiB"
            )
        colours: dict[str, Any] = {}
        if frame.color_trc in _HDR:
            colours = _TO_SCREEN
            notes.append("HDR colours reduced to a screen's range")
        elif frame.colorspace == _UNSTATED and frame.height >= _HD_LINES:
            colours = {"src_colorspace": Colorspace.ITU709}
        return cls(
            width=width,
            height=height,
            scale=scale,
            turn=turn,
            colours=colours,
            notes=tuple(notes),
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns, upright."""
        is_upright = self.turn[0] != 0
        return (self.height, self.width) if is_upright else (self.width, self.height)

    def __call__(self, frame: VideoFrame) -> NDArray[np.uint8]:
        """Return a frame as (H, W, 3) uint8."""
        is_clear = any(component.is_alpha for component in frame.format.components)
        pixels: NDArray[Any] = frame.reformat(
            self.width,
            self.height,
            "rgba" if is_clear else "rgb24",
            interpolation=Interpolation.BICUBIC,
            **self.colours,
        ).to_ndarray()
        if is_clear:
            pixels = from_pil(Image.fromarray(pixels))
        a, b, c, d = self.turn
        if a == 0:  # columns become rows
            pixels, a, d = pixels.swapaxes(0, 1), c, b
        return pixels[::d, ::a]


def _turn(frame: VideoFrame) -> tuple[int, int, int, int]:
    """Return a, b, c, d of a frame's display matrix: x' = ax + cy, y' = bx + dy."""
    matrix: Any = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return 1, 0, 0, 1
    # Nine numbers of 32 bits, 16 of them behind the point; players know right angles.
    values = np.frombuffer(matrix, "<i4")[[0, 1, 3, 4]] / (1 << 16)
    a, b, c, d = (int(value) for value in values.round().clip(-1, 1))
    return (a, b, c, d) if abs(a * d) + abs(b * c) == 1 else (1, 0, 0, 1)


def woven(frames: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
    """Weave the two half pictures of interlaced frames into one."""
    graph: av.filter.Graph | None = None
    for frame in frames:
        if graph is None and frame.interlaced_frame:
            graph = av.filter.Graph()
            graph.link_nodes(
                graph.add_buffer(
                    width=frame.width,
                    height=frame.height,
                    format=frame.format,
                    time_base=frame.time_base,
                ),
                graph.add("bwdif", "mode=send_frame:deint=interlaced"),
                graph.add("buffersink"),
            ).configure()
        if graph is None:
            yield frame
        else:
            graph.push(frame)
            yield from _pulled(graph)
    if graph is not None:
        graph.push(None)
        yield from _pulled(graph)


def _pulled(graph: av.filter.Graph) -> Iterator[VideoFrame]:
    while True:
        try:
            frame = graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
        assert isinstance(frame, VideoFrame)
        yield frame
