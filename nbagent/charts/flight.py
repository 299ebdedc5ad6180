"""Where the camera looks at each moment: the geometry of a move, in pixels of a picture.

A view is a rectangle of the picture, of the frame's shape. Between the first and the last
it changes so that what is seen grows by the same factor from one frame to the next, and
all of its edges go along straight lines: it stays inside the picture wherever both are.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from nbagent.errors import SpecError
from nbagent.take.move import Ease, Move

_ON_PATH: Final = 0.5  # of the picture: what a view that follows a path shows
_CORNERS: Final = 4  # how often the corners of a path are cut
_MOMENTS: Final = 65  # at which a turning view is checked; a turn of degrees has more
_AROUND: Final = 1.08  # how much larger a view is than a cut-out that turns in it
_SLACK: Final = 1e-6

EASES: Final[Mapping[Ease, Callable[[float], float]]] = {
    "linear": lambda t: t,
    "in": lambda t: t * t,
    "out": lambda t: t * (2 - t),
    "in-out": lambda t: t * t * (3 - 2 * t),
}


class Framing(NamedTuple):
    """What is seen: the middle, the sides before they are turned, and by how much."""

    x: float
    y: float
    width: float
    height: float
    degrees: float = 0.0

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of one that is not turned."""
        half_w, half_h = self.width / 2, self.height / 2
        return (self.x - half_w, self.y - half_h, self.x + half_w, self.y + half_h)


@dataclass(frozen=True, slots=True)
class Flight:
    """A camera's way over one picture.

    Attributes:
        first: What it sees at the start.
        last: What it sees at the end.
        path: Points that it goes through between them, in pixels; empty is straight on.
        degrees: By how much it has turned at the end, against the picture.
    """

    first: Framing
    last: Framing
    path: tuple[tuple[float, float], ...] = ()
    degrees: float = 0.0

    def at(self, way: float) -> Framing:
        """Return what is seen after a share of the way, 0..1."""
        share = way
        width = self.first.width * (self.last.width / self.first.width) ** way
        if abs(self.last.width - self.first.width) > _SLACK:
            share = (width - self.first.width) / (self.last.width - self.first.width)
        x, y = (
            _along(self.path, way)
            if self.path
            else (
                self.first.x + share * (self.last.x - self.first.x),
                self.first.y + share * (self.last.y - self.first.y),
            )
        )
        height = width * self.first.height / self.first.width
        return Framing(x, y, width, height, self.degrees * way)

    def behind(self, way: float, parallax: float) -> Framing:
        """Return what is seen of a backdrop that moves by so much less."""
        view, first = self.at(way), self.first
        width = first.width * (view.width / first.width) ** (1 - parallax)
        share = 1 - parallax
        if abs(view.width - first.width) > _SLACK:
            share = (width - first.width) / (view.width - first.width)
        return Framing(
            first.x + share * (view.x - first.x),
            first.y + share * (view.y - first.y),
            width,
            width * first.height / first.width,
        )


def flight(
    move: Move,
    picture: tuple[int, int],
    frame: tuple[int, int],
    cutout: tuple[float, float, float, float] | None = None,
) -> Flight:
    """Return the way of a move over a picture.

    Args:
        move: What the camera does.
        picture: Height and width of the picture.
        frame: Height and width of the clip.
        cutout: Left, top, right and bottom of what is not transparent, if any is.

    Raises:
        SpecError: If the move needs more room than the picture has.
    """
    high, wide = picture
    width = min(wide, high * frame[1] / frame[0])
    whole = (width, width * frame[0] / frame[1])
    if move.path:
        way = _on_path(move, picture, whole)
    else:
        first, last = _scales(move, picture, whole)
        deep = min(first, last)
        x, y = _aim(move, picture, whole, deep)
        near, far = (x, y), (wide - x, high - y)
        middle = (wide / 2, high / 2)
        if first == last:  # from side to side
            ends = far, near
        elif last < first:
            ends = middle, near
        else:
            ends = (far if move.focus is None else near), middle
        way = Flight(_view(ends[0], whole, first), _view(ends[1], whole, last))
    if move.roll and cutout is not None:
        return _turned_whole(way, move.roll, whole, cutout)
    return _turned(way, move.roll, picture)


def room(
    zoom: float, picture: tuple[int, int], frame: tuple[int, int]
) -> tuple[float, float]:
    """Return how far a pan and a tilt can go beside a zoom, in shares of the picture.

    Without a zoom, that is what a frame of another shape leaves.
    """
    high, wide = picture
    width = min(wide, high * frame[1] / frame[0])
    deep = min(zoom, 1 / zoom)
    left = (
        1 - deep * width / wide,
        1 - deep * width * frame[0] / frame[1] / high,
    )
    return left if zoom == 1 else (left[0] / 2, left[1] / 2)


def _scales(
    move: Move, picture: tuple[int, int], whole: tuple[float, float]
) -> tuple[float, float]:
    """Return how much of the whole is seen at the start and at the end, as shares."""
    if move.zoom > 1:
        return 1.0, 1 / move.zoom
    if move.zoom < 1:
        return move.zoom, 1.0
    high, wide = picture
    room = min(
        wide * (1 - abs(move.pan)) / whole[0], high * (1 - abs(move.tilt)) / whole[1]
    )
    return min(1.0, room), min(1.0, room)


