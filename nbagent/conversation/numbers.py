"""Numbers as people write them, in five languages: "2.5", "two", "두", "两", "zwei"."""

from __future__ import annotations

import re
from typing import Final

_WORDS: Final[dict[str, float]] = {
    "half a": 0.5,
    "half": 0.5,
    "a couple of": 2,
    "a couple": 2,
    "one and a half": 1.5,
    "two and a half": 2.5,
    **dict.fromkeys(("one", "uno", "una", "un", "ein", "eine", "einen", "einer"), 1),
    **dict.fromkeys(("two", "dos", "zwei"), 2),
    **dict.fromkeys(("three", "tres", "drei"), 3),
    **dict.fromkeys(("four", "cuatro", "vier"), 4),
    **dict.fromkeys(("five", "cinco", "fünf"), 5),
    **dict.fromkeys(("six", "seis", "sechs"), 6),
    **dict.fromkeys(("seven", "siete", "sieben"), 7),
    **dict.fromkeys(("eight", "ocho", "acht"), 8),
    **dict.fromkeys(("nine", "nueve", "neun"), 9),
    **dict.fromkeys(("ten", "diez", "zehn"), 10),
    **dict.fromkeys(("eleven", "once", "elf"), 11),
    **dict.fromkeys(("twelve", "doce", "zwölf"), 12),
    "fifteen": 15,
    "quince": 15,
    "fünfzehn": 15,
    "twenty": 20,
    "veinte": 20,
    "zwanzig": 20,
    "thirty": 30,
    "treinta": 30,
    "dreißig": 30,
    "sixty": 60,
    "anderthalb": 1.5,
    "eineinhalb": 1.5,
}
_CJK: Final[dict[str, float]] = {
    **dict.fromkeys(("한", "하나", "일", "一", "1"), 1),
    **dict.fromkeys(("두", "둘", "이", "两", "二"), 2),
    **dict.fromkeys(("세", "셋", "삼", "三"), 3),
    **dict.fromkeys(("네", "넷", "사", "四"), 4),
    **dict.fromkeys(("다섯", "오", "五"), 5),
    **dict.fromkeys(("여섯", "육", "六"), 6),
    **dict.fromkeys(("일곱", "칠", "七"), 7),
    **dict.fromkeys(("여덟", "팔", "八"), 8),
    **dict.fromkeys(("아홉", "구", "九"), 9),
    **dict.fromkeys(("열", "십", "十"), 10),
    "半": 0.5,
    "반": 0.5,
}


def _alternatives(words: dict[str, float]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_KO_LETTERS: Final = "".join(w for w in _CJK if len(w) == 1 and "가" <= w <= "힣")
_CJK_FREE: Final = {w: n for w, n in _CJK.items() if w not in _KO_LETTERS}

# One group-free pattern; use inside f"({NUMBER})". Latin words need a boundary.
NUMBER: Final = (
    rf"(?:(?<!\d)\d+(?:[.,]\d+)?|\b(?:{_alternatives(_WORDS)})\b"
    # Sino-Korean digits are parts of other words: not after a letter.
    rf"|(?:(?<![가-힣])[{_KO_LETTERS}]|{_alternatives(_CJK_FREE)}))"
)


def to_number(text: str) -> float:
    """Read what `NUMBER` matched.

    >>> to_number("2,5"), to_number("two"), to_number("두")
    (2.5, 2, 2)
    """
    text = text.strip().lower()
    if text in _WORDS:
        return _WORDS[text]
    if text in _CJK:
        return _CJK[text]
    value = float(text.replace(",", "."))
    return int(value) if value.is_integer() else value
