"""Stock diffusers pipelines with random weights, small enough to run in a test.

Only the sizes are ours: the classes, their loops and their schedulers are the real
ones, text encoder and tokenizer included. The sizes follow diffusers' own tests.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import diffusers
import torch
from diffusers import DiffusionPipeline
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    Gemma2Config,
    Gemma2Model,
    LlamaConfig,
    LlamaModel,
    PreTrainedTokenizerFast,
    T5Config,
    T5EncoderModel,
    UMT5Config,
    UMT5EncoderModel,
)

WORDS = ("a", "red", "blue", "ball", "cat", "on", "the", "beach", "at", "night")


@dataclass(frozen=True, kw_only=True)
class Tiny:
    """A way to build a pipeline, and a call that it takes."""

    build: Callable[[], DiffusionPipeline]
    num_frames: int = 9
    height: int = 16
    width: int = 16
    frames_rule: tuple[int, int] = (4, 1)  # (step, offset) that a card must find
    frames_argument: str = "num_frames"
    call: dict[str, Any] = field(default_factory=lambda: {"max_sequence_length": 16})

    def arguments(self) -> dict[str, Any]:
        """Arguments of a call, seed aside."""
        return {
            "prompt": "a red ball",
            self.frames_argument: self.num_frames,
            "height": self.height,
            "width": self.width,
            "num_inference_steps": 6,
            "output_type": "latent",
            **self.call,
        }


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


def _t5() -> T5EncoderModel:
    config = T5Config(
        vocab_size=16, d_model=32, d_kv=8, d_ff=37, num_layers=2, num_heads=4
    )
    return T5EncoderModel(config).eval()


def _umt5() -> UMT5EncoderModel:
    config = UMT5Config(
        vocab_size=16, d_model=32, d_kv=8, d_ff=37, num_layers=2, num_heads=4
    )
    return UMT5EncoderModel(config).eval()


def _clip() -> CLIPTextModel:
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


def _wan_vae(**more: Any) -> Any:
    return diffusers.AutoencoderKLWan(
        base_dim=3,
        z_dim=16,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
        **more,
    )


def _wan(scheduler: Any) -> DiffusionPipeline:
    torch.manual_seed(0)
    return _wan_over(_wan_vae(), (1, 2, 2), scheduler)


def _wan_5b() -> DiffusionPipeline:
    """Wan 2.2's small model: a VAE of sixteenths, and a timestep for every token."""
    torch.manual_seed(0)
    vae = _wan_vae(
        is_residual=True,
        patch_size=2,
        in_channels=12,
        out_channels=12,
        scale_factor_temporal=4,
        scale_factor_spatial=16,
    )
    pipe = _wan_over(vae, (1, 2, 2), unipc())
    pipe.register_to_config(expand_timesteps=True)
    return pipe


def _skyreels() -> DiffusionPipeline:
    torch.manual_seed(0)
    return _wan_over(
        _wan_vae(),
        (1, 2, 2),
        unipc(),
        network=diffusers.SkyReelsV2Transformer3DModel,
        kind=diffusers.SkyReelsV2Pipeline,
    )


def pocket_like() -> DiffusionPipeline:
    """The classes and the quirks of pocket: no temporal VAE, frames in pairs."""
    torch.manual_seed(0)
    vae = diffusers.AutoencoderKLWan(
        base_dim=8,
        z_dim=8,
        dim_mult=[1],
        num_res_blocks=0,
        temperal_downsample=[],
        patch_size=8,
        in_channels=192,
        out_channels=192,
        scale_factor_temporal=1,
        scale_factor_spatial=8,
        latents_mean=[0.0] * 8,
        latents_std=[1.0] * 8,
    )
    scheduler = diffusers.UniPCMultistepScheduler(
        prediction_type="sample", use_flow_sigmas=True, flow_shift=3.0
    )
    return _wan_over(vae, (2, 1, 1), scheduler)


def _wan_over(
    vae: Any,
    patch: tuple[int, int, int],
    scheduler: Any,
    network: Any = diffusers.WanTransformer3DModel,
    kind: Any = diffusers.WanPipeline,
) -> Any:
    transformer = network(
        patch_size=patch,
        num_attention_heads=2,
        attention_head_dim=12,
        in_channels=vae.config.z_dim,
        out_channels=vae.config.z_dim,
        text_dim=32,
        freq_dim=32,
        ffn_dim=32,
        num_layers=2,
        cross_attn_norm=True,
        rope_max_seq_len=64,
    )
    return kind(
        tokenizer=tokenizer(),
        text_encoder=_umt5(),
        vae=vae.eval(),
        scheduler=scheduler,
        transformer=transformer.eval(),
    )


