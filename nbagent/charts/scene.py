"""The scene: what one moment of a chart shows, as numbers, before anything is drawn.

Places are shares of a panel's plot, from its lower left; sizes are pixels of the chart's
own size. Every part has a key, so that the same thing is found again in another scene,
and a seed: what it grows out of, and shrinks back into.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rgba = tuple[float, float, float, float]
Anchor = tuple[Literal["left", "center", "right"], Literal["top", "center", "bottom"]]


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A filled outline.

    Attributes:
        key: The same thing in another scene.
        verts: (V, 2) places.
        seed: (V, 2) what it grows out of.
        colour: Of its inside.
        slot: Its turn, where things move one after the other.
        edge: Width of a rim in the colour behind everything.
        is_band: Whether the outline goes along x and back again below.
    """

    key: str
    verts: Floats
    seed: Floats
    colour: Rgba
    slot: int = 0
    edge: float = 0.0
    is_band: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Wedge:
    """A part of a ring; angles in turns, clockwise from the top."""

    key: str
    start: float
    stop: float
    inner: float
    outer: float
    colour: Rgba
    slot: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A line through points, and what is said at its end.

    Attributes:
        points: (M, 2) places; NaN parts it.
        seed: (M, 2) what it grows out of.
        values: (M,) of the points, said at the end while it is drawn.
        label: Said at the end.
        has_end: Whether a dot is at its end.
        is_extra: Whether it is no data, and comes last.
    """

    key: str
    points: Floats
    seed: Floats
    colour: Rgba
    width: float
    values: Floats | None = None
    label: str = ""
    label_size: float = 15.0
    is_bold: bool = False
    has_end: bool = False
    dash: tuple[float, ...] = ()
    is_extra: bool = False
    slot: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Dots:
    """Circles: one key for each; radii in pixels."""

    keys: tuple[str, ...]
    places: Floats
    radii: Floats
    colours: Floats
    slots: NDArray[np.int64]

    def taken(self, at: Any) -> Dots:
        """Return some of them."""
        keys = np.array(self.keys, object)[at]
        return Dots(
            tuple(keys),
            self.places[at],
            self.radii[at],
            self.colours[at],
            self.slots[at],
        )


NO_DOTS = Dots(
    (), np.empty((0, 2)), np.empty(0), np.empty((0, 4)), np.empty(0, np.int64)
)


@dataclass(frozen=True, slots=True, eq=False)
class Word:
    """A text at a place, or a number that is still counting.

    Attributes:
        at: The place; of one `on` the frame in pixels, else a share of the plot.
        shift: Pixels from there.
        value: A number, said instead of the text.
        seed: Where it begins, and from which number.
        anchor: Which point of the text is at the place.
    """

    key: str
    at: tuple[float, float]
    text: str
    size: float
    colour: Rgba
    shift: tuple[float, float] = (0.0, 0.0)
    value: float | None = None
    seed: tuple[float, float] | None = None
    anchor: Anchor = ("center", "center")
    is_bold: bool = False
    has_halo: bool = False
    is_on_frame: bool = False
    slot: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Tick:
    """A mark of an axis: where, and what it says."""

    at: float
    text: str
    alpha: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Axis:
    """One axis of a plot.

    Attributes:
        kind: Whether it has numbers, their logarithms, times, or categories.
        low: The value at its beginning.
        high: The value at its end.
        ticks: At shares of its length.
        has_grid: Whether lines go across at its ticks.
        base: Where the baseline is, as a share; None if there is none.
        is_far: Whether its ticks are at the top.
        away: Further pixels from the plot to what ticks say.
        letters: How large what ticks say is, of its usual size.
    """

    kind: Literal["number", "log", "time", "band"]
    low: float
    high: float
    ticks: tuple[Tick, ...] = ()
    has_grid: bool = False
    base: float | None = None
    title: str = ""
    is_far: bool = False
    away: float = 0.0
    letters: float = 1.0

    def at(self, values: Any) -> Floats:
        """Return where values are, as shares of the axis."""
        found = np.asarray(values, np.float64)
        low, high = self.low, self.high
        if self.kind == "log":
            with np.errstate(divide="ignore", invalid="ignore"):
                found = np.log10(np.where(found > 0, found, np.nan))
            low, high = np.log10(low), np.log10(high)
        return np.asarray((found - low) / (high - low))


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """A plot: a box of the frame in pixels, its axes, and what is in it.

    Attributes:
        box: Left, bottom, width and height in pixels of the chart's size.
        bands: Behind all else.
        under: Words behind the marks.
        is_clipped: Whether what is outside the box is not seen.
    """

    box: tuple[float, float, float, float]
    x: Axis | None = None
    y: Axis | None = None
    bands: tuple[Shape, ...] = ()
    shapes: tuple[Shape, ...] = ()
    wedges: tuple[Wedge, ...] = ()
    lines: tuple[Line, ...] = ()
    dots: Dots = NO_DOTS
    words: tuple[Word, ...] = ()
    under: tuple[Word, ...] = ()
    is_clipped: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """All panels of a moment, and the words and colours of the legend.

    Attributes:
        legend: Names and colours.
        says: How a number is said.
        is_moving: Whether axes are between two states.
    """

    panels: dict[str, Panel]
    legend: tuple[LegendEntry, ...] = ()
    says: Callable[[float], str] = field(default=str)
    mark: str = ""
    is_moving: bool = False
    ramp: Ramp | None = None
    opacity: float = 1.0

    def each(self, change: Callable[[Panel], Panel]) -> Scene:
        """Return the scene with every panel changed."""
        return replace(self, panels={k: change(p) for k, p in self.panels.items()})


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """A row of the legend."""

    name: str
    colour: Rgba


@dataclass(frozen=True, slots=True)
class Ramp:
    """The legend of a heat map: what its colours go from and to."""

    colours: tuple[str, ...]
    low: str
    high: str


def box(left: float, bottom: float, right: float, top: float) -> Floats:
    """Return the outline of a box."""
    return np.array([[left, bottom], [right, bottom], [right, top], [left, top]], float)
