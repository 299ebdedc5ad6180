"""A figure of Plotly as a table and a chart of it, read from its JSON alone.

Its traces become the rows of one table, their names a column that tells series apart. So
it can be changed in words like any table, in the figure's own colours and with its titles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from matplotlib.colors import to_hex

from nbagent.charts.intake import table_of
from nbagent.charts.plotly_json import (
    by_colours,
    colour_of_trace,
    ends_of,
    left_out,
    listed,
    numbers_of,
    renamed,
    text_of,
    unlike,
    values_of,
)
from nbagent.charts.svg import colour_of
from nbagent.charts.table import Table, text_column
from nbagent.charts.theme import stands_on
from nbagent.errors import SpecError
from nbagent.take.chart import Chart, ThemeName
from nbagent.take.chart_view import MAX_TEXT, Mark, View

_COLOURS: Final = (  # of plotly.js, where a template has none
    *("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd"),
    *("#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf"),
)
_FEW: Final = 20  # points of a trace, from which plotly.js draws its line alone
_ELSE: Final = (
    "move a camera over a picture of it, like fig.write_image('fig.png'), or animate the"
    " table, like 'animate @df'"
)
_STACKS: Final[Mapping[str, Any]] = {
    "stack": "stacked",
    "relative": "stacked",
    "group": "grouped",
}
_SORTS: Final[Mapping[str, Any]] = {
    "total descending": "down",
    "total ascending": "up",
    "category ascending": "name",
}


def chart_of(
    figure: Mapping[str, Any], called: str = "the figure"
) -> tuple[Chart, Table, tuple[str, ...]]:
    """Return a figure as a chart of a table, and what of it is left out.

    Args:
        figure: As `to_plotly_json` has it, or as JSON of it.
        called: What an error calls it.

    Raises:
        SpecError: If it is none of bars, lines, areas, points and pies, with what to do.
    """
    try:
        return _Figure(figure, called).chart()
    except SpecError:
        raise
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        # JSON that a page was sent may be anybody's, and Plotly checks little of its own.
        raise SpecError(
            f"{called} has traces that nbagent cannot read ({error!s:.60}): {_ELSE}"
        ) from error


class _Figure:
    """A figure that is being read."""

    def __init__(self, figure: Mapping[str, Any], called: str) -> None:
        self._called = called
        self._layout = figure.get("layout") or {}
        self._frames = figure.get("frames") or ()
        traces = [one for one in figure.get("data") or () if isinstance(one, Mapping)]
        self._traces = [one for one in traces if one.get("visible", True) is True]
        if not self._traces:
            raise SpecError(f"{called} shows no traces: add some, or animate the table")
        hidden = len(traces) - len(self._traces)
        self._traces = by_colours(self._traces)
        self._notes = [*left_out(self._layout, self._traces)]
        if hidden:
            are = "traces of {} are" if hidden > 1 else "trace of {} is"
            self._notes.append(f"{hidden} hidden {are.format(called)} left out")
        self._mark = self._marked()
        self._is_lying = self._traces[0].get("orientation") == "h"
        self._is_lying &= self._mark == "bar"
        axes = ("yaxis", "xaxis") if self._is_lying else ("xaxis", "yaxis")
        self._along, self._up = (self._layout.get(name) or {} for name in axes)

    def chart(self) -> tuple[Chart, Table, tuple[str, ...]]:
        """Return it as a chart, its table, and what is left out."""
        if self._mark in ("pie", "donut"):
            view, table = self._pie()
        else:
            view, table = self._plot()
        layout, title = self._layout, self._layout.get("title")
        sub = title.get("subtitle") if isinstance(title, Mapping) else None
        is_plain = self._mark in ("pie", "donut")
        names = ("", "") if is_plain else ("xaxis", "yaxis")
        x_title, y_title = (text_of((layout.get(n) or {}).get("title")) for n in names)
        chart = Chart(
            data="",
            view=view,
            move="travel" if view.time else "",
            title=text_of(title),
            subtitle=text_of(sub),
            x_title=x_title,
            y_title=y_title,
            prefix=str(self._up.get("tickprefix") or "")[:MAX_TEXT],
            suffix=str(self._up.get("ticksuffix") or "")[:MAX_TEXT],
            theme=self._theme(),
            palette=self._palette(table, view),
        )
        return self._shaped(chart), table, tuple(self._notes)

    # What it is

    def _marked(self) -> Mark:
        """Return what its traces are drawn as.

        Raises:
            SpecError: If they are several things, or something else.
        """
        marks = list(dict.fromkeys(map(self._mark_of, self._traces)))
        if len(marks) > 1:
            both = " and ".join(f"{one}s" for one in marks)
            raise SpecError(
                f"{self._called} draws {both} over each other, and only one kind"
                f" can be animated: show one of them, or {_ELSE}"
            )
        for name in ("xaxis", "yaxis"):
            axes = {str(one.get(name) or name[0]) for one in self._traces}
            if len(axes) > 1:
                raise SpecError(
                    f"{self._called} has several plots or axes ({', '.join(sorted(axes))}):"
                    f" show one, or {_ELSE}"
                )
        if marks[0] == "area" and len(self._traces) > 1:
            if not all(one.get("stackgroup") for one in self._traces):
                self._notes.append("shows overlapping areas as lines")
                return "line"
        return marks[0]

    def _mark_of(self, trace: Mapping[str, Any]) -> Mark:
        kind = str(trace.get("type") or "scatter")
        if kind == "bar" and trace.get("base") is None:
            return "bar"
        if kind == "pie":
            return "donut" if trace.get("hole") else "pie"
        if kind not in ("scatter", "scattergl"):
            what = "bars with a base" if kind == "bar" else f"a {kind:.40}"
            raise SpecError(
                f"{self._called} has {what}, and from Plotly nbagent animates bars,"
                f" lines, areas, points and pies: {_ELSE}"
            )
        count = len(values_of(trace, "y"))
        mode = trace.get("mode") or ("lines+markers" if count < _FEW else "lines")
        if trace.get("fill") not in (None, "none") or trace.get("stackgroup"):
            return "area"
        return "line" if "lines" in mode else "point"

    # Its table

    def _plot(self) -> tuple[View, Table]:
        x, y = (text_of(axis.get("title")) for axis in (self._along, self._up))
        legend = text_of((self._layout.get("legend") or {}).get("title"))
        names = unlike([x or "x", y or "y", legend or "series"])
        moments = list(self._moments())
        is_timed = len(moments) > 1 and self._mark in ("bar", "point")
        series = self._series()
        columns: dict[str, list[Any]] = {name: [] for name in names}
        extras: dict[str, list[Any]] = {}
        time = unlike([*names, self._time_name()])[-1]
        for moment, traces in moments if is_timed else moments[:1]:
            for at, trace in enumerate(traces[: len(series)]):
                own = self._row_values(trace)
                count = len(own["y"])
                columns[names[0]] += own.pop("x")
                columns[names[1]] += own.pop("y")
                columns[names[2]] += [series[at]] * count
                if is_timed:
                    extras.setdefault(time, []).extend([moment] * count)
                for name, values in own.items():
                    kept = extras.setdefault(name, [])
                    kept += [None] * (len(columns[names[0]]) - count - len(kept))
                    kept += values
        rows = len(columns[names[0]])
        for values in extras.values():
            values += [None] * (rows - len(values))
        if len(series) < 2:
            columns.pop(names[2])
        extras = renamed(extras, columns)
        table = table_of({**columns, **extras}, self._called)
        table = self._ordered(table, names, series)
        group = names[2] if len(series) > 1 else ""
        if not is_timed and len(moments) > 1:
            self._notes.append("left out its frames but the first")
        return self._viewed(names, group, extras, time if is_timed else ""), table

    def _viewed(
        self, names: Sequence[str], group: str, extras: Mapping[str, Any], time: str
    ) -> View:
        """Return how the table is shown."""
        along, up = self._along, self._up
        is_log = up.get("type") == "log"
        view = View(mark=self._mark, x=names[0], y=names[1], time=time, log=is_log)
        if self._mark == "point":
            colour = group or next((n for n in extras if n.startswith("colour")), "")
            return replace(
                view,
                colour=colour,
                group=next((n for n in extras if n.startswith("name")), ""),
                size=next((n for n in extras if n.startswith("size")), ""),
                log_x=along.get("type") == "log",
                x_range=ends_of(along),
                y_range=ends_of(up),
            )
        view = replace(view, group=group)
        if self._mark != "bar":
            return replace(view, y_range=ends_of(up) if self._mark == "line" else ())
        mode = str(self._layout.get("barmode") or "group")
        if mode not in _STACKS and group:
            self._notes.append("bars that lie over each other stand side by side")
        is_share = self._layout.get("barnorm") in ("percent", "fraction")
        return replace(
            view,
            aggregate="sum",
            stacking="share" if is_share else _STACKS.get(mode, "grouped"),
            is_horizontal=self._is_lying,
            sort=_SORTS.get(str(along.get("categoryorder")), ""),
        )

    def _row_values(self, trace: Mapping[str, Any]) -> dict[str, list[Any]]:
        """Return the rows of a trace, by what they are for."""
        along, up = ("y", "x") if self._is_lying else ("x", "y")
        y = values_of(trace, up)
        x = values_of(trace, along) or list(range(len(y)))
        if any(isinstance(one, list | tuple) for one in x):
            raise SpecError(f"{self._called} has categories of several levels: {_ELSE}")
        count = min(len(x), len(y))
        if self._along.get("type") == "category":
            x = [str(one) for one in x]
        found: dict[str, list[Any]] = {"x": x[:count], "y": y[:count]}
        if self._mark != "point":
            return found
        marker = trace.get("marker") or {}
        told = {
            "name": values_of(trace, "ids") or values_of(trace, "hovertext"),
            "size": listed(marker.get("size")),
            "colour": numbers_of(listed(marker.get("color"))),
        }
        return found | {name: own[:count] for name, own in told.items() if own}

    def _pie(self) -> tuple[View, Table]:
        """Return the parts of a pie."""
        if len(self._traces) > 1:
            raise SpecError(f"{self._called} has several pies: show one, or {_ELSE}")
        trace = self._traces[0]
        values = values_of(trace, "values")
        labels = [str(one) for one in values_of(trace, "labels")]
        values = values or [1] * len(labels)
        labels = labels or [str(at) for at in range(len(values))]
        table = table_of({"label": labels, "value": values}, self._called)
        return View(mark=self._mark, x="label", y="value"), table

    def _moments(self) -> Iterator[tuple[str, Sequence[Mapping[str, Any]]]]:
        """Yield the traces of each frame; of a figure without any, its own."""
        if not self._frames:
            yield "", self._traces
        for frame in self._frames:
            changed = list(frame.get("data") or ())
            whole = [*changed, *self._traces[len(changed) :]]
            own = zip(whole, self._traces, strict=False)
            yield str(frame.get("name")), [{**usual, **one} for one, usual in own]

    def _time_name(self) -> str:
        """Return what the frames go through: "year" of a slider's "year="."""
        sliders = [*(self._layout.get("sliders") or ()), {}]
        slider: Mapping[str, Any] = sliders[0]
        prefix = str((slider.get("currentvalue") or {}).get("prefix") or "")
        return prefix.strip(" =:") or "time"

    def _series(self) -> list[str]:
        """Return what its traces are called, each once."""
        said = [text_of(one.get("name")) for one in self._traces]
        return unlike([name or f"trace {at}" for at, name in enumerate(said)])

    def _ordered(
        self, table: Table, names: Sequence[str], series: Sequence[str]
    ) -> Table:
        """Return a table whose words are in the order of the figure."""
        orders = {names[2]: list(series)}
        own = table[names[0]]
        if own.kind == "text":
            said = [str(one) for one in listed(self._along.get("categoryarray"))]
            order = list(dict.fromkeys((*said, *own.categories)))
            # The first of those that lie is the lowest, and ours is the highest.
            is_up = self._is_lying and self._along.get("autorange") != "reversed"
            orders[names[0]] = order[::-1] if is_up else order
        return Table(
            tuple(
                text_column(one.name, one.texts, orders[one.name])
                if one.name in orders
                else one
                for one in table.columns
            )
        )

    # Its look

    def _theme(self) -> ThemeName:
        ground = colour_of(
            self._layout.get("paper_bgcolor") or self._usual("paper_bgcolor")
        )
        is_dark = ground is not None and stands_on(ground[:3]) == "#ffffff"
        return "dark" if is_dark else "light"

    def _usual(self, name: str) -> Any:
        """Return what its template says of the layout."""
        template = self._layout.get("template")
        own = template.get("layout") if isinstance(template, Mapping) else None
        return (own or {}).get(name)

    def _palette(self, table: Table, view: View) -> tuple[str, ...]:
        """Return the colours of its series or of its parts, in their order."""
        usual = self._layout.get("colorway") or self._usual("colorway") or _COLOURS
        if view.mark in ("pie", "donut"):
            own = (self._traces[0].get("marker") or {}).get("colors")
            usual = self._usual("piecolorway") or usual
            count = table[view.x].count
            said: list[Any] = [*listed(own)][:count]
            said += [None] * (count - len(said))
        else:
            said = [colour_of_trace(one, self._mark) for one in self._traces]
        chosen = (colour_of(one if isinstance(one, str) else "") for one in said)
        hexes = [None if one is None else to_hex(one) for one in chosen]
        default = [to_hex(colour_of(str(one)) or (0, 0, 0)) for one in usual]
        return tuple(one or default[at % len(default)] for at, one in enumerate(hexes))

    def _shaped(self, chart: Chart) -> Chart:
        """Return a chart in the figure's own shape, if it has one."""
        wide, high = (self._layout.get(name) for name in ("width", "height"))
        if not (isinstance(wide, int | float) and isinstance(high, int | float)):
            return chart
        scale = min(chart.width / wide, chart.height / high)
        width, height = (2 * round(side * scale / 2) for side in (wide, high))
        return replace(chart, width=width, height=height)
