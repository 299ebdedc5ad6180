"""Short names of models that the pipelines here drive, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A model on the hub.

    Attributes:
        repo: Repository of its diffusers folder.
        pipeline: Class name of the diffusers pipeline that drives it here; its folder
            may name another class of its family.
        licence: As its authors name it; read theirs before you use it.
        revision: Branch of the repository that holds the folder.
        defaults: Values of its authors that are not those of its family.
    """

    repo: str
    pipeline: str
    licence: str
    revision: str = "main"
    defaults: Mapping[str, float] = field(default_factory=dict)


# Models of families in `nbagent.families`. The repositories are those that diffusers'
# documentation names; their own cards name the licences. Checked in November 2026 as far
# as cards and licence files were at hand: Hunyuan, Helios, SANA-Video, Cosmos 2 and
# 2.5, LTX 0.9.5, LTX-2. What is said of the others is from memory.
CATALOGUE: Final[dict[str, Entry]] = {
    "wan2.1-1.3b": Entry(
        repo="Wan-AI/Wan2.1-T2V-1.3B-Diffusers",
        pipeline="WanPipeline",
        licence="Apache-2.0",
    ),
    "wan2.1-14b": Entry(
        repo="Wan-AI/Wan2.1-T2V-14B-Diffusers",
        pipeline="WanPipeline",
        licence="Apache-2.0",
    ),
    "wan2.1-i2v": Entry(
        repo="Wan-AI/Wan2.1-I2V-14B-480P-Diffusers",
        pipeline="WanImageToVideoPipeline",
        licence="Apache-2.0",
    ),
    "wan2.1-vace": Entry(
        repo="Wan-AI/Wan2.1-VACE-1.3B-diffusers",
        pipeline="WanVACEPipeline",
        licence="Apache-2.0",
    ),
    "wan2.2-14b": Entry(
        repo="Wan-AI/Wan2.2-T2V-A14B-Diffusers",
        pipeline="WanPipeline",
        licence="Apache-2.0",
    ),
    "wan2.2-5b": Entry(
        repo="Wan-AI/Wan2.2-TI2V-5B-Diffusers",
        pipeline="WanPipeline",
        licence="Apache-2.0",
    ),
    "wan2.2-i2v": Entry(
        repo="Wan-AI/Wan2.2-I2V-A14B-Diffusers",
        pipeline="WanImageToVideoPipeline",
        licence="Apache-2.0",
    ),
    "skyreels-v2": Entry(
        repo="Skywork/SkyReels-V2-T2V-14B-540P-Diffusers",
        pipeline="SkyReelsV2Pipeline",
        licence="Skywork",
    ),
    "skyreels-v2-i2v": Entry(
        repo="Skywork/SkyReels-V2-I2V-1.3B-540P-Diffusers",
        pipeline="SkyReelsV2ImageToVideoPipeline",
        licence="Skywork",
    ),
    "skyreels-v2-df": Entry(
        repo="Skywork/SkyReels-V2-DF-1.3B-540P-Diffusers",
        pipeline="SkyReelsV2DiffusionForcingPipeline",
        licence="Skywork",
    ),
    "skyreels-v2-df-i2v": Entry(
        repo="Skywork/SkyReels-V2-DF-1.3B-540P-Diffusers",
        pipeline="SkyReelsV2DiffusionForcingImageToVideoPipeline",
        licence="Skywork",
    ),
    "ltx": Entry(
        repo="Lightricks/LTX-Video",
        pipeline="LTXPipeline",
        licence="LTX-Video Open Weights",
    ),
    "ltx-i2v": Entry(
        repo="Lightricks/LTX-Video",
        pipeline="LTXImageToVideoPipeline",
        licence="LTX-Video Open Weights",
    ),
    "ltx-0.9.5": Entry(
        repo="Lightricks/LTX-Video-0.9.5",
        pipeline="LTXConditionPipeline",
        licence="LTX Video 2B 0.9.5 Open RAIL-M",
    ),
    "ltx-2": Entry(
        repo="Lightricks/LTX-2",
        pipeline="LTX2Pipeline",
        licence="LTX-2 Community",
    ),
    "ltx-2-i2v": Entry(
        repo="Lightricks/LTX-2",
        pipeline="LTX2ImageToVideoPipeline",
        licence="LTX-2 Community",
    ),
    "cogvideox-2b": Entry(
        repo="THUDM/CogVideoX-2b",
        pipeline="CogVideoXPipeline",
        licence="Apache-2.0",
    ),
    "cogvideox-5b": Entry(
        repo="THUDM/CogVideoX-5b",
        pipeline="CogVideoXPipeline",
        licence="CogVideoX",
    ),
    "cogvideox-5b-i2v": Entry(
        repo="THUDM/CogVideoX-5b-I2V",
        pipeline="CogVideoXImageToVideoPipeline",
        licence="CogVideoX",
    ),
    "hunyuan": Entry(
        repo="hunyuanvideo-community/HunyuanVideo",
        pipeline="HunyuanVideoPipeline",
        licence="Tencent Hunyuan Community",
    ),
    "hunyuan-i2v": Entry(
        repo="hunyuanvideo-community/HunyuanVideo-I2V",
        pipeline="HunyuanVideoImageToVideoPipeline",
        licence="Tencent Hunyuan Community",
    ),
    "hunyuan-1.5": Entry(
        repo="hunyuanvideo-community/HunyuanVideo-1.5-Diffusers-480p_t2v",
        pipeline="HunyuanVideo15Pipeline",
        licence="Tencent Hunyuan Community",
    ),
    "hunyuan-1.5-i2v": Entry(
        repo="hunyuanvideo-community/HunyuanVideo-1.5-Diffusers-480p_i2v",
        pipeline="HunyuanVideo15ImageToVideoPipeline",
        licence="Tencent Hunyuan Community",
    ),
    # README of Tencent-Hunyuan/HunyuanVideo-1.5: guidance 1, and 8 or 12 steps; the shift
    # of 7 is in its scheduler's config.
    "hunyuan-1.5-i2v-distilled": Entry(
        repo="hunyuanvideo-community/HunyuanVideo-1.5-Diffusers-480p_i2v_step_distilled",
        pipeline="HunyuanVideo15ImageToVideoPipeline",
        licence="Tencent Hunyuan Community",
        defaults={"num_inference_steps": 12, "draft_steps": 8, "guidance_scale": 1.0},
    ),
    "kandinsky-5": Entry(
        repo="kandinskylab/Kandinsky-5.0-T2V-Lite-sft-5s-Diffusers",
        pipeline="Kandinsky5T2VPipeline",
        licence="MIT",
    ),
    # diffusers' documentation of Kandinsky 5: 16 steps, and no guidance.
    "kandinsky-5-distilled": Entry(
        repo="kandinskylab/Kandinsky-5.0-T2V-Lite-distilled16steps-5s-Diffusers",
        pipeline="Kandinsky5T2VPipeline",
        licence="MIT",
        defaults={"num_inference_steps": 16, "draft_steps": 16, "guidance_scale": 1.0},
    ),
    "kandinsky-5-i2v": Entry(
        repo="kandinskylab/Kandinsky-5.0-I2V-Pro-sft-5s-Diffusers",
        pipeline="Kandinsky5I2VPipeline",
        licence="MIT",
    ),
    "cosmos-1": Entry(
        repo="nvidia/Cosmos-1.0-Diffusion-7B-Text2World",
        pipeline="CosmosTextToWorldPipeline",
        licence="NVIDIA Open Model",
    ),
    "cosmos-1-v2w": Entry(
        repo="nvidia/Cosmos-1.0-Diffusion-7B-Video2World",
        pipeline="CosmosVideoToWorldPipeline",
        licence="NVIDIA Open Model",
    ),
    "cosmos-2-v2w": Entry(
        repo="nvidia/Cosmos-Predict2-2B-Video2World",
        pipeline="Cosmos2VideoToWorldPipeline",
        licence="NVIDIA Open Model",
    ),
    "cosmos-2.5": Entry(
        repo="nvidia/Cosmos-Predict2.5-2B",
        pipeline="Cosmos2_5_PredictBasePipeline",
        licence="NVIDIA Open Model",
        revision="diffusers/base/post-trained",
    ),
    "helios": Entry(
        repo="BestWishYsh/Helios-Base",
        pipeline="HeliosPipeline",
        licence="Apache-2.0",
    ),
    "mochi": Entry(
        repo="genmo/mochi-1-preview",
        pipeline="MochiPipeline",
        licence="Apache-2.0",
    ),
    "motif": Entry(
        repo="Motif-Technologies/Motif-Video-2B",
        pipeline="MotifVideoPipeline",
        licence="see its card",
    ),
    "motif-i2v": Entry(
        repo="Motif-Technologies/Motif-Video-2B",
        pipeline="MotifVideoImage2VideoPipeline",
        licence="see its card",
    ),
    "sana-video": Entry(
        repo="Efficient-Large-Model/SANA-Video_2B_480p_diffusers",
        pipeline="SanaVideoPipeline",
        licence="NVIDIA Open Model",
    ),
    "sana-video-i2v": Entry(
        repo="Efficient-Large-Model/SANA-Video_2B_480p_diffusers",
        pipeline="SanaImageToVideoPipeline",
        licence="NVIDIA Open Model",
    ),
    "svd-xt": Entry(
        repo="stabilityai/stable-video-diffusion-img2vid-xt",
        pipeline="StableVideoDiffusionPipeline",
        licence="Stability AI Community",
    ),
    "modelscope": Entry(
        repo="damo-vilab/text-to-video-ms-1.7b",
        pipeline="TextToVideoSDPipeline",
        licence="CC-BY-NC-4.0",
    ),
}
