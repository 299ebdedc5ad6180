"""Words of a text that carry content, cut to stems so that their forms meet."""

from __future__ import annotations

import re
from typing import Final

STOP: Final = frozenset(
    "a an the of in on at to by from with over and or is are was were it its this that "
    "these those one ones clip video picture image take version make do let get have has "
    "into onto out up down off as for me my i you we us he she they him her them his "
    "please now then again still more less very so than too not no just can could would "
    "should what which how why when where who did does be been there here some any all "
    "both two three first second third last old new same different use go back like want "
    "look looks show need give add put turn change using again instead "
    "twice half double times".split()
)


def content_words(text: str) -> list[str]:
    """List the words that are not frame: no articles, pointers or requests."""
    return [w for w in re.findall(r"[^\W\d_]{2,}", text.lower()) if w not in STOP]


def stem(word: str) -> str:
    """Cut endings so that "lanterns", "running" and "run" meet."""
    for ending in ("ing", "ies", "es", "ed", "s", "y", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word


def stems(*texts: str) -> set[str]:
    """Return the stems of all content words of texts or names."""
    return {stem(w) for w in content_words(" ".join(texts).replace("_", " "))}
