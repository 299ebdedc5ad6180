"""From what a notebook holds to a table: pandas, polars, Arrow, dicts, lists and arrays.

A value is known by what it has, so none of those packages is imported for it. Nothing is
guessed away: a column that is neither numbers nor times is words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from nbagent.charts.table import Column, Table, text_column
from nbagent.errors import SpecError


def table_of(value: Any, called: str = "the data") -> Table:
    """Return a value as a table.

    Args:
        value: A DataFrame or Series of pandas or polars, an Arrow table, a dict of
            columns, a list of dicts, or an array.
        called: What an error calls it.

    Raises:
        SpecError: If it is none, or is empty.
    """
    columns = _columns(value)
    if columns is None:
        raise SpecError(
            f"{called} is a {type(value).__name__}, not a table: use a DataFrame, a"
            " dict of columns or a list of dicts"
        )
    if not columns:
        raise SpecError(f"{called} has no columns: name a table that has some")
    lengths = {name: len(own.values) for name, own in columns}
    if len(set(lengths.values())) > 1:
        raise SpecError(
            f"the columns of {called} differ in length ({lengths!s:.80}): make them"
            " equal"
        )
    table = Table(tuple(own for _, own in columns))
    if not len(table):
        raise SpecError(f"{called} has no rows: name a table that has some")
    return table


def _columns(value: Any) -> list[tuple[str, Column]] | None:
    """Return the columns of whatever has some; None if nothing has."""
    if hasattr(value, "iloc"):
        return _of_pandas(value)
    if hasattr(value, "get_columns") and hasattr(value, "to_dicts"):  # polars
        return _named([(one.name, one) for one in value.get_columns()])
    if hasattr(value, "column_names") and hasattr(value, "column"):  # Arrow
        return _named([(name, value.column(name)) for name in value.column_names])
    if hasattr(value, "to_list") and hasattr(value, "name"):  # a Series of polars
        rows = np.arange(len(value))
        return _named([("row", rows), (value.name or "value", value)])
    if isinstance(value, Mapping):
        if value and all(np.ndim(one) == 0 for one in value.values()):
            return _named([("name", list(value)), ("value", list(value.values()))])
        return _named(list(value.items()))
    if isinstance(value, np.ndarray) and value.dtype.names:
        return _named([(name, value[name]) for name in value.dtype.names])
    if isinstance(value, np.ndarray) and value.ndim == 2:
        return _named([(f"column {i}", value[:, i]) for i in range(value.shape[1])])
    return _of_rows(value) if isinstance(value, list | tuple | np.ndarray) else None


def _of_rows(value: Any) -> list[tuple[str, Column]] | None:
    """Return the columns of a list of dicts, or of plain values."""
    if len(value) and all(isinstance(row, Mapping) for row in value):
        names = dict.fromkeys(name for row in value for name in row)
        return _named([(n, [row.get(n) for row in value]) for n in names])
    if len(value) and np.ndim(value[0]) == 0:
        return _named([("row", np.arange(len(value))), ("value", value)])
    return None


def _named(columns: Sequence[tuple[Any, Any]]) -> list[tuple[str, Column]]:
    return [(_flat(name), _column(_flat(name), own)) for name, own in columns]


def _of_pandas(value: Any) -> list[tuple[str, Column]]:
    """Return the columns of a DataFrame or a Series; an index that says something is one."""
    index = value.index
    is_counted = type(index).__name__ == "RangeIndex" and index.name is None
    found: list[tuple[Any, Any]] = []
    if getattr(index, "nlevels", 1) > 1:
        for level in range(index.nlevels):
            name = index.names[level] or f"level {level}"
            found.append((name, index.get_level_values(level).to_series()))
    elif not is_counted:
        found.append(
            (index.name if index.name is not None else "index", index.to_series())
        )
    if hasattr(value, "columns"):
        names = value.columns
        found += [(names[i], value.iloc[:, i]) for i in range(len(names))]
    else:
        name = value.name if value.name is not None else "value"
        if is_counted:
            found.append(("row", np.arange(len(value))))
        found.append((name, value))
    return _named(found)


def _flat(name: Any) -> str:
    """Return a column's name as a text; one of several levels is joined."""
    if isinstance(name, tuple):
        return " / ".join(str(part) for part in name if str(part))
    return str(name)


def _column(name: str, own: Any) -> Column:
    """Return one column, by what it holds."""
    dtype: Any = getattr(own, "dtype", None)
    if type(dtype).__name__ == "CategoricalDtype":
        return _of_categories(name, own)
    if type(dtype).__name__ == "PeriodDtype":
        own = own.dt.to_timestamp()
        dtype = own.dtype
    zone = _zone(dtype)
    if zone is not None and hasattr(own, "iloc"):
        naive = own.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
        return Column(name, "time", naive.astype("datetime64[us]"), zone)
    if type(dtype).__name__ == "Enum" and hasattr(own, "to_list"):  # polars
        return text_column(name, own.to_list(), tuple(dtype.categories))
    return _of_values(name, _array(own))


