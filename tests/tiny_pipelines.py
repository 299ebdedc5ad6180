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
from diffusers import DiffusionPipeline
from PIL import Image

from tests import tiny_cosmos as cosmos
from tests import tiny_families as families
from tests import tiny_hunyuan as hunyuans
from tests import tiny_ltx as ltx
from tests import tiny_unets as unets
from tests import tiny_wan as wans
from tests.tiny_parts import dpm, flow_euler, unipc


@dataclass(frozen=True, kw_only=True)
class Tiny:
    """A way to build a pipeline, and a call that it takes."""

    build: Callable[[], DiffusionPipeline]
    num_frames: int = 9
    height: int = 16
    width: int = 16
    frames_rule: tuple[int, int] = (4, 1)  # (step, offset) that a card must find
    frames_argument: str = "num_frames"
    asked_frames: int | None = None  # what the call counts, if not the clip's own
    takes_size: bool = True
    has_picture: bool = False
    cannot: dict[str, str] = field(default_factory=dict)  # what is said, by column
    tolerance: float = 1e-4
    call: dict[str, Any] = field(default_factory=lambda: {"max_sequence_length": 16})

    @property
    def sections(self) -> int | None:
        """In how many sections its clip is made, if it is."""
        return self.asked_frames and self.asked_frames // 33

    def arguments(self, **more: Any) -> dict[str, Any]:
        """Arguments of a call, seed aside."""
        values = {
            "prompt": "a red ball",
            self.frames_argument: self.asked_frames or self.num_frames,
            "height": self.height,
            "width": self.width,
            "num_inference_steps": 6,
            "output_type": "latent",
            **more,
            **self.call,
        }
        if self.has_picture and "image" not in more:
            size = (values["width"], values["height"])
            values["image"] = Image.linear_gradient("L").resize(size).convert("RGB")
        if not self.takes_size:
            del values["height"], values["width"]
        return {name: value for name, value in values.items() if value is not None}


# What the hook refuses of a clip that is made in sections.
_SECTIONS = dict.fromkeys(("resumes", "remix", "holds"), "makes a clip in sections")
# Kandinsky 5 changes the first frames of a picture's clip after its loop.
_CHANGES_FIRST = "it changed what was held"
# Where the tiny LLaVA's sixteen picture tokens stand among those of the words.
_LLAVA = {
    "max_sequence_length": 64,
    "prompt_template": {
        "template": "{}",
        "crop_start": 0,
        "image_emb_len": 16,
        "image_emb_start": 5,
        "image_emb_end": 21,
    },
}

