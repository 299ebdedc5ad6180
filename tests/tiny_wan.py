"""Tiny pipelines of Wan and of the families that grew out of it."""

from __future__ import annotations

from typing import Any

import diffusers
import torch
from diffusers import DiffusionPipeline

from nbagent.pocket.vae import AutoencoderKLPocket
from tests.tiny_parts import clip_vision, flow_euler, tokenizer, umt5, unipc


def wan_vae(**more: Any) -> Any:
    """Wan's VAE, with its factors of four frames and eight pixels."""
    return diffusers.AutoencoderKLWan(
        base_dim=3,
        z_dim=16,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
        **more,
    )


def wan(scheduler: Any) -> DiffusionPipeline:
    """Wan 2.1, with any flow solver."""
    torch.manual_seed(0)
    return wan_over(wan_vae(), (1, 2, 2), scheduler)


def wan_5b() -> DiffusionPipeline:
    """Wan 2.2's small model: a VAE of sixteenths, and a timestep for every token."""
    torch.manual_seed(0)
    vae = wan_vae(
        is_residual=True,
        patch_size=2,
        in_channels=12,
        out_channels=12,
        scale_factor_temporal=4,
        scale_factor_spatial=16,
    )
    pipe = wan_over(vae, (1, 2, 2), unipc())
    pipe.register_to_config(expand_timesteps=True)
    return pipe


def wan_two_experts() -> DiffusionPipeline:
    """Wan 2.2's large model: one network for the high noise, one for the rest."""
    torch.manual_seed(0)
    vae = wan_vae()
    return diffusers.WanPipeline(
        **_common(vae),
        scheduler=unipc(),
        transformer=_network(vae),
        transformer_2=_network(vae),
        boundary_ratio=0.875,
    )


def wan_image() -> DiffusionPipeline:
    """Wan 2.1's image-to-video: the picture as latents, and as CLIP sees it."""
    torch.manual_seed(0)
    vae, vision = wan_vae(), clip_vision(4)
    return diffusers.WanImageToVideoPipeline(
        **_common(vae),
        scheduler=unipc(),
        transformer=_network(vae, in_channels=36, image_dim=4),
        image_encoder=vision["encoder"],
        image_processor=vision["processor"],
    )


def wan_image_two_experts() -> DiffusionPipeline:
    """Wan 2.2's image-to-video: two networks, and no CLIP."""
    torch.manual_seed(0)
    vae = wan_vae()
    return diffusers.WanImageToVideoPipeline(
        **_common(vae),
        scheduler=unipc(),
        transformer=_network(vae, in_channels=36),
        transformer_2=_network(vae, in_channels=36),
        boundary_ratio=0.9,
    )


def wan_vace() -> DiffusionPipeline:
    """Wan VACE, which is told frames and a mask of what it is to make."""
    torch.manual_seed(0)
    vae = wan_vae()
    network = diffusers.WanVACETransformer3DModel
    more = {"num_layers": 3, "vace_layers": [0, 2], "vace_in_channels": 96}
    return diffusers.WanVACEPipeline(
        **_common(vae),
        scheduler=flow_euler(),
        transformer=_network(vae, kind=network, **more),
    )


def skyreels(kind: Any = diffusers.SkyReelsV2Pipeline) -> DiffusionPipeline:
    """SkyReels V2; by diffusion forcing, each latent frame has a solver of its own."""
    torch.manual_seed(0)
    vae = wan_vae()
    network = diffusers.SkyReelsV2Transformer3DModel
    return kind(
        **_common(vae), scheduler=unipc(), transformer=_network(vae, kind=network)
    )


def skyreels_image() -> DiffusionPipeline:
    """SkyReels V2 from a picture: as latents, and as CLIP sees it."""
    torch.manual_seed(0)
    vae, vision = wan_vae(), clip_vision(4)
    network = diffusers.SkyReelsV2Transformer3DModel
    return diffusers.SkyReelsV2ImageToVideoPipeline(
        **_common(vae),
        scheduler=unipc(),
        transformer=_network(vae, kind=network, in_channels=36, image_dim=4),
        image_encoder=vision["encoder"],
        image_processor=vision["processor"],
    )


def pocket_like() -> DiffusionPipeline:
    """The classes and the quirks of pocket: no temporal VAE, frames in pairs."""
    torch.manual_seed(0)
    vae = AutoencoderKLPocket(
        z_dim=8,
        patch_size=2,
        block_out_channels=(8, 8),
        layers_per_block=1,
        scale_factor_spatial=8,
        latents_mean=(0.0,) * 8,
        latents_std=(1.0,) * 8,
    )
    scheduler = diffusers.UniPCMultistepScheduler(
        prediction_type="sample", use_flow_sigmas=True, flow_shift=3.0
    )
    return wan_over(vae, (2, 1, 1), scheduler)


def wan_over(vae: Any, patch: tuple[int, int, int], scheduler: Any) -> Any:
    """Wan over a VAE, with the patches that suit it."""
    network = _network(vae, patch_size=patch)
    return diffusers.WanPipeline(
        **_common(vae), scheduler=scheduler, transformer=network
    )


def _common(vae: Any) -> dict[str, Any]:
    return {"tokenizer": tokenizer(), "text_encoder": umt5(), "vae": vae.eval()}


def _network(vae: Any, kind: Any = diffusers.WanTransformer3DModel, **more: Any) -> Any:
    values = {
        "patch_size": (1, 2, 2),
        "num_attention_heads": 2,
        "attention_head_dim": 12,
        "in_channels": vae.config.z_dim,
        "out_channels": vae.config.z_dim,
        "text_dim": 32,
        "freq_dim": 32,
        "ffn_dim": 32,
        "num_layers": 2,
        "cross_attn_norm": True,
        "rope_max_seq_len": 64,
    }
    return kind(**(values | more)).eval()
