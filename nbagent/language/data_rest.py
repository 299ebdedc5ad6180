"""Colours of all but some: "everything grey except West", "Iseo in red, the rest grey".

The words for it are taken out of the turn, so that they are heard as nothing else: no rows
go, and no value gets the colour of the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from nbagent.language.data_scores import Heard
from nbagent.language.data_told import Spot, Told
from nbagent.language.data_words import Item
from nbagent.language.spans import blanked, meets
from nbagent.take.chart import Chart

Act = dict[str, Any]

_OWN: Final = "#0072b2"
"""The first of the house's palette, for what keeps a colour of its own."""
_JOINED: Final = 8  # characters between two values of one list


def coloured_rest(
    heard: Heard, told: Told, chart: Chart | None
) -> tuple[Heard, list[Act]]:
    """Return a turn without the words for the rest's colour, and the acts that give it.

    Args:
        heard: The turn.
        told: Its words.
        chart: How the data is shown now; None for something new.
    """
    inks = [one for one in told.items if one.role == "colour"]
    if not inks:
        return heard, []
    for spot in told.spots("besides"):
        named = _behind(told, spot)
        if not named:
            continue
        said = {one.value for one in named}
        mentions = [one for one in told.values if one.value in said]
        own = [ink for ink in inks if _is_of(told, ink, mentions, spot)]
        rest = [ink for ink in inks if ink not in own]
        if not rest:
            continue
        first = chart.palette[0] if chart is not None and chart.palette else _OWN
        colours = [str(ink.value) for ink in own] or [first]
        names = list(dict.fromkeys(value for _, value in (o.value for o in named)))
        whole = [*colours, *[colours[-1]] * len(names)][: len(names)]
        acts = [_all(rest[0]), {"act": "theme", "colors": whole, "of": names}]
        return _blanked(heard, (spot, *mentions, *own, rest[0])), acts
    for spot in told.spots("others"):
        # "South in orange and the others grey": what stands behind them is theirs.
        for ink in sorted(inks, key=lambda one: one.start < spot.start):
            if told.touch(spot, ink):
                return _blanked(heard, (spot, ink)), [_all(ink)]
    return heard, []


def _all(ink: Item) -> Act:
    return {"act": "theme", "colors": [str(ink.value)]}


def _behind(told: Told, spot: Spot) -> list[Item]:
    """Return the values of the list right behind some words."""
    first = told.behind(spot, "value")
    found: list[Item] = []
    for one in told.values:
        is_next = bool(found) and one.start - found[-1].end <= _JOINED
        if one is first or (is_next and one.value not in {o.value for o in found}):
            found.append(one)
    return found


def _is_of(told: Told, ink: Item, mentions: Sequence[Item], spot: Spot) -> bool:
    """Return whether a colour stands by a value, and not before the words between."""
    return any(
        told.touch(ink, one) and not (ink.end <= spot.start and spot.end <= one.start)
        for one in mentions
    )


def _blanked(heard: Heard, taken: Sequence[Spot | Item]) -> Heard:
    """Return a turn with spaces in place of some words."""
    runs = tuple(run for run in heard.runs if not meets(run, taken))
    return replace(heard, text=blanked(heard.text, taken), runs=runs)
