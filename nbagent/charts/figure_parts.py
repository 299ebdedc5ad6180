"""What of a figure moves, and how: bars, lines, points, wedges, areas, pictures and texts.

A figure is looked at here and nowhere else. What is known of its artists, such as where a
bar stands on, becomes numbers of a `Recording`, from which a worker moves them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from matplotlib.collections import Collection, PathCollection
from matplotlib.container import BarContainer
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch, Polygon, Rectangle, Shadow, StepPatch, Wedge
from matplotlib.text import Text

from nbagent.charts.recorder import recorded
from nbagent.charts.recording import Part, Recording
from nbagent.errors import SpecError

WIDTH: Final = 1280
HEIGHT: Final = 720
"""Pixels that a figure is drawn in at most."""
_COLORBAR: Final = "<colorbar>"  # as matplotlib labels their axes
_NEAR: Final = 1e-6
_ANGLE: Final = 1e-3  # degrees
_REACH: Final = 0.06  # of the axes, within which a text belongs to a bar's end

_Facts = Mapping[str, tuple[float, ...]]


def recording_of(
    figure: Any, called: str = "the figure", size: tuple[int, int] | None = None
) -> Recording:
    """Return a figure as it is drawn, with what of it moves.

    Args:
        figure: Of matplotlib; it is left as it was.
        called: What an error calls it.
        size: The height and width of the frame that it is to fill; None is its own shape
            in at most 1280x720.

    Raises:
        SpecError: If nothing of it moves, or it cannot be written down.
    """
    wide, high = (float(side) for side in figure.get_size_inches())
    most_high, most_wide = size or (HEIGHT, WIDTH)
    dpi = min(most_wide / wide, most_high / high)
    heard = recorded(figure, dpi)  # lays it out, so that places are right below
    scale = dpi / float(figure.dpi)
    found = dict(_found(figure, scale))
    if not found:
        raise SpecError(
            f"{called} has no bars, lines, points or pictures to animate: move a"
            " camera over it, like 'push in slowly'"
        )
    width, height = (2 * math.ceil(round(side * dpi, 3) / 2) for side in (wide, high))
    parts = _with_turns(list(found.values()))
    order = {artist: at for at, artist in enumerate(found)}
    calls = tuple(
        replace(call, part=next((order[id(a)] for a in by[::-1] if id(a) in order), -1))
        for by, call in heard.calls
    )
    return Recording(width, height, dpi, tuple(parts), calls, _notes(figure))


def _notes(figure: Any) -> tuple[str, ...]:
    if any(getattr(axes, "name", "") == "3d" for axes in figure.axes):
        return ("3D axes are uncovered as drawn, without moving parts",)
    return ()


def _found(figure: Any, scale: float) -> Iterator[tuple[int, Part]]:
    """Yield what moves, by the artist that draws it.

    Args:
        figure: After it was laid out.
        scale: Pixels of the recording to those of the figure.
    """
    for axes in figure.axes:
        if axes.get_visible() and axes.get_label() != _COLORBAR:
            yield from _Axes(axes, scale).parts()


class _Axes:
    """The axes of a figure, and what is known of what stands in them."""

    def __init__(self, axes: Any, scale: float) -> None:
        self._axes, self._scale = axes, scale
        self._box = tuple(float(side) * scale for side in axes.bbox.extents)
        self._is_flat = axes.name == "rectilinear"
        self._extents: dict[bool, list[tuple[float, float, float, float]]] = {}
        self._ends: list[tuple[int, float, float]] = []  # of bars: which, x and y

    def parts(self) -> Iterator[tuple[int, Part]]:
        """Yield what moves."""
        found: dict[int, Part] = {}
        for container in self._axes.containers:
            if isinstance(container, BarContainer):
                found |= self._bars(container)
        found |= {
            id(one): part
            for one in _seen(self._axes.patches)
            if id(one) not in found and (part := self._patch(one))
        }
        span = self._span()
        lines = [one for one in _seen(self._axes.lines) if len(one.get_xdata())]
        found |= {id(one): self._line(one, span) for one in lines}
        found |= {
            id(one): self._collection(one) for one in _seen(self._axes.collections)
        }
        picture = Part("picture", facts={"box": self._box})
        found |= {id(image): picture for image in _seen(self._axes.images)}
        if found:
            texts = [one for one in _seen(self._axes.texts) if one.get_text()]
            found |= {id(one): self._text(one, list(found)) for one in texts}
        yield from found.items()

    # Bars

    def _bars(self, container: BarContainer) -> dict[int, Part]:
        """Return bars, each with where it stands on; what is stacked grows together."""
        label = str(container.get_label())
        is_lying = container.orientation == "horizontal"
        ticks = self._axes.yaxis if is_lying else self._axes.xaxis
        names = _ticks(ticks)
        found = {}
        for slot, bar in enumerate(container.patches):
            if not bar.get_visible():
                continue
            low, size, base = _extent(bar, is_lying)
            root = self._root(bar, base, is_lying)
            said = [_near(names, low + size / 2, size)]
            said += [label] if label and label[0] != "_" else []
            facts = self._standing(bar, root, is_lying)
            found[id(bar)] = Part(
                "bar", tuple(filter(None, said)), slot, len(container.patches), facts
            )
            self._note_end(bar, is_lying)
        return found

    def _root(self, bar: Rectangle, base: float, is_lying: bool) -> float:  # noqa: FBT001
        """Return where a bar grows from: the foot of what it is stacked on."""
        place, size, _ = _extent(bar, is_lying)
        near = _NEAR * max(abs(size), 1)
        below = {
            round(end, 9): foot
            for where, wide, foot, end in self._bars_of(is_lying)
            if abs(where - place) < near and abs(wide - size) < near
        }
        seen = set[float]()
        while (key := round(base, 9)) in below and key not in seen and base != 0:
            seen.add(key)
            base = below[key]
        return base

    def _bars_of(self, is_lying: bool) -> list[tuple[float, float, float, float]]:  # noqa: FBT001
        """Return all bars that lie, or stand: place, breadth, foot and end."""
        if is_lying not in self._extents:
            self._extents[is_lying] = [
                (*_extent(one, is_lying), _end(one, is_lying))
                for container in self._axes.containers
                if isinstance(container, BarContainer)
                for one in container.patches
            ]
        return self._extents[is_lying]

    def _standing(self, bar: Rectangle, root: float, is_lying: bool) -> _Facts:  # noqa: FBT001
        """Return where a bar grows from, in pixels."""
        if not self._is_flat:
            pole = self._axes.transAxes.transform((0.5, 0.5)) * self._scale
            return {"pole": (float(pole[0]), float(pole[1]))}
        x, y = bar.get_xy()
        point = (root, y) if is_lying else (x, root)
        with np.errstate(all="ignore"):
            foot = (
                bar.get_data_transform().transform(point)[0 if is_lying else 1]
                * self._scale
            )
        low, high = (self._box[i] for i in ((0, 2) if is_lying else (1, 3)))
        if not math.isfinite(foot):  # 0 on a logarithmic axis
            foot = low
        return {"x" if is_lying else "y": (float(np.clip(foot, low, high)),)}

    def _note_end(self, bar: Rectangle, is_lying: bool) -> None:  # noqa: FBT001
        corners = np.asarray(bar.get_window_extent().extents) * self._scale
        left, low, right, high = map(float, corners)
        ends = (
            ((left, (low + high) / 2), (right, (low + high) / 2))
            if is_lying
            else (((left + right) / 2, low), ((left + right) / 2, high))
        )
        self._ends += [(id(bar), *end) for end in ends]
        self._ends.append((id(bar), (left + right) / 2, (low + high) / 2))

    # What is not bars

    def _patch(self, patch: Any) -> Part | None:
        """Return a patch that shows data; None for one that somebody put there."""
        if isinstance(patch, Wedge):
            return self._wedge(patch)
        if isinstance(patch, StepPatch | Polygon):
            return Part("shape", _label(patch), facts=self._foot())
        if isinstance(patch, PathPatch | Shadow):
            return Part("shape", _label(patch), facts={"fade": ()})
        return None

    def _wedge(self, wedge: Wedge) -> Part:
        """Return a part of a pie; they are swept one after the other."""
        all_of = [one for one in self._axes.patches if isinstance(one, Wedge)]
        first = all_of[0]
        turn = sum(one.theta2 - one.theta1 for one in all_of)
        before = sum(one.theta2 - one.theta1 for one in all_of[: all_of.index(wedge)])
        centre = wedge.get_data_transform()
        at = centre.transform(wedge.center) * self._scale
        edge = centre.transform((wedge.center[0] + wedge.r, wedge.center[1]))
        radius = float(edge[0] * self._scale - at[0])
        inner = 0.0 if wedge.width is None else 1 - wedge.width / wedge.r
        is_back = len(all_of) > 1 and abs(all_of[1].theta2 - first.theta1) < _ANGLE
        return Part(
            "wedge",
            _label(wedge),
            facts={
                "ring": (float(at[0]), float(at[1]), radius, inner * radius),
                "angles": (float(wedge.theta1), float(wedge.theta2)),
                "swept": (before / turn, (wedge.theta2 - wedge.theta1) / turn),
                "back": (float(is_back),),
            },
        )

    def _span(self) -> tuple[float, float] | None:
        """Return from where to where of x the lines go that go one way."""
        ends = [
            (float(x.min()), float(x.max()))
            for line in self._axes.lines
            if (x := self._xs(line)) is not None and len(x) > 2
        ]
        return (
            (min(low for low, _ in ends), max(high for _, high in ends))
            if ends
            else None
        )

    def _xs(self, line: Line2D) -> Any | None:
        """Return where a line's points are along x, if it never goes back."""
        if not self._is_flat:
            return None
        with np.errstate(all="ignore"):
            x = line.get_transform().transform(line.get_xydata())[:, 0] * self._scale
        x = x[np.isfinite(x)]
        return x if len(x) > 1 and bool(np.all(np.diff(x) >= 0)) else None

    def _line(self, line: Line2D, span: tuple[float, float] | None) -> Part:
        lines = [one for one in self._axes.lines if one.get_visible()]
        at, names = lines.index(line), _label(line)
        facts: dict[str, tuple[float, ...]] = dict(self._foot())
        x = self._xs(line)
        if x is not None and span is not None and len(x) > 2:
            facts["span"] = span
        elif x is not None:  # across, as a threshold is
            facts["span"] = (float(x.min()), float(max(x.max(), x.min() + 1)))
        return Part("line", names, at, len(lines), facts)

    def _collection(self, one: Collection) -> Part:
        facts = {"box": self._box, **self._foot()}
        if isinstance(one, PathCollection) and self._is_flat:
            return Part("points", _label(one), facts=facts)
        return Part("area", _label(one), facts=facts)

    def _text(self, text: Text, known: Sequence[int]) -> Part:
        """Return a text: one at a bar's end goes with it, others come last."""
        box = np.asarray(text.get_window_extent().extents) * self._scale
        x, y = float(box[0] + box[2]) / 2, float(box[1] + box[3]) / 2
        reach = _REACH * max(self._box[2] - self._box[0], self._box[3] - self._box[1])
        near = min(self._ends, key=lambda end: math.dist(end[1:], (x, y)), default=None)
        if near is None or math.dist(near[1:], (x, y)) > reach:
            return Part("text")
        return Part("text", facts={"of": (float(known.index(near[0])),), "at": (x, y)})

    def _foot(self) -> dict[str, tuple[float, ...]]:
        """Return where 0 of y is, or the axes' foot."""
        if not self._is_flat:
            return {}
        with np.errstate(all="ignore"):
            zero = self._axes.transData.transform((0, 0))[1] * self._scale
        low, high = self._box[1], self._box[3]
        return {"y": (float(np.clip(zero, low, high)) if math.isfinite(zero) else low,)}


