"""What a take holds: known pixels, as latents for the seam and as frames of the clip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from diffusers import DiffusionPipeline
from PIL import Image, ImageFilter

from nbagent.errors import JobFailed
from nbagent.ledger import Ledger
from nbagent.media import drift, framed, read_video, scaled
from nbagent.render.capability import Capability
from nbagent.render.latents import encode, pack
from nbagent.render.scorers import RIGHT
from nbagent.render.start_states import Known
from nbagent.take import ALL, Fit, Hold, Take

Frames = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

SMOOTH: Final = 1.5
"""A change at a held end beside the clip's median change, as most true renders have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFrames:
    """The pixels of a clip that are known.

    Attributes:
        frames: (F, H, W, 3) uint8; where nothing is known, what stood there in the
            source, or the nearest that is known.
        mask: (F, H, W), True where a pixel is known.
        before: Frames of the source that play before these.
        after: Frames of the source that play after these.
        first: Of an extension, the clip that was extended first.
    """

    frames: Frames
    mask: Mask
    before: Frames
    after: Frames
    first: Frames | None = None

    def latents(
        self,
        pipe: DiffusionPipeline,
        ability: Capability,
        *,
        is_clean: bool = False,
    ) -> Known:
        """Return them as the model's latents; one is known if all its pixels are.

        What is not known is filled, since a VAE looks around and a causal one back.
        """
        clean = encode(self.frames, pipe, ability)
        factor, size = ability.time_factor, ability.space_factor
        # The first latent stands for one frame, each further one for `factor`.
        firsts = [0, *range(1, len(self.mask), factor)]
        whole = np.logical_and.reduceat(self.mask, firsts)[: clean.shape[2]]
        cells = whole.reshape(len(whole), -1, size, whole.shape[2] // size, size)
        mask = torch.from_numpy(cells.all(axis=(2, 4)))[None, None].expand(clean.shape)
        latents, held = (pack(x, pipe, ability) for x in (clean, mask.float()))
        return Known(latents=latents, mask=held > 0.5, is_clean=is_clean)

    def drift(self, frames: Frames) -> str:
        """Say how an extension's new frames look beside its first clip, if otherwise."""
        if self.first is None:
            return ""
        return str(drift(frames[~self.mask.all(axis=(1, 2))], self.first))

    def restore(self, frames: Frames) -> Frames:
        """Put the known pixels into rendered frames: a VAE never returns them exactly.

        Where a part of a frame is new, what stood there goes over into it near its edge;
        where a part of the time is, what stands still there does so near its ends.
        """
        whole = np.where(self.mask[..., None], self.frames, frames)
        for at, known in enumerate(self.mask):
            if known.any() and not known.all():
                share = _share(known)[..., None]
                mixed = share * self.frames[at] + (1 - share) * frames[at]
                whole[at] = np.where(known[..., None], self.frames[at], mixed.round())
        whole = _eased(whole, self.mask)
        return np.concatenate([self.before, whole, self.after])

    def seam(self, frames: Frames) -> float | None:
        """Return how smoothly rendered frames go on from those that are known.

        Args:
            frames: (F, H, W, 3), as `restore` returns them; of a still the first.

        Returns:
            0..1: .5 where the change at their ends is half as large again as the clip's
            median change, more where it is less; None if no whole frame is known.
        """
        known = self.mask.all(axis=(1, 2))
        around = [len(self.before), len(self.after)]
        known = np.pad(known, around, constant_values=True)[: len(frames)]
        if known.all() or not known.any():
            return None
        return min(1.0, RIGHT * SMOOTH / max(jump(frames, known), _LEAST))


def jump(frames: Frames, known: npt.NDArray[np.bool_]) -> float:
    """Return the largest change between a known frame and a new one beside it.

    Args:
        frames: (F, H, W, 3).
        known: (F,); some are, and some are not.

    Returns:
        A multiple of the median change from frame to frame.
    """
    pairs = zip(frames, frames[1:].astype(np.int16), strict=False)
    changes = np.array([np.abs(after - before).mean() for before, after in pairs])
    ends = known[:-1] != known[1:]
    return float(changes[ends].max() / max(np.median(changes), _LEAST))


def _eased(frames: Frames, mask: Mask) -> Frames:
    """Let what stands still at an end of what is known go over into the new frames.

    A model paints what it goes on with in slightly other colours and strokes, all over the
    picture. What moves is left as it is: of two places of it a mixture shows ghosts.
    """
    eased, order = frames.copy(), np.arange(len(frames))
    for way in (order, order[::-1]):
        for at, (known, new) in enumerate(pairwise(way), 1):
            here = mask[known] & ~mask[new]
            if not here.any():
                continue
            ahead, back = way[at : at + _REACH], way[max(at - _REACH, 0) : at]
            step = frames[known].astype(np.float32) - frames[new]
            still = np.clip(1 - np.abs(step).max(-1) / _STEP, 0, 1)
            for part in (frames[ahead], frames[back]):
                moved = np.abs(np.diff(part.astype(np.int16), axis=0))
                still *= np.clip(1 - moved.max((0, -1), initial=0) / _MOVED, 0, 1)
            for number, later in enumerate(ahead, 1):
                here = here & ~mask[later]
                share = (1 - number / (_REACH + 1)) * still * here
                mixed = eased[later] + share[..., None] * step
                eased[later] = mixed.round().clip(0, 255)
    return eased


def _share(known: Mask) -> npt.NDArray[np.float32]:
    """Return (H, W), how much of a pixel is what is known: less with each step inwards."""
    new = known.size - np.count_nonzero(known)
    radius = float(min(min(known.shape) * _EDGE, new**0.5 * _EDGE_OF_PART))
    around = Image.fromarray(np.uint8(255) * known).filter(ImageFilter.BoxBlur(radius))
    # Half of what lies around an edge is known.
    return np.clip(np.asarray(around, np.float32) / 127.5, 0, 1)


_EDGE: Final = 1 / 20
"""Of a frame's shorter side: how far what stood there reaches into a part that is new."""
_EDGE_OF_PART: Final = 1 / 8
"""And of a small part's own."""
_REACH: Final = 4
"""Frames: how far what is known reaches into new ones, and is looked at for what moves."""
_STEP: Final = 96.0
"""Levels of 255: what differs more at an end is another thing, not another stroke."""
_MOVED: Final = 48.0
"""Levels from one frame to the next: what changes more there moves."""
_LEAST: Final = 1e-6


def known_frames(take: Take, num_frames: int, ledger: Ledger) -> KnownFrames | None:
    """Collect what a take holds; None if it holds nothing.

    Raises:
        JobFailed: If a source is not in the store, or shorter than what is held of it.
    """
    if not take.holds:
        return None
    shape = (num_frames, take.height, take.width)
    frames, mask = np.zeros((*shape, 3), np.uint8), np.zeros(shape, bool)
    before = after = frames[:0]
    for hold in take.holds:
        span = slice(hold.at, hold.at + hold.num_frames)
        source, start = _source(hold, ledger)
        end = start + hold.num_frames
        placed = _PLACED[hold.fit]
        frames[span], mask[span] = _placed(hold, source[start:end], take, ledger)
        if take.operation == "extend" and hold.at == 0:
            before = placed(source[:start], take.height, take.width)
        if take.operation == "extend" and span.stop == num_frames:
            after = placed(source[end:], take.height, take.width)
    at = np.concatenate([np.arange(h.at, h.at + h.num_frames) for h in take.holds])
    nearest = at[np.abs(np.arange(num_frames)[:, None] - at).argmin(1)]
    return KnownFrames(
        frames=frames[nearest],
        mask=mask,
        before=before,
        after=after,
        first=_first_clip(take, ledger) if take.operation == "extend" else None,
    )


def _first_clip(take: Take, ledger: Ledger) -> Frames:
    """Return the frames of the clip that a chain of extensions began with."""
    while take.operation == "extend":
        take = ledger.take(take.parents[0])
    return _source(Hold(source=take.id), ledger)[0]


def fitted(frames: Frames, height: int, width: int) -> Frames:
    """Scale frames (F, H, W, 3) to cover a size, and crop what stands over evenly."""
    if frames.shape[1:3] == (height, width) or not len(frames):
        return frames
    scale = max(height / frames.shape[1], width / frames.shape[2])
    box_h, box_w = height / scale, width / scale
    top, left = (frames.shape[1] - box_h) / 2, (frames.shape[2] - box_w) / 2
    box = (left, top, left + box_w, top + box_h)
    return scaled(frames, height, width, box)


_PLACED: Final[dict[Fit, Callable[[Frames, int, int], Frames]]] = {
    "fill": fitted,
    "whole": framed,
}


def _placed(
    hold: Hold, source: Frames, take: Take, ledger: Ledger
) -> tuple[Frames, Mask]:
    """Return whole frames with a source in its box, and where they are to stay."""
    left, top, width, height = hold.box or (0, 0, take.width, take.height)
    right, bottom = take.width - left - width, take.height - top - height
    if min(right, bottom) < 0:
        raise JobFailed(
            f"the held box {hold.box} is outside the clip's frame of"
            f" {take.width}x{take.height}: hold a part inside it"
        )
    around = ((0, 0), (top, bottom), (left, right))
    placed = _PLACED[hold.fit]
    frames = np.pad(placed(source, height, width), (*around, (0, 0)), mode="edge")
    mask = np.ones((len(source), height, width), bool)
    if hold.mask:
        mask &= ~_anew(hold, ledger, height, width)
    return frames, np.pad(mask, around)


def _anew(hold: Hold, ledger: Ledger, height: int, width: int) -> Mask:
    """Return where held frames do not stay: (1, H, W), or (F, H, W)."""
    if hold.mask == ALL:
        return np.ones((1, height, width), bool)
    with Image.open(ledger.path(hold.mask)) as image:
        white = np.asarray(image.convert("L")) > 127
    if white.shape not in ((height, width), (hold.num_frames * height, width)):
        raise JobFailed(
            f"the mask is {white.shape[1]}x{white.shape[0]}, its frames are"
            f" {width}x{height}: make a mask of that size"
        )
    return white.reshape(-1, height, width)


def _source(hold: Hold, ledger: Ledger) -> tuple[Frames, int]:
    """Return the frames of a hold's source, and which of them it begins with."""
    digest = hold.source
    if "." not in digest:  # a take
        artifact = ledger.bare(digest)
        if artifact is None:
            raise JobFailed("a clip that this one builds on is gone: render it again")
        digest = artifact.video or artifact.poster
    frames = read_video(ledger.path(digest))[0]
    start = hold.start + (len(frames) if hold.start < 0 else 0)
    end = start + hold.num_frames
    if start < 0 or end > len(frames):
        raise JobFailed(
            f"frames {hold.start} to {hold.start + hold.num_frames} of the source"
            f" are held, and it has only {len(frames)}: hold earlier ones"
        )
    return frames, start
