"""Tiny pipelines of Cosmos, from its first generation to 2.5."""

from __future__ import annotations

from typing import Any

import diffusers
import numpy as np
import torch
from diffusers import ConfigMixin, DiffusionPipeline, ModelMixin

from tests.tiny_parts import qwen_vl, t5, tokenizer, unipc
from tests.tiny_wan import wan_vae


class Guard(ModelMixin, ConfigMixin):  # type: ignore[misc]  # untyped bases
    """In place of Cosmos' guard, a package and models of its own: lets all pass."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("_empty", torch.zeros(1), persistent=False)

    def check_text_safety(self, prompt: str) -> bool:
        return bool(prompt)

    def check_video_safety(self, frames: np.ndarray[Any, Any]) -> Any:
        return frames


def cosmos(kind: Any = diffusers.CosmosTextToWorldPipeline) -> DiffusionPipeline:
    """Cosmos 1: an EDM solver, asked twice at each step."""
    torch.manual_seed(0)
    takes_picture = kind is diffusers.CosmosVideoToWorldPipeline
    transformer = _network(4, in_channels=5 if takes_picture else 4)
    generator = torch.Generator().manual_seed(0)
    vae = diffusers.AutoencoderKLCosmos(
        latent_channels=4,
        encoder_block_out_channels=(8, 8, 8, 8),
        decode_block_out_channels=(8, 8, 8, 8),
        attention_resolutions=(8,),
        resolution=64,
        num_layers=2,
        patch_size=4,
        patch_type="haar",
        scaling_factor=1.0,
        spatial_compression_ratio=4,
        temporal_compression_ratio=4,
        # As its real ones: for each channel, and for each of its latent frames.
        latents_mean=torch.randn(4 * 8, generator=generator).tolist(),
        latents_std=(torch.rand(4 * 8, generator=generator) + 0.5).tolist(),
    )
    scheduler = diffusers.EDMEulerScheduler(
        sigma_min=0.002,
        sigma_max=80,
        sigma_data=0.5,
        sigma_schedule="karras",
        prediction_type="epsilon",
        rho=7.0,
        final_sigmas_type="sigma_min",
    )
    return kind(
        text_encoder=t5(),
        tokenizer=tokenizer(),
        transformer=transformer,
        vae=vae.eval(),
        scheduler=scheduler,
        safety_checker=Guard(),
    )


def cosmos_2() -> DiffusionPipeline:
    """Cosmos 2 from a picture: a flow solver on the sigmas of EDM, over Wan's VAE."""
    torch.manual_seed(0)
    return diffusers.Cosmos2VideoToWorldPipeline(
        text_encoder=t5(),
        tokenizer=tokenizer(),
        transformer=_network(16, in_channels=17),
        vae=wan_vae().eval(),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(use_karras_sigmas=True),
        safety_checker=Guard(),
    )


def cosmos_25() -> DiffusionPipeline:
    """Cosmos 2.5, from words alone or with a picture, which it makes a velocity of."""
    torch.manual_seed(0)
    reader = tokenizer(64)
    reader.chat_template = "{{ messages[1]['content'][0]['text'] }}"
    return diffusers.Cosmos2_5_PredictBasePipeline(
        text_encoder=qwen_vl(16),
        tokenizer=reader,
        transformer=_network(16, in_channels=17),
        vae=wan_vae().eval(),
        scheduler=unipc(),
        safety_checker=Guard(),
    )


def _network(out_channels: int, in_channels: int) -> Any:
    network = diffusers.CosmosTransformer3DModel(
        in_channels=in_channels,
        out_channels=out_channels,
        num_attention_heads=2,
        attention_head_dim=16,
        num_layers=2,
        mlp_ratio=2,
        text_embed_dim=32,
        adaln_lora_dim=4,
        max_size=(4, 32, 32),
        patch_size=(1, 2, 2),
        rope_scale=(2.0, 1.0, 1.0),
        concat_padding_mask=False,  # it would need torchvision, as the real one does
        extra_pos_embed_type="learnable",
    )
    return network.eval()