def _zone(dtype: Any) -> str | None:
    """Return the time zone of a dtype of pandas; None if it has none that has a name."""
    zone = getattr(dtype, "tz", None)
    if zone is None:
        return None
    try:
        return ZoneInfo(str(zone)).key
    except (ZoneInfoNotFoundError, ValueError):
        return "UTC"


def _array(own: Any) -> NDArray[Any]:
    """Return values as an array: of numbers, bools or times where they are that alone."""
    kind = getattr(getattr(own, "dtype", None), "kind", "")
    if kind in tuple("iuf") and hasattr(own, "iloc"):  # pandas' own may lack values
        if own.isna().any():
            return np.asarray(own.to_numpy(dtype=float, na_value=np.nan))
        return np.asarray(own.to_numpy())
    if hasattr(own, "to_pylist"):
        return _objects(own.to_pylist())
    if hasattr(own, "to_list") and not hasattr(own, "iloc"):  # polars
        is_plain = getattr(own.dtype, "is_numeric", lambda: False)()
        return np.asarray(own.to_numpy()) if is_plain else _objects(own.to_list())
    if isinstance(own, list | tuple | range):
        return _objects(list(own))
    return np.asarray(own)


def _objects(values: Sequence[Any]) -> NDArray[Any]:
    found = np.empty(len(values), object)
    found[:] = values
    return found


def _of_values(name: str, values: NDArray[Any]) -> Column:
    kind = values.dtype.kind
    if values.ndim != 1:
        raise SpecError(f"column {name!r:.40} holds arrays: use one value for each row")
    if kind == "c":
        raise _complex(name)
    if kind == "b":
        return text_column(name, [str(bool(v)) for v in values], ("False", "True"))
    if kind == "m":
        seconds = values.astype("timedelta64[us]").astype(float) / 1e6
        seconds[np.isnat(values)] = np.nan
        return Column(name, "number", seconds)
    if kind == "M":
        return Column(name, "time", values.astype("datetime64[us]"))
    if kind in "iu" and (not len(values) or abs(int(values.max())) < 2**62):
        return Column(name, "number", values.astype(np.int64))
    if kind in "iuf":
        return Column(name, "number", values.astype(np.float64))
    return _of_objects(name, [None if _is_missing(v) else v for v in values.tolist()])


def _of_objects(name: str, values: list[Any]) -> Column:
    """Return a column of Python's own values, by what all of them are."""
    known = [value for value in values if value is not None]
    if known and all(isinstance(v, bool | np.bool_) for v in known):
        texts = [None if v is None else str(bool(v)) for v in values]
        return text_column(name, texts, ("False", "True"))
    if all(isinstance(v, int | np.integer) for v in known) and len(known) == len(
        values
    ):
        return _of_values(name, np.array([int(v) for v in values], np.int64))
    if all(isinstance(v, int | float | Decimal | Fraction | np.number) for v in known):
        numbers = [float("nan") if v is None else float(v) for v in values]
        return Column(name, "number", np.array(numbers, np.float64))
    if any(isinstance(v, complex) for v in known):
        raise _complex(name)
    if all(isinstance(v, date | np.datetime64) for v in known):
        return _of_times(name, values)
    if all(isinstance(v, str) for v in known) and _are_dates(known):
        return _of_times(name, [None if v is None else _date(v) for v in values])
    return text_column(name, [None if v is None else str(v) for v in values])


def _complex(name: str) -> SpecError:
    return SpecError(f"column {name!r:.40} is complex: use its real or absolute part")


def _of_times(name: str, values: list[Any]) -> Column:
    """Return a column of dates; those with zones in UTC, and what clocks they are of."""
    zones = {str(getattr(v, "tzinfo", None) or "") for v in values if v is not None}
    found = []
    for value in values:
        if isinstance(value, datetime) and value.tzinfo is not None:
            value = value.astimezone(UTC).replace(tzinfo=None)
        found.append(np.datetime64("NaT") if value is None else np.datetime64(value))
    zone = ""
    if zones != {""} and zones:
        (one,) = zones if len(zones) == 1 else ("UTC",)
        try:
            zone = ZoneInfo(one).key
        except (ZoneInfoNotFoundError, ValueError):
            zone = "UTC"
    return Column(name, "time", np.array(found, "datetime64[us]"), zone)


def _of_categories(name: str, own: Any) -> Column:
    """Return a column of pandas' categories, in their order."""
    categories = own.cat.categories
    if categories.dtype.kind in "iuf":  # numbers that happen to be few
        return _of_values(name, _array(own.astype(categories.dtype)))
    texts = [str(one) for one in categories]
    codes = own.cat.codes.to_numpy()
    found = [texts[code] if code >= 0 else None for code in codes]
    return text_column(name, found, texts)


def _are_dates(texts: list[str]) -> bool:
    """Whether all texts are dates as ISO 8601 writes them."""
    return bool(texts) and all(_date(one) is not None for one in texts)


def _date(text: str) -> datetime | None:
    """Return an ISO date, "2020-05" and "2020-05-31T10:00" alike; None if it is none."""
    if len(text) < 7 or text[4] != "-" or not text[:4].isdigit():
        return None
    try:
        return datetime.fromisoformat(text + "-01" if len(text) == 7 else text)
    except ValueError:
        return None


def _is_missing(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float | np.floating) and bool(np.isnan(value))
