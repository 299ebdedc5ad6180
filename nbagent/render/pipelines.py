"""Loading a model, and the arguments of its call for a take."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import diffusers
import numpy as np
import torch
from diffusers import DiffusionPipeline
from PIL import Image

from nbagent.errors import JobFailed
from nbagent.models import ModelCard
from nbagent.pocket.faster import has_fast_bf16
from nbagent.render.capability import Capability, capability
from nbagent.render.known import KnownFrames
from nbagent.render.preview import LatentToRgb, fit
from nbagent.take import Take


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A model in memory. Its pipeline is never called: each job opens its own."""

    card: ModelCard
    pipe: DiffusionPipeline
    ability: Capability
    rgb: LatentToRgb


def load(card: ModelCard) -> Loaded:
    """Load a model from its folder: safetensors only, no remote code, no network.

    Raises:
        JobFailed: If it needs a package that is not here, or its files are damaged or
            contradict each other.
    """
    missing = [name for name in card.needs if find_spec(name) is None]
    if missing:
        raise JobFailed(
            f"{card.name} needs {', '.join(missing)}, which is not installed:"
            f" pip install {' '.join(missing)}"
        )
    device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        pipe = getattr(diffusers, card.pipeline).from_pretrained(
            card.folder,
            dtype=best_dtype(device),
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
        )
    except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
        raise JobFailed(
            f"{card.name} does not load ({_first_line(error)}):"
            " download or save the model again"
        ) from error
    pipe = pipe.to(device)
    ability = capability(pipe)
    ability.check_card(card)
    return Loaded(card=card, pipe=pipe, ability=ability, rgb=fit(pipe.vae, ability))


def best_dtype(device: str) -> torch.dtype:
    """Return the fastest type in which the device renders well."""
    if device == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return torch.bfloat16 if has_fast_bf16() else torch.float32


def own_parts(pipe: DiffusionPipeline, take: Take) -> dict[str, Any]:
    """Return the components that a job must not share, since they remember its call."""
    if not hasattr(pipe, "guider"):
        return {}
    # HunyuanVideo 1.5 is told its guidance here, not in its call.
    return {"guider": pipe.guider.new(guidance_scale=take.guidance_scale)}


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
    wanted: dict[str, Any] = {
        "prompt": take.prompt,
        "negative_prompt": take.negative_prompt,
        ability.frames_argument: num_frames - asks_one_less,
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


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
