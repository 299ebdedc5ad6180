"""What a take holds: its known frames, as latents for the seam and as pixels for the clip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from nbagent.errors import JobFailed
from nbagent.ledger import Ledger
from nbagent.media import read_video
from nbagent.render.latents import encode, pack
from nbagent.render.pipelines import Loaded
from nbagent.render.seam import Known
from nbagent.take import Hold, Take

Frames = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFrames:
    """The frames of a clip that are known.

    Attributes:
        frames: (F, H, W, 3) uint8; where nothing is known, the nearest that is.
        mask: (F,), True where a frame is known.
    """

    frames: Frames
    mask: npt.NDArray[np.bool_]

    def latents(self, loaded: Loaded) -> Known:
        """Return them as the model's latents.

        A latent is known if every frame that it stands for is. What is not known is
        filled with its nearest known frame first, since a causal VAE looks back.
        """
        clean = encode(self.frames, loaded.pipe, loaded.ability)
        factor = loaded.ability.time_factor
        # The first latent stands for one frame, each further one for `factor`.
        firsts = [0, *range(1, len(self.mask), factor)]
        whole = np.logical_and.reduceat(self.mask, firsts)[: clean.shape[2]]
        mask = torch.from_numpy(whole).view(1, 1, -1, 1, 1).expand(clean.shape)
        packed = (pack(x, loaded.pipe, loaded.ability) for x in (clean, mask.float()))
        latents, held = packed
        return Known(latents=latents, mask=held > 0.5)

    def restore(self, frames: Frames) -> Frames:
        """Put the known pixels into rendered frames: a VAE never returns them exactly."""
        return np.where(self.mask[:, None, None, None], self.frames, frames)


def known_frames(take: Take, num_frames: int, ledger: Ledger) -> KnownFrames | None:
    """Collect what a take holds; None if it holds nothing.

    Raises:
        JobFailed: If a source is not in the store, or shorter than what is held of it.
    """
    if not take.holds:
        return None
    frames = np.zeros((num_frames, take.height, take.width, 3), np.uint8)
    mask = np.zeros(num_frames, bool)
    for hold in take.holds:
        span = slice(hold.at, hold.at + hold.num_frames)
        frames[span] = fitted(_source(hold, ledger), take.height, take.width)
        mask[span] = True
    held = np.flatnonzero(mask)
    nearest = held[np.abs(np.arange(num_frames)[:, None] - held).argmin(1)]
    return KnownFrames(frames=frames[nearest], mask=mask)


def fitted(frames: Frames, height: int, width: int) -> Frames:
    """Scale frames (F, H, W, 3) to cover a size, and crop what stands over evenly."""
    if frames.shape[1:3] == (height, width):
        return frames
    scale = max(height / frames.shape[1], width / frames.shape[2])
    box_h, box_w = height / scale, width / scale
    top, left = (frames.shape[1] - box_h) / 2, (frames.shape[2] - box_w) / 2
    box = (left, top, left + box_w, top + box_h)
    how = Image.Resampling.LANCZOS
    pictures = [Image.fromarray(f).resize((width, height), how, box) for f in frames]
    return np.stack([np.asarray(picture) for picture in pictures])


def _source(hold: Hold, ledger: Ledger) -> Frames:
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
    return frames[start:end]
