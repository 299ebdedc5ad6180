"""Another subject or thing in the place of one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from nbagent.acts import sentence
from nbagent.acts.base import Act, Arg, Does
from nbagent.acts.shot import Shot


@dataclass(frozen=True, slots=True, kw_only=True)
class Replace(Act):
    """Replace a thing with something else."""

    kind: ClassVar[str] = "replace"
    does: ClassVar[Does] = "shot"
    summary: ClassVar[str] = "Puts something else in the place of a subject or thing."
    examples: ClassVar[tuple[str, ...]] = ("a seal instead", "swap the dog for a cat")
    strength: ClassVar[float] = 0.7

    by: Annotated[str, Arg("what to put in its place, like 'a cat'", name="with")]
    what: Annotated[str, Arg("what to replace; the subject if left out")] = ""

    def says(self) -> str:
        """Say what comes instead of what."""
        return f"{self.by} instead of {self.what}" if self.what else f"now {self.by}"

    def change(self, shot: Shot, clip_s: float | None) -> Shot:  # noqa: ARG002
        """Return a shot where it is the other thing that acts."""
        swapped = sentence.swap_subject(
            shot.core, sentence.with_article(self.by), self.what or None
        )
        if swapped is not None:
            return replace(shot, core=swapped)
        clause = f"with {self.by} instead of the {sentence.bare(self.what)}"
        return replace(shot, extra=(*shot.extra, clause))
