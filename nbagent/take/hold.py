"""Frames that a take keeps, as a value of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nbagent.errors import SpecError

Fit = Literal["fill", "whole"]
ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Frames that are known before a clip is made, and stay as they are in it.

    Attributes:
        source: A picture's digest in the store, or the id of a take.
        start: First frame that is taken from the source; -1 is its last.
        num_frames: How many are taken.
        at: The frame of the new clip at which they stand.
        mask: Digest of a picture in the store, white where the frames do not stay;
            of one frame for all of them, or of each frame below the one before. `ALL`
            if none of them stays: the run begins there.
        box: Left, top, width and height of the part of the new clip's frame that they
            fill, in pixels; None is all of it.
        fit: How a source of another shape is placed there: it is to `fill` it, and what
            stands over is cut off evenly, or it is shown `whole`, between borders that
            carry on its edges.
    """

    source: str
    start: int = 0
    num_frames: int = 1
    at: int = 0
    mask: str = ""
    box: tuple[int, ...] | None = None
    fit: Fit = "fill"

    def __post_init__(self) -> None:
        """Refuse a span that means nothing."""
        if self.at < 0 or self.num_frames < 1:
            raise SpecError(
                f"cannot hold {self.num_frames} frames at {self.at}: hold one frame"
                " or more, at 0 or later"
            )
        if self.box is not None and (
            len(self.box) != 4 or min(self.box[:2]) < 0 or min(self.box[2:]) < 1
        ):
            raise SpecError(
                f"{self.box} is not a box: use left, top, width and height in pixels"
            )
