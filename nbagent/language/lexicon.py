"""The words of every language that is read, as one lexicon.

A language is one file of `lang/`: tables of plain words, read once, when the first turn
is. `Rot~` stands for the word and its endings, which the file lists.
"""

from __future__ import annotations

import functools
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from importlib import resources
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from nbagent.language.tokens import fold, script, tokens

ENDING: Final = "~"


class Entry(NamedTuple):
    """A word or phrase, and what it stands for in one language.

    Attributes:
        words: Its tokens.
        table: The table of the file that has it, such as `colors`.
        value: The key in that table, such as `red`.
        lang: The language's file.
    """

    words: tuple[str, ...]
    table: str
    value: str
    lang: str


@functools.cache
def languages() -> Mapping[str, Mapping[str, Any]]:
    """Return what the files hold, by the language's name."""
    folder = resources.files("nbagent.language").joinpath("lang")
    files = sorted(folder.iterdir(), key=lambda file: file.name)
    return MappingProxyType(
        {
            file.name.removesuffix(".toml"): tomllib.loads(
                file.read_text(encoding="utf-8")
            )
            for file in files
            if file.name.endswith(".toml")
        }
    )


@functools.cache
def lexicon() -> Mapping[str, tuple[Entry, ...]]:
    """Return every entry by its first token, the longest first."""
    found: defaultdict[str, list[Entry]] = defaultdict(list)
    for lang in languages():
        for entry in _entries(lang):
            found[entry.words[0]].append(entry)
    return MappingProxyType(
        {
            first: tuple(sorted(entries, key=lambda e: -len(e.words)))
            for first, entries in found.items()
        }
    )


def words_of(text: str) -> list[str]:
    """List the phrases of a cell of a table."""
    return [word for cell in text.split(",") if (word := cell.strip())]


def is_small(text: str, lang: str = "") -> bool:
    """Return whether words say nothing by themselves: "the", "from"; or there are none.

    Args:
        text: The words.
        lang: In which they are said, if that is known: "hat" is small in German alone.
    """
    return all(word in small_words(lang) for word in text.lower().split())


@functools.cache
def small_words(lang: str = "") -> frozenset[str]:
    """Return the words of a language, or of all, that stand in texts about anything."""
    read = [languages()[lang]] if lang else languages().values()
    lists = (words_of(data["markers"]) for data in read)
    return frozenset(word for words in lists for word in words)


def split_words(phrase: str) -> tuple[str, ...]:
    """Return a phrase's tokens; what is letters alone is split without reading it."""
    plain = "".join(map(fold, phrase))
    letters = plain.replace(" ", "")
    if letters.isalpha():
        if letters.isascii():
            return tuple(plain.split())
        if all(map(script, letters)):
            return tuple(letters)
    return tuple(token.text for token in tokens(phrase))


def _entries(lang: str) -> Iterator[Entry]:
    data = languages()[lang]
    endings = words_of(data.get("endings", ""))
    for table, rows in data.items():
        if not isinstance(rows, dict):
            continue
        for value, cell in rows.items():
            if not isinstance(cell, str):
                continue
            for phrase in words_of(cell):
                for form in _forms(phrase, endings):
                    if split := split_words(form):
                        yield Entry(split, table, value, lang)


def _forms(phrase: str, endings: list[str]) -> list[str]:
    if ENDING not in phrase:
        return [phrase]
    forms = [""]
    for part in phrase.split(" "):
        stem = part.rstrip(ENDING)
        tails = ["", *endings] if stem != part else [""]
        forms = [f"{form} {stem}{tail}".strip() for form in forms for tail in tails]
    return forms
