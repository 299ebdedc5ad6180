"""pocket's VAE: an encoder that is written, and a decoder that is taught.

Latents are the codec's, which needs no training (`codec.py`): the encoder is one linear map
of 32x32 pixels. The decoder undoes it to a picture of 64x64, which is blurred since 48 of 192
numbers are left of each patch, and paints it at four times the size: what is lost it has to
know from the world, so it is trained (`painter.py`). It is a small U-Net over pixels, not
over cells: what an outline looks like is then learnt once, wherever in a cell it lies.
"""

from __future__ import annotations

import logging
from itertools import pairwise

import torch
from diffusers import ModelMixin
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.autoencoders.vae import (
    DecoderOutput,
    DiagonalGaussianDistribution,
)
from diffusers.models.modeling_outputs import AutoencoderKLOutput
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the field's name for it)

from nbagent.pocket.codec import LATENT_CHANNELS, PATCH, Codec
from nbagent.pocket.scenery import DETAIL

# 2.9 million weights, of which most lie where pixels are few: as much as leaves a clip under
# a second on two cores.
_BLOCK_OUT_CHANNELS = (32, 64, 128, 192)


def _is_of_another_class(record: logging.LogRecord) -> bool:
    return AutoencoderKLPocket.__name__ not in record.getMessage()


# Wan's pipelines say on each loading that they expected Wan's own class; we know.
logging.getLogger("diffusers.pipelines.pipeline_utils").addFilter(_is_of_another_class)


class AutoencoderKLPocket(ModelMixin, ConfigMixin):
    """A VAE of pictures, for clips: each frame has a latent frame of its own.

    Takes the place of an `AutoencoderKLWan` in Wan's pipelines.

    Args:
        z_dim: Channels of a latent.
        patch_size: Pixels of the inner picture, on each side of a latent cell.
        upscale: How much larger the painted picture is than the inner one.
        block_out_channels: Channels of the decoder at each of its sizes.
        layers_per_block: Residual blocks at each size, on the way up.
        latents_mean: Of each channel, `(z_dim,)`; pipelines take it off.
        latents_std: Of each channel, `(z_dim,)`; pipelines divide by it.
        scale_factor_temporal: Frames in a latent frame, for pipelines; 1.
        scale_factor_spatial: Pixels on each side of a cell, for pipelines.
    """

    @register_to_config  # type: ignore[untyped-decorator]  # diffusers'
    def __init__(
        self,
        z_dim: int = LATENT_CHANNELS,
        patch_size: int = PATCH,
        upscale: int = DETAIL,
        block_out_channels: tuple[int, ...] = _BLOCK_OUT_CHANNELS,
        layers_per_block: int = 2,
        latents_mean: tuple[float, ...] = (0.0,) * LATENT_CHANNELS,  # noqa: ARG002
        latents_std: tuple[float, ...] = (1.0,) * LATENT_CHANNELS,  # noqa: ARG002
        scale_factor_temporal: int = 1,  # noqa: ARG002
        scale_factor_spatial: int = PATCH * DETAIL,
    ) -> None:
        """Make it, not trained."""
        super().__init__()
        # Some of Wan's pipelines take two to the power of how many there are for the
        # pixels of a cell, and of how many are true for the frames.
        self.temperal_downsample = [False] * (scale_factor_spatial.bit_length() - 1)
        self.encoder = nn.Conv2d(
            3, z_dim, scale_factor_spatial, stride=scale_factor_spatial
        )
        self.decoder = Painter(
            z_dim, patch_size, upscale, block_out_channels, layers_per_block
        )

    def encode(
        self,
        x: Tensor,
        return_dict: bool = True,  # noqa: FBT001, FBT002  diffusers' signature
    ) -> AutoencoderKLOutput | tuple[DiagonalGaussianDistribution]:
        """Encode frames `(B, 3, F, H, W)` in -1..1 to `(B, z_dim, F, h, w)`, exactly."""
        mean = _apart(self.encoder, x)
        certain = torch.full_like(mean, -30.0)  # the logarithm of its variance
        latent = DiagonalGaussianDistribution(torch.cat([mean, certain], dim=1))
        return AutoencoderKLOutput(latent_dist=latent) if return_dict else (latent,)

    def decode(
        self,
        z: Tensor,
        return_dict: bool = True,  # noqa: FBT001, FBT002
    ) -> DecoderOutput | tuple[Tensor]:
        """Decode latents `(B, z_dim, F, h, w)` to frames `(B, 3, F, H, W)` in -1..1."""
        frames = _apart(self.decoder, z).clamp(-1, 1)
        return DecoderOutput(sample=frames) if return_dict else (frames,)


