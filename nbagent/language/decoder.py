"""The acts of a turn, read one after the other, each knowing those before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
_END: Final = len(labels.ACTS)


@dataclass(frozen=True, slots=True)
class Step:
    """One act of a turn, as the decoder reads them one after the other.

    Attributes:
        kind: Index into `labels.ACTS`.
        sub: Logits over "nothing" and `labels.SUBS`.
        share: How sure it is, 0..1.
        places: How much it looks at each piece of the turn.
    """

    kind: int
    sub: Array
    share: float
    places: Array


@dataclass(frozen=True, slots=True)
class Chain:
    """Acts in order.

    Attributes:
        steps: The acts.
        log: The logarithm of how likely it is that they are these and no more.
    """

    steps: tuple[Step, ...]
    log: float


def chains(w: Mapping[str, Array], z: Array, pool: Array) -> tuple[Chain, ...]:
    """Return what the acts of a turn may be, likeliest first (beam search).

    Args:
        w: The weights.
        z: (pieces, D).
        pool: (2 D,), all of them at once.
    """
    decoder = _Decoder(w, z, pool)
    open_, done = [Chain((), 0.0)], list[Chain]()
    while open_ and len(open_[0].steps) < labels.MOST_ACTS:
        further = list[Chain]()
        for chain in open_:
            for one, is_done in decoder.follow(chain):
                (done if is_done else further).append(one)
        open_ = sorted(further, key=lambda one: -one.log)[:_WIDTH]
    return tuple(sorted(done or open_, key=lambda one: -one.log))


class _Decoder:
    """Reads the act that follows others."""

    def __init__(self, w: Mapping[str, Array], z: Array, pool: Array) -> None:
        self._w, self._about = w, linear(w, "dq", pool)
        self._keys = linear(w, "ck", z).reshape(len(z), LOOKS, -1)
        self._values = linear(w, "cv", z).reshape(len(z), LOOKS, -1)

    def follow(self, chain: Chain) -> Iterator[tuple[Chain, bool]]:
        """Yield a chain with each act that may follow, and whether it ends there."""
        w = self._w
        before = chain.steps[-1].kind if chain.steps else _END
        seen = np.bincount(
            [_END, *(step.kind for step in chain.steps)], minlength=_END + 1
        ).astype(np.float32)
        query = norm(w, "dln", self._about + w["prev"][before] + w["cnt.w"] @ seen)
        looks = np.einsum("hd,thd->ht", query.reshape(LOOKS, -1), self._keys)
        looks = softmax(looks / np.float32(np.sqrt(self._keys.shape[-1])))
        context = np.einsum("ht,thd->hd", looks, self._values).reshape(-1)
        both = np.concatenate([query, linear(w, "co", context)])
        found = mixed(w, "dff", both)
        shares = softmax(linear(w, "kind", found))
        if not chain.steps:  # a change has an act
            shares[_END] = 0.0
            shares /= max(float(shares.sum()), 1e-9)
        sub, places = linear(w, "sub", found), looks.mean(0)
        for kind in np.argsort(-shares)[:_WIDTH]:
            share = float(shares[kind])
            if share < _LEAST:
                return
            log = chain.log + float(np.log(share))
            if kind == _END:
                yield Chain(chain.steps, log), True
            else:
                step = Step(int(kind), sub, share, places)
                yield Chain((*chain.steps, step), log), False
