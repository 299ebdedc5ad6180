"""Training of the reader, from labelled turns to the weights that are shipped.

    nbagent train-reader tests/turns --out nbagent/language/reader.npz
    nbagent train-reader tests/turns --out held.npz --groups groups.json

The lower layers stay as they are, so what they make of every turn is worked out once. A
pass over 17,000 takes about four minutes on two cores with AVX512-BF16.
"""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from nbagent.errors import SpecError
from nbagent.language.encoder import LAYERS, LOW
from nbagent.language.training import start
from nbagent.language.training.batches import (
    IGNORED,
    Right,
    Sample,
    batches,
    samples,
)
from nbagent.language.training.compounds import compounds
from nbagent.language.training.elsewhere import elsewhere
from nbagent.language.training.net import Heads, Net, optimizer_of
from nbagent.language.training.stored import load, write
from nbagent.language.training.swaps import swaps

if TYPE_CHECKING:
    from nbagent.language.training.start import Start

NUM_PIECES: Final = 80_000
_RATE: Final = 1e-4  # of the layers; 1.2e-4 without the lower layers held collapsed
_HEADS_FASTER: Final = 8.0
_WARM: Final = 0.06  # share of the steps
_SMOOTH: Final = 0.05  # of the intents: labels are people's
_SHARES: Final = {
    "intent": 1.0,
    "tags": 1.5,
    "begin": 0.2,
    "kinds": 1.0,
    "subs": 0.3,
    "flags": 1.0,
    "first": 0.5,
    "members": 0.5,
    "beside": 0.5,
    "action": 0.3,
}
"""How much each head's loss counts; set once by hand, not tuned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the reader is trained.

    Attributes:
        turns: A folder of labelled turns, a file for each author.
        out: The weights that are written.
        weights: Where the training goes on from; None begins with e5.
        groups: Lists of authors as JSON; each list is left out once. None trains on all.
        passes: Over all turns.
        compounds: How many turns of several acts are made of turns of one.
        swaps: How many turns are told once more with other things in them.
        elsewhere: How many are told once more in other conversations.
        batch: Turns a step.
        seed: Of all that is left to chance.
        threads: Of the CPU; 0 is as many as torch takes.
        device: `cpu` or `cuda`.
    """

    turns: Path
    out: Path
    weights: Path | None = None
    groups: Path | None = None
    passes: int = 16
    compounds: int = 3500
    swaps: int = 3000
    elsewhere: int = 1500
    batch: int = 12
    seed: int = 0
    threads: int = 0
    device: str = "cpu"


def train(options: Options, tell: Callable[[str], None]) -> None:
    """Train the reader and write its weights, after every pass.

    With `groups`, a reader is trained for each group of authors, on the others, so that it
    has read nothing of whom it is scored on: its weights are written beside `out`, named
    after the group's place, and the groups into `groups.json`.

    Args:
        options: How.
        tell: Hears a line after each pass.

    Raises:
        SpecError: If there are no turns.
        MissingExtra: If what training begins with is not installed.
    """
    if options.threads:
        torch.set_num_threads(options.threads)
    records = read(options.turns)
    begin = start.load(_texts(records), NUM_PIECES)
    if options.groups is None:
        _fit(
            _prepared(records, begin, options, tell), begin, options, options.out, tell
        )
        return
    groups = json.loads(options.groups.read_text("utf-8"))
    where = options.out.with_name("groups.json")
    where.write_text(json.dumps(groups), encoding="utf-8")
    for index, group in enumerate(groups):
        tell(f"without {', '.join(group)}")
        others = [one for one in records if one[0] not in group]
        out = options.out.with_stem(f"{options.out.stem}-{index}")
        _fit(_prepared(others, begin, options, tell), begin, options, out, tell)


def _prepared(
    records: Sequence[tuple[str, Mapping[str, Any]]],
    begin: Start,
    options: Options,
    tell: Callable[[str], None],
) -> list[Sample]:
    """Return labelled turns as samples, with more that are made of them."""
    began = time.monotonic()
    chance = random.Random(options.seed)
    made = compounds(records, options.compounds, chance)
    made += swaps(records, options.swaps, chance)
    made += elsewhere(records, options.elsewhere, chance)
    prepared = samples([*records, *made], begin, chance)
    tell(f"{len(prepared)} turns are ready after {time.monotonic() - began:.0f} s")
    return prepared


