"""The size in pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from nbagent.acts.base import Arg
from nbagent.acts.cut import Cut
from nbagent.errors import SpecError
from nbagent.take import Effect

if TYPE_CHECKING:
    from nbagent.media.frames import Frames


@dataclass(frozen=True, slots=True, kw_only=True)
class Resize(Cut):
    """Scale the picture, at once and without a model."""

    kind: ClassVar[str] = "resize"
    summary: ClassVar[str] = "Scales the picture to a new size in pixels."
    examples: ClassVar[tuple[str, ...]] = ("twice as large", "resize it to 320x240")
    parts: ClassVar[tuple[()]] = ()
    carried: ClassVar[Mapping[str, str]] = {
        "scale": "scale",
        "width": "width",
        "height": "height",
    }

    scale: Annotated[
        float | None, Arg("how many times as large", least=0.01, most=100)
    ] = None
    width: Annotated[int | None, Arg("pixels", least=2, most=4096)] = None
    height: Annotated[int | None, Arg("pixels", least=2, most=4096)] = None

    @staticmethod
    def of_call(
        width: int | None = None,
        height: int | None = None,
        *,
        scale: float | None = None,
    ) -> Resize:
        """Scale the picture to so many pixels, at once and without a model.

        Args:
            width: Columns of pixels; of one side alone, the other follows.
            height: Rows of pixels.
            scale: How many times as large, instead.
        """
        return Resize(width=width, height=height, scale=scale)

    def check(self) -> None:
        """Refuse a size that is not stated, or that no mp4 can hold."""
        sides = [side for side in (self.width, self.height) if side is not None]
        if (self.scale is None) == (not sides):
            raise SpecError("to what size? say it like 320x240, or twice as large")
        for side in sides:
            if side % 2:
                raise SpecError(
                    f"a side of {side} pixels is odd, and mp4 needs even ones: use"
                    f" {side - 1} or {side + 1}"
                )

    def says(self) -> str:
        """Say which size."""
        if self.scale is not None:
            return f"{self.scale:g} times as large"
        return f"{self.width or '?'}x{self.height or '?'} pixels"

    @classmethod
    def of(cls, effect: Effect) -> Self:
        """Return the scaling that an effect is; odd sides came out even, and do."""
        if effect.scale:
            return cls(scale=effect.scale)
        width, height = effect.width, effect.height
        return cls(
            width=None if width is None else _even(width),
            height=None if height is None else _even(height),
        )

    def cut(self, frames: Frames, fps: float) -> tuple[Frames, float]:
        """Return the frames in that size."""
        from nbagent.media.frames import MAX_SIDE, scaled

        height, width = frames.shape[1:3]
        scale = self.scale or (self.height or 0) / height or (self.width or 0) / width
        high = _even(self.height or height * scale)
        wide = _even(self.width or width * scale)
        if max(high, wide) > MAX_SIDE:
            raise SpecError(
                f"{wide}x{high} is larger than clips can be: use up to {MAX_SIDE} pixels"
            )
        return scaled(frames, high, wide), fps


def _even(side: float) -> int:
    return max(2, round(side / 2) * 2)
