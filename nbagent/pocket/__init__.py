"""The embedded text-to-video model: world, training, verifier, weights.

Importing this package does no work and never imports torch. `WEIGHTS` is a stock
diffusers folder; load it with `WanPipeline.from_pretrained(WEIGHTS)`.
"""

from pathlib import Path

WEIGHTS: Path = Path(__file__).parent / "weights"
# What a small clip of these weights is (see `nbagent.render.selfcheck`).
FIGURES: Path = Path(__file__).parent / "figures.safetensors"

__all__ = ["FIGURES", "WEIGHTS"]
