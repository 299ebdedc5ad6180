"""What a turn says is shown: the mark, the columns by their use, how it moves.

What people say of a chart need not agree with one: a line goes along its times whatever
else was named, and a mark makes the moves that it can make.
"""

from __future__ import annotations

import itertools
from typing import Any, Final

import numpy as np

from nbagent.charts.columns import is_time
from nbagent.charts.names import fold, same, words
from nbagent.charts.rows import begun_at
from nbagent.language import data_values as values
from nbagent.language.data_columns import measures, named, periods
from nbagent.language.data_uses import Act, Uses
from nbagent.take.chart import ENTRANCES, OF_FIGURES, TIMED, Chart
from nbagent.take.chart_view import View

_ACROSS: Final = ("line", "area")
# What is shown where only its moving is told.
_OF_MOVES: Final = {
    "draw": "line",
    "fill": "histogram",
    "sweep": "pie",
    "count": "counter",
}
_PLAIN: Final = ("histogram", "box", "violin", "heatmap", "pie", "donut")
_OF_PERIODS: Final = ("bar", "line", "area")
_SPREAD: Final = ("box", "violin")
_BETWEEN: Final = 5  # characters: " by ", " für "
_PANELS: Final = 9
_MANY: Final = 2  # columns that race; words, with one between them
_HEADS: Final = ("mark", "move", "turns", "aggregate", "stacking")


