"""A table drawn as a plot: lines over a running index, bars over one of words.

Tables of pandas, polars and arrow, and dicts and lists of columns or rows, become plain
columns first: matplotlib is handed floats, dates and texts only, whatever their index
was. The picture is drawn without pyplot, so that the notebook shows nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

from nbagent.conversation.kinds import look_up
from nbagent.errors import MissingExtra, SpecError

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

_MAX_LINES: Final = 8
_MAX_BARS: Final = 40
_MAX_TICKS: Final = 8  # labels beneath lines; 1,500 of them take 14 s to lay out
_MAX_ROWS: Final = 20_000  # a picture is some hundreds of pixels wide
_LABEL: Final = 12  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Columns of a table, and what stands beneath its rows, as arrays of one length."""

    columns: tuple[NDArray[Any], ...]
    index: NDArray[Any]


def table_of(value: Any) -> Table | None:
    """Return a value as a table; None if it is none."""
    import numpy as np

    read = look_up(value, TABLES)
    columns = None if read is None else read(value)
    if columns is None or isinstance(columns, Table):
        return columns
    rows = len(columns[0]) if columns else 0
    return Table(columns=tuple(columns), index=np.arange(rows))


def plotted(called: str, table: Table) -> tuple[Figure, str]:
    """Draw a table, each column of numbers in a colour.

    Args:
        called: What it is called in an error.
        table: At least one row of it must be a number.

    Returns:
        The figure, and what is left out of it, in words; empty if it is all there.

    Raises:
        MissingExtra: If matplotlib is not installed.
        SpecError: If no column has numbers, or none has rows.
    """
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise MissingExtra(
            f"drawing {called} needs matplotlib: pip install matplotlib"
        ) from None
    import numpy as np

    rows = len(table.index)
    if not rows:
        raise SpecError(f"{called} has no rows to draw: name a table that has some")
    at = np.unique(np.linspace(0, rows - 1, min(rows, _MAX_ROWS)).astype(int))
    found = [_floats(column[at]) for column in table.columns]
    numbers = [column for column in found if column is not None]
    if not any(np.isfinite(column).any() for column in numbers):
        raise SpecError(
            f"{called} has no numbers to draw: name a table with a column of numbers"
        )
    left_out = _left_out(called, ("columns", len(numbers), _MAX_LINES))
    left_out += _left_out(called, ("rows", rows, len(at)))
    figure = Figure(figsize=(4, 4), layout="constrained")
    axes = figure.add_subplot()
    labels = _labels(table, at)
    if len(at) == 1 or (labels and len(at) <= _MAX_BARS):
        _bars(axes, numbers[:_MAX_LINES], labels or [""] * len(at))
    elif labels:
        left_out += _left_out(called, ("labels", rows, _MAX_TICKS))
        _lines(axes, numbers[:_MAX_LINES], np.arange(len(at)))
        few = np.linspace(0, len(at) - 1, _MAX_TICKS).astype(int)
        _write(axes, few, [labels[i] for i in few])
    else:
        _lines(axes, numbers[:_MAX_LINES], _places(table.index[at]))
        axes.tick_params(axis="x", rotation=45 if table.index.dtype.kind == "M" else 0)
    return figure, " ".join(left_out)


def _left_out(called: str, counted: tuple[str, int, int]) -> list[str]:
    what, total, shown = counted
    if total <= shown:
        return []
    return [f"Draws {shown:,} of {called}'s {total:,} {what}."]


def _bars(axes: Any, numbers: Sequence[NDArray[Any]], labels: Sequence[str]) -> None:
    width = 0.8 / len(numbers)
    for at, column in enumerate(numbers):
        axes.bar([i + at * width for i in range(len(labels))], column, width)
    _write(axes, range(len(labels)), labels)


def _lines(axes: Any, numbers: Sequence[NDArray[Any]], places: NDArray[Any]) -> None:
    import numpy as np

    for column in numbers:
        # A number between two that are missing is a point, which no line shows.
        marked = len(places) <= _MAX_BARS or np.isnan(column).any()
        axes.plot(places, column, linewidth=3, marker="o" if marked else None)


def _write(axes: Any, places: Iterable[int], labels: Sequence[str]) -> None:
    # "$" is a sign in a label, not the start of a formula.
    axes.set_xticks(list(places), labels, parse_math=False)
    if len(labels) >= _MAX_TICKS:
        axes.tick_params(axis="x", rotation=90)


def _places(index: NDArray[Any]) -> NDArray[Any]:
    """Return where rows stand: their numbers or dates, else one beside the other."""
    import numpy as np

    kind = index.dtype.kind
    if kind in "iufM" and not (np.isnat if kind == "M" else np.isnan)(index).any():
        return index
    return np.arange(len(index))


