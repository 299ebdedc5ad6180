"""The chart: data in motion, as an immutable value of a take.

With the table that it names it says every pixel of the clip, on every machine. A view is
what stands when nothing moves; a chart shows its first view appear, and then goes from
one view to the next. Nothing here draws, and nothing here has seen the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple, get_args

from nbagent.errors import SpecError
from nbagent.take.chart_view import (
    Filter,
    Mark,
    OwnColour,
    Remark,
    View,
    check,
    check_text,
    is_colour,
    one_of,
    view_fields,
)
from nbagent.take.move import EASES, Ease
from nbagent.take.typed import checked

Entrance = Literal[
    "grow", "draw", "appear", "travel", "race", "fill", "sweep", "count", "none"
]
Turns = Literal["together", "in turn", "rows", "columns"]
ThemeName = Literal["light", "dark"]

# What each mark can do as it appears; the first is what it does unless told otherwise.
ENTRANCES: Final[Mapping[Mark, tuple[Entrance, ...]]] = MappingProxyType(
    {
        "bar": ("grow", "race", "travel", "appear", "none"),
        "line": ("draw", "grow", "appear", "none"),
        "area": ("draw", "grow", "appear", "none"),
        "point": ("appear", "travel", "none"),
        "histogram": ("fill", "grow", "appear", "none"),
        "box": ("grow", "appear", "none"),
        "violin": ("grow", "appear", "none"),
        "heatmap": ("fill", "travel", "appear", "none"),
        "pie": ("sweep", "travel", "appear", "none"),
        "donut": ("sweep", "travel", "appear", "none"),
        "counter": ("count", "travel", "appear", "none"),
    }
)
OF_FIGURES: Final[tuple[Entrance, ...]] = ("grow", "draw", "appear", "none")
"""What parts of a figure can be told to do, where each is not to do its own."""
_FIGURE: Final = ".npz"  # what the file of a figure ends with
TIMED: Final[tuple[Entrance, ...]] = ("race", "travel")
"""Those that go through a column of times."""

MAX_SECONDS: Final = 120.0
MAX_STEPS: Final = 24
_MAX_SIDE: Final = 4096
_MIN_SIDE: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A change from the view before it.

    Attributes:
        change: Fields of the view, with what they become.
        seconds: How long it takes.
        pause_s: How long the view before it stands first.
        ease: How it starts and stops.
    """

    change: Mapping[str, Any]
    seconds: float = 1.0
    pause_s: float = 0.5
    ease: Ease = "in-out"

    def __post_init__(self) -> None:
        """Refuse a step that is none.

        Raises:
            SpecError: If so.
        """
        check("a step's seconds", self.seconds, 0.05, MAX_SECONDS)
        check("a step's pause", self.pause_s, 0, MAX_SECONDS)
        one_of("ease", self.ease, EASES)
        known = {one.name for one in fields(View)}
        if not self.change:
            raise SpecError("the step changes nothing: say what it should do")
        if unknown := next((name for name in self.change if name not in known), ""):
            raise SpecError(
                f"a step cannot change {unknown!r:.40}: it changes a view, like"
                " highlight, sort or y_range"
            )
        try:
            change = checked(View, view_fields(self.change))
        except TypeError as error:
            raise SpecError(f"a step is wrong: {error}") from error
        object.__setattr__(self, "change", change)


