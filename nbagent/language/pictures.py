"""Words of pictures in English: what a prompt is given when the user says it otherwise.

pocket's world is small enough to be listed: each language's file has the things of it.
What is found there is put into one plain English sentence; grammar is not looked at.
Only a model that reads no other language needs this.

>>> translate("ein roter Ball am Strand bei Nacht").english
'a red ball on the beach at night'
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from nbagent.language.chart import Chart
from nbagent.language.guess import language
from nbagent.language.lexicon import languages, words_of
from nbagent.language.rules import colour
from nbagent.language.tokens import Token, tokens
from nbagent.pocket import vocabulary

Kind = Literal["time", "weather", "place", "color", "style", "camera"]
STEM: Final = "*"
_MOST_LETTERS: Final = 3
"""How many letters may follow a stem."""


def english(text: str, what: Kind) -> str | None:
    """Return the usual English of a phrase, if the whole text is one.

    >>> english("de noche", "time"), english("im Regen", "weather")
    ('at night', 'in the rain')
    """
    chart = Chart.of(text, language(text))
    at = 0
    while at < len(chart.tokens):
        for end, value in _phrases(chart, at, what):
            if _is_end(chart, end):
                return value
        end = chart.skip(at, "phrase_words")
        if end == at:
            return None
        at = end
    return None


def _phrases(chart: Chart, at: int, what: Kind) -> list[tuple[int, str]]:
    if what == "color":
        read = colour(chart, at)
        return [(read[0], str(read[1]))] if read else []
    return [(match.end, match.value) for match in chart.words[at].get(f"{what}s", ())]


def _is_end(chart: Chart, at: int) -> bool:
    while at < len(chart.tokens):
        end = chart.skip(at, "phrase_words", "after")
        if end == at and chart.tokens[at].kind != "sign":
            return False
        at = max(end, at + 1)
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Translated:
    """A picture in English: what is known of it, and the words that no list has."""

    english: str
    actor: str
    has_motion: bool = False
    has_place: bool = False
    lost: tuple[str, ...] = ()


class Thing(NamedTuple):
    """A word of pocket's world.

    Attributes:
        words: Its tokens.
        is_stem: Whether up to three letters may follow.
        kind: `actors`, `motions`, `places`, ...
        english: What pocket was taught it as.
    """

    words: tuple[str, ...]
    is_stem: bool
    kind: str
    english: str


def translate(text: str) -> Translated | None:
    """Return a picture in pocket's words; None if it is English, or nothing is known.

    >>> translate("해변에서 빨간 공이 튄다").english
    'a red ball bounces on the beach'
    >>> translate("a red ball on the beach") is None
    True
    """
    split = tokens(text)
    is_spaced = not any(token.kind == "letter" for token in split)
    read = [_read(split, lang) for lang in languages()]
    best, lost = max(read, key=lambda one: (len(one[0]), -len("".join(one[1]))))
    plain = [t for t in split if t.text in vocabulary.KNOWN_WORDS]
    if not any(kind == "actors" for kind, _ in best) or len(plain) >= len(best):
        return None
    if is_spaced and len(lost) > len(best):
        return None  # it is another language, or about other things
    said = dict(reversed(best))  # of each kind, what was said first
    return Translated(
        english=_sentence(said),
        actor=said["actors"],
        has_motion="motions" in said,
        has_place="places" in said,
        lost=lost,
    )


@functools.cache
def things(lang: str) -> Mapping[str, tuple[Thing, ...]]:
    """Return a language's words for pocket's world by their first token, longest first."""
    found: dict[str, list[Thing]] = {}
    for kind, rows in languages()[lang].get("pocket", {}).items():
        for name, cell in rows.items():
            for word in words_of(cell):
                split = tuple(t.text for t in tokens(word.removesuffix(STEM)))
                key = split[0][:1]
                thing = Thing(split, word.endswith(STEM), kind, name)
                found.setdefault(key, []).append(thing)
    return {
        key: tuple(sorted(rows, key=_length, reverse=True))
        for key, rows in found.items()
    }


def _length(thing: Thing) -> tuple[int, bool]:
    """Order words by their length, and a thing before a filler of its length."""
    return len("".join(thing.words)), thing.kind != "fillers"


def _read(
    split: list[Token], lang: str
) -> tuple[list[tuple[str, str]], tuple[str, ...]]:
    """Return what a text has of a language's words, in order, and what is left of it."""
    found: list[tuple[str, str]] = []
    left: list[str] = []
    at = 0
    while at < len(split):
        token = split[at]
        near = things(lang).get(token.text[:1], ())
        thing = next((one for one in near if _stands(one, split, at)), None)
        if thing:
            found.append((thing.kind, thing.english))
        elif token.kind == "letter" and left and split[at - 1].text == left[-1][-1]:
            left[-1] += token.text
        elif token.kind in ("word", "letter"):
            left.append(token.text)
        at += len(thing.words) if thing else 1
    content = [one for one in found if one[0] != "fillers"]
    return content, tuple(word for word in left if len(word) > 1)


def _stands(thing: Thing, split: list[Token], at: int) -> bool:
    here = [token.text for token in split[at : at + len(thing.words)]]
    if len(here) < len(thing.words) or here[:-1] != list(thing.words[:-1]):
        return False
    last, known = here[-1], thing.words[-1]
    if last == known:
        return True
    longer = len(last) - len(known)
    return thing.is_stem and last.startswith(known) and longer <= _MOST_LETTERS


def _sentence(said: dict[str, str]) -> str:
    """Return one sentence of the first of each kind that was said."""
    actor = said["actors"]
    colour = f"{said['colours']} " if "colours" in said else ""
    place, motion = said.get("places", ""), said.get("motions", "")
    if motion == "crosses":
        motion = f"crosses the {place.split()[-1]}" if place else "moves"
        place = ""
    if "directions" in said:
        motion = f"{motion or 'moves'} {said['directions']}"
    words = (
        f"{'an' if (colour or actor)[0] in 'aeio' else 'a'} {colour}{actor}",
        motion,
        said.get("paces", ""),
        place,
        said.get("times", ""),
    )
    return " ".join(filter(None, words))