def _ltx() -> DiffusionPipeline:
    torch.manual_seed(0)
    transformer = diffusers.LTXVideoTransformer3DModel(
        in_channels=8,
        out_channels=8,
        patch_size=1,
        patch_size_t=1,
        num_attention_heads=4,
        attention_head_dim=8,
        cross_attention_dim=32,
        num_layers=1,
        caption_channels=32,
    )
    vae = diffusers.AutoencoderKLLTXVideo(
        latent_channels=8,
        block_out_channels=(8, 8, 8, 8),
        decoder_block_out_channels=(8, 8, 8, 8),
        layers_per_block=(1, 1, 1, 1, 1),
        decoder_layers_per_block=(1, 1, 1, 1, 1),
        spatio_temporal_scaling=(True, True, True, False),
        decoder_spatio_temporal_scaling=(True, True, True, False),
        decoder_inject_noise=(False,) * 5,
        upsample_residual=(False,) * 4,
        upsample_factor=(1,) * 4,
        patch_size=4,
        patch_size_t=1,
        encoder_causal=True,
        decoder_causal=False,
    )
    return diffusers.LTXPipeline(
        scheduler=flow_euler(),
        vae=vae.eval(),
        text_encoder=_t5(),
        tokenizer=tokenizer(),
        transformer=transformer.eval(),
    )


def cogvideox(scheduler: Any = None) -> DiffusionPipeline:
    """CogVideoX, by default with the DDIM of its own tests."""
    torch.manual_seed(0)
    transformer = diffusers.CogVideoXTransformer3DModel(
        num_attention_heads=4,
        attention_head_dim=8,
        in_channels=4,
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
    return diffusers.CogVideoXPipeline(
        tokenizer=tokenizer(),
        text_encoder=_t5(),
        vae=vae.eval(),
        transformer=transformer.eval(),
        scheduler=scheduler or diffusers.DDIMScheduler(),
    )


def _hunyuan() -> DiffusionPipeline:
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
    vae = diffusers.AutoencoderKLHunyuanVideo(
        latent_channels=4,
        down_block_types=("HunyuanVideoDownBlock3D",) * 4,
        up_block_types=("HunyuanVideoUpBlock3D",) * 4,
        block_out_channels=(8, 8, 8, 8),
        layers_per_block=1,
        norm_num_groups=4,
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
        vae=vae.eval(),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=7.0),
        text_encoder_2=_clip(),
        tokenizer_2=tokenizer(77),
    )


def _mochi() -> DiffusionPipeline:
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
        text_encoder=_t5(),
        tokenizer=tokenizer(),
        transformer=transformer.eval(),
    )


def _sana() -> DiffusionPipeline:
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
    gemma = Gemma2Config(
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
    return diffusers.SanaVideoPipeline(
        tokenizer=tokenizer(64),
        text_encoder=Gemma2Model(gemma).eval(),
        vae=_wan(unipc()).vae,
        transformer=transformer.eval(),
        scheduler=dpm(),
    )


def _animatediff() -> DiffusionPipeline:
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
    vae = diffusers.AutoencoderKL(
        block_out_channels=(8, 8),
        down_block_types=["DownEncoderBlock2D"] * 2,
        up_block_types=["UpDecoderBlock2D"] * 2,
        latent_channels=4,
        norm_num_groups=2,
    )
    adapter = diffusers.MotionAdapter(
        block_out_channels=(8, 8),
        motion_layers_per_block=2,
        motion_norm_num_groups=2,
        motion_num_attention_heads=4,
    )
    return diffusers.AnimateDiffPipeline(
        vae=vae.eval(),
        text_encoder=_clip(),
        tokenizer=tokenizer(77),
        unet=unet.eval(),
        motion_adapter=adapter.eval(),
        scheduler=diffusers.DDIMScheduler(beta_schedule="linear", clip_sample=False),
    )


TINY: dict[str, Tiny] = {
    "wan-unipc": Tiny(build=lambda: _wan(unipc())),
    "wan-euler": Tiny(build=lambda: _wan(flow_euler())),
    "wan-dpm": Tiny(build=lambda: _wan(dpm())),
    "wan-5b": Tiny(build=_wan_5b, height=32, width=32),
    "skyreels-v2": Tiny(build=_skyreels),
    # The quirk of a VAE without temporal compression: asked for 3, it returns 4.
    "pocket-like": Tiny(build=pocket_like, num_frames=3, frames_rule=(2, 0)),
    "ltx": Tiny(build=_ltx, height=32, width=32, frames_rule=(8, 1)),
    "cogvideox-ddim": Tiny(build=cogvideox),
    "cogvideox-dpm": Tiny(build=lambda: cogvideox(diffusers.CogVideoXDPMScheduler())),
    "hunyuan": Tiny(build=_hunyuan),
    "mochi": Tiny(build=_mochi, num_frames=7, frames_rule=(6, 1)),
    "sana": Tiny(
        build=_sana,
        height=32,
        width=32,
        frames_argument="frames",
        call={
            "max_sequence_length": 16,
            "complex_human_instruction": None,
            "use_resolution_binning": False,
        },
    ),
    "animatediff": Tiny(build=_animatediff, num_frames=4, frames_rule=(1, 0), call={}),
}


def save(name: str, folder: Path) -> Path:
    """Save a tiny pipeline as a user would have a model on disk."""
    TINY[name].build().save_pretrained(folder)
    return folder
