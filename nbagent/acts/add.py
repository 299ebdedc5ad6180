"""Something more in the picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from nbagent.acts.base import Act, Arg, Does
from nbagent.acts.shot import Shot


@dataclass(frozen=True, slots=True, kw_only=True)
class Add(Act):
    """Put something more into the picture."""

    kind: ClassVar[str] = "add"
    does: ClassVar[Does] = "shot"
    summary: ClassVar[str] = "Something more in the picture."
    examples: ClassVar[tuple[str, ...]] = ("add a moon", "give it a hat")
    strength: ClassVar[float] = 0.85  # where it comes, little is in the parent

    what: Annotated[str, Arg("what is added, like 'a moon'")]

    def says(self) -> str:
        """Name what is added."""
        return f"with {self._place()}"

    def change(self, shot: Shot, clip_s: float | None) -> Shot:  # noqa: ARG002
        """Return a shot with it, or of it where there was nothing."""
        if not shot.core:
            return replace(shot, core=self._place())
        return replace(shot, extra=(*shot.extra, f"with {self._place()}"))

    def _place(self) -> str:
        """Return it with its place, if that is a thing of the picture: 'in the sky'."""
        what = self.what.removeprefix("with ")
        return f"{what} in the {self.region}" if isinstance(self.region, str) else what
