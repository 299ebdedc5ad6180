"""Training of what reads scenes, from labelled sentences to the weights that are shipped.

    nbagent train-scenes tests/scenes --out nbagent/language/scenes.npz
    nbagent train-scenes tests/scenes --out held.npz --without scenes-ann lexicon-ann
    nbagent train-scenes tests/scenes --weights nbagent/language/scenes.npz --steps 0

It stands on the lower layers of the shipped reader, which are nobody's but e5's, so the
reader may be trained anew without it. Sentences are made while it trains; no two passes
see the same. Whom to offer for what the world lacks is fitted last (`stand_ins`); without
a step, only that is.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from nbagent.errors import SpecError
from nbagent.language import scene_labels as known
from nbagent.language.encoder import packed
from nbagent.language.heads import LAYERS
from nbagent.language.reader import WEIGHTS as READER
from nbagent.language.scenes import WEIGHTS as SCENES
from nbagent.language.scenes import encoder_of
from nbagent.language.stand_ins import PREFIX
from nbagent.language.training import scene_data, stand_ins
from nbagent.language.training.batches import IGNORED, mistyped
from nbagent.language.training.head_net import HeadNet, Logits, save
from nbagent.language.training.head_steps import Steps, begin_with, grouped
from nbagent.language.training.lower import LowerLayers
from nbagent.language.training.scene_data import Hands, Sample
from nbagent.language.training.scene_maker import Maker
from nbagent.language.training.stored import of_reader

STEPS: Final = 2400
_SMOOTH: Final = 0.05
_SHARES: Final = {"classes": 1.0, "near": 0.3, "tags": 2.0, "open": 1.0}
_SLIPPED: Final = 0.2  # share of texts that are read as they might be mistyped
_SPOTTED: Final = 32  # texts that are looked at together
_WIDE: Final = 16  # batches that are sorted by length together
_KINDS: Final = {"own": 0.3, "swapped": 0.22, "made": 0.33, "lone": 0.15}
"""Shares of a batch: people's sentences, those with other things in them, sentences made
of phrases, and phrases alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SceneOptions:
    """How what reads scenes is trained.

    Attributes:
        scenes: A folder of sentences and lexica, a file for each author.
        out: The weights that are written.
        without: Files of the folder, by their names, that are left out.
        weights: Where the training goes on from; None begins with e5.
        steps: Of a batch; 0 fits only who stands in for whom.
        batch: Texts a step.
        layers: Of its own.
        seed: Of all that is left to chance.
        threads: Of the CPU; 0 is as many as torch takes.
        folds: In which those who stand in are also tested; 0 does not.
    """

    scenes: Path
    out: Path
    without: Sequence[str] = ()
    weights: Path | None = None
    steps: int = STEPS
    batch: int = 32
    layers: int = LAYERS
    seed: int = 0
    threads: int = 0
    folds: int = 0


def train_scenes(options: SceneOptions, tell: Callable[[str], None]) -> None:
    """Train on all hands but some, and write the weights.

    Args:
        options: How.
        tell: Hears a line now and then.

    Raises:
        SpecError: If there are no sentences, or nothing to fit to.
        MissingExtra: If what the layers begin with is not installed.
    """
    if not options.steps and options.weights is None:
        raise SpecError(
            "no steps and no weights: name those that --steps 0 fits to, like --weights"
            f" {SCENES}"
        )
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    chance = random.Random(options.seed)
    hands = scene_data.read(options.scenes).without(options.without)

    if options.steps:
        _train(options, hands, chance, tell)
    _stand_ins(options, hands, tell)


def _stand_ins(
    options: SceneOptions, hands: Hands, tell: Callable[[str], None]
) -> None:
    """Fit who stands in for whom to what was trained, and write it with that."""
    file = options.out if options.steps else options.weights or options.out
    by = encoder_of(file)
    judged = stand_ins.nouns(hands, by, random.Random(options.seed))
    called = stand_ins.phrases(hands, by)
    if options.folds:
        figures = stand_ins.cross_validated(hands, judged, called, options.folds)
        tell(f"stand-ins for nouns that were left out: {figures}")
    fitted = stand_ins.fitted(judged, called)
    with np.load(file, allow_pickle=False) as stored:
        old = [name for name in stored.files if name.startswith(PREFIX)]
        kept = {name: stored[name] for name in stored.files if name not in old}
    save(options.out, kept | packed(fitted))
    tell(f"stand-ins are fitted to {len(hands.nearest)} nouns")


