"""Slips of typing in a turn about data, put right before anybody reads it.

A word is taken for a slip if it is a word of the lists, or of the tables' own names, with
letters turned or lost, and no common word itself: those are in the lists of other things,
or the reader's vocabulary has them in one piece.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from nbagent.charts.names import words
from nbagent.charts.table import Table
from nbagent.language.guess import DEFAULT, language
from nbagent.language.lexicon import lexicon, small_words
from nbagent.language.pieces import Piece
from nbagent.language.quotes import quoted
from nbagent.language.tokens import Token, script, tokens

_LISTS: Final = ("data_", "units")  # what the tables of words begin with
_LEAST: Final = 4  # letters of a word that can be told
_MOST: Final = 500  # values of a column that can be meant
_NAMES: Final = "_@$#"  # beside these a word is a part of a name


@dataclass(frozen=True, slots=True)
class Slip:
    """A word that was put right: where it stands now, and as it was typed."""

    start: int
    end: int
    typed: str


@dataclass(frozen=True, slots=True)
class Righted:
    """A turn without its slips.

    Attributes:
        text: The turn.
        slips: What was put right in it, in order.
    """

    text: str
    slips: tuple[Slip, ...] = ()

    def typed(self, start: int, end: int) -> str:
        """Return the words from a place to another as they were typed."""
        found, at = "", start
        for slip in self.slips:
            if start <= slip.start and slip.end <= end:
                found += self.text[at : slip.start] + slip.typed
                at = slip.end
        return found + self.text[at:end]


def righted(
    text: str,
    names: Iterable[str],
    tables: Iterable[Table],
    pieces: Callable[[str], Sequence[Piece]],
) -> Righted:
    """Return a turn whose slips are put right.

    Args:
        text: As it was typed.
        names: Of variables.
        tables: What it may be about.
        pieces: Splits words by the reader's vocabulary.
    """
    own = _Near(_named(names, tables))
    listed = _listed(language(text))
    quotes = quoted(text)
    done, at, slips = "", 0, list[Slip]()
    for token in tokens(text):
        is_quoted = any(one.start <= token.start < one.end for one in quotes)
        if is_quoted or not _may_slip(token, text):
            continue
        said = token.text
        if said in own or said in _known():
            continue
        found = own.nearest(said) or listed.nearest(said)
        # The marks of begin and end stand around the pieces.
        if not found or len(pieces(text[token.start : token.end])) <= len("<x>"):
            continue
        done += text[at : token.start]
        slips.append(
            Slip(len(done), len(done) + len(found), text[token.start : token.end])
        )
        done, at = done + found, token.end
    return Righted(done + text[at:], tuple(slips))


def _may_slip(token: Token, text: str) -> bool:
    beside = text[token.start - 1 : token.start] + text[token.end : token.end + 1]
    return (
        token.kind == "word"
        and len(token.text) >= _LEAST
        and token.text.isalpha()
        and not any(map(script, token.text))
        and not any(char in _NAMES for char in beside)
    )


class _Near:
    """Words, and how each is mistyped."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self._known = known
        self._slips: dict[str, set[str]] = defaultdict(set)
        for word in known:
            for slip in _slips(word):
                self._slips[slip].add(word)

    def __contains__(self, said: str) -> bool:
        return said in self._known

    def nearest(self, said: str) -> str:
        """Return the one word that is mistyped so; nothing if there is none, or several."""
        found = self._slips.get(said, ())
        turned = {word for word in found if sorted(word) == sorted(said)}
        found = turned or found  # two letters that changed places are the likeliest
        return self._known[next(iter(found))] if len(found) == 1 else ""


def _slips(word: str) -> Iterator[str]:
    """Yield a word with two letters turned, one inside left out, or one typed twice.

    An ending more or less, and one letter for another, are other words too often.
    """
    for i in range(len(word) - 1):
        if word[i] != word[i + 1]:
            yield word[:i] + word[i + 1] + word[i] + word[i + 2 :]
    for i in range(1, len(word) - 1):
        yield word[:i] + word[i + 1 :]
    for i in range(len(word)):
        yield word[: i + 1] + word[i:]


def _named(names: Iterable[str], tables: Iterable[Table]) -> dict[str, str]:
    """Return the words of the tables' own names, by how they are folded."""
    said = list(names)
    for table in tables:
        for column in table.columns:
            said.append(column.name.replace("_", " "))
            said += words(column)[:_MOST] if column.kind == "text" else ()
    found: dict[str, str] = {}
    for one in said:
        for token in tokens(one):
            if token.kind == "word" and len(token.text) >= _LEAST:
                found.setdefault(token.text, one[token.start : token.end])
                found.setdefault(f"{token.text}s", f"{one[token.start : token.end]}s")
    return found


@functools.cache
def _listed(lang: str) -> _Near:
    """Return the words of the lists about data, of a language and of English."""
    return _Near(
        {
            word: word
            for entries in lexicon().values()
            for entry in entries
            # People type English among words of their own language.
            if entry.table.startswith(_LISTS) and entry.lang in (lang, DEFAULT)
            for word in entry.words
            if len(word) >= _LEAST and word.isalpha()
        }
    )


@functools.cache
def _known() -> frozenset[str]:
    """Return every word of the lists, whatever they are about."""
    listed = (word for rows in lexicon().values() for one in rows for word in one.words)
    return frozenset(listed) | small_words()
