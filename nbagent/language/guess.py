"""A cheap guess of the language of a text, by its script and its small words."""

from __future__ import annotations

import functools
from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import zip_longest
from types import MappingProxyType
from typing import Final

from nbagent.language.lexicon import languages, words_of
from nbagent.language.tokens import script, tokens

DEFAULT: Final = "en"
_BY_SCRIPT: Final = ("hangul", "kana", "han")
"""Kana before Han: a Japanese text has both."""


@functools.lru_cache(maxsize=64)
def language(text: str) -> str:
    """Return the name of the language file that a text is closest to.

    >>> language("ein Hund am Strand"), language("浜辺の犬"), language("海滩上的狗")
    ('de', 'ja', 'zh')
    """
    found = tokens(text)
    scripts = Counter(script(t.text[0]) for t in found if t.kind == "letter")
    for name in _BY_SCRIPT:
        if scripts[name] > len(found) / 8:
            return _markers().get(name, (DEFAULT,))[0]
    votes: defaultdict[str, float] = defaultdict(float)
    for token, follows in zip_longest(found, found[1:]):
        is_name = follows and follows.is_glued and follows.kind == "digits"
        langs = () if is_name else _markers().get(token.text, ())
        for lang in langs:
            votes[lang] += 1 / len(langs)
        for letter in token.raw:
            if langs := _markers().get(letter if not letter.isascii() else "", ()):
                for lang in langs:
                    votes[lang] += 1 / len(langs)
    best = max(votes.values(), default=0.0)
    return next((lang for lang, n in votes.items() if n == best), DEFAULT)


@functools.cache
def _markers() -> Mapping[str, tuple[str, ...]]:
    """Return the languages by what tells of them: a script, a word, a letter."""
    found: dict[str, tuple[str, ...]] = {}
    for lang, data in languages().items():
        for word in words_of(data["markers"]):
            key = word if len(word) == 1 else "".join(t.text for t in tokens(word))
            found[key] = (*found.get(key, ()), lang)
    return MappingProxyType(found)
