"""What stands beside the data: a threshold, a span, remarks and a fitted line."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from matplotlib.colors import to_rgb

from nbagent.charts.cells import Places, index_of, place_on
from nbagent.charts.look import Look
from nbagent.charts.scene import Axis, Floats, Line, Panel, Shape, Word, box
from nbagent.charts.theme import wrapped
from nbagent.take.chart_view import Remark, View

_SIDE: Final = 0.14  # of a plot, where a remark is written towards the middle
_HIGH: Final = 0.8  # of a plot, above which a remark is below its point


def dressed(
    look: Look, view: View, panel: Panel, x: Places, *, is_lying: bool = False
) -> Panel:
    """Return a panel with the view's threshold, span and remarks.

    Raises:
        SpecError: If one of them is at a place that is not there.
    """
    along, values = (panel.y, panel.x) if is_lying else (panel.x, panel.y)
    if along is None or values is None:
        return panel
    lines, words, bands = [], [], []
    if view.threshold is not None:
        line, word = _threshold(look, view, float(values.at(view.threshold)))
        lines.append(line)
        words.append(word)
    if view.span:
        bands.append(_span(look, view, along, x))
    for number, remark in enumerate(view.remarks):
        at = place(view, along, x, remark.x)
        own = _remark(look, panel, values, remark, at, number)
        lines.append(own[0])
        words.append(own[1])
    if is_lying:
        lines = [
            replace(one, points=one.points[:, ::-1], seed=one.seed[:, ::-1])
            for one in lines
        ]
        words = [replace(one, at=one.at[::-1]) for one in words]
        bands = [replace(one, verts=one.verts[:, ::-1]) for one in bands]
    return replace(
        panel,
        lines=(*panel.lines, *lines),
        words=(*panel.words, *words),
        bands=(*panel.bands, *bands),
    )


def place(view: View, axis: Axis, x: Places, value: float | str) -> float:
    """Return where a value of x is on its axis, as a share."""
    if axis.kind != "band":
        return float(axis.at(place_on(x.kind, value, view.x)))
    return float(axis.at(index_of(x, value, view.x)))


def trend(look: Look, places: Floats) -> Line | None:
    """Return the least-squares line through places; None if there are too few."""
    own = places[np.isfinite(places).all(1)]
    if len(own) < 2 or np.ptp(own[:, 0]) == 0:
        return None
    slope, base = np.polyfit(own[:, 0], own[:, 1], 1)
    ends = np.array([own[:, 0].min(), own[:, 0].max()])
    mean = float(own[:, 1].mean())
    points = np.stack([ends, base + slope * ends], 1)
    seed = np.stack([ends, np.full(2, mean)], 1)
    ink, width = look.ink("accent"), 3.4 * look.unit
    return Line("trend", points, seed, ink, width, is_extra=True)


def _threshold(look: Look, view: View, at: float) -> tuple[Line, Word]:
    u = look.unit
    assert view.threshold is not None
    own = view.threshold_colour
    ink = (*to_rgb(own), 1.0) if own else look.ink("accent")
    line = Line(
        "threshold",
        np.array([[0.0, at], [1.0, at]]),
        np.array([[0.0, at], [0.0, at]]),
        ink,
        2.2 * u,
        dash=(4.0, 2.5),
        is_extra=True,
    )
    word = Word(
        *("threshold", (1.0, at), view.threshold_text or look.says(view.threshold)),
        *(look.tick_size, ink),
        shift=(0.0, 9 * u),
        anchor=("right", "bottom"),
        is_bold=True,
        has_halo=True,
    )
    return line, word


def _span(look: Look, view: View, along: Axis, x: Places) -> Shape:
    ends = sorted(place(view, along, x, end) for end in view.span)
    half = 0.5 / (along.high - along.low) if along.kind == "band" else 0.0
    left, right = (float(np.clip(v, 0, 1)) for v in (ends[0] - half, ends[1] + half))
    return Shape(
        "span", box(left, 0, right, 1), box(left, 0, left, 1), look.ink("band")
    )


def _remark(
    look: Look, panel: Panel, values: Axis, remark: Remark, at: float, number: int
) -> tuple[Line, Word]:
    """Return the words of a remark, and the line from them to their point."""
    u = look.unit
    height = panel.box[3]
    y = _top(panel, at) if remark.y is None else float(values.at(remark.y))
    side = -1 if y > _HIGH else 1
    near, far = (y + side * pixels * u / height for pixels in (9, 44))
    points = np.array([[at, near], [at, far]])
    size = look.tick_size
    lines = wrapped(remark.text, size, 15 * size, 3)
    is_left, is_right = at < _SIDE, at > 1 - _SIDE
    word = Word(
        *(f"remark {number} {remark.text}", (at, far), "\n".join(lines), size),
        look.ink(),
        shift=(0.0, side * 6 * u),
        anchor=(
            "left" if is_left else "right" if is_right else "center",
            "bottom" if side > 0 else "top",
        ),
        has_halo=True,
    )
    ink, key = look.ink("muted"), f"remark {number}"
    line = Line(key, points, points[[0, 0]], ink, 1.4 * u, is_extra=True)
    return line, word


def _top(panel: Panel, at: float) -> float:
    """Return how high the marks are at a place along x."""
    found = [0.0]
    outlines = [line.points for line in panel.lines if not line.is_extra]
    outlines += [
        shape.verts[: len(shape.verts) // 2] for shape in panel.shapes if shape.is_band
    ]
    for points in outlines:
        own = points[np.isfinite(points).all(1)]
        if len(own) > 1 and own[0, 0] - 1e-9 <= at <= own[-1, 0] + 1e-9:
            found.append(float(np.interp(at, own[:, 0], own[:, 1])))
    found += [
        float(shape.verts[:, 1].max())
        for shape in panel.shapes
        if not shape.is_band
        and shape.verts[:, 0].min() <= at <= shape.verts[:, 0].max()
    ]
    if len(panel.dots.keys):
        nearest = int(np.abs(panel.dots.places[:, 0] - at).argmin())
        found.append(float(panel.dots.places[nearest, 1]))
    return max(found)
