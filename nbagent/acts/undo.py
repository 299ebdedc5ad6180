"""Back to an earlier version, and forth again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from nbagent.acts.base import Act, Arg, Cost, Does, named
from nbagent.errors import SpecError


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo(Act):
    """Undo the last change, go back to a version, or redo a change."""

    kind: ClassVar[str] = "undo"
    does: ClassVar[Does] = "timeline"
    cost: ClassVar[Cost] = "nothing"
    summary: ClassVar[str] = (
        "Takes the last change back, redoes it, or goes back to a version."
    )
    examples: ClassVar[tuple[str, ...]] = ("undo", "redo", "back to c1")
    parts: ClassVar[tuple[()]] = ()

    to: Annotated[str, Arg("the version; the previous one if left out")] = ""
    redo: Annotated[bool, Arg("true to bring back what was undone")] = False

    def check(self) -> None:
        """Refuse to go back and forth at once.

        Raises:
            SpecError: If a version is named that is redone.
        """
        if self.redo and self.to:
            raise SpecError(
                f"redo repeats the last undone change, not {named(self.to)}: leave"
                " the name out, or go back to that version"
            )

    def says(self) -> str:
        """Say which version."""
        if self.redo:
            return "what was undone, redone"
        return f"back to {named(self.to) or 'the version before'}"
