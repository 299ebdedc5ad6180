"""Tiny pipelines of the families that stand alone: not of Wan, LTX or a picture model."""

from __future__ import annotations

from typing import Any

import diffusers
import numpy as np
import torch
from diffusers import ConfigMixin, DiffusionPipeline, ModelMixin
from diffusers.guiders import ClassifierFreeGuidance
from transformers import (
    ByT5Tokenizer,
    LlamaConfig,
    LlamaModel,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2_5_VLTextConfig,
    Qwen2_5_VLTextModel,
)

from tests.tiny_parts import (
    clip,
    dpm,
    gemma,
    t5,
    tokenizer,
)
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


def hunyuan() -> DiffusionPipeline:
    """HunyuanVideo, distilled: its guidance is an input."""
    torch.manual_seed(0)
    transformer = diffusers.HunyuanVideoTransformer3DModel(
        in_channels=4,
        out_channels=4,
        num_attention_heads=2,
        attention_head_dim=10,
        num_layers=1,
        num_single_layers=1,
        num_refiner_layers=1,
        patch_size=1,
        patch_size_t=1,
        guidance_embeds=True,
        text_embed_dim=16,
        pooled_projection_dim=8,
        rope_axes_dim=(2, 4, 4),
    )
    llama = LlamaConfig(
        vocab_size=16,
        hidden_size=16,
        intermediate_size=37,
        num_hidden_layers=2,
        num_attention_heads=4,
        pad_token_id=0,
        bos_token_id=0,
        eos_token_id=1,
    )
    return diffusers.HunyuanVideoPipeline(
        text_encoder=LlamaModel(llama).eval(),
        tokenizer=tokenizer(512),
        transformer=transformer.eval(),
        vae=_hunyuan_vae(),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=7.0),
        text_encoder_2=clip(),
        tokenizer_2=tokenizer(77),
    )


def _hunyuan_vae() -> Any:
    vae = diffusers.AutoencoderKLHunyuanVideo(
        latent_channels=4,
        down_block_types=("HunyuanVideoDownBlock3D",) * 4,
        up_block_types=("HunyuanVideoUpBlock3D",) * 4,
        block_out_channels=(8, 8, 8, 8),
        layers_per_block=1,
        norm_num_groups=4,
    )
    return vae.eval()


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


def sana() -> DiffusionPipeline:
    """SanaVideo over Wan's VAE."""
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
    return diffusers.SanaVideoPipeline(
        tokenizer=tokenizer(64),
        text_encoder=gemma(),
        vae=wan_vae().eval(),
        transformer=transformer.eval(),
        scheduler=dpm(),
    )


class HunyuanVideo15Pipeline(diffusers.HunyuanVideo15Pipeline):  # type: ignore[misc]
    """The real one with shorter texts: two thousand tokens take seconds a run."""

    tokenizer_max_length = property(lambda _: 16, lambda *_: None)
    tokenizer_2_max_length = property(lambda _: 16, lambda *_: None)
    vision_num_semantic_tokens = property(lambda _: 4, lambda *_: None)


def hunyuan_15() -> DiffusionPipeline:
    """HunyuanVideo 1.5: no callback, and a guider in place of a guidance scale."""
    torch.manual_seed(0)
    transformer = diffusers.HunyuanVideo15Transformer3DModel(
        in_channels=9,
        out_channels=4,
        num_attention_heads=2,
        attention_head_dim=8,
        num_layers=1,
        num_refiner_layers=1,
        mlp_ratio=2.0,
        patch_size=1,
        patch_size_t=1,
        text_embed_dim=16,
        text_embed_2_dim=32,
        image_embed_dim=12,
        rope_axes_dim=(2, 2, 4),
        target_size=16,
        task_type="t2v",
    )
    vae = diffusers.AutoencoderKLHunyuanVideo15(
        latent_channels=4,
        block_out_channels=(16, 16),
        layers_per_block=1,
        spatial_compression_ratio=4,
        temporal_compression_ratio=2,
        downsample_match_channel=False,
        upsample_match_channel=False,
    )
    reader = tokenizer(2000)
    # The pipeline cuts off as many tokens as its own template has before the prompt.
    reader.chat_template = "{{ 'a ' * 108 }}{{ messages[1]['content'] }}"
    return HunyuanVideo15Pipeline(
        text_encoder=Qwen2_5_VLTextModel(Qwen2_5_VLTextConfig(**_qwen(16))).eval(),
        tokenizer=reader,
        transformer=transformer.eval(),
        vae=vae.eval(),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=7.0),
        text_encoder_2=t5(),
        tokenizer_2=ByT5Tokenizer(),
        guider=ClassifierFreeGuidance(guidance_scale=6.0),
    )


def _qwen(width: int) -> dict[str, Any]:
    return {
        "vocab_size": 16,
        "hidden_size": width,
        "intermediate_size": width,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "rope_scaling": {
            "mrope_section": [width // 16, width // 16, width // 8],
            "rope_type": "default",
            "type": "default",
        },
        "rope_theta": 1000000.0,
        "pad_token_id": 0,
        "bos_token_id": 0,
        "eos_token_id": 1,
    }


def kandinsky() -> DiffusionPipeline:
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
    config = Qwen2_5_VLConfig(
        text_config=_qwen(32),
        vision_config={
            "depth": 1,
            "hidden_size": 32,
            "intermediate_size": 32,
            "num_heads": 2,
            "out_hidden_size": 32,
        },
    )
    return diffusers.Kandinsky5T2VPipeline(
        transformer=transformer.eval(),
        vae=_hunyuan_vae(),
        text_encoder=Qwen2_5_VLForConditionalGeneration(config).eval(),
        tokenizer=tokenizer(512),
        text_encoder_2=clip(),
        tokenizer_2=tokenizer(77),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=7.0),
    )


class Guard(ModelMixin, ConfigMixin):  # type: ignore[misc]  # untyped bases
    """In place of Cosmos' guard, a package and models of its own: lets all pass."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("_empty", torch.zeros(1), persistent=False)

    def check_text_safety(self, prompt: str) -> bool:
        return bool(prompt)

    def check_video_safety(self, frames: np.ndarray[Any, Any]) -> Any:
        return frames


def cosmos() -> DiffusionPipeline:
    """Cosmos 1 text-to-world: an EDM solver, asked twice at each step."""
    torch.manual_seed(0)
    transformer = diffusers.CosmosTransformer3DModel(
        in_channels=4,
        out_channels=4,
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
    return diffusers.CosmosTextToWorldPipeline(
        text_encoder=t5(),
        tokenizer=tokenizer(),
        transformer=transformer.eval(),
        vae=vae.eval(),
        scheduler=scheduler,
        safety_checker=Guard(),
    )
