"""What the user points at in a clip, in seconds and shares, and in frames and pixels.

>>> clip.selection.span, clip.selection.region
((1.0, 2.0), (0.5, 0.0, 1.0, 0.5))
>>> clip.frames[clip.selection.index].shape
(8, 32, 32, 3)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from nbagent.conversation.parts import Region, Span
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

    span: Span | None
    region: Region | None
    frames: slice
    rows: slice
    columns: slice

    @classmethod
    def of(cls, clip: Artifact, *, span: Span | None, region: Region | None) -> Self:
        """Return the part of a clip that a span and a region name.

        Raises:
            SpecError: If it is not inside the clip.
        """
        left, top, right, bottom = _checked(region or (0.0, 0.0, 1.0, 1.0))
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


def _checked(region: Region) -> Region:
    left, top, right, bottom = region
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise SpecError(
            f"{', '.join(f'{share:g}' for share in region)} is not a region of a frame:"
            " use left, top, right, bottom as shares from 0 to 1, like 0,0,0.5,1"
        )
    return region


def _pixels(start: float, end: float, size: int) -> slice:
    first = min(round(start * size), size - 1)
    return slice(first, max(round(end * size), first + 1))  # a pixel at the least


def _frames(span: Span | None, clip: Artifact) -> slice:
    if span is None:
        return slice(0, clip.num_frames)
    start_s, end_s = span
    if start_s < 0:
        start_s += clip.duration_s
    end_s = clip.duration_s if end_s is None else end_s
    start, end = round(start_s * clip.fps), round(end_s * clip.fps)
    if not 0 <= start < end <= clip.num_frames:
        raise SpecError(
            f"{start_s:g} s to {end_s:g} s is not inside the clip: it lasts"
            f" {clip.duration_s:g} s, so name a span in that"
        )
    return slice(start, end)
