"""What a question offers: an actor of pocket's, or "said=column"."""

from __future__ import annotations

from typing import Final

from nbagent.pocket import vocabulary

IS: Final = "="
"""Stands between words and the column that they are said to mean."""


def is_offer(said: object) -> bool:
    """Return whether something is an actor, or what a column was called, and the column."""
    return said in vocabulary.ACTORS or (isinstance(said, str) and IS in said)


def option_of(offer: str) -> str:
    """Return the option that says what was chosen."""
    return "column" if IS in offer else "actor"


def label(offer: str) -> str:
    """Return what is chosen."""
    return offer.partition(IS)[2] or offer
