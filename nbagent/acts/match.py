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
    """Match its colours to those of a different clip."""

    kind: ClassVar[str] = "match"
    summary: ClassVar[str] = "The colours of a different clip."
    examples: ClassVar[tuple[str, ...]] = ("match the colours of c1",)
    carried: ClassVar[Mapping[str, str]] = {"palette": "palette"}

    other: Annotated[
        str,
        Arg(
            "the clip whose colours to use; its own first version if left out",
            name="with",
        ),
    ] = ""
    palette: Annotated[
        tuple[float, ...],
        Arg("those colours, as media.palette returns them", is_private=True),
    ] = ()

    def check(self) -> None:
        """Refuse what is no palette."""
        if len(self.palette) not in (0, 6):
            raise SpecError(f"{self.palette} is not a palette: name the clip to match")

    def says(self) -> str:
        """Say whose colours."""
        return self._told(f"colours of {named(self.other) or 'its first version'}")

    def cut(self, frames: Frames, fps: float) -> tuple[Frames, float]:
        """Return the frames in those colours."""
        from nbagent.media.drift import match

        if not self.palette:
            raise SpecError("there are no colours to match: name the clip to match")
        return match(frames, self.palette), fps
