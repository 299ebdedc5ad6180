"""Loading a model, and the arguments of its call for a take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import diffusers
import torch
from diffusers import DiffusionPipeline

from nbagent.errors import JobFailed
from nbagent.models import ModelCard
from nbagent.pocket.faster import has_fast_bf16
from nbagent.render.capability import Capability, capability
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
        JobFailed: If its files are damaged or contradict each other.
    """
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


def call_arguments(loaded: Loaded, take: Take, num_frames: int) -> dict[str, Any]:
    """Return what the pipeline is called with for a take, seam aside."""
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
        "use_resolution_binning": False,  # Sana would change the size silently
        "output_type": "np",
        **loaded.card.call,
    }
    return {k: v for k, v in wanted.items() if k in ability.arguments}


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
