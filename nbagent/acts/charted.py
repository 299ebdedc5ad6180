"""What every act is that changes what a chart shows: exact, and drawn without a model.

An act says what becomes of the chart alone. Names of columns and values are as the user
has them; whoever has the table brings them to its own before the chart is changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Protocol, Self

from nbagent.acts.base import Act, Arg, Cost, Does
from nbagent.acts.shot import Shot
from nbagent.errors import SpecError
from nbagent.take.chart import MAX_SECONDS, Chart, Step


class Names(Protocol):
    """What a table calls things."""

    def column(self, said: str) -> str:
        """Return the column that is called so, or nearly so.

        Raises:
            SpecError: If none is.
        """

    def values(self, said: tuple[str, ...], column: str) -> tuple[str, tuple[str, ...]]:
        """Return values as the table spells them, and the column that has them.

        Args:
            said: As the user spells them.
            column: The column; empty is the one that has them.

        Raises:
            SpecError: If no column has them.
        """

    def place(self, said: str, column: str) -> float | str:
        """Return a place along a column: its number, its date or its word.

        Raises:
            SpecError: If it is none of the column's.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Charted(Act):
    """Change what a chart shows.

    Attributes:
        is_step: Whether it happens after what is shown, unless told otherwise.
    """

    does: ClassVar[Does] = "data"
    cost: ClassVar[Cost] = "drawing"
    parts: ClassVar[tuple[()]] = ()
    is_step: ClassVar[bool] = False

    then: Annotated[
        bool | None,
        Arg("true: after what is shown"),
    ] = None
    takes_s: Annotated[
        float | None,
        Arg("seconds in which it happens", least=0.05, most=MAX_SECONDS, is_rare=True),
    ] = None

    @property
    def is_after(self) -> bool:
        """Whether it is a step of its own, after what is shown."""
        return self.is_step if self.then is None else self.then

    def named(self, names: Names, chart: Chart) -> Self:  # noqa: ARG002
        """Return this act with columns and values as the table calls them.

        Raises:
            SpecError: If it has none of the name.
        """
        return self

    def of_view(self, chart: Chart) -> Mapping[str, Any]:  # noqa: ARG002
        """Return the fields of the chart's view that change, with what they become."""
        return {}

    def paced(self, step: Step, chart: Chart) -> Step:  # noqa: ARG002
        """Return its step of a chart with the seconds and the pause that suit it."""
        return step

    def on(self, chart: Chart) -> Chart:
        """Return a chart after this act.

        Raises:
            SpecError: If it cannot be.
        """
        change = dict(self.of_view(chart))
        if not change:
            return chart
        if self.is_after:
            step = self.paced(Step(change=change), chart)
            if self.takes_s is not None:
                step = replace(step, seconds=self.takes_s)
            return replace(chart, steps=(*chart.steps, step))
        return replace(chart, view=replace(chart.view, **change))

    def change(self, shot: Shot, clip_s: float | None) -> Shot:  # noqa: ARG002
        """Refuse a clip that shows no data.

        Raises:
            SpecError: Always.
        """
        raise SpecError(
            f"{self.says()}: this needs a chart, and this clip is not one: animate"
            " a table first, like 'animate @df'"
        )
