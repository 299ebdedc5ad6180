"""Texts in quotes, whatever kind of quotes a language or a keyboard has.

>>> [one.text for one in quoted("title 'Don't panic' and „Ebbe“")]
["Don't panic", 'Ebbe']
"""

from __future__ import annotations

from typing import Final, NamedTuple

_QUOTES: Final = {
    '"': '"',
    "“": '”"“',
    "„": '“”"',
    "”": "”",
    "«": "»",
    "»": "«",
    "‹": "›",
    "「": "」",
    "『": "』",
    "《": "》",
    "＂": "＂",
    "‘": "’",
    "'": "'",
}
_SINGLE: Final = "'‘"  # which may be apostrophes


class Quoted(NamedTuple):
    """A text in quotes: from and to, quotes included, and what stands between them."""

    start: int
    end: int
    text: str


def quoted(text: str) -> tuple[Quoted, ...]:
    """Return the texts in quotes, in order."""
    found, at = list[Quoted](), 0
    while at < len(text):
        closing = _QUOTES.get(text[at], "")
        is_inside = text[at] in _SINGLE and text[at - 1 : at].strip()
        end = _closed(text, at, closing) if closing and not is_inside else -1
        inner = text[at + 1 : end].strip() if end > 0 else ""
        if inner:
            found.append(Quoted(at, end + 1, inner))
        at = end + 1 if inner else at + 1
    return tuple(found)


def _closed(text: str, start: int, closing: str) -> int:
    """Return where a quote ends; an apostrophe within a word does not end one."""
    for at in range(start + 1, len(text)):
        if text[at] in closing:
            behind = text[at + 1 : at + 2]
            if text[at] not in "'’" or not behind.isalnum():
                return at
    return -1
