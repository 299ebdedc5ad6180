"""What data is shown as: its mark, its columns, and how it appears."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Final, Self

from nbagent.acts.base import Arg
from nbagent.acts.charted import Charted, Names
from nbagent.take.chart import (
    ENTRANCES,
    MAX_SECONDS,
    OF_FIGURES,
    Chart,
    Entrance,
    Turns,
)
from nbagent.take.chart_view import Aggregate, Mark, Period, Stacking
from nbagent.take.move import Ease

_COLUMNS: Final = ("x", "y", "group", "size", "time", "facet")
_LOOKS: Final = ("title", "subtitle", "caption", "x_title", "y_title", "prefix")


@dataclass(frozen=True, slots=True, kw_only=True)
class Show(Charted):
    """Show the data with a different mark, other columns or a different entrance."""

    kind: ClassVar[str] = "chart"
    summary: ClassVar[str] = "How data is shown: its mark, its columns, how it appears."
    examples: ClassVar[tuple[str, ...]] = (
        "as a line",
        "from bars to a line",
        "race the countries by population",
        "one after the other",
    )

    mark: Annotated[Mark | None, Arg("what stands for a value")] = None
    move: Annotated[Entrance | None, Arg("how it appears")] = None
    x: Annotated[str, Arg("the column along x")] = ""
    y: Annotated[str, Arg("the column of values")] = ""
    also: Annotated[
        tuple[str, ...], Arg("further columns of values, each a series", is_rare=True)
    ] = ()
    group: Annotated[str, Arg("the column that tells series apart")] = ""
    color: Annotated[str, Arg("the column that colours them", is_rare=True)] = ""
    size: Annotated[
        str, Arg("the column that points are as large as", is_rare=True)
    ] = ""
    time: Annotated[str, Arg("the column of times that it goes through")] = ""
    facet: Annotated[
        str, Arg("the column whose values have a panel each", is_rare=True)
    ] = ""
    error: Annotated[
        tuple[str, ...],
        Arg("how far values may be off: a column, or two ends", is_rare=True),
    ] = ()
    aggregate: Annotated[
        Aggregate | None, Arg("what is shown of several rows of one place")
    ] = None
    every: Annotated[
        Period | None, Arg("the period that dates are put together by", is_rare=True)
    ] = None
    stacking: Annotated[Stacking | None, Arg("how series stand at one place")] = None
    lying: Annotated[bool | None, Arg("whether bars lie", is_rare=True)] = None
    values: Annotated[
        bool | None, Arg("whether numbers stand at the marks", is_rare=True)
    ] = None
    bins: Annotated[
        int | None, Arg("of a histogram", least=1, most=500, is_rare=True)
    ] = None
    turns: Annotated[
        Turns | None, Arg("whether parts move together or one after the other")
    ] = None
    seconds: Annotated[
        float | None,
        Arg("in which it appears", least=0.1, most=MAX_SECONDS, is_rare=True),
    ] = None
    ease: Annotated[Ease | None, Arg("how that starts and stops", is_rare=True)] = None
    title: Annotated[str, Arg("above the chart", is_rare=True)] = ""
    subtitle: Annotated[str, Arg("below its title", is_rare=True)] = ""
    caption: Annotated[str, Arg("at the chart's foot", is_rare=True)] = ""
    x_title: Annotated[str, Arg("of the x axis", is_rare=True)] = ""
    y_title: Annotated[str, Arg("of the y axis", is_rare=True)] = ""
    prefix: Annotated[str, Arg("before each value, like $", is_rare=True)] = ""
    suffix: Annotated[str, Arg("after each value, like %", is_rare=True)] = ""
    decimals: Annotated[
        int | None, Arg("digits after the point", least=0, most=9, is_rare=True)
    ] = None
    still: Annotated[
        bool | None,
        Arg("whether it stands still, for those who want less motion", is_rare=True),
    ] = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it names."""
        single = (getattr(self, name) for name in (*_COLUMNS, "color"))
        return tuple(filter(None, (*single, *self.also, *self.error)))

    def named(self, names: Names, chart: Chart) -> Self:  # noqa: ARG002
        """Return it with columns as the table calls them."""
        said = {n: getattr(self, n) for n in (*_COLUMNS, "color")}
        found: dict[str, Any] = {n: names.column(own) for n, own in said.items() if own}
        for name in ("also", "error"):
            found[name] = tuple(names.column(own) for own in getattr(self, name))
        return replace(self, **found)

    def of_view(self, chart: Chart) -> Mapping[str, Any]:
        """Return the mark and the columns."""
        said = {name: getattr(self, name) for name in (*_COLUMNS, "also", "error")}
        change = {name: own for name, own in said.items() if own}
        if self.color:
            change["colour"] = self.color
        for name in ("mark", "aggregate", "every", "stacking", "bins"):
            if getattr(self, name) is not None:
                change[name] = getattr(self, name)
        if self.lying is not None:
            change["is_horizontal"] = self.lying
        if self.values is not None:
            change["has_values"] = self.values
        last = chart.views[-1]
        if self.also and last.group:  # each of the columns is a series already
            change.setdefault("group", "")
        is_shown = bool(chart.data)  # and not new
        if (
            is_shown
            and replace(last, mark=change.get("mark", last.mark)).way != last.way
        ):
            change.setdefault("aggregate", last.way)  # another mark of the same values
        return {n: own for n, own in change.items() if own != getattr(last, n)}

    def on(self, chart: Chart) -> Chart:
        """Return a chart that shows it so."""
        names = (*_LOOKS, "suffix", "decimals", "turns", "ease")
        said = {name: getattr(self, name) for name in names}
        own = {name: value for name, value in said.items() if value not in (None, "")}
        if self.still is not None:
            own["is_still"] = self.still
        if self.seconds is not None and not self.is_after:
            own["seconds"] = self.seconds
        if not self.is_after:
            own["move"] = self._entrance(chart)
            view = replace(chart.view, **self.of_view(chart))
            return replace(chart, view=view, **own)
        return Charted.on(self, replace(chart, **own))

    def _entrance(self, chart: Chart) -> str:
        """Return how it appears: as before, unless its mark cannot."""
        mark = self.mark or chart.view.mark
        if self.move is not None:
            return self.move
        known = OF_FIGURES if chart.is_figure else ENTRANCES[mark]
        return chart.move if chart.move in known else ""

    def says(self) -> str:
        """Say what it is shown as."""
        marks = {"heatmap": "a heat map", "area": "an area", "point": "points"}
        said = []
        if self.mark is not None:
            many = "bars" if self.mark == "bar" else f"a {self.mark}"
            as_mark = marks.get(self.mark, many)
            said.append(f"then {as_mark}" if self.is_after else f"as {as_mark}")
        said += [] if self.move is None else [_MOVES.get(self.move, self.move)]
        if self.y:
            said.append(" and ".join((self.y, *self.also)))
        uses = {"x": "along", "group": "by", "time": "through", "facet": "a panel per"}
        uses |= {"size": "as large as", "color": "coloured by"}
        said += [
            f"{use} {getattr(self, n)}" for n, use in uses.items() if getattr(self, n)
        ]
        said += filter(None, (_SUMS.get(self.aggregate or "", self.aggregate),))
        said += [f"by {self.every}"] if self.every else []
        said += filter(None, (self.stacking,))
        said += [] if self.turns is None else [_TURNS[self.turns]]
        said += [] if self.seconds is None else [f"in {self.seconds:g} s"]
        for name in (*_LOOKS, "suffix"):
            if getattr(self, name):
                said.append(f"{name.replace('_', ' ')} {getattr(self, name)!r:.40}")
        return ", ".join(said) or "shown differently"


_MOVES: Final = {
    "grow": "it grows",
    "draw": "it draws itself",
    "race": "as a race",
    "none": "at once",
    "count": "it counts up",
}
_SUMS: Final = {"cumsum": "running total"}
_TURNS: Final[Mapping[str, str]] = {
    "together": "all together",
    "in turn": "one after the other",
    "rows": "row by row",
    "columns": "column by column",
}
