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

from tests import tiny_families as families
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
    has_picture: bool = False
    tolerance: float = 1e-4
    call: dict[str, Any] = field(default_factory=lambda: {"max_sequence_length": 16})

    def arguments(self, **more: Any) -> dict[str, Any]:
        """Arguments of a call, seed aside."""
        values = {
            "prompt": "a red ball",
            self.frames_argument: self.num_frames,
            "height": self.height,
            "width": self.width,
            "num_inference_steps": 6,
            "output_type": "latent",
            **more,
            **self.call,
        }
        if self.has_picture:
            size = (values["width"], values["height"])
            values["image"] = Image.linear_gradient("L").resize(size).convert("RGB")
        return {name: value for name, value in values.items() if value is not None}


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
    "hunyuan": Tiny(build=families.hunyuan),
    "hunyuan-1.5": Tiny(
        build=families.hunyuan_15, num_frames=5, frames_rule=(2, 1), call={}
    ),
    "kandinsky-5": Tiny(build=families.kandinsky, call={"max_sequence_length": 64}),
    # Its last step leaves a little noise, and its guard sees the frames as bytes.
    "cosmos-1": Tiny(build=families.cosmos, tolerance=2e-2),
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
