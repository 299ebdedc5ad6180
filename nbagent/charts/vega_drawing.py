"""A Vega chart as it is laid out: what each of its marks draws, and what stands around them.

vl-convert writes a chart as SVG. What stands (axes, grids, legends, titles: all that is
letters) is drawn by it as pixels, in the chart's own fonts; what marks draw is read.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final
from xml.etree import ElementTree  # of what vl-convert writes, which has no entities

import numpy as np
from matplotlib.path import Path
from numpy.typing import NDArray
from PIL import Image

from nbagent.charts.svg import Floats, matrix_of, path_of, points

Element = ElementTree.Element
Box = tuple[float, float, float, float]

SEPARATOR: Final = "\N{INVISIBLE SEPARATOR}"
"""Between what a mark tells of itself, where SVG has room for a description."""
_SVG: Final = "http://www.w3.org/2000/svg"
_LEAVES: Final = ("path", "rect", "line", "text", "image")
_HANDED_DOWN: Final[tuple[str, ...]] = ("fill", "stroke")
_NARROWEST: Final = 4 / 3  # of a frame's sides
_GRID: Final = (
    2  # pixels that a piece begins at, so that half a frame has whole ones too
)


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """Something that is drawn.

    Attributes:
        element: That draws it.
        mark: Which kind of mark it is of, like "rect"; empty for what stands.
        group: Which mark it is of.
        own: Its colours and strokes.
        matrix: From its own measure to pixels of the frame, from the lower left.
        cell: The plot that it stands in: left, low, right, high.
        box: What it is seen in alone; None is everywhere.
        clip: An outline that it is seen in alone, and that one's matrix.
        is_above: Whether it stands over marks.
    """

    element: Element
    mark: str
    group: int
    own: Mapping[str, str]
    matrix: Floats
    cell: Box
    box: Box | None
    clip: tuple[Path, Floats] | None
    is_above: bool

    @property
    def link(self) -> str:
        """Where the picture is that it shows; empty if it is in it, or shows none."""
        links = [v for n, v in self.element.attrib.items() if n.endswith("href")]
        return next((one for one in links if not one.startswith("data:")), "")

    @property
    def told(self) -> tuple[str, ...]:
        """What the mark tells of itself (see `nbagent.charts.vega`)."""
        return tuple(self.element.get("aria-label", "").split(SEPARATOR))

    def path(self) -> Path:
        """Return its outline, in its own measure.

        Raises:
            ValueError: If it has none that is known.
        """
        kind, get = _kind(self.element), self.element.get
        if kind == "path":
            return path_of(get("d", ""))
        if kind == "line":
            ends = [[float(get(n, 0)) for n in pair] for pair in _ENDS]
            return Path(np.array(ends), [Path.MOVETO, Path.LINETO])
        raise ValueError(f"a {kind} has no outline")


_ENDS: Final = (("x1", "y1"), ("x2", "y2"))


@dataclass(slots=True)
class _Cell:
    """A plot that is being read."""

    box: Box
    has_marks: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class VegaDrawing:
    """A chart in a frame.

    Attributes:
        root: Of its SVG.
        scale: Pixels of the frame to those of the chart.
        left: Where in the frame it begins: one of a few bars is narrow.
        width: Of the frame.
        height: Of it.
        draw: What makes PNG of SVG.
        leaves: What is drawn, in order.
    """

    root: Element
    scale: float
    left: int
    width: int
    height: int
    draw: Callable[[str], bytes]
    leaves: tuple[Leaf, ...]

    def pixels(
        self, kept: Iterable[Leaf], box: tuple[int, int, int, int] | None = None
    ) -> NDArray[np.uint8]:
        """Return what some leaves alone look like, (H, W, 4), seen through elsewhere.

        Args:
            kept: Those.
            box: Which part of the frame, from its upper left; None is all.
        """
        left, top, right, low = box or (0, 0, self.width, self.height)
        shown = {id(leaf.element) for leaf in kept}
        hidden = [one.element for one in self.leaves if id(one.element) not in shown]
        for element in hidden:
            element.set("display", "none")
        try:
            size, place = (right - left, low - top), (-left, -top)
            dark, light = (self._on(one, size, place) for one in ("black", "white"))
        finally:
            for element in hidden:
                del element.attrib["display"]
        return _seen_through(dark, light)

    def _on(
        self, ground: str, size: tuple[int, int], place: tuple[int, int]
    ) -> NDArray[np.uint8]:
        """Return what is to be seen on a ground, (H, W, 3)."""
        width, height = map(str, size)
        whole = {"width": width, "height": height}
        box = {"viewBox": f"0 0 {width} {height}"}
        page = ElementTree.Element(f"{{{_SVG}}}svg", whole | box)
        ElementTree.SubElement(page, f"{{{_SVG}}}rect", whole | {"fill": ground})
        placed = ElementTree.SubElement(page, f"{{{_SVG}}}g")
        at = f"translate({place[0] + self.left},{place[1]})"
        placed.set("transform", f"{at} scale({self.scale!r})")
        placed.extend(list(self.root))
        png = self.draw(ElementTree.tostring(page, encoding="unicode"))
        with Image.open(io.BytesIO(png)) as image:
            return np.array(image.convert("RGB"))


def drawing_of(
    svg: str, size: tuple[int, int], draw: Callable[[str], bytes]
) -> VegaDrawing:
    """Return a chart in a frame of its own shape.

    Args:
        svg: As vl-convert writes it.
        size: The height and width that the frame has at most.
        draw: What makes PNG of SVG.
    """
    root = ElementTree.fromstring(svg)  # noqa: S314  see above
    wide, high = (float(root.get(side, 0)) for side in ("width", "height"))
    scale = min(size[1] / wide, size[0] / high)
    own, height = (2 * math.ceil(round(side * scale, 3) / 2) for side in (wide, high))
    width = max(own, 2 * math.ceil(_NARROWEST * height / 2))
    left = (width - own) // 4 * 2
    paper = next(iter(root))
    if _kind(paper) == "rect":  # of all of the frame
        paper.attrib |= {
            "x": f"{-left / scale!r}",
            "width": f"{width / scale!r}",
            "height": f"{height / scale!r}",
        }
    to_frame = np.array([[scale, 0, left], [0, -scale, height], [0, 0, 1]])
    cell = _Cell((0.0, 0.0, float(width), float(height)))
    clips = {one.get("id", ""): one for one in root.iter(f"{{{_SVG}}}clipPath")}
    leaves = tuple(_read(root, _Place(to_frame, {}, cell, clips)))
    return VegaDrawing(root, scale, left, width, height, draw, leaves)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an element stands: what is handed down to it."""

    matrix: Floats
    own: Mapping[str, str]
    cell: _Cell
    clips: Mapping[str, Element]
    mark: str = ""
    group: int = 0
    box: Box | None = None
    clip: tuple[Path, Floats] | None = None
    is_plot: bool = False  # whether each item is a plot of its own


