"""The hour or the season."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from nbagent.acts import sentence, wording
from nbagent.acts.base import Act, Arg, Does
from nbagent.acts.shot import Shot


@dataclass(frozen=True, slots=True, kw_only=True)
class Time(Act):
    """Change the hour or the season."""

    kind: ClassVar[str] = "time"
    does: ClassVar[Does] = "shot"
    summary: ClassVar[str] = "The hour or the season."
    examples: ClassVar[tuple[str, ...]] = ("at night", "make it day", "in winter")

    time: Annotated[str, Arg("an hour or a season in words, like 'at night'")]

    def says(self) -> str:
        """Name the hour."""
        return wording.at_time(self.time)

    def change(self, shot: Shot, clip_s: float | None) -> Shot:  # noqa: ARG002
        """Return a shot at that hour.

        A sky of another hour, and light that belongs to it, would contradict it.
        """
        time = wording.at_time(self.time)
        if time in wording.SEASONS:
            return replace(shot, weather=time)  # the hour stays
        is_lit_by_sky = any(word in shot.light for word in ("sun", "moon", "daylight"))
        return replace(
            shot,
            time=time,
            core=sentence.without_sky(shot.core),
            setting=sentence.without_sky(shot.setting),
            extra=tuple(filter(None, map(sentence.without_sky, shot.extra))),
            light="" if is_lit_by_sky else shot.light,
        )
