"""Which part of a chart's axis is seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal, Self

from nbagent.acts.base import Arg
from nbagent.acts.charted import Charted, Names
from nbagent.acts.highlight import place_of, text_of
from nbagent.errors import SpecError
from nbagent.take.chart import Chart


@dataclass(frozen=True, slots=True, kw_only=True)
class Zoom(Charted):
    """Zoom to a part of the data, or move along to the next."""

    kind: ClassVar[str] = "zoom"
    summary: ClassVar[str] = "Which part of a chart's axis is shown."
    examples: ClassVar[tuple[str, ...]] = (
        "zoom to 2020 and later",
        "zoom to 2019 to 2021",
    )
    is_step: ClassVar[bool] = True

    start: Annotated[str, Arg("where it begins: a date, a number or a category")] = ""
    end: Annotated[str, Arg("where it ends")] = ""
    axis: Annotated[Literal["x", "y"], Arg("of which axis")] = "x"
    out: Annotated[bool, Arg("true to show all of it again")] = False

    @classmethod
    def of_call(
        cls,
        start: object = "",
        end: object = "",
        *,
        axis: Literal["x", "y"] = "x",
        out: bool = False,
        then: bool | None = None,
        takes_s: float | None = None,
    ) -> Zoom:
        """Go nearer to a part of the data: `clip.zoom("2020", "2022")`.

        Args:
            start: Where it begins: a date, a number or a category; empty is the data's
                own beginning.
            end: Where it ends; empty is the data's own end.
            axis: Of which axis.
            out: Whether all is seen again.
            then: Whether it happens after what is shown; it does, unless told otherwise.
            takes_s: Seconds in which it happens.
        """
        ends = ("" if one is None else str(one) for one in (start, end))
        first, last = ends
        return cls(
            start=first, end=last, axis=axis, out=out, then=then, takes_s=takes_s
        )

    def check(self) -> None:
        """Refuse one without ends."""
        if not (self.start or self.end or self.out):
            raise SpecError("zoom to what? name a part, like 'zoom to 2020 and later'")

    def named(self, names: Names, chart: Chart) -> Self:
        """Return it with both ends, as places of its axis."""
        if self.out:
            return self
        view = chart.views[-1]
        column = view.x if self.axis == "x" else view.y
        if not column:
            raise SpecError(
                f"a {view.mark} has no column along {self.axis}: say it without a range"
            )
        first = names.place(self.start or "first", column)
        last = names.place(self.end or "last", column)
        return replace(self, start=text_of(first), end=text_of(last))

    def of_view(self, chart: Chart) -> Mapping[str, Any]:  # noqa: ARG002
        """Return the range."""
        name = f"{self.axis}_range"
        if self.out:
            return {name: ()}
        return {name: (place_of(self.start), place_of(self.end))}

    def says(self) -> str:
        """Say where."""
        if self.out:
            return "zoom: all of it"
        ends = filter(None, (self.start, self.end))
        return f"zoom: {' to '.join(ends)}"
