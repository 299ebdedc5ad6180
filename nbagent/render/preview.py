"""Frames from latents in a millisecond: a linear map in place of the decoder.

A VAE's latents are nearly linear in colour, so one least-squares fit per model turns
a step's expected end into a small clip that is good enough to see where it is going.
The fit encodes random smooth pictures once, at load; nothing is downloaded for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from nbagent.render.capability import Capability
from nbagent.render.latents import is_video_vae, normalize

_PICTURES = 24
_TOKENS_A_SIDE = 8  # latents a side of each fitted picture
_DETAIL = 8  # a latent becomes at most 8x8 pixels
_LONGEST_SIDE = 256  # pixels; a preview is looked at for a second


@dataclass(frozen=True, slots=True, kw_only=True)
class LatentToRgb:
    """A fitted map from one latent to the block of pixels that it stands for.

    Attributes:
        weight: (channels + 1, detail, detail, 3); the last row is the constant.
    """

    weight: torch.Tensor

    @torch.inference_mode()
    def frames(self, latents: torch.Tensor) -> npt.NDArray[np.uint8]:
        """Turn latents (C, F, H, W) into small frames (F, H*s, W*s, 3), uint8."""
        channels, num_frames, height, width = latents.shape
        scale = max(1, min(self.weight.shape[1], _LONGEST_SIDE // max(height, width)))
        # The average of linear maps is the linear map of the average: pool weights
        # instead of pixels.
        pooled = functional.adaptive_avg_pool2d(
            self.weight.permute(0, 3, 1, 2), scale
        )  # (C + 1, 3, s, s)
        flat = latents.float().cpu().permute(1, 2, 3, 0).reshape(-1, channels)
        pixels = flat @ pooled[:-1].flatten(1) + pooled[-1].flatten()
        blocks = pixels.view(num_frames, height, width, 3, scale, scale)
        frames = blocks.permute(0, 1, 4, 2, 5, 3).reshape(
            num_frames, height * scale, width * scale, 3
        )
        return frames.mul(255).round_().clamp_(0, 255).byte().numpy()


@torch.inference_mode()
def fit(vae: Any, ability: Capability) -> LatentToRgb:
    """Fit the map for a VAE on random smooth pictures."""
    factor = ability.space_factor
    pictures = _pictures(_TOKENS_A_SIDE * factor)  # (N, 3, H, W), 0..1
    given = pictures.to(vae.device, vae.dtype) * 2 - 1
    given = given.unsqueeze(2) if is_video_vae(vae) else given
    # One by one: HunyuanVideo 1.5's encoder takes no batch.
    latents = torch.cat([vae.encode(one).latent_dist.mode() for one in given.split(1)])
    latents = normalize(vae, latents.float().cpu(), ability)
    channels = latents.shape[1]
    # What is no number is no use, and the self-check tells it better than the solver.
    known = latents.movedim(1, -1).reshape(-1, channels).nan_to_num(0.0, 0.0, 0.0)
    known = torch.cat([known, torch.ones(len(known), 1)], dim=1)
    detail = min(_DETAIL, factor)
    blocks = functional.adaptive_avg_pool2d(pictures, _TOKENS_A_SIDE * detail)
    blocks = functional.pixel_unshuffle(blocks, detail)  # (N, 3*d*d, h, w)
    wanted = blocks.movedim(1, -1).reshape(-1, 3 * detail * detail)
    # A little ridge: many channels of a fresh or tiny VAE say almost the same.
    gram = known.T @ known
    ridge = 1e-4 * gram.diagonal().mean() * torch.eye(channels + 1)
    weight = torch.linalg.solve(gram + ridge, known.T @ wanted)
    weight = weight.view(channels + 1, 3, detail, detail).permute(0, 2, 3, 1)
    return LatentToRgb(weight=weight.contiguous())


def _pictures(side: int) -> torch.Tensor:
    """Make smooth colour fields with a few edges, as pictures have them."""
    generator = torch.Generator().manual_seed(0)

    def field(cells: int, channels: int) -> torch.Tensor:
        grid = torch.rand(_PICTURES, channels, cells, cells, generator=generator)
        return functional.interpolate(
            grid, size=(side, side), mode="bilinear", align_corners=True
        )

    smooth = 0.7 * field(3, 3) + 0.3 * field(9, 3)
    edge = (field(4, 1) > 0.6).float()
    return smooth * (1 - edge) + field(2, 3) * edge