class Measures(NamedTuple):
    """How large and how long a clip of a chart is."""

    num_frames: int
    height: int
    width: int
    fps: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Data in motion.

    Attributes:
        data: Digest of the table in the store, or of a figure as it is drawn.
        called: What the data is called in the notebook.
        view: What is seen once it has appeared.
        move: How it appears; empty is the mark's own way.
        turns: Whether its parts do so together or one after the other.
        seconds: How long it takes to appear.
        ease: How it starts and stops; what goes through time goes evenly unless told.
        steps: What happens after that.
        start_hold_s: Seconds before anything moves.
        end_hold_s: Seconds that the last frame stands.
        is_still: Whether every frame is the last one, for those who want less motion.
        width: Of a frame; texts and margins are laid out for it.
        height: Of a frame.
        fps: Frames per second.
        theme: What is behind, and which inks stand on it.
        palette: Colours of series, as "#rrggbb"; empty is one for every eye.
        title: Above all, large.
        subtitle: Below it.
        caption: At the foot: a source, a note.
        x_title: Of the x axis; empty is the column of values, if those lie along it.
        y_title: Of the y axis; likewise.
        prefix: Before each value, like "$".
        suffix: After each value, like " %".
        decimals: Digits after the point; None is as many as tell values apart.
    """

    data: str
    called: str = ""
    view: View = field(default_factory=View)
    move: Entrance | Literal[""] = ""
    turns: Turns = "together"
    seconds: float = 3.0
    ease: Ease | Literal[""] = ""
    steps: tuple[Step, ...] = ()
    start_hold_s: float = 0.0
    end_hold_s: float = 1.0
    is_still: bool = False
    width: int = 1280
    height: int = 720
    fps: float = 30.0
    theme: ThemeName = "light"
    palette: tuple[str, ...] = ()
    title: str = ""
    subtitle: str = ""
    caption: str = ""
    x_title: str = ""
    y_title: str = ""
    prefix: str = ""
    suffix: str = ""
    decimals: int | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn of any table.

        Raises:
            SpecError: With what can be.
        """
        check("seconds", self.seconds, 0.1, MAX_SECONDS)
        for name in ("start_hold_s", "end_hold_s"):
            check(name, getattr(self, name), 0, 60)
        for name in ("width", "height"):
            check(name, getattr(self, name), _MIN_SIDE, _MAX_SIDE)
        if self.width % 2 or self.height % 2:
            raise SpecError(
                f"{self.width}x{self.height} has an odd side, which no film can hold: use"
                f" {self.width + self.width % 2}x{self.height + self.height % 2}"
            )
        check("fps", self.fps, 1, 120)
        if self.decimals is not None:
            check("decimals", self.decimals, 0, 9)
        one_of("theme", self.theme, get_args(ThemeName))
        one_of("turns", self.turns, get_args(Turns))
        if self.ease:
            one_of("ease", self.ease, EASES)
        mark = "figure" if self.is_figure else self.view.mark
        moves = OF_FIGURES if self.is_figure else ENTRANCES[self.view.mark]
        one_of(f"a {mark}'s move", self.entrance, moves)
        for name in ("called", "title", "subtitle", "caption", "x_title", "y_title"):
            check_text(name.replace("_", " "), getattr(self, name))
        for colour in self.palette:
            if not is_colour(colour):
                raise SpecError(
                    f"{colour!r:.40} is not a palette colour: use one like #102030"
                )
        if len(self.steps) > MAX_STEPS:
            raise SpecError(
                f"{len(self.steps)} steps are too many: use up to {MAX_STEPS}"
            )
        self.views  # noqa: B018  a step that leads to no view is refused here

    @property
    def is_figure(self) -> bool:
        """Whether it shows a figure as it was drawn, and not a table."""
        return self.data.endswith(_FIGURE)

    @property
    def entrance(self) -> Entrance:
        """How it appears; of a figure without one, each part in its own way."""
        usual = OF_FIGURES if self.is_figure else ENTRANCES[self.view.mark]
        return self.move or usual[0]

    @property
    def pace(self) -> Ease:
        """How its appearing starts and stops."""
        is_even = self.entrance in (*TIMED, "draw", "fill")
        return self.ease or ("linear" if is_even else "in-out")

    @property
    def views(self) -> tuple[View, ...]:
        """What is seen in turn: the first view, and what each step makes of it."""
        found = [self.view]
        for step in self.steps:
            found.append(replace(found[-1], **step.change))
        return tuple(found)

    @property
    def moving_s(self) -> float:
        """Seconds from the first moment to when the last thing has moved."""
        after = sum(step.pause_s + step.seconds for step in self.steps)
        return self.start_hold_s + self.seconds + after

    @property
    def duration_s(self) -> float:
        """Seconds from the first frame to the end."""
        return self.moving_s + self.end_hold_s

    @property
    def num_frames(self) -> int:
        """Frames of the clip."""
        return max(1, round(self.duration_s * self.fps))

    def measures(self, *, is_draft: bool) -> Measures:
        """Return how it is rendered: a draft at half its size and rate."""
        if not is_draft:
            return Measures(self.num_frames, self.height, self.width, self.fps)
        height, width = (2 * round(side / 4) for side in (self.height, self.width))
        fps = max(1.0, self.fps / 2)
        return Measures(max(1, round(self.duration_s * fps)), height, width, fps)

    def to_json(self) -> dict[str, Any]:
        """Return the chart as plain JSON, without what is as usual."""
        return {"data": self.data, **_plain(self)}

    @classmethod
    def from_json(cls, values: object) -> Chart:
        """Rebuild a chart from untrusted JSON.

        Raises:
            TypeError: If a value is of another type.
            SpecError: If it is out of range.
        """
        if not isinstance(values, Mapping):
            raise TypeError(f"{values!r:.40} is not a chart: animate the data again")
        own = dict(values)
        view = view_fields(own.get("view", {}))
        own["view"] = View(**checked(View, view))
        own["steps"] = tuple(
            Step(**checked(Step, step)) for step in own.get("steps", ())
        )
        if "data" not in own:
            raise TypeError("the chart has no data: animate the data again")
        return cls(**checked(cls, own))


def _plain(value: Any) -> Any:
    """Return a value of ours as JSON, without what is as usual."""
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, Chart | View | Step | Filter | Remark | OwnColour):
        usual = type(value)(data="") if isinstance(value, Chart) else None
        named = ((one, getattr(value, one.name)) for one in fields(value))
        return {
            one.name: _plain(own)
            for one, own in named
            if own != (one.default if usual is None else getattr(usual, one.name))
        }
    return value
