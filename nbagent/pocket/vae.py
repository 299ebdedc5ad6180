"""An AutoencoderKLWan that needs no training: PCA of 8x8 patches, written as weights.

The stock class unshuffles 8x8 pixel patches to 192 channels. With every residual block
silenced, what is left is conv -> RMS norm -> silu -> conv, and that can be made linear:
the first convolution writes +s*y, -s*y and one constant channel, which makes the norm
an almost constant scale, and silu(u) - silu(-u) = u undoes the activation.
So the whole autoencoder is y = W(x - mean) and back; 48 of 192 numbers keep 32 dB.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from diffusers import AutoencoderKLWan
from numpy.typing import NDArray
from torch import Tensor, nn

from nbagent.pocket.captions import draw_scene
from nbagent.pocket.world import render

PATCH: Final = 8
LATENT_CHANNELS: Final = 48
_PIXELS: Final = 3 * PATCH * PATCH
# Small enough that the norm's scale varies by < 0.3 %, large enough for bf16.
_SMALL: Final = 0.01
_CONSTANT: Final = 4.0
_WIDTH: Final = 2 * LATENT_CHANNELS + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """The linear map between patches and latents, for training without the VAE."""

    mean: Tensor  # (192,), of patches in -1..1
    basis: Tensor  # (48, 192), orthonormal rows
    std: Tensor  # (48,), latents are divided by it

    def encode(self, frames: NDArray[np.uint8]) -> Tensor:
        """Return normalised latents `(B, 48, F, H/8, W/8)` of `(B, F, H, W, 3)`."""
        patches = to_patches(frames)
        latents = ((patches - self.mean) @ self.basis.T) / self.std
        return latents.permute(0, 4, 1, 2, 3).contiguous()

    @classmethod
    def from_vae(cls, vae: AutoencoderKLWan) -> Codec:
        """Read the map back from a VAE that `build_vae` wrote."""
        basis = vae.encoder.conv_in.weight[:LATENT_CHANNELS, :, -1, 1, 1] / _SMALL
        mean = vae.decoder.conv_out.bias
        std = torch.tensor(vae.config.latents_std)
        return cls(mean=mean.detach(), basis=basis.detach(), std=std)

    def state(self) -> dict[str, Tensor]:
        """Return the tensors by name, for a safetensors file."""
        return {"mean": self.mean, "basis": self.basis, "std": self.std}


def to_patches(frames: NDArray[np.uint8]) -> Tensor:
    """Return `(B, F, H/8, W/8, 192)` in -1..1, channels ordered as diffusers does."""
    x = torch.from_numpy(frames).float() / 127.5 - 1
    b, f, h, w, c = x.shape
    x = x.view(b, f, h // PATCH, PATCH, w // PATCH, PATCH, c)
    # (B, F, h, w, channel, column in patch, row in patch): diffusers' patchify
    x = x.permute(0, 1, 2, 4, 6, 5, 3)
    return x.reshape(b, f, h // PATCH, w // PATCH, _PIXELS)


def fit_codec(num_scenes: int = 4000, *, seed: int = 7) -> Codec:
    """Fit the PCA on one frame each of `num_scenes` training scenes (seconds)."""
    rng = np.random.default_rng(seed)
    frames = [
        render(draw_scene(rng), 1, start=int(rng.integers(16)))
        for _ in range(num_scenes)
    ]
    x = to_patches(np.stack(frames)).reshape(-1, _PIXELS).double()
    mean = x.mean(0)
    values, vectors = torch.linalg.eigh(torch.cov((x - mean).T))
    values = values.flip(0)[:LATENT_CHANNELS].clamp_min(1e-8)
    basis = vectors.T.flip(0)[:LATENT_CHANNELS]
    # Half-whitening: strong components stay stronger, but by the fourth root only;
    # then one factor for unit mean variance, which the noise schedule expects.
    std = values**0.25 * (values**0.5).mean().sqrt()
    return Codec(mean=mean.float(), basis=basis.float().contiguous(), std=std.float())


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


@torch.no_grad()
def build_vae(codec: Codec) -> AutoencoderKLWan:
    """Write a codec into the weights of a stock AutoencoderKLWan."""
    z = LATENT_CHANNELS
    vae = AutoencoderKLWan(
        patch_size=PATCH,
        in_channels=_PIXELS,
        out_channels=_PIXELS,
        base_dim=_WIDTH,
        z_dim=z,
        dim_mult=[1],
        num_res_blocks=0,
        # Unused with one level, but WanVideoToVideoPipeline counts its entries.
        temperal_downsample=[False, False, False],
        latents_mean=[0.0] * z,
        latents_std=codec.std.tolist(),
        scale_factor_temporal=1,
        scale_factor_spatial=PATCH,
    )
    for name, weight in vae.named_parameters():
        # A residual branch whose last layer is zero is the identity.
        if name.endswith("gamma"):
            weight.fill_(1.0)
        else:
            weight.zero_()
    _write_head(vae.encoder.conv_in, codec.basis, -codec.basis @ codec.mean)
    _write_tail(vae.encoder.conv_out, torch.eye(z), torch.zeros(z))
    vae.encoder.conv_out.bias[z:] = -30.0  # log-variance: none
    _write_identity(vae.quant_conv)
    _write_identity(vae.post_quant_conv)
    _write_head(vae.decoder.conv_in, torch.eye(z), torch.zeros(z))
    _write_tail(vae.decoder.conv_out, codec.basis.T, codec.mean)
    return vae.eval().requires_grad_(requires_grad=False)


def _write_head(conv: nn.Conv3d, matrix: Tensor, bias: Tensor) -> None:
    n = len(matrix)
    assert conv.bias is not None
    for sign, rows in ((1, slice(0, n)), (-1, slice(n, 2 * n))):
        conv.weight[rows, :, -1, 1, 1] = sign * _SMALL * matrix  # newest frame, centre
        conv.bias[rows] = sign * _SMALL * bias
    conv.bias[2 * n :] = _CONSTANT


def _write_tail(conv: nn.Conv3d, matrix: Tensor, bias: Tensor) -> None:
    n = matrix.shape[1]
    assert conv.bias is not None
    # Undo s and the norm's scale, which is sqrt(width) / constant.
    gain = _CONSTANT / _WIDTH**0.5 / _SMALL
    conv.weight[: len(matrix), :n, -1, 1, 1] = gain * matrix
    conv.weight[: len(matrix), n : 2 * n, -1, 1, 1] = -gain * matrix
    conv.bias[: len(matrix)] = bias


def _write_identity(conv: nn.Conv3d) -> None:
    n = conv.weight.shape[0]
    conv.weight[:, :, 0, 0, 0] = torch.eye(n)
