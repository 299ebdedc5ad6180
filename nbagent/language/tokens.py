"""A text as tokens: folded words, digits and signs, each with its place in the text.

Folding makes one of what people type for the same: "über", "UBER" and its full-width
form. Words of scripts without spaces are given letter by letter.
"""

from __future__ import annotations

import functools
import unicodedata
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["word", "digits", "letter", "sign"]
_SAME: Final = str.maketrans("\u2018\u2019`\u00b4\u2212\u3010\u3011", "''''-[]")
_MARKS: Final = frozenset("-'")


@dataclass(slots=True)
class Token:
    """A word, a run of digits, one letter of a script without spaces, or a sign.

    Attributes:
        start: Where it begins in the text.
        end: Where it ends.
        text: As lexica have it: lower case, without accents.
        raw: In lower case, with accents.
        is_glued: Whether nothing stands between it and the token before.
    """

    start: int
    end: int
    text: str
    raw: str
    kind: Kind
    is_glued: bool


@functools.cache
def fold(char: str) -> str:
    """Return what a letter is compared as; of "ß" two letters."""
    if unicodedata.category(char) == "Pd":
        return "-"
    same = char.translate(_SAME)
    plain = unicodedata.normalize("NFKC", same).casefold() or " "
    if all(ord(c) < 0x0250 or 0x1E00 <= ord(c) < 0x1F00 for c in plain):
        apart = unicodedata.normalize("NFD", plain)
        return "".join(c for c in apart if not unicodedata.combining(c))
    return "" if unicodedata.combining(char) else plain


@functools.cache
def script(char: str) -> str:
    """Return `hangul`, `kana` or `han` for a letter of those; otherwise nothing."""
    code = ord(char)
    if 0xAC00 <= code < 0xD7A4 or 0x1100 <= code < 0x1200 or 0x3130 <= code < 0x3190:
        return "hangul"
    if 0x3040 <= code < 0x3100 and char != "・":
        return "kana"
    return "han" if 0x3400 <= code < 0xA000 or char in "々〇" else ""


def tokens(text: str) -> list[Token]:
    """Split a text.

    A hyphen between letters is no token: "twenty-five" is two words, "3-5" three tokens.
    """
    found: list[Token] = []
    is_open = False  # whether the next letter may continue the last token
    gap = True
    for at, char in enumerate(text):
        plain = fold(char)
        kind = _kind(plain) if plain else None
        if kind is None:  # a space, or an accent that stands for itself
            if not plain and found and not gap:
                found[-1].end, found[-1].raw = at + 1, found[-1].raw + char
                continue
            is_open, gap = False, True
            continue
        last = found[-1] if found else None
        if is_open and last and last.kind == kind and kind in ("word", "digits"):
            last.end, last.text = at + 1, last.text + plain
            last.raw += char.lower()
        else:
            found.append(Token(at, at + 1, plain, char.lower(), kind, not gap))
        is_open, gap = True, False
    return _without_hyphens(found)


def _kind(plain: str) -> Kind | None:
    if plain.isspace():
        return None
    if plain.isdecimal():
        return "digits"
    if script(plain[0]):
        return "letter"
    return "word" if plain.isalpha() or plain == "_" else "sign"


def _without_hyphens(found: list[Token]) -> list[Token]:
    kept: list[Token] = []
    for at, token in enumerate(found):
        follows = found[at + 1] if at + 1 < len(found) else None
        is_inside = token.text in _MARKS and token.is_glued and follows
        if is_inside and follows and follows.is_glued and follows.kind != "digits":
            follows.is_glued = False
            continue
        kept.append(token)
    return kept
