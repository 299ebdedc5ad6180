"""A part anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nbagent.acts.base import Act, Does


@dataclass(frozen=True, slots=True, kw_only=True)
class Redo(Act):
    """Make it anew, or a part of it alone, from another seed."""

    kind: ClassVar[str] = "redo"
    does: ClassVar[Does] = "held"
    renews: ClassVar[bool] = True
    summary: ClassVar[str] = "A part made anew, with nothing else changed."
    examples: ClassVar[tuple[str, ...]] = ("redo the last second", "redo the left half")
    strength: ClassVar[float] = 1.0

    def says(self) -> str:
        """Say so."""
        return "made anew"
