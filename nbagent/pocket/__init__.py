"""The embedded text-to-video model: world, training, verifier, weights.

Importing this package does no work and never imports torch. `WEIGHTS` is a diffusers
folder; import `nbagent.pocket.vae`, then load it with `WanPipeline.from_pretrained`.
"""

from pathlib import Path

WEIGHTS: Path = Path(__file__).parent / "weights"
# What a small clip of these weights is (see `nbagent.render.selfcheck`).
FIGURES: Path = Path(__file__).parent / "figures.safetensors"

__all__ = ["FIGURES", "WEIGHTS"]
