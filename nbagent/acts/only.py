"""Which rows are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Self

from nbagent.acts.base import Arg
from nbagent.acts.charted import Charted, Names
from nbagent.errors import SpecError
from nbagent.take.chart import Chart
from nbagent.take.chart_view import Filter, Test


@dataclass(frozen=True, slots=True, kw_only=True)
class Only(Charted):
    """Show only some rows, or all but some."""

    kind: ClassVar[str] = "only"
    summary: ClassVar[str] = "Which rows of the data a chart shows."
    examples: ClassVar[tuple[str, ...]] = (
        "only Europe",
        "without Asia",
        "sales over 10",
    )

    values: Annotated[tuple[str, ...], Arg("what the rows have, like Europe")] = ()
    column: Annotated[str, Arg("the column that has it")] = ""
    out: Annotated[bool, Arg("true to drop those rows and keep the others")] = False
    over: Annotated[float | None, Arg("a number that the column is over")] = None
    under: Annotated[float | None, Arg("a number that the column is under")] = None
    most: Annotated[
        float | None, Arg("a number that the column is at most", is_rare=True)
    ] = None

    @classmethod
    def of_call(
        cls,
        *values: object,
        column: str = "",
        out: bool = False,
        over: float | None = None,
        under: float | None = None,
        most: float | None = None,
        then: bool | None = None,
        takes_s: float | None = None,
    ) -> Only:
        """Show some rows alone, or all but some: `clip.only("Europe", "Asia")`.

        Args:
            values: What the rows have.
            column: The column that has it; usually it is found.
            out: Whether those rows go, and the others stay.
            over: A number that the column is over.
            under: A number that the column is under.
            most: A number that the column is at most.
            then: Whether it happens after what is shown, and not from the start.
            takes_s: Seconds in which it happens.
        """
        return cls(
            values=tuple(str(one) for one in values),
            column=column,
            out=out,
            over=over,
            under=under,
            most=most,
            then=then,
            takes_s=takes_s,
        )

    def check(self) -> None:
        """Refuse a choice of nothing."""
        if not (self.values or self._bounds):
            raise SpecError("only what? name a value, like 'only Europe'")
        if not (self.column or self.values):
            raise SpecError(
                "over or under in which column? name it, like 'sales over 10'"
            )

    @property
    def _bounds(self) -> dict[Test, float]:
        """The numbers that the column is compared with, by how."""
        said: dict[Test, float | None] = {
            "over": self.over,
            "under": self.under,
            "at most": self.most,
        }
        return {test: own for test, own in said.items() if own is not None}

    def named(self, names: Names, chart: Chart) -> Self:
        """Return it with the column and its values as the table has them."""
        if self.values and not self.column and (series := self._series(names, chart)):
            return replace(self, values=series)
        column = names.column(self.column) if self.column else ""
        values = self.values
        if values:
            column, values = names.values(values, column)
        if not column:
            raise SpecError(
                f"{self.says()}: a figure is animated as it was drawn, without its"
                " table; animate the table itself, like 'animate @df'"
            )
        return replace(self, column=column, values=values)

    def _series(self, names: Names, chart: Chart) -> tuple[str, ...]:
        """Return the columns that are meant, where columns are the chart's series."""
        last = chart.views[-1]
        if not last.also:
            return ()
        try:
            found = tuple(names.column(own) for own in self.values)
        except SpecError:
            return ()
        return found if set(found) <= {last.y, *last.also} else ()

    def of_view(self, chart: Chart) -> Mapping[str, Any]:
        """Return the filters: what was said of the same column before goes."""
        last = chart.views[-1] if self.is_after else chart.view
        if not self.column:  # they are columns, each a series
            every = (last.y, *last.also)
            left = [own for own in every if (own in self.values) != self.out]
            if not left:
                raise SpecError(f"{self.says()}: nothing would be left to show")
            return {"y": left[0], "also": tuple(left[1:])}
        kept = tuple(one for one in last.keep if one.column != self.column)
        own = []
        if self.values:
            test: Test = "not" if self.out else "is"
            own.append(Filter(column=self.column, test=test, values=self.values))
        own += [
            Filter(column=self.column, test=test, values=(bound,))
            for test, bound in self._bounds.items()
        ]
        return {"keep": (*kept, *own)}

    def says(self) -> str:
        """Say which."""
        said = ", ".join(self.values)
        told = [f"{'without' if self.out else 'only'} {said}"] if said else []
        told += [f"{self.column} {test} {own:g}" for test, own in self._bounds.items()]
        return ", ".join(told)
