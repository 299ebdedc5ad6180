"""A change of a finished clip, as a value of its take."""

from __future__ import annotations

from dataclasses import dataclass

from nbagent.errors import SpecError


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A change of a finished clip that needs no diffusion.

    What a kind does with its values is its act's to say (see `nbagent.acts`).

    Attributes:
        kind: The act's.
        speed: A factor; 0.5 is half speed.
        start_s: Where the part of the clip begins that is changed, or kept by a trim.
        end_s: Where it ends; None is the clip's own end.
        box: Left, top, right and bottom of a part of the frame, in shares of it.
        ratio: Of width to height.
        scale: Of the frame's sides.
        height: Rows of pixels.
        width: Columns of pixels.
        fps: Frames per second.
        palette: Colours (see `nbagent.media.palette`).
    """

    kind: str
    speed: float | None = None
    start_s: float | None = None
    end_s: float | None = None
    box: tuple[float, ...] | None = None
    ratio: float | None = None
    scale: float | None = None
    height: int | None = None
    width: int | None = None
    fps: float | None = None
    palette: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        """Refuse a speed, a span or a part that means nothing, whatever it is for.

        Raises:
            SpecError: If so.
        """
        if self.box is not None and (
            len(self.box) != 4
            or not 0 <= self.box[0] < self.box[2] <= 1
            or not 0 <= self.box[1] < self.box[3] <= 1
        ):
            raise SpecError(
                f"{self.box} is not a part of a frame: use left, top, right and bottom"
                " from 0 to 1"
            )
        if self.speed is not None and not 0.05 <= self.speed <= 20:
            raise SpecError(f"speed {self.speed} is out of range: use 0.05 to 20")
        start_s = self.start_s or 0.0
        if self.end_s is not None and self.end_s <= start_s:
            raise SpecError(
                f"{self.kind} {start_s:g}s to {self.end_s:g}s is empty:"
                " the end must come after the start"
            )
