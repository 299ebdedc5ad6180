"""Training of what reads turns about data in motion, to the weights that are shipped.

    nbagent train-moves tests/moves
    nbagent train-moves tests/moves --without anna --out held.npz

It stands on the lower layers of the shipped reader, as what reads scenes does. Turns about
something else are those of the reader's own training.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from nbagent.language import data_labels as known
from nbagent.language.data_scores import KINDS, MATCHED
from nbagent.language.data_scores import WEIGHTS as MOVES
from nbagent.language.heads import LAYERS
from nbagent.language.reader import WEIGHTS as READER
from nbagent.language.reader import reader
from nbagent.language.training import data_turns
from nbagent.language.training.batches import IGNORED, mistyped
from nbagent.language.training.data_turns import Maker, Sample
from nbagent.language.training.head_net import HeadNet, Logits
from nbagent.language.training.head_steps import Steps, begin_with, grouped
from nbagent.language.training.lower import LowerLayers
from nbagent.language.training.net import WIDTH
from nbagent.language.training.stored import of_reader

STEPS: Final = 1400
_SMOOTH: Final = 0.05
_SHARES: Final = {"kind": 2.0, "classes": 0.6, "tags": 3.0, "match": 0.7}
_SLIPPED: Final = 0.15  # share of texts that are read as they might be mistyped
_UNCUED: Final = 0.2  # share of texts whose table is not known
_OTHERS: Final = 0.2  # share of turns about something else
_MOST_OTHERS: Final = 3000
_LACKED: Final = 0.35  # of words that mean a column, of those whose table lacks it
_NEVER: Final = -1e4
_WIDE: Final = 12  # batches that are sorted by length together


@dataclass(frozen=True, slots=True, kw_only=True)
class MovesOptions:
    """How what reads turns about data is trained.

    Attributes:
        turns: A folder of labelled turns, a file for each author.
        out: The weights that are written.
        without: Files of the folder, by their names, that are left out.
        others: A folder of the reader's turns.
        weights: Where the training goes on from; None begins with e5.
        steps: Of a batch.
        batch: Texts a step.
        seed: Of all that is left to chance.
        threads: Of the CPU; 0 is as many as torch takes.
    """

    turns: Path
    out: Path = MOVES
    without: Sequence[str] = ()
    others: Path
    weights: Path | None = None
    steps: int = STEPS
    batch: int = 32
    seed: int = 0
    threads: int = 0


class MovesNet(HeadNet):
    """What reads turns about data; a run of words also finds the column that it means."""

    def __init__(self) -> None:
        super().__init__(
            known.counts(), len(known.TAGS), cues=len(known.CUES), layers=LAYERS
        )
        self.ask = nn.Linear(WIDTH, MATCHED)
        self.key = nn.Linear(WIDTH, MATCHED)
        self.kinds = nn.Parameter(torch.zeros(len(KINDS), WIDTH))
        self.none = nn.Parameter(torch.zeros(1, MATCHED))


def train_moves(options: MovesOptions, tell: Callable[[str], None]) -> None:
    """Train on all files but some, and write the weights.

    Raises:
        SpecError: If there are no turns.
        MissingExtra: If what the layers begin with is not installed.
    """
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    chance = random.Random(options.seed)
    samples = data_turns.read(options.turns, options.without)
    others = data_turns.others(options.others, _MOST_OTHERS, chance)

    net, lower = MovesNet(), LowerLayers(of_reader(READER))
    begin_with(net, options.weights)
    drawn = _drawn(samples, others, chance)
    groups = grouped(drawn, options.batch, _WIDE, chance)
    steps = Steps(net, options.steps, options.out, tell)
    for step in range(1, options.steps + 1):
        group = next(groups)
        texts = [_slipped(one.text, chance) for one in group]
        low, seen, pieces = lower.batch(texts)
        cues = torch.zeros(seen.shape, dtype=torch.long)
        for row, (one, own) in enumerate(zip(group, pieces, strict=True)):
            table = None if chance.random() < _UNCUED else one.table
            cues[row, : len(own)] = torch.tensor(
                known.cues(
                    one.text, own, table, shown=one.shown, is_figure=one.is_figure
                )
            )
        with torch.autocast("cpu", torch.bfloat16):
            logits = net(low, seen, cues)
        steps.down(_loss(net, logits, group, pieces, chance))
        steps.keep(step)


def _drawn(
    samples: Sequence[Sample], others: Sequence[Sample], chance: random.Random
) -> Iterator[Sample]:
    maker = Maker(samples, chance)
    own = data_turns.shuffled(samples, chance)
    away = data_turns.shuffled(others, chance)
    tables = [one.columns for one in samples if one.columns]
    while True:
        if others and chance.random() < _OTHERS:
            one = maker.made(next(away))
            yield Sample(
                text=one.text,
                lang=one.lang,
                classes=one.classes,
                spans=(),
                columns=chance.choice(tables),
                shown=one.shown,
            )
        else:
            yield maker.made(next(own))


def _slipped(text: str, chance: random.Random) -> str:
    return mistyped(text, chance) if chance.random() < _SLIPPED else text


def _loss(
    net: MovesNet,
    logits: Logits,
    group: Sequence[Sample],
    pieces: Sequence[Sequence[tuple[int, int, int]]],
    chance: random.Random,
) -> Tensor:
    """Return the weighted sum of all heads' losses."""
    total = torch.zeros(())
    is_other = torch.tensor([one.classes["kind"] == 0 for one in group])
    for index, name in enumerate(known.HEADS):
        right = torch.tensor([one.classes[name] for one in group])
        if name != "kind":  # of something else nothing is asked
            right[is_other] = IGNORED
        if bool((right != IGNORED).any()):
            share = _SHARES["kind" if name == "kind" else "classes"]
            total = total + share * functional.cross_entropy(
                logits.classes[index],
                right,
                ignore_index=IGNORED,
                label_smoothing=_SMOOTH,
            )
    tags = torch.full(logits.tags.shape[:2], IGNORED)
    for row, (one, own) in enumerate(zip(group, pieces, strict=True)):
        if not bool(is_other[row]):
            tags[row, : len(own)] = _places(one, own)
    if bool((tags != IGNORED).any()):
        total = total + _SHARES["tags"] * functional.cross_entropy(
            logits.tags.flatten(0, 1), tags.flatten(), ignore_index=IGNORED
        )
    matched = list(_matched(net, logits.states, group, pieces, chance))
    if matched:
        total = total + _SHARES["match"] * torch.stack(matched).mean()
    return total


