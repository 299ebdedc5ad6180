"""Steps of a training of heads: where it begins, its batches, its pace, what it writes."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import numpy as np
import torch
from torch import nn

from nbagent.language.encoder import LOW
from nbagent.language.training import start
from nbagent.language.training.head_net import HeadNet, load, write
from nbagent.language.training.net import optimizer_of

_FEW: Final = 5  # pieces of e5: those of the reader are taken
_RATE: Final = 2.5e-4  # of the layers
_HEADS_FASTER: Final = 5.0
_WARM: Final = 0.05  # share of the steps
_OFTEN: Final = 100  # steps between two lines, and two files


class _Text(Protocol):
    @property
    def text(self) -> str: ...


T = TypeVar("T", bound=_Text)


def begin_with(net: HeadNet, weights: Path | None) -> None:
    """Let a net go on from weights, or begin as the layers of e5 behind the lower ones.

    Raises:
        MissingExtra: If what the layers begin with is not installed.
    """
    if weights is not None:
        load(net, weights)
        return
    pretrained = start.load((), _FEW).weights
    for index in range(len(net.layers)):
        net.layer(index).load(start.named(pretrained, f"l{LOW + index}."))


def grouped(
    samples: Iterator[T], size: int, wide: int, chance: random.Random
) -> Iterator[list[T]]:
    """Yield batches without end; texts of a batch are of like length.

    Args:
        samples: Without end.
        size: Of a batch.
        wide: Batches that are sorted by length together.
        chance: Decides on their order.
    """
    while True:
        own = [next(samples) for _ in range(wide * size)]
        own.sort(key=lambda one: len(one.text.encode()))
        for at in chance.sample(range(0, len(own), size), wide):
            yield own[at : at + size]


class Steps:
    """Takes steps down a loss.

    Args:
        net: Learns.
        steps: How many there will be.
        out: Where its weights are written now and then.
        tell: Hears a line as often.
    """

    def __init__(
        self, net: HeadNet, steps: int, out: Path, tell: Callable[[str], None]
    ) -> None:
        self._net, self._steps, self._out, self._tell = net, steps, out, tell
        self._optimizer = optimizer_of(net, rate=_RATE, heads_faster=_HEADS_FASTER)
        self._rates = torch.optim.lr_scheduler.LambdaLR(
            self._optimizer,
            lambda step: min((step + 1) / (_WARM * steps), 1 - step / steps),
        )
        self._began, self._losses = time.monotonic(), list[float]()

    def down(self, loss: Any) -> None:
        """Take a step."""
        self._optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self._net.parameters(), 1.0)
        self._optimizer.step()
        self._rates.step()
        self._losses.append(float(loss.detach()))

    def keep(self, step: int) -> None:
        """Write the weights after some steps, and after the last."""
        if step % _OFTEN == 0 or step == self._steps:
            write(self._out, self._net)
            mean = np.mean(self._losses[-_OFTEN:])
            passed = time.monotonic() - self._began
            self._tell(f"{step} of {self._steps}: loss {mean:.3f}, {passed:.0f} s")
