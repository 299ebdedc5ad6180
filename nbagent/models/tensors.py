"""Headers of safetensors files: what they hold, read without loading anything."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """One tensor of a file.

    Attributes:
        name: Its key.
        values: How many numbers it has.
    """

    name: str
    values: int


def read_tensors(path: Path) -> list[Tensor]:
    """Return the tensors of a file, which is whole.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it is no such file, or was cut short; the message says which.
    """
    size_bytes = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > size_bytes:
            raise ValueError("its header is longer than the file")
        header = json.loads(file.read(length))
    try:
        header.pop("__metadata__", None)
        ends = [tensor["data_offsets"][1] for tensor in header.values()]
        told = 8 + length + max(ends, default=0)
        tensors = [
            Tensor(name=name, values=math.prod(tensor["shape"]))
            for name, tensor in header.items()
        ]
    except (AttributeError, KeyError, IndexError, TypeError) as error:
        raise ValueError("its header is damaged") from error
    if size_bytes < told:
        raise ValueError(f"it is cut short: {size_bytes} of {told} bytes are here")
    return tensors
