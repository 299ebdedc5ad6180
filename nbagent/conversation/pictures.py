"""The one doorway from a value of the notebook to frames, or to a line that refuses it.

Arrays, tensors, PIL images, figures, animations, tables, what a pipeline returns, and
what a cell showed. Values are told apart by the names of their types, so that no
package is imported to look at one.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from nbagent.conversation import arrays, browser_charts, figures
from nbagent.conversation.clip import Clip
from nbagent.conversation.kinds import OUTPUTS, holds_pictures, look_up
from nbagent.conversation.tables import TABLES, plotted, table_of
from nbagent.errors import NbagentError, SpecError
from nbagent.language.state import SHOWN

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_HOW: Final = "pass a PIL image, a matplotlib figure, or an array (height, width, 3)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a cell showed: "this plot".

    Attributes:
        data: A picture's file, as PNG, JPEG or another that PIL reads; empty if it was
            shown as something else.
        is_figure: Whether it is a plot, and not a photo.
        refusal: Why it cannot be taken, and what to do; empty if it can.
        figure: The figure of matplotlib, or the chart of Altair or Plotly or its JSON, that
            was shown, if it was one.
    """

    data: bytes = field(default=b"", repr=False)
    is_figure: bool
    refusal: str = ""
    figure: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A value as frames.

    Attributes:
        frames: (F, H, W, 3) uint8; F is 1 for a picture.
        note: What of the value is not in them; empty if all is.
        cutout: A picture with its opacity, (H, W, 4), if any of it is transparent.
    """

    frames: NDArray[np.uint8]
    note: str = ""
    cutout: NDArray[np.uint8] | None = None

    @property
    def first(self) -> NDArray[np.uint8]:
        """The first frame, with its opacity if it has one."""
        first: NDArray[np.uint8] = self.frames[0]
        return first if self.cutout is None else self.cutout


def read(name: str, value: object) -> Seen:
    """Return a value of the notebook as frames.

    Transparent pixels are shown on white, as a notebook shows them.

    Args:
        name: Of the variable, or `SHOWN`.
        value: Anything.

    Raises:
        NbagentError: If it is no picture and no film, with its name and what it is.
    """
    called = "this plot" if name == SHOWN else f"@{name}"
    try:
        return _read(called, value)
    except NbagentError:
        raise
    except Exception as error:  # the border: a value's own package draws it
        reason = next(iter(str(error).strip().splitlines()), "")[:120]
        said = f"{type(error).__name__}: {reason}" if reason else type(error).__name__
        raise SpecError(
            f"{called} ({type(value).__name__}) cannot be drawn ({said}): {_HOW}"
        ) from error


def picture(name: str, value: object) -> NDArray[np.uint8]:
    """Return a value of the notebook as one picture (H, W, 3): of a film, the first.

    Raises:
        NbagentError: If it is none.
    """
    first: NDArray[np.uint8] = read(name, value).frames[0]
    return first


def is_read(value: object) -> bool:
    """Return whether a value can be a picture, by its kind or the first that it holds."""
    if isinstance(value, (dict, list, tuple)):
        return holds_pictures(value) or table_of(value) is not None
    return look_up(value, {**_READERS, **TABLES}) is not None


def _read(called: str, value: object) -> Seen:
    home, kind = type(value).__module__.partition(".")[0], type(value).__name__
    if advice := look_up(value, _REFUSALS):
        raise SpecError(f"{called} is of type {home}.{kind}, not a picture: {advice}")
    if (reader := look_up(value, _READERS)) is not None:
        return reader(called, value)
    if (held := _held(called, value)) is not None:
        return held
    for method in ("_repr_png_", "_repr_jpeg_"):  # as a notebook asks for a picture
        if hasattr(type(value), method) and (data := getattr(value, method)()):
            return _from_file(called, data)
    if hasattr(type(value), "__array__"):
        return _from_array(called, value)
    raise SpecError(f"{called} is of type {kind}, not a picture: {_HOW}")


def _held(called: str, value: object) -> Seen | None:
    """Read the one figure that a value holds, or draw the table that it is."""
    if (figure := figures.figure_in(value)) is not None:
        return _drawn(figure)
    if (table := table_of(value)) is not None:
        return _drawn(*plotted(called, table))
    return None


def _drawn(figure: Any, note: str = "") -> Seen:
    return Seen(frames=_on_white(figures.drawn(figure)[None]), note=note)


def _from_clip(_: str, clip: Clip) -> Seen:
    return Seen(frames=clip.frames[:1])


def _from_shown(called: str, shown: Shown) -> Seen:
    if shown.refusal:
        if (spec := browser_charts.vega_of(called, shown.figure)) is not None:
            return _from_vega(called, spec)
        if browser_charts.is_chart(shown.figure):
            return _read(called, shown.figure)
        raise SpecError(shown.refusal)
    return _from_file(called, shown.data)


def _from_file(called: str, data: Any) -> Seen:
    """Read a picture's file from memory."""
    from PIL import Image, UnidentifiedImageError

    if not data:
        where = "is empty" if data == b"" else "is only a picture's address"
        raise SpecError(f"{called} {where}: {_HOW}")
    try:
        with Image.open(io.BytesIO(data)) as image:
            return _from_image(called, image)
    except UnidentifiedImageError:
        raise SpecError(
            f"{called} is not a picture that PIL can read: {_HOW}"
        ) from None


def _from_image(_: str, image: Any) -> Seen:
    from nbagent.media.pixels import with_opacity

    return _laid(with_opacity(image)[None])


def _from_array(called: str, array: Any) -> Seen:
    import numpy as np

    array = np.asanyarray(array)
    if array.dtype.kind == "O":
        return _from_several(called, array.ravel().tolist())
    return _laid(arrays.frames_of(called, array))