def _train(
    options: SceneOptions,
    hands: Hands,
    chance: random.Random,
    tell: Callable[[str], None],
) -> None:
    """Train the net, and write it now and then."""
    net, lower = scene_net(options.layers), LowerLayers(of_reader(READER))
    begin_with(net, options.weights)
    draw = Draw(hands, chance)
    texts = (_slipped(one, chance) for one in draw)
    groups = grouped(texts, options.batch, _WIDE, chance)
    steps = Steps(net, options.steps, options.out, tell)
    for step in range(1, options.steps + 1):
        group = next(groups)
        with torch.autocast("cpu", torch.bfloat16):
            low, seen, pieces = lower.batch([one.text for one in group])
            heads = net(low, seen)
        steps.down(loss_of(heads, group, pieces))
        if step in (int(options.steps * 0.35), int(options.steps * 0.65)):
            count = draw.learn(spotted(net, lower, draw.own))
            tell(f"{count} phrases are found in the sentences")
        steps.keep(step)


class Draw:
    """Yields samples without end, of each kind its share.

    Args:
        hands: Whose sentences and phrases.
        chance: Decides.
    """

    def __init__(self, hands: Hands, chance: random.Random) -> None:
        self._rows = [row for one in hands.rows.values() for row in one]
        records = [record for one in hands.scenes.values() for record in one]
        self.own = scene_data.scene_samples(records, self._rows)
        self._lone = scene_data.lone_samples(self._rows)
        self._maker = Maker(self._rows, hands.frames, chance)
        if not self._maker.langs:
            raise SpecError(
                "no phrases to make sentences of: put a lexicon and frames of one language"
                " beside the sentences (tests/scenes/README.md)"
            )
        self._chance = chance

    def learn(self, own: list[Sample]) -> int:
        """Take sentences of which more is known; return how many phrases they have."""
        known_ = {(row.text.lower(), row.lang, row.factor) for row in self._rows}
        rows = [
            row
            for row in scene_data.mined(own)
            if (row.text.lower(), row.lang, row.factor) not in known_
        ]
        self.own = own
        self._lone += scene_data.lone_samples(rows)
        self._maker.learn(rows)
        return len(rows)

    def __iter__(self) -> Iterator[Sample]:
        """Yield the samples."""
        chance, maker = self._chance, self._maker
        counts = Counter(row.lang for row in self._rows)
        often = [counts[lang] ** 0.5 for lang in maker.langs]
        order, phrases = list[Sample](), list[Sample]()
        kinds, shares = list(_KINDS), list(_KINDS.values())
        while True:
            kind = chance.choices(kinds, shares)[0]
            if kind == "made":
                yield maker.sentence(chance.choices(maker.langs, often)[0])
            elif kind == "lone":
                phrases = phrases or chance.sample(self._lone, len(self._lone))
                yield phrases.pop()
            else:
                order = order or chance.sample(self.own, len(self.own))
                one = order.pop()
                yield one if kind == "own" else maker.swapped(one)


@torch.no_grad()
def spotted(
    net: HeadNet, lower: LowerLayers, samples: Sequence[Sample]
) -> list[Sample]:
    """Return sentences with the places of what they say, as the net sees them."""
    net.eval()
    found = []
    for at in range(0, len(samples), _SPOTTED):
        group = samples[at : at + _SPOTTED]
        with torch.autocast("cpu", torch.bfloat16):
            low, seen, pieces = lower.batch([one.text for one in group])
            tags = net(low, seen).tags
        for row, one in enumerate(group):
            found.append(_with_places(one, pieces[row], tags[row]))
    net.train()
    return found


