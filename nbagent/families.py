"""What no config file says about a pipeline class: one record for each that we drive.

Data only. A record is here if the battery of `tests/test_render_conformance.py` passes
for its class; what it did is in `docs/models.md`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

# Every operation that needs a model.
TASKS: Final = (
    "generate",
    "remix",
    "animate",
    "blend",
    "extend",
    "inpaint",
    "reframe",
    "loop",
    "upscale",
    "redirect",
)
# Those that may know the whole first frame of their clip beforehand.
FROM_PICTURE: Final = ("animate", "blend", "extend", "inpaint", "loop", "redirect")


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A pipeline class's own values (those of its authors) and its needs.

    Attributes:
        size_multiple: What the pipeline's own `check_inputs` or its network insist on.
        pads_latent_frames: CogVideoX pads its latents to whole patches by itself.
        tasks: Operations that it can do.
        pictures: Arguments of its call that are filled from what a take holds: the
            first frame as `image`, which it cannot do without; the last as
            `last_image`; all frames as `video`, with what is unknown as `mask`.
        needs: Packages beyond `nbagent[local]` that it cannot run without.
    """

    fps: float
    height: int
    width: int
    num_frames: int
    num_inference_steps: int
    guidance_scale: float
    size_multiple: int = 1
    max_sequence_length: int | None = None
    pads_latent_frames: bool = False
    tasks: tuple[str, ...] = TASKS
    pictures: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


# Sources: defaults of each pipeline's `__call__` in diffusers 0.42, the example in
# its documentation for fps; CogVideoX and Mochi sizes are those of their configs.
_WAN = Family(
    fps=16,
    height=480,
    width=832,
    num_frames=81,
    num_inference_steps=50,
    guidance_scale=5.0,
    size_multiple=16,
    max_sequence_length=512,
)
# Wan 2.2's model of 5 billion parameters: the same class, another VAE, and the values of
# its own example.
WAN_5B: Final = replace(_WAN, fps=24, height=704, width=1280, num_frames=121)

_SKYREELS = replace(
    _WAN, fps=24, height=544, width=960, num_frames=97, guidance_scale=6.0
)
_LTX = Family(
    fps=25,
    height=512,
    width=704,
    num_frames=161,
    num_inference_steps=50,
    guidance_scale=3.0,
    size_multiple=32,
    max_sequence_length=128,
)
_COGVIDEOX = Family(
    fps=8,
    height=480,
    width=720,
    num_frames=49,
    num_inference_steps=50,
    guidance_scale=6.0,
    size_multiple=8,
    max_sequence_length=226,
    pads_latent_frames=True,
)

FAMILIES: Final[dict[str, Family]] = {
    "WanPipeline": _WAN,
    "WanImageToVideoPipeline": replace(
        _WAN, tasks=FROM_PICTURE, pictures=("image", "last_image")
    ),
    "WanVACEPipeline": replace(_WAN, pictures=("video", "mask")),
    "SkyReelsV2Pipeline": _SKYREELS,
    "SkyReelsV2DiffusionForcingPipeline": _SKYREELS,
    "LTXPipeline": _LTX,
    "LTXConditionPipeline": replace(_LTX, max_sequence_length=256),
    "LTX2Pipeline": Family(
        fps=24,
        height=512,
        width=768,
        num_frames=121,
        num_inference_steps=30,
        guidance_scale=3.0,
        size_multiple=32,
        max_sequence_length=1024,
    ),
    "CogVideoXPipeline": _COGVIDEOX,
    "CogVideoXImageToVideoPipeline": replace(
        _COGVIDEOX, tasks=FROM_PICTURE, pictures=("image",)
    ),
    "HunyuanVideoPipeline": Family(
        fps=15,
        height=720,
        width=1280,
        num_frames=129,
        num_inference_steps=50,
        guidance_scale=6.0,
        size_multiple=16,
        max_sequence_length=256,
    ),
    "HunyuanVideo15Pipeline": Family(
        fps=15,
        height=480,
        width=832,
        num_frames=121,
        num_inference_steps=50,
        guidance_scale=6.0,
        size_multiple=16,
    ),
    "Kandinsky5T2VPipeline": Family(
        fps=24,
        height=512,
        width=768,
        num_frames=121,
        num_inference_steps=50,
        guidance_scale=5.0,
        size_multiple=16,
        max_sequence_length=512,
    ),
    "CosmosTextToWorldPipeline": Family(
        fps=30,
        height=704,
        width=1280,
        num_frames=121,
        num_inference_steps=36,
        guidance_scale=7.0,
        size_multiple=16,
        max_sequence_length=512,
        needs=("cosmos_guardrail", "torchvision"),
    ),
    "MochiPipeline": Family(
        fps=30,
        height=480,
        width=848,
        num_frames=19,
        num_inference_steps=64,
        guidance_scale=4.5,
        size_multiple=8,
        max_sequence_length=256,
    ),
    "SanaVideoPipeline": Family(
        fps=16,
        height=480,
        width=832,
        num_frames=81,
        num_inference_steps=50,
        guidance_scale=6.0,
        size_multiple=32,
        max_sequence_length=300,
    ),
    "AnimateDiffPipeline": Family(
        fps=8,
        height=512,
        width=512,
        num_frames=16,
        num_inference_steps=50,
        guidance_scale=7.5,
        size_multiple=8,
    ),
    "StableVideoDiffusionPipeline": Family(
        fps=7,
        height=576,
        width=1024,
        num_frames=25,
        num_inference_steps=25,
        guidance_scale=3.0,
        size_multiple=64,  # its UNet halves the latents three times, and evenly
        tasks=FROM_PICTURE,
        pictures=("image",),
    ),
    "TextToVideoSDPipeline": Family(
        fps=8,
        height=256,
        width=256,
        num_frames=16,
        num_inference_steps=50,
        guidance_scale=9.0,
        size_multiple=8,
    ),
}

# Classes whose network diffusers' First Block Cache fits, and whose loop tells it which
# pass it is in (`tests/test_caches.py` tries them all). VACE adds its hints between
# blocks, and would add them again where those are skipped.
STEP_CACHES: Final = frozenset(
    {
        "CogVideoXImageToVideoPipeline",
        "CogVideoXPipeline",
        "HunyuanVideoPipeline",
        "LTXConditionPipeline",
        "LTXPipeline",
        "MochiPipeline",
        "WanImageToVideoPipeline",
        "WanPipeline",
    }
)
