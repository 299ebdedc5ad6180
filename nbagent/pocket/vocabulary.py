"""What pocket was taught to hear: factors, their words, and which mixes are held out.

Pure data and a few small functions. Never imports numpy or torch: the conversation
side reads this file to warn about words that pocket does not know.
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

FACTORS: Final = (
    *("actor", "second", "corner", "place", "time", "motion", "pace", "camera"),
)

# A prompt that names no place means this one; no time means day; no pace, normal.
DEFAULT_PLACE: Final = "meadow"

# The first word of each list is the plain name; the tag form of captions uses any.
ACTOR_WORDS: Final[dict[str, tuple[str, ...]]] = {
    **{noun: (noun,) for noun in (*SHAPES, *EMOJI)},
    "ball": ("ball", "ball", "ball", "sphere"),
    "cube": ("cube", "cube", "cube", "box"),
    "cat": ("cat", "cat", "cat", "kitten", "kitty"),
    "dog": ("dog", "dog", "dog", "puppy"),
    "bird": ("bird", "bird", "bluebird"),
    "rabbit": ("rabbit", "rabbit", "bunny"),
    "turtle": ("turtle", "turtle", "tortoise"),
    "monkey": ("monkey", "monkey", "ape"),
    "pig": ("pig", "pig", "piglet"),
    "horse": ("horse", "horse", "pony"),
    "bee": ("bee", "bee", "bumblebee"),
    "panda": ("panda", "panda", "panda bear"),
    "dinosaur": ("dinosaur", "dinosaur", "dino"),
    "chicken": ("chicken", "chicken", "hen"),
    "alien": ("alien", "alien", "martian"),
    "car": ("car", "car", "automobile"),
    "bicycle": ("bicycle", "bicycle", "bike"),
    "train": ("train", "train", "steam train", "locomotive"),
    "airplane": ("airplane", "airplane", "plane", "aeroplane"),
    "rocket": ("rocket", "rocket", "spaceship"),
    "boat": ("boat", "boat", "sailboat", "sailing boat", "ship"),
    "ufo": ("ufo", "ufo", "flying saucer"),
    "cake": ("cake", "cake", "birthday cake"),
    "pizza": ("pizza", "pizza", "slice of pizza"),
    "flower": ("flower", "flower", "sunflower"),
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
    "black": ("black",),
    "gray": ("gray", "gray", "grey"),
}
# Noun of a scene, for "crosses the beach" and "rises from the sea".
PLACE_NOUNS: Final[dict[str, tuple[str, ...]]] = {
    "sky": ("sky",),
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
    "sky": (
        "in the sky",
        "in the sky",
        "in the air",
        "among the clouds",
        "above the clouds",
        "up in the sky",
        "high in the air",
    ),
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
        ("hops up and down", "hopping up and down"),
        ("keeps bouncing", "bouncing again and again"),
    ),
    "jump": (
        ("jumps", "jumping"),
        ("jumps", "jumping"),
        ("jumps up", "jumping up"),
        ("jumps once", "jumping once"),
        ("leaps", "leaping"),
        ("leaps into the air", "leaping into the air"),
        ("jumps high", "jumping high"),
    ),
    "spin": (
        ("spins", "spinning"),
        ("spins", "spinning"),
        ("spins around", "spinning around"),
        ("rotates", "rotating"),
        ("turns around", "turning around"),
        ("twirls", "twirling"),
        ("whirls", "whirling"),
    ),
    "circle": (
        ("circles", "circling"),
        ("moves in a circle", "moving in a circle"),
        ("moves in circles", "moving in circles"),
        ("goes in circles", "going in circles"),
        ("goes round and round", "going round and round"),
        ("flies in a circle", "flying in a circle"),
        ("orbits", "orbiting"),
    ),
    "grow": (
        ("grows", "growing"),
        ("grows", "growing"),
        ("gets bigger", "getting bigger"),
        ("becomes larger", "becoming larger"),
        ("grows bigger", "growing bigger"),
        ("expands", "expanding"),
    ),
    "shrink": (
        ("shrinks", "shrinking"),
        ("shrinks", "shrinking"),
        ("gets smaller", "getting smaller"),
        ("becomes smaller", "becoming smaller"),
        ("shrinks away", "shrinking away"),
        ("becomes tiny", "becoming tiny"),
    ),
    "shake": (
        ("shakes", "shaking"),
        ("shakes", "shaking"),
        ("trembles", "trembling"),
        ("wiggles", "wiggling"),
        ("vibrates", "vibrating"),
        ("shivers", "shivering"),
        ("wobbles", "wobbling"),
    ),
    "stay": (
        ("stays still", "staying still"),
        ("stands still", "standing still"),
        ("rests", "resting"),
        ("sits", "sitting"),
        ("does not move", "not moving"),
    ),
}
CAMERA_PHRASES: Final[dict[Camera, tuple[str, ...]]] = {
    "still": ("static camera", "still camera", "fixed camera"),
    "zoom in": (
        "zoom in",
        "zooming in",
        "camera zoom in",
        "the camera zooms in",
        "camera zooming in",
        "with a zoom in",
    ),
    "pan": (
        "pan",
        "panning",
        "panning shot",
        "camera pan",
        "the camera pans",
        "camera panning",
        "with a pan",
    ),
}
_WALKERS = (
    "cat dog rabbit turtle elephant monkey pig cow horse penguin lion panda fox "
    "dinosaur chicken robot alien crab"
)
_FLIERS = "bird owl butterfly bee airplane helicopter rocket ufo ghost"
_SWIMMERS = "fish whale octopus frog duck"
_DRIVERS = "car bus tractor train"
# Verbs of animals and vehicles before a direction: "swims to the left".
WAYS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    **dict.fromkeys(_WALKERS.split(), (("walks", "walking"), ("runs", "running"))),
    **dict.fromkeys(_FLIERS.split(), (("flies", "flying"),)),
    **dict.fromkeys(_SWIMMERS.split(), (("swims", "swimming"),)),
    **dict.fromkeys(_DRIVERS.split(), (("drives", "driving"),)),
    "ball": (("rolls", "rolling"),),
    "snail": (("crawls", "crawling"),),
    "boat": (("sails", "sailing"),),
    "balloon": (("floats", "floating"),),
    "bicycle": (("rides", "riding"),),
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
    "picture showing shows show please next beside"
)
STOP_WORDS: Final = frozenset(_STOP.split())


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


def _known_words() -> frozenset[str]:
    texts: list[str] = [*COLOURS, *SCENES, *TIMES, *PACES, *PLAIN_PHRASES]
    for group in (ACTOR_WORDS, COLOUR_WORDS, PLACE_NOUNS, PLACE_PHRASES):
        texts += [w for words in group.values() for w in words]
    texts += [w for words in TIME_PHRASES.values() for w in words]
    texts += [w for words in PACE_PHRASES.values() for w in words]
    texts += [w for words in CAMERA_PHRASES.values() for w in words]
    pairs = [p for ps in MOTION_PHRASES.values() for p in ps]
    pairs += [p for ps in WAYS.values() for p in ps] + list(CROSS_PHRASES)
    texts += [w for pair in pairs for w in pair]
    return frozenset(" ".join(texts).replace("{c}", " ").replace("{p}", " ").split())


KNOWN_WORDS: Final = _known_words() | STOP_WORDS


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
