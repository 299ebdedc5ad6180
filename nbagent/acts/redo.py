"""A part anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from nbagent.acts.base import Act, Does


@dataclass(frozen=True, slots=True, kw_only=True)
class Redo(Act):
    """Make it, or only a part of it, anew from a different seed."""

    kind: ClassVar[str] = "redo"
    does: ClassVar[Does] = "held"
    renews: ClassVar[bool] = True
    summary: ClassVar[str] = "Makes one part anew; the rest stays as it is."
    examples: ClassVar[tuple[str, ...]] = ("redo the last second", "redo the left half")
    strength: ClassVar[float] = 1.0

    def says(self) -> str:
        """Say so."""
        return "made anew"
