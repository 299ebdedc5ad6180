"""Words of a text by where they stand, whatever they are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class Span(Protocol):
    """Words from a character to the one before another."""

    @property
    def start(self) -> int:
        """Where the first character stands."""
        ...

    @property
    def end(self) -> int:
        """Where the character behind the last one stands."""
        ...


def meets(one: Span, others: Iterable[Span]) -> bool:
    """Return whether words have a character in common with any of others."""
    return any(one.start < other.end and one.end > other.start for other in others)


def blanked(text: str, spans: Iterable[Span]) -> str:
    """Return a text with spaces in place of some words, so that the others stay in place."""
    for one in spans:
        text = f"{text[: one.start]}{' ' * (one.end - one.start)}{text[one.end :]}"
    return text
