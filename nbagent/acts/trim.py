"""Cutting off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from nbagent.acts.base import Arg, Span
from nbagent.acts.cut import Cut, frames_of
from nbagent.errors import SpecError
from nbagent.take import Effect

if TYPE_CHECKING:
    from nbagent.media.frames import Frames


@dataclass(frozen=True, slots=True, kw_only=True)
class Trim(Cut):
    """Keep a part of the clip's time."""

    kind: ClassVar[str] = "trim"
    summary: ClassVar[str] = "Cuts off its beginning or its end."
    examples: ClassVar[tuple[str, ...]] = (
        "drop the last second",
        "keep only 1 s to 3 s",
    )
    parts: ClassVar[tuple[Literal["span"]]] = ("span",)

    keep: Annotated[
        Span | str | None, Arg("what is kept: [from_s, to_s], or words")
    ] = None
    drop_first_s: Annotated[
        float | None, Arg("seconds cut off at the beginning", least=0)
    ] = None
    drop_last_s: Annotated[float | None, Arg("seconds cut off at the end", least=0)] = (
        None
    )

    def check(self) -> None:
        """Refuse a trim that says nothing, or two things at once."""
        is_dropped = (self.drop_first_s, self.drop_last_s) != (None, None)
        if sum((is_dropped, self.keep is not None, self.span is not None)) != 1:
            raise SpecError(
                "what should be cut off? say what to keep, like 1 s to 3 s, or how"
                " many seconds to drop at the beginning or the end"
            )

    def says(self) -> str:
        """Say what is kept, or what goes."""
        if (kept := self.keep or self.span) is not None:
            return f"keeps {kept}"
        ends = (("first", self.drop_first_s), ("last", self.drop_last_s))
        return " and ".join(f"without the {end} {s:g} s" for end, s in ends if s)

    def effect(self, clip_s: float | None) -> Effect:
        """Return it as a recipe keeps it."""
        start_s, end_s = self._kept(clip_s)
        if not start_s and end_s is None:
            raise SpecError(f"{self.says()}: that is the whole clip; trim more of it")
        return Effect(kind=self.kind, start_s=start_s or None, end_s=end_s)

    @classmethod
    def of(cls, effect: Effect) -> Self:
        """Return the trim that an effect of a recipe is."""
        return cls(keep=Span(start=effect.start_s or 0.0, end=effect.end_s))

    def on(self, frames: Frames, fps: float) -> tuple[Frames, float]:
        """Return the frames that are kept."""
        kept = self.keep
        if not isinstance(kept, Span):  # what a recipe keeps is a span of seconds
            start_s, end_s = self._kept(len(frames) / fps)
            kept = Span(start=start_s, end=end_s)
        first, last = frames_of(kept, len(frames), fps)
        return frames[first:last], fps

    def lasts(self, clip_s: float) -> float:
        """Return the seconds that are kept."""
        start_s, end_s = self._kept(clip_s)
        return (clip_s if end_s is None else end_s) - start_s

    def _kept(self, clip_s: float | None) -> tuple[float, float | None]:
        """Return the seconds at which what is kept begins and ends."""
        kept: Any = self.keep or self.span
        if isinstance(kept, str):
            raise SpecError(
                f"{kept!r:.60} is not a part of a clip that I know: name seconds,"
                " like 1 s to 3 s"
            )
        if kept is not None:
            return Span.seconds(kept, clip_s)
        first_s, last_s = self.drop_first_s or 0.0, self.drop_last_s or 0.0
        if not last_s:
            end_s = None
        elif clip_s is None:
            raise SpecError(
                "a trim needs a finished clip: wait until it is done, or name a"
                " finished one"
            )
        else:
            end_s = clip_s - last_s
        if clip_s is not None and first_s + last_s >= clip_s:
            raise SpecError(
                f"{first_s + last_s:g} s is all of the clip's {clip_s:g} s: trim"
                " less of it"
            )
        return float(first_s), end_s
