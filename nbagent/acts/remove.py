"""Something less in the picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from nbagent.acts import sentence
from nbagent.acts.base import Act, Arg, Does
from nbagent.acts.shot import Shot


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove(Act):
    """Take something out of the picture."""

    kind: ClassVar[str] = "remove"
    does: ClassVar[Does] = "shot"
    summary: ClassVar[str] = "Removes something from the picture."
    examples: ClassVar[tuple[str, ...]] = ("without the cat", "get rid of the text")
    strength: ClassVar[float] = 0.85  # what was behind it is not in the parent

    what: Annotated[str, Arg("what goes, like 'the cat'")]

    def says(self) -> str:
        """Name what goes."""
        return f"without {sentence.bare(self.what)}"

    def change(self, shot: Shot, clip_s: float | None) -> Shot:  # noqa: ARG002
        """Return a shot without it, and with it among what is to be left out."""
        thing = sentence.bare(self.what)
        return replace(
            shot,
            core=sentence.without(shot.core, thing),
            extra=tuple(e for e in shot.extra if not sentence.mentions(e, thing)),
            negative=tuple(dict.fromkeys((*shot.negative, thing))),
        )
