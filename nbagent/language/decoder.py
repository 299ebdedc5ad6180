"""The acts of a turn, read one after the other, each knowing those before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from nbagent.language import labels
from nbagent.language.layers import linear, mixed, norm, softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

LOOKS: Final = 6  # heads
_WIDTH: Final = 6  # chains that are followed at once
_LEAST: Final = 0.01  # share of an act that is followed
_AGAIN: Final = {"trim", "extend", *(kind for kind, _ in labels.TEXTS)}
"""What may come twice in a turn: things, and the ends of a clip."""


@dataclass(frozen=True, slots=True)
class Step:
    """One act of a turn, as the decoder reads them one after the other.

    Attributes:
        kind: Of the act.
        sub: Logits over "nothing" and `labels.SUBS`.
        share: How sure it is, 0..1.
        places: How much it looks at each piece of the turn.
        looks: The same before it shuns what the acts before it have read.
    """

    kind: str
    sub: Array
    share: float
    places: Array
    looks: Array


@dataclass(frozen=True, slots=True)
class Chain:
    """Acts in order.

    Attributes:
        steps: The acts.
        log: The logarithm of how likely it is that they are these and no more.
    """

    steps: tuple[Step, ...]
    log: float


def chains(
    w: Mapping[str, Array], kinds: Sequence[str], z: Array, pool: Array
) -> tuple[Chain, ...]:
    """Return what the acts of a turn may be, likeliest first (beam search).

    Args:
        w: The weights.
        kinds: The acts that they were taught, in their order.
        z: (pieces, D).
        pool: (2 D,), all of them at once.
    """
    decoder = Decoder(w, kinds, z, pool)
    open_, done = [Chain((), 0.0)], list[Chain]()
    while open_ and len(open_[0].steps) < labels.MOST_ACTS:
        further = list[Chain]()
        for chain in open_:
            for one, is_done in decoder.follow(chain):
                (done if is_done else further).append(one)
        open_ = sorted(further, key=lambda one: -one.log)[:_WIDTH]
    return tuple(sorted(done or open_, key=lambda one: -one.log))


class Decoder:
    """Reads the act that follows others.

    Args:
        w: The weights.
        kinds: The acts that they were taught, in their order.
        z: (pieces, D).
        pool: (2 D,), all of them at once.
    """

    def __init__(
        self, w: Mapping[str, Array], kinds: Sequence[str], z: Array, pool: Array
    ) -> None:
        self._w, self._kinds = w, kinds
        self._about = linear(w, "dq", pool)
        self._keys = linear(w, "ck", z).reshape(len(z), LOOKS, -1)
        self._values = linear(w, "cv", z).reshape(len(z), LOOKS, -1)

    def next(self, chain: Chain) -> tuple[Array, Step]:
        """Return the share of each kind after others, the last is the end; and the step."""
        w, end = self._w, len(self._kinds)
        so_far = [end, *(self._kinds.index(step.kind) for step in chain.steps)]
        seen = np.bincount(so_far, minlength=end + 1).astype(np.float32)
        query = norm(w, "dln", self._about + w["prev"][so_far[-1]] + w["cnt.w"] @ seen)
        looks = np.einsum("hd,thd->ht", query.reshape(LOOKS, -1), self._keys)
        looks /= np.float32(np.sqrt(self._keys.shape[-1]))
        first = softmax(looks).mean(0)
        read = sum(step.looks for step in chain.steps)
        looks = softmax(looks - w["past"][:, None] * read)
        context = np.einsum("ht,thd->hd", looks, self._values).reshape(-1)
        both = np.concatenate([query, linear(w, "co", context)])
        found = mixed(w, "dff", both)
        step = Step("", linear(w, "sub", found), 0.0, looks.mean(0), first)
        return softmax(linear(w, "kind", found)), step

    def follow(self, chain: Chain) -> Iterator[tuple[Chain, bool]]:
        """Yield a chain with each act that may follow, and whether it ends there."""
        shares, step = self.next(chain)
        said = {one.kind for one in chain.steps}
        for index, kind in enumerate(self._kinds):
            if kind in said - _AGAIN:
                shares[index] = 0.0
        if not chain.steps:  # a change has an act
            shares[-1] = 0.0
        shares /= shares.sum()
        for index in np.argsort(-shares)[:_WIDTH]:
            share = float(shares[index])
            if share < _LEAST:
                return
            log = chain.log + float(np.log(share))
            if index == len(self._kinds):
                yield Chain(chain.steps, log), True
            else:
                one = replace(step, kind=self._kinds[index], share=share)
                yield Chain((*chain.steps, one), log), False
