"""A line as people bring it: typed, pasted from a page, or put right by a word processor.

Dashes come longer than they were typed, quotes curly, spaces that do not break or cannot
be seen, and a comment stands behind it all. Only what stands around the words is read
here; the words themselves are left as they are.
"""

from __future__ import annotations

import re
from typing import Final

from nbagent.errors import SpecError

# Hyphens, dashes, minus signs and bars, in all widths: any of them is what became of "-".
DASH: Final = (
    r"\-\u00ad\u2010-\u2015\u2212\u2e3a\u2e3b\u2500\u30fc\ufe58\ufe63\uff0d\uff70"
)
# No width, no meaning at the edge of a word; inside of words some scripts need them.
UNSEEN: Final = r"\u200b-\u200f\u2060\ufeff"

_DASHES = re.compile(f"[{DASH}]")
_UNSEEN = re.compile(f"[{UNSEEN}]")
_EDGES = re.compile(rf"\A[\s{UNSEEN}]+|[\s{UNSEEN}]+\Z")

_DOUBLE = '"\u201c\u201d\u201e\u201f\u00ab\u00bb\u300c\u300d\uff02'
_SINGLE = "'\u2018\u2019\u201a\u201b\u2039\u203a\uff07"
# In quotes, or up to the next space. An apostrophe is no quote: one opens at the
# beginning of a word and closes at the end of one.
_VALUE = re.compile(
    rf"[{_DOUBLE}]([^{_DOUBLE}]*)[{_DOUBLE}]|[{_SINGLE}]([^{_SINGLE}]*)[{_SINGLE}](?!\S)|(\S+)"
)
_QUOTED = re.compile(
    rf"(?<!\S)(?:[{_DOUBLE}][^{_DOUBLE}]*[{_DOUBLE}]|[{_SINGLE}][^{_SINGLE}]*[{_SINGLE}](?!\S))"
)
_COMMENT = re.compile(rf"{_QUOTED.pattern}|(?<!\S)(#+(?!\S).*)")


def strip(text: str) -> str:
    """Return a text without the spaces around it, those included that nobody sees."""
    return _EDGES.sub("", text)


def without_comment(line: str) -> str:
    """Return a line without the comment behind it.

    `#` begins one where it stands alone, outside of quotes.

    >>> without_comment("a #1 fan in C# minor  # -> clip c1")
    'a #1 fan in C# minor'
    """
    if "\n" in line:  # a text of several lines may have headings
        return line
    return strip(_COMMENT.sub(lambda found: "" if found[1] else found[0], line))


def blank_quoted(text: str) -> str:
    """Return a text as long, with nothing in what stands in quotes."""
    return _QUOTED.sub(lambda found: "\0" * len(found[0]), text)


def ascii_name(text: str) -> str:
    r"""Return a name of letters and dashes as it is meant, in small letters.

    >>> ascii_name("Dry\u2011Run"), ascii_name("\uff33eed")
    ('dry-run', 'seed')
    """
    return ascii_value(_UNSEEN.sub("", text)).lower()


def ascii_value(text: str) -> str:
    r"""Return a number, size or span as it would be typed on a keyboard.

    >>> ascii_value("\u22125"), ascii_value("96×64")
    ('-5', '96x64')
    """
    import unicodedata

    text = unicodedata.normalize("NFKC", _UNSEEN.sub("", text))
    return _DASHES.sub("-", text).replace("×", "x")


def take_value(text: str) -> tuple[str, str] | None:
    """Split a value from the beginning of a text, out of its quotes if it has any.

    Returns:
        The value and what follows it; None if there is none.
    """
    text = _EDGES.sub("", text)
    found = _VALUE.match(text)
    if found is None:
        return None
    value = next(group for group in found.groups() if group is not None)
    return value, text[found.end() :]


def split(line: str) -> list[str]:
    r"""Split a line into words; in quotes, or with `\ `, a word may have spaces.

    >>> split('save c1 "my film.mp4"'), split("conversation the dog's film")
    (['save', 'c1', 'my film.mp4'], ['conversation', 'the', "dog's", 'film'])

    Raises:
        SpecError: If a quote is not closed.
    """
    words, rest = [], strip(without_comment(line)).replace("\\ ", "\0")
    while taken := take_value(rest):
        word, rest = taken
        if word[0:1] in tuple(_DOUBLE):
            raise SpecError(
                f"the command line cannot be read: close the quote of {word!r}"
            )
        words.append(word.replace("\0", " "))
    return words
