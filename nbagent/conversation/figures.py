"""matplotlib's figures as pictures, and its animations as frames.

A figure is drawn as it stands, on fewer pixels where it is huge, and is left as it was:
its size, its dots per inch and its canvas.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from nbagent.conversation.kinds import look_up
from nbagent.errors import SpecError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_SIDE: Final = 2048
"""Pixels of the longer side of a figure: no model here makes a clip larger."""

FILM_SIDE: Final = 768
"""Pixels of the longer side of an animation's frames."""

MAX_FRAMES: Final = 300
"""Frames of an animation: more are minutes of drawing, and fit no clip."""

_DEPTH: Final = 2  # (figure, (axes, axes)); what plt.boxplot returns

_PARTS: Final[Mapping[tuple[str, str], str]] = {
    ("matplotlib", "Artist"): "figure",
    ("matplotlib", "FigureCanvasBase"): "figure",
}


def figure_in(value: object) -> Any | None:
    """Return the one figure that a value is, belongs to or holds; else None.

    So it is with axes, an image of `plt.imshow`, the lines of `plt.plot`, the pair of
    `plt.subplots`, a grid of seaborn, a display of scikit-learn.
    """
    found = {id(figure): figure for figure in _figures(value, _DEPTH)}
    if not found:  # an object of its package's own, that keeps its figure
        parts = list(getattr(value, "__dict__", {}).values())
        found = {id(figure): figure for figure in _figures(parts, _DEPTH)}
    return next(iter(found.values())) if len(found) == 1 else None


def drawn(figure: Any) -> NDArray[np.uint8]:
    """Return a figure as a picture (H, W, 4), uint8; `MAX_SIDE` pixels at most."""
    return _pixels(figure, _dpi(figure, MAX_SIDE))


def played(called: str, animation: Any) -> NDArray[np.uint8]:
    """Return the frames (F, H, W, 4), uint8, of an animation.

    Raises:
        SpecError: If there are more than `MAX_FRAMES`, or none.
    """
    import numpy as np
    from matplotlib.animation import AbstractMovieWriter

    frames: list[NDArray[np.uint8]] = []

    class Frames(AbstractMovieWriter):
        def setup(self, fig: Any, outfile: Any, dpi: float | None = None) -> None:
            super().setup(fig, outfile, dpi)

        def grab_frame(self, **_: Any) -> None:
            if len(frames) == MAX_FRAMES:
                raise SpecError(
                    f"{called} has more than {MAX_FRAMES} frames: make fewer, like"
                    " frames=16"
                )
            frames.append(_pixels(self.fig, self.dpi))

        def finish(self) -> None:
            pass

    figure = figure_in(animation)
    if figure is None:
        raise SpecError(f"{called} is no longer part of a figure: make it again")
    animation.save("", writer=Frames(), dpi=_dpi(figure, FILM_SIDE))
    if not frames:
        raise SpecError(f"{called} has no frames: make some, like frames=16")
    return np.stack(frames)


def _dpi(figure: Any, side: int) -> float:
    """Return a figure's dots per inch, or fewer where its longer side needs it."""
    return min(float(figure.dpi), side / float(max(figure.get_size_inches())))


def _pixels(figure: Any, dpi: float) -> NDArray[np.uint8]:
    import io

    import matplotlib
    import numpy as np
    from PIL import Image

    out = io.BytesIO()
    # A tight box may reach to a text far outside, and has no bound.
    with matplotlib.rc_context({"savefig.bbox": "standard"}):
        figure.savefig(out, format="png", dpi=dpi)
    with Image.open(out) as image:
        return np.asarray(image.convert("RGBA"))


def _figures(value: object, depth: int) -> Iterable[Any]:
    """List the figures that a value is or holds, each perhaps several times."""
    import numpy as np

    if part := look_up(value, _PARTS):
        figure = getattr(value, part, None)
        # A figure in a figure belongs to the outer one, which is its own.
        if figure is not None:
            yield getattr(figure, "figure", None) or figure
    elif depth and isinstance(value, np.ndarray):
        if value.dtype.kind == "O":
            yield from _each(value.flat, depth)
    elif depth and isinstance(value, dict):
        yield from _each(value.values(), depth)
    elif depth and isinstance(value, (list, tuple)):
        yield from _each(value, depth)


def _each(values: Iterable[object], depth: int) -> Iterable[Any]:
    for value in list(values)[:100]:
        yield from _figures(value, depth - 1)
