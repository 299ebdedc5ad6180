"""LoRAs as part of a model's name: small files that change a model's weights.

    wan2.1-1.3b+styles/ink.safetensors                  at full weight
    wan2.1-1.3b+ink.safetensors:0.7+fast.safetensors    two of them
    wan2.2-14b+dust.safetensors                         in both of its experts
    wan2.2-14b+dust-high.safetensors+dust-low.safetensors    each in its own

A model with LoRAs is a model of its own: it has its revision, stands beside the plain one
in memory, and a take names it, so a recipe renders to the same clip.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from nbagent.errors import SpecError
from nbagent.models.tensors import read_tensors

Noise = Literal["high", "low"]

_NOISE: Final = re.compile(r"(high|low)([-_ ]?noise)?")
_PART: Final = re.compile(r"(?P<path>.+\.safetensors)(?::(?P<weight>-?\d*\.?\d+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lora:
    """One file, and how strongly it acts: 1 as it was trained, 0 not at all.

    Attributes:
        noise: Of a model with two experts, the one that it was trained for; None for
            both.
    """

    path: Path
    weight: float = 1.0
    noise: Noise | None = None


def is_lora(part: str) -> bool:
    """Return whether a part of a model's name, behind a plus sign, is such a file."""
    return _PART.fullmatch(part) is not None


def read_loras(parts: Sequence[str]) -> tuple[Lora, ...]:
    """Return the LoRAs that a model's name has behind plus signs.

    Raises:
        SpecError: If a file is not there, is none of safetensors or not whole, or its
            weight is out of range.
    """
    found = [_PART.fullmatch(part) for part in parts]
    paths = [_path(match["path"]) if match else Path() for match in found]
    loras = []
    for match, path, part in zip(found, paths, parts, strict=True):
        if match is None or not path.is_file():
            raise SpecError(
                f"no LoRA at {part!r}: name a .safetensors file, like"
                " MODEL+style.safetensors:0.8"
            )
        weight = float(match["weight"] or 1)
        if not -2 <= weight <= 2:
            raise SpecError(f"LoRA weight {weight:g} is out of range: use -2 to 2")
        try:
            read_tensors(path)
        except (OSError, ValueError) as error:
            raise SpecError(
                f"the LoRA {path.name} cannot be read ({error}): download it again"
            ) from error
        loras.append(Lora(path=path, weight=weight, noise=_noise(path, paths)))
    return tuple(loras)


def _path(text: str) -> Path:
    try:
        path = Path(text).expanduser().absolute()
        path.stat()
    except (OSError, RuntimeError):  # not there, far too long; the home of nobody
        return Path()
    return path


def _noise(path: Path, paths: Sequence[Path]) -> Noise | None:
    """Tell by a file's name which expert it is for.

    Trainers write `high_noise` and `low_noise`. A bare "low" may be a style (low poly),
    so it counts only if its counterpart is named too.
    """
    stem = path.stem.lower()
    for found in _NOISE.finditer(stem):
        noise: Noise = "high" if found[1] == "high" else "low"
        other = "low" if noise == "high" else "high"
        counterpart = stem[: found.start()] + other + stem[found.end(1) :]
        if found[2] or any(p.stem.lower() == counterpart for p in paths):
            return noise
    return None
