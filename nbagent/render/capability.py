"""What a loaded pipeline can do, found by looking at it.

The card (`nbagent.models.cards`) says this from files before loading; here the pipeline
itself is asked, and the two must agree, so that a frame count which the card allowed
is one that the pipeline takes without rounding it.
"""

from __future__ import annotations

import inspect
import math
from dataclasses import dataclass
from typing import Any, Literal

from diffusers import DiffusionPipeline

from nbagent.errors import JobFailed
from nbagent.models.cards import ModelCard
from nbagent.render.loop import loop_of

# Where the families keep how many frames, and pixels, one latent stands for.
_TIME = (
    "vae_scale_factor_temporal",
    "vae_temporal_compression_ratio",
    "vae_temporal_scale_factor",
)
_SPACE = (
    "vae_scale_factor_spatial",
    "vae_spatial_compression_ratio",
    "vae_spatial_scale_factor",
    "vae_scale_factor",
)

Layout = Literal["BCFHW", "BFCHW", "BFHWC", "packed"]
# The order of the latents in a loop: that of most, else by the class's first words.
_LAYOUTS: dict[str, Layout] = {
    "CogVideoX": "BFCHW",
    "StableVideoDiffusion": "BFCHW",
    "Kandinsky5": "BFHWC",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """A pipeline's rules, as its own code and components state them.

    Attributes:
        arguments: Names that its call takes.
        time_factor: Frames for each latent frame after the first.
        space_factor: Pixels a side for each latent.
        patch: Latents for each token of the denoiser: (frames, pixels a side).
        layout: Order of the latents in its loop; packed is (B, F*H*W, C).
        latents_factor: By which it multiplies what its VAE encodes.
        has_head: Its loop can be met before each step, so it can be paused.
    """

    arguments: frozenset[str]
    time_factor: int
    space_factor: int
    patch: tuple[int, int]
    layout: Layout
    latents_factor: float
    has_head: bool

    @property
    def frames_argument(self) -> str:
        """What the call names its number of frames."""
        return "num_frames" if "num_frames" in self.arguments else "frames"

    def check_card(self, card: ModelCard) -> None:
        """Refuse a card that promises what the pipeline would not do.

        Raises:
            JobFailed: If the files of a model contradict each other, or its pipeline
                cannot be driven through the hook.
        """
        if not self.has_head:
            raise JobFailed(
                f"the installed diffusers cannot pause {card.pipeline} between"
                " steps: install the version that nbagent asks for"
            )
        step = self.time_factor * self.patch[0]
        is_whole = card.sections is not None or not step % card.frames_step
        if card.frames_step % self.time_factor or not is_whole:
            raise JobFailed(
                f"{card.name}'s config says frame counts {card.frames_step} apart,"
                f" its parts say {step}: download or save the model again"
            )
        if card.size_multiple % (self.space_factor * self.patch[1]):
            raise JobFailed(
                f"{card.name}'s config says sizes in multiples of"
                f" {card.size_multiple}, its parts say"
                f" {self.space_factor * self.patch[1]}: download or save it again"
            )


def capability(pipe: DiffusionPipeline) -> Capability:
    """Look at a loaded pipeline."""
    kind: Any = type(pipe)
    denoiser = getattr(pipe, "transformer", None) or pipe.unet
    # Cosmos 1 scales by its scheduler's sigma instead.
    factor = pipe.scheduler.config.get("sigma_data")
    source = inspect.getsource(kind.__call__)
    return Capability(
        arguments=frozenset(inspect.signature(kind.__call__).parameters),
        time_factor=_first(pipe, _TIME),
        space_factor=_first(pipe, _SPACE),
        patch=_patch(denoiser.config),
        layout=_layout(pipe),
        latents_factor=factor or pipe.vae.config.get("scaling_factor") or 1.0,
        has_head=loop_of(kind).has_gate or ".scale_model_input(" in source,
    )


def _first(pipe: DiffusionPipeline, names: tuple[str, ...]) -> int:
    return next((int(getattr(pipe, n)) for n in names if hasattr(pipe, n)), 1)


def _patch(config: Any) -> tuple[int, int]:
    patch = config.get("patch_size") or 1
    if isinstance(patch, int):
        return config.get("patch_size_t") or 1, patch
    return patch[0], math.lcm(*patch[1:])


def _layout(pipe: DiffusionPipeline) -> Layout:
    if hasattr(pipe, "_pack_latents"):
        return "packed"
    name = type(pipe).__name__
    return next((o for start, o in _LAYOUTS.items() if name.startswith(start)), "BCFHW")