TINY: dict[str, Tiny] = {
    "wan-unipc": Tiny(build=lambda: wans.wan(unipc())),
    "wan-euler": Tiny(build=lambda: wans.wan(flow_euler())),
    "wan-dpm": Tiny(build=lambda: wans.wan(dpm())),
    "wan-2.2-14b": Tiny(build=wans.wan_two_experts),
    "wan-5b": Tiny(build=wans.wan_5b, height=32, width=32),
    "wan-i2v": Tiny(build=wans.wan_image, has_picture=True),
    "wan-2.2-i2v": Tiny(build=wans.wan_image_two_experts, has_picture=True),
    "wan-vace": Tiny(build=wans.wan_vace),
    "skyreels-v2": Tiny(build=wans.skyreels),
    "skyreels-v2-df": Tiny(
        build=lambda: wans.skyreels(diffusers.SkyReelsV2DiffusionForcingPipeline)
    ),
    # The quirk of a VAE without temporal compression: asked for 3, it returns 4.
    "pocket-like": Tiny(build=wans.pocket_like, num_frames=3, frames_rule=(2, 0)),
    "ltx": Tiny(build=ltx.ltx, height=32, width=32, frames_rule=(8, 1)),
    "ltx-condition": Tiny(
        build=lambda: ltx.ltx(diffusers.LTXConditionPipeline),
        height=32,
        width=32,
        frames_rule=(8, 1),
    ),
    "ltx-2": Tiny(
        build=ltx.ltx2,
        num_frames=5,
        height=32,
        width=32,
        frames_rule=(2, 1),
        # Its own default names a block that a tiny network does not have.
        call={"max_sequence_length": 16, "spatio_temporal_guidance_blocks": [1]},
    ),
    "cogvideox-ddim": Tiny(build=families.cogvideox),
    "cogvideox-dpm": Tiny(
        build=lambda: families.cogvideox(diffusers.CogVideoXDPMScheduler())
    ),
    "cogvideox-i2v": Tiny(
        build=lambda: families.cogvideox(kind=diffusers.CogVideoXImageToVideoPipeline),
        has_picture=True,
    ),
    "hunyuan": Tiny(build=hunyuans.hunyuan),
    "hunyuan-1.5": Tiny(
        build=hunyuans.hunyuan_15, num_frames=5, frames_rule=(2, 1), call={}
    ),
    "kandinsky-5": Tiny(build=families.kandinsky, call={"max_sequence_length": 64}),
    # Its last step leaves a little noise, and its guard sees the frames as bytes.
    "cosmos-1": Tiny(build=cosmos.cosmos, tolerance=2e-2),
    "mochi": Tiny(build=families.mochi, num_frames=7, frames_rule=(6, 1)),
    "sana": Tiny(
        build=families.sana,
        height=32,
        width=32,
        frames_argument="frames",
        call={
            "max_sequence_length": 16,
            "complex_human_instruction": [],
            "use_resolution_binning": False,
        },
    ),
    "skyreels-v2-i2v": Tiny(build=wans.skyreels_image, has_picture=True),
    "skyreels-v2-df-i2v": Tiny(
        build=lambda: wans.skyreels(
            diffusers.SkyReelsV2DiffusionForcingImageToVideoPipeline
        ),
        has_picture=True,
    ),
    "ltx-i2v": Tiny(
        build=lambda: ltx.ltx(diffusers.LTXImageToVideoPipeline),
        height=32,
        width=32,
        frames_rule=(8, 1),
        has_picture=True,
    ),
    "ltx-2-i2v": Tiny(
        build=lambda: ltx.ltx2(diffusers.LTX2ImageToVideoPipeline),
        num_frames=5,
        height=32,
        width=32,
        frames_rule=(2, 1),
        has_picture=True,
        call={"max_sequence_length": 16, "spatio_temporal_guidance_blocks": [1]},
    ),
    "hunyuan-i2v": Tiny(build=hunyuans.hunyuan_image, has_picture=True, call=_LLAVA),
    "hunyuan-skyreels-i2v": Tiny(build=hunyuans.hunyuan_skyreels, has_picture=True),
    "hunyuan-1.5-i2v": Tiny(
        build=lambda: hunyuans.hunyuan_15(hunyuans.HunyuanVideo15ImageToVideoPipeline),
        num_frames=5,
        frames_rule=(2, 1),
        has_picture=True,
        call={},
        takes_size=False,
    ),
    "framepack": Tiny(
        build=hunyuans.framepack,
        num_frames=73,
        asked_frames=66,
        frames_rule=(36, 37),
        has_picture=True,
        cannot=_SECTIONS,
    ),
    "kandinsky-5-i2v": Tiny(
        build=lambda: families.kandinsky(diffusers.Kandinsky5I2VPipeline),
        num_frames=21,  # more than it changes at the beginning
        has_picture=True,
        call={"max_sequence_length": 64},
        cannot={"holds": _CHANGES_FIRST},
    ),
    "cosmos-1-v2w": Tiny(
        build=lambda: cosmos.cosmos(diffusers.CosmosVideoToWorldPipeline),
        tolerance=2e-2,
        has_picture=True,
    ),
    "cosmos-2-v2w": Tiny(build=cosmos.cosmos_2, tolerance=2e-2, has_picture=True),
    "cosmos-2.5": Tiny(build=cosmos.cosmos_25),
    "sana-i2v": Tiny(
        build=lambda: families.sana(diffusers.SanaImageToVideoPipeline),
        height=32,
        width=32,
        frames_argument="frames",
        has_picture=True,
        call={
            "max_sequence_length": 16,
            "complex_human_instruction": [],
            "use_resolution_binning": False,
        },
    ),
    "motif": Tiny(build=families.motif),
    "motif-i2v": Tiny(
        build=lambda: families.motif(diffusers.MotifVideoImage2VideoPipeline),
        has_picture=True,
    ),
    "helios": Tiny(
        build=families.helios,
        num_frames=65,
        asked_frames=66,
        frames_rule=(32, 33),
        cannot=_SECTIONS,
    ),
    "animatediff": Tiny(
        build=unets.animatediff, num_frames=4, frames_rule=(1, 0), call={}
    ),
    "modelscope": Tiny(
        build=unets.modelscope, num_frames=4, frames_rule=(1, 0), call={}
    ),
    "modelscope-dpm": Tiny(
        build=lambda: unets.modelscope(diffusers.DPMSolverMultistepScheduler()),
        num_frames=4,
        frames_rule=(1, 0),
        call={},
    ),
    "svd": Tiny(
        build=unets.svd,
        num_frames=4,
        height=32,
        width=32,
        frames_rule=(1, 0),
        has_picture=True,
        call={"prompt": None},
    ),
}


def save(name: str, folder: Path) -> Path:
    """Save a tiny pipeline as a user would have a model on disk."""
    TINY[name].build().save_pretrained(folder)
    return folder
