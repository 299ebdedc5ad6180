"""Short names of models that the pipelines here drive, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True, slots=True, kw_only=True)
class HubModel:
    """A model on the hub.

    Attributes:
        repo: Repository of its diffusers folder.
        pipeline: Class name of the diffusers pipeline that drives it here; its folder
            may name another class of its family.
        licence: As its authors name it; read theirs before you use it.
        revision: Branch of the repository that holds the folder.
        defaults: Values of its authors that are not those of its family; `sigmas` are
            noise levels of a distilled model's steps (see `ModelCard`).
        call: More arguments for its pipeline's call.
    """

    repo: str
    pipeline: str
    licence: str
    revision: str = "main"
    defaults: Mapping[str, Any] = field(default_factory=dict)
    call: Mapping[str, Any] = field(default_factory=dict)


_LTX_2_DISTILLED: Final = {
    "sigmas": (1.0, 0.99375, 0.9875, 0.98125, 0.975, 0.909375, 0.725, 0.421875),
    "guidance_scale": 1.0,
}

UNCHECKED: Final = (
    "wan2.2-14b",
    "wan2.2-5b",
    "wan2.2-i2v",
    "fastwan",
    "skyreels-v2",
    "skyreels-v2-i2v",
    "skyreels-v2-df",
    "skyreels-v2-df-i2v",
    "ltx-2-distilled",
    "ltx-2-distilled-i2v",
    "mochi",
    "motif",
    "motif-i2v",
)

# Models of families in `nbagent.models.families`. The repositories are those that diffusers'
# documentation names; their own cards name the licences. Checked in November 2026 by cards
# and licence files, but for `UNCHECKED`, of which others say what stands here.
CATALOGUE: Final[dict[str, HubModel]] = {
    "wan2.1-1.3b": HubModel(
        repo="Wan-AI/Wan2.1-T2V-1.3B-Diffusers",
        pipeline="WanPipeline",
        licence="Apache-2.0",
    ),
    "wan2.1-14b": HubModel(
        repo="Wan-AI/Wan2.1-T2V-14B-Diffusers",
        pipeline="WanPipeline",
        licence="Apache-2.0",
    ),
    "wan2.1-i2v": HubModel(
        repo="Wan-AI/Wan2.1-I2V-14B-480P-Diffusers",
        pipeline="WanImageToVideoPipeline",
        licence="Apache-2.0",
    ),
    "wan2.1-vace": HubModel(
        repo="Wan-AI/Wan2.1-VACE-1.3B-diffusers",
        pipeline="WanVACEPipeline",
        licence="Apache-2.0",
    ),
    "wan2.2-14b": HubModel(
        repo="Wan-AI/Wan2.2-T2V-A14B-Diffusers",
        pipeline="WanPipeline",
        licence="Apache-2.0",
    ),
    "wan2.2-5b": HubModel(
        repo="Wan-AI/Wan2.2-TI2V-5B-Diffusers",
        pipeline="WanPipeline",
        licence="Apache-2.0",
    ),
    # FastVideo's `DmdDenoisingStage`: at timesteps 1000, 757 and 522 to the clean end, and
    # back with fresh noise; no guidance. The variant that was trained with whole attention;
    # the others need FastVideo's sparse one. Its folder names FastVideo's pipeline, and
    # holds WanPipeline's parts.
    "fastwan": HubModel(
        repo="FastVideo/FastWan2.2-TI2V-5B-FullAttn-Diffusers",
        pipeline="WanPipeline",
        licence="Apache-2.0",
        defaults={
            "sigmas": (1.0, 0.757, 0.522),
            "renoises": True,
            "guidance_scale": 1.0,
        },
    ),
    "wan2.2-i2v": HubModel(
        repo="Wan-AI/Wan2.2-I2V-A14B-Diffusers",
        pipeline="WanImageToVideoPipeline",
        licence="Apache-2.0",
    ),
    "skyreels-v2": HubModel(
        repo="Skywork/SkyReels-V2-T2V-14B-540P-Diffusers",
        pipeline="SkyReelsV2Pipeline",
        licence="Skywork",
    ),
    "skyreels-v2-i2v": HubModel(
        repo="Skywork/SkyReels-V2-I2V-1.3B-540P-Diffusers",
        pipeline="SkyReelsV2ImageToVideoPipeline",
        licence="Skywork",
    ),
    "skyreels-v2-df": HubModel(
        repo="Skywork/SkyReels-V2-DF-1.3B-540P-Diffusers",
        pipeline="SkyReelsV2DiffusionForcingPipeline",
        licence="Skywork",
    ),
    "skyreels-v2-df-i2v": HubModel(
        repo="Skywork/SkyReels-V2-DF-1.3B-540P-Diffusers",
        pipeline="SkyReelsV2DiffusionForcingImageToVideoPipeline",
        licence="Skywork",
    ),
    "ltx": HubModel(
        repo="Lightricks/LTX-Video",
        pipeline="LTXPipeline",
        licence="LTXV Open Weights",
    ),
    "ltx-i2v": HubModel(
        repo="Lightricks/LTX-Video",
        pipeline="LTXImageToVideoPipeline",
        licence="LTXV Open Weights",
    ),
    "ltx-0.9.5": HubModel(
        repo="Lightricks/LTX-Video-0.9.5",
        pipeline="LTXConditionPipeline",
        licence="LTX Video 2B 0.9.5 Open RAIL-M",
    ),
    # diffusers' documentation of LTX-Video: these timesteps, no guidance, and what the VAE
    # is told; the first of two stages there, and the only one here.
    "ltx-distilled": HubModel(
        repo="Lightricks/LTX-Video-0.9.8-13B-distilled",
        pipeline="LTXConditionPipeline",
        licence="LTXV Open Weights",
        defaults={
            "sigmas": (1.0, 0.993, 0.987, 0.981, 0.975, 0.909, 0.725, 0.00003),
            "guidance_scale": 1.0,
        },
        call={"decode_timestep": 0.05, "decode_noise_scale": 0.025},
    ),
    "ltx-2": HubModel(
        repo="Lightricks/LTX-2",
        pipeline="LTX2Pipeline",
        licence="LTX-2 Community",
    ),
    "ltx-2-i2v": HubModel(
        repo="Lightricks/LTX-2",
        pipeline="LTX2ImageToVideoPipeline",
        licence="LTX-2 Community",
    ),
    # diffusers' documentation of LTX-2 names this repository, and these noise levels (its
    # `DISTILLED_SIGMA_VALUES`), without guidance; the first of two stages there.
    "ltx-2-distilled": HubModel(
        repo="rootonchair/LTX-2-19b-distilled",
        pipeline="LTX2Pipeline",
        licence="LTX-2 Community",
        defaults=_LTX_2_DISTILLED,
    ),
    "ltx-2-distilled-i2v": HubModel(
        repo="rootonchair/LTX-2-19b-distilled",
        pipeline="LTX2ImageToVideoPipeline",
        licence="LTX-2 Community",
        defaults=_LTX_2_DISTILLED,
    ),
    "cogvideox-2b": HubModel(
        repo="THUDM/CogVideoX-2b",
        pipeline="CogVideoXPipeline",
        licence="Apache-2.0",
    ),
    "cogvideox-5b": HubModel(
        repo="THUDM/CogVideoX-5b",
        pipeline="CogVideoXPipeline",
        licence="CogVideoX",
    ),
    "cogvideox-5b-i2v": HubModel(
        repo="THUDM/CogVideoX-5b-I2V",
        pipeline="CogVideoXImageToVideoPipeline",
        licence="CogVideoX",
    ),
    "hunyuan": HubModel(
        repo="hunyuanvideo-community/HunyuanVideo",
        pipeline="HunyuanVideoPipeline",
        licence="Tencent Hunyuan Community",
    ),
    "hunyuan-i2v": HubModel(
        repo="hunyuanvideo-community/HunyuanVideo-I2V",
        pipeline="HunyuanVideoImageToVideoPipeline",
        licence="Tencent Hunyuan Community",
    ),
    "hunyuan-1.5": HubModel(
        repo="hunyuanvideo-community/HunyuanVideo-1.5-Diffusers-480p_t2v",
        pipeline="HunyuanVideo15Pipeline",
        licence="Tencent Hunyuan Community",
    ),
    "hunyuan-1.5-i2v": HubModel(
        repo="hunyuanvideo-community/HunyuanVideo-1.5-Diffusers-480p_i2v",
        pipeline="HunyuanVideo15ImageToVideoPipeline",
        licence="Tencent Hunyuan Community",
    ),
    # README of Tencent-Hunyuan/HunyuanVideo-1.5: guidance 1, and 8 or 12 steps; the shift
    # of 7 is in its scheduler's config.
    "hunyuan-1.5-i2v-distilled": HubModel(
        repo="hunyuanvideo-community/HunyuanVideo-1.5-Diffusers-480p_i2v_step_distilled",
        pipeline="HunyuanVideo15ImageToVideoPipeline",
        licence="Tencent Hunyuan Community",
        defaults={"num_inference_steps": 12, "draft_steps": 8, "guidance_scale": 1.0},
    ),
    "kandinsky-5": HubModel(
        repo="kandinskylab/Kandinsky-5.0-T2V-Lite-sft-5s-Diffusers",
        pipeline="Kandinsky5T2VPipeline",
        licence="MIT",
    ),
    # diffusers' documentation of Kandinsky 5: 16 steps, and no guidance.
    "kandinsky-5-distilled": HubModel(
        repo="kandinskylab/Kandinsky-5.0-T2V-Lite-distilled16steps-5s-Diffusers",
        pipeline="Kandinsky5T2VPipeline",
        licence="MIT",
        defaults={"num_inference_steps": 16, "draft_steps": 16, "guidance_scale": 1.0},
    ),
    "kandinsky-5-i2v": HubModel(
        repo="kandinskylab/Kandinsky-5.0-I2V-Pro-sft-5s-Diffusers",
        pipeline="Kandinsky5I2VPipeline",
        licence="MIT",
    ),
    "cosmos-1": HubModel(
        repo="nvidia/Cosmos-1.0-Diffusion-7B-Text2World",
        pipeline="CosmosTextToWorldPipeline",
        licence="NVIDIA Open Model",
    ),
    "cosmos-1-v2w": HubModel(
        repo="nvidia/Cosmos-1.0-Diffusion-7B-Video2World",
        pipeline="CosmosVideoToWorldPipeline",
        licence="NVIDIA Open Model",
    ),
    "cosmos-2-v2w": HubModel(
        repo="nvidia/Cosmos-Predict2-2B-Video2World",
        pipeline="Cosmos2VideoToWorldPipeline",
        licence="NVIDIA Open Model",
    ),
    "cosmos-2.5": HubModel(
        repo="nvidia/Cosmos-Predict2.5-2B",
        pipeline="Cosmos2_5_PredictBasePipeline",
        licence="NVIDIA Open Model",
        revision="diffusers/base/post-trained",
    ),
    "helios": HubModel(
        repo="BestWishYsh/Helios-Base",
        pipeline="HeliosPipeline",
        licence="Apache-2.0",
    ),
    "mochi": HubModel(
        repo="genmo/mochi-1-preview",
        pipeline="MochiPipeline",
        licence="Apache-2.0",
    ),
    "motif": HubModel(
        repo="Motif-Technologies/Motif-Video-2B",
        pipeline="MotifVideoPipeline",
        licence="see its card",
    ),
    "motif-i2v": HubModel(
        repo="Motif-Technologies/Motif-Video-2B",
        pipeline="MotifVideoImage2VideoPipeline",
        licence="see its card",
    ),
    "sana-video": HubModel(
        repo="Efficient-Large-Model/SANA-Video_2B_480p_diffusers",
        pipeline="SanaVideoPipeline",
        licence="NVIDIA Open Model",
    ),
    "sana-video-i2v": HubModel(
        repo="Efficient-Large-Model/SANA-Video_2B_480p_diffusers",
        pipeline="SanaImageToVideoPipeline",
        licence="NVIDIA Open Model",
    ),
    "svd-xt": HubModel(
        repo="stabilityai/stable-video-diffusion-img2vid-xt",
        pipeline="StableVideoDiffusionPipeline",
        licence="Stable Video Diffusion Community",
    ),
    "modelscope": HubModel(
        repo="damo-vilab/text-to-video-ms-1.7b",
        pipeline="TextToVideoSDPipeline",
        licence="CC-BY-NC-4.0",
    ),
}
