"""What of a chart stands out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Final, Self

from nbagent.acts.base import Arg
from nbagent.acts.charted import Charted, Names
from nbagent.errors import SpecError
from nbagent.take.chart import Chart, Step

_LIT: Final = frozenset({"highlight", "span"})
_FADE_S: Final = 0.5  # in which one thing pales and another stands out
_BETWEEN_S: Final = 0.3  # that it stands out alone before the next


@dataclass(frozen=True, slots=True, kw_only=True)
class Highlight(Charted):
    """Make something stand out; the rest turns pale."""

    kind: ClassVar[str] = "highlight"
    summary: ClassVar[str] = "What of a chart stands out: bars, series, or a time."
    examples: ClassVar[tuple[str, ...]] = ("highlight June", "highlight 2019 to 2021")
    is_step: ClassVar[bool] = True

    what: Annotated[tuple[str, ...], Arg("what it is called, like Berlin")] = ()
    start: Annotated[str, Arg("of x, from where a band lies behind")] = ""
    end: Annotated[str, Arg("of x, to where")] = ""
    off: Annotated[bool, Arg("true if nothing stands out any more")] = False

    @classmethod
    def of_call(
        cls,
        *what: str,
        start: object = "",
        end: object = "",
        off: bool = False,
        then: bool | None = None,
        takes_s: float | None = None,
    ) -> Highlight:
        """Let something stand out: `clip.highlight("Berlin", "Ulm")`.

        Args:
            what: What it is called: bars, lines, parts.
            start: Of x, from where a band lies behind, like 2019 or "2020-03".
            end: Of x, to where.
            off: Whether nothing stands out any more.
            then: Whether it happens after what is shown; it does, unless told otherwise.
            takes_s: Seconds in which it happens.
        """
        return cls(
            what=tuple(str(one) for one in what),
            start=str(start),
            end=str(end),
            off=off,
            then=then,
            takes_s=takes_s,
        )

    def check(self) -> None:
        """Refuse one of nothing."""
        if bool(self.start) != bool(self.end):
            raise SpecError("a band has two ends: name both, like 2019 to 2021")
        if not (self.what or self.start or self.off):
            raise SpecError("what should stand out? name it, like 'highlight June'")

    def named(self, names: Names, chart: Chart) -> Self:
        """Return it with names and times as the table spells them."""
        what = names.values(self.what, "")[1] if self.what else ()
        if not self.start:
            return replace(self, what=what)
        column = chart.views[-1].x
        ends = (names.place(self.start, column), names.place(self.end, column))
        return replace(self, what=what, start=text_of(ends[0]), end=text_of(ends[1]))

    def of_view(self, chart: Chart) -> Mapping[str, Any]:  # noqa: ARG002
        """Return what stands out."""
        if self.off:
            return {"highlight": (), "span": ()}
        change: dict[str, Any] = {"highlight": self.what} if self.what else {}
        if self.start:
            change["span"] = (place_of(self.start), place_of(self.end))
        return change

    def paced(self, step: Step, chart: Chart) -> Step:
        """Return a short step, as only colours change; those that follow hurry."""
        last = set(chart.steps[-1].change if chart.steps else ())
        pause_s = _BETWEEN_S if last and last <= _LIT else step.pause_s
        return replace(step, seconds=_FADE_S, pause_s=pause_s)

    def says(self) -> str:
        """Say what."""
        if self.off:
            return "nothing stands out"
        span = (f"{self.start} to {self.end}",) if self.start else ()
        return f"highlight: {', '.join((*self.what, *span))}"


def text_of(place: float | str) -> str:
    """Return a place of x as it is said."""
    return place if isinstance(place, str) else f"{place:.15g}"


def place_of(said: str) -> float | str:
    """Return a place of x: a number, or a date or a word as it is."""
    try:
        return float(said)
    except ValueError:
        return said
