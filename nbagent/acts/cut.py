"""Acts on the frames of a finished clip: at once, without diffusion.

Each is kept in a recipe as a `take.Effect`, and is that effect's own meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

from nbagent.acts.base import Act, Cost, Does, Span
from nbagent.acts.shot import Shot
from nbagent.errors import SpecError
from nbagent.take import Effect

if TYPE_CHECKING:
    from nbagent.media.frames import Frames


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut(Act):
    """An act on finished frames.

    Attributes:
        carried: Which of its arguments is which field of its effect.
    """

    does: ClassVar[Does] = "frames"
    cost: ClassVar[Cost] = "re-cut"
    carried: ClassVar[Mapping[str, str]] = {}

    def cut(self, frames: Frames, fps: float) -> tuple[Frames, float]:
        """Return frames (F, H, W, 3) and their rate after this act on all of them."""
        raise NotImplementedError

    def effect(self, clip_s: float | None) -> Effect:
        """Return it as a recipe keeps it.

        Args:
            clip_s: Seconds of the clip as it plays; None if it is not rendered.

        Raises:
            SpecError: If its part is none of the clip's.
        """
        if isinstance(self.span, str) or isinstance(self.region, str):
            part = self.span if isinstance(self.span, str) else self.region
            raise SpecError(
                f"{part!r:.60} is not a part of a clip that I know: name one like"
                " the first second, 1 s to 2 s, or the left half"
            )
        values = self.values()
        if self.span is not None:
            start_s, values["end_s"] = self.span.seconds(clip_s)
            values["start_s"] = start_s or None
        return Effect(kind=self.kind, box=self.region, **values)

    def values(self) -> dict[str, Any]:
        """Return its arguments as fields of its effect."""
        return {to: getattr(self, name) for name, to in self.carried.items()}

    @classmethod
    def of(cls, effect: Effect) -> Self:
        """Return the act that an effect of a recipe is.

        Raises:
            SpecError: If it means nothing.
        """
        needed = {one.name for one in fields(cls) if one.default is MISSING}
        values: dict[str, Any] = {
            name: value
            for name, of in cls.carried.items()
            if (value := getattr(effect, of)) is not None or name in needed
        }
        if effect.start_s or effect.end_s is not None:
            values["span"] = Span(start=effect.start_s or 0.0, end=effect.end_s)
        if effect.box is not None:
            values["region"] = effect.box
        return cls(**values)

    def on(self, frames: Frames, fps: float) -> tuple[Frames, float]:
        """Return frames (F, H, W, 3) and their rate, of which a part may be changed.

        The rest keeps its exact pixels. Seconds are those of these frames.

        Raises:
            SpecError: If its part is not inside the clip.
        """
        if self.span is None and self.region is None:
            return self.cut(frames, fps)
        import numpy as np

        from nbagent.media.frames import at_rate

        assert not isinstance(self.span, str)
        first, last = frames_of(self.span, len(frames), fps)
        rows, columns = _pixels(self.region, frames.shape[1:3])
        changed, rate = self.cut(frames[first:last, rows, columns], fps)
        changed = at_rate(changed, rate, fps)
        if self.region is not None:
            whole = frames[first:last].copy()
            whole[:, rows, columns] = changed
            changed = whole
        return np.concatenate([frames[:first], changed, frames[last:]]), fps

    def change(self, shot: Shot, clip_s: float | None) -> Shot:
        """Return a shot whose frames this is done to last."""
        return replace(shot, effects=(*shot.effects, self.effect(clip_s)))

    def lasts(self, clip_s: float) -> float:
        """Return the seconds that a clip of so many lasts after this act."""
        if not isinstance(self.span, Span):
            return self.all_lasts(clip_s)
        start_s, end_s = self.span.seconds(clip_s)
        part_s = (clip_s if end_s is None else end_s) - start_s
        return clip_s - part_s + self.all_lasts(part_s)

    def all_lasts(self, clip_s: float) -> float:
        """Return the seconds that are left of so many, all of which it changes."""
        return clip_s

    def _told(self, what: str) -> str:
        """Say what it does, and to which part."""
        told = [what]
        told += [f"from {self.span}"] if isinstance(self.span, Span) else []
        told += ["in a part of the picture"] if self.region is not None else []
        return " ".join(told)


def frames_of(span: Span | None, num_frames: int, fps: float) -> tuple[int, int]:
    """Return the first frame of a span, and the one after its last.

    Raises:
        SpecError: If there are none.
    """
    if span is None:
        return 0, num_frames
    first = round(span.start * fps)
    last = num_frames if span.end is None else round(span.end * fps)
    if not 0 <= first < last <= num_frames:
        raise SpecError(
            f"{span} is not inside the clip: it lasts {num_frames / fps:g} s"
        )
    return first, last


def _pixels(region: Any, size: tuple[int, ...]) -> tuple[slice, slice]:
    left, top, right, bottom = region or (0.0, 0.0, 1.0, 1.0)
    rows, columns = size
    return (
        slice(round(top * rows), max(round(bottom * rows), 1)),
        slice(round(left * columns), max(round(right * columns), 1)),
    )
