"""LoRAs as part of a model's name: small files that change a model's weights.

    wan2.1-1.3b+styles/ink.safetensors          at full weight
    wan2.1-1.3b+ink.safetensors:0.7+fast.safetensors

A model with LoRAs is a model of its own: it has its revision, stands beside the plain one
in memory, and a take names it, so a recipe renders to the same clip.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from nbagent.errors import SpecError


@dataclass(frozen=True, slots=True, kw_only=True)
class Lora:
    """One file, and how strongly it acts: 1 as it was trained, 0 not at all."""

    path: Path
    weight: float = 1.0


def split_loras(name: str) -> tuple[str, tuple[Lora, ...]]:
    """Return the model that a name begins with, and the LoRAs that follow it.

    Raises:
        SpecError: If a file is not there, is none of safetensors, or its weight is out
            of range.
    """
    base, *rest = name.split("+")
    return base, tuple(map(_lora, rest))


def _lora(text: str) -> Lora:
    found = re.fullmatch(r"(?P<path>.+?)(?::(?P<weight>-?\d*\.?\d+))?", text)
    weight = float(found["weight"]) if found and found["weight"] else 1.0
    path = Path(found["path"] if found else text)
    try:
        path = path.expanduser().absolute()
        is_there = path.is_file()
    except (OSError, RuntimeError):  # far too long; the home of nobody
        is_there = False
    if path.suffix != ".safetensors" or not is_there:
        raise SpecError(
            f"no LoRA at {text!r}: name a .safetensors file, like"
            " MODEL+style.safetensors:0.8"
        )
    if not -2 <= weight <= 2:
        raise SpecError(f"LoRA weight {weight:g} is out of range: use -2 to 2")
    return Lora(path=path, weight=weight)
