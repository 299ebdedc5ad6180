"""What pocket's experts are shown: scenes rendered from their indices, said in words.

Each batch is a function of its order alone, so whoever renders it, here or in processes
that run ahead, renders the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from transformers import PreTrainedTokenizerFast

from nbagent.pocket.captions import draw_scene
from nbagent.pocket.codec import PATCH
from nbagent.pocket.lessons import draw_lesson, draw_moment
from nbagent.pocket.loop import Counters
from nbagent.pocket.model import MAX_TOKENS
from nbagent.pocket.world import NUM_FRAMES

MOMENTS: Final = NUM_FRAMES // 2
# Extra weight of cells that the actors touch; it doubled the accuracy of pictures.
ACTOR_WEIGHT: Final = 4.0
# What is held is written over after each step: it is learnt a little, not to be noise.
HELD_WEIGHT: Final = 0.1
FINE_SHARE: Final = 0.4  # of actors, of those that are smudged else
EMPTY_CAPTIONS: Final = 0.1  # for classifier-free guidance
_AHEAD: Final = 4  # batches of each process that renders


class Order(NamedTuple):
    """A batch before it is rendered: a seed for each sample, and how long they are."""

    seeds: list[list[int]]
    moments: int  # of two frames; of one moment, it is any of the clip's


class Batch(NamedTuple):
    """What one step learns from."""

    clips: Tensor  # (B, F, 64, 64, 3), uint8
    weight: Tensor  # (B, 1, F, 8, 8), of the loss; of mean 1 over the batch
    held: Tensor  # (B, 1, F, 8, 8), bool: cells that are given
    ids: Tensor  # (B, 32), tokens of the captions
    mask: Tensor  # (B, 32)
    moments: int


class Samples:
    """Batches in the order in which they are asked for.

    Args:
        orders: Yields what is to be rendered from a step on; read one by one.
        tokenizer: Of the captions.
        loaders: How many processes render ahead; 0 renders when it is asked.
    """

    def __init__(
        self,
        orders: Callable[[Counters], Iterator[Order]],
        tokenizer: PreTrainedTokenizerFast,
        loaders: int,
    ) -> None:
        self._orders = orders
        self._tokenizer = tokenizer
        self._loaders = loaders
        self._batches: Iterator[Batch] | None = None

    def next(self, count: Counters) -> Batch:
        """Return the batch of a step; only the first call says which step it is."""
        if self._batches is None:
            loader: DataLoader[Batch] = DataLoader(
                _Rendered(self._tokenizer),
                batch_size=None,
                sampler=self._orders(count),
                num_workers=self._loaders,
                prefetch_factor=_AHEAD if self._loaders else None,
                collate_fn=_as_it_is,
            )
            self._batches = iter(loader)
        return next(self._batches)


class _Rendered(Dataset[Batch]):
    """Renders what it is asked for by its order, in place of an index."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        self._tokenizer = tokenizer

    def __getitem__(self, order: Order) -> Batch:
        clips, touched, held, texts = [], [], [], []
        for seed in order.seeds:
            rng = np.random.default_rng(seed)
            scene = draw_scene(rng, fine_share=FINE_SHARE)
            # Rotary time is relative: a lone moment cannot know when it is.
            draw = draw_moment if order.moments == 1 else draw_lesson
            lesson = draw(scene, rng)
            mask = lesson.touched
            clips.append(lesson.frames)
            touched.append(mask.reshape(-1, 2, 8, PATCH, 8, PATCH).any((1, 3, 5)))
            held.append(lesson.held)
            texts.append("" if rng.random() < EMPTY_CAPTIONS else lesson.words)
        weight = 1 + ACTOR_WEIGHT * torch.from_numpy(np.stack(touched)).float()
        known = torch.from_numpy(np.stack(held))
        weight = weight.repeat_interleave(2, 1)
        weight = torch.where(known, HELD_WEIGHT, weight)
        weight = (weight / weight.mean())[:, None]
        tokens = tokenize(self._tokenizer, texts)
        return Batch(
            clips=torch.from_numpy(np.stack(clips)),
            weight=weight,
            held=known[:, None],
            ids=tokens["ids"],
            mask=tokens["mask"],
            moments=order.moments,
        )


def tokenize(tokenizer: PreTrainedTokenizerFast, texts: list[str]) -> dict[str, Tensor]:
    """Return token ids and attention mask, each `(B, 32)`."""
    tokens = tokenizer(
        texts,
        padding="max_length",
        max_length=MAX_TOKENS,
        truncation=True,
        return_tensors="pt",
    )
    return {"ids": tokens.input_ids, "mask": tokens.attention_mask}


def _as_it_is(batch: Any) -> Any:
    return batch
