"""The table of a chart: columns of numbers, times or words, and the file that keeps them.

The file is plain CSV that anything opens: names, then what kind each column is, then the
rows. Written and read back, a table is the same to the last bit, so a chart can be drawn
again without the variable that it was made of.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from nbagent.errors import SpecError

Kind = Literal["number", "time", "text"]

MAX_BYTES: Final = 8 << 20
"""Of a table in the store: larger ones are summed up first (see `charts.summary`)."""
MAX_COLUMNS: Final = 200
_SHOWN: Final = 8  # names of columns in an error
_MISSING: Final = "NaT"


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column.

    Attributes:
        name: As the user calls it.
        kind: What its values are.
        values: Of numbers float64 with NaN, or int64 where all are whole; of times
            datetime64[us] with NaT, in UTC if there is a zone; of words str or None.
        zone: Of times, where clocks show them.
        order: Of words, the categories in their order, if they have one.
    """

    name: str
    kind: Kind
    values: NDArray[Any]
    zone: str = ""
    order: tuple[str, ...] = ()

    def taken(self, rows: NDArray[Any]) -> Column:
        """Return the column with some of its rows."""
        return Column(self.name, self.kind, self.values[rows], self.zone, self.order)

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which rows have a value that can be drawn."""
        if self.kind == "text":
            return np.array([value is not None for value in self.values], bool)
        if self.kind == "time":
            return np.asarray(~np.isnat(self.values))
        return np.asarray(np.isfinite(self.values))

    @property
    def count(self) -> int:
        """How many different values it has."""
        if self.kind == "text":
            return len({value for value in self.values if value is not None})
        return len(np.unique(self.values[self.known]))

    @property
    def categories(self) -> list[str]:
        """Its different words: in their own order, or as they first come."""
        found = dict.fromkeys(self.texts)
        found.pop(None, None)
        if not self.order:
            return [one for one in found if one is not None]
        return [one for one in self.order if one in found]

    @property
    def texts(self) -> list[str | None]:
        """Its values as words; None where there is none."""
        if self.kind == "text":
            return list(self.values)
        known = self.known
        if self.kind == "time":
            said = np.datetime_as_string(
                self.values, "auto" if len(self.values) else "D"
            )
            return [str(s) if k else None for s, k in zip(said, known, strict=True)]
        return [
            f"{v:.15g}" if k else None for v, k in zip(self.values, known, strict=True)
        ]


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Columns of one length, in order."""

    columns: tuple[Column, ...]

    def __post_init__(self) -> None:
        """Refuse a table that cannot be told apart.

        Raises:
            SpecError: If so.
        """
        if not self.columns:
            raise SpecError("the table has no columns: name one that has some")
        if len(self.columns) > MAX_COLUMNS:
            raise SpecError(
                f"the table has {len(self.columns)} columns, and a clip keeps up to"
                f" {MAX_COLUMNS}: keep only the ones to show"
            )
        names = [one.name for one in self.columns]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise SpecError(f"two columns are called {twice!r:.40}: rename one of them")

    def __len__(self) -> int:
        return len(self.columns[0].values)

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(one.name for one in self.columns)

    def __getitem__(self, name: str) -> Column:
        """Return a column.

        Raises:
            SpecError: With those that are nearly called so.
        """
        for one in self.columns:
            if one.name == name:
                return one
        raise SpecError(f"there is no column {name!r:.60}: {offered(name, self.names)}")

    def taken(self, rows: NDArray[Any]) -> Table:
        """Return the table with some of its rows."""
        return Table(tuple(one.taken(rows) for one in self.columns))

    def to_bytes(self) -> bytes:
        """Return the file that keeps it.

        Raises:
            SpecError: If it is too large to be kept.
        """
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(_kept(name) for name in self.names)
        writer.writerow(_kind_of(one) for one in self.columns)
        writer.writerows(zip(*(_cells(one) for one in self.columns), strict=True))
        data = out.getvalue().encode("utf-8", "surrogatepass")
        if len(data) > MAX_BYTES:
            raise SpecError(
                f"the table takes {len(data) / 1000000.0:.0f} MB, and a clip keeps"
                f" up to {MAX_BYTES / 1000000.0:.0f}: keep only the columns and"
                " rows to show"
            )
        return data

    @classmethod
    def from_bytes(cls, data: bytes) -> Table:
        """Read a table back, from a file that may be anybody's.

        Raises:
            SpecError: If it is no such file.
        """
        try:
            if len(data) > MAX_BYTES:
                raise ValueError(f"{len(data)} bytes")
            text = data.decode("utf-8", "surrogatepass")
            names, kinds, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
            if any(len(row) != len(names) for row in (kinds, *rows)):
                raise ValueError("rows of different lengths")
            cells = list(zip(*rows, strict=True)) or [()] * len(names)
            return cls(
                tuple(
                    _column(_read(name) or "", kind, own)
                    for name, kind, own in zip(names, kinds, cells, strict=True)
                )
            )
        except (ValueError, KeyError, OverflowError, csv.Error, TypeError) as error:
            raise SpecError(
                f"the chart's table is damaged ({error!s:.80}): make the chart again"
            ) from error


def offered(name: str, known: Sequence[str]) -> str:
    """Say which names are nearly so, or which there are."""
    near = get_close_matches(name, known, _SHOWN, 0.5)
    if not near:
        folded = {other.casefold(): other for other in known}
        close = get_close_matches(name.casefold(), list(folded), _SHOWN, 0.5)
        near = [folded[one] for one in close]
    if near:
        return f"did you mean {', '.join(near)}"
    return f"it has {', '.join(known[:_SHOWN])}{', ...' * (len(known) > _SHOWN)}"


def _kind_of(column: Column) -> str:
    """Say a column's kind, in a cell of the second row."""
    if column.kind == "number":
        return "integer" if column.values.dtype.kind == "i" else "number"
    if column.kind == "time":
        return f"time {column.zone}".strip()
    return f"text {json.dumps(column.order)}" if column.order else "text"


def _cells(column: Column) -> list[str]:
    """Return a column's values as the cells that say them exactly."""
    if column.kind == "text":
        return ["" if value is None else _kept(value) for value in column.values]
    if column.kind == "time":
        said = np.datetime_as_string(column.values.astype("datetime64[us]"))
        return ["" if text == _MISSING else str(text) for text in said]
    return ["" if value != value else repr(value) for value in column.values.tolist()]


def _kept(text: str) -> str:
    """Return a word as a cell: an empty one is not a missing one."""
    return "\\" + text if not text or text[0] == "\\" else text


def _read(cell: str) -> str | None:
    return (cell[1:] if cell[0] == "\\" else cell) if cell else None


def _column(name: str, kind: str, cells: Sequence[str]) -> Column:
    what, _, more = kind.partition(" ")
    if what == "text":
        order = tuple(map(str, json.loads(more))) if more else ()
        return text_column(name, [_read(cell) for cell in cells], order)
    if what == "time":
        if more:
            ZoneInfo(more)
        times = [cell or _MISSING for cell in cells]
        return Column(name, "time", np.array(times, "datetime64[us]"), more)
    as_number: Callable[[str], float] = {"integer": int, "number": float}[what]
    numbers = [as_number(cell) if cell else float("nan") for cell in cells]
    dtype = np.int64 if what == "integer" else np.float64
    return Column(name, "number", np.array(numbers, dtype))


def text_column(
    name: str, texts: Sequence[str | None], order: Sequence[str] = ()
) -> Column:
    """Return a column of words."""
    values = np.empty(len(texts), object)
    values[:] = texts
    return Column(name, "text", values, order=tuple(order))
