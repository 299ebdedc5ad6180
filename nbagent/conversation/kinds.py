"""What a value of the notebook is, told by the names of its types.

Nothing is imported to look at a value, and nothing of it is called but what its own
package documents as cheap: a notebook's namespace is described with every turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from nbagent.conversation.state import Variable

T = TypeVar("T")


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
    what = look_up(value, _WORDS)
    if what is None:
        return None
    return Variable(name=name, type=what, summary=_size(value, what))


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
    ("altair", "TopLevelMixin"): "Figure",
    ("bokeh", "Plot"): "Figure",
    ("matplotlib", "Animation"): "Figure",
    ("matplotlib", "Artist"): "Figure",
    ("matplotlib", "Container"): "Figure",
    ("matplotlib", "_AxesBase"): "Axes",
    ("pandas", "Series"): "Series",
    ("plotly", "BaseFigure"): "Figure",
    ("polars", "Series"): "Series",
    ("pyarrow", "Table"): "DataFrame",
    ("seaborn", "_BaseGrid"): "Figure",
    ("torch", "Tensor"): "ndarray",
}
