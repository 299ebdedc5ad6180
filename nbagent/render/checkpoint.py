"""A job's checkpoint: one safetensors file, replaced atomically.

Numbers and structure travel as JSON in the file's own header, tensors beside it, so
that half of a checkpoint cannot exist. Nothing in it can run code when it is read.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from nbagent.render.start_states import Resumed

_VERSION = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """Where a job stands after some of its steps.

    Attributes:
        take_id: The take it belongs to; another take's checkpoint is not used.
        start_step: The step that the job's first run started at.
        num_steps: Length of the schedule.
        elapsed_s: Time spent so far, over all runs of the job.
        cached: Blocks that a step cache has seen until then, and those it skipped.
    """

    take_id: str
    start_step: int
    num_steps: int
    elapsed_s: float
    state: Resumed
    cached: tuple[int, int] = (0, 0)


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint so that a reader finds the old one or the new one, whole."""
    tensors: dict[str, torch.Tensor] = {}
    state = checkpoint.state
    header = {
        "version": _VERSION,
        "take_id": checkpoint.take_id,
        "start_step": checkpoint.start_step,
        "num_steps": checkpoint.num_steps,
        "elapsed_s": checkpoint.elapsed_s,
        "cached": checkpoint.cached,
        "step": state.step,
        "latents": _encode(state.latents, tensors),
        "schedulers": _encode(state.schedulers, tensors),
        "streams": _encode(state.streams, tensors),
        "generator": _encode(state.generator, tensors),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    # A name that nobody can guess: in a group's store somebody could put a link there.
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    scratch = Path(name)
    try:
        # Not by safetensors' own writer, which words a full disk in its own way.
        with os.fdopen(handle, "wb") as file:
            file.write(save(tensors, metadata={"nbagent": json.dumps(header)}))
            file.flush()
            os.fsync(file.fileno())
        scratch.chmod(0o644)  # mkstemp's 0600 would shut out a colleague's worker
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)


def load_checkpoint(path: Path, take_id: str) -> Checkpoint | None:
    """Read a take's checkpoint; None if there is none, or it is not one of ours.

    A damaged file, or one from a device that this machine lacks, is the same as none:
    it costs the steps again, never the job.
    """
    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {})["nbagent"])
            if header["version"] != _VERSION or header["take_id"] != take_id:
                return None
            return Checkpoint(
                take_id=take_id,
                start_step=int(header["start_step"]),
                num_steps=int(header["num_steps"]),
                elapsed_s=float(header["elapsed_s"]),
                cached=(int(header["cached"][0]), int(header["cached"][1])),
                state=Resumed(
                    step=int(header["step"]),
                    latents=_decode(header["latents"], file),
                    schedulers=_decode(header["schedulers"], file),
                    streams=_decode(header["streams"], file),
                    generator=_decode(header["generator"], file),
                ),
            )
    except (
        AssertionError,  # torch's word for "built without CUDA"
        KeyError,
        OSError,
        RuntimeError,
        SafetensorError,
        TypeError,
        ValueError,
    ):
        return None


def _encode(value: Any, tensors: dict[str, torch.Tensor]) -> Any:
    """Return JSON for a value, putting its tensors aside under a number."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return _encode(torch.from_numpy(value), tensors) | {"device": "numpy"}
    if isinstance(value, torch.Tensor):
        name = str(len(tensors))
        # safetensors refuses tensors that share memory, and solvers keep such.
        tensors[name] = value.detach().to("cpu", copy=True).contiguous()
        return {"tensor": name, "device": value.device.type}
    if isinstance(value, list):
        return [_encode(item, tensors) for item in value]
    if isinstance(value, tuple):
        return {"tuple": [_encode(item, tensors) for item in value]}
    if isinstance(value, dict):
        return {"dict": {str(k): _encode(v, tensors) for k, v in value.items()}}
    raise TypeError(f"a scheduler keeps a {type(value).__name__}: no checkpoint of it")


def _decode(value: Any, file: Any) -> Any:
    if isinstance(value, list):
        return [_decode(item, file) for item in value]
    if not isinstance(value, dict):
        return value
    if "tensor" in value:
        tensor = file.get_tensor(value["tensor"])
        if value["device"] == "numpy":
            return tensor.numpy()
        return tensor.to(value["device"])
    if "tuple" in value:
        return tuple(_decode(item, file) for item in value["tuple"])
    return {name: _decode(item, file) for name, item in value["dict"].items()}
