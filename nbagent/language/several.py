"""How many there are of whom a scene shows: "two cats", "drei Vögel", 三只鸟, 새 세 마리.

The net that reads scenes is not taught to count, so it reads a text without the numbers
of its actors, which the grammar finds in all languages.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from nbagent.language.found import find
from nbagent.language.scene_runs import Run
from nbagent.language.tokens import script

_FEW: Final = 2  # words between a number and whom it counts: "two very small dogs"
_SPACELESS: Final = 3  # letters likewise, where there are no spaces: 三只小鸟
_WHO: Final = ("actor", "second")


@dataclass(frozen=True, slots=True)
class Number:
    """A number of a text that may count somebody: 2 or more.

    Attributes:
        start: Where it begins, in characters.
        end: Where it ends.
        value: How many.
    """

    start: int
    end: int
    value: int


def numbers(text: str) -> tuple[Number, ...]:
    """Return the whole numbers from two on that are no length, size, rate or name."""
    return tuple(
        Number(one.start, one.end, int(one.value))
        for one in find(text)
        if one.kind == "number" and one.value >= 2 and one.value == int(one.value)
    )


def without(text: str, counts: Iterable[Number]) -> str:
    """Return a text without numbers, letter for letter as long."""
    for one in counts:
        blank = " " * (one.end - one.start)
        text = f"{text[: one.start]}{blank}{text[one.end :]}"
    return text


def counted(
    text: str, found: Sequence[Number], runs: Sequence[Run]
) -> dict[str, tuple[Number, Run]]:
    """Return who is counted: "actor" or "second", each with its number and words.

    Args:
        text: With its numbers.
        found: Its numbers.
        runs: What the text speaks of without them.
    """
    told: dict[str, tuple[Number, Run]] = {}
    for number in found:
        after = next((one for one in runs if one.end > number.end), None)
        before = next((one for one in reversed(runs) if one.start < number.start), None)
        for one in (after, before):
            if one and one.tag in _WHO and _is_of(text, number, one):
                told.setdefault(one.tag, (number, one))
                break
    return told


def _is_of(text: str, number: Number, run: Run) -> bool:
    """Return whether a number stands at the words of somebody.

    Before them in any language; after them where a counter says so: 鳥が三羽.
    """
    if run.start <= number.start and number.end <= run.end:
        return True
    if number.end <= run.start:
        between = text[number.end : run.start]
        is_few = len(between.split()) <= _FEW
        return is_few and _is_open(between)
    is_asian = bool(script(text[run.end - 1]))
    return is_asian and _is_open(text[run.end : number.start])


def _is_open(between: str) -> bool:
    """Return whether words between two others may be of one phrase with them."""
    letters = "".join(between.split())
    is_short = len(letters) <= _SPACELESS or not any(map(script, letters))
    return is_short and all(map(str.isalnum, letters))
