"""What a take holds: known pixels, as latents for the seam and as frames of the clip."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from diffusers import DiffusionPipeline
from PIL import Image

from nbagent.errors import JobFailed
from nbagent.ledger import Ledger
from nbagent.media import drift, framed, read_video, scaled
from nbagent.render.capability import Capability
from nbagent.render.latents import encode, pack
from nbagent.render.start import Known
from nbagent.take import ALL, Fit, Hold, Take

Frames = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]


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

    def latents(self, pipe: DiffusionPipeline, ability: Capability) -> Known:
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
        return Known(latents=latents, mask=held > 0.5)

    def drift(self, frames: Frames) -> str:
        """Say how an extension's new frames look beside its first clip, if otherwise."""
        if self.first is None:
            return ""
        return str(drift(frames[~self.mask.all(axis=(1, 2))], self.first))

    def restore(self, frames: Frames) -> Frames:
        """Put the known pixels into rendered frames: a VAE never returns them exactly."""
        whole = np.where(self.mask[..., None], self.frames, frames)
        return np.concatenate([self.before, whole, self.after])


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
            f" {take.width}x{take.height}: hold it further in"
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
            f"the mask is {white.shape[1]}x{white.shape[0]}, and the frames that it is"
            f" for are {width}x{height}: make one of their size"
        )
    return white.reshape(-1, height, width)


def _source(hold: Hold, ledger: Ledger) -> tuple[Frames, int]:
    """Return the frames of a hold's source, and which of them it begins with."""
    digest = hold.source
    if "." not in digest:  # a take
        artifact = ledger.artifact(digest)
        if artifact is None:
            raise JobFailed("a clip that this one builds on is gone: render it again")
        digest = artifact.video or artifact.poster
    frames = read_video(ledger.path(digest))[0]
    start = hold.start + (len(frames) if hold.start < 0 else 0)
    end = start + hold.num_frames
    if start < 0 or end > len(frames):
        raise JobFailed(
            f"frames {hold.start} to {hold.start + hold.num_frames} of the source are"
            f" held, and it has {len(frames)}: hold others"
        )
    return frames, start
