"""What a chart looks like."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from nbagent.acts.base import Arg
from nbagent.acts.charted import Charted, Names
from nbagent.acts.text import colour
from nbagent.errors import SpecError
from nbagent.take.chart import Chart, Step
from nbagent.take.chart_view import OwnColour, View


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme(Charted):
    """Change a chart's background or colours."""

    kind: ClassVar[str] = "theme"
    summary: ClassVar[str] = "A chart's background and colours."
    examples: ClassVar[tuple[str, ...]] = (
        "dark",
        "in our colours #123456 and #ff8800",
        "draw Berlin in red",
    )

    theme: Annotated[
        Literal["light", "dark"] | None, Arg("what lies behind, and the inks on it")
    ] = None
    colors: Annotated[tuple[str, ...], Arg("of series, in order")] = ()
    of: Annotated[
        tuple[str, ...],
        Arg("those that get the colours, like Berlin, one each; all if left out"),
    ] = ()

    @classmethod
    def of_call(
        cls,
        theme: Literal["light", "dark"] | None = None,
        colors: str | Iterable[str] | Mapping[str, str] = (),
        *,
        then: bool | None = None,
        takes_s: float | None = None,
    ) -> Theme:
        """Change a chart's look: `clip.theme("dark", colors={"Berlin": "red"})`.

        Args:
            theme: What lies behind, and the inks on it: "light" or "dark".
            colors: Of all series, in order; or by name, of single lines, bars or parts.
            then: Whether single ones change after what is shown, not from the start.
            takes_s: Seconds in which that happens.
        """
        of = colors if isinstance(colors, Mapping) else {}
        own = (colors,) if isinstance(colors, str) else tuple(colors)
        return cls(
            theme=theme,
            colors=tuple(of.values()) or own,
            of=tuple(map(str, of)),
            then=then,
            takes_s=takes_s,
        )

    def check(self) -> None:
        """Refuse a look of nothing; a colour is looked up when it is drawn."""
        if self.theme is None and not self.colors:
            raise SpecError("which look? say light, dark, or colours like #ff8800")
        if self.of and len(self.of) != len(self.colors):
            raise SpecError(
                f"{', '.join(self.of)}: give each a colour of its own, not"
                f" {len(self.colors)} for {len(self.of)}"
            )

    def named(self, names: Names, chart: Chart) -> Self:
        """Return it with series and categories as the table spells them."""
        if chart.is_figure:
            return self
        view = chart.views[-1]
        return replace(self, of=tuple(_named(one, names, view) for one in self.of))

    def of_view(self, chart: Chart) -> Mapping[str, Any]:
        """Return the colours of single series or categories."""
        if not self.of:
            return {}
        view = chart.views[-1] if self.is_after else chart.view
        return {"own_colours": self._with(view.own_colours)}

    def on(self, chart: Chart) -> Chart:
        """Return a chart that looks so.

        Raises:
            SpecError: If it is a figure, whose style stays.
        """
        if chart.is_figure:
            raise SpecError(
                f"{self.says()}: a figure keeps its own style; draw it that way,"
                " like plt.style.use('dark_background'), or animate its table"
            )
        if self.theme is not None:
            chart = replace(chart, theme=self.theme)
        if self.of:
            steps = chart.steps
            if not self.is_after:  # what a step gives to others, it gives beside these
                steps = tuple(self._beside(one) for one in steps)
            return Charted.on(self, replace(chart, steps=steps))
        if self.colors:  # said of all, so none keeps its own
            steps = tuple(filter(None, map(_without, chart.steps)))
            view = replace(chart.view, own_colours=())
            palette = tuple(map(colour, self.colors))
            chart = replace(chart, palette=palette, view=view, steps=steps)
        return chart

    def _with(self, before: tuple[OwnColour, ...]) -> tuple[OwnColour, ...]:
        """Return colours of single ones with those that are asked for."""
        own = {one.value: one.colour for one in before}
        own |= zip(self.of, map(colour, self.colors), strict=True)
        return tuple(OwnColour(value=name, colour=code) for name, code in own.items())

    def _beside(self, step: Step) -> Step:
        """Return a step that keeps the colours that are asked for."""
        if "own_colours" not in step.change:
            return step
        own = self._with(step.change["own_colours"])
        return replace(step, change={**step.change, "own_colours": own})

    def says(self) -> str:
        """Say which."""
        own = self.colors
        if self.of:
            own = tuple(map(" ".join, zip(self.of, self.colors, strict=True)))
        return ", ".join(filter(None, (self.theme, *own)))


_ALONG_NUMBERS: Final = ("line", "area", "point", "histogram")
"""Marks of which nothing stands out by where it is along x."""


def _named(said: str, names: Names, view: View) -> str:
    """Return what of a view has a colour of its own, as the table spells it.

    Raises:
        SpecError: If nothing is called so.
    """
    if view.mark in ("heatmap", "counter"):
        raise SpecError(
            f"{said!r:.40} has no colour of its own in a {view.mark}: show bars, lines"
            " or points"
        )
    if view.also:
        name = names.column(said)
        if name in (view.y, *view.also):
            return name
    along = "" if view.mark in _ALONG_NUMBERS else view.x
    columns = [one for one in (view.group, view.colour, along) if one]
    errors = []
    for column in columns:
        try:
            return names.values((said,), column)[1][0]
        except SpecError as error:
            errors.append(error)
    if errors:
        raise errors[0]
    raise SpecError(
        f"the chart has no series called {said!r:.40}: colour all of it, like 'make it"
        " red'"
    )


def _without(step: Step) -> Step | None:
    """Return a step that gives nothing a colour of its own; None if it did only that."""
    change = {name: own for name, own in step.change.items() if name != "own_colours"}
    return replace(step, change=change) if change else None
