"""Draws scenes with matplotlib's Agg canvas: what stands is drawn once, what moves each time.

No pyplot and no axes: collections of shapes, lines, circles and outlines of letters, in
pixels, between which nothing is rounded, so that slow things glide.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import Any, Final

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import (
    CircleCollection,
    LineCollection,
    PathCollection,
    PolyCollection,
)
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.transforms import Affine2D, Bbox
from numpy.typing import NDArray

from nbagent.charts.easel_text import apart, outline
from nbagent.charts.furniture import (
    baselines,
    grid,
    ramp_steps,
    said_at_axes,
    said_at_ramp,
    said_in_legend,
    swatches,
)
from nbagent.charts.look import Look
from nbagent.charts.planes import Pixels, opaque
from nbagent.charts.scene import (
    Axis,
    Floats,
    Line,
    Panel,
    Rgba,
    Scene,
    Shape,
    Wedge,
    Word,
)
from nbagent.charts.theme import own_settings

_HAIR: Final = 1e-3  # pixels
_ARC: Final = 1 / 180  # of a turn, between two points of an arc


class Easel:
    """Draws the scenes of one chart.

    Args:
        look: Its sizes and inks.
        height: Of a frame in pixels.
        width: Of a frame in pixels.
    """

    def __init__(self, look: Look, height: int, width: int) -> None:
        self._look = look
        self._scale = scale = height / look.chart.height
        dpi = 72 * scale  # a point is a pixel of the chart's own size
        # The canvas takes whole pixels, and what is a hair less would be one less.
        inches = (width + _HAIR) / dpi, (height + _HAIR) / dpi
        self._figure = Figure(inches, dpi=dpi)
        self._renderer = FigureCanvasAgg(self._figure).get_renderer()
        self._pixels: Pixels = np.asarray(self._renderer.buffer_rgba())
        self._place = Affine2D().scale(scale)
        self._stands: tuple[Hashable, Pixels] | None = None
        self._shown: tuple[Scene, Pixels] | None = None
        with own_settings():
            paint = [*(round(c * 255) for c in to_rgb(look.theme.background)), 255]
            self._pixels[:] = paint
            self._write(look.headings())
        self._base = self._pixels.copy()

    def draw(self, scene: Scene) -> Pixels:
        """Return a scene as a frame (H, W, 3), read-only."""
        if self._shown is None or self._shown[0] is not scene:
            with own_settings():
                self._stand(scene)
                for panel in scene.panels.values():
                    self._panel(panel, scene)
            self._shown = scene, opaque(self._pixels)
        return self._shown[1]

    def _stand(self, scene: Scene) -> None:
        """Draw what is behind the marks, or bring it back as it was."""
        key = (
            scene.legend,
            scene.opacity,
            scene.ramp,
            tuple(_axes_key(panel) for panel in scene.panels.values()),
        )
        if self._stands is not None and self._stands[0] == key:
            self._pixels[:] = self._stands[1]
            return
        self._pixels[:] = self._base
        for panel in scene.panels.values():
            is_still = not scene.is_moving
            self._strokes(grid(panel, self._look, self._scale, is_still=is_still))
            self._write(said_at_axes(panel, self._look))
        self._legend(scene)
        if not scene.is_moving:
            self._stands = (key, self._pixels.copy())

    def _legend(self, scene: Scene) -> None:
        """Draw what the colours say: the names of series, or the ends of a ramp."""
        look = self._look
        if scene.ramp is not None:
            verts, colours = ramp_steps(scene.ramp, look)
            self._show(PolyCollection(verts, facecolors=colours, linewidths=0), None)
            self._write(said_at_ramp(scene.ramp, look))
        if scene.legend:
            places, radii, colours = swatches(scene, look)
            self._circles(places, radii, colours, edge=0.0)
            self._write(said_in_legend(scene, look))

    def _panel(self, panel: Panel, scene: Scene) -> None:
        """Draw the marks of a panel."""
        box = panel.box if panel.is_clipped else None
        self._shapes(panel.bands, panel.box, panel.box)
        self._write(panel.under, panel.box, scene)
        self._shapes(panel.shapes, panel.box, box)
        self._wedges(panel)
        self._strokes(baselines(panel, self._look, self._scale))
        lines = [one for one in panel.lines if len(one.points)]
        self._strokes(
            [(_placed(one.points, panel.box), one.colour, one.width) for one in lines],
            box,
            [one.dash for one in lines],
        )
        self._circles(
            _placed(panel.dots.places, panel.box),
            panel.dots.radii,
            panel.dots.colours,
            clip=box,
        )
        ends = [
            one for one in lines if one.label or one.has_end or one.values is not None
        ]
        self._ends(ends, panel, scene)
        words = [
            word for word in panel.words if not box or word.is_on_frame or _is_in(word)
        ]
        self._write(words, panel.box, scene)

    def _shapes(self, shapes: Sequence[Shape], box: Any, clip: Any) -> None:
        seen = [one for one in shapes if one.colour[3] > 0]
        if not seen:
            return
        background = to_rgb(self._look.theme.background)
        self._show(
            PolyCollection(
                [_placed(one.verts, box) for one in seen],
                facecolors=[one.colour for one in seen],
                edgecolors=[
                    (*background, one.colour[3] * (one.edge > 0)) for one in seen
                ],
                linewidths=[one.edge for one in seen],
            ),
            clip,
        )

    def _wedges(self, panel: Panel) -> None:
        if not panel.wedges:
            return
        left, bottom, width, height = panel.box
        middle = np.array([left + width / 2, bottom + height / 2])
        radius = min(width, height) / 2
        background = to_rgb(self._look.theme.background)
        seen = [one for one in panel.wedges if one.stop > one.start]
        self._show(
            PolyCollection(
                [middle + radius * _arc(one) for one in seen],
                facecolors=[one.colour for one in seen],
                edgecolors=[(*background, one.colour[3]) for one in seen],
                linewidths=2.0 * self._look.unit,
            ),
            None,
        )

    def _ends(self, lines: Sequence[Line], panel: Panel, scene: Scene) -> None:
        """Draw where lines end, and say there which they are."""
        if not lines:
            return
        u = self._look.unit
        places = np.array([_placed(_end(one), panel.box) for one in lines])
        dotted = [i for i, one in enumerate(lines) if one.has_end]
        self._circles(
            places[dotted],
            np.full(len(dotted), 5.5 * u),
            np.array([lines[i].colour for i in dotted]).reshape(-1, 4),
        )
        said = []
        for one, place in zip(lines, places, strict=True):
            values = np.empty(0) if one.values is None else one.values
            own = values[np.isfinite(values)]
            value = scene.says(float(own[-1])) if len(own) else ""
            text = f"{one.label}  {value}".strip()
            if text:
                said.append((one, place, text))
        heights = apart(
            np.array([place[1] for _, place, _ in said]), 1.3 * self._look.label_size
        )
        words = [
            Word(
                *("", (place[0] + 13 * u, float(y)), text, one.label_size, one.colour),
                anchor=("left", "center"),
                is_bold=one.is_bold,
                has_halo=True,
                is_on_frame=True,
            )
            for (one, place, text), y in zip(said, heights, strict=True)
        ]
        self._write(words)

    def _write(
        self, words: Sequence[Word], box: Any = (0, 0, 1, 1), scene: Scene | None = None
    ) -> None:
        """Draw words as outlines of letters."""
        paths, offsets, colours, halos = [], [], [], []
        for word in words:
            text = word.text
            if word.value is not None and scene is not None:
                text = scene.says(word.value)
            if not text or word.colour[3] <= 0:
                continue
            x, y = word.at if word.is_on_frame else _placed(np.array(word.at), box)
            path = outline(text, word.size, word.is_bold, word.anchor)
            paths.append(path)
            offsets.append((x + word.shift[0], y + word.shift[1]))
            colours.append(word.colour)
            if word.has_halo:
                halos.append(len(paths) - 1)
        background = to_rgb(self._look.theme.background)
        if halos:
            halo = PathCollection(
                [paths[i] for i in halos],
                offsets=[offsets[i] for i in halos],
                offset_transform=self._place,
                facecolors="none",
                edgecolors=[(*background, 0.85 * colours[i][3]) for i in halos],
                linewidths=4.0 * self._look.unit,
                joinstyle="round",
            )
            self._show(halo, None)
        if paths:
            self._show(
                PathCollection(
                    paths,
                    offsets=offsets,
                    offset_transform=self._place,
                    facecolors=colours,
                    linewidths=0,
                ),
                None,
            )

    def _strokes(
        self,
        lines: Sequence[tuple[Floats, Rgba, float]],
        clip: Any = None,
        dashes: Sequence[tuple[float, ...]] = (),
    ) -> None:
        seen = [i for i, (_, colour, _) in enumerate(lines) if colour[3] > 0]
        if not seen:
            return
        styles: Any = [
            (0, dashes[i]) if dashes and dashes[i] else "solid" for i in seen
        ]
        self._show(
            LineCollection(
                [lines[i][0] for i in seen],
                colors=[lines[i][1] for i in seen],
                linewidths=[lines[i][2] for i in seen],
                linestyles=styles,
                capstyle="butt" if len(lines[seen[0]][0]) == 2 else "round",
                joinstyle="round",
            ),
            clip,
        )

    def _circles(
        self,
        places: Floats,
        radii: Floats,
        colours: NDArray[Any],
        *,
        edge: float = 1.2,
        clip: Any = None,
    ) -> None:
        if not len(places):
            return
        rims = np.tile((*to_rgb(self._look.theme.background), 1.0), (len(places), 1))
        rims[:, 3] = colours[:, 3] * (edge > 0)
        self._show(
            CircleCollection(
                sizes=math.pi * np.asarray(radii) ** 2,
                offsets=places,
                offset_transform=self._place,
                facecolors=colours,
                edgecolors=rims,
                linewidths=edge * self._look.unit,
            ),
            clip,
            is_sized=True,
        )

    def _show(self, artist: Any, clip: Any, *, is_sized: bool = False) -> None:
        """Draw one thing onto the canvas."""
        artist.set_figure(self._figure)
        # Collections draw one thing alone as a marker, which goes to a whole pixel; with
        # two widths of lines they do not.
        widths = np.atleast_1d(artist.get_linewidth())
        if len(widths) == 1:
            artist.set_linewidth(np.repeat(widths, 2))
        if not is_sized:
            artist.set_transform(self._place)
        if clip is not None:
            left, bottom, width, height = (side * self._scale for side in clip)
            artist.set_clip_box(Bbox.from_bounds(left, bottom, width, height))
        assert isinstance(artist, Artist)
        artist.draw(self._renderer)


def _placed(places: Floats, box: Any) -> Floats:
    """Return places of a plot as pixels."""
    left, bottom, width, height = box
    return np.asarray(places * (width, height) + (left, bottom))


def _arc(one: Wedge) -> Floats:
    """Return the outline of a part of a ring around the origin."""
    count = max(2, math.ceil((one.stop - one.start) / _ARC))
    turns = np.linspace(one.start, one.stop, count) * 2 * math.pi
    rim = np.stack([np.sin(turns), np.cos(turns)], 1)
    inner = one.inner * rim[::-1] if one.inner else np.zeros((1, 2))
    return np.vstack([one.outer * rim, inner])


def _end(one: Line) -> Floats:
    """Return the last point of a line that is there."""
    return np.asarray(one.points[np.isfinite(one.points).all(1)][-1])


def _is_in(word: Word) -> bool:
    """Whether what a word stands at is in the plot."""
    return all(-0.001 <= part <= 1.001 for part in word.at)


def _axes_key(panel: Panel) -> Hashable:
    """Return all that the axes of a panel look like."""

    def key(axis: Axis | None) -> Hashable:
        if axis is None:
            return None
        ticks = tuple((t.at, t.text, t.alpha) for t in axis.ticks)
        return ticks, axis.has_grid, axis.title, axis.away

    return panel.box, key(panel.x), key(panel.y)
