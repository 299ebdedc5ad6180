"""What a turn about data comes to, as acts: the words that were heard, in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from nbagent.charts.columns import settled as settled_chart
from nbagent.charts.table import Table
from nbagent.language import data_axes
from nbagent.language import data_values as values
from nbagent.language.chart import Chart as Words
from nbagent.language.data_colours import Owners
from nbagent.language.data_columns import measures
from nbagent.language.data_conditions import Condition, conditions, without
from nbagent.language.data_limits import colour_of_line
from nbagent.language.data_peaks import peak
from nbagent.language.data_rest import coloured_rest
from nbagent.language.data_rows import Rows
from nbagent.language.data_runs import settled
from nbagent.language.data_scores import Heard, Run
from nbagent.language.data_shown import Shown
from nbagent.language.data_times import between, recent
from nbagent.language.data_told import WRITTEN, Told
from nbagent.language.found import Found, find
from nbagent.language.guess import language
from nbagent.language.quotes import quoted
from nbagent.language.spans import meets
from nbagent.take.chart import Chart
from nbagent.take.chart_view import View

Act = dict[str, Any]

_STILL: Final = ("aspect", "theme", "hold", "refresh", "title", "caption", "length")
"""Acts that are no step of their own."""
_OF_FIGURES: Final = ("aspect", "highlight", "hold", "length", "title", "caption")
"""What a figure can be told beside how it moves; its style and its data are its own."""
_LISTED: Final[Mapping[str, Act]] = {
    "all": {"act": "zoom", "out": True},
    "plain": {"act": "highlight", "off": True},
    "log": {"act": "log"},
    "linear": {"act": "log", "log": False},
    "trend": {"act": "trend"},
    "refresh": {"act": "refresh"},
}
_ALONG: Final = ("line", "area", "point")
_ENDS: Final = ("?", "!")
_LENGTHS: Final = ("seconds", "hold")
_NUMBERS: Final = ("top", "threshold", "over", "under")


class Teller:
    """Tells what a turn asks for.

    Args:
        heard: The turn.
        table: What is shown; None for a figure.
        chart: How it is shown now; None for one that is new.
        called: Words that mean a column, and which.
        name: Of the variable.
    """

    def __init__(
        self,
        heard: Heard,
        table: Table | None,
        chart: Chart | None,
        called: Mapping[str, str],
        name: str = "",
    ) -> None:
        self._conditions: tuple[Condition, ...] = ()
        told = Told(heard.text, table)
        heard, self._rest_colours = coloured_rest(heard, told, chart)
        self._owners = Owners(heard, table, chart)
        heard = self._owners.heard
        if table is not None:
            heard = settled(heard, table, name=name, chart=chart)
            self._conditions = (*conditions(heard.text, table),)
            heard = without(heard, self._conditions)
        self._recent = recent(heard.text) if table is not None else None
        written = heard.of(*WRITTEN, *_LENGTHS)  # "The last five years" is a title
        if self._recent is not None and meets(self._recent, written):
            self._recent = None
        if self._recent is not None:
            heard = self._recent.cut_out(heard)
        self._heard, self._table, self._chart = heard, table, chart
        self._shown = Shown(heard, table, chart, called)
        self._rows = Rows(heard, table, chart, self._shown)
        self._line = colour_of_line(heard, told)
        self._unknown: list[str] = []
        self._new_x = ""

    def acts(self) -> list[Act]:
        """Return the acts; of a new chart, the first says what is shown."""
        first = self._heard.runs[:1]
        is_after = any(one.tag == "then" and not one.start for one in first)
        show = self._shown.act()
        self._new_x = show.get("x", "")
        found = [{"act": "chart", **show}] if show or self._chart is None else []
        if self._chart is None and (mark := self._heard.said.get("then_mark")):
            found.append({"act": "chart", "mark": mark, "then": True})
        whole = self._whole()
        found += (
            one for one in whole if not self._is_new_figure or one["act"] in _OF_FIGURES
        )
        if is_after and self._chart is not None:
            found = [_after(one) for one in found]
        if self._recent is not None and self._table is not None:
            last = self._chart.views[-1] if self._chart else View()
            goes = (self._along, show.get("time"), last.time)
            own = self._recent.act(self._table, goes)
            found += [own] if own else []
        along = self._placed_along(show)
        found += [one.act(along) for one in self._conditions]
        found += self._rest_colours
        is_after = False
        for tag, runs in _grouped(self._heard.runs):
            is_after |= tag == "then"
            for act in self._of(tag, runs, show):
                if self._is_new_figure and act["act"] not in _OF_FIGURES:
                    self._unknown += [one.text for one in runs]
                    continue
                found.append(_after(act) if is_after else act)
        return found or self._by_lists()

    def _by_lists(self) -> list[Act]:
        """Return what the lists have, where a change was heard and not which."""
        listed = self._shown.listed
        if orders := listed.values("order"):
            return [
                {"act": "sort"} | ({"order": orders[0]} if orders[0] != "down" else {})
            ]
        if looks := [one for one in listed.values("look") if one != "colours"]:
            return [{"act": "theme", "theme": looks[0]}]
        roles = [("turn", "turns"), ("stack", "stacking")]
        if not self._heard.runs:  # "the line" is said of much else
            roles.append(("mark", "mark"))
        for role, name in roles:
            if own := listed.values(role):
                return [{"act": "chart", name: own[0]}]
        said = [_LISTED[one] for one in listed.values("act") if one in _LISTED]
        return said[:1]

    @property
    def _is_new_figure(self) -> bool:
        return self._table is None and self._chart is None

    @property
    def guesses(self) -> Mapping[str, tuple[str, ...]]:
        """Return words that name no column, and the columns that they might mean."""
        return self._shown.guesses

    @property
    def took(self) -> Mapping[str, tuple[str, ...]]:
        """Return words that likely mean a column, and others that they might mean."""
        return self._shown.took

    @property
    def rest(self) -> str:
        """Return the words that any clip can be told, but the frame's shape."""
        shapes = self._shapes
        runs = [one for one in self._heard.of("rest") if not meets(one, shapes)]
        told = [one.text for one in runs]
        told += [  # a rate is one, wherever it stands
            self._heard.text[found.start : found.end]
            for found in find(self._heard.text)
            if found.kind == "fps" and not meets(found, runs)
        ]
        return ", ".join(told)

    @property
    def _shapes(self) -> list[Found]:
        """Return shapes of the frame, as they are said; "upright bars" is none."""
        own = values.shapes(self._heard.text)
        numbers = [one for one in own if self._heard.text[one.start].isdigit()]
        axes = {one.axis for one in data_axes.spots(self._heard.text)}
        is_of_axes = "lying" in self._heard.said or len(axes) > 1
        return numbers if is_of_axes else own

    @property
    def lost(self) -> tuple[str, ...]:
        """Return the words that no chart can show."""
        lost = (one.text for one in self._heard.of("lost"))
        passed = (*self._rows.lost, *self._owners.lost, *self._shown.passed)
        return (*lost, *self._unknown, *passed)

    # What else is asked

    def _of(self, tag: str, runs: list[Run], show: Act) -> Iterator[Act]:
        """Yield the acts of neighbouring words of one use."""
        said = [values.unquoted(one.text) for one in runs]
        if tag in ("keep", "out"):
            yield from self._rows.kept(runs, show, is_out=tag == "out")
        elif tag == "highlight":
            yield from self._lit(runs)
        elif tag in ("from", "to"):
            yield from self._zoom(tag, runs, show)
        elif tag in WRITTEN and tag != "label":
            yield self._told(tag, runs[0])
        elif tag == "label" and (limit := self._old_line) is not None:
            text = self._written(runs[0])
            yield {"act": "threshold", "value": limit, "text": text}
        elif tag == "colours":
            line = [self._line] if self._line else []
            yield from self._owners.acts([o for o in runs if not meets(o, line)])
        elif tag in _LENGTHS and (length := values.seconds(said[0])) is not None:
            yield from self._lasting(tag, length, show)
        elif tag in _NUMBERS and (count := values.number(said[0])) is not None:
            yield from self._counted(tag, count, runs[0], show)

    def _told(self, tag: str, run: Run) -> Act:
        """Return what is to be written, and where."""
        text = self._written(run)
        if tag == "subtitle":
            return {"act": "chart", "subtitle": text}
        if tag != "note":
            return {"act": tag, "text": text}
        places = [self._place(one) for one in self._heard.of("at")]
        return {"act": "annotate", "text": text, "at": next(iter(places), "")}

    def _lasting(self, tag: str, length: float, show: Act) -> Iterator[Act]:
        if tag == "hold":
            side = {"side": "start"} if self._shown.hints("first") else {}
            yield {"act": "hold", "seconds": length, **side}
        elif "seconds" not in show:
            yield {"act": "length", "duration_s": length}

    def _counted(self, tag: str, count: float, run: Run, show: Act) -> Iterator[Act]:
        """Yield what is said by a number."""
        if tag == "top":
            yield {"act": "top", "count": int(count)}
        elif tag == "threshold":
            label = [self._written(one) for one in self._heard.of("label")]
            yield {
                "act": "threshold",
                "value": count,
                **({"text": label[0]} if label else {}),
                **({"color": str(self._line.value)} if self._line else {}),
            }
        else:
            yield from self._rows.compared(tag, count, run, show)

    def _whole(self) -> Iterator[Act]:
        """Yield what is said of the chart as a whole."""
        said = self._heard.said
        if order := said.get("sort"):
            yield {"act": "sort"} | ({} if order == "down" else {"order": order})
        if scale := said.get("scale"):
            yield {"act": "log"} | ({} if scale == "log" else {"log": False})
        if theme := said.get("theme"):
            yield {"act": "theme", "theme": theme}
        has_trend = "trend" in said and not self._is_threshold
        if has_trend:  # said of one that is there, it is to go
            has_one = self._chart is not None and self._chart.views[-1].has_trend
            yield {"act": "trend"} | ({"off": True} if has_one else {})
        line = [str(self._line.value)] if self._line else []
        codes = [one for one in self._shown.colours if one not in line]
        if self._chart is not None and codes:
            yield {"act": "theme", "colors": codes}
        if shapes := self._shapes:
            yield {"act": "aspect", "aspect": str(shapes[0].value)}
        if "refresh" in said:
            yield {"act": "refresh"}
        if "all" in said:
            yield {"act": "zoom", "out": True}
        if "plain" in said and not self._heard.of("highlight"):
            yield {"act": "highlight", "off": True}

    def _lit(self, runs: list[Run]) -> Iterator[Act]:
        """Yield what stands out: values, or a time."""
        known, ends = self._rows.known(runs)
        said = [values.unquoted(one.text) for one in runs]
        if ends:
            yield {"act": "highlight", "start": ends[0], "end": ends[1]}
        elif most := self._most(" ".join(said)) if not known else None:
            yield {"act": "highlight", **most}
        else:
            yield {"act": "highlight", "what": [v for _, v in known] or said}

    def _most(self, said: str) -> Act | None:
        """Return what is the most or the least of what is shown, if that is said."""
        if self._table is None or self._chart is None:
            return None
        view = settled_chart(self._chart, self._table).views[-1]
        return peak(said, view, self._table)

    def _zoom(self, tag: str, runs: list[Run], show: Act) -> Iterator[Act]:
        """Yield which part is seen, once for both of its ends."""
        starts, ends = self._heard.of("from"), self._heard.of("to")
        if (tag == "to" and starts) or runs[0] is not (starts or ends)[0]:
            return
        if self._mark(show) == "histogram":
            yield from self._between(starts, ends, show)
            return
        first, last = (one[0].text if one else "" for one in (starts, ends))
        if self._table and (kept := between(first, last, self._table, self._along)):
            yield kept
            return
        zoom: Act = {"act": "zoom"}
        for name, own, index in (("start", starts, 0), ("end", ends, 1)):
            if own:
                found = values.places(own[0].text, self._table, self._along)
                zoom[name] = found[index] if found else values.unquoted(own[0].text)
                if found and not (starts and ends) and not self._is_open(own[0]):
                    zoom |= {"start": found[0], "end": found[1]}  # "zoom to June"
        yield zoom

    def _is_open(self, run: Run) -> bool:
        """Return whether a range has one end: "since 1988", "2015 and later"."""
        chart = Words.of(self._heard.text, language(self._heard.text))
        at = next((i for i, t in enumerate(chart.tokens) if t.end > run.start), 0)
        side = "since" if run.tag == "from" else "until"
        is_before = chart.follows(at, "row_words", side)
        return is_before or self._shown.hints("after", "before")

    def _between(self, starts: list[Run], ends: list[Run], show: Act) -> Iterator[Act]:
        """Yield which values a histogram counts: no column lies along its x."""
        act: Act = {"act": "only", "column": self._counted_column(show)}
        for test, own in (("over", starts), ("most", ends)):
            for run in own[:1]:
                if values.is_plain(run.text):
                    act[test] = values.number(run.text)
                else:  # "my Year 5s"
                    self._unknown.append(run.text)
        if {"over", "most"} & act.keys():
            yield act

    def _counted_column(self, show: Act) -> str:
        assert self._table is not None
        last = self._chart.views[-1] if self._chart else None
        known = (
            show.get("y"),
            show.get("x"),
            last.y if last else "",
            last.x if last else "",
        )
        return next((str(one) for one in known if one), "") or measures(self._table)[0]

    def _mark(self, show: Act) -> str:
        return str(
            show.get("mark") or (self._chart.views[-1].mark if self._chart else "")
        )

    def _placed_along(self, show: Act) -> str:
        """Return the column whose places lie along x, if numbers or times do."""
        along = show.get("x") or self._along
        return str(along) if self._mark(show) in _ALONG else ""

    @property
    def _is_threshold(self) -> bool:
        """Whether the line that is asked for stands at a number, and fits nothing."""
        is_listed = self._shown.listed.has("act", "trend")
        return bool(self._heard.of("threshold")) and not is_listed

    @property
    def _old_line(self) -> float | None:
        """At which value a line stands already, if no other is asked for."""
        if self._chart is None or self._heard.of("threshold"):
            return None
        return self._chart.views[-1].threshold

    @property
    def _along(self) -> str:
        """Return the column along x, as far as that is known."""
        return self._chart.views[-1].x if self._chart else self._new_x

    def _place(self, run: Run) -> str:
        if own := self._rows.values(run):
            return own[0][1]
        found = values.places(run.text, self._table, self._along)
        return found[0] if found else values.unquoted(run.text)

    def _written(self, run: Run) -> str:
        """Return words that are to be written, whole: as quoted, or to the sign behind."""
        text = self._heard.text
        for quote in quoted(text):
            if meets(run, [quote]):
                return quote.text
        behind = text[run.end : run.end + 2]
        sign = behind[: len(behind) - len(behind.lstrip()) + 1]
        end = run.end + len(sign) * sign.endswith(_ENDS)
        return self._heard.written(run.start, end)


def _after(act: Act) -> Act:
    """Return an act as a step after what is shown, if it can be one."""
    is_still = act["act"] in _STILL and "of" not in act
    return act if is_still else {**act, "then": True}


def _grouped(runs: tuple[Run, ...]) -> Iterator[tuple[str, list[Run]]]:
    """Yield neighbouring runs of one tag together."""
    found: list[Run] = []
    for run in runs:
        if found and found[-1].tag != run.tag:
            yield found[0].tag, found
            found = []
        found.append(run)
    if found:
        yield found[0].tag, found
