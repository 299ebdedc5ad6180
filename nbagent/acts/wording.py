"""Words of pictures, in English: places, hours, weather, colours, cameras, light.

A prompt is made of them: what an act names is put as prompts have it ("night" is "at
night"), and an opening prompt is taken apart by them. All are lists of words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Final, NamedTuple

Phrases = frozenset[tuple[str, ...]]
_WORD: Final = re.compile(r"[\w'’-]+")

# As a prompt has it: what it is called, without the words before it.
TIMES: Final[Mapping[str, str]] = {
    "at midnight": "midnight",
    "at sunset": "sunset|sundown|golden hour",
    "at dawn": "dawn|daybreak",
    "at sunrise": "sunrise",
    "at dusk": "dusk|twilight",
    "in the evening": "evening|early evening|late evening",
    "in the morning": "morning|early morning",
    "at noon": "noon|midday",
    "by day": "day|daytime|day time|daylight|broad daylight|bright daylight",
    "at night": "night|nighttime|night time|night-time|dark|after dark",
}
SEASONS: Final[Mapping[str, str]] = {
    "in winter": "winter|wintertime|wintery",
    "in autumn": "autumn|fall colors|fall colours",
    "in spring": "spring|springtime",
    "in summer": "summer|summertime",
}
WEATHER: Final[Mapping[str, str]] = {
    "in a thunderstorm": "thunderstorm|thunder-storm|thunder storm",
    "in a storm": "storm|stormy|stormy weather",
    "in a blizzard": "blizzard|snowstorm|snow-storm",
    "snowing": "snowing|snowfall|snowy weather|falling snow|snow falling|snows",
    "in the rain": "rain|rains|raining|rainy|rainfall|rainy weather|heavy rain"
    "|pouring rain|light rain",
    "in fog": "fog|foggy|mist|misty|haze|thick fog|dense fog",
    "on a windy day": "windy day|windy|strong wind",
    "under an overcast sky": "overcast sky|overcast|cloudy",
    "in bright sunshine": "bright sunshine|sunshine|sunny",
}
# In the middle of a prompt these are things: "flags in the wind".
_WEATHER_ALONE: Final[Mapping[str, str]] = {
    "snowing": "snow",
    "on a windy day": "wind",
    "under an overcast sky": "clouds",
    "in bright sunshine": "sun",
}
PACE: Final[Mapping[str, str]] = {
    "very slowly": "very slowly",
    "slowly": "slowly|slow motion|slow-motion|slow-mo|gently",
    "very fast": "very fast|very quickly",
    "fast": "fast|quickly|rapidly|high speed|full speed",
}


def _phrases(listed: str) -> Phrases:
    """Read phrases between bars, each as its words."""
    return frozenset(tuple(one.split()) for one in listed.replace("\n", "|").split("|"))


# Words that stand so only behind a preposition: "spring" alone is also a jump.
_LED: Final = frozenset("day dark evening morning spring".split())
_LEADS: Final = frozenset("at by during in into on to under".split())
ARTICLES: Final = frozenset({"a", "an", "the"})
DETERMINERS: Final = ARTICLES | frozenset(
    "one two three four five six seven eight nine ten some several many his her its their"
    " my our this that these those every each any all".split()
)
PREPOSITIONS: Final = frozenset(
    "in on at over under by near above below among along against inside outside behind"
    " between through across into onto around down up from with towards toward to off past"
    " beneath beside underwater as while during before after".split()
)
_PLACING: Final = _phrases(
    """in front of|on top of|in the middle of|at the edge of|at the foot of|next to|in|on|at
over|under|by|near|above|below|among|along|against|inside|outside|beneath|beside|behind
between|through|across|into|onto|around|down|up"""
)
PLACES: Final = _phrases(
    """sea|ocean|water|beach|shore|coast|meadow|field|grass|desert|dune|dunes|snow|city|town
