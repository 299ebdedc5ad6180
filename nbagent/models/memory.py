"""What a model needs and what memory there is, without loading anything.

Weights are counted from the headers of their files, to the byte; a step's working memory
is a figure for each family. No torch here: `nbagent doctor` and the worker count alike.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from nbagent.errors import SpecError
from nbagent.models.cards import ModelCard, working_shape
from nbagent.models.hub import weights_of
from nbagent.models.index import denoiser_names
from nbagent.models.tensors import read_tensors
from nbagent.system.numerics import Kernels

Role = Literal["denoiser", "text", "other"]

# Bytes that one step needs at its peak, for each token and channel in bf16. Counted by
# running each family's classes on torch's meta device with their published widths and
# usual sizes (diffusers 0.42.1; attention itself taken as free, as flash kernels are);
# docs/render.md has the table. Families that guide in one batch of two have it in them.
_STEP_BYTES: Final[dict[str, float]] = {
    "WanPipeline": 36,
    "SkyReelsV2Pipeline": 35,
    "LTXPipeline": 86,
    "CogVideoXPipeline": 58,
    # The same networks, given a picture.
    "WanImageToVideoPipeline": 36,
    "LTXConditionPipeline": 86,
    "CogVideoXImageToVideoPipeline": 58,
    "HunyuanVideoPipeline": 44,
    "SanaVideoPipeline": 60,
    "AnimateDiffPipeline": 174,
}
_STEP_BYTES_UNKNOWN = 90
_STEP_BYTES_TIMED_TOKENS = 74  # Wan 2.2's 5B model has a timestep for every token
# Decoding goes down to tiles by itself, so only one tile must fit: bytes in bf16 for
# each pixel of it by the greediest VAE counted (CogVideoX; Wan's takes 10,300).
_TILE_BYTES_PER_PIXEL = 46_000
_TILE_BYTES = 256 * 256 * _TILE_BYTES_PER_PIXEL
# pocket's small decoder paints all frames at once: 26 bytes for each of their pixels were
# counted, and its kernels take some of their own.
_POCKET_BYTES_PER_PIXEL = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One component of a model.

    Attributes:
        values: Numbers in its weights.
        largest: Numbers in the largest of its tensors, often a table of words.
        kept_bytes: Its size where its file keeps it smaller than numbers of the
            device's type; 0 where it does not.
    """

    name: str
    role: Role
    values: int
    largest: int
    kept_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a model needs for a clip.

    Attributes:
        components: Its components that have weights.
        step_bytes: Memory of one denoising step beside the weights, in bf16.
        decode_bytes: Memory of decoding one tile, or a whole clip of pocket, in bf16.
    """

    model: str
    components: tuple[Component, ...]
    step_bytes: int
    decode_bytes: int = _TILE_BYTES

    @property
    def values(self) -> int:
        """Numbers in all of its weights."""
        return sum(component.values for component in self.components)

    @property
    def is_kept_small(self) -> bool:
        """Whether a file keeps weights of it smaller, which then stay as they are."""
        return any(component.kept_bytes for component in self.components)

    def work_bytes(self, value_bytes: int) -> int:
        """Return a job's memory beside the weights, for numbers of that size."""
        return max(self.step_bytes, self.decode_bytes) * value_bytes // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """What there is.

    Attributes:
        free_bytes: What models may take on it.
        host_bytes: Free memory of the machine; on a CPU the same memory.
        value_bytes: Size of a number in the type that it renders best in.
        packages: Which packages that make weights smaller are installed.
        compiles: Whether blocks are to be compiled on it.
        has_bf16: Whether a model may be computed in bf16 where memory is short.
    """

    kind: Literal["cuda", "cpu"]
    free_bytes: int
    host_bytes: int
    value_bytes: int = 2
    packages: frozenset[str] = frozenset()
    compiles: bool = False
    has_bf16: bool = True

    def but(self, wrong: Collection[Kernels]) -> Device:
        """Return it as it is for a model that some ways of computing are wrong for."""
        if not {"bf16", "fp16"} & set(wrong):
            return self
        return replace(self, value_bytes=4, has_bf16=False)


def needs_of(
    card: ModelCard,
    num_frames: int | None = None,
    height: int | None = None,
    width: int | None = None,
) -> Needs:
    """Count what a model needs for a clip; of its usual length and size if not given.

    Raises:
        SpecError: If a file of the model is missing or damaged.
    """
    height, width = height or card.height, width or card.width
    frames = num_frames or card.num_frames
    tokens, channels = working_shape(card, frames, height, width)
    index = json.loads((card.folder / "model_index.json").read_text("utf-8"))
    each = _STEP_BYTES.get(card.pipeline, _STEP_BYTES_UNKNOWN)
    if index.get("expand_timesteps"):
        each = _STEP_BYTES_TIMED_TOKENS
    return Needs(
        model=card.name,
        components=tuple(_components(card, index)),
        step_bytes=int(tokens * channels * each),
        decode_bytes=_decode_bytes(index, frames, height, width),
    )


def _decode_bytes(
    index: Mapping[str, Any], frames: int, height: int, width: int
) -> int:
    if index.get("vae", [""])[-1] == "AutoencoderKLPocket":
        return frames * height * width * _POCKET_BYTES_PER_PIXEL
    return min(height * width * _TILE_BYTES_PER_PIXEL, _TILE_BYTES)


def free_memory() -> int:
    """Return the bytes that this process may still take.

    A container may take less than its machine has free.

    Raises:
        ModuleNotFoundError: If psutil is not installed.
    """
    import psutil

    free = int(psutil.virtual_memory().available)
    limit = container_memory()
    return free if limit is None else min(free, limit)


def container_memory(root: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Return the bytes that are left below this container's limit; None without one."""
    for folder, limit, usage, cache in (
        (root, "memory.max", "memory.current", "inactive_file"),
        (
            root / "memory",
            "memory.limit_in_bytes",
            "memory.usage_in_bytes",
            "total_inactive_file",
        ),
    ):
        try:
            most = int((folder / limit).read_text())  # "max" is no number: no limit
            used = int((folder / usage).read_text())
            lines = (folder / "memory.stat").read_text().splitlines()
        except (OSError, ValueError):
            continue
        # Files that were read count as used, and are given up when memory is short.
        stat = dict(line.split() for line in lines)
        return max(0, most - used + int(stat.get(cache, 0)))
    return None


