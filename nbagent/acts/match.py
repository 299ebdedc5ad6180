"""The colours of another clip."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from nbagent.acts.base import Arg, named
from nbagent.acts.cut import Cut
from nbagent.errors import SpecError

if TYPE_CHECKING:
    from nbagent.media.frames import Frames


@dataclass(frozen=True, slots=True, kw_only=True)
class Match(Cut):
    """Bring its colours to those of another clip."""

    kind: ClassVar[str] = "match"
    summary: ClassVar[str] = "Colours as those of another clip."
    examples: ClassVar[tuple[str, ...]] = ("match the colours of c1",)
    carried: ClassVar[Mapping[str, str]] = {"palette": "palette"}

    other: Annotated[
        str, Arg("the clip whose colours it gets; its first version", name="with")
    ] = ""
    palette: Annotated[
        tuple[float, ...],
        Arg("those colours, as media.palette has them", is_private=True),
    ] = ()

    def check(self) -> None:
        """Refuse what is no palette."""
        if len(self.palette) not in (0, 6):
            raise SpecError(f"{self.palette} is not a palette: name a clip to match")

    def says(self) -> str:
        """Say whose colours."""
        return self._told(f"colours of {named(self.other) or 'its first version'}")

    def cut(self, frames: Frames, fps: float) -> tuple[Frames, float]:
        """Return the frames in those colours."""
        from nbagent.media.drift import match

        if not self.palette:
            raise SpecError("the colours to match are not there: name a clip to match")
        return match(frames, self.palette), fps
