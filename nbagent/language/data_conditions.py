"""Rows that a turn chooses by a column and its value: "where flag is 1", "bis t_s = 90".

Of such words the encoder hears a column and a number, each for itself. Together they are
a condition of the rows, and nothing else: no column that is shown, and no length.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from nbagent.charts.names import same, words
from nbagent.charts.table import Column, Table
from nbagent.language.chart import Chart
from nbagent.language.data_flags import is_flag, word_for
from nbagent.language.data_labels import COLUMNS
from nbagent.language.data_scores import Heard, Run
from nbagent.language.data_values import number
from nbagent.language.data_words import Item, items_of
from nbagent.language.guess import language
from nbagent.language.spans import meets

Test = Literal["is", "not", "over", "under", "most"]

_SIGNS: Final[dict[str, Test]] = {
    "=": "is",
    "==": "is",
    "!=": "not",
    "<>": "not",
    "≠": "not",
    "<": "under",
    "<=": "most",
    "≤": "most",
    ">": "over",
    ">=": "over",
    "≥": "over",
}
_BOUNDS: Final = ("over", "under", "most")
_STOPS: Final = ",;.!?:()、。，；！？："
_REACH: Final = 5  # tokens of a value
_NEAR: Final = 2  # tokens between "where" and the column
_TAKEN: Final = (
    *COLUMNS,
    *("keep", "out", "over", "under", "from", "to", "threshold", "top", "highlight"),
)
"""What the words of a condition may have been heard as."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What a column of the rows must be.

    Attributes:
        column: Its name.
        test: How it is compared.
        values: With what.
        start: Where the words begin, in characters.
        end: Where they end.
    """

    column: str
    test: Test
    values: tuple[str, ...]
    start: int
    end: int

    def act(self, along: str) -> dict[str, Any]:
        """Return it as an act; what lies along an axis is a part of that.

        Args:
            along: The column along x, if numbers or times are its places.
        """
        if self.test in ("is", "not"):
            out = {"out": True} if self.test == "not" else {}
            return {
                "act": "only",
                "column": self.column,
                "values": [*self.values],
            } | out
        if self.column == along:
            end = "start" if self.test == "over" else "end"
            return {"act": "zoom", end: self.values[0]}
        return {"act": "only", "column": self.column, self.test: float(self.values[0])}


def conditions(text: str, table: Table) -> Iterator[Condition]:
    """Yield what a turn says of the rows by a column and its value."""
    chart = Chart.of(text, language(text))
    for item in items_of(text, table):
        if item.role == "column" and (found := _Condition(chart, item).read()):
            yield found


def without(heard: Heard, found: Sequence[Condition]) -> Heard:
    """Return a turn whose conditions are heard as nothing else.

    A length that has a condition's number is the data's own.
    """
    said = {number(value) for one in found for value in one.values}
    runs = []
    for run in heard.runs:
        is_own = run.tag == "seconds" and number(run.text) in said
        if not (run.tag in _TAKEN and meets(run, found)) and not is_own:
            runs.append(run)
    return replace(heard, runs=tuple[Run, ...](runs))


class _Condition:
    """Reads what stands around a column's name.

    Args:
        chart: The turn.
        item: The name.
    """

    def __init__(self, chart: Chart, item: Item) -> None:
        self._chart, self._item = chart, item
        self._column: Column = item.value
        tokens = chart.tokens
        self._first = next(i for i, one in enumerate(tokens) if one.end > item.start)
        self._after = next(
            (i for i, one in enumerate(tokens) if one.start >= item.end), len(tokens)
        )

    def read(self) -> Condition | None:
        """Return the condition; None if there is none."""
        test, at, is_sign = self._test()
        bound = self._bound() if is_sign else ""
        if test in _BOUNDS or (bound and test != "not"):
            return self._compared(bound or test or "is", at)
        is_chosen = is_sign or self._is_chosen()
        is_told = bool(test) or self._is_where()
        found, end = self._values(at) if is_chosen and is_told else ([], at)
        if not found:
            return None
        is_out = (test == "not") != self._is_out(end)
        return self._made("not" if is_out else "is", found, end)

    def _made(self, test: Test, found: Sequence[str], end: int) -> Condition:
        until = self._chart.tokens[end - 1].end
        start = self._item.start
        return Condition(self._column.name, test, tuple(found), start, until)

    def _compared(self, test: Test, at: int) -> Condition | None:
        """Return a condition by a number that is a bound."""
        tokens = self._chart.tokens
        is_there = at < len(tokens) and tokens[at].kind == "digits"
        if self._column.kind != "number" or not is_there:
            return None
        rest = self._chart.text[tokens[at].start :].split()[0].strip(_STOPS)
        count = number(rest)
        if count is None:
            return None
        until = tokens[at].start + len(rest)
        end = next((i for i, t in enumerate(tokens) if t.start >= until), len(tokens))
        if self._is_out(end):  # "drop what is beyond"
            test = "under" if test == "over" else "over"
        return self._made(test, [f"{count:.15g}"], end)

    def _test(self) -> tuple[Test | Literal[""], int, bool]:
        """Return how the column is compared, the token after that, and if by a sign."""
        tokens, end = self._chart.tokens, self._after
        signs = ""
        while end < len(tokens) and signs + tokens[end].text in (*_SIGNS, "!"):
            signs += tokens[end].text
            end += 1
        if signs in _SIGNS:
            return _SIGNS[signs], end, True
        if match := self._chart.get(self._after, "row_words", "is", "not"):
            return "is" if match.value == "is" else "not", match.end, False
        return "", self._after, False

    def _bound(self) -> Test | Literal[""]:
        """Return which end a word right before the column says: "up to", "since"."""
        if self._chart.follows(self._first, "row_words", "until"):
            return "most"
        is_since = self._chart.follows(self._first, "row_words", "since")
        return "over" if is_since else ""

    def _values(self, at: int) -> tuple[list[str], int]:
        """Return the column's values that stand at a token, and the token after them."""
        found: list[str] = []
        end = at
        while named := self._value(at):
            at, value = named
            found.append(value)
            end = at
            more = self._chart.get(at, "joints", "and", "or")
            if not more and not self._chart.is_sign(at, ","):
                break
            at = more.end if more else at + 1
        return found, end

    def _value(self, at: int) -> tuple[int, str] | None:
        """Return the longest value of the column at a token, after its end."""
        tokens, known = self._chart.tokens, words(self._column)
        for end in range(min(at + _REACH, len(tokens)), at, -1):
            said = self._chart.text[tokens[at].start : tokens[end - 1].end]
            if own := same(said, known):
                return end, own
            count = number(said) if self._column.kind == "number" else None
            if count is not None and end == at + 1 and same(f"{count:.15g}", known):
                return end, f"{count:.15g}"
        match = self._chart.get(at, "row_words", "true", "false")
        if match and is_flag(self._column):
            own = word_for(self._column, is_true=match.value == "true")
            return (match.end, own) if own else None
        return None

    # What the clause says of the rows

    def _clause(self) -> int:
        """Return the token with which the column's clause begins."""
        tokens = self._chart.tokens
        before = (i for i in range(self._first, 0, -1) if tokens[i - 1].text in _STOPS)
        return next(before, 0)

    def _is_chosen(self) -> bool:
        """Return whether the clause says that it is about which rows there are."""
        spots = range(self._clause(), self._first)
        return any(
            self._chart.get(at, "row_words", "where", "out")
            or self._chart.get(at, "data_acts", "only", "out")
            for at in spots
        )

    def _is_where(self) -> bool:
        """Return whether a word like "where" stands by the column."""
        return any(
            self._chart.follows(at, "row_words", "where")
            for at in range(max(self._first - _NEAR, 1), self._first + 1)
        )

    def _is_out(self, end: int) -> bool:
        """Return whether the rows go: said before the column, or last in the clause."""
        for at in range(self._clause(), self._first):
            if self._chart.get(at, "row_words", "out") or self._chart.get(
                at, "data_acts", "out"
            ):
                return True
        tokens = self._chart.tokens
        while end < len(tokens) and tokens[end].text not in _STOPS:
            match = self._chart.get(end, "data_acts", "out") or self._chart.get(
                end, "row_words", "out"
            )
            if match:
                last = match.end == len(tokens)
                return last or tokens[match.end].text in _STOPS
            end += 1
        return False
