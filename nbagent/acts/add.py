"""Something more in the picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from nbagent.acts.base import Act, Arg, Does
from nbagent.acts.shot import Shot
from nbagent.acts.wording import PREPOSITIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Add(Act):
    """Add something to the picture."""

    kind: ClassVar[str] = "add"
    does: ClassVar[Does] = "shot"
    summary: ClassVar[str] = "Adds something to the picture."
    examples: ClassVar[tuple[str, ...]] = ("add a moon", "give it a hat")
    strength: ClassVar[float] = 0.85  # where it comes, little is in the parent

    what: Annotated[str, Arg("what is added, like 'a moon'")]

    @property
    def where(self) -> str:
        """Say where it comes, if that is a thing of the picture: "in the sky"."""
        if not isinstance(self.region, str):
            return ""
        is_said = self.region.split(maxsplit=1)[0].lower() in PREPOSITIONS
        return self.region if is_said else f"in the {self.region}"

    def says(self) -> str:
        """Name what is added."""
        return f"with {self._place()}"

    def change(self, shot: Shot, clip_s: float | None) -> Shot:  # noqa: ARG002
        """Return a shot with it, or of it where there was nothing."""
        if not shot.core:
            return replace(shot, core=self._place())
        return replace(shot, extra=(*shot.extra, f"with {self._place()}"))

    def _place(self) -> str:
        """Return it with where it comes."""
        return f"{self.what.removeprefix('with ')} {self.where}".rstrip()
