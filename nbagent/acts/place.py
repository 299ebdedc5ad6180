"""Where it happens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from nbagent.acts import sentence, wording
from nbagent.acts.base import Act, Arg, Does
from nbagent.acts.shot import Shot


@dataclass(frozen=True, slots=True, kw_only=True)
class Place(Act):
    """Move it somewhere else."""

    kind: ClassVar[str] = "place"
    does: ClassVar[Does] = "shot"
    summary: ClassVar[str] = "Where it happens."
    examples: ClassVar[tuple[str, ...]] = ("now in the desert", "put it on the moon")

    place: Annotated[str, Arg("a place in words, like 'in the desert'")]

    def says(self) -> str:
        """Name the place."""
        return wording.located(self.place)

    def change(self, shot: Shot, clip_s: float | None) -> Shot:  # noqa: ARG002
        """Return a shot there; an action that names its place gets the new one."""
        place = wording.located(self.place)
        core, is_used = sentence.swap_place(
            shot.core, place, has_setting=bool(shot.setting)
        )
        return replace(shot, core=core, setting="" if is_used else place)
