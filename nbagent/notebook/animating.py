"""`nbagent.animate`: a table or a figure in motion, by arguments instead of words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final, cast

from nbagent.acts.base import Act
from nbagent.acts.chart import Show
from nbagent.acts.highlight import Highlight
from nbagent.acts.hold import Hold
from nbagent.acts.log import Log
from nbagent.acts.only import Only
from nbagent.acts.sort import Sort
from nbagent.acts.theme import Theme
from nbagent.acts.threshold import Threshold
from nbagent.acts.top import Top
from nbagent.acts.trend import Trend
from nbagent.errors import SpecError
from nbagent.notebook.options import BY_NAME, check_options
from nbagent.notebook.saying import here

if TYPE_CHECKING:
    from nbagent.conversation.clip import Clip

_NOT_SAID: Final = frozenset({"span", "region", "then", "takes_s"})
_OF_SHOW: Final = frozenset(one.name for one in fields(Show)) - _NOT_SAID
_MANY: Final = ("also", "error")


def animate(data: object, /, **said: Any) -> Clip:
    """Animate a table or a figure exactly, without a model.

    A figure of matplotlib, seaborn or pandas, or a chart of Altair, is animated as it is:
    its bars, lines, points, wedges, areas and pictures move, and its style stays. A table
    is drawn from scratch; so is a Plotly figure, with its own colours and titles:

        nbagent.animate(df, x="region", y="sales")
        nbagent.animate(df, move="race", y="population", top=10)
        nbagent.animate(fig, turns="in turn", seconds=5)

    What you leave out is chosen from the data. The clip is refined like any other, in
    words or by methods: `clip.sort()`, `clip.highlight("June")`, `clip.only("Europe")`,
    `clip.zoom("2020")`, `clip.chart(mark="line", then=True)`.

    Args:
        data: A DataFrame or Series of pandas or polars, an Arrow table, a dict of columns, a
            list of dicts, or a figure, axes or what has one, or a chart of Altair or Plotly.
        said: `mark` ("bar", "line", "area", "point", "histogram", "box", "violin",
            "heatmap", "pie", "donut", "counter"), `move` ("grow", "draw", "race", "travel",
            "appear", "fill", "sweep", "count", "none"), the columns `x`, `y`, `also`,
            `group`, `color`, `size`, `time`, `facet`, `error`, and `aggregate`,
            `stacking`, `lying`, `bins`, `turns`, `seconds`, `ease`, `title`, `subtitle`,
            `caption`, `x_title`, `y_title`, `prefix`, `suffix`, `decimals`, `still`.
            Beside them `sort`, `top`, `only` (values, or a dict of them by column),
            `highlight`, `threshold`, `trend`, `log`, `theme`, `colors` (of all in order, or
            a dict of single ones by name), `hold` (seconds that the last frame stands), and
            the options of `%agent`, with underscores.

    Raises:
        SpecError: If it cannot be shown like that; the message says what can.
    """
    acts, options = acts_of(said)
    made = here().animate(call_of(said), data, acts, check_options(options))
    return cast("Clip", made)


def acts_of(said: Mapping[str, Any]) -> tuple[tuple[Act, ...], dict[str, Any]]:
    """Return the acts that arguments say, and the options that are left.

    Raises:
        SpecError: If one is neither, or cannot be.
    """
    left = {name: value for name, value in said.items() if value is not None}
    own = {name: left.pop(name) for name in [*left] if name in _OF_SHOW}
    for name in _MANY:
        if name in own:
            own[name] = _several(own[name])
    acts: list[Act] = [Show(**own)]
    for name, make in _ACTS.items():
        if name in left:
            made = make(left.pop(name))
            acts += made if isinstance(made, list) else [made]
    look = {name: left.pop(name) for name in ("theme", "colors") if name in left}
    if look:
        acts.append(Theme.of_call(**look))
    if stray := next((n for n in left if n.replace("_", "-") not in BY_NAME), ""):
        known = sorted((*_OF_SHOW, *_ACTS, "theme", "colors"))
        raise SpecError(
            f"animate does not take {stray!r:.40}: use {', '.join(known)}, or an"
            " option of %agent"
        )
    return tuple(acts), left


def call_of(said: Mapping[str, Any]) -> str:
    """Return a call as its line of Python, with a place for the data's name."""
    told = "".join(f", {name}={value!r}" for name, value in said.items())
    return f"nbagent.animate({{}}{told.replace('{', '{{').replace('}', '}}')})"


def _several(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _only(value: Any) -> list[Act]:
    if isinstance(value, Mapping):
        return [
            Only(column=str(column), values=tuple(map(str, _several(own))))
            for column, own in value.items()
        ]
    return [Only(values=tuple(map(str, _several(value))))]


_ACTS: Final[Mapping[str, Any]] = {
    "only": _only,
    "sort": lambda value: Sort(order="down" if value is True else value),
    "top": lambda value: Top(count=value),
    "log": lambda value: Log(on_log=value),
    "trend": lambda value: Trend(off=not value, then=False),
    "threshold": lambda value: Threshold(value=value, then=False),
    "highlight": lambda value: Highlight(what=_several(value), then=False),
    "hold": lambda value: Hold(seconds=value),
}
