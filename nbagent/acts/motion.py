"""What the subject does, or how it moves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from nbagent.acts import sentence
from nbagent.acts.base import Act, Arg, Does
from nbagent.acts.shot import Shot
from nbagent.acts.verbs import finite


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion(Act):
    """Change what the subject does."""

    kind: ClassVar[str] = "motion"
    does: ClassVar[Does] = "shot"
    summary: ClassVar[str] = "What the subject does, or how it moves."
    examples: ClassVar[tuple[str, ...]] = ("make it jump", "then it falls over")
    strength: ClassVar[float] = 0.9

    motion: Annotated[str, Arg("an action in words, like 'jump'")]
    then: Annotated[bool, Arg("true if it comes after what the clip shows")] = False

    def says(self) -> str:
        """Name the action."""
        return f"{'then ' if self.then else ''}{finite(self.motion)}"

    def change(self, shot: Shot, clip_s: float | None) -> Shot:  # noqa: ARG002
        """Return a shot of that action; the place that the old one named is kept."""
        if self.then:
            return replace(shot, motion=(*shot.motion, finite(self.motion)))
        return replace(
            shot,
            core=sentence.swap_action(shot.core, self.motion),
            setting=shot.setting or sentence.place_in_action(shot.core),
            motion=(),
            pace="",
        )
