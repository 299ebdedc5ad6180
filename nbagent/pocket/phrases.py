"""How what pocket can show is said: the words of its captions, and all that it knows.

Pure data. Never imports numpy or torch: the conversation side reads this file to warn
about words that pocket does not know.
"""

from __future__ import annotations

from typing import Final

from nbagent.pocket.vocabulary import (
    COLOURS,
    EMOJI,
    PACES,
    SCENES,
    SHAPES,
    TIMES,
    Camera,
    Motion,
    Pace,
    Time,
)

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
# Taught later than the others, and behind them in the tokenizer, so that these keep the
# numbers that the weights know them by. The digits of views are its letters.
LATER_WORDS: Final = ("view", "top", "bottom", "corner", "then")
