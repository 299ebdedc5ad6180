"""A part of the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from nbagent.acts.base import Arg, Region
from nbagent.acts.cut import Cut
from nbagent.acts.shot import ratio
from nbagent.errors import SpecError
from nbagent.take import Effect

if TYPE_CHECKING:
    from nbagent.media.frames import Frames


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop(Cut):
    """Crop to a part of the picture."""

    kind: ClassVar[str] = "crop"
    summary: ClassVar[str] = "A part of the picture fills the frame."
    examples: ClassVar[tuple[str, ...]] = (
        "crop it to the left half",
        "crop it to a square",
    )
    parts: ClassVar[tuple[Literal["region"]]] = ("region",)

    aspect: Annotated[
        str | None, Arg("a shape cut around the middle, 'width:height', like '1:1'")
    ] = None

    @staticmethod
    def of_call(part: Region | str) -> Crop:
        """Keep a part of the frame: `clip.crop("left half")`, `clip.crop("1:1")`.

        Args:
            part: Words, left, top, right and bottom as shares from 0 to 1, or a shape,
                cut around the middle.
        """
        if isinstance(part, str) and ":" in part:
            return Crop(aspect=part)
        return Crop(region=part)

    def check(self) -> None:
        """Refuse a crop that says nothing, or two things at once."""
        if (self.region is None) == (self.aspect is None):
            raise SpecError(
                "crop it to what? name a part, like the left half, or a shape, like 1:1"
            )
        if self.aspect is not None:
            ratio(self.aspect)

    def says(self) -> str:
        """Say what is cut off."""
        if isinstance(self.region, str):
            return f"cropped to {self.region}"
        return "cropped" if self.aspect is None else f"cropped to {self.aspect}"

    def effect(self, clip_s: float | None) -> Effect:
        """Return it as a recipe keeps it."""
        if isinstance(self.region, str):
            raise SpecError(
                f"{self.region!r:.60} is not a part of a picture that I know: use"
                " the left half, the top right corner, 1:1, or shares like (0, 0,"
                " 0.5, 1)"
            )
        return Cut.effect(self, clip_s)

    def values(self) -> dict[str, Any]:
        """Return the shape of its effect."""
        return {} if self.aspect is None else {"ratio": ratio(self.aspect)}

    @classmethod
    def of(cls, effect: Effect) -> Self:
        """Return the crop that an effect of a recipe is."""
        if effect.ratio:
            return cls(aspect=f"{effect.ratio!r}:1")
        return cls(region=effect.box or (0.0, 0.0, 1.0, 1.0))  # type: ignore[arg-type]  # four, as `Effect` checks

    def on(self, frames: Frames, fps: float) -> tuple[Frames, float]:
        """Return the part of the frames, of even sides."""
        height, width = frames.shape[1:3]
        box: Any = self.region
        if self.aspect is not None:
            shape = ratio(self.aspect)
            wide = min(1.0, shape * height / width)
            high = min(1.0, width / shape / height)
            box = ((1 - wide) / 2, (1 - high) / 2, (1 + wide) / 2, (1 + high) / 2)
        left, top, right, bottom = box
        rows, columns = _inside(top, bottom, height), _inside(left, right, width)
        return frames[:, rows, columns], fps


def _inside(start: float, end: float, length: int) -> slice:
    """Return an even number of pixels, at least two, between two shares of a side."""
    count = max(2, round((end - start) * length / 2) * 2)
    first = min(round(start * length), length - count)
    return slice(first, first + count)