street|road|forest|woods|jungle|space|sky|river|lake|pond|pool|waterfall|stream|bay|harbor
harbour|port|pier|island|mountain|mountains|hill|hills|hillside|hilltop|valley|canyon|cave
cliff|cliffs|garden|park|playground|farm|barn|village|square|market|bridge|station|airport
rooftop|roof|room|kitchen|bedroom|bathroom|living room|office|library|classroom|school
museum|castle|church|temple|palace|ruins|factory|workshop|studio|stage|theater|theatre
stadium|arena|court|moon|mars|planet|earth|galaxy|stars|cloud|clouds|alley|highway|motorway
track|backyard|yard|lawn|prairie|savanna|savannah|steppe|tundra|swamp|marsh|rainforest
glacier|iceberg|ice|countryside|landscape|background|backdrop|table|desk|shelf|windowsill
window|wall|floor|bench|couch|sofa|bed|tokyo|paris|london|venice|new york|times square
subway|train|bus|ship|boat deck|aquarium|greenhouse|vineyard|orchard|bakery|café|cafe
restaurant|bar|diner|shop|mall|gym|hallway|corridor|tunnel|attic|cellar|basement|spaceship
space station|lava|volcano|reef|seabed|seafloor|lagoon|fjord|lakeside|riverbank|trees
flowers|tulips|sunflowers|sand"""
)
_NOWHERE: Final = frozenset({"underwater", "indoors", "outdoors"})
_ON: Final = frozenset(
    "beach sea ocean moon mars meadow street bridge roof rooftop stage background"
    " backdrop".split()
)
SHADES: Final = frozenset("light dark bright deep pale neon".split())
COLOURS: Final = frozenset(
    "red orange yellow green blue purple violet pink white black grey gray brown gold golden"
    " silver turquoise teal crimson scarlet copper bronze beige cyan magenta navy maroon"
    " lilac".split()
)
_LIGHTS: Final = _phrases(
    """light|lighting|glow|candlelight|moonlight|sunlight|spotlight|backlight|lamplight
shadows|neon light|neon lights|silhouette"""
)
_SKIES: Final = frozenset(
    (kind, "sky")
    for kind in "blue clear sunny starry night sunset morning evening dark red orange pink"
    " golden".split()
)
# Of a word alone that is also a thing, a comma tells: "a pan" is in a kitchen.
_THINGS: Final = frozenset({"pan", "pans", "macro"})
_MOVES: Final = _phrases(
    """zoom|zooms|zooming|pan|pans|panning|tilt|tilts|tilting|dolly|dollies|orbit|orbits
orbiting|tracking|close-up|close-ups|closeup|closeups|handheld|hand-held|bird's-eye|macro"""
)
_SHOTS: Final = frozenset(
    (*kind, noun)
    for kind, noun in product(
        _phrases(
            """wide|extreme wide|long|medium|medium long|establishing|drone|aerial|low-angle
low angle|high-angle|high angle|over-the-shoulder|top-down|bird's-eye|bird's eye|worm's-eye
worm's eye|hand-held|handheld|macro|first-person|pov|static|steady|fisheye|tracking
overhead|crane"""
        ),
        ("shot", "view", "angle", "camera", "lens", "perspective", "cam"),
    )
)
_VIEWS: Final = frozenset(
    (*seen, "from", *article, *place)
    for seen, article, place in product(
        ((), ("seen",), ("shot",), ("filmed",), ("viewed",)),
        ((), ("the",)),
        _phrases(
            """above|below|side|behind|front|top|ground|air|far away|afar|a distance
up close"""
        ),
    )
)
_CAMERAS: Final[Phrases] = _MOVES | _SHOTS | _VIEWS


class Word(NamedTuple):
    """A word of a text, in small letters, and where it stands there."""

    text: str
    start: int
    end: int


def words_of(text: str) -> list[Word]:
    """Return the words of a text, with where they stand."""
    return [Word(m[0].lower(), m.start(), m.end()) for m in _WORD.finditer(text)]


def at_time(said: str) -> str:
    """Return an hour or a season as prompts have it.

    >>> at_time("night"), at_time("make it summer"), at_time("rush hour")
    ('at night', 'in summer', 'at rush hour')
    """
    said = said.strip()
    if known := _as_prompts_have_it({**TIMES, **SEASONS}, said):
        return known
    first, _, rest = said.partition(" ")
    return said if rest and first.lower() in PREPOSITIONS else f"at {said}"


def in_weather(said: str) -> str:
    """Return weather as prompts have it.

    >>> in_weather("rain"), in_weather("let it snow"), in_weather("with hail")
    ('in the rain', 'snowing', 'with hail')
    """
    return (
        _as_prompts_have_it(WEATHER, said)
        or _as_prompts_have_it(_WEATHER_ALONE, said)
        or said.strip()
    )


def located(place: str) -> str:
    """Put the usual preposition before a place.

    >>> located("desert"), located("the moon"), located("into the city")
    ('in the desert', 'on the moon', 'in the city')
    """
    place = place.strip()
    first, _, rest = place.partition(" ")
    if rest and first.lower() == "from":
        return located(rest)
    if rest and first.lower() in ("into", "onto"):
        return f"{first[:2].lower()} {rest}"
    if (rest and first.lower() in PREPOSITIONS) or place.lower() in _NOWHERE:
        return place
    last = place.rsplit(maxsplit=1)[-1].lower() if place else ""
    is_named = first.lower() in {*DETERMINERS, "outer"} or place[:1].isupper()
    if not is_named and last != "space":
        place = f"the {place}"
    return f"{'on' if last in _ON else 'in'} {place}"


