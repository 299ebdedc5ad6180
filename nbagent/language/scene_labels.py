"""What is read of a scene: its factors, the classes of each, and where they stand.

Pure data and small functions, for the reading and for its training.

>>> to_classes({"actor": "red ball", "motion": "spin"})["colour"] == 1 + COLOURS.index("red")
True
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from nbagent.pocket import vocabulary
from nbagent.pocket.taught import ACROSS

FACTORS: Final = vocabulary.FACTORS
COLOURS: Final = vocabulary.COLOURS
NOUNS: Final = (*vocabulary.SHAPES, *vocabulary.EMOJI)
OTHER: Final = "other"
"""The class of a subject that the world lacks."""

# A head has a class for each value; class 0 is "not said".
HEADS: Final[Mapping[str, tuple[str, ...]]] = {
    "actor": (*NOUNS, OTHER),
    "colour": COLOURS,
    "second": NOUNS,
    "second colour": COLOURS,
    "corner": ("bottom left", "bottom right", "top left", "top right"),
    "place": vocabulary.PLACES,
    "time": vocabulary.TIMES,
    "motion": (*vocabulary.MOTIONS, ACROSS),
    "pace": vocabulary.PACES,
    "camera": vocabulary.CAMERAS,
}
COLOUR_OF: Final = {"actor": "colour", "second": "second colour"}
TAGS: Final = ("", *FACTORS, "lost")
"""What a piece of a text speaks of."""


def to_classes(factors: Mapping[str, str]) -> dict[str, int]:
    """Return the class of each head; the colour of what is no shape is left out."""
    found = {}
    for head, values in HEADS.items():
        if head in COLOUR_OF.values():
            continue
        value = factors.get(head, "")
        colour, noun = vocabulary.colour_and_noun(value)
        if head in COLOUR_OF:
            if noun in vocabulary.SHAPES:
                found[COLOUR_OF[head]] = 1 + COLOURS.index(colour) if colour else 0
            value = noun
        found[head] = 1 + values.index(value) if value else 0
    return found


def from_classes(classes: Mapping[str, int]) -> dict[str, str]:
    """Undo `to_classes`: the factors that are said."""
    found = {}
    for head in FACTORS:
        index = classes[head]
        if not index or HEADS[head][index - 1] == OTHER:
            continue
        value = HEADS[head][index - 1]
        colour = classes.get(COLOUR_OF.get(head, ""), 0)
        if value in vocabulary.SHAPES and colour:
            value = f"{COLOURS[colour - 1]} {value}"
        found[head] = value
    return found


def value(head: str, index: int) -> str | None:
    """Return the value of a class; None of "not said"."""
    return HEADS[head][index - 1] if index else None


def counts() -> Sequence[int]:
    """Return how many classes each head has, "not said" with them."""
    return [1 + len(values) for values in HEADS.values()]
