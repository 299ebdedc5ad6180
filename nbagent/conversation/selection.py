"""What the user points at in a clip, in seconds and shares, and in frames and pixels.

>>> clip.selection.span, clip.selection.region
((1.0, 2.0), (0.5, 0.0, 1.0, 0.5))
>>> clip.frames[clip.selection.index].shape
(8, 32, 32, 3)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from nbagent.acts.base import Region, Span, check_region
from nbagent.errors import SpecError

if TYPE_CHECKING:
    from nbagent.ledger import Artifact


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """A part of one clip.

    Attributes:
        span: Seconds at which it begins and ends; None is all of the clip's time.
        region: Left, top, right and bottom as shares of the frame, 0..1; None is all
            of the frame.
        frames: The frames of the span.
        rows: The rows of pixels of the region.
        columns: Its columns of pixels.
    """

    span: tuple[float, float | None] | None
    region: Region | None
    frames: slice
    rows: slice
    columns: slice

    @classmethod
    def of(
        cls,
        clip: Artifact,
        *,
        span: tuple[float, float | None] | None,
        region: Region | None,
    ) -> Self:
        """Return the part of a clip that a span and a region name.

        Raises:
            SpecError: If it is not inside the clip.
        """
        left, top, right, bottom = region or (0.0, 0.0, 1.0, 1.0)
        check_region((left, top, right, bottom))
        return cls(
            span=span,
            region=region,
            frames=_frames(span, clip),
            rows=_pixels(top, bottom, clip.height),
            columns=_pixels(left, right, clip.width),
        )

    @property
    def index(self) -> tuple[slice, slice, slice]:
        """What takes the part out of `clip.frames`."""
        return self.frames, self.rows, self.columns


def _pixels(start: float, end: float, size: int) -> slice:
    first = min(round(start * size), size - 1)
    return slice(first, max(round(end * size), first + 1))  # a pixel at the least


def _frames(span: tuple[float, float | None] | None, clip: Artifact) -> slice:
    if span is None:
        return slice(0, clip.num_frames)
    start_s, end_s = Span(start=span[0], end=span[1]).seconds(clip.duration_s)
    start = round(start_s * clip.fps)
    end = clip.num_frames if end_s is None else round(end_s * clip.fps)
    if start >= end:
        raise SpecError(
            f"{span[0]:g} s to {span[1]:g} s is shorter than one frame at"
            f" {clip.fps:g} fps: name a span of {1 / clip.fps:.2g} s or more"
        )
    return slice(start, end)
