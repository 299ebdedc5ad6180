"""Whether a model's numbers hold on this CPU: looked at when it is loaded, in a moment.

The first layers of each network are compared with double precision, and pocket makes a
small clip that is compared with figures that ship. What is found is kept by
`nbagent.system.numerics`; the shelf computes in the next way where a fault is found. A GPU is not
looked at.

    python -m nbagent.render.selfcheck

writes the figures anew; needed once after pocket's weights have changed.
"""

from __future__ import annotations

import contextlib
from typing import Any, Final

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 (the field's name for it)

from nbagent.errors import JobFailed
from nbagent.models.cards import ModelCard, model_card
from nbagent.models.fit import Placement
from nbagent.pocket import FIGURES
from nbagent.pocket.layers import first_fault, off_by
from nbagent.render.arguments import call_arguments
from nbagent.render.caches import denoisers
from nbagent.render.compiling import put_back, set_aside
from nbagent.render.hook import PipelineHook
from nbagent.render.kernels import networks, without_onednn
from nbagent.render.latents import encode
from nbagent.render.pipelines import Loaded, ladder, load
from nbagent.render.start_states import Fresh, Step
from nbagent.system.numerics import SAYS, Kernels
from nbagent.take import Take

# Two steps of pocket's first expert and one of its second.
_STEPS: Final = 3
_PROMPT: Final = "a red ball crosses the beach"
# Of the norm: how far the clip may be from that in fp32. In bf16 it is off by .013 in
# latents and .004 in pixels; with a wrong kernel, by about one.
_TOLERANCE: Final = 0.1


class NoNumbers(JobFailed):
    """A clip stopped being numbers on its way.

    Attributes:
        kernels: How it was computed.
        is_last: Whether there is no surer way.
    """

    def __init__(self, line: str, *, kernels: Kernels, is_last: bool) -> None:
        super().__init__(line)
        self.kernels: Kernels = kernels
        self.is_last = is_last


def fault(loaded: Loaded) -> str:
    """Return what is wrong with a model's numbers here; empty if nothing is."""
    # Compiled for the check, blocks would take minutes.
    compiled = set_aside(denoisers(loaded.pipe))
    is_plain = loaded.kernels == "plain"
    try:
        with without_onednn() if is_plain else contextlib.nullcontext():
            faults = (first_fault(*one) for one in networks(loaded.pipe))
            return next(filter(None, faults), "") or _clip_fault(loaded)
    finally:
        put_back(compiled)


def check_weights(loaded: Loaded) -> None:
    """Make sure that what gives no numbers is not the model itself.

    Raises:
        JobFailed: If its weights hold NaN or infinity.
    """
    for part, network in networks(loaded.pipe):
        for name, weight in network.named_parameters():
            if weight.is_floating_point() and not weight.isfinite().all():
                raise JobFailed(
                    f"{loaded.card.name}'s weights are damaged ({part}.{name} holds"
                    " NaN or infinity): download or save the model again"
                )


def no_numbers(loaded: Loaded, take: Take, step: int | None = None) -> NoNumbers:
    """Say where a clip stops being numbers, and what helps if it does in each way.

    Raises:
        JobFailed: If the model's weights are not.
    """
    check_weights(loaded)
    card = loaded.card
    where = "when it is decoded" if step is None else f"at step {step}"
    advice = "download or save the model again, or use a different one"
    if card.loras:
        advice = "give its LoRAs smaller weights"
    if take.guidance_scale > card.guidance_scale:
        own = f"{card.guidance_scale:g} instead of {take.guidance_scale:g}"
        advice = f"ask for a guidance scale of {own}"
    return NoNumbers(
        f"{card.name}'s clip turns to NaN or infinity {where}, even in"
        f" {SAYS[loaded.kernels]}: {advice}",
        kernels=loaded.kernels,
        is_last=loaded.kernels == ladder(loaded.placement, loaded.device)[-1],
    )


def _clip_fault(loaded: Loaded) -> str:
    """Compare a small clip with the figures of the model, if it has any."""
    wanted = _figures(loaded.card)
    found = _measured(loaded) if wanted else {}
    for name, exact in wanted.items():
        off = float((found[name] - exact).norm() / exact.norm())
        if not off <= _TOLERANCE:
            return off_by(name, off)
    return ""


def _figures(card: ModelCard) -> dict[str, Tensor]:
    """Return what ships of a model's small clip; empty if it is not of these weights."""
    with safe_open(FIGURES, framework="pt") as file:
        if file.metadata()["revision"] != card.revision:
            return {}
        return {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118


@torch.no_grad()
def _measured(loaded: Loaded) -> dict[str, Tensor]:
    """Make a small clip, through the hook as any other; return what is compared."""
    steps = list[Step]()
    hook = PipelineHook(
        generator=torch.Generator("cpu").manual_seed(0),
        start=Fresh(),
        before_step=lambda: None,
        after_step=steps.append,
    )
    card = loaded.card
    take = Take(
        operation="generate",
        model=card.name,
        model_revision=card.revision,
        prompt=_PROMPT,
        shot={},
        seed=0,
        num_frames=card.num_frames,
        height=card.height,
        width=card.width,
        fps=card.fps,
        num_inference_steps=_STEPS,
        guidance_scale=1.0,  # one pass a step
    )
    session: Any = hook.open(loaded.pipe)
    frames = session(
        **call_arguments(loaded, take, card.num_frames),
        **hook.callback(),
        generator=hook.generator,
    ).frames[0]
    pictures = torch.from_numpy(frames).float().permute(0, 3, 1, 2)
    ramp = np.linspace(0, 255, card.height * card.width * 3).astype(np.uint8)
    known = encode(
        ramp.reshape(1, card.height, card.width, 3), loaded.pipe, loaded.ability
    )
    return {
        "the last step of a small clip": steps[-1].latents.float(),
        "the picture of a small clip": F.avg_pool2d(pictures, 8),
        "the latent of a picture": known.float(),
    }


def main() -> None:
    """Write pocket's figures, computed in the surest way."""
    card = model_card("pocket")
    placement = Placement(
        where="resident",
        weights="own",
        held_bytes=0,
        peak_bytes=0,
        host_bytes=0,
        kernels="plain",
    )
    measured = _measured(load(card, placement))
    figures = {name: value.half().contiguous() for name, value in measured.items()}
    save_file(figures, FIGURES, metadata={"revision": card.revision})
    FIGURES.chmod(0o644)


if __name__ == "__main__":
    main()
