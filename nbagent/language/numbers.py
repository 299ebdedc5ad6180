"""Numbers of a text, in digits and in the words of nine languages.

European words are read by text2num. Chinese, Japanese and Korean numerals are built the
same way, of digits and powers of ten, so one reader does for their three tables: the
package for Chinese, cn2an, reads neither of the other two and puts folders named `build`
and `example` among the installed packages.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from text_to_num import find_numbers

from nbagent.language.lexicon import languages, lexicon, words_of
from nbagent.language.tokens import Token, script

_SHORTEST: Final = 3
"""Letters of a number's word, of those that are one thing alone."""
LONGEST: Final = 15
"""Digits: what is longer is a name."""

_POINTS: Final = frozenset("・点點")  # between a numeral and its decimals


@dataclass(frozen=True, slots=True)
class Number:
    """A number that begins at a token.

    Attributes:
        end: The token after it.
        value: How much it is.
        is_weak: Whether it may as well be no number: one letter, or an article.
        is_ordinal: Whether it is a place in an order.
    """

    end: int
    value: float
    is_weak: bool = False
    is_ordinal: bool = False


def numbers(
    found: Sequence[Token], lang: str, sure: frozenset[str]
) -> dict[int, Number]:
    """Return the numbers of a text's tokens by the token where they begin.

    Args:
        found: The tokens.
        lang: The language in which the text seems to be; its words go before others'.
        sure: The languages that are read alone; none are all.
    """
    read: dict[int, Number] = {}
    for at, token in enumerate(found):
        if token.kind == "digits" and not _continues(found, at):
            read[at] = _in_digits(found, at)
        elif token.kind == "letter" and (numeral := _numeral(found, at)):
            if not _is_behind_point(found, at):
                read[at] = _with_decimals(found, at, numeral)
        elif token.kind == "word" and (known := _listed(found, at)):
            read[at] = known
    if any(token.kind == "word" for token in found):
        _in_words(found, lang, sure, read)
    return read


def _continues(found: Sequence[Token], at: int) -> bool:
    """Return whether digits are those behind a point."""
    return (
        at > 1
        and found[at].is_glued
        and found[at - 1].raw in ".,"
        and found[at - 1].is_glued
        and found[at - 2].kind == "digits"
    )


def _in_digits(found: Sequence[Token], at: int) -> Number:
    """Read "2", "2.5", "2,5", "1,080"."""
    text, end = found[at].text[:LONGEST], at + 1
    is_point = end + 1 < len(found) and found[end].raw in ".," and found[end].is_glued
    if is_point and found[end + 1].kind == "digits" and found[end + 1].is_glued:
        behind = found[end + 1].text[:LONGEST]
        is_thousands = found[end].text == "," and len(behind) == 3 and text[0] != "0"
        text = text + behind if is_thousands else f"{text}.{behind}"
        end += 2
    return Number(end, float(text))


def _listed(found: Sequence[Token], at: int) -> Number | None:
    """Read what the language files list, such as "anderthalb"."""
    for entry in lexicon().get(found[at].text, ()):
        end = at + len(entry.words)
        if entry.table == "numbers" and entry.words == tuple(
            token.text for token in found[at:end]
        ):
            return Number(end, float(entry.value), is_weak=_is_one_letter(entry.words))
    return None


def _is_one_letter(words: Sequence[str]) -> bool:
    return len(words) == 1 and script(words[0][0]) != ""


@functools.cache
def _numerals() -> dict[str, tuple[str, float]]:
    """Return the letters of numerals, each a `digits` or a `powers` with its value."""
    return {
        letter: (table, float(value))
        for data in languages().values()
        for table in ("digits", "powers")
        for value, cell in data.get("numerals", {}).get(table, {}).items()
        for letter in words_of(cell)
    }


def _numeral(found: Sequence[Token], at: int) -> Number | None:
    """Read "二十五", "이십오" or "百二十"; native Korean words are listed."""
    total = block = 0.0
    digit: float | None = None
    run: list[float] = []
    end = at
    while end < min(len(found), at + LONGEST) and (end == at or found[end].is_glued):
        table, value = _numerals().get(found[end].text, ("", 0.0))
        if not table:
            break
        if table == "digits":
            run.append(value)
            digit = value
        elif value >= 10_000:
            total, block = total + (block + (digit or 0)) * value, 0.0
            digit = None
        else:
            block += (1 if digit is None else digit) * value
            digit = None
        end += 1
    listed = _listed(found, at)
    if listed and listed.end > end:
        return listed
    if end == at:
        return None
    if len(run) == end - at == 2 and run[0] + 1 == run[1]:  # "seven or eight": 七八
        return Number(end, run[1])
    if len(run) == end - at > 1:  # digits alone, as of a year: 二〇二六
        return Number(end, float("".join(f"{n:.0f}" for n in run)))
    return Number(end, total + block + (digit or 0), is_weak=end == at + 1)


def _is_behind_point(found: Sequence[Token], at: int) -> bool:
    """Return whether a numeral is the decimals of one before it."""
    return (
        at > 1
        and found[at - 1].raw in _POINTS
        and found[at].is_glued
        and found[at - 2].text in _numerals()
    )


def _with_decimals(found: Sequence[Token], at: int, whole: Number) -> Number:
    """Read "一・五" on behind its point."""
    end = whole.end
    if end >= len(found) or found[end].raw not in _POINTS or not found[end].is_glued:
        return whole
    digits = ""
    for token in found[end + 1 : at + LONGEST]:
        table, value = _numerals().get(token.text, ("", 0.0))
        if table != "digits" or not token.is_glued:
            break
        digits += f"{value:.0f}"
    if not digits:
        return whole
    return Number(end + 1 + len(digits), float(f"{whole.value:.0f}.{digits}"))


@dataclass(slots=True)
class _Word:
    """A token as text2num takes it."""

    token: Token

    def text(self) -> str:
        return self.token.raw if self.token.kind == "word" else "|"

    def nt_separated(self, _previous: _Word) -> bool:
        return False

    def not_a_number_part(self) -> bool:
        return False


def _in_words(
    found: Sequence[Token], lang: str, sure: frozenset[str], read: dict[int, Number]
) -> None:
    words = [_Word(token) for token in found]
    taken = {at for start, one in read.items() for at in range(start, one.end)}
    heard = [
        (one.start - one.end, code != lang, one)
        for code in _by_library()
        if not sure or code in sure
        for one in find_numbers(words, code, threshold=0.0)
    ]
    for _, _, one in sorted(heard, key=lambda one: one[:2]):
        place = range(one.start, one.end)
        is_letter = len(found[one.start].text) < _SHORTEST  # "o" is a zero on the phone
        if is_letter or not taken.isdisjoint(place):
            continue
        taken.update(place)
        is_weak = one.value <= 1 and not one.is_ordinal
        read[one.start] = Number(one.end, one.value, is_weak, one.is_ordinal)


@functools.cache
def _by_library() -> tuple[str, ...]:
    """Return the languages whose words text2num reads."""
    read = []
    for lang in languages():
        try:
            find_numbers([], lang)
        except ValueError:
            continue
        read.append(lang)
    return tuple(read)
