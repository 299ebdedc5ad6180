"""A camera over pictures: the frames of a move, one after the other.

Exact: the last frame of a move shows what its last view covers, and nothing beside what is
in the pictures is ever seen. Several pictures follow each other, each with the same move,
and dissolve one into the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from nbagent.charts.planes import Pixels, Plane, backdrop, over
from nbagent.charts.views import EASES, Flight, flight
from nbagent.errors import SpecError
from nbagent.move import Move

MIN_SIDE: Final = 16
"""Pixels of a picture's shorter side: a smaller one has nothing to move over."""
MAX_PIXELS: Final = 160_000_000
"""Of a picture: larger ones are more than this machine should unpack."""
_MIN_FRAMES: Final = 2


@dataclass(frozen=True, slots=True)
class Pace:
    """When the camera is where.

    Attributes:
        first: Frames that the first view stands before it moves.
        moving: Frames from then on until the last view stands.
        each: Of those, how many show each picture, in part at its ends.
        dissolve: Frames in which one picture becomes the next.
    """

    first: int
    moving: int
    each: float
    dissolve: int

    def shown(self, index: int, pictures: int) -> list[tuple[int, float, float]]:
        """Return which pictures a frame shows: each, how far it is, and how much of it."""
        at = min(max(index - self.first, 0), self.moving - 1)
        step = self.each - self.dissolve
        found = []
        for one in range(pictures):
            since, next_since = (at - round(i * step) for i in (one, one + 1))
            come = _share(since + 1, self.dissolve) if one else 1.0
            is_last = one == pictures - 1
            gone = 0.0 if is_last else _share(next_since + 1, self.dissolve)
            if come > gone:
                way = min(max(since / (self.each - 1), 0.0), 1.0)
                found.append((one, way, come - gone))
        return found


def pace(move: Move, num_frames: int, fps: float, pictures: int) -> Pace:
    """Return how the frames of a clip are shared out.

    Raises:
        SpecError: If they are too few for what stands, dissolves and moves.
    """
    first, last = round(move.start_hold_s * fps), round(move.end_hold_s * fps)
    dissolve = round(move.dissolve_s * fps) if pictures > 1 else 0
    moving = num_frames - first - last
    each = (moving + (pictures - 1) * dissolve) / pictures
    if each < max(_MIN_FRAMES, dissolve + 1):
        stands = f", of which {(first + last) / fps:g} s stand" * bool(first + last)
        raise SpecError(
            f"{num_frames / fps:.3g} s at {fps:g} fps{stands}: too short for a move over"
            f" {_count(pictures)}, make it longer"
        )
    return Pace(first, moving, each, dissolve)


def check_picture(height: int, width: int, called: str = "the picture") -> None:
    """Refuse a picture that is too small or too large to move over.

    Raises:
        SpecError: With what to do.
    """
    if min(height, width) < MIN_SIDE:
        raise SpecError(
            f"{called} is {width}x{height}: a camera has nothing to move over there, use"
            f" {MIN_SIDE}x{MIN_SIDE} pixels or more"
        )
    if height * width > MAX_PIXELS:
        raise SpecError(
            f"{called} is {width}x{height}, {height * width / 1e6:.0f} million pixels:"
            f" scale it down to {MAX_PIXELS / 1e6:.0f} million or fewer"
        )


class Camera:
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
        self._way: Flight = flight(move, (height, width), size)
        self._parallax = move.parallax
        views = self._way.first.width, self._way.last.width
        self._front = Plane(picture, views, size[1], turns=bool(move.roll))
        self._back: Plane | None = None
        if picture.shape[2] == 4:
            if not picture[..., 3].any():
                raise SpecError(
                    "the picture is transparent all over: there is nothing to move over"
                )
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


def _share(frames: float, of: int) -> float:
    """Return how much of a dissolve is over."""
    return min(max(frames / (of + 1), 0.0), 1.0)


def _count(pictures: int) -> str:
    return "one picture" if pictures == 1 else f"{pictures} pictures"
