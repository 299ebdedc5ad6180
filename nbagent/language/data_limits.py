"""Numbers that are limits: a line that a chart gets, and the ends of what it keeps.

"We promise 8 minutes, mark that" asks for a line without the word, and "at most 50" takes
the 50 in, as "under 50" does not.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from nbagent.language.data_scores import Heard
from nbagent.language.data_told import Told, cut_out, run_of
from nbagent.language.data_words import Item
from nbagent.language.spans import meets

_LINED: Final = 8  # words from "target" to its number
_ROWS: Final = ("over", "under", "keep", "out", "from", "to", "threshold")
_DIGITS: Final = "0123456789"


def lined(heard: Heard, told: Told) -> Heard:
    """Return a turn in which the number of a target or a limit is a line across."""
    if heard.of("threshold"):  # what it is called is no value
        return cut_out(heard, told.spots("target"), "keep", "out", "highlight")
    acts = [o for o in told.items if o.role == "act" and o.value in ("only", "zoom")]
    for spot in told.spots("target"):
        if meets(spot, acts):
            continue  # "limit to 2020"
        number = _near(told, spot.start)
        rows = (run for run in heard.runs if run.tag in _ROWS)
        if number is None or meets(number, rows):
            continue
        kept = tuple(
            run
            for run in heard.runs
            if run.end <= min(spot.start, number.start)
            or run.start >= max(spot.end, number.end)
        )
        end = number.start + _length(told.text[number.start : number.end])
        runs = (*kept, run_of("threshold", told, number.start, end))
        ordered = tuple(sorted(runs, key=lambda run: run.start))
        said = {name: own for name, own in heard.said.items() if name != "trend"}
        return replace(heard, runs=ordered, said=said)
    return heard


def _near(told: Told, at: int) -> Item | None:
    """Return the number of the sentence that stands nearest to a place."""
    start, end = told.sentence(at)
    own = [one for one in told.numbers if start <= one.start < end]
    own.sort(key=lambda one: abs(one.start - at))
    first, last = (min(at, own[0].start), max(at, own[0].start)) if own else (0, 0)
    is_far = len(told.text[first:last].split()) > _LINED
    return own[0] if own and not is_far else None


def _length(said: str) -> int:
    """Return how long a number is without its unit; words as a whole."""
    last = max((i for i, char in enumerate(said) if char in _DIGITS), default=None)
    return len(said) if last is None else last + 1


def colour_of_line(heard: Heard, told: Told) -> Item | None:
    """Return the colour that a turn gives to the line across; None if it gives none.

    The bars' or the values' own are theirs: "blue bars with a limit of 5 in red".
    """
    lines = heard.of("threshold")
    if not lines:
        return None
    at = lines[0].start
    inks = [one for one in told.items if one.role == "colour"]
    inks = [one for one in inks if not _is_others(told, one)]
    return min(inks, key=lambda one: abs(one.start - at)) if inks else None


def _is_others(told: Told, ink: Item) -> bool:
    """Return whether a colour stands right by something else than the line."""
    for one in told.items:
        is_other = one.role == "value" or (one.role == "mark" and one.value != "line")
        is_other |= one.role == "look"
        if is_other and told.touch(one, ink):
            return True
    return any(told.touch(o, ink) for o in told.spots("background", "others"))


def bound_at(told: Told, start: int, end: int) -> str:
    """Return how a number at a place bounds what is kept, as the words beside it say.

    Returns:
        "over", "under" or "most"; nothing if no word beside it says so.
    """
    found = [
        (spot.end - spot.start, "most")
        for spot in told.spots("most")
        if _touches(told, spot.start, spot.end, start, end)
    ]
    for one in told.items:
        is_join = one.role == "join" and one.value in ("over", "under")
        if is_join and one.end <= start and told.is_near(one.end, start):
            found.append((one.end - one.start, str(one.value)))
    return max(found, key=lambda one: (one[0], one[1] == "most"), default=(0, ""))[1]


def _touches(told: Told, first: int, last: int, start: int, end: int) -> bool:
    """Return whether words stand right before a number or right behind it."""
    names = [o for o in told.items if o.role == "column"]
    if last <= start:
        gap = told.text[last:start]
        for one in names:  # "no more than age 40"
            if last <= one.start and one.end <= start:
                gap = told.text[last : one.start] + told.text[one.end : start]
        return not gap.strip()
    return first >= end and told.is_near(end, first)
