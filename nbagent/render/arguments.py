"""What a pipeline is called with for a take, and the parts that its call changes."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
from diffusers import DiffusionPipeline
from PIL import Image

from nbagent.models.cards import ModelCard
from nbagent.render.held_frames import KnownFrames
from nbagent.render.pipelines import Loaded
from nbagent.take import Take


def own_parts(pipe: DiffusionPipeline, take: Take) -> dict[str, Any]:
    """Return the components that a job must not share, since they remember its call."""
    if not hasattr(pipe, "guider"):
        return {}
    # HunyuanVideo 1.5 is told its guidance here, not in its call.
    return {"guider": pipe.guider.new(guidance_scale=take.guidance_scale)}


def give_size(session: Any, take: Take) -> None:
    """Make a job's pipeline render in the take's size where its call takes none."""
    if "height" in inspect.signature(type(session).__call__).parameters:
        return
    # HunyuanVideo 1.5 with a picture asks its processor, which is the session's own,
    # for the shape of its training that is nearest to the picture's.
    processor = session.video_processor
    processor.calculate_default_height_width = lambda **_: (take.height, take.width)


def call_arguments(
    loaded: Loaded, take: Take, num_frames: int, held: KnownFrames | None = None
) -> dict[str, Any]:
    """Return what the pipeline is called with for a take, seam aside.

    Args:
        loaded: The model.
        take: What is rendered.
        num_frames: How many frames its clip has.
        held: What the take holds; models that want a picture get it from there.
    """
    ability = loaded.ability
    # WanPipeline rounds every count to f*k + 1 by `n // f * f + 1`, which for a VAE
    # without temporal compression (f = 1, as pocket's) is n + 1: ask for one less.
    asks_one_less = ability.time_factor == 1 and loaded.card.pipeline == "WanPipeline"
    asked = num_frames - asks_one_less
    if (sections := loaded.card.sections) is not None:
        asked = sections.asks * sections.count(num_frames)
    wanted: dict[str, Any] = {
        "prompt": take.prompt,
        "negative_prompt": take.negative_prompt,
        ability.frames_argument: asked,
        "base_num_frames": asked,  # SkyReels' diffusion forcing makes one window of it
        "height": take.height,
        "width": take.width,
        "num_inference_steps": take.num_inference_steps,
        "guidance_scale": take.guidance_scale,
        "frame_rate": take.fps,  # LTX is conditioned on it
        "fps": round(take.fps),  # so are SVD and Cosmos
        "max_guidance_scale": take.guidance_scale,  # SVD's word for it
        "use_resolution_binning": False,  # Sana would change the size silently
        "output_type": "np",
        **_pictures(loaded.card, held),
        **loaded.card.call,
    }
    return {k: v for k, v in wanted.items() if k in ability.arguments}


def _pictures(card: ModelCard, held: KnownFrames | None) -> dict[str, Any]:
    """Return what is held in the words of a pipeline that is conditioned on it."""
    if held is None:
        return {}
    # As VACE was taught: white is what it is to make, and grey what stands there.
    seen = np.where(held.mask[..., None], held.frames, np.uint8(128))
    given: dict[str, Any] = {
        "video": [Image.fromarray(frame) for frame in seen],
        "mask": [Image.fromarray(np.uint8(255) * ~known) for known in held.mask],
    }
    if held.mask[0].all():
        given["image"] = Image.fromarray(held.frames[0])
    if held.mask[-1].all():
        given["last_image"] = Image.fromarray(held.frames[-1])
    return {name: given[name] for name in card.pictures if name in given}