def _aim(
    move: Move, picture: tuple[int, int], whole: tuple[float, float], deep: float
) -> tuple[float, float]:
    """Return the middle of the nearer view: where a push goes, and where a pan ends.

    Raises:
        SpecError: If a pan or a tilt goes further than a view of that size can.
    """
    found = []
    ways = (("pan", move.pan), ("tilt", move.tilt))
    for (name, go), side, seen, at in zip(
        ways, picture[::-1], whole, move.focus or (0.5, 0.5), strict=True
    ):
        half = seen * deep / 2
        room = side / 2 - half
        # From side to side, a pan has both halves of the room; else it begins in the middle.
        step = abs(go) * side * (0.5 if move.zoom == 1 else 1.0)
        if step > room + _SLACK * side:
            raise SpecError(
                f"a {name} by {abs(go):g} of the picture does not fit with a zoom"
                f" of {move.zoom:.3g}: use up to"
                f" {math.floor(room / side * 100) / 100:g}, or zoom in further"
            )
        middle = side / 2 + math.copysign(min(step, room), go) if go else side * at
        found.append(min(max(middle, half), side - half))
    return found[0], found[1]


def _on_path(
    move: Move, picture: tuple[int, int], whole: tuple[float, float]
) -> Flight:
    """Return the way along a path: its corners are cut, its pace is even."""
    high, wide = picture
    first = _ON_PATH * min(1.0, move.zoom)
    last = first / move.zoom
    half_w, half_h = (side * max(first, last) / 2 for side in whole)
    points = [
        (
            min(max(x * wide, half_w), wide - half_w),
            min(max(y * high, half_h), high - half_h),
        )
        for x, y in zip(move.path[::2], move.path[1::2], strict=True)
    ]
    for _ in range(_CORNERS):
        points = _cut(points)
    ends = _view(points[0], whole, first), _view(points[-1], whole, last)
    return Flight(*ends, path=tuple(points))


def _cut(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Cut the corners of a line, after Chaikin: the new one is inside the old one's hull."""
    cut = [points[0]]
    for (ax, ay), (bx, by) in itertools.pairwise(points):
        cut += [
            (0.75 * ax + 0.25 * bx, 0.75 * ay + 0.25 * by),
            (0.25 * ax + 0.75 * bx, 0.25 * ay + 0.75 * by),
        ]
    return [*cut, points[-1]]


def _along(points: tuple[tuple[float, float], ...], way: float) -> tuple[float, float]:
    """Return the point after a share of a line's length."""
    parts = [(a, b, math.dist(a, b)) for a, b in itertools.pairwise(points)]
    left = way * sum(length for *_, length in parts)
    for a, b, length in parts:
        if left <= length and length:
            share = left / length
            return a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])
        left -= length
    return points[-1]


def _turned(way: Flight, roll: float, picture: tuple[int, int]) -> Flight:
    """Return a way that turns, so near that no corner of the view leaves the picture."""
    if not roll:
        return way
    high, wide = picture
    way = Flight(way.first, way.last, way.path, roll)
    near = 1.0
    for at in _moments(roll):
        view = way.at(at)
        half_w, half_h = _halves(view.width, view.height, view.degrees)
        room_w, room_h = min(view.x, wide - view.x), min(view.y, high - view.y)
        near = min(near, room_w / half_w, room_h / half_h)
    return _nearer(way, near)


def _turned_whole(
    way: Flight,
    roll: float,
    whole: tuple[float, float],
    cutout: tuple[float, float, float, float],
) -> Flight:
    """Return a way that turns, so far that a cut-out leaves the widest view nowhere.

    Around a cut-out there is its backdrop: no corner is empty.
    """
    left, top, right, bottom = cutout
    way = Flight(way.first, way.last, way.path, roll)
    far = 1.0
    for at in _moments(roll):
        view = way.at(at)
        wide = 2 * max(view.x - left, right - view.x)
        high = 2 * max(view.y - top, bottom - view.y)
        half_w, half_h = _halves(wide, high, view.degrees)
        sides = 2 * half_w / whole[0], 2 * half_h / whole[1]
        far = max(far, _AROUND * max(sides))
    return _nearer(way, far)


def _moments(roll: float) -> Iterator[float]:
    """Yield the shares of a way at which a turn is checked."""
    count = _MOMENTS + 4 * math.ceil(abs(roll))
    return (at / (count - 1) for at in range(count))


def _halves(width: float, height: float, degrees: float) -> tuple[float, float]:
    """Return half the sides of the box around a rectangle that is turned."""
    angle = math.radians(degrees)
    c, s = abs(math.cos(angle)), abs(math.sin(angle))
    return (width * c + height * s) / 2, (width * s + height * c) / 2


def _nearer(way: Flight, times: float) -> Flight:
    first, last = (
        view._replace(width=view.width * times, height=view.height * times)
        for view in (way.first, way.last)
    )
    return Flight(first, last, way.path, way.degrees)


def _view(
    middle: tuple[float, float], whole: tuple[float, float], share: float
) -> Framing:
    return Framing(*middle, whole[0] * share, whole[1] * share)
