"""The encoder in torch, as it is trained: what `nbagent.language.encoder` runs in numpy.

Shapes: B turns, T pieces, C candidates, S acts, D = 384.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from nbagent.language import labels
from nbagent.language.candidates import (
    NUM_FACTS,
    NUM_TYPES,
    SAID,
    WHOLE,
    WHOLE_FACTS,
)
from nbagent.language.decoder import LOOKS
from nbagent.language.encoder import LAYERS, LOW
from nbagent.language.layers import HEADS

WIDTH: Final = 384
_INNER: Final = 1536
_EPSILON: Final = 1e-12
_NEVER: Final = -1e4


@dataclass(frozen=True, slots=True)
class Batch:
    """Turns as the net takes them.

    Attributes:
        low: (B, T, D), the pieces after the lower layers.
        counts: (B,), how many pieces there are.
        shown: (B, C, D), the candidates' captions.
        facts: (B, C, facts).
        types: (B, C).
        is_there: (B, C), bool.
        said: (B, D), the turn before.
        whole: (B, facts of the state).
        acts: (B, S + 1), the acts before each act; the first stands for none.
    """

    low: Tensor
    counts: Tensor
    shown: Tensor
    facts: Tensor
    types: Tensor
    is_there: Tensor
    said: Tensor
    whole: Tensor
    acts: Tensor


@dataclass(frozen=True, slots=True)
class Heads:
    """Logits: see `nbagent.language.encoder.Scores`."""

    intent: Tensor  # (B, 11)
    action: Tensor  # (B, 10)
    flags: Tensor  # (B, flags)
    tags: Tensor  # (B, T, tags)
    begin: Tensor  # (B, T)
    first: Tensor  # (B, 1 + C)
    members: Tensor  # (B, C)
    beside: Tensor  # (B, C)
    kinds: Tensor  # (B, S + 1, acts + 1)
    subs: Tensor  # (B, S + 1, subs + 1)


class Layer(nn.Module):
    """A BERT layer: the norm after each sum."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.ao = nn.Linear(WIDTH, WIDTH)
        self.fi = nn.Linear(WIDTH, _INNER)
        self.fo = nn.Linear(_INNER, WIDTH)
        self.aln, self.oln = _norm(), _norm()
        self.dropout = dropout

    def load(self, weights: Mapping[str, Any]) -> None:
        """Take weights by their names in the encoder: "qkv.w" is `qkv.weight`."""
        kinds = {"w": "weight", "b": "bias"}
        self.load_state_dict(
            {
                f"{name[:-1]}{kinds[name[-1]]}": torch.from_numpy(value)
                for name, value in weights.items()
            }
        )

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Let each place look at all that the mask shows: (B, T, D) to (B, T, D)."""
        rows, count, _ = x.shape
        parts = self.qkv(x).view(rows, count, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        query, key, value = parts.unbind()
        share = self.dropout if self.training else 0.0
        mixed = functional.scaled_dot_product_attention(
            query, key, value, attn_mask=mask, dropout_p=share
        )
        mixed = self.ao(mixed.transpose(1, 2).reshape(rows, count, WIDTH))
        x = self.aln(x + functional.dropout(mixed, share))
        inner = functional.gelu(self.fi(x), approximate="tanh")
        y: Tensor = self.oln(x + functional.dropout(self.fo(inner), share))
        return y


class Net(nn.Module):
    """The upper layers and the heads.

    Args:
        dropout: Share of values that training leaves out.
    """

    def __init__(self, dropout: float = 0.1) -> None:
        super().__init__()
        acts, both = len(labels.ACTS), 2 * WIDTH
        self.layers = nn.ModuleDict(
            {f"l{i}": Layer(dropout) for i in range(LOW, LAYERS)}
        )
        self.types = nn.Embedding(NUM_TYPES, WIDTH)
        self.facts = nn.Linear(NUM_FACTS, WIDTH)
        self.whole = nn.Linear(WHOLE_FACTS, WIDTH)
        self.candidate, self.ln1, self.ln0 = _norm(), _norm(), _norm()
        self.z = _Mixed(both)
        self.intent = _head(len(labels.INTENTS))
        self.action = _head(len(labels.ACTIONS))
        self.flags = _head(len(labels.FLAGS))
        self.tags = nn.Linear(WIDTH, len(labels.TAGS))
        self.begin = nn.Linear(WIDTH, 1)
        self.prev = nn.Embedding(acts + 1, WIDTH)
        self.cnt = nn.Linear(acts + 1, WIDTH, bias=False)
        self.dq = nn.Linear(both, WIDTH)
        self.dln = _norm()
        self.ck, self.cv, self.co = (nn.Linear(WIDTH, WIDTH) for _ in range(3))
        self.past = nn.Parameter(torch.full((LOOKS,), 2.0))
        self.dff = _Mixed(both)
        self.kind = nn.Linear(WIDTH, acts + 1)
        self.sub = nn.Linear(WIDTH, len(labels.SUBS) + 1)
        self.tq = nn.Linear(both, WIDTH)
        self.tk = nn.Linear(WIDTH + NUM_FACTS, 3 * WIDTH)
        self.none = nn.Linear(both, 1)
        self.dropout = nn.Dropout(dropout)
        nn.init.normal_(self.types.weight, 0, 0.5)

    def layer(self, index: int) -> Layer:
        """Return a layer by its place in the encoder."""
        layer = self.layers[f"l{index}"]
        assert isinstance(layer, Layer)
        return layer

    def forward(self, batch: Batch) -> Heads:
        """Return the logits of a batch."""
        z, pool, seen, beside = self._read(batch)
        first, members, others = self._about(beside, batch, pool)
        kinds, subs = self._acts(z, pool, seen, batch.acts)
        return Heads(
            intent=self.intent(pool),
            action=self.action(pool),
            flags=self.flags(pool),
            tags=self.tags(z),
            begin=self.begin(z)[..., 0],
            first=first,
            members=members,
            beside=others,
            kinds=kinds,
            subs=subs,
        )

    def _read(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return the pieces, all of them at once, which are there, and the candidates."""
        rows, count, _ = batch.low.shape
        shown = batch.shown + self.types(batch.types) + self.facts(batch.facts)
        whole = self.whole(batch.whole) + self.types.weight[WHOLE]
        said = batch.said + self.types.weight[SAID]
        beside = self.candidate(
            torch.cat([whole[:, None], said[:, None], shown.float()], 1)
        )
        seen = torch.arange(count)[None] < batch.counts[:, None]
        always = torch.ones(rows, 2, dtype=torch.bool)
        mask = torch.cat([seen, always, batch.is_there], 1)[:, None, None, :]
        hidden = torch.cat([batch.low, beside], 1)
        for layer in self.layers.values():
            hidden = layer(hidden, mask)
        hidden = hidden.float()
        both = torch.cat([self.ln1(hidden[:, :count]), self.ln0(batch.low)], -1)
        z = self.z(both).float()
        own = seen.float()[:, 1:, None]
        mean = (z[:, 1:] * own).sum(1) / own.sum(1).clamp(min=1)
        pool = self.dropout(torch.cat([z[:, 0], mean], -1))
        return self.dropout(z), pool, seen, hidden[:, count + 2 :]

    def _about(
        self, hidden: Tensor, batch: Batch, pool: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Score the candidates: which is meant first, which at all, which beside it."""
        keys = self.tk(torch.cat([hidden, batch.facts], -1))
        keys = keys.view(*hidden.shape[:2], 3, WIDTH)
        found = torch.einsum("bd,bcjd->bjc", self.tq(pool), keys) / WIDTH**0.5
        found = found.float().masked_fill(~batch.is_there[:, None], _NEVER)
        first = torch.cat([self.none(pool).float(), found[:, 0]], 1)
        return first, found[:, 1], found[:, 2]

    def _acts(
        self, z: Tensor, pool: Tensor, seen: Tensor, before: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Score the kind of each act, from the acts before it and the pieces."""
        rows, steps = before.shape
        past = functional.one_hot(before, len(labels.ACTS) + 1).float().cumsum(1)
        query = self.dln(self.dq(pool)[:, None] + self.prev(before) + self.cnt(past))

        def split(x: Tensor) -> Tensor:
            return x.view(rows, -1, LOOKS, WIDTH // LOOKS).transpose(1, 2)

        looks = split(query) @ split(self.ck(z)).transpose(2, 3)
        looks = looks.float() / (WIDTH // LOOKS) ** 0.5
        looks = looks.masked_fill(~seen[:, None, None], _NEVER)
        first = looks.softmax(-1)
        read = (first.cumsum(2) - first).mean(1, keepdim=True)  # by the acts before
        looks = (looks - self.past.view(1, LOOKS, 1, 1) * read).softmax(-1)
        values = split(self.cv(z))
        mixed = (looks.to(values.dtype) @ values).transpose(1, 2)
        context = self.co(mixed.reshape(rows, steps, WIDTH))
        found = self.dff(torch.cat([query, context], -1))
        return self.kind(found).float(), self.sub(found).float()


class _Mixed(nn.Module):
    """A layer from two vectors to one."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.linear, self.n = nn.Linear(width, WIDTH), _norm()

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.n(functional.gelu(self.linear(x), approximate="tanh"))
        return y


def _norm() -> nn.LayerNorm:
    return nn.LayerNorm(WIDTH, _EPSILON)


def _head(width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(2 * WIDTH, WIDTH),
        nn.GELU(approximate="tanh"),
        nn.Linear(WIDTH, width),
    )


def optimizer_of(
    net: nn.Module, *, rate: float, heads_faster: float
) -> torch.optim.Optimizer:
    """Return what trains a net: its `layers`, and its heads so many times as fast."""
    layers = list(net.get_submodule("layers").parameters())
    own = {id(one) for one in layers}
    heads = [one for one in net.parameters() if id(one) not in own]
    groups = [
        {"params": layers, "lr": rate},
        {"params": heads, "lr": rate * heads_faster},
    ]
    return torch.optim.AdamW(groups, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
