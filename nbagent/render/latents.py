"""Between a clip's frames and the latents that a pipeline's loop works on."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from diffusers import DiffusionPipeline

from nbagent.render.capability import Capability


def normalize(vae: Any, latents: torch.Tensor, ability: Capability) -> torch.Tensor:
    """Bring a VAE's latents to the scale that its pipeline denoises in.

    One formula covers the families: those without a mean, a deviation or a factor
    have 0, 1 and 1 there.

    Args:
        vae: Made the latents.
        latents: (B, C, F, h, w) of clips, or (B, C, h, w) of pictures.
        ability: Of its pipeline.
    """
    buffers = dict(vae.named_buffers(recurse=False))

    def statistic(name: str, absent: float) -> torch.Tensor:
        # LTX registers these as buffers, Wan and Mochi list them in the config.
        value = buffers.get(name, vae.config.get(name))
        value = [absent] if value is None else value
        value = torch.as_tensor(value, dtype=latents.dtype, device=latents.device)
        value = value.flatten()
        if len(value) > latents.shape[1]:  # Cosmos has them for each latent frame too
            value = value.view(1, latents.shape[1], -1, 1, 1)
            return value[:, :, : latents.shape[2]]
        return value.view(1, -1, *[1] * (latents.ndim - 2))

    mean, deviation = statistic("latents_mean", 0.0), statistic("latents_std", 1.0)
    return (latents - mean) * ability.latents_factor / deviation


def unpack(
    latents: torch.Tensor, ability: Capability, height: int, width: int
) -> torch.Tensor:
    """Return one clip's latents as (C, F, H, W) whatever order its loop keeps."""
    if ability.layout == "BCFHW":
        return latents[0]
    if ability.layout == "BFCHW":
        return latents[0].transpose(0, 1)
    if ability.layout == "BFHWC":
        return latents[0].movedim(-1, 0)
    rows = height // (ability.space_factor * ability.patch[1])
    columns = width // (ability.space_factor * ability.patch[1])
    return latents[0].T.reshape(latents.shape[-1], -1, rows, columns)


def pack(latents: torch.Tensor, pipe: DiffusionPipeline, ability: Capability) -> Any:
    """Return latents (B, C, F, H, W) in the order that the pipeline's loop keeps."""
    if ability.layout == "BCFHW":
        return latents
    if ability.layout == "BFCHW":
        return latents.transpose(1, 2)
    if ability.layout == "BFHWC":
        return latents.movedim(1, -1)
    kind: Any = type(pipe)
    return kind._pack_latents(latents, ability.patch[1], ability.patch[0])  # noqa: SLF001


@torch.inference_mode()
def encode(
    frames: npt.NDArray[np.uint8], pipe: Any, ability: Capability
) -> torch.Tensor:
    """Encode frames (F, H, W, 3), uint8, to normalised latents (1, C, f, h, w)."""
    vae = pipe.vae
    # Where its inputs belong; its weights may be elsewhere until it is called.
    device = pipe._execution_device  # noqa: SLF001
    pixels = torch.from_numpy(np.ascontiguousarray(frames)).float() / 127.5 - 1
    pixels = pixels.permute(3, 0, 1, 2).to(device, vae.dtype)  # (3, F, H, W)
    if is_video_vae(vae):
        latents = vae.encode(pixels[None]).latent_dist.mode()
    else:
        pictures = vae.encode(pixels.transpose(0, 1)).latent_dist.mode()
        latents = pictures.transpose(0, 1)[None]
    return normalize(vae, latents.float().cpu(), ability)


def is_video_vae(vae: Any) -> bool:
    """Return whether a VAE reads clips; AutoencoderKL reads pictures."""
    return vae.encoder.__class__.__name__ != "Encoder"
