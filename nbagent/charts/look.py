"""What everything on a chart has in common: sizes, colours of series, how numbers are said."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from matplotlib.colors import to_rgb

from nbagent.charts.numbers import speaker
from nbagent.charts.scene import Axis, Floats, LegendEntry, Rgba, Word
from nbagent.charts.theme import (
    THEMES,
    Rgb,
    Theme,
    series_colours,
    text_width,
    wrapped,
)
from nbagent.take.chart import Chart
from nbagent.take.chart_view import View

_MANY: Final = 6  # series, of which a legend names those that stand out

# Heights of letters in a frame of 720. A card shows that a third as large, and 9 pixels
# are read there.
_TITLE: Final = 42.0
_SUBTITLE: Final = 28.0
_CAPTION: Final = 22.0
_TICK: Final = 27.0
_LABEL: Final = 28.0
_LINE: Final = 1.28  # from one line to the next, of their size
_TICKS: Final = 6, 9  # of an axis that stands upright, and of one that lies
_APART: Final = 1.8, 1.4  # heights, and widths, of what ticks say from one to the next
LEAST_LETTERS: Final = 0.6
"""Of their usual size: smaller letters at marks are left out."""

Box = tuple[float, float, float, float]
"""Left, bottom, width and height in pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """Sizes, colours and words of a chart.

    Attributes:
        unit: By how much sizes are scaled; 1 for a frame whose shorter side is 720.
        series: The names that have a colour of their own, in order.
        own: Colours that single names were given.
        says: How its values are said.
        has_legend: Whether any view has one: room is left for it in all.
        letters: By how much letters in plots are scaled: less where there are many.
        is_based: Whether the axis of values begins at 0, as that before it did; None
            is as suits the values.
    """

    chart: Chart
    series: tuple[str, ...] = ()
    own: Mapping[str, Rgb] = field(default_factory=dict)
    says: Callable[[float], str] = str
    has_legend: bool = False
    letters: float = 1.0
    is_based: bool | None = None

    @property
    def theme(self) -> Theme:
        """Its theme."""
        return THEMES[self.chart.theme]

    @property
    def unit(self) -> float:
        """Pixels for one of a frame whose shorter side is 720."""
        return min(self.chart.width, self.chart.height) / 720

    @property
    def tick_size(self) -> float:
        """Of the words at axes, and of all that only helps."""
        return _TICK * self.unit * self.letters

    @property
    def label_size(self) -> float:
        """Of the words at marks."""
        return _LABEL * self.unit * self.letters

    @property
    def rise(self) -> float:
        """How far above a plot its title of y stands: over a number at a bar."""
        return 8 * self.unit + 0.8 * self.label_size

    def foot(self, lines: int) -> float:
        """Return how far below a plot so many lines of what ticks say end."""
        return 17 * self.unit + _LINE * lines * self.tick_size

    def feet(self, names: Sequence[str], room: float) -> list[str]:
        """Return names as they stand at a lying axis, each with so many pixels.

        They are broken in two where all of them fit then; else only some are said.
        """
        size = self.tick_size
        broken = ["\n".join(wrapped(name, size, 0.92 * room, 2)) for name in names]
        if not any("…" in one for one in broken):
            return broken
        widest = max(text_width(name, size) for name in names)
        every = max(1, math.ceil(1.2 * widest / room))
        return [name if i % every == 0 else "" for i, name in enumerate(names)]

    def upright(self, height: float) -> int:
        """Return how many ticks an axis has, at most, that stands upright in an area."""
        room = height - self.rise - self.foot(1)
        return max(2, min(_TICKS[0], int(room / (_APART[0] * self.tick_size))))

    def lying(self, make: Callable[[int], Axis], width: float) -> Axis:
        """Return a lying axis with as many ticks as what they say has room for.

        Args:
            make: Makes the axis with so many ticks at most.
            width: Of the axis, in pixels.
        """
        for ticks in range(_TICKS[1], 2, -1):
            axis = make(ticks)
            texts = [tick.text for tick in axis.ticks]
            widest = max(
                (text_width(text, self.tick_size) for text in texts), default=0
            )
            if _APART[1] * widest * (len(texts) - 1) <= width:
                return axis
        return make(2)

    def value_title(self, view: View, said: str) -> str:
        """Return what stands at the axis of values: what was said, else their column."""
        return said or ("" if view.also else view.y)

    def ink(self, name: str = "ink", alpha: float = 1.0) -> Rgba:
        """Return an ink of the theme, by its name there."""
        return (*to_rgb(getattr(self.theme, name)), alpha)

    def of_view(self, view: View) -> Look:
        """Return the look with the colours that a view gives to single names."""
        own = {one.value: to_rgb(one.colour) for one in view.own_colours}
        return replace(self, own=own)

    def colour(self, name: str, *also: str) -> Rgb:
        """Return the colour of a series, or of all there is without one.

        Args:
            name: Of the series.
            also: What else it is called; a colour given to that comes first.
        """
        if given := next((one for one in (*also, name) if one in self.own), ""):
            return self.own[given]
        own = series_colours(self.theme, self.chart.palette, max(1, len(self.series)))
        return own[self.series.index(name)] if name in self.series else own[0]

    def shade(self, name: str, lit: Sequence[str], *also: str) -> Rgba:
        """Return the colour of a mark: dim where others stand out and it does not."""
        if lit and not {name, *also} & set(lit):
            return self.ink("dim")
        return (*self.colour(name, *also), 1.0)

    def speaking(self, values: Floats) -> Look:
        """Return the look with numbers said as suits some."""
        chart = self.chart
        says = speaker(
            values.ravel(),
            prefix=chart.prefix,
            suffix=chart.suffix,
            decimals=chart.decimals,
        )
        return replace(self, says=says)

    def content(self) -> Box:
        """Return the box of the frame that plots have, below titles and above the caption."""
        chart, u = self.chart, self.unit
        margin = self.margin
        top = chart.height - 38 * u
        top -= len(self._title) * _LINE * _TITLE * u
        top -= len(self._subtitle) * _LINE * _SUBTITLE * u
        if self._title or self._subtitle:
            top -= 22 * u
        if self.has_legend:
            top -= 2 * _TICK * u
        bottom = (30 + 1.2 * _CAPTION * bool(chart.caption)) * u
        return margin, bottom, chart.width - 2 * margin, top - bottom

    @property
    def margin(self) -> float:
        """Pixels at the sides."""
        return 46 * self.unit

    @property
    def _title(self) -> tuple[str, ...]:
        room = self.chart.width - 2 * self.margin
        return wrapped(self.chart.title, _TITLE * self.unit, room, 2, is_bold=True)

    @property
    def _subtitle(self) -> tuple[str, ...]:
        room = self.chart.width - 2 * self.margin
        return wrapped(self.chart.subtitle, _SUBTITLE * self.unit, room, 2)

    def headings(self) -> tuple[Word, ...]:
        """Return the titles and the caption, on the frame."""
        u, x, y = self.unit, self.margin, self.chart.height - 38 * self.unit
        found = []
        for lines, size, is_title in (
            (self._title, _TITLE * u, True),
            (self._subtitle, _SUBTITLE * u, False),
        ):
            step = _LINE * size
            for line in lines:
                y -= step
                found.append(
                    Word(
                        f"heading {y:g}",
                        (x, y + 0.3 * step),
                        line,
                        size,
                        self.ink("ink" if is_title else "muted"),
                        anchor=("left", "bottom"),
                        is_bold=is_title,
                        is_on_frame=True,
                    )
                )
        if self.chart.caption:
            size = _CAPTION * u
            (line,) = wrapped(
                self.chart.caption, size, self.chart.width - 2 * x, 1
            ) or ("",)
            found.append(
                Word(
                    *("caption", (x, 20 * u), line, size, self.ink("muted")),
                    anchor=("left", "bottom"),
                    is_on_frame=True,
                )
            )
        return tuple(found)

    @property
    def legend_y(self) -> float:
        """How high the middle of the legend is."""
        _, bottom, _, high = self.content()
        return bottom + high + 1.15 * _TICK * self.unit

    def fitted(
        self, legend: Sequence[LegendEntry]
    ) -> tuple[tuple[LegendEntry, float], ...]:
        """Return the entries of a legend that there is room for, and where each begins."""
        size, at, found = self.tick_size, self.margin, []
        end = self.chart.width - self.margin
        for i, entry in enumerate(legend):
            wide = text_width(entry.name, size) + 2.4 * size
            more = f"+ {len(legend) - i} more"
            spare = text_width(more, size) + 2.4 * size if i < len(legend) - 1 else 0.0
            if at + wide - 1.2 * size + spare > end:
                found.append((LegendEntry(more, self.ink("ink", 0.0)), at))
                break
            found.append((entry, at))
            at += wide
        return tuple(found)

    def inner(
        self,
        area: Box,
        *,
        x: Axis | None = None,
        y: Axis | None = None,
        right: float = 0.0,
        top: float = 0.0,
        bottom_lines: int = 1,
    ) -> Box:
        """Return the box of a plot in an area, with room for what stands around it."""
        left, bottom, width, height = area
        u = self.unit
        if y is not None and y.ticks:
            lines = (line for t in y.ticks for line in t.text.split("\n"))
            size = self.tick_size * y.letters
            most = max(text_width(line, size) for line in lines)
            left += most + 14 * u + y.away
            width -= most + 14 * u + y.away
        if y is not None and y.title:
            top = max(top, self.rise) + 1.1 * self.tick_size
        if x is not None:
            below = self.foot(bottom_lines) + 1.3 * self.tick_size * bool(x.title)
            bottom += below
            height -= below
        return left, bottom, width - max(right, 10 * u), height - max(top, 12 * u)


def lit_of(view: View, known: Sequence[str]) -> tuple[str, ...]:
    """Return what stands out, of what is there."""
    return tuple(name for name in view.highlight if name in known)


def entries(
    look: Look, names: Sequence[str], lit: Sequence[str] = ()
) -> tuple[LegendEntry, ...]:
    """Return the legend of some series: of many, those alone that stand out."""
    if lit and len(names) > _MANY:
        names = [name for name in names if name in lit]
    return tuple(LegendEntry(name, look.shade(name, lit)) for name in names)
