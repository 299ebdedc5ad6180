"""Words of pictures, in English: places, hours, weather, colours, cameras, light.

A prompt is made of them: what an act names is put as prompts have it ("night" is "at
night"), and an opening prompt is taken apart by them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_I: Final = re.IGNORECASE

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
    "on a windy day": "windy day|windy|wind|strong wind",
    "under an overcast sky": "overcast sky|overcast|cloudy|clouds",
    "in bright sunshine": "bright sunshine|sunshine|sunny|sun",
}
PACE: Final[Mapping[str, str]] = {
    "very slowly": "very slowly",
    "slowly": "slowly|slow motion|slow-motion|slow-mo|gently",
    "very fast": "very fast|very quickly",
    "fast": "fast|quickly|rapidly|high speed|full speed",
}
# Words that stand so only where they are the whole of what is said.
_ALONE: Final = frozenset(
    "day dark evening morning spring snow sun wind clouds".split()
)
_LEAD: Final = r"(?:(?:at|by|during|in|into|on|to|under)\s+(?:(?:the|an?)\s+)?)"
# English colour words as they stand in a prompt, for putting another in their place.
COLOUR_WORD: Final = re.compile(
    r"\b(?:(?:light|dark|bright|deep|pale|neon)[ -])?(?:red|orange|yellow|green|blue|purple|"
    r"violet|pink|white|black|gr[ea]y|brown|gold(?:en)?|silver|turquoise|teal|crimson|"
    r"scarlet|copper|bronze|beige|cyan|magenta|navy|maroon|lilac)\b",
    _I,
)
PLACE_NOUN: Final = re.compile(
    r"(?:sea|ocean|water|beach|shore|coast|meadow|field|grass|desert|dunes?|snow|city|town|"
    r"street|road|forest|woods|jungle|space|sky|river|lake|pond|pool|waterfall|stream|bay|"
    r"harbou?r|port|pier|island|mountains?|hills?|hillside|hilltop|valley|canyon|cave|cliffs?|"
    r"garden|park|playground|farm|barn|village|square|market|bridge|station|airport|rooftop|"
    r"roof|room|kitchen|bedroom|bathroom|living room|office|library|classroom|school|museum|"
    r"castle|church|temple|palace|ruins|factory|workshop|studio|stage|theat(?:er|re)|stadium|"
    r"arena|court|moon|mars|planet|earth|galaxy|stars|clouds?|alley|highway|motorway|track|"
    r"backyard|yard|lawn|prairie|savannah?|steppe|tundra|swamp|marsh|rainforest|glacier|"
    r"iceberg|ice|countryside|landscape|background|backdrop|table|desk|shelf|windowsill|"
    r"window|wall|floor|bench|couch|sofa|bed|tokyo|paris|london|venice|new york|times square|"
    r"subway|train|bus|ship|boat deck|aquarium|greenhouse|vineyard|orchard|bakery|café|cafe|"
    r"restaurant|bar|diner|shop|mall|gym|hallway|corridor|tunnel|attic|cellar|basement|"
    r"spaceship|space station|lava|volcano|reef|seabed|seafloor|lagoon|fjord|lakeside|"
    r"riverbank|trees|flowers|tulips|sunflowers|sand)",
    _I,
)
_PREPOSITION: Final = (
    r"(?:in front of|on top of|in the middle of|at the edge of|at the foot of|next to|in|on|"
    r"at|over|under|by|near|above|below|among|along|against|inside|outside|beneath|beside|"
    r"behind|between|through|across|into|onto|around|down|up)"
)
# A place phrase: preposition, up to four words, a known noun of place.
PLACE_PHRASE: Final = re.compile(
    rf"\b(?:{_PREPOSITION}\s+(?:(?!and\b|with\b)[\w'-]+\s+){{0,4}}?{PLACE_NOUN.pattern}\b"
    r"(?:\s+of\s+(?:the\s+|a\s+)?[\w-]+)?|underwater|indoors|outdoors)",
    _I,
)
CAMERA: Final = re.compile(
    r"\b(?:zoom\w*|pan(?:s|ning)?|tilt\w*|dolly\w*|orbit\w*|tracking|close-?ups?|"
    r"(?:extreme |medium )?(?:wide|long|establishing|drone|aerial|low[- ]angle|high[- ]angle|"
    r"over[- ]the[- ]shoulder|top[- ]down|bird'?s[- ]eye|worm'?s[- ]eye|hand-?held|macro|"
    r"first[- ]person|pov|static|steady|fisheye|tracking|overhead|crane)(?:[- ]"
    r"(?:shot|view|angle|camera|lens|perspective|cam))|(?:seen |shot |filmed |viewed )?from "
    r"(?:the )?(?:above|below|side|behind|front|top|ground|air|far away|afar|a distance|up "
    r"close)|handheld|bird'?s[- ]eye|macro)\b",
    _I,
)
LIGHT: Final = re.compile(
    r"\b(?:in|with|under|by) (?:[\w-]+ ){0,2}(?:light|lighting|glow|candlelight|moonlight|"
    r"sunlight|spotlight|backlight|lamplight|shadows|neon lights?|silhouette)\b|\bbacklit\b",
    _I,
)
# Sky words that belong to one time of day: they go when another time comes.
SKY: Final = re.compile(
    r"\b(?:under|beneath|against|with|in) (?:a |an |the )?(?:[\w-]+ )?(?:blue|clear|sunny|"
    r"starry|night|sunset|morning|evening|dark|red|orange|pink|golden) sky\b",
    _I,
)


def at_time(said: str) -> str:
    """Return an hour or a season as prompts have it.

    >>> at_time("night"), at_time("make it summer"), at_time("rush hour")
    ('at night', 'in summer', 'at rush hour')
    """
    return _as_prompts_have_it({**TIMES, **SEASONS}, said) or _led("at", said)


def in_weather(said: str) -> str:
    """Return weather as prompts have it.

    >>> in_weather("rain"), in_weather("let it snow"), in_weather("with hail")
    ('in the rain', 'snowing', 'with hail')
    """
    snowing = {**WEATHER, "snowing": f"snow|{WEATHER['snowing']}"}
    return _as_prompts_have_it(snowing, said) or said.strip()


def find(text: str, table: Mapping[str, str]) -> list[tuple[str, re.Match[str]]]:
    """Return where the phrases of a table stand in a text, and how prompts have them."""
    found = []
    for phrase, said in table.items():
        words = "|".join(
            f"{_LEAD}{re.escape(one)}" if one in _ALONE else f"{_LEAD}?{re.escape(one)}"
            for one in sorted(said.split("|"), key=len, reverse=True)
        )
        found += [(phrase, one) for one in re.finditer(rf"\b(?:{words})\b", text, _I)]
    return found


def located(place: str) -> str:
    """Put the usual preposition before a place.

    >>> located("desert"), located("the moon"), located("into the city")
    ('in the desert', 'on the moon', 'in the city')
    """
    place = place.strip()
    first, _, rest = place.partition(" ")
    if first.lower() in ("into", "onto"):
        return f"{first[:2].lower()} {rest}"
    if first.lower() == "from" and rest:
        return located(rest)
    if (rest and re.fullmatch(_PREPOSITION, first, _I)) or place.lower() in _NOWHERE:
        return place
    last = place.rsplit(maxsplit=1)[-1].lower()
    is_named = first.lower() in ("a", "an", "the", "outer") or place[:1].isupper()
    if not is_named and last != "space":
        place = f"the {place}"
    return f"{'on' if last in _ON else 'in'} {place}"


_NOWHERE: Final = frozenset({"underwater", "indoors", "outdoors"})
_ON: Final = frozenset(
    "beach sea ocean moon mars meadow street bridge roof rooftop stage background"
    " backdrop".split()
)


def _as_prompts_have_it(table: Mapping[str, str], said: str) -> str:
    low = said.lower().strip()
    for phrase, words in table.items():
        for one in words.split("|"):
            if re.fullmatch(rf"(?:(?:make|let)\s+it\s+)?{_LEAD}?{re.escape(one)}", low):
                return phrase
    return ""


def _led(preposition: str, said: str) -> str:
    """Return words with a preposition before them, if they have none."""
    said = said.strip()
    first, _, rest = said.partition(" ")
    if rest and re.fullmatch(rf"{_PREPOSITION}|during|after|before|while", first, _I):
        return said
    return f"{preposition} {said}"
