"""A camera over pictures: the frames of a move, one after the other.

Exact: the last frame of a move shows what its last view covers, and nothing beside what is
in the pictures is ever seen. Several pictures follow each other, each with the same move,
and dissolve one into the next.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from nbagent.charts.flight import EASES, Flight, flight
from nbagent.charts.pace import check_picture, pace
from nbagent.charts.planes import Pixels, Plane, backdrop, over
from nbagent.errors import SpecError
from nbagent.take.move import Move


class VirtualCamera:
    """Draws the frames of a move over pictures.

    Args:
        move: What the camera does.
        pictures: Each (H, W, 3), or (H, W, 4) with opacity last.
        num_frames: Of the clip.
        fps: Frames per second.
        height: Of a frame.
        width: Of a frame.

    Raises:
        SpecError: If the move does not fit the pictures or the length.
    """

    def __init__(
        self,
        move: Move,
        pictures: Sequence[Pixels],
        *,
        num_frames: int,
        fps: float,
        height: int,
        width: int,
    ) -> None:
        self._ease = EASES[move.ease]
        self._pace = pace(move, num_frames, fps, len(pictures))
        size = (height, width)
        self._size = size
        self._layers = [_Layers(move, picture, size) for picture in pictures]

    def frame(self, index: int) -> Pixels:
        """Return one frame (H, W, 3)."""
        drawn = [
            (self._layers[one].frame(self._ease(way), self._size), share)
            for one, way, share in self._pace.shown(index, len(self._layers))
        ]
        if len(drawn) == 1:
            return drawn[0][0]
        mixed = sum(pixels * np.float32(share) for pixels, share in drawn)
        return np.asarray(mixed).round().clip(0, 255).astype(np.uint8)


class _Layers:
    """One picture, and the camera's way over it."""

    def __init__(self, move: Move, picture: Pixels, size: tuple[int, int]) -> None:
        height, width = picture.shape[:2]
        check_picture(height, width)
        cutout = None
        if picture.shape[2] == 4:
            cutout = Image.fromarray(picture[..., 3]).getbbox()
            if cutout is None:
                raise SpecError(
                    "the picture is fully transparent: name one that shows something"
                )
        self._way: Flight = flight(move, (height, width), size, cutout)
        self._parallax = move.parallax
        views = self._way.first.width, self._way.last.width
        self._front = Plane(picture, views, size[1], turns=bool(move.roll))
        self._back: Plane | None = None
        if cutout is not None:
            sheet = backdrop(picture, move.backdrop)
            self._shrink = sheet.shape[1] / width, sheet.shape[0] / height
            self._back = Plane(sheet, (1.0, 1.0), size[1], turns=False)

    def frame(self, way: float, size: tuple[int, int]) -> Pixels:
        """Return what is seen after a share of the way: the cut-out over the backdrop."""
        front = self._front.seen(self._way.at(way), *size)
        if self._back is None:
            return front
        view = self._way.behind(way, self._parallax)
        across, down = self._shrink
        small = view._replace(
            x=view.x * across,
            y=view.y * down,
            width=view.width * across,
            height=view.height * down,
        )
        return over(front, self._back.seen(small, *size))
