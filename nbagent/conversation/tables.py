"""A table drawn as a plot: lines over a running index, bars over one of words.

The picture is drawn without pyplot, so that the notebook shows nothing of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nbagent.errors import MissingExtra, SpecError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MAX_LINES = 8
_MAX_BARS = 40


def plotted(name: str, table: Any) -> Figure:
    """Return a pandas table or column as a figure, each column of numbers in a colour.

    Raises:
        MissingExtra: If matplotlib is not installed.
        SpecError: If no column has numbers, or none has rows.
    """
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise MissingExtra(
            f"@{name} is drawn with matplotlib: pip install matplotlib"
        ) from None
    if hasattr(table, "to_frame"):
        table = table.to_frame()
    numbers = table.select_dtypes("number").iloc[:, :_MAX_LINES]
    if numbers.empty:
        raise SpecError(
            f"@{name} has no numbers to draw: name a table with a column of them"
        )
    labels = _labels(table)
    figure = Figure(figsize=(4, 4), layout="constrained")
    axes = figure.add_subplot()
    if labels is None:
        axes.plot(numbers.index, numbers.to_numpy(), linewidth=3)
    else:
        width = 0.8 / numbers.shape[1]
        for at, column in enumerate(numbers):
            places = [i + at * width for i in range(len(labels))]
            axes.bar(places, numbers[column], width)
        axes.set_xticks(range(len(labels)), labels)
    return figure


def _labels(table: Any) -> list[str] | None:
    """Return the words beneath bars: of the index, or of the first column of texts."""
    if not 0 < len(table) <= _MAX_BARS:
        return None
    for values in (table.index, *(table[c] for c in table.columns)):
        if all(type(value) is str for value in values):
            return [value[:12] for value in values]
    return None