class Shown(Uses):
    """What is shown, of a turn that was heard."""

    def act(self) -> Act:
        """Return it as the arguments of a chart's act."""
        said = self._heard.said
        show: Act = {head: said[head] for head in _HEADS if head in said}
        if not {"mark", "then_mark"} & said.keys():
            show |= self._listed_mark()
        if "lying" in said:
            show["lying"] = said["lying"] == "yes"
        for flag in ("still", "values"):
            if flag in said:
                show[flag] = said[flag] == "yes"
        if self._table is None:
            return self._of_figure(show)
        show |= self.columns(show)
        if show.get("aggregate") == "correlation":
            self._correlate(show)
        elif self._chart is None:
            self._settle(show)
        else:
            self._change(show, self._chart)
        self._measure(show)
        return show

    def _listed_mark(self) -> Act:
        """Return the mark of the lists, where one is said whose word means nothing else."""
        own = {one for one in self.listed.values("mark") if one in _PLAIN}
        return {"mark": own.pop()} if len(own) == 1 else {}

    def _measure(self, show: Act) -> None:
        """Add what is said by numbers and periods."""
        if (bins := self._heard.of("bins")) and (count := values.number(bins[0].text)):
            show["bins"] = int(count)
        if period := self._period(show):
            show["every"] = period
        if times := self._heard.of("seconds"):
            length = values.seconds(times[0].text)
            if length and (
                self._chart is None or {"mark", "move", "turns"} & show.keys()
            ):
                show["seconds"] = length

    def _of_figure(self, show: Act) -> Act:
        """Return what a figure can be told: its parts stay what they are."""
        kept: Act = {name: show[name] for name in ("turns", "still") if name in show}
        if show.get("move") in OF_FIGURES:
            kept["move"] = show["move"]
        if self._chart is None and (times := self._heard.of("seconds")):
            if length := values.seconds(times[0].text):
                kept["seconds"] = length
        return kept

    def _settle(self, show: Act) -> None:
        """Make what is said of a new chart agree."""
        has_time = "time" in show or self._says_times()
        if show.get("move") == "travel" and not has_time:
            del show["move"]
        self._lay_by_period(show)
        mark: Any = show.get("mark") or self._likely_mark(show)
        if mark:
            show["mark"] = mark
        if mark != "point":
            self._find_axis(show)
        if mark in _ACROSS:
            self._lay_across(show)
        elif show.get("move") in TIMED:
            self._run_through(show)
        elif "time" in show and "x" not in show:
            show["x"] = show.pop("time")
        elif "time" in show and "move" not in show:
            show["move"] = "travel"
        if not mark and "group" in show and "x" not in show:
            show["x"] = show.pop("group")
        if show.get("move") not in (None, *ENTRANCES[mark or "bar"]):
            del show["move"]  # its usual one is meant
        self._complete(show)

    def _complete(self, show: Act) -> None:
        """Add what a new chart's words say between the lines."""
        assert self._table is not None
        if show.get("mark") in _SPREAD and "x" not in show and "group" in show:
            show["x"] = show.pop("group")
        if show.get("stacking") == "grouped" and "group" not in show:
            self._group_by_years(show)
        if "facet" in show and not show.keys() & {"x", "group"}:
            texts = [one.name for one in self._table.columns if one.kind == "text"]
            if texts == [show["facet"]] and show.get("mark", "bar") == "bar":
                show["x"] = show.pop("facet")  # else nothing stands along x
        if "facet" in show and "group" not in show and self._stands_out(show["facet"]):
            show["group"] = show.pop("facet")  # no panel stands out from others
        if self._goes_on() and self._is_text(show.get("x")):
            show.setdefault("turns", "in turn")
        if "y" not in show and self.listed.has("sum", "count"):
            show.setdefault("aggregate", "count")

    def _correlate(self, show: Act) -> None:
        """Let correlations be of the columns of numbers that are named."""
        show["mark"] = "heatmap"
        said = [show.pop(name, None) for name in ("y", "x", "group", "color", "time")]
        own = [one for one in (*said, *show.pop("also", ())) if self.is_number(one)]
        if len(own) > 1:
            show["y"], *show["also"] = own

    def _period(self, show: Act) -> str:
        """Return the period that is said, if the chart's dates are finer than that."""
        assert self._table is not None
        last = self._chart.views[-1] if self._chart else None
        named = (show.get("x"), show.get("time"), last.x if last else "")
        dated = [one for one in named if one and self._is_dated(one)]
        dated += [one.name for one in self._table.columns if one.kind == "time"]
        for period in periods(self._heard.text) if dated else ():
            values = self._table[dated[0]].values
            begun = begun_at(values, period)
            if len(np.unique(begun)) < len(np.unique(values)):
                return period
        return ""

    def _lay_by_period(self, show: Act) -> None:
        """Let dates stand along x where a period of theirs is said: "monthly sales"."""
        if show.get("move") in TIMED or show.keys() & {"time", "facet"}:
            return
        if self._is_time(show.get("x")) or show.get("mark", "bar") not in _OF_PERIODS:
            return
        if self._period(show):
            assert self._table is not None
            if "x" in show:
                show.setdefault("group", show.pop("x"))
            show["x"] = next(c.name for c in self._table.columns if c.kind == "time")

    def _find_axis(self, show: Act) -> None:
        """Let numbers that only rise be an axis, and not one more series."""
        assert self._table is not None
        for name in show.get("also", ()) if "x" not in show else ():
            column = self._table[name] if name in self._table.names else None
            if column is not None and bool(np.all(np.diff(column.values) > 0)):
                show["x"] = name
                show["also"] = [one for one in show["also"] if one != name]
                return

    def _name_lost(self, show: Act) -> None:
        """Let a measure that is not there be asked about, if it is all that was said."""
        assert self._table is not None
        own = self._heard.of("y")
        is_all = len(own) == len(self._heard.runs) == 1 and not self._heard.said
        if is_all and not show and not named(own[0].text, self._table):
            show["y"] = own[0].text

    def _group_by_years(self, show: Act) -> None:
        """Let years that are compared stand side by side."""
        assert self._table is not None
        said = {run.text for run in self._heard.of("keep")}
        for column in self._table.columns:
            is_free = column.name != show.get("x") and column.kind == "number"
            if (
                is_free
                and is_time(column)
                and len(said) > 1
                and said <= {*words(column)}
            ):
                show["group"] = column.name

    def _stands_out(self, name: str) -> bool:
        """Return whether a value of a column is to stand out."""
        own = self._own(name)
        lit = (run.text for run in self._heard.of("highlight"))
        return own is not None and any(same(one, words(own)) for one in lit)

    def _goes_on(self) -> bool:
        """Return whether a word is said twice in a row: "store by store"."""
        runs = self._heard.of("x", "group")
        return any(
            len(own := run.text.casefold().split()) > _MANY and own[0] == own[-1]
            for run in runs
        ) or any(
            fold(one.text) == fold(after.text) and after.start - one.end <= _BETWEEN
            for one, after in itertools.pairwise(runs)
        )

    def _says_times(self) -> bool:
        """Return whether a turn says through what something travels."""
        return bool(self._heard.of("time")) or self.listed.has("move", "travel")

    def _likely_mark(self, show: Act) -> str:
        """Return what such columns are shown as, where nobody has said it."""
        move = show.get("move", "")
        if move in _OF_MOVES:
            return _OF_MOVES[move]
        assert self._table is not None
        has_words = any(one.kind == "text" for one in self._table.columns)
        series = set(measures(self._table)) - {show.get("time"), show.get("x")}
        if move in TIMED and not has_words and (move != "race" or len(series) < _MANY):
            return "line"  # nothing else could stand along x
        if self.is_number(show.get("x")) and self.is_number(show.get("y")):
            return "point"
        return "line" if self._is_time(show.get("x")) and move not in TIMED else ""

    def _lay_across(self, show: Act) -> None:
        """Let lines and areas go along their times; what else is named tells them apart."""
        assert self._table is not None
        if time := show.pop("time", ""):
            if "group" not in show and self._is_text(show.get("x")):
                show["group"] = show.pop("x")
            show.setdefault("x", time)
        has_times = any(map(is_time, self._table.columns))
        if has_times and "group" not in show and self._is_text(show.get("x")):
            show["group"] = show.pop("x")
        if not has_times and "x" not in show and "group" in show:
            show["x"] = show.pop("group")  # else nothing stands along x
        if show.get("move") in TIMED:
            show["move"] = "draw"

    def _run_through(self, show: Act) -> None:
        """Let what moves through times have something else along x."""
        if self._is_time(show.get("x")):
            show.setdefault("time", show.pop("x"))
        if show.get("mark", "bar") == "bar" and "x" not in show and "group" in show:
            show["x"] = show.pop("group")

    def _change(self, show: Act, chart: Chart) -> None:
        """Make what is said of a chart that is shown a change of it."""
        last = chart.views[-1]
        if (after := self._heard.said.get("then_mark")) and after != last.mark:
            show |= {"mark": after, "then": True}
        elif show.get("mark") == last.mark:
            del show["mark"]
        mark = show.get("mark", last.mark)
        if show.get("move") not in (None, *ENTRANCES[mark]):
            del show["move"]
        if mark in _ACROSS and self._is_time(last.x) and self._is_text(show.get("x")):
            show.setdefault("group", show.pop("x"))  # a line goes along its times
        used = {*last.columns.values()}
        if {show.get("x"), show.get("group")} == {last.x, last.group} != {""}:
            used = set()  # they change places
        for name in ("x", "group", "time", "size", "color", "facet"):
            if name in show and show[name] in used:  # named in passing
                del show[name]
        if mark in _SPREAD and "x" not in show and self._is_text(show.get("group")):
            show["x"] = show.pop("group")
        self._change_measures(show, last, mark)

    def _change_measures(self, show: Act, last: View, mark: str) -> None:
        """Make what is said of the values of a chart a change of them."""
        if show.get("y") == last.y and "also" not in show:
            del show["y"]
            self._name_lost(show)
        elif self._adds(show, last, mark):
            more = [*last.also, show.pop("y"), *show.get("also", ())]
            show["also"] = [one for one in dict.fromkeys(more) if one != last.y]
            if self._parts_panels(last):  # the measures are the series now
                show.setdefault("facet", last.group)
        if "y" in show and self.listed.has("act", "switch"):
            show["then"] = True

    def _parts_panels(self, last: View) -> bool:
        """Return whether what told series apart has a panel for each, for want of more."""
        group = self._own(last.group)
        return group is not None and not last.facet and group.count <= _PANELS

    def _adds(self, show: Act, last: View, mark: str) -> bool:
        """Return whether one more column of values stands beside those that are shown."""
        can_stand = mark in _OF_PERIODS and last.y != ""
        return can_stand and self.is_number(show.get("y")) and self.adds
