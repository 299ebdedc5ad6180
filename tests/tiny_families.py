"""Tiny pipelines of the families that are not Wan's."""

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
    clip_vision,
    dpm,
    flow_euler,
    gemma,
    t5,
    tokenizer,
)
from tests.tiny_wan import wan_vae


def ltx(kind: Any = diffusers.LTXPipeline) -> DiffusionPipeline:
    """LTX, or its class that may be told conditions."""
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
    # With conditions it makes its timesteps itself, for a scheduler that shifts none.
    plain = diffusers.FlowMatchEulerDiscreteScheduler()
    return kind(
        scheduler=flow_euler() if kind is diffusers.LTXPipeline else plain,
        vae=vae.eval(),
        text_encoder=t5(),
        tokenizer=tokenizer(),
        transformer=transformer.eval(),
    )


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


def ltx2() -> DiffusionPipeline:
    """LTX-2, which denoises sound beside the clip."""
    torch.manual_seed(0)
    encoder = gemma()
    width, layers = encoder.config.hidden_size, encoder.config.num_hidden_layers
    transformer = diffusers.LTX2VideoTransformer3DModel(
        in_channels=4,
        out_channels=4,
        patch_size=1,
        patch_size_t=1,
        num_attention_heads=2,
        attention_head_dim=8,
        cross_attention_dim=16,
        audio_in_channels=4,
        audio_out_channels=4,
        audio_num_attention_heads=2,
        audio_attention_head_dim=4,
        audio_cross_attention_dim=8,
        num_layers=2,
        qk_norm="rms_norm_across_heads",
        caption_channels=width,
        rope_double_precision=False,
        rope_type="split",
    )
    sides = {
        f"{side}_connector_{name}": value
        for side in ("video", "audio")
        for name, value in (
            ("num_attention_heads", 4),
            ("attention_head_dim", 2),
            ("num_layers", 1),
            ("num_learnable_registers", None),
        )
    }
    connectors = diffusers.pipelines.ltx2.LTX2TextConnectors(
        caption_channels=width,
        text_proj_in_factor=layers + 1,
        connector_rope_base_seq_len=32,
        rope_theta=10000.0,
        rope_double_precision=False,
        causal_temporal_positioning=False,
        rope_type="split",
        **sides,
    )
    vae = diffusers.AutoencoderKLLTX2Video(
        latent_channels=4,
        block_out_channels=(8,),
        decoder_block_out_channels=(8,),
        layers_per_block=(1,),
        decoder_layers_per_block=(1, 1),
        spatio_temporal_scaling=(True,),
        decoder_spatio_temporal_scaling=(True,),
        decoder_inject_noise=(False, False),
        downsample_type=("spatiotemporal",),
        upsample_residual=(False,),
        upsample_factor=(1,),
        timestep_conditioning=False,
        patch_size=1,
        patch_size_t=1,
        encoder_causal=True,
        decoder_causal=False,
    )
    audio_vae = diffusers.AutoencoderKLLTX2Audio(
        base_channels=4,
        output_channels=2,
        ch_mult=(1,),
        num_res_blocks=1,
        attn_resolutions=None,
        in_channels=2,
        resolution=32,
        latent_channels=2,
        norm_type="pixel",
        causality_axis="height",
        mid_block_add_attention=False,
        sample_rate=16000,
        mel_hop_length=160,
        is_causal=True,
        mel_bins=8,
    )
    vocoder = diffusers.pipelines.ltx2.LTX2Vocoder(
        in_channels=16,
        hidden_channels=32,
        out_channels=2,
        upsample_kernel_sizes=[4, 4],
        upsample_factors=[2, 2],
        resnet_kernel_sizes=[3],
        resnet_dilations=[[1, 3, 5]],
        output_sampling_rate=16000,
    )
    return diffusers.LTX2Pipeline(
        transformer=transformer.eval(),
        connectors=connectors.eval(),
        vae=vae.eval(),
        audio_vae=audio_vae.eval(),
        vocoder=vocoder.eval(),
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(),
        text_encoder=encoder,
        tokenizer=tokenizer(),
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