def _from_tensor(called: str, tensor: Any) -> Seen:
    array = arrays.from_tensor(tensor)
    return _laid(arrays.frames_of(called, array, channels_first=True))


def _from_artist(called: str, artist: Any) -> Seen:
    held = _held(called, artist)
    if held is None:
        raise SpecError(
            f"{called} ({type(artist).__name__}) does not belong to a figure: {_HOW}"
        )
    return held


def _from_animation(called: str, animation: Any) -> Seen:
    return Seen(frames=_on_white(figures.played(called, animation)))


def _from_plot(_: str, plot: Any) -> Seen:
    """Draw a plot of seaborn's objects, which has no figure before."""
    from matplotlib.figure import Figure

    figure = Figure()
    plot.on(figure).plot()
    return _drawn(figure)


def _from_plotly(called: str, figure: Any) -> Seen:
    if find_spec("kaleido") is None:
        raise SpecError(
            f"{called} is a plotly chart, and only kaleido draws those as pictures:"
            " pip install kaleido, or name a picture of it"
        )
    return _from_file(called, figure.to_image(format="png"))


def _from_altair(called: str, chart: object) -> Seen:
    return _from_vega(called, browser_charts.vega_of(called, chart) or {})


def _from_vega(called: str, spec: Mapping[str, Any]) -> Seen:
    from nbagent.charts.vega import png_of

    return _from_file(called, png_of(spec, called, figures.MAX_SIDE))


def _from_several(called: str, values: Sequence[Any]) -> Seen:
    """Read pictures as the frames of a film; a batch of one is what is in it."""
    import numpy as np

    if len(values) == 1:
        return _read(called, values[0])
    if (held := _held(called, list(values))) is not None:
        return held
    if not values:
        raise SpecError(f"{called} is empty: {_HOW}")
    frames = []
    for at, value in enumerate(values):
        seen = _read(f"{called}[{at}]", value).frames
        if len(seen) > 1:
            raise SpecError(
                f"{called} holds {len(values)} films: name one, like film = x[{at}]"
            )
        frames.append(seen[0])
    sizes = dict.fromkeys((frame.shape[1], frame.shape[0]) for frame in frames)
    if len(sizes) > 1:
        some = ", ".join(f"{width}x{height}" for width, height in list(sizes)[:3])
        raise SpecError(
            f"{called} holds pictures of {len(sizes)} sizes ({some}): make them equal,"
            " or name one"
        )
    return Seen(frames=np.stack(frames))


def _from_dict(called: str, values: Mapping[Any, Any]) -> Seen:
    """Read the frames or images of a pipeline's output, or a table of columns."""
    for key in OUTPUTS:
        if key in values:
            return _read(f"{called}[{key!r}]", values[key])
    plain = dict(values)
    if (held := _held(called, plain)) is not None:
        return held
    keys = ", ".join(repr(key) for key in list(plain)[:4] if type(key) is str)
    raise SpecError(
        f"{called} is a dict ({keys or 'without names'}), not a picture: name what is"
        " in it, like photo = x['photo']"
    )


def _laid(frames: NDArray[np.uint8]) -> Seen:
    """Return frames (F, H, W, C) on white; of one that is transparent, what is cut out."""
    is_cut = len(frames) == 1 and frames.shape[-1] == 4 and frames[..., 3].min() < 255
    return Seen(frames=_on_white(frames), cutout=frames[0] if is_cut else None)


def _on_white(frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return frames (F, H, W, C) with C 3."""
    import numpy as np

    from nbagent.media.pixels import on_white

    if frames.shape[-1] == 3:
        return np.ascontiguousarray(frames)
    return np.stack([on_white(np.ascontiguousarray(frame)) for frame in frames])


_READERS: Final[Mapping[tuple[str, str], Callable[[str, Any], Seen]]] = {
    ("IPython", "Image"): lambda called, image: _from_file(called, image.data),
    ("PIL", "Image"): _from_image,
    ("altair", "JupyterChart"): _from_altair,
    ("altair", "TopLevelMixin"): _from_altair,
    ("builtins", "bytes"): _from_file,
    ("builtins", "dict"): _from_dict,
    ("builtins", "list"): _from_several,
    ("builtins", "tuple"): _from_several,
    ("collections", "UserDict"): _from_dict,
    ("collections", "deque"): lambda called, many: _from_several(called, list(many)),
    ("matplotlib", "Animation"): _from_animation,
    ("matplotlib", "Artist"): _from_artist,
    ("matplotlib", "Container"): _from_artist,
    ("matplotlib", "FigureCanvasBase"): _from_artist,
    ("nbagent", "Clip"): _from_clip,
    ("nbagent", "Shown"): _from_shown,
    ("numpy", "ndarray"): _from_array,
    ("plotly", "BaseFigure"): _from_plotly,
    ("seaborn", "Plot"): _from_plot,
    ("torch", "Tensor"): _from_tensor,
}

_REFUSALS: Final[Mapping[tuple[str, str], str]] = {
    ("bokeh", ""): "save it, like export_png(plot), and open that with PIL",
    ("dask", ""): "name its result, like x.compute()",
    ("folium", ""): "name a picture of the map",
    ("geopandas", ""): "draw it, like ax = x.plot(), and name @ax",
    ("holoviews", ""): "save it, like hv.save(x, 'x.png'), and open that with PIL",
    ("polars", "LazyFrame"): "name its result, like x.collect()",
    ("pyspark", ""): "name a table in this kernel, like x.toPandas()",
    (
        "xarray",
        "",
    ): "name its numbers, like x.to_numpy(), or a figure of it",
}