def _floats(values: NDArray[Any]) -> NDArray[Any] | None:
    """Return a column as floats, NaN where there is none; None if it has no numbers."""
    import numpy as np

    if values.ndim > 1:  # a column of vectors
        return None
    if values.dtype.kind in "iuf":
        numbers = values.astype(float)
    elif values.dtype.kind == "O" and all(map(_is_number, values)):
        known = (Decimal, Fraction, int, float, np.number)
        numbers = np.array(
            [float(v) if isinstance(v, known) else np.nan for v in values]
        )
    else:
        return None
    numbers[~np.isfinite(numbers)] = np.nan
    return numbers


def _is_number(value: object) -> bool:
    """Return whether a thing of a column is a number, or stands for a missing one."""
    import numpy as np

    if isinstance(value, (bool, np.bool_, complex, np.complexfloating)):
        return False
    if isinstance(value, (Decimal, Fraction, int, float, np.number)):
        return True
    return value is None or type(value).__name__ in ("NAType", "NaTType")


def _labels(table: Table, at: NDArray[Any]) -> list[str] | None:
    """Return the words beneath rows: of the index, or of the first column of texts."""
    if table.index.dtype.kind in "OUS":
        return [_word(value) for value in table.index[at]]
    for values in (column[at] for column in table.columns):
        if values.dtype.kind in "OU" and all(type(value) is str for value in values):
            return [_word(value) for value in values]
    return None


def _word(label: object) -> str:
    """Write a label; one of the user's own classes is not asked for words."""
    if isinstance(label, tuple):
        return ", ".join(map(_word, label))[:_LABEL]
    if isinstance(label, float):
        return f"{label:.4g}"
    is_plain = type(label).__module__ in ("builtins", "datetime", "decimal")
    known = is_plain or look_up(label, {("pandas", ""): True, ("numpy", ""): True})
    return " ".join(str(label).split())[:_LABEL] if known else ""


def _pandas(table: Any) -> Table:
    frame = table.to_frame() if hasattr(table, "to_frame") else table
    index = frame.index
    if hasattr(index, "to_timestamp"):  # periods
        index = index.to_timestamp()
    if getattr(index, "tz", None) is not None:
        index = index.tz_localize(None)
    # By place: a name may stand over several columns.
    columns = (frame.iloc[:, place] for place in range(frame.shape[1]))
    return Table(columns=tuple(map(_pandas_column, columns)), index=index.to_numpy())


def _pandas_column(column: Any) -> NDArray[Any]:
    values: NDArray[Any]
    if (
        getattr(column.dtype, "kind", "O") in "iuf"
    ):  # with pandas' own types and arrow's
        values = column.to_numpy(dtype=float, na_value=float("nan"))
    else:
        values = column.to_numpy()
    return values


def _polars(table: Any) -> list[NDArray[Any]]:
    columns = table.get_columns() if hasattr(table, "get_columns") else [table]
    return [column.to_numpy() for column in columns]


def _arrow(table: Any) -> list[NDArray[Any]]:
    # A batch's columns, unlike a table's, need leave to be copied.
    return [column.to_numpy(zero_copy_only=False) for column in table.columns]


def _columns(table: Mapping[Any, Any]) -> list[NDArray[Any]] | None:
    """Read a dict of columns, all as long as the first."""
    columns = [_column(values) for values in table.values()]
    found = [column for column in columns if column is not None]
    is_table = found and len(found) == len(table) and len({*map(len, found)}) == 1
    return found if is_table else None


def _rows(table: Sequence[Any]) -> list[NDArray[Any]] | None:
    """Read a list of rows, each a dict of plain values."""
    if not table or not all(type(row) is dict for row in table):
        return None
    keys = dict.fromkeys(key for row in table for key in row)
    return _columns({key: [row.get(key) for row in table] for key in keys})


def _column(values: Any) -> NDArray[Any] | None:
    """Return a list of plain values, a column of a table or an array as an array."""
    import numpy as np

    if hasattr(values, "to_numpy"):
        values = values.to_numpy()
    if isinstance(values, np.ndarray):
        return values if values.ndim == 1 else None
    if not isinstance(values, (list, tuple)):
        return None
    if not all(isinstance(value, str) or _is_plain(value) for value in values):
        return None
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _is_plain(value: object) -> bool:
    return _is_number(value) or isinstance(value, (bool, complex, date))


TABLES: Final[
    Mapping[tuple[str, str], Callable[[Any], Table | list[NDArray[Any]] | None]]
] = {
    ("builtins", "dict"): _columns,
    ("builtins", "list"): _rows,
    ("builtins", "tuple"): _rows,
    ("pandas", "DataFrame"): _pandas,
    ("pandas", "Series"): _pandas,
    ("polars", "DataFrame"): _polars,
    ("polars", "Series"): _polars,
    ("pyarrow", "RecordBatch"): _arrow,
    ("pyarrow", "Table"): _arrow,
}
