"""What the JSON files of a model's folder say, where they are sound.

A folder may come from anybody: what its values raise is one line for the user.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from nbagent.errors import SpecError
from nbagent.models.families import Family

# No number of a model comes near it.
MOST: Final = 1_000_000
# Factors (time, space) of VAEs whose older config files do not state them.
_VAE_FACTORS = {
    "AutoencoderKLWan": (4, 8),
    "AutoencoderKLCogVideoX": (4, 8),
    "AutoencoderKLHunyuanVideo": (4, 8),
}


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file of a model.

    Raises:
        SpecError: If it cannot be read, or is no object.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reason = "it is missing" if isinstance(error, FileNotFoundError) else str(error)
        raise SpecError(
            f"the model's {path.parent.name}/{path.name} cannot be read ({reason}):"
            " download or save the model again"
        ) from error
    if not isinstance(value, dict):
        raise SpecError(
            f"the model's {path.parent.name}/{path.name} is not a JSON object:"
            " download or save the model again"
        )
    return value


@contextmanager
def sound_configs(folder: Path) -> Iterator[None]:
    """Turn what ill-typed values of a model's configs raise into one line."""
    try:
        yield
    except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as no:
        raise SpecError(
            f"the configs of {folder.name} hold invalid values ({no!s:.80}):"
            " download or save the model again"
        ) from no


def frames_rule(
    family: Family, vae: Mapping[str, Any], network: Mapping[str, Any]
) -> tuple[int, int]:
    """Return (step, offset) of the allowed frame counts.

    A VAE with temporal factor f makes (n - 1) / f + 1 latent frames of n, and the
    denoiser cuts those into whole patches of p: n = f*p*k - f + 1 with k >= 1.
    """
    factor = vae_factors(vae)[0]
    patch = 1 if family.pads_latent_frames else patch_of(network)[0]
    step = factor * patch
    return step, (step - factor + 1) % step


def vae_factors(vae: Mapping[str, Any]) -> tuple[int, int]:
    """Return how many frames, and how many pixels a side, one latent stands for."""
    time, space = _VAE_FACTORS.get(str(vae.get("_class_name")), (1, 1))
    if scaling := vae.get("spatio_temporal_scaling"):  # LTX
        octaves = 2 ** sum(map(bool, scaling))
        time = int(vae.get("patch_size_t") or 1) * octaves
        space = int(vae.get("patch_size") or 1) * octaves
    elif expansions := vae.get("temporal_expansions"):  # Mochi
        time = math.prod(expansions)
        space = math.prod(vae.get("spatial_expansions") or ())
    elif blocks := vae.get("block_out_channels"):  # one halving between blocks
        space = 2 ** (len(blocks) - 1)
    for key in ("scale_factor_temporal", "temporal_compression_ratio"):
        time = int(vae.get(key) or time)
    for key in ("scale_factor_spatial", "spatial_compression_ratio"):
        space = int(vae.get(key) or space)
    return time, space


def patch_of(network: Mapping[str, Any]) -> tuple[int, int]:
    """Return the denoiser's patch as (latent frames, latent pixels a side)."""
    patch = network.get("patch_size") or 1
    if isinstance(patch, int):
        return int(network.get("patch_size_t") or 1), patch
    return int(patch[0]), math.lcm(int(patch[1]), int(patch[2]))
