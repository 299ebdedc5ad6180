"""Which rows a turn keeps: by what they are, when they are, and by numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from nbagent.charts.columns import is_time
from nbagent.charts.names import same, words
from nbagent.charts.table import Table
from nbagent.language import data_values as values
from nbagent.language.data_columns import named
from nbagent.language.data_flags import flag_of, word_for
from nbagent.language.data_labels import COLUMNS
from nbagent.language.data_limits import bound_at
from nbagent.language.data_scores import Heard, Run
from nbagent.language.data_shown import Shown
from nbagent.language.data_times import is_onwards
from nbagent.language.data_told import Told
from nbagent.take.chart import Chart

Act = dict[str, Any]

_ALONG: Final = ("line", "area", "point")
_ENDS: Final = ".!?;"
_WIDE_ENDS: Final = "。！？；"  # no space stands behind these
_COMPARED: Final = ("over", "under", "from", "to", "after", "before")
_CHOSEN: Final = ("only", "out")
_SIGNS: Final = "<>≤≥"
_TESTS: Final = {"over": ("over",), "under": ("under", "at most")}


class Rows:
    """Tells which rows are kept.

    Args:
        heard: The turn.
        table: What is shown; None for a figure.
        chart: How it is shown now; None for one that is new.
        shown: What the turn says is shown.

    Attributes:
        lost: Words that are none of the data's.
    """

    def __init__(
        self, heard: Heard, table: Table | None, chart: Chart | None, shown: Shown
    ) -> None:
        self._heard, self._table, self._chart = heard, table, chart
        self._shown = shown
        self.lost: list[str] = []

    def kept(self, runs: list[Run], show: Act, *, is_out: bool) -> Iterator[Act]:
        """Yield which rows stay or go: by values, or by times."""
        if series := self._series(runs):
            yield {"act": "only", "values": series, **({"out": True} if is_out else {})}
            return
        if level := self._level(runs):
            yield {"act": "only", **level, **({"out": True} if is_out else {})}
            return
        out: Act = {"out": True} if is_out else {}
        if flag := self._flag(runs):
            yield {"act": "only", **flag, **out}
            return
        known, ends = self.known(runs)
        said = [values.unquoted(one.text) for one in runs]
        if ends and (years := self._years(said, show)):
            yield {"act": "only", "column": years, "values": said, **out}
        elif ends and not is_out:
            end = {} if is_onwards(self._heard, runs[-1]) else {"end": ends[1]}
            yield {"act": "zoom", "start": ends[0], **end}
        elif known:
            by: dict[str, list[str]] = {}
            for column, value in known:
                by.setdefault(column, []).append(value)
            for column, own in by.items():
                yield {"act": "only", "column": column, "values": own, **out}
        else:
            yield {"act": "only", "values": said, **out}

    def _series(self, runs: list[Run]) -> list[str]:
        """Return the measures that words are, where each of several is a series."""
        last = self._chart.views[-1] if self._chart else None
        if self._table is None or last is None or not last.also:
            return []
        own = [named(one.text, self._table) for one in runs]
        return own if {*own} <= {last.y, *last.also} else []

    def _years(self, said: list[str], show: Act) -> str:
        """Return the column of years that has these, unless the chart goes along it."""
        last = self._chart.views[-1] if self._chart else None
        along = show.get("x") or (last.x if last else "")
        mark = show.get("mark") or (last.mark if last else "line")
        for column in self._table.columns if self._table else ():
            if column.kind != "number" or not is_time(column):
                continue
            goes = along == column.name or (not along and mark in _ALONG)
            if not goes and all(same(one, words(column)) for one in said):
                return column.name
        return ""

    def known(
        self, runs: list[Run]
    ) -> tuple[list[tuple[str, str]], tuple[str, str] | None]:
        """Return the values that some words are, or else from when to when they are.

        Beside words that are values, those that are none are lost.
        """
        known: list[tuple[str, str]] = []
        lost: list[str] = []
        for run in runs:
            own = self.values(run)
            known += [one for one in own if one not in known]
            lost += [] if own else [run.text]
        if not known:
            said = " ".join(values.unquoted(one.text) for one in runs)
            if ends := values.places(said, self._table, self._along):
                return [], ends
            akin = [self._akin(one) for one in runs]
            return [one for one in akin if one] if all(akin) else [], None
        self.lost += lost
        return known, None

    def _akin(self, run: Run) -> tuple[str, str] | None:
        """Return the value that words are a form of: "French" of France."""
        for column in self._table.columns if self._table else ():
            if column.kind == "text" and (
                found := self._heard.akin(run.text, words(column))
            ):
                return column.name, found
        return None

    def _level(self, runs: list[Run]) -> Act | None:
        """Return the column and its numbers that some words name: "severity 1"."""
        said = [values.number(one.text) for one in runs]
        if self._table is None or None in said:
            return None
        told = [*(one.text for one in self._heard.of("by")), *(r.text for r in runs)]
        names = [name for name in (named(one, self._table) for one in told) if name]
        for name in names:
            known = words(self._table[name])
            found = [same(f"{one:.15g}", known) for one in said]
            if all(found):
                return {"column": name, "values": found}
        return None

    def values(self, run: Run) -> list[tuple[str, str]]:
        """Return the values that words are, or have in them, with their columns."""
        if self._table is None:
            return []
        if found := values.named_in(self._heard.text, run.start, run.end, self._table):
            return found
        near = values.value(values.unquoted(run.text), self._table)
        return [near] if near else []

    def compared(self, tag: str, count: float, run: Run, show: Act) -> Iterator[Act]:
        """Yield which rows a number leaves, or the line that is drawn at it."""
        start, end = self._sentence(run)
        items = [one for one in self._shown.listed.items if start <= one.start < end]
        acts = {one.value for one in items if one.role == "act"}
        last = self._chart.views[-1] if self._chart else None
        has_line = any(one.role == "mark" and one.value == "line" for one in items)
        if last and has_line and last.mark != "line" and not acts & {*_CHOSEN}:
            if "mark" not in self._heard.said:  # "at most 3, so put a line there"
                yield {"act": "threshold", "value": count}
                return
        is_compared = any(
            one.role == "column" or (one.role == "join" and one.value in _COMPARED)
            for one in items
        )
        signs = any(sign in self._heard.text[start:end] for sign in _SIGNS)
        is_said = bool(acts & {*_CHOSEN}) or is_compared or signs
        own = (one for one in self._heard.of(*COLUMNS) if start <= one.start < end)
        if last or is_said or any(own):
            column = self._filtered(run, show)
            count = values.number_in(column, run.text) or count
            yield {"act": "only", "column": column, self._bound(tag, run): count}
        else:  # "the board meets at 3" is about no column, and compares nothing
            self.lost.append(run.text)

    def _bound(self, tag: str, run: Run) -> str:
        """Return how a number bounds the rows, by the words beside it if they say so."""
        told = Told(self._heard.text, self._table)
        return bound_at(told, run.start, run.end) or tag

    def _sentence(self, run: Run) -> tuple[int, int]:
        """Return from where to where the sentence of some words reaches."""
        text = self._heard.text
        ends = [
            i + 1
            for i, char in enumerate(text)
            if char in _WIDE_ENDS
            or (char in _ENDS and not text[i + 1 : i + 2].strip())
            or char == "\n"
        ]
        start = max((one for one in ends if one <= run.start), default=0)
        return start, min((one for one in ends if one >= run.end), default=len(text))

    @property
    def _along(self) -> str:
        """Return the column along x, as far as that is known."""
        return self._chart.views[-1].x if self._chart else ""

    def _flag(self, runs: list[Run]) -> Act | None:
        """Return the column of yes and no that words are about: "open on sundays"."""
        if self._table is None or any(map(self.values, runs)):
            return None
        said = " ".join(one.text for one in runs)
        column = flag_of(said, self._table)
        if column is None or not (own := word_for(column, is_true=True)):
            return None
        return {"column": column.name, "values": [own]}

    def _filtered(self, run: Run, show: Act) -> str:
        """Return the column that a number is compared with: the one named nearest."""
        assert self._table is not None
        own = sorted(
            self._heard.of("by", "y"), key=lambda one: abs(one.start - run.start)
        )
        for name in map(self._shown.column, own):
            if name in self._table.names and self._table[name].kind != "text":
                return name  # "parties over 500" are those whose values are
        if self._chart is not None:  # "over 100 rather"
            before = [
                one for one in self._chart.views[-1].keep if one.test in _TESTS[run.tag]
            ]
            if before:
                return before[-1].column
        shown = self._chart.views[-1].y if self._chart else ""
        numbers = [
            one.name for one in self._table.columns if self._shown.is_number(one.name)
        ]
        return str(show.get("y") or shown or next(iter(numbers), ""))
