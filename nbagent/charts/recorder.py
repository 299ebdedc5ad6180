"""Writes down how matplotlib draws a figure: a backend of it that draws nothing.

`module://nbagent.charts.recorder` is what `Figure.savefig` is told to save with, so that
sizes, colours and layout are settled as for any file, and the figure stays as it was.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from matplotlib import rc_context, rcParams
from matplotlib.artist import Artist
from matplotlib.backend_bases import (
    FigureCanvasBase,
    FigureManagerBase,
    GraphicsContextBase,
    RendererBase,
)
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties, fontManager
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Transform
from numpy.typing import NDArray

from nbagent.charts.recording import Call
from nbagent.errors import SpecError

FORMAT = "nbagent"


class Recorder(RendererBase):
    """Takes the calls of a figure's drawing.

    Attributes:
        calls: Those so far, each with the artists that were drawing, the innermost last.
    """

    def __init__(self, width: float, height: float, dpi: float) -> None:
        super().__init__()
        self.calls: list[tuple[tuple[Artist, ...], Call]] = []
        self.drawing: list[Artist] = []  # what is being drawn, the innermost last
        self._measures = RendererAgg(width, height, dpi)
        self._size = (width, height)
        self.dpi = dpi

    def _add(self, what: str, gc: GraphicsContextBase, **values: Any) -> None:
        call = Call(what, -1, context_of(gc), values)
        self.calls.append((tuple(self.drawing), call))

    # What a renderer does.

    def draw_path(
        self,
        gc: GraphicsContextBase,
        path: Path,
        transform: Transform,
        rgbFace: Any = None,  # noqa: N803  matplotlib's
    ) -> None:
        """Take a path."""
        matrix = transform.get_matrix()
        self._add("path", gc, path=_path(path), matrix=matrix, face=_rgba(rgbFace))

    def draw_markers(
        self,
        gc: GraphicsContextBase,
        marker_path: Path,
        marker_trans: Transform,
        path: Path,
        trans: Transform,
        rgbFace: Any = None,  # noqa: N803  matplotlib's
    ) -> None:
        """Take a marker at each point of a path."""
        self._add(
            "markers",
            gc,
            marker=_path(marker_path),
            marker_matrix=marker_trans.get_matrix(),
            path=_path(path),
            matrix=trans.get_matrix(),
            face=_rgba(rgbFace),
        )

    def draw_path_collection(
        self,
        gc: GraphicsContextBase,
        master_transform: Transform,
        paths: Sequence[Path],
        all_transforms: Any,
        offsets: Any,
        offset_trans: Transform,
        facecolors: Any,
        edgecolors: Any,
        linewidths: Any,
        linestyles: Any,
        antialiaseds: Any,
        urls: Any,
        offset_position: str,
        *,
        hatchcolors: Any = None,
    ) -> None:
        """Take many paths at many places."""
        del urls, offset_position
        self._add(
            "collection",
            gc,
            master=master_transform.get_matrix(),
            paths=[_path(one) for one in paths],
            transforms=np.asarray(all_transforms, float).reshape(-1, 3, 3),
            offsets=offset_trans.transform(np.asarray(offsets, float).reshape(-1, 2)),
            faces=_colours(facecolors),
            edges=_colours(edgecolors),
            widths=np.atleast_1d(np.asarray(linewidths, float)),
            dashes=[_dashes(one) for one in linestyles],
            smooth=[bool(one) for one in np.atleast_1d(antialiaseds)],
            hatches=_colours([] if hatchcolors is None else hatchcolors),
        )

    def draw_quad_mesh(
        self,
        gc: GraphicsContextBase,
        master_transform: Transform,
        meshWidth: int,  # noqa: N803  matplotlib's
        meshHeight: int,  # noqa: N803  matplotlib's
        coordinates: Any,
        offsets: Any,
        offsetTrans: Transform,  # noqa: N803  matplotlib's
        facecolors: Any,
        antialiased: Any,
        edgecolors: Any,
    ) -> None:
        """Take a grid of cells."""
        cells = master_transform.transform(
            np.asarray(coordinates, float).reshape(-1, 2)
        )
        self._add(
            "mesh",
            gc,
            shape=[int(meshHeight), int(meshWidth)],
            cells=cells.reshape(meshHeight + 1, meshWidth + 1, 2),
            offsets=offsetTrans.transform(np.asarray(offsets, float).reshape(-1, 2)),
            faces=_colours(facecolors),
            edges=_colours(edgecolors),
            smooth=bool(antialiased),
        )

    def draw_gouraud_triangles(
        self,
        gc: GraphicsContextBase,
        triangles_array: Any,
        colors_array: Any,
        transform: Transform,
    ) -> None:
        """Take triangles with a colour at each corner."""
        triangles = np.asarray(triangles_array, float)
        places = transform.transform(triangles.reshape(-1, 2)).reshape(triangles.shape)
        colours = np.asarray(colors_array, float)
        self._add("triangles", gc, places=places, colours=colours)

    def draw_image(
        self,
        gc: GraphicsContextBase,
        x: float,
        y: float,
        im: Any,
        transform: Transform | None = None,
    ) -> None:
        """Take a picture, already of the size that it is shown in."""
        assert transform is None  # `option_scale_image` says so
        self._add("image", gc, x=float(x), y=float(y), pixels=np.array(im, np.uint8))

    def draw_text(
        self,
        gc: GraphicsContextBase,
        x: float,
        y: float,
        s: str,
        prop: FontProperties,
        angle: float,
        ismath: Any = False,  # noqa: FBT002  matplotlib's
        mtext: Any = None,
    ) -> None:
        """Take a text."""
        del mtext
        self._add(
            "text",
            gc,
            x=float(x),
            y=float(y),
            text=s,
            angle=float(angle),
            is_math=bool(ismath),
            font={
                "family": _families(prop),
                "style": prop.get_style(),
                "variant": prop.get_variant(),
                "weight": prop.get_weight(),
                "stretch": prop.get_stretch(),
                "size": float(prop.get_size_in_points()),
                "math_fontfamily": prop.get_math_fontfamily(),
            },
        )

    # What figures ask while they are laid out.

    def flipy(self) -> bool:
        """Texts are placed from the top, as Agg has them."""
        return True

    def option_image_nocomposite(self) -> bool:
        """Pictures are drawn one by one."""
        return True

    def get_canvas_width_height(self) -> tuple[float, float]:
        """Return the size in pixels."""
        return self._size

    def points_to_pixels(self, points: Any) -> Any:
        """Return points as pixels."""
        return points * self.dpi / 72

    def get_text_width_height_descent(
        self, s: str, prop: FontProperties, ismath: Any
    ) -> tuple[float, float, float]:
        """Return how large a text is."""
        measured = self._measures.get_text_width_height_descent(s, prop, ismath)
        width, height, descent = map(float, measured)
        return width, height, descent


class FigureCanvas(FigureCanvasBase):
    """Where `savefig` gets a recorder; what it has heard is put into the list it saves to."""

    filetypes = {FORMAT: "calls of a renderer"}  # noqa: RUF012  matplotlib's

    def print_nbagent(self, out: list[Recorder], **_: Any) -> None:
        """Draw the figure to a recorder."""
        width, height = self.figure.bbox.size
        renderer = Recorder(width, height, self.figure.dpi)
        with _watched(self.figure, renderer):
            self.figure.draw(renderer)
        out.append(renderer)


FigureManager = FigureManagerBase  # a backend has one


@contextlib.contextmanager
def _watched(figure: Any, renderer: Recorder) -> Iterator[None]:
    """Let a renderer know which artist draws; the artists are left as they were."""

    def watch(artist: Artist) -> None:
        draw = artist.draw

        def drawn(own: RendererBase, *args: Any, **more: Any) -> None:
            renderer.drawing.append(artist)
            try:
                draw(own, *args, **more)
            finally:
                renderer.drawing.pop()

        vars(artist)["draw"] = drawn  # of this one, for a moment

    watched = [one for one in figure.findobj() if one is not figure]
    watched = [one for one in watched if "draw" not in vars(one)]
    for artist in watched:
        watch(artist)
    try:
        yield
    finally:
        for artist in watched:
            del vars(artist)["draw"]


def context_of(gc: GraphicsContextBase) -> dict[str, Any]:
    """Return how something is drawn, as plain values."""
    box: Any = gc.get_clip_rectangle()
    clip: Any
    clip, matrix = gc.get_clip_path()
    told: dict[str, Any] = {
        "colour": [float(one) for one in gc.get_rgb()],
        "alpha": float(gc.get_alpha()) if gc.get_forced_alpha() else None,
        "smooth": bool(gc.get_antialiased()),
        "cap": gc.get_capstyle(),
        "join": gc.get_joinstyle(),
        "dashes": _dashes(gc.get_dashes()),
        "width": float(gc.get_linewidth()),
        "snap": None if gc.get_snap() is None else bool(gc.get_snap()),
        "sketch": gc.get_sketch_params(),
        "hatch": gc.get_hatch(),
        "box": None if box is None else [float(one) for one in box.extents],
        "clip": None,
    }
    if gc.get_hatch() is not None:
        told["hatch_colour"] = _rgba(gc.get_hatch_color())
        told["hatch_width"] = float(gc.get_hatch_linewidth())
    if clip is not None:
        told["clip"] = {"path": _path(clip), "matrix": matrix.get_matrix()}  # type: ignore[union-attr]  # there with a clip
    return told


def _families(prop: FontProperties) -> list[str]:
    """Return the fonts of this machine that a text is in, as this kernel's settings say."""
    named: list[str] = []
    settings: Any = rcParams
    for name in prop.get_family():
        usual = settings.get(f"font.{name}", [name])
        named += [usual] if isinstance(usual, str) else list(usual)
    there = {font.name.casefold() for font in fontManager.ttflist}
    return [name for name in named if name.casefold() in there] or ["DejaVu Sans"]


