"""What a value of the notebook is, told by the names of its types.

Nothing is imported to look at a value, and nothing of it is called but what its own
package documents as cheap: a notebook's namespace is described with every turn.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeVar

from nbagent.language.state import Variable

T = TypeVar("T")

_DEPTH: Final = 3  # an output has a batch, a batch a film, a film frames

_SEEN: Final = ("Axes", "Figure", "PIL.Image", "ndarray")
BROWSER_CHARTS: Final[Mapping[tuple[str, str], str]] = {
    ("altair", "JupyterChart"): "altair",
    ("altair", "TopLevelMixin"): "altair",
    ("plotly", "BaseFigure"): "plotly",
}
"""Charts that a browser draws and that say what they show, by whose they are."""
OUTPUTS: Final = ("frames", "images", "image", "video", "videos", "pixel_values")
"""Where pipelines and processors put what they made, in this order."""


def look_up(value: object, table: Mapping[tuple[str, str], T]) -> T | None:
    """Return what a table has for the nearest of a value's classes, or None.

    Args:
        value: Anything.
        table: By the top package and the name of a class; the name "" stands for any
            class of that package.
    """
    for kind in type(value).__mro__:
        home = kind.__module__.partition(".")[0]
        for key in ((home, kind.__name__), (home, "")):
            if key in table:
                return table[key]
    return None


def described(name: str, value: object) -> Variable | None:
    """Describe a value that can be set in motion or is a table; None for all else."""
    if is_named_numbers(value):
        return Variable(name=name, type="dict", summary="a number for each name")
    what = "list" if holds_pictures(value) else look_up(value, _WORDS)
    if what is None:
        return None
    return Variable(name=name, type=what, summary=_size(value, what))


def is_named_numbers(value: object) -> bool:
    """Return whether a value is a dict of a number for each name: {"rent": 800}."""
    return (
        isinstance(value, dict)
        and bool(value)
        and all(type(one) in (int, float) for one in value.values())
    )


def holds_pictures(value: object, depth: int = _DEPTH) -> bool:
    """Return whether a container has a picture or an array, by the first in it."""
    parts = look_up(value, _CONTAINERS) if depth else None
    first = None if parts is None else next(iter(parts(value)), None)
    return first is not None and (
        look_up(first, _WORDS) in _SEEN or holds_pictures(first, depth - 1)
    )


def _outputs(values: dict[Any, Any]) -> list[object]:
    return [dict.get(values, key) for key in OUTPUTS if dict.__contains__(values, key)]


def _size(value: Any, what: str) -> str:
    """Return the sides of an array, or the rows of a table."""
    try:
        sides = tuple(int(side) for side in getattr(value, "shape", ()))
    except Exception:  # noqa: BLE001  the border: a value may do anything
        return ""
    if what == "DataFrame" and len(sides) == 2:
        return f"{sides[0]} rows x {sides[1]} columns"
    return f"array {'x'.join(map(str, sides))}" if sides else ""


# The words are those that the reading of a turn knows (`state.DATA_TYPES`).
_WORDS: Final[Mapping[tuple[str, str], str]] = {
    ("PIL", "Image"): "PIL.Image",
    ("altair", "JupyterChart"): "Figure",
    ("altair", "TopLevelMixin"): "Figure",
    ("bokeh", "Plot"): "Figure",
    ("matplotlib", "Animation"): "Figure",
    ("matplotlib", "Artist"): "Figure",
    ("matplotlib", "Container"): "Figure",
    ("matplotlib", "_AxesBase"): "Axes",
    ("numpy", "ndarray"): "ndarray",
    ("pandas", "Series"): "Series",
    ("plotly", "BaseFigure"): "Figure",
    ("polars", "Series"): "Series",
    ("pyarrow", "Table"): "DataFrame",
    ("seaborn", "_BaseGrid"): "Figure",
    ("torch", "Tensor"): "ndarray",
}

# By the methods of their own classes: one of the user's may do anything.
_CONTAINERS: Final[Mapping[tuple[str, str], Callable[[Any], Iterable[object]]]] = {
    ("builtins", "dict"): _outputs,
    ("builtins", "list"): list.__iter__,
    ("builtins", "tuple"): tuple.__iter__,
    ("collections", "UserDict"): lambda values: _outputs(values.data),
    ("collections", "deque"): deque.__iter__,
}
