"""Short names of models that the pipelines here drive, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A model on the hub.

    Attributes:
        repo: Repository of its diffusers folder.
        pipeline: Class name of its diffusers pipeline.
        licence: As its authors name it; read theirs before you use it.
    """

    repo: str
    pipeline: str
    licence: str


# Models of families in `nbagent.families`. The repositories are those that diffusers'
# documentation names; their own cards name the licences.
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
    "skyreels-v2-df": Entry(
        repo="Skywork/SkyReels-V2-DF-1.3B-540P-Diffusers",
        pipeline="SkyReelsV2DiffusionForcingPipeline",
        licence="Skywork",
    ),
    "ltx": Entry(
        repo="Lightricks/LTX-Video",
        pipeline="LTXPipeline",
        licence="LTX-Video Open Weights",
    ),
    "ltx-0.9.5": Entry(
        repo="Lightricks/LTX-Video-0.9.5",
        pipeline="LTXConditionPipeline",
        licence="LTX-Video Open Weights",
    ),
    "ltx-2": Entry(
        repo="Lightricks/LTX-2",
        pipeline="LTX2Pipeline",
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
    "hunyuan-1.5": Entry(
        repo="hunyuanvideo-community/HunyuanVideo-1.5-Diffusers-480p_t2v",
        pipeline="HunyuanVideo15Pipeline",
        licence="Tencent Hunyuan Community",
    ),
    "kandinsky-5": Entry(
        repo="kandinskylab/Kandinsky-5.0-T2V-Lite-sft-5s-Diffusers",
        pipeline="Kandinsky5T2VPipeline",
        licence="MIT",
    ),
    "cosmos-1": Entry(
        repo="nvidia/Cosmos-1.0-Diffusion-7B-Text2World",
        pipeline="CosmosTextToWorldPipeline",
        licence="NVIDIA Open Model",
    ),
    "mochi": Entry(
        repo="genmo/mochi-1-preview",
        pipeline="MochiPipeline",
        licence="Apache-2.0",
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
