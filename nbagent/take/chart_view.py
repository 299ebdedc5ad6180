"""The view: what of a table is shown, and how, when nothing moves.

Part of a chart (see `nbagent.take.chart`); it has not seen the table either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from string import hexdigits
from typing import Any, Final, Literal, get_args

from nbagent.errors import SpecError
from nbagent.take.typed import checked

Mark = Literal[
    "bar",
    "line",
    "area",
    "point",
    "histogram",
    "box",
    "violin",
    "heatmap",
    "pie",
    "donut",
    "counter",
]
Aggregate = Literal[
    "", "sum", "mean", "median", "min", "max", "count", "cumsum", "correlation"
]
Period = Literal["", "day", "week", "month", "quarter", "year"]
Stacking = Literal["stacked", "grouped", "share"]
Sort = Literal["", "up", "down", "name"]
Test = Literal["is", "not", "over", "under", "at most"]

MAX_TEXT: Final = 300
COMPARED: Final = ("over", "under", "at most")
"""Tests with one value, of numbers and dates."""
_COLUMNS: Final = ("x", "y", "group", "colour", "size", "time", "facet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which rows are kept: those whose column is, is not, is over or under a value.

    Over takes the value in, and so does at most; under leaves it out.
    """

    column: str
    test: Test = "is"
    values: tuple[float | str, ...]

    def __post_init__(self) -> None:
        """Refuse a test that can keep nothing.

        Raises:
            SpecError: If so.
        """
        one_of("test", self.test, get_args(Test))
        if not self.values:
            raise SpecError(f"a filter of {self.column} has no value: name one or more")
        if self.test in COMPARED and len(self.values) > 1:
            raise SpecError(
                f"{self.column} {self.test} takes one value, not"
                f" {len(self.values)}: name one number or date"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Words at a place of the data: at a category, a date or a number of each axis."""

    text: str
    x: float | str
    y: float | None = None

    def __post_init__(self) -> None:
        """Refuse a remark without words."""
        check_text("a remark", self.text)
        if not self.text.strip():
            raise SpecError("a remark has no words: say what it notes")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnColour:
    """The colour of one value: of a series, or of what stands along x."""

    value: str
    colour: str

    def __post_init__(self) -> None:
        """Refuse what is no colour.

        Raises:
            SpecError: If so.
        """
        if not is_colour(self.colour):
            raise SpecError(
                f"{self.colour!r:.40} is not a colour for {self.value!r:.40}: use one"
                " like #102030"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What of a table is shown, and how, when nothing moves.

    Empty columns are found: the times along x, words along x, the first number up y.

    Attributes:
        mark: What stands for a value.
        x: The column along x: categories, dates or numbers.
        y: The column of values; of a heat map, what its colours say.
        also: Further columns of values, each a series of its own beside y's.
        group: What tells series apart; of points what each one is, of a heat map its
            rows.
        colour: What colours them, if not the group.
        size: Of points, what their area says; of a histogram, for how many each row
            stands.
        time: The column that a race and a travel go through.
        facet: A column; each of its values has a panel of its own.
        error: How far a value may be off: one column, or the low and the high ends.
        aggregate: What is shown of several rows of one place; empty is the mark's usual
            one, a sum of what is stacked up from zero and else a mean. "cumsum" is a
            running total along x, or through the times; "correlation" is Pearson's r of
            each two columns of values, as a heat map.
        every: The period that dates are put together by; empty is none.
        stacking: How series stand at one place.
        is_horizontal: Whether bars lie; None is as there is room for their names.
        bins: Of a histogram; None is as many as suit the rows.
        sort: Of categories, by value or by name; empty is as the table has them.
        top: How many categories are shown, the largest; None is all.
        keep: Filters; a row passes all of them.
        x_range: The ends of x, as numbers or dates, or the first and the last category.
        y_range: The ends of y.
        log: Whether values are on a logarithmic axis.
        log_x: Whether x of points is.
        highlight: Categories or series that stand out.
        own_colours: Those of single categories or series; the rest have the palette's.
        span: From where to where of x a band lies behind.
        remarks: Words at places.
        threshold: A value with a line across.
        threshold_text: What stands at that line.
        threshold_colour: Its colour, like "#102030"; empty is the theme's.
        has_trend: Whether a least-squares line is fitted.
        has_values: Whether numbers stand at the marks; None is where there is room.
    """

    mark: Mark = "bar"
    x: str = ""
    y: str = ""
    also: tuple[str, ...] = ()
    group: str = ""
    colour: str = ""
    size: str = ""
    time: str = ""
    facet: str = ""
    error: tuple[str, ...] = ()
    aggregate: Aggregate = ""
    every: Period = ""
    stacking: Stacking = "stacked"
    is_horizontal: bool | None = None
    bins: int | None = None
    sort: Sort = ""
    top: int | None = None
    keep: tuple[Filter, ...] = ()
    x_range: tuple[float | str, ...] = ()
    y_range: tuple[float, ...] = ()
    log: bool = False
    log_x: bool = False
    highlight: tuple[str, ...] = ()
    own_colours: tuple[OwnColour, ...] = ()
    span: tuple[float | str, ...] = ()
    remarks: tuple[Remark, ...] = ()
    threshold: float | None = None
    threshold_text: str = ""
    threshold_colour: str = ""
    has_trend: bool = False
    has_values: bool | None = None

    def __post_init__(self) -> None:
        """Refuse what no table could show.

        Raises:
            SpecError: With what can be.
        """
        for name, kind in _KINDS.items():
            one_of(name, getattr(self, name), get_args(kind))
        if len(self.error) > 2:
            raise SpecError(
                f"an error range cannot have {len(self.error)} columns: name one,"
                " or the low and the high end"
            )
        if self.also and self.group:
            raise SpecError(
                f"each of the {len(self.also) + 1} columns is a series already:"
                f" leave out the group {self.group!r:.40}, or name one column"
            )
        if self.bins is not None:
            check("bins", self.bins, 1, 500)
        if self.top is not None:
            check("top", self.top, 1, 100)
        if self.aggregate == "correlation" and self.mark != "heatmap":
            raise SpecError(
                f"correlations cannot be shown as a {self.mark}: use a heat map"
            )
        self._check_ends()
        if self.log and self.mark in ("histogram", "pie", "donut", "counter"):
            raise SpecError(
                f"a {self.mark} has no logarithmic axis: use bars, lines or points"
            )
        if self.log_x and self.mark != "point":
            raise SpecError(
                f"x of a {self.mark} cannot be logarithmic: use points, or a log"
                " axis for the values"
            )
        check_text("the threshold's text", self.threshold_text)
        if self.threshold_colour and not is_colour(self.threshold_colour):
            raise SpecError(
                f"{self.threshold_colour!r:.40} is not a colour for the threshold: use"
                " one like #102030"
            )

    def _check_ends(self) -> None:
        for name in ("x_range", "y_range", "span"):
            ends = getattr(self, name)
            if ends and len(ends) != 2:
                raise SpecError(
                    f"{name} has {len(ends)} ends: give the first and the last"
                )
            if len({type(end) is str for end in ends}) > 1:
                raise SpecError(
                    f"{name} {ends} mixes words and numbers: give two of the same kind"
                )
        if self.y_range and self.y_range[0] >= self.y_range[1]:
            raise SpecError(
                f"y_range {self.y_range} is empty: give the lower end first"
            )

    @property
    def way(self) -> str:
        """What several rows of one place come to."""
        return self.aggregate or ("sum" if self.mark in _SUMS else "mean")

    @property
    def columns(self) -> dict[str, str]:
        """The columns that are named, by what they are for."""
        named = {name: getattr(self, name) for name in _COLUMNS if getattr(self, name)}
        named |= {f"series {i}": name for i, name in enumerate(self.also)}
        named |= {f"error {i}": name for i, name in enumerate(self.error)}
        return named | {f"filter {i}": one.column for i, one in enumerate(self.keep)}


# Marks that stand up from zero, or are parts of a whole.
_SUMS: Final = ("bar", "area", "pie", "donut", "counter")
_KINDS: Final = {
    "mark": Mark,
    "aggregate": Aggregate,
    "every": Period,
    "stacking": Stacking,
    "sort": Sort,
}


def view_fields(values: object) -> Any:
    """Return the fields of a view with the values in them that are more than numbers."""
    if not isinstance(values, Mapping):
        return values
    own = dict(values)
    kinds = {"keep": Filter, "remarks": Remark, "own_colours": OwnColour}
    for name, kind in kinds.items():
        if isinstance(own.get(name), list):
            own[name] = tuple(kind(**checked(kind, one)) for one in own[name])
    return own


def is_colour(text: str) -> bool:
    """Whether it is a colour like "#102030"."""
    return len(text) == 7 and text[0] == "#" and set(text[1:]) <= set(hexdigits)


def one_of(what: str, value: str, known: tuple[str, ...]) -> None:
    """Refuse a word that is not one of those that are known."""
    if value not in known:
        raise SpecError(f"{what} cannot be {value!r:.40}: use {', '.join(known)}")


def check(what: str, value: float, least: float, most: float) -> None:
    """Refuse a number that is out of range."""
    if not least <= value <= most:
        raise SpecError(f"{what} {value:g} is out of range: use {least:g} to {most:g}")


def check_text(what: str, text: str) -> None:
    """Refuse a text that no frame has room for."""
    if len(text) > MAX_TEXT:
        raise SpecError(f"{what} has {len(text)} characters: use {MAX_TEXT} or fewer")
