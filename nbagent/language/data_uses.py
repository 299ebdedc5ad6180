"""Which columns a turn is about, and what each of them is for."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any, Final

from nbagent.charts.columns import is_time, time_column
from nbagent.charts.names import fold
from nbagent.charts.table import Table
from nbagent.language.chart import Chart as Words
from nbagent.language.data_axes import is_steps, laid, repeated
from nbagent.language.data_columns import (
    CODE,
    column_of,
    in_brackets,
    is_wide,
    measures,
    named,
    periods,
    says_all,
)
from nbagent.language.data_labels import COLUMNS
from nbagent.language.data_scores import Heard, Run
from nbagent.language.data_told import Told
from nbagent.language.data_words import Clause, items_of
from nbagent.language.guess import language
from nbagent.language.lexicon import is_small
from nbagent.language.spans import meets
from nbagent.take.chart import TIMED, Chart

Act = dict[str, Any]

_USES: Final = ("x", "y", "group", "time", "size", "color", "facet", "error")
# What people call y of marks whose values have no height.
_COUNTED: Final = {"heatmap": "color", "histogram": "x"}
_OF_NUMBERS: Final = ("sum", "mean", "median", "max", "min")
_BEHIND: Final = ("black", "white")  # what a theme's name is said by
_LIST: Final = 2  # columns, of which one word may be the heading
_LISTED: Final = 4  # tokens between two things of one list
_PLACED: Final = 3  # numbers, of which two are a point's places


class Uses:
    """Which columns a turn is about, and what each is for.

    Args:
        heard: The turn.
        table: What is shown; None for a figure.
        chart: How it is shown now; None for one that is new.
        called: Words that mean a column, and which.

    Attributes:
        guesses: Words that name no column, and the columns that they might mean.
        took: Words that mean a column, and behind it others that they might mean.
        passed: Words that were heard as a column, and speak of none.
    """

    def __init__(
        self,
        heard: Heard,
        table: Table | None,
        chart: Chart | None,
        called: Mapping[str, str],
    ) -> None:
        self._heard, self._table, self._chart = heard, table, chart
        self._called = called
        self.guesses: dict[str, tuple[str, ...]] = {}
        self.took: dict[str, tuple[str, ...]] = {}
        self.passed: list[str] = []

    def columns(self, show: Act) -> Act:
        """Return the columns that are named, by their use."""
        assert self._table is not None
        found, places, measures = self._named()
        if self._chart is None:
            found, places, measures = self._of_new(found, places, measures, show)
        if not measures and len(places) > 1 and show.get("aggregate") in _OF_NUMBERS:
            measures = [places.pop(0)]  # the mean of words is refused, not passed over
        if places:
            found["x"] = places[0]
        is_timed = show.get("move") in TIMED or "time" in found
        numbers = [one for one in (*places, *measures) if self.is_number(one)]
        if self._chart is None and "mark" not in show and is_timed and len(numbers) > 1:
            show["mark"] = "point"  # two numbers through time are its places
        mark = show.get("mark") or (self._chart.view.mark if self._chart else "")
        counted = _COUNTED.get(mark, "")
        if counted in found and not measures:
            measures = [found.pop(counted)]
        if mark == "point":
            measures = self._placed(found, places, measures)
        if "x" in found and len(measures) == 1 and self.hints("against"):
            found["x"], measures = self._against(found["x"], measures[0])
        if measures:
            found["y"] = measures[0]
        if len(measures) > 1:
            found["also"] = measures[1:]
        return found

    def _of_new(
        self, found: Act, places: list[str], measures: list[str], show: Act
    ) -> tuple[Act, list[str], list[str]]:
        """Return the columns of a new chart, with those that a word for all of them means."""
        assert self._table is not None
        if is_wide(self._table) and self._says_all(show):
            return self._whole(found, places, show)
        self._go_through(found, places, measures, show)
        return found, places, measures

    def _named(self) -> tuple[Act, list[str], list[str]]:
        """Return columns by their use, and apart those along x and those of values."""
        found: Act = {}
        own: dict[str, list[str]] = {"x": [], "y": [], "error": []}
        runs = laid(self._heard, lambda run: self.is_number(self.column(run))).runs
        runs = tuple(run for run in runs if run.tag in _USES)
        groups = list[str]()
        twice = {*repeated(runs)} if self._chart is None else set[str]()
        for run in self._needed(runs):
            name = self.column(run)
            tag = "time" if run.text in twice and self.is_number(name) else run.tag
            if not name:
                self.passed += [] if any(periods(run.text)) else [run.text]
            elif tag == "group" and own["y"] and self._is_series(name):
                own["y"].append(name)
            elif tag not in own:
                found.setdefault(tag, name)
                groups += [name] if tag == "group" else []
            elif name not in own[tag]:
                own[tag].append(name)
        if len(groups) > 1 and not own["x"] and groups[0] != groups[1]:
            own["x"], found["group"] = groups[:1], groups[1]
        if own["error"]:
            found["error"] = own["error"]
        if len(own["y"]) > 1:  # "drawn by hour, the hours from 6 to 22"
            own["y"] = [one for one in own["y"] if one not in own["x"]]
        if self._chart is None:
            own["y"] = [one for one in own["y"] if one != found.get("time")]
            own["y"] = own["y"] or self._unheard(runs)
        return found, own["x"], self._settled_measures(own["y"])

    def _is_series(self, name: str) -> bool:
        """Return whether a column is one of those that are series themselves."""
        assert self._table is not None
        return is_wide(self._table) and self.is_number(name)

    def _needed(self, runs: Sequence[Run]) -> list[Run]:
        """Return the runs without those that name no column, and that nothing needs.

        A remark in brackets is none, nor is a small word; and nothing is missing where another column has
        the same use. What stands in one list with that is asked about.
        """
        assert self._table is not None
        own = {id(run): self.column(run) for run in runs}
        sure = [run for run in runs if named(run.text, self._table)]
        kept = []
        for run in runs:
            is_known = own[id(run)] in self._table.names and run.text not in self.took
            # What is like a series' name is what all of them measure.
            is_known &= not is_wide(self._table) or any(one is run for one in sure)
            is_code = CODE in run.text
            others = [one for one in sure if one.tag == run.tag]
            is_aside = in_brackets(self._heard.text, run) or self._is_word(run)
            if is_known or is_code or run.text in self._called or not own[id(run)]:
                kept.append(run)
            elif is_aside or (others and not self._is_listed(run, others)):
                self.guesses.pop(run.text, None)
                self.took.pop(run.text, None)
                self.passed += [] if is_aside else [run.text]
            else:
                kept.append(run)
        return kept

    def _is_word(self, run: Run) -> bool:
        """Return whether words are none of the data's: "show", "where"."""
        is_verb = any(
            one.start <= run.start and run.end <= one.end
            for one in self.listed.of("verb")
        )
        return is_verb or is_small(run.text)

    def _is_listed(self, run: Run, others: Sequence[Run]) -> bool:
        """Return whether words stand in one list with a column: "sales and growth"."""
        for one in others:
            first, second = sorted((run, one), key=lambda own: own.start)
            between = Words.of(
                self._heard.text[first.end : second.start], language(self._heard.text)
            )
            spots = range(len(between.tokens))
            if len(spots) <= _LISTED and all(
                between.tokens[at].kind == "sign"
                or between.get(at, "joints", "and", "or")
                or between.get(at, "data_joints", "against")
                for at in spots
            ):
                return True
        return False

    def _unheard(self, runs: Sequence[Run]) -> list[str]:
        """Return columns of numbers that are called by their names, outside of all runs."""
        heard = self._heard
        return [
            one.value.name
            for one in self.listed.of("column")
            if fold(heard.text[one.start : one.end]) == fold(one.value.name)
            and self.is_number(one.value.name)
            and not meets(one, heard.runs)
            and one.value.name not in {self.column(run) for run in runs}
        ]

    def _go_through(
        self, found: Act, places: list[str], measures: list[str], show: Act
    ) -> None:
        """Let steps be gone through that were heard as places or values.

        A race needs some, and points have no other use for a third number.
        """
        assert self._table is not None
        is_point, is_said = show.get("mark") == "point", show.get("move") in TIMED
        has_times = "time" in found or time_column(self._table)
        if has_times or not (is_point or is_said):
            return
        numbers = [one for one in (*places, *measures) if self.is_number(one)]
        steps = [n for n in numbers if is_steps(self._table[n], self._table)]
        if steps == measures == numbers:  # what races, and no steps
            steps = []
        if not steps and is_said:
            known = {*places, *measures, *found.values()}
            steps = [
                one.name
                for one in self._table.columns
                if one.name not in known and is_steps(one, self._table)
            ]
            numbers += steps
        least = _PLACED if is_point else 1
        if len(steps) != 1 or len(numbers) < least:
            return
        found["time"] = steps[0]
        for own in (places, measures):
            own[:] = [one for one in own if one != steps[0]]
        if is_point:
            show["move"] = "travel"

    def _settled_measures(self, measures: list[str]) -> list[str]:
        """Return the columns of values; a word for all of them is none."""
        assert self._table is not None
        known = [one for one in measures if one in self._table.names]
        if len(known) < _LIST:
            return measures
        for one in measures:
            self.guesses.pop(one, None)
        return known

    def _placed(self, found: Act, places: list[str], measures: list[str]) -> list[str]:
        """Give points two numbers to stand at; words say what each of them is."""
        numbers = [name for name in places if self.is_number(name)]
        words = [name for name in places if self._is_text(name)]
        if words and not numbers:
            found.setdefault("group", words[0])
            if len(measures) < 2 and self.is_number(found.get("color")):
                measures = [found.pop("color"), *measures]
        if numbers:
            found["x"] = numbers[0]
            for name in filter(self._is_time, places):
                found.setdefault("time", name)
            if words:
                found.setdefault("group", words[0])
        elif len(measures) > 1:
            found["x"], *measures = measures
        elif words:
            del found["x"]
        return measures

    def _against(self, x: str, y: str) -> tuple[str, list[str]]:
        """Return x and y of "y against x", whichever way round they were heard."""
        at = {run.tag: run.start for run in self._heard.of("x", "y")}
        is_turned = at.get("x", 0) < at.get("y", 0) and self.is_number(x)
        return (y, [x]) if is_turned else (x, [y])

    def column(self, run: Run) -> str:
        """Return the column that words mean, or the words, which are asked about then."""
        assert self._table is not None
        if run.text in self._called:
            return self._called[run.text]
        meant = self._certain.get(run.text) or column_of(
            run, self._heard, self._table, frozenset(self._certain.values())
        )
        if isinstance(meant, str):
            return meant
        if meant.guesses:
            self.guesses[run.text] = meant.guesses
        if meant.others:
            self.took[run.text] = (meant.name, *meant.others)
        return meant.name

    @functools.cached_property
    def _certain(self) -> dict[str, str]:
        """The columns that words mean without a doubt."""
        assert self._table is not None
        runs = self._heard.of(*COLUMNS)
        own = {run.text: column_of(run, self._heard, self._table) for run in runs}
        return {
            text: one.name
            for text, one in own.items()
            if one.name in self._table.names and not one.others
        }

    def _says_all(self, show: Act) -> bool:
        """Return whether all columns of values are meant: "the three prices", a race."""
        assert self._table is not None
        if show.get("move") == "race":
            return not any(named(one.text, self._table) for one in self._heard.of("y"))
        said = self._heard.of("x", "y", "group", "data")
        if any(not named(one.text, self._table) for one in said if one.tag != "data"):
            count = len(measures(self._table))
            numbers = [float(n) for n in self.listed.values("number")]
            return count in numbers or says_all(self._heard.text)
        return False

    def _whole(
        self, found: Act, places: list[str], show: Act
    ) -> tuple[Act, list[str], list[str]]:
        """Return the columns of a table whose columns of values are all shown."""
        assert self._table is not None
        self.guesses.clear()
        self.took.clear()
        own = [one for one in places if self._is_time(one)]
        found = {name: one for name, one in found.items() if self._is_time(one)}
        if show.get("move") == "race":  # its columns become rows
            return found, own, []
        return found, own, measures(self._table)

    def _is_time(self, name: str | None) -> bool | None:
        own = self._own(name)
        return None if own is None else own.kind == "time" or is_time(own)

    def is_number(self, name: str | None) -> bool:
        """Return whether a column has numbers, and no years."""
        own = self._own(name)
        return own is not None and own.kind == "number" and not is_time(own)

    def _is_dated(self, name: str) -> bool:
        own = self._own(name)
        return own is not None and own.kind == "time"

    def _is_text(self, name: str | None) -> bool:
        own = self._own(name)
        return own is not None and own.kind == "text"

    def _own(self, name: str | None) -> Any:
        assert self._table is not None
        return self._table[name] if name and name in self._table.names else None

    @functools.cached_property
    def listed(self) -> Clause:
        """What the lists have of the turn."""
        return Clause(items_of(self._heard.text, self._table))

    @property
    def colours(self) -> list[str]:
        """Colours that stand in no words that were heard as anything."""
        behind = _BEHIND if "theme" in self._heard.said else ()
        return [
            str(one.value)
            for one in self.listed.of("colour")
            if one.value not in behind
            and not meets(one, (r for r in self._heard.runs if r.tag != "data"))
        ]

    @property
    def adds(self) -> bool:
        """Whether a turn says that something comes beside what there is: "too"."""
        told = Told(self._heard.text, self._table)
        is_plus = any(told.behind(spot, "column") for spot in told.spots("plus"))
        return is_plus or bool(told.spots("add", table="row_words"))

    def hints(self, *joins: str) -> bool:
        """Return whether the lists have a word of the turn for one of these."""
        return self.listed.has("join", *joins)