def _seen(artists: Iterable[Any]) -> list[Any]:
    return [one for one in artists if one.get_visible()]


def _with_turns(parts: list[Part]) -> list[Part]:
    """Return parts; a text that goes with a bar has its turn."""
    bars = dict(enumerate(parts))
    return [
        replace(part, slot=bars[at].slot, slots=bars[at].slots)
        if part.role == "text" and (at := int(part.facts.get("of", (-1,))[0])) in bars
        else part
        for part in parts
    ]


def _extent(bar: Rectangle, is_lying: bool) -> tuple[float, float, float]:  # noqa: FBT001
    """Return where a bar begins along its axis, how broad it is, and its foot."""
    if is_lying:
        return bar.get_y(), bar.get_height(), bar.get_x()
    return bar.get_x(), bar.get_width(), bar.get_y()


def _end(bar: Rectangle, is_lying: bool) -> float:  # noqa: FBT001
    if is_lying:
        return float(bar.get_x() + bar.get_width())
    return float(bar.get_y() + bar.get_height())


def _ticks(axis: Any) -> list[tuple[float, str]]:
    """Return what an axis says, and where."""
    labels = [one.get_text() for one in axis.get_ticklabels()]
    return list(zip(map(float, axis.get_ticklocs()), labels, strict=False))


def _near(names: Iterable[tuple[float, str]], place: float, size: float) -> str:
    found = [(abs(at - place), name) for at, name in names if name]
    return next(
        (name for off, name in sorted(found) if off <= max(abs(size), _NEAR)), ""
    )


def _label(artist: Any) -> tuple[str, ...]:
    label = str(artist.get_label() or "")
    return (label,) if label and not label.startswith("_") else ()
