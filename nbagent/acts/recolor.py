"""The colour of a thing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

from nbagent.acts import sentence
from nbagent.acts.base import Act, Arg, Does
from nbagent.acts.shot import Shot


@dataclass(frozen=True, slots=True, kw_only=True)
class Recolor(Act):
    """Change the colour of a thing."""

    kind: ClassVar[str] = "recolor"
    does: ClassVar[Does] = "shot"
    summary: ClassVar[str] = "The colour of a thing."
    examples: ClassVar[tuple[str, ...]] = ("make it blue", "paint the horse black")
    strength: ClassVar[float] = 0.8

    color: Annotated[str, Arg("a colour in words, like 'blue'")]
    what: Annotated[str, Arg("the thing to paint; the subject if left out")] = ""

    def says(self) -> str:
        """Say what gets which colour."""
        return f"{self.what or 'colour'}: {self.color}"

    def change(self, shot: Shot, clip_s: float | None) -> Shot:  # noqa: ARG002
        """Return a shot with the colour where the thing is named, or beside it."""
        what = sentence.bare(self.what)
        for name in ("core", "setting"):
            is_core = name == "core"
            text: str = getattr(shot, name)
            changed = sentence.recolor(text, what, self.color, subject=is_core)
            if changed:
                changes: dict[str, Any] = {name: changed}
                return replace(shot, **changes)
        clause = f"{self.color} {what}" if what else f"in {self.color}"
        return replace(shot, extra=(*shot.extra, clause))
