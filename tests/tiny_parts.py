"""Small parts that the tiny pipelines share: text and image encoders, solvers."""

from __future__ import annotations

from typing import Any

import diffusers
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from transformers import (
    CLIPImageProcessor,
    CLIPTextConfig,
    CLIPTextModel,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
    Gemma2Config,
    Gemma2Model,
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    SiglipImageProcessor,
    SiglipVisionConfig,
    SiglipVisionModel,
    T5Config,
    T5EncoderModel,
    UMT5Config,
    UMT5EncoderModel,
)

WORDS = ("a", "red", "blue", "ball", "cat", "on", "the", "beach", "at", "night")


def tokenizer(max_length: int = 16) -> PreTrainedTokenizerFast:
    """Build a word-level tokenizer that ends each text as T5 does."""
    special = ("<pad>", "</s>", "<unk>")
    vocabulary = {word: i for i, word in enumerate((*special, *WORDS))}
    model = Tokenizer(WordLevel(vocabulary, unk_token="<unk>"))
    model.pre_tokenizer = Whitespace()
    model.post_processor = TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=model,
        pad_token="<pad>",
        eos_token="</s>",
        unk_token="<unk>",
        model_max_length=max_length,
    )


def cast(module: torch.nn.Module, dtype: torch.dtype) -> torch.nn.Module:
    """Cast a network as it is when it is loaded: layers that want fp32 stay in it."""
    exact = set(getattr(module, "_keep_in_fp32_modules", None) or ())
    for name, value in (*module.named_parameters(), *module.named_buffers()):
        if value.is_floating_point() and not exact & set(name.split(".")):
            value.data = value.data.to(dtype)
    return module


def t5() -> T5EncoderModel:
    """The encoder of LTX, CogVideoX, Mochi and Cosmos."""
    config = T5Config(
        vocab_size=16, d_model=32, d_kv=8, d_ff=37, num_layers=2, num_heads=4
    )
    return T5EncoderModel(config).eval()


def umt5() -> UMT5EncoderModel:
    """The encoder of Wan and SkyReels."""
    config = UMT5Config(
        vocab_size=16, d_model=32, d_kv=8, d_ff=37, num_layers=2, num_heads=4
    )
    return UMT5EncoderModel(config).eval()


def clip() -> CLIPTextModel:
    """The encoder of AnimateDiff and ModelScope, and a second one elsewhere."""
    config = CLIPTextConfig(
        vocab_size=16,
        hidden_size=8,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=77,
        projection_dim=8,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=0,
    )
    return CLIPTextModel(config).eval()


def gemma() -> Gemma2Model:
    """The encoder of SanaVideo; LTX-2 has a larger one of its kind."""
    config = Gemma2Config(
        vocab_size=16,
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        num_key_value_heads=1,
        head_dim=8,
        pad_token_id=0,
        bos_token_id=0,
        eos_token_id=1,
    )
    return Gemma2Model(config).eval()


def qwen(width: int) -> dict[str, Any]:
    """The text side of HunyuanVideo 1.5, Kandinsky 5 and Cosmos 2.5."""
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


def clip_vision(width: int, side: int = 32) -> dict[str, Any]:
    """What reads a picture of a side in pixels: the encoder and its processor."""
    config = CLIPVisionConfig(
        hidden_size=width,
        projection_dim=width,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=side,
        intermediate_size=16,
        patch_size=side // 4,
    )
    return {
        "encoder": CLIPVisionModelWithProjection(config).eval(),
        "processor": CLIPImageProcessor(crop_size=side, size=side),
    }


def qwen_vl(width: int) -> Qwen2_5_VLForConditionalGeneration:
    """The encoder of Kandinsky 5 and Cosmos 2.5, with an eye that nobody looks through."""
    sight = {
        "depth": 1,
        "hidden_size": width,
        "intermediate_size": width,
        "num_heads": 2,
        "out_hidden_size": width,
    }
    config = Qwen2_5_VLConfig(text_config=qwen(width), vision_config=sight)
    return Qwen2_5_VLForConditionalGeneration(config).eval()


def siglip(width: int, side: int = 16) -> dict[str, Any]:
    """What reads a picture elsewhere: SigLIP's encoder and its processor."""
    config = SiglipVisionConfig(
        hidden_size=width,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        image_size=side,
        patch_size=side // 4,
    )
    return {
        "image_encoder": SiglipVisionModel(config).eval(),
        "feature_extractor": SiglipImageProcessor(size={"height": side, "width": side}),
    }


def unipc() -> diffusers.UniPCMultistepScheduler:
    """The hub's Wan solver."""
    return diffusers.UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0
    )


def flow_euler() -> diffusers.FlowMatchEulerDiscreteScheduler:
    """The first-order flow solver."""
    return diffusers.FlowMatchEulerDiscreteScheduler(shift=3.0)


def dpm() -> diffusers.DPMSolverMultistepScheduler:
    """A second-order flow solver."""
    return diffusers.DPMSolverMultistepScheduler(
        prediction_type="flow_prediction",
        use_flow_sigmas=True,
        flow_shift=3.0,
        algorithm_type="dpmsolver++",
    )