def _places(one: Sample, pieces: Sequence[tuple[int, int, int]]) -> Tensor:
    """Return the tag of each piece."""
    tags = torch.zeros(len(pieces), dtype=torch.long)
    for begin, end, tag, _ in one.spans:
        for index, (_, a, b) in enumerate(pieces):
            if a < end and b > begin and b > a:
                tags[index] = known.TAGS.index(tag)
    return tags


@functools.cache
def _column(name: str) -> Any:
    """Return what the lower layers make of a column's name."""
    return reader().low.caption(name)


def _matched(
    net: MovesNet,
    states: Tensor,
    group: Sequence[Sample],
    pieces: Sequence[Sequence[tuple[int, int, int]]],
    chance: random.Random,
) -> Iterator[Any]:
    """Yield the loss of each run of words that means one of its table's columns.

    Of some the table lacks it, and they mean none. Where nothing is meant, it always does.
    """
    for row, (one, own) in enumerate(zip(group, pieces, strict=True)):
        names = list(one.columns)
        spans = [s for s in one.spans if s[2] in known.COLUMNS and s[3] in (*names, "")]
        if not spans or len(names) < 2:
            continue
        vectors = torch.from_numpy(np.stack([_column(name) for name in names]))
        kinds = [
            one.columns[n] if isinstance(one.columns[n], str) else "text" for n in names
        ]
        keys = net.key(vectors + net.kinds[[KINDS.index(str(kind)) for kind in kinds]])
        keys = torch.cat([keys, net.none])
        for begin, end, _, meant in spans:
            at = [
                i for i, (_, a, b) in enumerate(own) if a < end and b > begin and b > a
            ]
            if at:
                asked = net.ask(states[row, at].float().mean(0))
                found, right = keys @ asked / MATCHED**0.5, len(names)
                if meant:
                    right = names.index(meant)
                    if chance.random() < _LACKED:
                        found[right], right = _NEVER, len(names)
                yield functional.cross_entropy(found, torch.tensor(right))
