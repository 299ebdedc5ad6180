"""What stands around the marks: grids, ticks, titles of axes, and what colours say."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from nbagent.charts.look import Look
from nbagent.charts.scene import (
    Anchor,
    Axis,
    Floats,
    Panel,
    Ramp,
    Rgba,
    Scene,
    Tick,
    Word,
)
from nbagent.charts.theme import ramp, text_width

Stroke = tuple[Floats, Rgba, float]
"""A line's points in pixels, its colour and its width."""

_RAMP: Final = (64, 240.0, 16.0)  # steps, width and height of a legend of colours


def grid(panel: Panel, look: Look, scale: float, *, is_still: bool) -> list[Stroke]:
    """Return the lines across at ticks: on whole pixels, unless they move."""
    found = []
    for axis, is_x in _axes(panel):
        for tick in axis.ticks if axis.has_grid else ():
            ink = look.ink("grid", tick.alpha)
            to = scale if is_still else 0.0
            found.append((_across(panel, tick.at, to, is_x=is_x), ink, 1.0))
    return found


def baselines(panel: Panel, look: Look, scale: float) -> list[Stroke]:
    """Return the lines that bars stand on."""
    ink, width = look.ink("baseline"), 1.4 * look.unit
    return [
        (_across(panel, axis.base, scale, is_x=is_x), ink, width)
        for axis, is_x in _axes(panel)
        if axis.base is not None
    ]


def said_at_axes(panel: Panel, look: Look) -> list[Word]:
    """Return what ticks say, and the titles of the axes."""
    ticks = [
        _tick(panel, tick, look, is_x=is_x)
        for axis, is_x in _axes(panel)
        for tick in axis.ticks
    ]
    return [*ticks, *_titles(panel, look)]


def swatches(scene: Scene, look: Look) -> tuple[Floats, Floats, NDArray[Any]]:
    """Return the circles of a legend: places, radii and colours."""
    y, legend = look.legend_y, look.fitted(scene.legend)
    radius = 0.42 * look.tick_size
    colours = [(*e.colour[:3], e.colour[3] * scene.opacity) for e, _ in legend]
    places = np.array([[x + radius, y] for _, x in legend])
    return places, np.full(len(legend), radius), np.array(colours)


def said_in_legend(scene: Scene, look: Look) -> list[Word]:
    """Return the names of a legend."""
    size, y, ink = look.tick_size, look.legend_y, look.ink("ink", scene.opacity)
    return [
        Word(
            *("", (x + 1.2 * size, y), entry.name, size, ink),
            anchor=("left", "center"),
            is_on_frame=True,
        )
        for entry, x in look.fitted(scene.legend)
    ]


def ramp_steps(own: Ramp, look: Look) -> tuple[list[Floats], NDArray[Any]]:
    """Return the outlines and colours of a legend from the least to the largest."""
    steps, wide, high = _RAMP
    u, y = look.unit, look.legend_y
    half = high * u / 2
    edges = _ramp_left(own, look) + np.linspace(0, wide * u, steps + 1)
    # Each goes a little under the next, so that no seam shows.
    verts = [
        np.array(
            [(a, y - half), (b + 0.5, y - half), (b + 0.5, y + half), (a, y + half)]
        )
        for a, b in itertools.pairwise(edges)
    ]
    return verts, ramp(own.colours)(np.linspace(0, 1, steps))


def said_at_ramp(own: Ramp, look: Look) -> list[Word]:
    """Return the ends of a legend of colours."""
    u, y, left = look.unit, look.legend_y, _ramp_left(own, look)
    size, ink = look.tick_size, look.ink("muted")
    ends: list[tuple[float, str, Anchor]] = [
        (left - 10 * u, own.low, ("right", "center")),
        (left + (_RAMP[1] + 10) * u, own.high, ("left", "center")),
    ]
    return [
        Word("", (x, y), text, size, ink, anchor=anchor, is_on_frame=True)
        for x, text, anchor in ends
    ]


def _ramp_left(own: Ramp, look: Look) -> float:
    return look.margin + text_width(own.low, look.tick_size) + 10 * look.unit


def _axes(panel: Panel) -> Iterable[tuple[Axis, bool]]:
    """Return the axes there are, and whether each is x's."""
    if panel.x is not None:
        yield panel.x, True
    if panel.y is not None:
        yield panel.y, False


def _across(panel: Panel, share: float, scale: float, *, is_x: bool) -> Floats:
    """Return a line across the plot; of a scale, in the middle of a pixel of the frame."""
    left, bottom, width, height = panel.box
    at = left + share * width if is_x else bottom + share * height
    if scale:
        at = (math.floor(at * scale) + 0.5) / scale
    if is_x:
        return np.array([(at, bottom), (at, bottom + height)])
    return np.array([(left, at), (left + width, at)])


def _titles(panel: Panel, look: Look) -> Iterable[Word]:
    """Return the titles of the axes: above y's end, and below x's."""
    u = look.unit
    left, bottom, width, height = panel.box
    size, ink = 0.93 * look.tick_size, look.ink("muted")
    if panel.y and panel.y.title:
        said = [line for t in panel.y.ticks for line in t.text.split("\n")]
        letters = look.tick_size * panel.y.letters
        most = max((text_width(one, letters) for one in said), default=0.0)
        at = (left - most - 12 * u - panel.y.away, bottom + height + look.rise)
        yield Word(
            *("", at, panel.y.title, size, ink),
            anchor=("left", "bottom"),
            is_bold=True,
            is_on_frame=True,
        )
    if panel.x and panel.x.title:
        lines = max((t.text.count("\n") for t in panel.x.ticks), default=0) + 1
        at = (left + width, bottom - look.foot(lines) - 0.2 * size)
        yield Word(
            *("", at, panel.x.title, size, ink),
            anchor=("right", "top"),
            is_bold=True,
            is_on_frame=True,
        )


def _tick(panel: Panel, tick: Tick, look: Look, *, is_x: bool) -> Word:
    """Return what a tick says, outside of the plot."""
    left, bottom, width, height = panel.box
    away, below = 12 * look.unit, 17 * look.unit
    further = panel.y.away if panel.y else 0.0
    at: tuple[float, float] = (left - away - further, bottom + tick.at * height)
    anchor: Anchor = ("right", "center")
    axis = panel.x if is_x else panel.y
    size = look.tick_size * (axis.letters if axis else 1.0)
    if is_x:
        at, anchor = (left + tick.at * width, bottom - below), ("center", "top")
        if panel.x and panel.x.is_far:
            at, anchor = (at[0], bottom + height + away), ("center", "bottom")
    return Word(
        *("", at, tick.text, size, look.ink("muted", tick.alpha)),
        anchor=anchor,
        is_on_frame=True,
    )
