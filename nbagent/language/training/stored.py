"""The net's weights as the encoder reads them, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from nbagent.errors import SpecError
from nbagent.language.encoder import LAYERS, LOW, packed, unpacked
from nbagent.language.labels import ACTS
from nbagent.language.training.net import Net
from nbagent.language.training.start import Start

_OF_ACTS: Final = {"prev": 0, "cnt.w": 1, "kind.w": 0, "kind.b": 0}
"""Weights that have a place for each act and one for the end, and on which axis."""


def write(out: Path, net: Net, begin: Start) -> None:
    """Write the weights as the encoder reads them."""
    trained = {
        _in_numpy(name): value.detach().cpu().float().numpy()
        for name, value in net.state_dict().items()
    }
    low = {
        name: value
        for name, value in begin.weights.items()
        if not name.startswith(tuple(f"l{i}." for i in range(LOW, LAYERS)))
    }
    stored = packed({**low, **trained})
    stored["pieces"] = np.frombuffer("\n".join(begin.texts).encode(), np.uint8)
    stored["acts"] = np.frombuffer("\n".join(ACTS).encode(), np.uint8)
    stored["piece_scores"] = np.asarray(begin.scores, np.float32)
    stored["table"], stored["table_scales"] = begin.table, begin.scales
    scratch = out.with_suffix(".part.npz")
    arrays: dict[str, Any] = {**stored}
    np.savez(scratch, **arrays)
    scratch.replace(out)


def load(net: Net, file: Path) -> None:
    """Put weights that `write` wrote back into a net; an act that is new begins anew.

    Raises:
        SpecError: If they are of a net of another shape.
    """
    with np.load(file, allow_pickle=False) as stored:
        kept = {name: stored[name] for name in stored.files}
    known = bytes(kept.pop("acts")).decode().split("\n")
    old = unpacked(kept)
    state = net.state_dict()
    for name, value in state.items():
        found = old.get(_in_numpy(name))
        begins = value.numpy()
        if found is not None and (axis := _OF_ACTS.get(_in_numpy(name))) is not None:
            rows = np.moveaxis(begins.copy(), axis, 0)
            given = np.moveaxis(found, axis, 0)
            rows[-1] = given[-1]
            for index, act in enumerate(ACTS):
                if act in known:
                    rows[index] = given[known.index(act)]
            found = np.moveaxis(rows, 0, axis)
        if found is None or found.shape != begins.shape:
            raise SpecError(
                f"{file} has no {name} of shape {begins.shape}: it is of another version;"
                " train without --weights"
            )
        state[name] = torch.from_numpy(np.ascontiguousarray(found))
    net.load_state_dict(state)


def of_reader(file: Path) -> Start:
    """Return what a reader begins with, out of its weights: its pieces and lower layers."""
    with np.load(file, allow_pickle=False) as stored:
        kept = {name: stored[name] for name in stored.files}
    own = ("places", "embedded.", *(f"l{index}." for index in range(LOW)))
    return Start(
        weights=unpacked({k: v for k, v in kept.items() if k.startswith(own)}),
        table=kept["table"],
        scales=kept["table_scales"],
        texts=bytes(kept["pieces"]).decode().split("\n"),
        scores=kept["piece_scores"].tolist(),
    )


def _in_numpy(name: str) -> str:
    """Return the encoder's name of a weight of the net."""
    name = name.removeprefix("layers.")
    for table in ("types", "prev"):
        if name == f"{table}.weight":
            return table
    return name.replace(".weight", ".w").replace(".bias", ".b")