def _fit(
    prepared: Sequence[Sample],
    begin: Start,
    options: Options,
    out: Path,
    tell: Callable[[str], None],
) -> None:
    """Train a reader on samples and write it."""
    # 1. The net, beginning as e5 or where another training ended.
    torch.manual_seed(options.seed)
    chance = random.Random(options.seed)
    net = Net()
    for index in range(LOW, LAYERS):
        net.layer(index).load(start.named(begin.weights, f"l{index}."))
    if options.weights is not None:
        load(net, options.weights)
    net.to(options.device)
    steps = math.ceil(len(prepared) / options.batch) * options.passes
    optimizer = optimizer_of(net, rate=_RATE, heads_faster=_HEADS_FASTER)
    rates = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / (_WARM * steps), 1 - step / steps)
    )

    # 2. The passes.
    began = time.monotonic()
    for number in range(1, options.passes + 1):
        net.train()
        losses = []
        for batch, right in batches(prepared, options.batch, chance):
            with torch.autocast(options.device, torch.bfloat16):
                heads = net(_to(batch, options.device))
            loss: Any = _loss(heads, _to(right, options.device))
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            rates.step()
            losses.append(float(loss.detach()))
        write(out, net, begin)
        tell(
            f"pass {number} of {options.passes}: loss {np.mean(losses):.3f},"
            f" {time.monotonic() - began:.0f} s"
        )


def read(folder: Path) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the labelled turns of a folder with their authors.

    Raises:
        SpecError: If there are none.
    """
    records = [
        (file.stem, json.loads(line))
        for file in sorted(folder.glob("*.jsonl"))
        for line in file.read_text("utf-8").splitlines()
        if line.strip()
    ]
    if not records:
        raise SpecError(
            f"{folder} has no labelled turns: name a folder of .jsonl files"
        )
    return records


def _texts(records: Sequence[tuple[str, Mapping[str, Any]]]) -> list[str]:
    """Return all texts of labelled turns: their pieces are kept."""
    found = []
    for _, record in records:
        found.append(record["turn"])
        for earlier in record["history"]:
            result = earlier.get("result") or {}
            found += [earlier.get("user") or "", str(result.get("caption") or "")]
        found += [f"{v['name']} {v.get('summary', '')}" for v in record["variables"]]
    return found


def _loss(heads: Heads, right: Right) -> Tensor:
    """Return the weighted sum of all heads' losses."""
    bits = functional.binary_cross_entropy_with_logits
    num = right.intent.shape[1]
    wanted = right.intent * (1 - _SMOOTH) + _SMOOTH / num
    tagged = (right.tags > 0).float()
    there = (heads.members > -1e3).float()
    parts = {
        "intent": -(wanted * functional.log_softmax(heads.intent.float(), -1))
        .sum(-1)
        .mean(),
        "tags": _classes(heads.tags.flatten(0, 1), right.tags.flatten(), 0.02),
        "begin": _mean(
            bits(heads.begin.float(), right.begin, reduction="none"), tagged
        ),
        "kinds": _classes(heads.kinds.flatten(0, 1), right.kinds.flatten(), 0.03),
        "subs": _classes(heads.subs.flatten(0, 1), right.subs.flatten()),
        "flags": bits(heads.flags.float(), right.flags),
        "first": _classes(heads.first, right.first),
        "members": _mean(bits(heads.members, right.members, reduction="none"), there),
        "beside": _mean(bits(heads.beside, right.beside, reduction="none"), there),
        "action": _classes(heads.action, right.action),
    }
    total: Tensor = torch.stack([_SHARES[k] * v for k, v in parts.items()]).sum()
    return total


def _classes(logits: Tensor, right: Tensor, smooth: float = 0.0) -> Tensor:
    """Return the cross entropy over what is known; 0 if nothing is."""
    if not (right != IGNORED).any():
        return logits.sum() * 0.0
    return functional.cross_entropy(
        logits.float(), right, ignore_index=IGNORED, label_smoothing=smooth
    )


def _mean(values: Tensor, counts: Tensor) -> Tensor:
    return (values * counts).sum() / counts.sum().clamp(min=1)


def _to(values: Any, device: str) -> Any:
    """Return a batch on a device."""
    moved = {name: getattr(values, name).to(device) for name in values.__slots__}
    return type(values)(**moved)
