"""A figure in motion, as frames: its own calls, played to matplotlib's renderer.

What is at rest is drawn by the very calls that drew the figure; what moves, by the same
calls with other numbers.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from matplotlib.backend_bases import GraphicsContextBase, RendererBase
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, Bbox, IdentityTransform, TransformedPath
from numpy.typing import NDArray
from PIL import Image

from nbagent.charts.figure_moves import moved, paler
from nbagent.charts.flight import EASES
from nbagent.charts.moves import Way
from nbagent.charts.planes import Pixels, opaque
from nbagent.charts.recording import Call, Recording
from nbagent.charts.table import offered
from nbagent.charts.theme import own_settings
from nbagent.errors import SpecError
from nbagent.take.chart import Chart

# matplotlib 3.11 gave each hatch of a collection a colour of its own.
_HATCHES: Final = (
    "hatchcolors" in inspect.signature(RendererBase.draw_path_collection).parameters
)
_SHAPE: Final = 0.02  # by which the shape of a frame may be off for its whole pixels
_PALE: Final = 0.75  # of what stands out beside others, that is taken from those


class FigureDrawing:
    """Draws the moments of a figure that moves, in any order.

    In a frame of another shape the figure stands in the middle, as large as it can be, and
    its paper goes on to the sides.

    Args:
        chart: How it moves.
        recording: The figure.
        height: Of a frame in pixels.
        width: Of a frame.

    Attributes:
        notes: What is to be said of it.

    Raises:
        SpecError: If it cannot be shown so.
    """

    def __init__(
        self, chart: Chart, recording: Recording, height: int, width: int
    ) -> None:
        for step in chart.steps:
            if other := next((n for n in step.change if n != "highlight"), ""):
                raise SpecError(
                    f"a figure's {other.replace('_', ' ')} stays as it was drawn:"
                    " animate its table, like 'animate @df'"
                )
        self._chart, self._recording = chart, recording
        self._frame = self._height, self._width = height, width
        self._scale = width / recording.width
        across, down = self._scale, height / recording.height
        if abs(across / down - 1) > _SHAPE:
            self._scale = min(across, down)
            self._height = round(recording.height * self._scale)
            self._width = round(recording.width * self._scale)
        self._named = {n for part in recording.parts for n in part.names}
        for view in chart.views:
            for name in view.highlight:
                if name not in self._named:
                    raise SpecError(
                        f"nothing in the figure is called {name!r:.40}:"
                        f" {offered(name, sorted(self._named))}"
                    )
        self._standing: tuple[int, Any] | None = None
        with own_settings():
            self._renderer = RendererAgg(
                self._width, self._height, recording.dpi * self._scale
            )
        self.notes = recording.notes

    def frame(self, time_s: float) -> Pixels:
        """Return the frame (H, W, 3) of a moment, in seconds from the first."""
        chart = self._chart
        end_s = chart.moving_s
        now = end_s if chart.is_still or time_s >= end_s else time_s
        over = min(max(now - chart.start_hold_s, 0.0) / chart.seconds, 1.0)
        way = Way(over, chart.pace, chart.turns)
        shown = self._shown(now)
        with own_settings():
            self._stand()
            for call in self._recording.calls[self._first :]:
                self._play(call, way, shown)
        pixels = opaque(np.asarray(self._renderer.buffer_rgba()))
        if self._frame == (self._height, self._width):
            return pixels
        frame: Pixels = np.broadcast_to(pixels[0, 0], (*self._frame, 3)).copy()
        top, left = (
            (whole - own) // 2
            for whole, own in zip(self._frame, pixels.shape, strict=False)
        )
        frame[top : top + self._height, left : left + self._width] = pixels
        return frame

    @property
    def _first(self) -> int:
        """The first call of what moves; those before it are drawn once."""
        calls = self._recording.calls
        return next((at for at, call in enumerate(calls) if call.part >= 0), len(calls))

    def _stand(self) -> None:
        """Begin a frame with what stands below all that moves."""
        if self._standing is None:
            self._renderer.clear()
            self._paint()
            for call in self._recording.calls[: self._first]:
                draw(self._renderer, call, self._scale)
            whole = Bbox.from_bounds(0, 0, self._width, self._height)
            self._standing = (self._first, self._renderer.copy_from_bbox(whole))
        self._renderer.restore_region(self._standing[1])

    def _paint(self) -> None:
        """Paint the paper that a transparent figure lies on."""
        sheet = Path.unit_rectangle()
        size = Affine2D().scale(self._width, self._height)
        gc = self._renderer.new_gc()
        gc.set_linewidth(0)
        self._renderer.draw_path(gc, sheet, size, (1.0, 1.0, 1.0, 1.0))

    def _play(self, call: Call, way: Way, shown: Mapping[int, float]) -> None:
        if call.part >= 0:
            parts = self._recording.parts
            for own in moved(call, parts, way, self._chart.move):
                at = shown.get(call.part, 1.0)
                draw(self._renderer, paler(own, at) if at < 1 else own, self._scale)
        else:
            draw(self._renderer, call, self._scale)

    def _shown(self, now: float) -> dict[int, float]:
        """Return how plainly each part is shown that something else stands out from."""
        chart = self._chart
        before = chart.view.highlight
        since, shares = now - chart.start_hold_s - chart.seconds, {before: 1.0}
        for step in chart.steps:
            since -= step.pause_s
            share = EASES[step.ease](float(np.clip(since / step.seconds, 0, 1)))
            after = tuple(step.change.get("highlight", before))
            shares = {before: 1 - share, after: share} if after != before else shares
            before, since = after, since - step.seconds
            if share < 1:
                break
        found: dict[int, float] = {}
        for at in range(len(self._recording.parts)):
            off = sum(
                share
                for names, share in shares.items()
                if names and not self._is_of(at, names)
            )
            found[at] = 1 - _PALE * min(off, 1.0)
        return found

    def _is_of(self, at: int, names: tuple[str, ...]) -> bool:
        part = self._recording.parts[at]
        if "of" in part.facts:  # a text that goes with a bar
            part = self._recording.parts[int(part.facts["of"][0])]
        return bool({*part.names} & {*names}) or not part.names


def draw(renderer: RendererAgg, call: Call, scale: float) -> None:
    """Carry out one call, on a frame that is so many times as large."""
    _PLAYS[call.what](renderer, _context(call.context, scale), call.values, scale)


def _path_of(told: Mapping[str, Any]) -> Path:
    path = Path(told["places"], told["codes"])
    path.should_simplify = bool(told["simplify"])
    return path


def _matrix(told: Any, scale: float) -> Affine2D:
    return Affine2D(np.asarray(told, float)).scale(scale)


def _context(told: Mapping[str, Any], scale: float) -> GraphicsContextBase:
    gc = GraphicsContextBase()
    gc.set_alpha(told["alpha"])
    gc.set_foreground(tuple(told["colour"]), isRGBA=True)
    gc.set_antialiased(told["smooth"])
    gc.set_capstyle(told["cap"])
    gc.set_joinstyle(told["join"])
    gc.set_dashes(*told["dashes"])
    gc.set_linewidth(told["width"])
    gc.set_snap(told["snap"])
    if told["sketch"] is not None:
        gc.set_sketch_params(*told["sketch"])
    if told["hatch"] is not None:
        gc.set_hatch(told["hatch"])
        if told["hatch_colour"] is not None:
            gc.set_hatch_color(tuple(told["hatch_colour"]))
        gc.set_hatch_linewidth(told["hatch_width"])
    if told["box"] is not None:
        left, low, right, high = (side * scale for side in told["box"])
        gc.set_clip_rectangle(Bbox.from_extents(left, low, right, high))
    if told["clip"] is not None:
        clip = told["clip"]
        at = _matrix(clip["matrix"], scale)
        gc.set_clip_path(TransformedPath(_path_of(clip["path"]), at))
    return gc


def _face(told: Any) -> tuple[float, ...] | None:
    return None if told is None else tuple(told)


def _play_path(r: Any, gc: Any, told: Mapping[str, Any], scale: float) -> None:
    at = _matrix(told["matrix"], scale)
    r.draw_path(gc, _path_of(told["path"]), at, _face(told["face"]))


def _play_markers(r: Any, gc: Any, told: Mapping[str, Any], scale: float) -> None:
    r.draw_markers(
        gc,
        _path_of(told["marker"]),
        _matrix(told["marker_matrix"], scale),
        _path_of(told["path"]),
        _matrix(told["matrix"], scale),
        _face(told["face"]),
    )


def _play_collection(r: Any, gc: Any, told: Mapping[str, Any], scale: float) -> None:
    # Each outline is put at a place that has its size already.
    size = np.diag([scale, scale, 1.0])
    master = size @ np.asarray(told["master"], float)
    hatches = {"hatchcolors": np.asarray(told["hatches"], float)} if _HATCHES else {}
    r.draw_path_collection(
        gc,
        Affine2D(master),
        [_path_of(one) for one in told["paths"]],
        np.asarray(told["transforms"], float),
        np.asarray(told["offsets"], float) * scale,
        IdentityTransform(),
        np.asarray(told["faces"], float),
        np.asarray(told["edges"], float),
        np.asarray(told["widths"], float),
        [(offset, marks) for offset, marks in told["dashes"]],
        np.asarray(told["smooth"], bool),
        [None],
        "screen",
        **hatches,
    )


def _play_mesh(r: Any, gc: Any, told: Mapping[str, Any], scale: float) -> None:
    high, wide = (int(side) for side in told["shape"])
    r.draw_quad_mesh(
        gc,
        Affine2D(),
        wide,
        high,
        np.asarray(told["cells"], float) * scale,
        np.asarray(told["offsets"], float) * scale,
        IdentityTransform(),
        np.asarray(told["faces"], float),
        bool(told["smooth"]),
        np.asarray(told["edges"], float),
    )


def _play_triangles(r: Any, gc: Any, told: Mapping[str, Any], scale: float) -> None:
    places = np.asarray(told["places"], float) * scale
    r.draw_gouraud_triangles(gc, places, told["colours"], IdentityTransform())


def _play_image(r: Any, gc: Any, told: Mapping[str, Any], scale: float) -> None:
    pixels: NDArray[np.uint8] = np.asarray(told["pixels"], np.uint8)
    if scale != 1:
        high, wide = (max(1, round(side * scale)) for side in pixels.shape[:2])
        with Image.fromarray(pixels) as image:
            pixels = np.asarray(image.resize((wide, high), Image.Resampling.BOX))
    # Agg takes an array of its own, that it may write into.
    r.draw_image(gc, told["x"] * scale, told["y"] * scale, np.array(pixels, order="C"))


def _play_text(r: Any, gc: Any, told: Mapping[str, Any], scale: float) -> None:
    font = FontProperties(**told["font"])
    x, y = told["x"] * scale, told["y"] * scale
    r.draw_text(gc, x, y, told["text"], font, told["angle"], told["is_math"])


_PLAYS: Final = {
    "path": _play_path,
    "markers": _play_markers,
    "collection": _play_collection,
    "mesh": _play_mesh,
    "triangles": _play_triangles,
    "image": _play_image,
    "text": _play_text,
}
