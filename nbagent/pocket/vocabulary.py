"""What pocket was taught to show: factors, and which mixes of them are held out.

Pure data and a few small functions; `phrases` has their words. Never imports numpy or
torch: the conversation side reads this file.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

Motion: TypeAlias = Literal[
    "left",
    "right",
    "rise",
    "fall",
    "bounce",
    "jump",
    "spin",
    "circle",
    "grow",
    "shrink",
    "shake",
    "stay",
]
Pace: TypeAlias = Literal["slow", "normal", "fast"]
Time: TypeAlias = Literal["day", "sunset", "night"]
Camera: TypeAlias = Literal["still", "zoom in", "pan"]
Corner: TypeAlias = Literal["bottom left", "bottom right", "top left", "top right"]

SHAPES: Final = ("ball", "cube", "star", "heart")
COLOURS: Final = (
    "red",
    "orange",
    "yellow",
    "green",
    "blue",
    "purple",
    "pink",
    "white",
)
_EMOJI = (
    "cat dog fish bird rabbit turtle frog elephant monkey pig cow horse penguin owl "
    "butterfly bee snail crab octopus whale lion panda fox dinosaur chicken ghost robot "
    "alien snowman car bus bicycle train airplane helicopter rocket boat tractor ufo "
    "balloon apple banana pizza cake flower tree mushroom house duck"
)
EMOJI: Final = tuple(_EMOJI.split())
# "red ball", ..., "white heart", then the emoji: 81 actors.
ACTORS: Final = tuple(f"{c} {s}" for s in SHAPES for c in COLOURS) + EMOJI
# Of thin limbs or many small parts: what pocket draws last, and smudges first.
FINE: Final = tuple(
    "bird elephant horse penguin butterfly bee snail crab octopus whale dinosaur bicycle "
    "train helicopter bus ufo".split()
)

SCENES: Final = (
    "sky",
    "sea",
    "beach",
    "meadow",
    "desert",
    "snow",
    "city",
    "forest",
    "space",
)
PLAIN_COLOURS: Final = (
    "red",
    "yellow",
    "green",
    "blue",
    "pink",
    "white",
    "black",
    "gray",
)
PLAIN: Final = tuple(f"plain {c}" for c in PLAIN_COLOURS)
PLACES: Final = SCENES + PLAIN
TIMES: Final[tuple[Time, ...]] = get_args(Time)
MOTIONS: Final[tuple[Motion, ...]] = get_args(Motion)
SIDES: Final[tuple[Motion, Motion]] = ("left", "right")
PACES: Final[tuple[Pace, ...]] = get_args(Pace)
CAMERAS: Final[tuple[Camera, ...]] = get_args(Camera)
CORNERS: Final[tuple[Corner, ...]] = get_args(Corner)
# Backgrounds of each place and hour; "view 3" is the third.
VIEWS: Final = 6

FACTORS: Final = (
    *("actor", "second", "corner", "place", "time", "motion", "pace", "camera"),
)

# A prompt that names no place means this one; no time means day; no pace, normal.
DEFAULT_PLACE: Final = "meadow"


def colour_and_noun(actor: str) -> tuple[str, str]:
    """Split an actor; the colour of an emoji is "".

    >>> colour_and_noun("red ball"), colour_and_noun("cat")
    (('red', 'ball'), ('', 'cat'))
    """
    colour, _, noun = actor.rpartition(" ")
    return colour, noun


def has_time(place: str) -> bool:
    """Return whether a place has a time of day (all but the plain ones and space)."""
    return place in SCENES and place != "space"


def is_held_out_pair(actor: str, place: str) -> bool:
    """Return whether this actor is never shown at this place in training (1 in 13)."""
    return (3 * ACTORS.index(actor) + 7 * PLACES.index(place)) % 13 == 0


def is_held_out(actor: str, motion: Motion, place: str, time: Time) -> bool:
    """Return whether this combination is never shown in training.

    Held out are 1 in 13 (actor, place) pairs and, of the rest, 1 in 10 (actor,
    motion, place, time) combinations, by two fixed modular rules.
    """
    if is_held_out_pair(actor, place):
        return True
    total = 5 * ACTORS.index(actor) + 3 * MOTIONS.index(motion)
    total += 11 * PLACES.index(place) + 7 * TIMES.index(time)
    return total % 10 == 0