def _path(path: Path) -> dict[str, Any]:
    codes = None if path.codes is None else np.asarray(path.codes, np.uint8)
    return {
        "places": np.asarray(path.vertices, float),
        "codes": codes,
        "simplify": bool(path.should_simplify),
    }


def _rgba(colour: Any) -> list[float] | None:
    return None if colour is None else [float(one) for one in colour]


def _colours(colours: Any) -> NDArray[np.float64]:
    found = np.asarray(colours, float)
    return found.reshape(-1, 4) if found.size else np.zeros((0, 4))


def _dashes(dashes: Any) -> list[Any]:
    offset, marks = dashes
    return [float(offset or 0), None if marks is None else [float(m) for m in marks]]


def recorded(figure: Any, dpi: float) -> Recorder:
    """Return how a figure is drawn at so many dots per inch.

    Raises:
        SpecError: If parts of it are filtered pixels, or set by LaTeX.
    """
    if any(one.get_agg_filter() is not None for one in figure.findobj()):
        raise SpecError(
            "parts of the figure are filtered as pixels (agg_filter) and cannot"
            " move one by one: move a camera over it, like 'push in slowly'"
        )
    if any(one.get_usetex() for one in figure.findobj(Text)):
        raise SpecError(
            "the figure's texts need LaTeX (text.usetex), which may be missing"
            " where it is drawn: draw it without LaTeX, or move a camera over it"
        )
    heard: list[Recorder] = []
    with rc_context({"savefig.bbox": "standard"}):
        figure.savefig(
            heard, format=FORMAT, backend=f"module://{__name__}", dpi=float(dpi)
        )
    return heard[-1]
