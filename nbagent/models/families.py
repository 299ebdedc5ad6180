"""What no config file says about a pipeline class: one record for each that we drive.

Data only. A record is here if the battery of `tests/test_render_conformance.py` passes
for its class; what it did is in `docs/models.md`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from nbagent.take.caching import CacheKind

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
class Sections:
    """How a pipeline makes a clip that it makes in parts, each with a loop of its own.

    Such a model generates: it cannot go on from a step, nor hold what is known.

    Attributes:
        asks: Frames that its call counts for each.
        makes: Frames by which each makes the clip longer; the first makes one more.
    """

    asks: int
    makes: int

    def count(self, num_frames: int) -> int:
        """Return how many a clip has."""
        return (num_frames - 1) // self.makes


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A pipeline class's own values (those of its authors) and its needs.

    Attributes:
        max_sequence_length: Tokens of a prompt that it reads, where its call is told.
        max_tokens: The same, where the pipeline has a number of its own.
        size_multiple: What the pipeline's own `check_inputs` or its network insist on.
        pads_latent_frames: CogVideoX pads its latents to whole patches by itself.
        sections: How it makes a clip in parts, if it does.
        tasks: Operations that it can do.
        pictures: Arguments of its call that are filled from what a take holds: the
            first frame as `image`, without which it cannot begin unless it generates
            from words too; the last as `last_image`; all frames as `video`, with what
            is unknown as `mask`.
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
    max_tokens: int | None = None
    pads_latent_frames: bool = False
    sections: Sections | None = None
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

_LTX_2 = Family(
    fps=24,
    height=512,
    width=768,
    num_frames=121,
    num_inference_steps=30,
    guidance_scale=3.0,
    size_multiple=32,
    max_sequence_length=1024,
)
_HUNYUAN = Family(
    fps=15,
    height=720,
    width=1280,
    num_frames=129,
    num_inference_steps=50,
    guidance_scale=6.0,
    size_multiple=16,
    max_sequence_length=256,
)
# Its authors' README plays what they make of diffusers' pipeline at 24.
_HUNYUAN_15 = Family(
    fps=24,
    height=480,
    width=832,
    num_frames=121,
    num_inference_steps=50,
    guidance_scale=6.0,
    size_multiple=16,
    max_tokens=1000,
)
_KANDINSKY = Family(
    fps=24,
    height=512,
    width=768,
    num_frames=121,
    num_inference_steps=50,
    guidance_scale=5.0,
    size_multiple=16,
    max_sequence_length=512,
)
_COSMOS = Family(
    fps=30,
    height=704,
    width=1280,
    num_frames=121,
    num_inference_steps=36,
    guidance_scale=7.0,
    size_multiple=16,
    max_sequence_length=512,
    needs=("cosmos_guardrail", "torchvision"),
)
_COSMOS_2 = replace(_COSMOS, fps=16, num_frames=93, num_inference_steps=35)
_SANA = Family(
    fps=16,
    height=480,
    width=832,
    num_frames=81,
    num_inference_steps=50,
    guidance_scale=6.0,
    size_multiple=32,
    max_sequence_length=300,
)
_MOTIF = Family(
    fps=24,
    height=736,
    width=1280,
    num_frames=121,
    num_inference_steps=50,
    guidance_scale=7.5,  # of diffusers' adaptive projected guidance
    size_multiple=16,
    max_sequence_length=512,
)


def _from_picture(family: Family, **more: Any) -> Family:
    """Return a family whose clips begin from a picture."""
    values: dict[str, Any] = {"tasks": FROM_PICTURE, "pictures": ("image",)}
    return replace(family, **(values | more))


FAMILIES: Final[dict[str, Family]] = {
    "WanPipeline": _WAN,
    "WanImageToVideoPipeline": _from_picture(_WAN, pictures=("image", "last_image")),
    "WanVACEPipeline": replace(_WAN, pictures=("video", "mask")),
    "SkyReelsV2Pipeline": _SKYREELS,
    "SkyReelsV2ImageToVideoPipeline": _from_picture(_SKYREELS, guidance_scale=5.0),
    "SkyReelsV2DiffusionForcingPipeline": _SKYREELS,
    "SkyReelsV2DiffusionForcingImageToVideoPipeline": _from_picture(
        _SKYREELS, guidance_scale=5.0
    ),
    "LTXPipeline": _LTX,
    "LTXImageToVideoPipeline": _from_picture(_LTX),
    "LTXConditionPipeline": replace(_LTX, max_sequence_length=256),
    "LTX2Pipeline": _LTX_2,
    "LTX2ImageToVideoPipeline": _from_picture(_LTX_2),
    "CogVideoXPipeline": _COGVIDEOX,
    "CogVideoXImageToVideoPipeline": _from_picture(_COGVIDEOX),
    "HunyuanVideoPipeline": _HUNYUAN,
    "HunyuanVideoImageToVideoPipeline": _from_picture(_HUNYUAN),
    # SkyReels V1; its guidance is `true_cfg_scale`, whose default is its authors' own.
    "HunyuanSkyreelsImageToVideoPipeline": _from_picture(
        _HUNYUAN, height=544, width=960, num_frames=97, guidance_scale=1.0
    ),
    # Four sections of nine latent frames each, as its default of 129 frames makes.
    "HunyuanVideoFramepackPipeline": replace(
        _HUNYUAN,
        fps=30,
        num_frames=145,
        sections=Sections(asks=33, makes=36),
        tasks=("animate", "blend"),
        pictures=("image", "last_image"),
    ),
    "HunyuanVideo15Pipeline": _HUNYUAN_15,
    "HunyuanVideo15ImageToVideoPipeline": _from_picture(_HUNYUAN_15),
    "Kandinsky5T2VPipeline": _KANDINSKY,
    # It evens its first four latent frames out after its loop, whatever is held there.
    "Kandinsky5I2VPipeline": _from_picture(_KANDINSKY, tasks=("animate", "blend")),
    "CosmosTextToWorldPipeline": _COSMOS,
    "CosmosVideoToWorldPipeline": _from_picture(_COSMOS),
    "Cosmos2VideoToWorldPipeline": _from_picture(_COSMOS_2),
    "Cosmos2_5_PredictBasePipeline": replace(_COSMOS_2, num_inference_steps=36),
    # Four chunks of nine latent frames each, as its default of 132 frames makes.
    "HeliosPipeline": Family(
        fps=24,
        height=384,
        width=640,
        num_frames=129,
        num_inference_steps=50,
        guidance_scale=5.0,
        size_multiple=16,
        max_sequence_length=512,
        sections=Sections(asks=33, makes=32),
        tasks=("generate", "animate"),
        pictures=("image",),
    ),
    "MotifVideoPipeline": _MOTIF,
    "MotifVideoImage2VideoPipeline": _from_picture(_MOTIF),
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
    "SanaVideoPipeline": _SANA,
    "SanaImageToVideoPipeline": _from_picture(_SANA),
    "AnimateDiffPipeline": Family(
        fps=8,
        height=512,
        width=512,
        num_frames=16,
        num_inference_steps=50,
        guidance_scale=7.5,
        size_multiple=8,
        max_tokens=77,  # CLIP's
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
        max_tokens=77,  # CLIP's
    ),
}

# Step caches by class: those whose network diffusers' First Block Cache fits, and whose
# loop tells it which pass it is in (`tests/test_caches.py` tries them all). VACE adds its
# hints between blocks, and would add them again where those are skipped. SeaCache must be
# told each step's number and noise level besides.
STEP_CACHES: Final[dict[str, tuple[CacheKind, ...]]] = {
    "CogVideoXImageToVideoPipeline": ("first",),
    "CogVideoXPipeline": ("first",),
    "HunyuanVideoPipeline": ("first",),
    "LTXConditionPipeline": ("first",),
    "LTXPipeline": ("first",),
    "MochiPipeline": ("first",),
    "WanImageToVideoPipeline": ("first",),
    "WanPipeline": ("first", "sea"),
}