def _with_places(
    one: Sample, pieces: Sequence[tuple[int, int, int]], tags: Tensor
) -> Sample:
    """Add the runs of pieces that speak of what is said, and stand in no span yet."""
    placed = {tag for *_, tag in one.spans}
    wanted = [f for f in known.FACTORS if one.classes.get(f) and f not in placed]
    allowed = [0, *(known.TAGS.index(tag) for tag in {*wanted, *placed})]
    best = [allowed[i] for i in tags[:, allowed].argmax(1).tolist()]
    runs: list[tuple[int, int, str]] = []
    for (_, at, end), index in zip(pieces, best, strict=False):
        tag = known.TAGS[index]
        if tag not in wanted or end <= at:
            continue
        if runs and runs[-1][2] == tag and not one.text[runs[-1][1] : at].strip():
            runs[-1] = (runs[-1][0], end, tag)
        else:
            runs.append((at, end, tag))
    free = [
        run for run in runs if all(run[1] <= a or run[0] >= b for a, b, _ in one.spans)
    ]
    return replace(one, spans=(*one.spans, *(_whole(one.text, run) for run in free)))


def _whole(text: str, run: tuple[int, int, str]) -> tuple[int, int, str]:
    """Return a run without the space before it, to the end of its last word."""
    begin, end, tag = run
    while begin < end and not text[begin].isalnum():
        begin += 1
    while 0 < begin < end and text[begin].isascii() and text[begin - 1].isalnum():
        begin -= 1
    while end < len(text) and text[end].isascii() and text[end].isalnum():
        end += 1
    return begin, end, tag


def _slipped(one: Sample, chance: random.Random) -> Sample:
    if chance.random() >= _SLIPPED:
        return one
    return replace(one, text=mistyped(one.text, chance))


def loss_of(
    heads: Logits, group: Sequence[Sample], pieces: Sequence[Sequence[Any]]
) -> Tensor:
    """Return the weighted sum of all heads' losses."""
    total = torch.zeros(())
    for index, name in enumerate(known.HEADS):
        right = torch.tensor([one.classes.get(name, IGNORED) for one in group])
        if bool((right != IGNORED).any()):
            total = total + _SHARES["classes"] * functional.cross_entropy(
                heads.classes[index],
                right,
                ignore_index=IGNORED,
                label_smoothing=_SMOOTH,
            )
        near = torch.tensor([float(one.near.get(name, 0.5)) for one in group])
        there = near != 0.5
        if bool(there.any()):
            total = total + _SHARES["near"] * (
                functional.binary_cross_entropy_with_logits(
                    heads.near[there, index], near[there]
                )
            )
    tags = torch.full(heads.tags.shape[:2], IGNORED)
    open_ = torch.zeros(heads.tags.shape[:2], dtype=torch.bool)
    for row, (one, own) in enumerate(zip(group, pieces, strict=True)):
        tags[row, : len(own)] = places(one, own)
        open_[row, : len(own)] = one.is_lost_known
    open_ &= tags == IGNORED
    if bool(open_.any()):  # whatever it speaks of, it can be shown
        shares = heads.tags[open_].softmax(-1)[:, known.TAGS.index("lost")]
        total = total - _SHARES["open"] * torch.log1p(-shares.clamp(max=0.999)).mean()
    if bool((tags != IGNORED).any()):
        total = total + _SHARES["tags"] * functional.cross_entropy(
            heads.tags.flatten(0, 1), tags.flatten(), ignore_index=IGNORED
        )
    return total


def places(one: Sample, pieces: Sequence[tuple[int, int, int]]) -> Tensor:
    """Return the tag of each piece; what is not known is ignored."""
    tags = torch.full((len(pieces),), 0 if one.is_tagged else IGNORED)
    for begin, end, tag in one.spans:
        for index, (_, a, b) in enumerate(pieces):
            if a < end and b > begin and b > a:
                tags[index] = known.TAGS.index(tag)
    return tags


def scene_net(layers: int = LAYERS) -> HeadNet:
    """Return the net that reads scenes."""
    return HeadNet(known.counts(), len(known.TAGS), has_near=True, layers=layers)