def _read(element: Element, place: _Place) -> Iterator[Leaf]:
    """Yield what is drawn below an element."""
    for child in element:
        kind = _kind(child)
        if kind == "g":
            yield from _read_group(child, place)
        elif kind in _LEAVES and "display" not in child.attrib:
            place.cell.has_marks |= bool(place.mark)
            yield Leaf(
                element=child,
                mark=place.mark,
                group=place.group,
                own={**place.own, **child.attrib},
                matrix=place.matrix @ matrix_of(child.get("transform")),
                cell=place.cell.box,
                box=place.box,
                clip=place.clip,
                is_above=place.cell.has_marks,
            )


def _read_group(group: Element, place: _Place) -> Iterator[Leaf]:
    own = {name: group.attrib[name] for name in _HANDED_DOWN if name in group.attrib}
    inner = replace(
        place,
        matrix=place.matrix @ matrix_of(group.get("transform")),
        own={**place.own, **own},
        is_plot=False,
    )
    inner = _clipped(group, inner)
    kinds = group.get("class", "").split()
    if place.is_plot and not kinds:
        cell = _Cell(_box(group, inner.matrix) or place.cell.box)
        yield from _read(group, replace(inner, cell=cell))
        place.cell.has_marks |= cell.has_marks
        return
    if "role-frame" in kinds or "role-scope" in kinds:
        inner = replace(inner, is_plot=True)
    elif "role-mark" in kinds and kinds[0] != "mark-group":
        mark = kinds[0].removeprefix("mark-")
        inner = replace(inner, mark=mark, group=id(group))
    yield from _read(group, inner)


def _clipped(group: Element, place: _Place) -> _Place:
    """Return a place with what is seen of it."""
    name = group.get("clip-path", "").removeprefix("url(#").removesuffix(")")
    shape = next(iter(place.clips.get(name, ())), None)
    if shape is None:
        return place
    if _kind(shape) == "rect":
        x, y, wide, high = (
            float(shape.get(one, 0)) for one in ("x", "y", "width", "height")
        )
        box = _extents(np.array([[x, y], [x + wide, y + high]]), place.matrix)
        return replace(place, box=box)
    return replace(place, clip=(path_of(shape.get("d", "")), place.matrix))


def _box(item: Element, matrix: Floats) -> Box | None:
    """Return the plot that a group is, by its ground; None if it has no size."""
    ground = next((one for one in item if one.get("class") == "background"), None)
    if ground is None or not (places := points(path_of(ground.get("d", "")))).size:
        return None
    left, low, right, high = _extents(places, matrix)
    return None if right - left < 1 or high - low < 1 else (left, low, right, high)


def _extents(places: Floats, matrix: Floats) -> Box:
    at = places @ matrix[:2, :2].T + matrix[:2, 2]
    (left, low), (right, high) = at.min(axis=0), at.max(axis=0)
    return float(left), float(low), float(right), float(high)


def _seen_through(
    on_black: NDArray[np.uint8], on_white: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Return what looks so before black and before white, (H, W, 4).

    What the converter writes where there is no ground is not to be had: colours that are
    multiplied with their opacity, and gradients that are cut off at it.
    """
    dark, light = on_black.astype(np.float32), on_white.astype(np.float32)
    opacity = 255 - (light - dark).mean(axis=-1, keepdims=True)
    colours = dark * 255 / np.maximum(opacity, 1)
    found = np.concatenate([np.minimum(colours, 255), opacity], axis=-1)
    return found.round().astype(np.uint8)


def cropped(
    pixels: NDArray[np.uint8], left: int = 0, top: int = 0
) -> tuple[int, int, NDArray[np.uint8]] | None:
    """Return where of a frame something is seen, from its upper left, and that alone."""
    seen = pixels[..., 3] > 0
    if not seen.any():
        return None
    rows, columns = (np.flatnonzero(seen.any(axis=axis)) for axis in (1, 0))
    up, first = (
        max(0, int(found[0]) - (int(found[0]) + start) % _GRID)
        for found, start in ((rows, top), (columns, left))
    )
    own = pixels[up : int(rows[-1]) + 1, first : int(columns[-1]) + 1]
    odd = [(0, side % _GRID) for side in own.shape[:2]]
    own = np.pad(own, (*odd, (0, 0)))
    return left + first, top + up, own


def _kind(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def centre(leaf: Leaf) -> tuple[float, float]:
    """Return where a leaf is placed, in pixels of the frame."""
    x, y = leaf.matrix[:2, 2]
    return float(x), float(y)
