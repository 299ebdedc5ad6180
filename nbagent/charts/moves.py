"""How a view appears: one function for each move, from the finished scene to a moment of it.

A move knows the share of the time that is over, and which turn each part has. What goes
through a column of times asks the plot for its scene at that time instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np

from nbagent.charts.blend import paler, swollen
from nbagent.charts.flight import EASES
from nbagent.charts.scene import Dots, Floats, Line, Panel, Scene, Shape, Word
from nbagent.take.chart import Entrance, Turns
from nbagent.take.move import Ease

_OVERLAP: Final = 0.4  # of its own time, after which the next one begins
_SCATTER: Final = 0.55  # of the time, in which points that appear begin


class Plotted(Protocol):
    """A view that is laid out."""

    def scene(self, share: float = 1.0) -> Scene:
        """Return its scene after a share of its times or rows."""


@dataclass(frozen=True, slots=True)
class Way:
    """How much of a move is over.

    Attributes:
        over: The share of its time.
        ease: How it starts and stops.
        turns: Whether parts move together or one after the other.
    """

    over: float
    ease: Ease
    turns: Turns = "together"

    @property
    def share(self) -> float:
        """How far all of it is."""
        return EASES[self.ease](self.over)

    def of(self, slot: int, slots: int) -> float:
        """Return how far the part with a turn is."""
        if self.turns == "together" or slots < 2:
            return self.share
        own = 1 / (1 + _OVERLAP * (slots - 1))
        begins = slot * (1 - own) / (slots - 1)
        return EASES[self.ease](float(np.clip((self.over - begins) / own, 0, 1)))


def _grow(plotted: Plotted, way: Way) -> Scene:
    """Bars rise, lines leave the baseline, numbers count from zero."""
    scene = plotted.scene()
    slots = _slots(scene)

    def grown(panel: Panel) -> Panel:
        return replace(
            panel,
            shapes=tuple(_shape(one, way.of(one.slot, slots)) for one in panel.shapes),
            words=tuple(_word(one, way.of(one.slot, slots)) for one in panel.words),
            lines=tuple(
                _grown_line(one, way.of(one.slot, slots)) for one in panel.lines
            ),
            dots=_dots(panel.dots, way, slots),
        )

    return scene.each(grown)


def _draw(plotted: Plotted, way: Way) -> Scene:
    """Lines and areas are drawn from left to right, their ends say where they are."""
    scene = plotted.scene()
    slots = _slots(scene)

    def drawn(panel: Panel) -> Panel:
        return replace(
            panel,
            shapes=tuple(
                _cut_shape(one, way.of(one.slot, slots)) for one in panel.shapes
            ),
            lines=tuple(_cut_line(one, way.of(one.slot, slots)) for one in panel.lines),
            words=tuple(paler(one, _late(way.share)) for one in panel.words),
            dots=_revealed(panel.dots, way.share),
        )

    return scene.each(drawn)


def _appear(plotted: Plotted, way: Way) -> Scene:
    """Everything fades in; points swell one after the other."""
    scene = plotted.scene()
    slots = _slots(scene)

    def there(panel: Panel) -> Panel:
        return replace(
            panel,
            shapes=tuple(paler(one, way.of(one.slot, slots)) for one in panel.shapes),
            wedges=tuple(paler(one, way.of(one.slot, slots)) for one in panel.wedges),
            lines=tuple(
                _extra(one, way.share)
                if one.is_extra
                else paler(one, way.of(one.slot, slots))
                for one in panel.lines
            ),
            words=tuple(paler(one, way.of(one.slot, slots)) for one in panel.words),
            dots=_dots(panel.dots, way, slots),
        )

    return scene.each(there)


def _sweep(plotted: Plotted, way: Way) -> Scene:
    """A pie opens clockwise, and each part's name comes when it is there."""
    scene = plotted.scene()

    def swept(panel: Panel) -> Panel:
        ends = {one.key: one.stop for one in panel.wedges}
        return replace(
            panel,
            wedges=tuple(
                replace(one, start=one.start * way.share, stop=one.stop * way.share)
                for one in panel.wedges
            ),
            words=tuple(
                replace(
                    paler(
                        one,
                        _late(min(1.0, way.share / max(ends.get(one.key, 1.0), 1e-9))),
                    ),
                    value=one.value,
                )
                for one in panel.words
            ),
        )

    return scene.each(swept)


def _count(plotted: Plotted, way: Way) -> Scene:
    """Numbers count to what they are."""

    def counted(panel: Panel) -> Panel:
        return replace(panel, words=tuple(_word(one, way.share) for one in panel.words))

    return plotted.scene().each(counted)


def _fill(plotted: Plotted, way: Way) -> Scene:
    """Cells fade in, each in its turn; a histogram takes its rows one by one."""
    scene = plotted.scene(way.share)
    slots = _slots(scene)
    if scene.mark == "histogram":
        return scene
    turned = replace(way, turns="in turn", ease="linear")

    def filled(panel: Panel) -> Panel:
        return replace(
            panel,
            shapes=tuple(
                paler(one, turned.of(one.slot, slots)) for one in panel.shapes
            ),
            words=tuple(paler(one, turned.of(one.slot, slots)) for one in panel.words),
        )

    return scene.each(filled)


