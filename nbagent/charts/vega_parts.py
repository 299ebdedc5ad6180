"""What of a Vega chart moves: its marks, as parts and calls of a `Recording`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, Final

import numpy as np
from matplotlib.path import Path
from numpy.typing import NDArray

from nbagent.charts.recording import Call, Part
from nbagent.charts.svg import Floats, context_of, face_of, points, straight
from nbagent.charts.vega_drawing import Leaf, VegaDrawing, centre, cropped

_MANY_TEXTS: Final = 40  # that move one by one
_MANY_NAMES: Final = 40  # of one mark, that can stand out
_MANY_RUNS: Final = 200  # of points of a name, in the order of what lies above
_ALIKE: Final = 5e-3  # of its size, that an outline is off by for its three digits
_FINE: Final = 2  # digits of a pixel, that tell places of bars apart
_REACH: Final = 0.06  # of the plot, within which a text belongs to a bar's end
_EM: Final = 1.2  # of a letter's size, that a letter takes at most
_LONG: Final = 0.5  # of a plot, from which a rule is drawn as a line is
_OUTLINES: Final = {  # kinds of marks whose outlines are read
    *("rect", "line", "area", "symbol", "arc", "rule", "trail", "shape"),
}


@dataclass(frozen=True, slots=True, eq=False)
class _Bar:
    """A bar: the one that a text may belong to."""

    at: int
    ends: tuple[tuple[float, float], ...]


class VegaParts:
    """Takes the marks of a drawing, in their order.

    Attributes:
        parts: What moves.
        calls: How that is drawn.
    """

    def __init__(self, drawing: VegaDrawing) -> None:
        self.parts: list[Part] = []
        self.calls: list[Call] = []
        self._drawing = drawing
        self._bars: list[_Bar] = []
        lines = [one for one in drawing.leaves if one.mark == "line"]
        self._lines = [id(one.element) for one in lines]
        self._texts = sum(one.mark == "text" for one in drawing.leaves)
        self._places: dict[int, list[float]] = {0: [], 1: []}  # of bars, in their turns
        marks = [one for one in drawing.leaves if one.mark]
        for leaf in filter(_is_bar, marks):
            left, _, _, high = _extents(leaf)
            axis = int(leaf.told[1] == "y")
            place = round((left, -high)[1 - axis], _FINE)
            self._places[axis] = sorted({*self._places[axis], place})
        for _, own in groupby(marks, key=lambda leaf: leaf.group):
            self._take(list(own))

    def _take(self, leaves: Sequence[Leaf]) -> None:
        """Take one mark: all of it as outlines, or else as pixels."""
        kind = leaves[0].mark
        if kind == "text":
            self._take_texts(leaves)
        elif kind not in _OUTLINES or not all(map(_is_plain, leaves)):
            self._take_pixels(leaves, Part("picture", facts={"box": leaves[0].cell}))
        elif _is_bar(leaves[0]):
            self._take_bars(leaves)
        elif kind == "arc":
            self._take_wedges(leaves)
        elif kind in ("rect", "symbol"):
            self._take_many(leaves)
        else:
            for leaf in leaves:
                self._add(self._outlined(leaf), [self._path(leaf)])

    def _add(self, part: Part, calls: Iterable[Call]) -> None:
        at = len(self.parts)
        self.parts.append(part)
        self.calls += [replace(call, part=at) for call in calls]

    # Many of a kind

    def _take_many(self, leaves: Sequence[Leaf]) -> None:
        """Take points or cells, those of a name as a part; each lies over those before."""
        runs = [
            (names, [*own]) for names, own in groupby(leaves, lambda one: one.told[3:])
        ]
        found = dict.fromkeys(names for names, _ in runs)
        if len(found) > _MANY_NAMES:
            found, runs = {(): None}, [((), [*leaves])]
        elif len(runs) > _MANY_RUNS:
            runs = [(n, [one for one in leaves if one.told[3:] == n]) for n in found]
        facts = {"box": leaves[0].cell, **self._way(leaves)}
        role = "points" if leaves[0].mark == "symbol" else "picture"
        at = {names: len(self.parts) + i for i, names in enumerate(found)}
        self.parts += [Part(role, names, facts=facts) for names in found]
        self.calls += [
            replace(call, part=at[names])
            for names, own in runs
            for call in self._collections(own)
        ]

    def _way(self, leaves: Sequence[Leaf]) -> dict[str, tuple[float, float]]:
        """Return from where to where of x points come, or a pen that they go with."""
        x = [centre(leaf)[0] for leaf in leaves]
        if self._has_lines(leaves[0]):
            return {"pen": self._span(leaves[0])}
        return {"span": (min(x), max(x))}

    # Bars

    def _take_bars(self, leaves: Sequence[Leaf]) -> None:
        """Take bars, each with where it stands on; what is stacked has one turn."""
        is_lying = leaves[0].told[1] == "x"
        axis = 0 if is_lying else 1
        places = self._places[axis]
        for leaf in leaves:
            left, low, right, high = _extents(leaf)
            across, up = (left + right) / 2, (low + high) / 2
            foot = _foot(leaf, axis)
            ends = (
                ((left, up), (right, up))
                if is_lying
                else ((across, low), (across, high))
            )
            self._bars.append(_Bar(len(self.parts), (*ends, (across, up))))
            slot = places.index(round((left, -high)[1 - axis], _FINE))
            facts = {"x" if is_lying else "y": (foot,)}
            part = Part("bar", leaf.told[3:], slot, len(places), facts)
            self._add(part, [self._path(leaf)])

    # Wedges

    def _take_wedges(self, leaves: Sequence[Leaf]) -> None:
        """Take parts of a pie, which are swept one after the other."""
        rings = [_ring(leaf) for leaf in leaves]
        turn = sum(ring[1] - ring[0] for ring in rings if ring) or 360.0
        for leaf, ring in zip(leaves, rings, strict=True):
            if ring is None:  # with round corners
                self._add(
                    Part("shape", leaf.told[3:], facts={"fade": ()}), [self._path(leaf)]
                )
                continue
            low, high, outer, inner = ring
            scale = self._drawing.scale
            before = (90 - high) % 360  # clockwise, from the top
            facts = {
                "ring": (*centre(leaf), outer * scale, inner * scale),
                "angles": (low, high),
                "swept": (min(before / turn, 1.0), (high - low) / turn),
                "back": (1.0,),
            }
            self._add(Part("wedge", leaf.told[3:], facts=facts), [self._path(leaf)])

    # What is drawn, uncovered or faded in

    def _outlined(self, leaf: Leaf) -> Part:
        """Return a line, an area, a rule or a shape."""
        left, _, right, _ = leaf.cell
        facts: dict[str, tuple[float, ...]] = {"box": leaf.cell}
        facts["y"] = (_foot(leaf, 1),)
        names = leaf.told[3:]
        if leaf.mark == "line":
            at = self._lines.index(id(leaf.element))
            x = _places(straight(leaf.path()), leaf.matrix)[:, 0]
            if len(x) > 1 and bool(np.all(np.diff(x) >= 0)):
                facts["span"] = self._span(leaf)
            return Part("line", names, at, len(self._lines), facts)
        if leaf.mark == "rule":
            low = _extents(leaf)
            if low[2] - low[0] < _LONG * (right - left):
                return Part("shape", names, facts={"fade": ()})
            return Part("line", names, facts={"span": (low[0], low[2])})
        return Part("area", names, facts=facts)

    def _has_lines(self, leaf: Leaf) -> bool:
        leaves = self._drawing.leaves
        return any(one.mark == "line" and one.cell == leaf.cell for one in leaves)

    def _span(self, leaf: Leaf) -> tuple[float, float]:
        """Return from where to where the lines of a plot go."""
        ends = [
            _extents(one)
            for one in self._drawing.leaves
            if one.mark == "line" and one.cell == leaf.cell
        ]
        return min(end[0] for end in ends), max(end[2] for end in ends)

    def _path(self, leaf: Leaf) -> Call:
        path = leaf.path()
        if leaf.mark in ("line", "rule"):
            path = straight(path)
        values = {"path": _told(path), "matrix": leaf.matrix, "face": face_of(leaf.own)}
        return Call("path", -1, self._context(leaf), values)

    def _context(self, leaf: Leaf) -> dict[str, Any]:
        context = context_of(leaf.own, self._drawing.scale)
        context["box"] = None if leaf.box is None else list(leaf.box)
        if leaf.clip is not None:  # round corners of a stack: they go with its bars
            path, matrix = leaf.clip
            told = {"path": _told(path), "matrix": matrix, "is_moving": True}
            context["clip"] = told
        return context

    def _collections(self, leaves: Sequence[Leaf]) -> Iterator[Call]:
        """Yield many marks of a few shapes, with those of a shape and a stroke together."""
        alike: list[tuple[Path, str, list[tuple[Leaf, Floats, Floats]]]] = []
        for leaf in leaves:
            shape, by, offset = _shaped(leaf)
            strokes = repr({**self._context(leaf), "colour": None, "width": 0})
            for known, other, many in alike:
                if strokes == other and _is_same(shape, known):
                    many.append((leaf, by, offset))
                    break
            else:
                alike.append((shape, strokes, [(leaf, by, offset)]))
        for shape, _, many in alike:
            context = self._context(many[0][0])
            yield _collected(shape, context, many, self._drawing.scale)

    # Pixels

    def _take_texts(self, leaves: Sequence[Leaf]) -> None:
        """Take texts as pixels, in the chart's own fonts; one at a bar goes with it."""
        if self._texts > _MANY_TEXTS or not self._bars:
            self._take_pixels(leaves, Part("text"))
            return
        for leaf in leaves:
            part, (x, y) = Part("text"), centre(leaf)
            left, low, right, high = leaf.cell
            reach = _REACH * max(right - left, high - low)
            found = [
                (math.dist(end, (x, y)), bar.at)
                for bar in self._bars
                for end in bar.ends
            ]
            if (near := min(found))[0] <= reach:
                bar = self.parts[near[1]]
                facts = {"of": (float(near[1]),), "at": (x, y)}
                part = Part("text", (), bar.slot, bar.slots, facts)
            self._take_pixels([leaf], part)

    def _take_pixels(self, leaves: Sequence[Leaf], part: Part) -> None:
        box = self._around_text(leaves[0]) if len(leaves) == 1 else None
        call = image_of(self._drawing, leaves, box)
        self._add(part, [call] if call else [])

    def _around_text(self, leaf: Leaf) -> tuple[int, int, int, int] | None:
        """Return where a text can be at most, from the upper left."""
        if leaf.mark != "text":
            return None
        drawing, (x, y) = self._drawing, centre(leaf)
        size = float(leaf.own.get("font-size", "11").removesuffix("px"))
        said = "".join(leaf.element.itertext())
        reach = _EM * size * (len(said) + 2) * drawing.scale
        x, y = x, drawing.height - y
        left, top = (2 * (math.floor(max(0, at - reach)) // 2) for at in (x, y))
        right = math.ceil(min(drawing.width, x + reach))
        low = math.ceil(min(drawing.height, y + reach))
        return (left, top, right, low) if right > left and low > top else None


def image_of(
    drawing: VegaDrawing,
    leaves: Iterable[Leaf],
    box: tuple[int, int, int, int] | None = None,
) -> Call | None:
    """Return some leaves as a picture; None if there is nothing to see."""
    left, top = box[:2] if box else (0, 0)
    found = cropped(drawing.pixels(leaves, box), left, top)
    if found is None:
        return None
    x, up, pixels = found
    y = drawing.height - up - len(pixels)
    context = context_of({}, 1.0)
    values = {"x": float(x), "y": float(y), "pixels": pixels[::-1]}
    return Call("image", -1, {**context, "colour": [0.0, 0.0, 0.0, 1.0]}, values)


def _is_plain(leaf: Leaf) -> bool:
    """Whether a leaf is an outline in plain colours, and no gradient."""
    if any(leaf.own.get(name, "").startswith("url(") for name in ("fill", "stroke")):
        return False
    try:
        return bool(len(points(leaf.path()))) or leaf.mark != "arc"
    except ValueError:
        return False


def _is_bar(leaf: Leaf) -> bool:
    return leaf.mark == "rect" and leaf.told[1:2] in (("x",), ("y",))


def _shaped(leaf: Leaf) -> tuple[Path, Floats, Floats]:
    """Return a mark's outline in the size of 1, what makes it as large, and its place."""
    path, offset = leaf.path(), np.asarray(leaf.matrix[:2, 2], float)
    own = _places(path, leaf.matrix) - offset
    if leaf.mark == "rect":  # every rectangle is one, drawn wide and high
        least = own.min(axis=0)
        own, offset = own - least, offset + least
        size = np.where(own.max(axis=0) > 0, own.max(axis=0), 1.0)
    else:
        size = np.full(2, float(np.abs(own).max(initial=0)) or 1.0)
    return Path(own / size, path.codes), np.diag([*size, 1.0]), offset


def _is_same(one: Path, other: Path) -> bool:
    own, its = points(one), points(other)
    return own.shape == its.shape and bool(np.abs(own - its).max() < _ALIKE)


def _collected(
    shape: Path,
    context: Mapping[str, Any],
    many: Sequence[tuple[Leaf, Floats, Floats]],
    scale: float,
) -> Call:
    leaves = [leaf for leaf, _, _ in many]
    strokes = [context_of(leaf.own, scale) for leaf in leaves]
    clear = [0.0, 0.0, 0.0, 0.0]
    values = {
        "master": np.eye(3),
        "paths": [_told(shape)],
        "transforms": np.array([by for _, by, _ in many]),
        "offsets": np.array([at for _, _, at in many]),
        "faces": np.array([face_of(leaf.own) or clear for leaf in leaves]),
        "edges": np.array([stroke["colour"] for stroke in strokes]),
        "widths": np.array([stroke["width"] for stroke in strokes]),
        "dashes": [context["dashes"]],
        "smooth": [True],
        "hatches": np.zeros((0, 4)),
    }
    return Call("collection", -1, context, values)


def _places(path: Path, matrix: Floats) -> Floats:
    return points(path) @ matrix[:2, :2].T + matrix[:2, 2]


def _extents(leaf: Leaf) -> tuple[float, float, float, float]:
    places = _places(leaf.path(), leaf.matrix)
    if not len(places):
        return (0.0, 0.0, 0.0, 0.0)
    (left, low), (right, high) = places.min(axis=0), places.max(axis=0)
    return float(left), float(low), float(right), float(high)


def _foot(leaf: Leaf, axis: int) -> float:
    """Return where a mark stands on along an axis: its zero, or the plot's edge."""
    low, high = leaf.cell[axis], leaf.cell[axis + 2]
    said = leaf.told[2] if len(leaf.told) > 2 else ""
    try:
        at = float(said)
    except ValueError:
        return low
    if not math.isfinite(at):
        return low
    place = leaf.matrix[:2, :2] @ ((at, 0.0) if axis == 0 else (0.0, at))
    return float(np.clip(place[axis] + leaf.matrix[axis, 2], low, high))


def _ring(leaf: Leaf) -> tuple[float, float, float, float] | None:
    """Return a wedge's angles and radii; None if it is no plain one."""
    path = leaf.path()
    places = points(straight(path))
    away = np.hypot(*places.T)
    outer, inner = float(away.max()), float(away.min())
    near = _NEAR * outer
    inner = 0.0 if inner < near else inner
    if not all((np.abs(away - outer) < near) | (np.abs(away - inner) < near)):
        return None
    edge = places[np.abs(away - outer) < near]
    turns = np.unwrap(np.arctan2(-edge[:, 1], edge[:, 0]))
    low, high = math.degrees(turns.min()), math.degrees(turns.max())
    return low, high, outer, inner


_NEAR: Final = 2e-3


def _told(path: Path) -> dict[str, Any]:
    codes: NDArray[np.uint8] | None
    codes = None if path.codes is None else np.asarray(path.codes, np.uint8)
    return {
        "places": points(path),
        "codes": codes,
        "simplify": False,
    }