def _apart(network: nn.Module, clips: Tensor) -> Tensor:
    """Apply a network of pictures to each frame of `(B, C, F, H, W)`."""
    pictures = clips.transpose(1, 2).flatten(0, 1)
    return network(pictures).unflatten(0, (len(clips), -1)).transpose(1, 2)


class Painter(nn.Module):
    """Paints pictures `(N, 3, H, W)` from latents `(N, z_dim, h, w)`: a U-Net."""

    def __init__(
        self,
        z_dim: int,
        patch_size: int,
        upscale: int,
        widths: tuple[int, ...],
        layers: int,
    ) -> None:
        """Make it; see `AutoencoderKLPocket`."""
        super().__init__()
        self.upscale = upscale
        # Its first three channels are the inner picture.
        self.unpatch = _shuffled(z_dim, widths[0], patch_size)
        self.down_blocks = nn.ModuleList(
            [_Residual(width) for width in widths[:-1]]
            + [_residuals(widths[-1], layers)]
        )
        self.downsamplers = nn.ModuleList(
            nn.Conv2d(above, below, 2, stride=2) for above, below in pairwise(widths)
        )
        self.upsamplers = nn.ModuleList(
            _shuffled(below, above, 2) for above, below in pairwise(widths)
        )
        self.up_blocks = nn.ModuleList(
            _residuals(width, layers) for width in widths[:-1]
        )
        self.conv_out = nn.Conv2d(widths[0], 3 * upscale**2, 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        """Paint; what is added to the inner picture, blown up, was learnt."""
        # So that the norms find a pixel's channels side by side.
        x = self.unpatch(z.to(memory_format=torch.channels_last))
        picture = x[:, :3]
        x = self.down_blocks[0](x)
        passed = []
        for smaller, block in zip(self.downsamplers, self.down_blocks[1:], strict=True):
            passed.append(x)
            x = block(smaller(x))
        for larger, block in zip(
            reversed(self.upsamplers), reversed(self.up_blocks), strict=True
        ):
            x = block(larger(x) + passed.pop())
        blown_up = F.interpolate(picture, scale_factor=self.upscale, mode="bilinear")
        return blown_up + F.pixel_shuffle(self.conv_out(F.relu(x)), self.upscale)


class _Residual(nn.Module):
    """A residual block. Without its norm nothing was learnt (docs/pocket.md)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return x + self.conv2(F.relu(self.conv1(y)))


def _residuals(width: int, count: int) -> nn.Sequential:
    return nn.Sequential(*(_Residual(width) for _ in range(count)))


def _shuffled(in_channels: int, out_channels: int, factor: int) -> nn.Sequential:
    """Make `factor` times `factor` pixels of each, with `out_channels` channels."""
    wide = nn.Conv2d(in_channels, out_channels * factor**2, 1)
    return nn.Sequential(wide, nn.PixelShuffle(factor))


def build_vae(codec: Codec) -> AutoencoderKLPocket:
    """Write a codec into a VAE; its decoder begins at the inner picture, blown up."""
    torch.manual_seed(9)  # of the decoder that is to be trained
    vae = AutoencoderKLPocket(latents_std=tuple(codec.std.tolist()))
    with torch.no_grad():
        kernel = codec.basis.unflatten(1, (3, PATCH, PATCH))
        for axis in (2, 3):
            kernel = kernel.repeat_interleave(DETAIL, axis) / DETAIL
        vae.encoder.weight.copy_(kernel)
        vae.encoder.bias.copy_(-codec.basis @ codec.mean)
        unpatch = vae.decoder.unpatch[0]
        unpatch.weight[: len(codec.mean), :, 0, 0] = codec.basis.T
        unpatch.bias[: len(codec.mean)] = codec.mean
        blocks = [m for m in vae.decoder.modules() if isinstance(m, _Residual)]
        for last in (*(block.conv2 for block in blocks), vae.decoder.conv_out):
            for weight in last.parameters():
                weight.zero_()
    return vae.eval().requires_grad_(requires_grad=False)


def read_codec(vae: AutoencoderKLPocket) -> Codec:
    """Read back the codec that `build_vae` wrote into a VAE."""
    kernel = vae.encoder.weight.detach()
    for axis in (2, 3):
        kernel = kernel.unflatten(axis, (-1, DETAIL)).sum(axis + 1)
    basis = kernel.flatten(1)
    # Of the mean only what the rows of the basis see is kept, and needed.
    mean = -vae.state_dict()["encoder.bias"] @ basis
    return Codec(mean=mean, basis=basis, std=torch.tensor(vae.config.latents_std))
