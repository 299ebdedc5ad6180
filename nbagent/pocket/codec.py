"""The linear map between pictures of pocket's world and latents.

Latents are the PCA of 8x8 patches of a 64x64 picture: 48 of 192 numbers keep 32 dB. It is
fitted in seconds and not trained.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nbagent.pocket.captions import draw_scene
from nbagent.pocket.world import render

PATCH: Final = 8
LATENT_CHANNELS: Final = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """The linear map between patches of a 64x64 picture and latents."""

    mean: Tensor  # (192,), of patches in -1..1
    basis: Tensor  # (48, 192), orthonormal rows
    std: Tensor  # (48,), latents are divided by it

    def encode(self, frames: NDArray[np.uint8] | Tensor) -> Tensor:
        """Return normalised latents `(B, 48, F, H/8, W/8)` of `(B, F, H, W, 3)`.

        Computed where the map is.
        """
        patches = to_patches(torch.as_tensor(frames, device=self.mean.device))
        latents = ((patches - self.mean) @ self.basis.T) / self.std
        return latents.permute(0, 4, 1, 2, 3).contiguous()

    def state(self) -> dict[str, Tensor]:
        """Return the tensors by name, for a safetensors file."""
        return {"mean": self.mean, "basis": self.basis, "std": self.std}


def to_patches(frames: NDArray[np.uint8] | Tensor) -> Tensor:
    """Return patches `(B, F, H/8, W/8, 192)` in -1..1, of colour, row and column."""
    x = torch.as_tensor(frames).float() / 127.5 - 1
    b, f, h, w, c = x.shape
    x = x.view(b, f, h // PATCH, PATCH, w // PATCH, PATCH, c)
    return x.permute(0, 1, 2, 4, 6, 3, 5).flatten(4)


def fit_codec(num_scenes: int = 4000, *, seed: int = 7) -> Codec:
    """Fit the PCA on one frame each of `num_scenes` training scenes (seconds)."""
    rng = np.random.default_rng(seed)
    frames = [
        render(draw_scene(rng), 1, start=int(rng.integers(16)))
        for _ in range(num_scenes)
    ]
    x = to_patches(np.stack(frames)).flatten(0, 3).double()
    mean = x.mean(0)
    values, vectors = torch.linalg.eigh(torch.cov((x - mean).T))
    basis = vectors.T.flip(0)[:LATENT_CHANNELS].contiguous()
    values = values.flip(0)[:LATENT_CHANNELS].clamp_min(1e-8)
    # Half-whitening: strong components stay stronger, but by the fourth root only;
    # then one factor for unit mean variance, which the noise schedule expects.
    std = values**0.25 * (values**0.5).mean().sqrt()
    return Codec(mean=mean.float(), basis=basis.float(), std=std.float())


def fit_tokens(
    codec: Codec, patch: tuple[int, int, int], width: int, *, num_scenes: int = 1600
) -> dict[str, Tensor]:
    """Fit the PCA of an expert's tokens: whole clips, cut into patches (a minute).

    Returns:
        `mean` (N,), `basis` (N, width) with orthonormal columns and their `variance`
        (width,); N = 48 * patch volume, ordered as a convolution's weight.
    """
    rng, rows = np.random.default_rng(8), []
    for _ in range(0, num_scenes, 16):
        clips = codec.encode(np.stack([render(draw_scene(rng)) for _ in range(16)]))
        rows.append(cut(clips, patch).flatten(0, 3).bfloat16())
    x = torch.cat(rows).float()
    mean = x.mean(0)
    torch.manual_seed(8)
    _, values, basis = torch.pca_lowrank(x - mean, width, center=False, niter=2)
    return {
        "mean": mean,
        "basis": basis.contiguous(),
        "variance": values.square() / len(x),
    }


def cut(x: Tensor, patch: tuple[int, int, int]) -> Tensor:
    """Cut latents `(B, C, F, H, W)` into `(B, F/p, H/q, W/r, C*p*q*r)`."""
    (p, q, r), (f, h, w) = patch, x.shape[2:]
    x = x.unflatten(4, (w // r, r)).unflatten(3, (h // q, q)).unflatten(2, (f // p, p))
    # (B, C, F/p, p, H/q, q, W/r, r) -> (B, F/p, H/q, W/r, C, p, q, r)
    return x.permute(0, 2, 4, 6, 1, 3, 5, 7).flatten(4)
