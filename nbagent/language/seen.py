"""What of the notebook a turn points at without its name: "this plot", "my logo".

Closed lists alone, `[seen]` of `lang/`; which value is meant is told by what there is. A
plot, a photo or a logo that is pointed at is the notebook's, whatever clips there are.

>>> fig = Variable(name="fig", type="Figure")
>>> pointed("animate this plot", State(variables=(fig,)))
Found(start=8, end=17, kind='mention', value=('fig', None, None))
>>> pointed("a plot of the sea", State(variables=(fig,))) is None
True
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from nbagent.language.found import Found
from nbagent.language.lexicon import languages, split_words, words_of
from nbagent.language.state import SHOWN, State, Variable
from nbagent.language.tokens import Token, tokens

_BETWEEN: Final = 2
"""Words between the two: "this bar chart", "my old company logo"."""
_DRAWN: Final = ("Figure", "Axes")  # the figure before what is in it


class _Word(NamedTuple):
    words: tuple[str, ...]
    value: str


def pointed(turn: str, state: State) -> Found | None:
    """Return what a turn points at, as if its name stood there; None if at nothing."""
    split = tokens(turn)
    for kind, noun, start, end in _phrases(split):
        if name := _meant(kind, noun, state):
            place = split[start].start, split[end - 1].end
            return Found(*place, "mention", (name, None, None))
    return None


def _phrases(split: list[Token]) -> Iterator[tuple[str, str, int, int]]:
    """Yield the kind and the noun of each phrase, and its first and last token."""
    for lang in languages():
        points, nouns = _words(lang, "points"), _words(lang, "nouns")
        for start in range(len(split)):
            if (point := _at(points, split, start)) is None:
                continue
            first = start + len(point.words)
            for at in range(first, min(first + _BETWEEN + 1, len(split))):
                noun = _at(nouns, split, at)
                if noun and (noun.value, point.value) != ("picture", "the"):
                    yield noun.value, "".join(noun.words), start, at + len(noun.words)
                if noun or split[at].kind != "word":
                    break


def _at(
    words: Mapping[str, tuple[_Word, ...]], split: list[Token], at: int
) -> _Word | None:
    """Return the longest of the words that stand there."""
    for word in words.get(split[at].text, ()):
        if tuple(t.text for t in split[at : at + len(word.words)]) == word.words:
            return word
    return None


def _meant(kind: str, noun: str, state: State) -> str:
    """Return the variable that a noun of a kind means; nothing if there is none."""
    known = [one for one in reversed(state.variables) if one.is_picture]
    drawn = [one for kind in _DRAWN for one in known if one.type == kind]
    photos = [one for one in known if one not in drawn]
    if kind == "figure":
        found = _named(noun, drawn) or drawn
    elif kind == "photo":
        found = _named(noun, photos) or photos
    else:  # a still that was made here is one too
        latest = state.latest
        found = [] if latest and latest.kind == "image" else [*photos, *drawn]
    shown = [one for one in found if one.name == SHOWN]
    return next((one.name for one in (*shown, *found)), "")


def _named(noun: str, variables: list[Variable]) -> list[Variable]:
    """Return the variables that have a noun in their name: "logo" is of `my_logo`."""
    return [one for one in variables if noun in one.name.casefold().split("_")]


@functools.cache
def _words(lang: str, table: str) -> Mapping[str, tuple[_Word, ...]]:
    """Return a language's words of a table by the first token, the longest first."""
    found: dict[str, list[_Word]] = {}
    for value, cell in languages()[lang].get("seen", {}).get(table, {}).items():
        for said in words_of(cell):
            words = split_words(said)
            found.setdefault(words[0], []).append(_Word(words, value))
    return {
        key: tuple(sorted(rows, key=lambda one: -len(one.words)))
        for key, rows in found.items()
    }