def _through(plotted: Plotted, way: Way) -> Scene:
    """Values go through their times."""
    return plotted.scene(way.share)


def _still(plotted: Plotted, way: Way) -> Scene:  # noqa: ARG001  as every move
    """All of it is there."""
    return plotted.scene()


MOVES: Final[Mapping[Entrance, Callable[[Plotted, Way], Scene]]] = {
    "grow": _grow,
    "draw": _draw,
    "appear": _appear,
    "sweep": _sweep,
    "count": _count,
    "fill": _fill,
    "travel": _through,
    "race": _through,
    "none": _still,
}


def _slots(scene: Scene) -> int:
    """Return how many turns there are."""
    most = 0
    for panel in scene.panels.values():
        parts = (panel.shapes, panel.wedges, panel.lines, panel.words)
        most = (
            max(most, *(one.slot for own in parts for one in own), 0)
            if any(parts)
            else most
        )
        most = max(most, int(panel.dots.slots.max(initial=0)))
    return most + 1


def _shape(one: Shape, share: float) -> Shape:
    if share >= 1:
        return one
    return replace(one, verts=(1 - share) * one.seed + share * one.verts)


def _word(one: Word, share: float) -> Word:
    if share >= 1:
        return one
    if one.value is None:
        return paler(one, _late(share))
    at = one.at
    if one.seed is not None:
        x, y = (
            (1 - share) * a + share * b for a, b in zip(one.seed, one.at, strict=True)
        )
        at = x, y
    return replace(paler(one, min(1.0, 4 * share)), at=at, value=one.value * share)


def _extra(one: Line, share: float) -> Line:
    """Return a line that is no data: it grows when the data is there."""
    late = _late(share)
    return paler(_grown_line(replace(one, is_extra=False), late), min(1.0, 4 * late))


def _grown_line(one: Line, share: float) -> Line:
    if one.is_extra:
        return _extra(one, share)
    if share >= 1:
        return one
    values = None if one.values is None else one.values * share
    points = (1 - share) * one.seed + share * one.points
    return replace(one, points=points, values=values)


def _dots(dots: Dots, way: Way, slots: int) -> Dots:
    if not len(dots.keys):
        return dots
    if way.turns != "together":
        there = [way.of(int(slot), slots) for slot in dots.slots]
        return swollen(dots, np.array(there))
    # Each begins at a moment of its own, from left to right with a little disorder.
    order = np.argsort(np.argsort(dots.places[:, 0] + 0.15 * _disorder(len(dots.keys))))
    begins = order / max(1, len(order) - 1) * _SCATTER
    return swollen(dots, np.clip((way.share - begins) / (1 - _SCATTER), 0, 1))


def _revealed(dots: Dots, share: float) -> Dots:
    """Return the dots that a line has come to."""
    there = np.clip((share - dots.places[:, 0]) / 0.02 + 1, 0, 1)
    return dots if share >= 1 else swollen(dots, there)


def _disorder(count: int) -> Floats:
    """Return numbers from -1 to 1 without order, the same each time."""
    return np.asarray(2 * ((np.arange(count) * 0.6180339887) % 1) - 1)


def _cut_line(one: Line, share: float) -> Line:
    """Return a line up to a share of the plot, with its end between two points."""
    if one.is_extra:
        return _extra(one, share)
    if share >= 1:
        return one
    x = one.points[:, 0]
    first, last = np.nanmin(x), np.nanmax(x)
    edge = first + share * (last - first)
    kept = x <= edge
    kept[0] = True
    count = int(np.flatnonzero(kept)[-1]) + 1
    points, seed, values = one.points[:count], one.seed[:count], one.values
    if count < len(x) and np.isfinite(one.points[count - 1 : count + 1]).all():
        part = (edge - x[count - 1]) / max(x[count] - x[count - 1], 1e-12)
        points, seed = (
            np.vstack(
                [own[:count], own[count - 1] + part * (own[count] - own[count - 1])]
            )
            for own in (one.points, one.seed)
        )
        if values is not None:
            end = values[count - 1] + part * (values[count] - values[count - 1])
            values = np.append(values[:count], end)
    elif values is not None:
        values = values[:count]
    return replace(
        paler(one, min(1.0, 30 * share)), points=points, seed=seed, values=values
    )


def _cut_shape(one: Shape, share: float) -> Shape:
    """Return an area up to a share of the plot."""
    if share >= 1:
        return one
    if not one.is_band:
        return _shape(one, share)
    half = len(one.verts) // 2
    top, low = one.verts[:half], one.verts[half:][::-1]
    edge = top[0, 0] + share * (top[-1, 0] - top[0, 0])
    x = np.append(top[top[:, 0] < edge, 0], edge)
    up, down = (np.stack([x, np.interp(x, p[:, 0], p[:, 1])], 1) for p in (top, low))
    return replace(one, verts=np.vstack([up, down[::-1]]))


def _late(share: float) -> float:
    """Return how much of something is there that comes at the end."""
    return float(np.clip((share - 0.7) / 0.3, 0, 1))
