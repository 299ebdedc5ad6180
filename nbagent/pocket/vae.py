"""An AutoencoderKLWan whose latents need no training, and whose decoder is taught.

Latents are the PCA of 8x8 patches of a 64x64 picture: 48 of 192 numbers keep 32 dB. The
encoder takes a picture of twice that size and is exact, written into the weights of the
stock class: it unshuffles 16x16 pixels to 768 channels; the first convolution averages
four pixels into one and projects. With every residual block silenced, what follows is
RMS norm -> silu -> convolution, and that is made linear too: the projections are so
small beside one constant channel that the norm is a constant scale, and silu(u) = u / 2.
The decoder paints 16x16 pixels for each latent cell: what is lost in 48 numbers it has
to know from the world, so it is trained (`painter.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import torch
from diffusers import AutoencoderKLWan
from numpy.typing import NDArray
from torch import Tensor, nn

from nbagent.pocket.captions import draw_scene
from nbagent.pocket.scenery import DETAIL, HEIGHT
from nbagent.pocket.world import render

PATCH: Final = 8
LATENT_CHANNELS: Final = 48
_PIXELS: Final = 3 * PATCH * PATCH
_FINE_PATCH: Final = DETAIL * PATCH
_FINE_PIXELS: Final = 3 * _FINE_PATCH * _FINE_PATCH
# Channels of the decoder, as many as 40 MB leave room for.
_PAINTER_WIDTH: Final = 76
# So small that neither the norm's scale nor the bend of silu is off by more than 0.2 %.
_SMALL: Final = 1e-4
_CONSTANT: Final = 4.0
_WIDTH: Final = LATENT_CHANNELS + 1


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

    @classmethod
    def from_vae(cls, vae: AutoencoderKLWan) -> Codec:
        """Read the map back from a VAE that `build_vae` wrote."""
        conv = vae.encoder.conv_in
        rows = slice(LATENT_CHANNELS)
        basis = conv.weight[rows, :, -1, 1, 1] @ _halving().T * DETAIL**2 / _SMALL
        # Of the mean only what the rows of the basis see is kept, and needed.
        mean = -(conv.bias[rows] / _SMALL) @ basis
        std = torch.tensor(vae.config.latents_std)
        return cls(mean=mean.detach(), basis=basis.detach(), std=std)

    def state(self) -> dict[str, Tensor]:
        """Return the tensors by name, for a safetensors file."""
        return {"mean": self.mean, "basis": self.basis, "std": self.std}


def to_patches(frames: NDArray[np.uint8] | Tensor, side: int = PATCH) -> Tensor:
    """Return `(B, F, H/side, W/side, 3 * side**2)` in -1..1, ordered as in diffusers."""
    x = torch.as_tensor(frames).float() / 127.5 - 1
    b, f, h, w, c = x.shape
    x = x.view(b, f, h // side, side, w // side, side, c)
    # (B, F, h, w, channel, column in patch, row in patch): diffusers' patchify
    return x.permute(0, 1, 2, 4, 6, 5, 3).flatten(4)


class Components(NamedTuple):
    """Principal components of patches."""

    mean: Tensor  # (N,)
    basis: Tensor  # (k, N), orthonormal rows
    values: Tensor  # (k,), variances


def fit_codec(num_scenes: int = 4000, *, seed: int = 7) -> Codec:
    """Fit the PCA on one frame each of `num_scenes` training scenes (seconds)."""
    frames = _draw_frames(num_scenes, seed=seed, detail=1)
    mean, basis, values = _fit_patches(frames, LATENT_CHANNELS)
    # Half-whitening: strong components stay stronger, but by the fourth root only;
    # then one factor for unit mean variance, which the noise schedule expects.
    std = values**0.25 * (values**0.5).mean().sqrt()
    return Codec(mean=mean, basis=basis, std=std)


def _draw_frames(count: int, *, seed: int, detail: int) -> NDArray[np.uint8]:
    """Render one frame each of training scenes: `(count, 1, H, W, 3)`."""
    rng = np.random.default_rng(seed)
    return np.stack(
        [
            render(draw_scene(rng), 1, start=int(rng.integers(16)), detail=detail)
            for _ in range(count)
        ]
    )


def _fit_patches(frames: NDArray[np.uint8], k: int) -> Components:
    """Fit the PCA of 8x8 cells of frames `(B, F, H, W, 3)`."""
    x = to_patches(frames, frames.shape[2] // (HEIGHT // PATCH))
    x = x.reshape(-1, x.shape[-1]).double()
    mean = x.mean(0)
    values, vectors = torch.linalg.eigh(torch.cov((x - mean).T))
    basis = vectors.T.flip(0)[:k].contiguous()
    values = values.flip(0)[:k].clamp_min(1e-8)
    return Components(mean.float(), basis.float(), values.float())


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


def build_vae(codec: Codec, *, num_scenes: int = 1600) -> AutoencoderKLWan:
    """Write a codec into the encoder of a stock AutoencoderKLWan; its decoder is raw.

    It begins at the principal components of 16x16 pixels, so that it need not find out
    what pictures are made of.
    """
    torch.manual_seed(9)  # of the decoder that is to be trained
    z = LATENT_CHANNELS
    vae = AutoencoderKLWan(
        patch_size=_FINE_PATCH,
        in_channels=_FINE_PIXELS,
        out_channels=_FINE_PIXELS,
        base_dim=_WIDTH,
        decoder_base_dim=_PAINTER_WIDTH,
        z_dim=z,
        dim_mult=[1],
        num_res_blocks=0,
        # Unused with one level, but WanVideoToVideoPipeline counts its entries.
        temperal_downsample=[False, False, False],
        latents_mean=[0.0] * z,
        latents_std=codec.std.tolist(),
        scale_factor_temporal=1,
        scale_factor_spatial=_FINE_PATCH,
    )
    _write_encoder(vae, codec)
    with torch.no_grad():
        for name, weight in vae.named_parameters():
            if name.startswith("post_quant_conv"):
                weight.zero_()
            elif name.startswith("decoder.") and weight.ndim == 5:
                weight[:, :, :-1] = 0.0  # a frame is painted from its own latent alone
        _write_identity(vae.post_quant_conv)
        fine = _fit_patches(
            _draw_frames(num_scenes, seed=11, detail=DETAIL), _PAINTER_WIDTH
        )
        vae.decoder.conv_out.weight.zero_()
        vae.decoder.conv_out.weight[:, :, -1, 1, 1] = fine.basis.T * fine.values.sqrt()
        vae.decoder.conv_out.bias.copy_(fine.mean)
    return vae.eval().requires_grad_(requires_grad=False)


@torch.no_grad()
def _write_encoder(vae: AutoencoderKLWan, codec: Codec) -> None:
    """Write the map from pictures of 128x128 to latents into the encoder's weights."""
    n = LATENT_CHANNELS
    encoder = vae.encoder
    for module in (encoder, vae.quant_conv):
        for name, weight in module.named_parameters():
            # A residual branch whose last layer is zero is the identity.
            weight.fill_(1.0 if name.endswith("gamma") else 0.0)
    encoder.conv_in.weight[:n, :, -1, 1, 1] = _SMALL * codec.basis @ _halving()
    encoder.conv_in.bias[:n] = -_SMALL * (codec.basis @ codec.mean)
    encoder.conv_in.bias[n] = _CONSTANT
    # Undo the smallness, the norm's scale, sqrt(width) / constant, and silu's half.
    gain = 2 * _CONSTANT / _WIDTH**0.5 / _SMALL
    encoder.conv_out.weight[:n, :n, -1, 1, 1] = gain * torch.eye(n)
    encoder.conv_out.bias[n:] = -30.0  # log-variance: none
    _write_identity(vae.quant_conv)


def _halving() -> Tensor:
    """Return the map `(192, 768)` that averages 16x16 pixels down to 8x8."""
    means = torch.eye(PATCH).repeat_interleave(DETAIL, 1) / DETAIL  # (8, 16)
    # colour, column, row: diffusers' order
    joint = torch.einsum("cd,iu,jv->cijduv", torch.eye(3), means, means)
    return joint.reshape(_PIXELS, _FINE_PIXELS)


def _write_identity(conv: nn.Conv3d) -> None:
    n = conv.weight.shape[0]
    conv.weight[:, :, 0, 0, 0] = torch.eye(n)