def _components(card: ModelCard, index: Mapping[str, Any]) -> Iterator[Component]:
    ggufs = dict(zip(denoiser_names(index), card.ggufs, strict=False))
    for name, kind in index.items():
        if not isinstance(kind, list) or kind[0] is None:
            continue
        role = _role(name, kind)
        if (file := ggufs.get(name)) is not None:
            yield Component(
                name=name,
                role=role,
                values=file.values,
                largest=file.largest,
                kept_bytes=file.size_bytes,
            )
            continue
        files = _weight_files(card.folder / name, kind[0])
        counts = [n for path in files for n in _tensors(path)]
        if counts:  # else it is a tokenizer, or a scheduler
            yield Component(
                name=name, role=role, values=sum(counts), largest=max(counts)
            )


def _role(name: str, kind: list[str]) -> Role:
    if name.startswith(("transformer", "unet")):
        return "denoiser"
    return "text" if kind[0] == "transformers" else "other"


def _weight_files(folder: Path, library: str) -> list[Path]:
    """Return the files that a component is loaded from."""
    try:
        names = weights_of(folder, library).names
    except ValueError as error:
        raise _damaged(folder, error) from error
    return sorted(folder / name for name in names if ".index." not in name)


def _tensors(path: Path) -> list[int]:
    """Return how many numbers each tensor of a safetensors file has."""
    try:
        return [tensor.values for tensor in read_tensors(path)]
    except (OSError, ValueError) as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> SpecError:
    return SpecError(
        f"the model's {path.parent.name}/{path.name} cannot be read ({error}):"
        " download or save the model again"
    )
