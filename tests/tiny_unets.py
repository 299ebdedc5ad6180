"""Tiny pipelines of the families that grew out of picture models."""

from __future__ import annotations

from typing import Any

import diffusers
import torch
from diffusers import DiffusionPipeline

from tests.tiny_parts import clip, clip_vision, tokenizer


def animatediff() -> DiffusionPipeline:
    """AnimateDiff: a picture model with motion between its layers."""
    torch.manual_seed(0)
    unet = diffusers.UNet2DConditionModel(
        block_out_channels=(8, 8),
        layers_per_block=2,
        sample_size=8,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=8,
        norm_num_groups=2,
    )
    adapter = diffusers.MotionAdapter(
        block_out_channels=(8, 8),
        motion_layers_per_block=2,
        motion_norm_num_groups=2,
        motion_num_attention_heads=4,
    )
    return diffusers.AnimateDiffPipeline(
        vae=_picture_vae(),
        text_encoder=clip(),
        tokenizer=tokenizer(77),
        unet=unet.eval(),
        motion_adapter=adapter.eval(),
        scheduler=diffusers.DDIMScheduler(beta_schedule="linear", clip_sample=False),
    )


def _picture_vae() -> Any:
    vae = diffusers.AutoencoderKL(
        block_out_channels=(8, 8),
        down_block_types=["DownEncoderBlock2D"] * 2,
        up_block_types=["UpDecoderBlock2D"] * 2,
        latent_channels=4,
        norm_num_groups=2,
    )
    return vae.eval()


def svd() -> DiffusionPipeline:
    """Stable Video Diffusion: a picture, no words, and a loop that asks nothing."""
    torch.manual_seed(0)
    unet = diffusers.UNetSpatioTemporalConditionModel(
        block_out_channels=(32, 64),
        layers_per_block=1,
        sample_size=32,
        in_channels=8,
        out_channels=4,
        down_block_types=(
            "CrossAttnDownBlockSpatioTemporal",
            "DownBlockSpatioTemporal",
        ),
        up_block_types=("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"),
        cross_attention_dim=8,
        num_attention_heads=2,
        projection_class_embeddings_input_dim=96,
        addition_time_embed_dim=32,
    )
    vae = diffusers.AutoencoderKLTemporalDecoder(
        block_out_channels=[32, 32],
        down_block_types=["DownEncoderBlock2D"] * 2,
        latent_channels=4,
    )
    scheduler = diffusers.EulerDiscreteScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        sigma_max=700.0,
        sigma_min=0.002,
        steps_offset=1,
        timestep_spacing="leading",
        timestep_type="continuous",
        use_karras_sigmas=True,
    )
    vision = clip_vision(8, side=224)  # the pipeline scales to this itself
    return diffusers.StableVideoDiffusionPipeline(
        vae=vae.eval(),
        image_encoder=vision["encoder"],
        unet=unet.eval(),
        scheduler=scheduler,
        feature_extractor=vision["processor"],
    )


def modelscope(scheduler: Any = None) -> DiffusionPipeline:
    """ModelScope's text-to-video: no callback, and a loop that asks nothing."""
    torch.manual_seed(0)
    unet = diffusers.UNet3DConditionModel(
        block_out_channels=(8, 8),
        layers_per_block=1,
        sample_size=8,
        down_block_types=("CrossAttnDownBlock3D", "DownBlock3D"),
        up_block_types=("UpBlock3D", "CrossAttnUpBlock3D"),
        cross_attention_dim=8,
        attention_head_dim=4,
        norm_num_groups=2,
    )
    return diffusers.TextToVideoSDPipeline(
        vae=_picture_vae(),
        text_encoder=clip(),
        tokenizer=tokenizer(77),
        unet=unet.eval(),
        scheduler=scheduler or diffusers.DDIMScheduler(clip_sample=False),
    )