def is_place(text: str) -> bool:
    """Return whether a text names a place and nothing else: "the beach"."""
    words = words_of(text)
    if words and words[0].text in ARTICLES:
        words = words[1:]
    return bool(words) and run(words, 0, PLACES) == len(words)


def named(text: str, table: Mapping[str, str]) -> Iterator[tuple[str, int, int]]:
    """Find the phrases of a table in a text: as prompts have them, and where they stand."""
    words = words_of(text)
    for phrase, said in table.items():
        listed = _phrases(said)
        for at in range(len(words)):
            led = _lead(words, at)
            count = run(words, at + led, listed)
            if not count or (not led and words[at].text in _LED and count == 1):
                continue
            if not led and at and _lead(words, at - 1) == 1:
                continue  # it was found with the preposition before it
            yield phrase, words[at].start, words[at + led + count - 1].end


def places(text: str) -> list[tuple[int, int]]:
    """Return where the phrases of a place stand in a text: "in front of the old castle"."""
    found = list(led_phrases(text, _PLACING, PLACES, between=4))
    words = words_of(text)
    found += [(w.start, w.end) for w in words if w.text in _NOWHERE]
    return sorted(found)


def light(text: str) -> tuple[int, int] | None:
    """Return where a phrase of light stands in a text: "in the warm light"."""
    leads = _phrases("in|with|under|by")
    alone = ((w.start, w.end) for w in words_of(text) if w.text == "backlit")
    return next(led_phrases(text, leads, _LIGHTS, between=2), next(alone, None))


def sky(text: str) -> tuple[int, int] | None:
    """Return where the sky of one hour stands in a text: "under a clear blue sky"."""
    leads = _phrases("under|beneath|against|with|in")
    return next(led_phrases(text, leads, _SKIES, between=2), None)


def camera(text: str) -> tuple[int, int] | None:
    """Return where a text first says how it is filmed: "from above", "wide shot"."""
    words = words_of(text)
    for at, word in enumerate(words):
        count = run(words, at, _CAMERAS)
        is_thing = count == 1 and word.text in _THINGS
        if count and not (
            is_thing and at and not text[: word.start].rstrip().endswith(",")
        ):
            return word.start, words[at + count - 1].end
    return None


def led_phrases(
    text: str, leads: Phrases, ends: Phrases, *, between: int
) -> Iterator[tuple[int, int]]:
    """Find a leading phrase, up to some words, and an ending one, without a sign between.

    Args:
        text: Searched.
        leads: What it begins with.
        ends: What it ends with; "of ..." may follow.
        between: How many words may stand between them.
    """
    words, at = words_of(text), 0
    while at < len(words):
        count = run(words, at, leads)
        end = _ending(text, words, at, at + count, ends, between) if count else 0
        if end:
            yield words[at].start, words[end - 1].end
        at = end or at + 1


def run(words: list[Word], at: int, phrases: Phrases) -> int:
    """Return how many words from one on are the longest phrase that fits; 0 for none."""
    for count in (4, 3, 2, 1):
        if tuple(word.text for word in words[at : at + count]) in phrases:
            return min(count, len(words) - at)
    return 0


def _ending(
    text: str, words: list[Word], first: int, at: int, ends: Phrases, between: int
) -> int:
    """Return the index after the nearest ending phrase; 0 if none is near."""
    for place in range(at, min(at + between + 1, len(words))):
        if any(sign in text[words[first].start : words[place].start] for sign in ",.;"):
            return 0
        if count := run(words, place, ends):
            return _with_of(words, place + count)
        if words[place].text in ("and", "with"):
            return 0
    return 0


def _with_of(words: list[Word], end: int) -> int:
    """Return the index after "of the X", if that follows."""
    if end + 1 < len(words) and words[end].text == "of":
        after = end + 1 + (words[end + 1].text in ARTICLES)
        return after + 1 if after < len(words) else end
    return end


def _lead(words: list[Word], at: int) -> int:
    """Return how many words are a preposition and its article: "in the", "at"."""
    if at >= len(words) or words[at].text not in _LEADS:
        return 0
    return 1 + (at + 1 < len(words) and words[at + 1].text in ARTICLES)


def _as_prompts_have_it(table: Mapping[str, str], said: str) -> str:
    words = words_of(said)
    if [word.text for word in words[:2]] in (["make", "it"], ["let", "it"]):
        words = words[2:]
    words = words[_lead(words, 0) :]
    for phrase, listed in table.items():
        if words and run(words, 0, _phrases(listed)) == len(words):
            return phrase
    return ""
