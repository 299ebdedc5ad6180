"""What a table calls things: columns and values as people spell them, brought to its own."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

import numpy as np

from nbagent.charts.table import Column, Table, offered
from nbagent.errors import SpecError, UnknownColumn


class TableNames:
    """The names of a table.

    Capitals, spaces and underscores tell nothing apart; all else does.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def column(self, said: str) -> str:
        """Return the column that is called so.

        Raises:
            UnknownColumn: If none is, with near names first.
        """
        names = self._table.names
        if found := same(said, names):
            return found
        close = [*get_close_matches(said, names, len(names), 0.5)]
        order = [*close, *(name for name in names if name not in close)]
        raise UnknownColumn(said, order, offered(said, names))

    def values(self, said: tuple[str, ...], column: str) -> tuple[str, tuple[str, ...]]:
        """Return values as the table spells them, and the column that has them.

        Raises:
            SpecError: If no column has them all, with near values.
        """
        columns = [self._table[column]] if column else [*self._table.columns]
        columns.sort(key=lambda one: one.kind != "text")
        for one in columns:
            known = words(one)
            found = [same(value, known) for value in said]
            if all(found):
                return one.name, tuple(map(str, found))
        every = [word for one in columns if one.kind == "text" for word in words(one)]
        lost = next((one for one in said if not same(one, every)), said[0])
        where = f"column {column!r:.40}" if column else "the data"
        raise SpecError(
            f"{where} has no {lost!r:.40}: {offered(lost, every or ['no words'])}"
        )

    def place(self, said: str, column: str) -> float | str:
        """Return a place along a column: "first" and "last" are its ends.

        Raises:
            SpecError: If it is none of the column's.
        """
        own = self._table[column]
        if said in ("first", "last"):
            return _end(own, is_last=said == "last")
        if own.kind == "text":
            return self.values((said,), column)[1][0]
        try:
            if own.kind == "number":
                return float(said)
            date = str(np.datetime64(said))
            return (
                date if "-" in date else f"{date}-01"
            )  # a year alone reads as a number
        except ValueError:
            like = _end(own, is_last=False)
            raise SpecError(
                f"{said!r:.40} is not a place along {column!r:.40}: use one like {like}"
            ) from None


def words(column: Column) -> tuple[str, ...]:
    """Return the different words of a column; of numbers and times as they are said."""
    if column.kind == "text":
        return tuple(column.categories)
    if column.kind == "time" or column.count > _MANY:
        return ()
    return tuple(dict.fromkeys(text for text in column.texts if text is not None))


_MANY = 500  # different numbers, of which nobody names one


def same(said: str, known: Sequence[str]) -> str:
    """Return the name that is spelt so, or so but for capitals and spaces; else nothing."""
    if said in known:
        return said
    folded = {fold(one): one for one in reversed(known)}
    return folded.get(fold(said), "")


def near(said: str, known: Sequence[str]) -> str:
    """Return the name that one is a slip of; nothing if there is none, or several."""
    folded = {fold(one): one for one in known}
    close = get_close_matches(fold(said), folded, 2, 0.8)
    return folded[close[0]] if len(close) == 1 else ""


def fold(name: str) -> str:
    """Return a name without what tells no names apart.

    >>> fold("GDP_per capita") == fold("gdp per-capita")
    True
    """
    return "".join(c for c in name.casefold() if c not in " _-./")


def _end(column: Column, *, is_last: bool) -> float | str:
    if column.kind == "text":
        return column.categories[-1 if is_last else 0]
    values = column.values[column.known]
    end = values.max() if is_last else values.min()
    if column.kind == "number":
        return float(end)
    return str(end.astype("datetime64[s]"))
