"""Back to an earlier version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from nbagent.acts.base import Act, Arg, Cost, Does, named


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo(Act):
    """Go back to an earlier version."""

    kind: ClassVar[str] = "undo"
    does: ClassVar[Does] = "timeline"
    cost: ClassVar[Cost] = "nothing"
    summary: ClassVar[str] = "Back to an earlier version."
    examples: ClassVar[tuple[str, ...]] = ("go back", "back to c1")
    parts: ClassVar[tuple[()]] = ()

    to: Annotated[str, Arg("the version; the one before if left out")] = ""

    def says(self) -> str:
        """Say which version."""
        return f"back to {named(self.to) or 'the version before'}"
