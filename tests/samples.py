"""A take and a smooth clip, for tests of what stores and writes them."""

from __future__ import annotations

from typing import Any

import numpy as np

from nbagent.media.frames import Frames
from nbagent.take import Take


def make_take(**changes: Any) -> Take:
    """Return a small take, with some fields changed."""
    values: dict[str, Any] = {
        "operation": "generate",
        "model": "pocket",
        "model_revision": "b2:0",
        "prompt": "a red ball, beach, sunset, crossing",
        "request": "a red ball crosses the beach at sunset",
        "shot": {"subject": "red ball"},
        "seed": 7,
        "num_frames": 16,
        "height": 128,
        "width": 128,
        "fps": 8.0,
        "num_inference_steps": 24,
        "guidance_scale": 4.0,
    }
    return Take(**(values | changes))


def make_frames(num_frames: int = 16, height: int = 128, width: int = 128) -> Frames:
    """Return soft colours that drift: (F, H, W, 3) uint8."""
    time = np.linspace(0, 2 * np.pi, num_frames, endpoint=False)[:, None, None]
    y = np.linspace(0, 1, height)[None, :, None]
    x = np.linspace(0, 1, width)[None, None, :]
    red = 127 + 100 * np.sin(time + 3 * x + 0 * y)
    green = 127 + 100 * np.cos(time + 2 * y + 0 * x)
    blue = 127 + 90 * np.sin(time + x + y)
    return np.stack([red, green, blue], axis=-1).astype(np.uint8)


def make_noise(num_frames: int, height: int, width: int) -> Frames:
    """Return noise, which no codec can make small."""
    shape = (num_frames, height, width, 3)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def psnr_db(before: Frames, after: Frames) -> float:
    """Return the peak signal to noise ratio of two clips."""
    error = np.mean((before.astype(float) - after) ** 2)
    return float(10 * np.log10(255**2 / error)) if error else 100.0
