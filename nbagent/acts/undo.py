"""Back to an earlier version, and forth again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from nbagent.acts.base import Act, Arg, Cost, Does, named
from nbagent.errors import SpecError


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo(Act):
    """Take the last change back, go back to a version, or make a change again."""

    kind: ClassVar[str] = "undo"
    does: ClassVar[Does] = "timeline"
    cost: ClassVar[Cost] = "nothing"
    summary: ClassVar[str] = (
        "The last change taken back, or redone; or a version again."
    )
    examples: ClassVar[tuple[str, ...]] = ("undo", "redo", "back to c1")
    parts: ClassVar[tuple[()]] = ()

    to: Annotated[str, Arg("the version; the one before if left out")] = ""
    redo: Annotated[bool, Arg("true if what was undone is to be there again")] = False

    def check(self) -> None:
        """Refuse to go back and forth at once.

        Raises:
            SpecError: If a version is named that is redone.
        """
        if self.redo and self.to:
            raise SpecError(
                f"redo makes the last undone change again, not {named(self.to)}: leave"
                " the name out, or go back to that version"
            )

    def says(self) -> str:
        """Say which version."""
        if self.redo:
            return "what was undone, again"
        return f"back to {named(self.to) or 'the version before'}"
