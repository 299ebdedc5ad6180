"""What pocket was taught to hear: factors, their words, and which mixes are held out.

Pure data and a few small functions. Never imports numpy or torch: the conversation
side reads this file to warn about words that pocket does not know.
"""

from __future__ import annotations

import re
from typing import Final, Literal, TypeAlias

Motion: TypeAlias = Literal["left", "right", "rise", "fall", "bounce", "stay"]
Pace: TypeAlias = Literal["slow", "normal", "fast"]
Time: TypeAlias = Literal["day", "sunset", "night"]

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
EMOJI: Final = ("cat", "dog", "fish", "boat", "rocket", "car", "panda", "duck")
# "red ball", ..., "white heart", then the emoji: 40 actors.
ACTORS: Final = tuple(f"{c} {s}" for s in SHAPES for c in COLOURS) + EMOJI

SCENES: Final = (
    "sea",
    "beach",
    "meadow",
    "desert",
    "snow",
    "city",
    "forest",
    "space",
)
PLAIN: Final = tuple(f"plain {c}" for c in COLOURS)
PLACES: Final = SCENES + PLAIN
TIMES: Final[tuple[Time, ...]] = ("day", "sunset", "night")
MOTIONS: Final[tuple[Motion, ...]] = (
    "left",
    "right",
    "rise",
    "fall",
    "bounce",
    "stay",
)
PACES: Final[tuple[Pace, ...]] = ("slow", "normal", "fast")

# A prompt that names no place means this one; no time means day; no pace, normal.
DEFAULT_PLACE: Final = "meadow"

# The first word of each list is the plain name; the tag form of captions uses any.
ACTOR_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "ball": ("ball", "ball", "ball", "sphere"),
    "cube": ("cube", "cube", "cube", "box"),
    "star": ("star",),
    "heart": ("heart",),
    "cat": ("cat", "cat", "cat", "kitten", "kitty"),
    "dog": ("dog", "dog", "dog", "puppy"),
    "fish": ("fish",),
    "boat": ("boat", "boat", "sailboat", "sailing boat", "ship"),
    "rocket": ("rocket", "rocket", "spaceship"),
    "car": ("car", "car", "automobile"),
    "panda": ("panda", "panda", "panda bear"),
    "duck": ("duck",),
}
COLOUR_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "red": ("red",),
    "orange": ("orange",),
    "yellow": ("yellow",),
    "green": ("green",),
    "blue": ("blue",),
    "purple": ("purple", "purple", "violet"),
    "pink": ("pink",),
    "white": ("white",),
}
# Noun of a scene, for "crosses the beach" and "rises from the sea".
PLACE_NOUNS: Final[dict[str, tuple[str, ...]]] = {
    "sea": ("sea", "sea", "ocean", "water"),
    "beach": ("beach", "beach", "shore"),
    "meadow": ("meadow", "meadow", "field", "grass"),
    "desert": ("desert", "desert", "dunes"),
    "snow": ("snow",),
    "city": ("city", "city", "town"),
    "forest": ("forest", "forest", "woods"),
    "space": ("space",),
}
PLACE_PHRASES: Final[dict[str, tuple[str, ...]]] = {
    "sea": (
        "on the sea",
        "over the sea",
        "at sea",
        "in the sea",
        "on the ocean",
        "over the ocean",
        "above the water",
        "on the water",
    ),
    "beach": (
        "on the beach",
        "on the beach",
        "at the beach",
        "on a beach",
        "on a sandy beach",
        "over the beach",
        "by the shore",
    ),
    "meadow": (
        "in the meadow",
        "on the meadow",
        "over the meadow",
        "in a meadow",
        "on the grass",
        "in a green field",
        "in the field",
    ),
    "desert": (
        "in the desert",
        "in the desert",
        "over the desert",
        "in a desert",
        "over the dunes",
        "among the dunes",
    ),
    "snow": (
        "in the snow",
        "in the snow",
        "on the snow",
        "over the snow",
        "in a snowy landscape",
    ),
    "city": (
        "in the city",
        "in the city",
        "over the city",
        "in a city",
        "in town",
        "in the street",
    ),
    "forest": (
        "in the forest",
        "in the forest",
        "in a forest",
        "over the forest",
        "in the woods",
        "among the trees",
    ),
    "space": ("in space", "in space", "in outer space", "through space"),
}
# "{c}" is the colour of the background.
PLAIN_PHRASES: Final = (
    "on a {c} background",
    "on a {c} background",
    "on a plain {c} background",
    "against a {c} background",
    "with a {c} background",
    "in front of a {c} background",
    "on {c}",
    "{c} background",
)
TIME_PHRASES: Final[dict[Time, tuple[str, ...]]] = {
    "day": ("by day", "during the day", "in daylight", "at noon", "in the daytime"),
    "sunset": ("at sunset", "at sunset", "at dusk", "in the evening", "during sunset"),
    "night": ("at night", "at night", "by night", "in the dark", "after dark"),
}
PACE_PHRASES: Final[dict[Pace, tuple[str, ...]]] = {
    "slow": ("slowly", "slowly", "very slowly", "in slow motion", "gently", "slow"),
    "normal": ("at normal speed",),
    "fast": ("fast", "quickly", "quickly", "very fast", "rapidly", "at high speed"),
}
# Pairs of (third person, -ing form): "a ball rises", "a ball rising".
MOTION_PHRASES: Final[dict[Motion, tuple[tuple[str, str], ...]]] = {
    "left": (
        ("moves left", "moving left"),
        ("moves to the left", "moving to the left"),
        ("goes left", "going left"),
        ("travels to the left", "travelling to the left"),
        ("slides left", "sliding left"),
        ("moves from right to left", "moving from right to left"),
        ("drifts to the left", "drifting to the left"),
    ),
    "right": (
        ("moves right", "moving right"),
        ("moves to the right", "moving to the right"),
        ("goes right", "going right"),
        ("travels to the right", "travelling to the right"),
        ("slides right", "sliding right"),
        ("moves from left to right", "moving from left to right"),
        ("drifts to the right", "drifting to the right"),
    ),
    "rise": (
        ("rises", "rising"),
        ("rises", "rising"),
        ("moves up", "moving up"),
        ("goes up", "going up"),
        ("floats up", "floating up"),
        ("flies up", "flying up"),
        ("climbs", "climbing"),
    ),
    "fall": (
        ("falls", "falling"),
        ("falls", "falling"),
        ("moves down", "moving down"),
        ("goes down", "going down"),
        ("falls down", "falling down"),
        ("drops", "dropping"),
        ("sinks", "sinking"),
    ),
    "bounce": (
        ("bounces", "bouncing"),
        ("bounces", "bouncing"),
        ("bounces up and down", "bouncing up and down"),
        ("hops", "hopping"),
        ("jumps", "jumping"),
        ("jumps up and down", "jumping up and down"),
    ),
    "stay": (
        ("stays still", "staying still"),
        ("stands still", "standing still"),
        ("rests", "resting"),
        ("sits", "sitting"),
        ("does not move", "not moving"),
    ),
}
# Verbs of animals and vehicles before a direction: "swims to the left".
WAYS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "ball": (("rolls", "rolling"),),
    "cat": (("walks", "walking"), ("runs", "running")),
    "dog": (("walks", "walking"), ("runs", "running")),
    "panda": (("walks", "walking"), ("runs", "running")),
    "fish": (("swims", "swimming"),),
    "duck": (("swims", "swimming"), ("walks", "walking")),
    "boat": (("sails", "sailing"),),
    "rocket": (("flies", "flying"),),
    "car": (("drives", "driving"),),
}
# Left or right, equally: the direction is not said. "{p}" is a place noun.
CROSS_PHRASES: Final[tuple[tuple[str, str], ...]] = (
    ("crosses the {p}", "crossing the {p}"),
    ("crosses the {p}", "crossing the {p}"),
    ("moves across the {p}", "moving across the {p}"),
    ("goes across the {p}", "going across the {p}"),
    ("passes over the {p}", "passing over the {p}"),
)

