"""Tiny pipelines of HunyuanVideo, of its second generation, and of what grew out of it."""

from __future__ import annotations

from typing import Any

import diffusers
import torch
from diffusers import DiffusionPipeline
from diffusers.guiders import ClassifierFreeGuidance
from transformers import (
    ByT5Tokenizer,
    CLIPImageProcessor,
    CLIPVisionConfig,
    LlamaConfig,
    LlamaModel,
    LlavaConfig,
    LlavaForConditionalGeneration,
    Qwen2_5_VLTextConfig,
    Qwen2_5_VLTextModel,
)

from tests.tiny_parts import clip, qwen, siglip, t5, tokenizer


def hunyuan() -> DiffusionPipeline:
    """HunyuanVideo, distilled: its guidance is an input."""
    return diffusers.HunyuanVideoPipeline(
        **_common(), transformer=_network(guidance_embeds=True)
    )


def hunyuan_image() -> DiffusionPipeline:
    """HunyuanVideo from a picture, whose latents stand in place of the first."""
    transformer = _network(image_condition_type="token_replace", guidance_embeds=True)
    config = LlavaConfig(
        text_config=_llama(),
        vision_config=_clip_sight(),
        image_token_index=14,
        pad_token_id=0,
    )
    parts = _common() | {"text_encoder": LlavaForConditionalGeneration(config).eval()}
    processor = CLIPImageProcessor(crop_size=28, size=28)
    return diffusers.HunyuanVideoImageToVideoPipeline(
        **parts, transformer=transformer, image_processor=processor
    )


def hunyuan_skyreels() -> DiffusionPipeline:
    """SkyReels V1: HunyuanVideo's network over twice its channels."""
    return diffusers.HunyuanSkyreelsImageToVideoPipeline(
        **_common(), transformer=_network(in_channels=8, guidance_embeds=True)
    )


def framepack() -> DiffusionPipeline:
    """HunyuanVideo Framepack, which makes a clip section by section, the end first."""
    transformer = _network(
        diffusers.HunyuanVideoFramepackTransformer3DModel,
        patch_size=2,
        guidance_embeds=True,
        image_condition_type=None,
        has_image_proj=True,
        image_proj_dim=8,
        has_clean_x_embedder=True,
    )
    return diffusers.HunyuanVideoFramepackPipeline(
        **_common(), transformer=transformer, **siglip(8)
    )


def _common() -> dict[str, Any]:
    torch.manual_seed(0)
    return {
        "text_encoder": LlamaModel(_llama()).eval(),
        "tokenizer": tokenizer(512),
        "vae": hunyuan_vae(),
        "scheduler": diffusers.FlowMatchEulerDiscreteScheduler(shift=7.0),
        "text_encoder_2": clip(),
        "tokenizer_2": tokenizer(77),
    }


def _network(kind: Any = diffusers.HunyuanVideoTransformer3DModel, **more: Any) -> Any:
    torch.manual_seed(1)
    values = {
        "in_channels": 4,
        "out_channels": 4,
        "num_attention_heads": 2,
        "attention_head_dim": 10,
        "num_layers": 1,
        "num_single_layers": 1,
        "num_refiner_layers": 1,
        "patch_size": 1,
        "patch_size_t": 1,
        "text_embed_dim": 16,
        "pooled_projection_dim": 8,
        "rope_axes_dim": (2, 4, 4),
    }
    return kind(**(values | more)).eval()


def _llama() -> LlamaConfig:
    return LlamaConfig(
        vocab_size=16,
        hidden_size=16,
        intermediate_size=37,
        num_hidden_layers=2,
        num_attention_heads=4,
        pad_token_id=0,
        bos_token_id=0,
        eos_token_id=1,
    )


def _clip_sight() -> CLIPVisionConfig:
    return CLIPVisionConfig(
        hidden_size=8,
        intermediate_size=16,
        projection_dim=8,
        num_attention_heads=2,
        num_hidden_layers=2,
        image_size=28,
        patch_size=7,
    )


def hunyuan_vae() -> Any:
    """HunyuanVideo's VAE, which Kandinsky 5 has too."""
    vae = diffusers.AutoencoderKLHunyuanVideo(
        latent_channels=4,
        down_block_types=("HunyuanVideoDownBlock3D",) * 4,
        up_block_types=("HunyuanVideoUpBlock3D",) * 4,
        block_out_channels=(8, 8, 8, 8),
        layers_per_block=1,
        norm_num_groups=4,
    )
    return vae.eval()


class HunyuanVideo15Pipeline(diffusers.HunyuanVideo15Pipeline):  # type: ignore[misc]
    """The real one with shorter texts: two thousand tokens take seconds a run."""

    tokenizer_max_length = property(lambda _: 16, lambda *_: None)
    tokenizer_2_max_length = property(lambda _: 16, lambda *_: None)
    vision_num_semantic_tokens = property(lambda _: 4, lambda *_: None)


class HunyuanVideo15ImageToVideoPipeline(
    diffusers.HunyuanVideo15ImageToVideoPipeline  # type: ignore[misc]  # untyped bases
):
    """The real one with shorter texts, and fewer tokens of its picture."""

    tokenizer_max_length = property(lambda _: 16, lambda *_: None)
    tokenizer_2_max_length = property(lambda _: 16, lambda *_: None)
    vision_num_semantic_tokens = property(lambda _: 16, lambda *_: None)


def hunyuan_15(kind: Any = HunyuanVideo15Pipeline) -> DiffusionPipeline:
    """HunyuanVideo 1.5: no callback, and a guider in place of a guidance scale."""
    takes_picture = kind is not HunyuanVideo15Pipeline
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
        task_type="i2v" if takes_picture else "t2v",
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
    return kind(
        text_encoder=Qwen2_5_VLTextModel(Qwen2_5_VLTextConfig(**qwen(16))).eval(),
        tokenizer=reader,
        transformer=transformer.eval(),
        vae=vae.eval(),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=7.0),
        text_encoder_2=t5(),
        tokenizer_2=ByT5Tokenizer(),
        guider=ClassifierFreeGuidance(guidance_scale=6.0),
        **(siglip(12) if takes_picture else {}),
    )
