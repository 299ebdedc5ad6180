"""What stands at each place of a text: words of the lexicon, and numbers.

The rules of the grammar are asked at every token; they look at the chart and say how far
they reach.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from nbagent.language.guess import certain, language
from nbagent.language.lexicon import lexicon
from nbagent.language.numbers import Number, numbers
from nbagent.language.tokens import Token, script, tokens

_NARROW: Final = frozenset(("colors", "shades", "ordinals", "pace", "ratios"))
"""Tables of words that are other words in other languages: "rame", "quarto", "ner"."""


class Match(NamedTuple):
    """An entry that was found.

    Attributes:
        end: The token after it.
        value: Its key in its table.
        langs: The languages that have it.
    """

    end: int
    value: str
    langs: frozenset[str]


@dataclass(slots=True)
class Chart:
    """The places of a text, each a token.

    Attributes:
        text: As given.
        tokens: Its tokens.
        words: At each token, by table, what of the lexicon begins there; the longest
            first.
        numbers: The numbers that begin at a token.
    """

    text: str
    tokens: list[Token]
    words: list[dict[str, list[Match]]]
    numbers: dict[int, Number]

    @classmethod
    def of(cls, text: str, lang: str) -> Chart:
        """Look a text up, of which it is guessed that it is in a language."""
        found = tokens(text)
        sure = certain(text)
        texts = [token.text for token in found]
        words = [_looked_up(texts, at, lang, sure) for at in range(len(found))]
        return cls(text, found, words, numbers(found, lang, sure))

    def get(self, at: int, table: str, *values: str) -> Match | None:
        """Return the longest match of a table at a token, of one of these values."""
        if at >= len(self.tokens):
            return None
        here = self.words[at]
        longest = here["other"][0].end if "other" in here else 0
        for match in here.get(table, ()):
            if (not values or match.value in values) and match.end >= longest:
                return match
        return None

    def skip(self, at: int, table: str, *values: str) -> int:
        """Return the token after a match, or this one if there is none."""
        match = self.get(at, table, *values)
        return match.end if match else at

    def follows(self, at: int, table: str, *values: str) -> bool:
        """Return whether a match of a table ends right before a token."""
        return any(
            match.end == at and (not values or match.value in values)
            for start in range(max(at - 3, 0), at)
            for match in self.words[start].get(table, ())
        )

    def is_sign(self, at: int, signs: str) -> bool:
        """Return whether one of these signs stands there."""
        return at < len(self.tokens) and self.tokens[at].text in signs

    def is_glued(self, at: int) -> bool:
        """Return whether a token follows on the one before without a space."""
        return 0 < at < len(self.tokens) and self.tokens[at].is_glued

    def is_inside(self, at: int) -> bool:
        """Return whether a place is within a word, where no rule begins."""
        if not self.is_glued(at):
            return False
        here, before = self.tokens[at], self.tokens[at - 1]
        if here.kind == "letter" == before.kind:
            return script(here.text[0]) == script(before.text[0]) == "hangul"
        return here.kind == "digits" and before.kind == "word"

    def gap(self, at: int) -> str:
        """Return what stands between a token and the one before it."""
        return self.text[self.tokens[at - 1].end : self.tokens[at].start] if at else ""


def listed(text: str, table: str) -> Iterator[tuple[int, Match]]:
    """Yield what a table of the lexicon has of a text, and at which tokens."""
    chart = Chart.of(text, language(text))
    for at in range(len(chart.tokens)):
        if not chart.is_inside(at) and (match := chart.get(at, table)):
            yield at, match


def _looked_up(
    texts: list[str], at: int, lang: str, sure: frozenset[str]
) -> dict[str, list[Match]]:
    here: defaultdict[str, list[Match]] = defaultdict(list)
    for entry in lexicon().get(texts[at], ()):
        end = at + len(entry.words)
        if tuple(texts[at:end]) != entry.words:
            continue
        if entry.table == "other" and entry.lang != lang:
            continue
        if sure and entry.table in _NARROW and entry.lang not in sure:
            continue
        matches = here[entry.table]
        for i, known in enumerate(matches):
            if known.end == end and known.value == entry.value:
                matches[i] = known._replace(langs=known.langs | {entry.lang})
                break
        else:
            matches.append(Match(end, entry.value, frozenset({entry.lang})))
    return here
