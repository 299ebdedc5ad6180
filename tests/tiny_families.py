"""Tiny pipelines of the families that stand alone: not of Wan, LTX or a picture model."""

from __future__ import annotations

from typing import Any

import diffusers
import torch
from diffusers import DiffusionPipeline
from diffusers.guiders import AdaptiveProjectedGuidance
from transformers import T5Gemma2EncoderConfig
from transformers.models.t5gemma2.modeling_t5gemma2 import T5Gemma2Encoder

from tests.tiny_hunyuan import hunyuan_vae
from tests.tiny_parts import clip, dpm, gemma, qwen_vl, siglip, t5, tokenizer, umt5
from tests.tiny_wan import wan_vae


def cogvideox(scheduler: Any = None, kind: Any = None) -> DiffusionPipeline:
    """CogVideoX, by default text-to-video with the DDIM of its own tests."""
    torch.manual_seed(0)
    kind = kind or diffusers.CogVideoXPipeline
    takes_picture = kind is diffusers.CogVideoXImageToVideoPipeline
    transformer = diffusers.CogVideoXTransformer3DModel(
        num_attention_heads=4,
        attention_head_dim=8,
        in_channels=8 if takes_picture else 4,
        out_channels=4,
        time_embed_dim=2,
        text_embed_dim=32,
        num_layers=1,
        sample_width=2,
        sample_height=2,
        sample_frames=9,
        patch_size=2,
        temporal_compression_ratio=4,
        max_text_seq_length=16,
    )
    vae = diffusers.AutoencoderKLCogVideoX(
        down_block_types=("CogVideoXDownBlock3D",) * 4,
        up_block_types=("CogVideoXUpBlock3D",) * 4,
        block_out_channels=(8, 8, 8, 8),
        latent_channels=4,
        layers_per_block=1,
        norm_num_groups=2,
        temporal_compression_ratio=4,
    )
    return kind(
        tokenizer=tokenizer(),
        text_encoder=t5(),
        vae=vae.eval(),
        transformer=transformer.eval(),
        scheduler=scheduler or diffusers.DDIMScheduler(),
    )


def mochi() -> DiffusionPipeline:
    """Mochi, which counts its sigmas from noise to clip."""
    torch.manual_seed(0)
    transformer = diffusers.MochiTransformer3DModel(
        patch_size=2,
        num_attention_heads=2,
        attention_head_dim=8,
        num_layers=2,
        pooled_projection_dim=16,
        in_channels=12,
        qk_norm="rms_norm",
        text_embed_dim=32,
        time_embed_dim=4,
        activation_fn="swiglu",
        max_sequence_length=16,
    )
    vae = diffusers.AutoencoderKLMochi(
        latent_channels=12,
        out_channels=3,
        encoder_block_out_channels=(32, 32, 32, 32),
        decoder_block_out_channels=(32, 32, 32, 32),
        layers_per_block=(1, 1, 1, 1, 1),
    )
    return diffusers.MochiPipeline(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(invert_sigmas=True),
        vae=vae.eval(),
        text_encoder=t5(),
        tokenizer=tokenizer(),
        transformer=transformer.eval(),
    )


def sana(kind: Any = diffusers.SanaVideoPipeline) -> DiffusionPipeline:
    """SanaVideo over Wan's VAE, or its class that is given a picture."""
    torch.manual_seed(0)
    transformer = diffusers.SanaVideoTransformer3DModel(
        in_channels=16,
        out_channels=16,
        num_attention_heads=2,
        attention_head_dim=12,
        num_layers=2,
        num_cross_attention_heads=2,
        cross_attention_head_dim=12,
        cross_attention_dim=24,
        caption_channels=8,
        mlp_ratio=2.5,
        sample_size=8,
        patch_size=(1, 2, 2),
        qk_norm="rms_norm_across_heads",
        rope_max_seq_len=32,
    )
    return kind(
        tokenizer=tokenizer(64),
        text_encoder=gemma(),
        vae=wan_vae().eval(),
        transformer=transformer.eval(),
        scheduler=dpm(),
    )


def kandinsky(kind: Any = diffusers.Kandinsky5T2VPipeline) -> DiffusionPipeline:
    """Kandinsky 5, channels last, with the condition channels of its real weights."""
    torch.manual_seed(0)
    transformer = diffusers.Kandinsky5Transformer3DModel(
        in_visual_dim=4,
        in_text_dim=32,
        in_text_dim2=8,
        time_dim=16,
        out_visual_dim=4,
        patch_size=(1, 2, 2),
        model_dim=16,
        ff_dim=32,
        num_text_blocks=1,
        num_visual_blocks=2,
        axes_dims=(1, 1, 2),
        visual_cond=True,
        attention_type="regular",
    )
    # What begins as zeros would keep the frames from seeing each other.
    for weight in transformer.parameters():
        if not weight.any():
            torch.nn.init.normal_(weight, std=0.2)
    return kind(
        transformer=transformer.eval(),
        vae=hunyuan_vae(),
        text_encoder=qwen_vl(32),
        tokenizer=tokenizer(512),
        text_encoder_2=clip(),
        tokenizer_2=tokenizer(77),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=7.0),
    )


def motif(kind: Any = diffusers.MotifVideoPipeline) -> DiffusionPipeline:
    """Motif-Video, with a guider; its class for pictures also looks at them."""
    torch.manual_seed(0)
    transformer = diffusers.MotifVideoTransformer3DModel(
        in_channels=33,
        out_channels=16,
        num_attention_heads=2,
        attention_head_dim=12,
        num_layers=1,
        num_single_layers=1,
        mlp_ratio=2.0,
        patch_size=1,
        patch_size_t=1,
        qk_norm="rms_norm",
        text_embed_dim=32,
        image_embed_dim=4,
        rope_axes_dim=(4, 4, 4),
    )
    words = {
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "intermediate_size": 32,
        "vocab_size": 16,
        "max_position_embeddings": 128,
        "dropout_rate": 0.0,
    }
    eyes = siglip(4)
    sight = eyes["image_encoder"].config.to_dict()
    encoder = T5Gemma2EncoderConfig(
        text_config=words, vision_config=sight, image_token_index=15
    )
    return kind(
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=7.0),
        vae=wan_vae().eval(),
        text_encoder=T5Gemma2Encoder(encoder).eval(),
        tokenizer=tokenizer(),
        transformer=transformer.eval(),
        guider=AdaptiveProjectedGuidance(),
        feature_extractor=eyes["feature_extractor"],
    )


def helios() -> DiffusionPipeline:
    """Helios, which makes a clip chunk after chunk, over Wan's VAE."""
    torch.manual_seed(0)
    transformer = diffusers.HeliosTransformer3DModel(
        patch_size=(1, 2, 2),
        num_attention_heads=2,
        attention_head_dim=12,
        in_channels=16,
        out_channels=16,
        text_dim=32,
        freq_dim=32,
        ffn_dim=32,
        num_layers=1,
        cross_attn_norm=True,
        qk_norm="rms_norm_across_heads",
        rope_dim=(4, 4, 4),
        has_multi_term_memory_patch=True,
        guidance_cross_attn=True,
        zero_history_timestep=True,
        is_amplify_history=False,
    )
    scheduler = diffusers.HeliosScheduler(
        stage_range=[0, 1], stages=1, use_dynamic_shifting=True
    )
    return diffusers.HeliosPipeline(
        tokenizer=tokenizer(),
        text_encoder=umt5(),
        vae=wan_vae().eval(),
        scheduler=scheduler,
        transformer=transformer.eval(),
    )
