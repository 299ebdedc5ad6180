"""Going on past an end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Final, Literal

from nbagent.acts.base import Act, Arg, Does
from nbagent.acts.shot import Shot
from nbagent.errors import SpecError

USUAL_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Extend(Act):
    """Continue after a clip, or lead up to it; the clip itself stays as it is."""

    kind: ClassVar[str] = "extend"
    does: ClassVar[Does] = "held"
    summary: ClassVar[str] = "Continues past one end; the clip itself stays as it is."
    examples: ClassVar[tuple[str, ...]] = (
        "extend it by two seconds",
        "add a second before the beginning",
    )
    parts: ClassVar[tuple[()]] = ()

    by_s: Annotated[
        float | None,
        Arg("how many seconds to add, 1 if left out", least=0.01, most=3600),
    ] = None
    side: Annotated[Literal["end", "start"], Arg("the end to continue from")] = "end"

    @staticmethod
    def of_call(by_s: float | None = None, *, at_start: bool = False) -> Extend:
        """Go on for some seconds, or lead up to the clip; the clip itself stays."""
        return Extend(by_s=by_s, side="start" if at_start else "end")

    @property
    def added_s(self) -> float:
        """Seconds that are added."""
        return USUAL_S if self.by_s is None else float(self.by_s)

    def says(self) -> str:
        """Say how much comes where."""
        where = "before it" if self.side == "start" else "after it"
        return f"{self.added_s:g} s more {where}"

    def change(self, shot: Shot, clip_s: float | None) -> Shot:
        """Return a shot that is longer by that."""
        base_s = shot.duration_s if clip_s is None else clip_s
        if base_s is None:
            raise SpecError("how long should it be? state the seconds, such as 4 s")
        return replace(shot, duration_s=base_s + self.added_s)

    def lasts(self, clip_s: float) -> float:
        """Return the seconds with what is added."""
        return clip_s + self.added_s
