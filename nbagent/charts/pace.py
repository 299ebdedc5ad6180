"""How the frames of a move are shared out, and which pictures can have one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from nbagent.errors import SpecError
from nbagent.take.move import Move

MIN_SIDE: Final = 8
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
        stands = f", with {(first + last) / fps:g} s of it standing still" * bool(
            first + last
        )
        raise SpecError(
            f"{num_frames / fps:.3g} s at {fps:g} fps{stands} is too short for a"
            f" move over {_count(pictures)}: make it longer"
        )
    return Pace(first, moving, each, dissolve)


def check_picture(height: int, width: int, called: str = "the picture") -> None:
    """Refuse a picture that is too small or too large to move over.

    Raises:
        SpecError: With what to do.
    """
    check_size(height, width, called)
    if min(height, width) < MIN_SIDE:
        raise SpecError(
            f"{called} is {width}x{height}, too small for a camera move: use"
            f" {MIN_SIDE}x{MIN_SIDE} pixels or more"
        )


def check_size(height: int, width: int, called: str = "the picture") -> None:
    """Refuse a picture that is larger than any clip.

    Raises:
        SpecError: With what to do.
    """
    if height * width > MAX_PIXELS:
        raise SpecError(
            f"{called} is {width}x{height}, {height * width / 1e6:.0f} million pixels:"
            f" scale it down to {MAX_PIXELS / 1e6:.0f} million or fewer"
        )


def _share(frames: float, of: int) -> float:
    """Return how much of a dissolve is over."""
    return min(max(frames / (of + 1), 0.0), 1.0)


def _count(pictures: int) -> str:
    return "one picture" if pictures == 1 else f"{pictures} pictures"