# Words that carry no content, and the openers that prompts often have.
_STOP: Final = (
    "a an the of in on at to by from with over above against and is are it its "
    "there this that one across through into as while during front video clip "
    "picture showing shows show please"
)
STOP_WORDS: Final = frozenset(_STOP.split())


def is_scene(place: str) -> bool:
    """Return whether a place has a time of day of its own (not plain, not space)."""
    return place in SCENES and place != "space"


def _known_words() -> frozenset[str]:
    texts: list[str] = [*COLOURS, *SCENES, *TIMES, *PACES, *PLAIN_PHRASES]
    for group in (ACTOR_WORDS, COLOUR_WORDS, PLACE_NOUNS, PLACE_PHRASES):
        texts += [w for words in group.values() for w in words]
    texts += [w for words in TIME_PHRASES.values() for w in words]
    texts += [w for words in PACE_PHRASES.values() for w in words]
    pairs = [p for ps in MOTION_PHRASES.values() for p in ps]
    pairs += [p for ps in WAYS.values() for p in ps] + list(CROSS_PHRASES)
    texts += [w for pair in pairs for w in pair]
    return frozenset(" ".join(texts).replace("{c}", " ").replace("{p}", " ").split())


KNOWN_WORDS: Final = _known_words() | STOP_WORDS


def unknown_words(prompt: str) -> list[str]:
    """List the words of a prompt that pocket was never taught, in order, once each.

    A prompt that is mostly unknown and has not even an English article is taken to be
    in a language that pocket does not know, and gives all its words.

    >>> unknown_words("a red ball juggling on the beach")
    ['juggling']
    """
    words = list(dict.fromkeys(re.findall(r"[^\W\d_]+", prompt.lower())))
    content = [w for w in words if w not in STOP_WORDS]
    unknown = [w for w in content if w not in KNOWN_WORDS]
    is_foreign = len(content) == len(words) and 3 * len(unknown) > 2 * len(content)
    return words if is_foreign else unknown


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
