"""A cheap guess of the language of a text, by its script and its small words."""

from __future__ import annotations

import functools
from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import zip_longest
from types import MappingProxyType
from typing import Final

from nbagent.language.lexicon import languages, lexicon, words_of
from nbagent.language.tokens import script, tokens

DEFAULT: Final = "en"
_BY_SCRIPT: Final = ("hangul", "kana", "han")
"""Kana before Han: a Japanese text has both."""
_OF_A_WORD: Final = 0.5
"""The weight of a word of the lists beside one of the small words."""
_CERTAIN: Final = 2.5
"""Votes, and how many times those of the next, that make a guess certain."""


@functools.lru_cache(maxsize=64)
def language(text: str) -> str:
    """Return the name of the language file that a text is closest to.

    >>> language("ein Hund am Strand"), language("浜辺の犬"), language("海滩上的狗")
    ('de', 'ja', 'zh')
    """
    votes = _votes(text)
    best = max(votes.values(), default=0.0)
    return next((lang for lang, n in votes.items() if n == best), DEFAULT)


def certain(text: str) -> frozenset[str]:
    """Return the languages whose words a text is read in; none if it is not clear.

    English belongs to every one of them: many type its words among their own.
    """
    votes = sorted(_votes(text).values(), reverse=True)
    if not votes or votes[0] < _CERTAIN or votes[0] < _CERTAIN * sum(votes[1:2]):
        return frozenset()
    return frozenset((language(text), DEFAULT))


@functools.lru_cache(maxsize=64)
def _votes(text: str) -> Mapping[str, float]:
    found = tokens(text)
    scripts = Counter(script(t.text[0]) for t in found if t.kind == "letter")
    for name in _BY_SCRIPT:
        if scripts[name] > len(found) / 8:
            return {lang: len(found) for lang in _markers().get(name, ())}
    votes: defaultdict[str, float] = defaultdict(float)
    for token, follows in zip_longest(found, found[1:]):
        if follows and follows.is_glued and follows.kind == "digits":
            continue  # "c1"
        for langs in (_markers().get(token.text, ()), _markers().get(token.raw, ())):
            _vote(votes, langs, 0.5)
        _vote(votes, _listing(token.text), _OF_A_WORD)
        for letter in token.raw:
            if not letter.isascii():
                _vote(votes, _markers().get(letter, ()), 1.0)
    return votes


def _vote(
    votes: defaultdict[str, float], langs: tuple[str, ...], weight: float
) -> None:
    for lang in langs:
        votes[lang] += weight / len(langs)


@functools.lru_cache(maxsize=1024)
def _listing(word: str) -> tuple[str, ...]:
    """Return the languages whose tables have a word."""
    entries = lexicon().get(word, ())
    known = {e.lang for e in entries if len(e.words) == 1 and e.table != "other"}
    return tuple(sorted(known))


@functools.cache
def _markers() -> Mapping[str, tuple[str, ...]]:
    """Return the languages by what tells of them: a script, a word, a letter.

    A word is there twice, with its accents and without: they count together.
    """
    found: defaultdict[str, set[str]] = defaultdict(set)
    for lang, data in languages().items():
        for word in words_of(data["markers"]):
            found[word].add(lang)
            if len(word) > 1:
                found["".join(t.text for t in tokens(word))].add(lang)
    return MappingProxyType({word: tuple(sorted(ls)) for word, ls in found.items()})
