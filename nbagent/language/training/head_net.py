"""The net that `nbagent.language.heads` runs, as it is trained.

Shapes: B texts, T pieces, H heads, D = 384.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from nbagent.language.encoder import packed, unpacked
from nbagent.language.heads import LAYERS, LOOKS
from nbagent.language.training.net import WIDTH, Layer

_EPSILON: Final = 1e-12
_NEVER: Final = -1e4


@dataclass(frozen=True, slots=True)
class Logits:
    """See `nbagent.language.heads.HeadScores`."""

    classes: tuple[Tensor, ...]  # H of (B, its classes)
    near: Tensor  # (B, H); of a net without it, zeros
    tags: Tensor  # (B, T, tags)
    states: Tensor  # (B, T, D), after the last layer


class HeadNet(nn.Module):
    """Layers of its own on the reader's lower ones, and a look at all pieces for each head.

    Args:
        counts: Classes of each head.
        tags: Of a piece.
        cues: What may be known of a piece beside the text; 0 is nothing.
        has_near: Whether it says what is only near to a value.
        layers: How many.
        dropout: Share of values that training leaves out.
    """

    def __init__(
        self,
        counts: Sequence[int],
        tags: int,
        *,
        cues: int = 0,
        has_near: bool = False,
        layers: int = LAYERS,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.layers = nn.ModuleDict({f"l{i}": Layer(dropout) for i in range(layers)})
        self.queries = nn.Parameter(torch.randn(len(counts), WIDTH))
        self.keys = nn.Linear(WIDTH, WIDTH)
        self.values = nn.Linear(WIDTH, WIDTH)
        self.mix = nn.Linear(WIDTH, WIDTH)
        self.n = nn.LayerNorm(WIDTH, _EPSILON)
        self.classes = nn.ModuleList([nn.Linear(WIDTH, count) for count in counts])
        self.near = nn.Linear(WIDTH, len(counts)) if has_near else None
        self.cues = nn.Parameter(torch.zeros(cues, WIDTH)) if cues else None
        self.tags = nn.Linear(WIDTH, tags)
        self.dropout = nn.Dropout(dropout)

    def layer(self, index: int) -> Layer:
        """Return a layer by its place."""
        layer = self.layers[f"l{index}"]
        assert isinstance(layer, Layer)
        return layer

    def forward(self, low: Tensor, seen: Tensor, cues: Tensor | None = None) -> Logits:
        """Read texts.

        Args:
            low: (B, T, D), their pieces after the lower layers.
            seen: (B, T), which of them are there.
            cues: (B, T), what else is known of each.
        """
        rows, count, _ = low.shape
        mask, hidden = seen[:, None, None, :], low
        if self.cues is not None and cues is not None:
            hidden = hidden + self.cues[cues]
        for layer in self.layers.values():
            hidden = layer(hidden, mask)
        hidden = self.dropout(hidden)
        heads = len(self.classes)
        keys = self.keys(hidden).view(rows, count, LOOKS, -1)
        values = self.values(hidden).view(rows, count, LOOKS, -1)
        queries = self.queries.view(heads, LOOKS, -1)
        looks = torch.einsum("hld,btld->bhlt", queries, keys) / keys.shape[-1] ** 0.5
        looks = looks.float().masked_fill(~seen[:, None, None], _NEVER).softmax(-1)
        found = torch.einsum("bhlt,btld->bhld", looks.to(values.dtype), values)
        found = found.reshape(rows, heads, WIDTH)
        mixed = functional.gelu(self.mix(found), approximate="tanh")
        z = self.dropout(self.n(found + mixed))  # (B, H, D)
        near = torch.zeros(rows, heads)
        if self.near is not None:
            near = torch.einsum("bhd,hd->bh", z, self.near.weight) + self.near.bias
        return Logits(
            classes=tuple(
                head(z[:, index]).float() for index, head in enumerate(self.classes)
            ),
            near=near.float(),
            tags=self.tags(hidden).float(),
            states=hidden,
        )


def write(out: Path, net: nn.Module) -> None:
    """Write a net's weights as `nbagent.language.heads` reads them."""
    save(
        out,
        packed(
            {
                _in_numpy(name): value.detach().float().numpy()
                for name, value in net.state_dict().items()
            }
        ),
    )


def save(out: Path, stored: Any) -> None:
    """Write arrays to a file, whole or not at all."""
    scratch = out.with_suffix(".part.npz")
    np.savez(scratch, **stored)
    scratch.replace(out)


def load(net: nn.Module, file: Path) -> None:
    """Put weights that `write` wrote back into a net."""
    with np.load(file, allow_pickle=False) as stored:
        found = unpacked({name: stored[name] for name in stored.files})
    net.load_state_dict(
        {name: torch.from_numpy(found[_in_numpy(name)]) for name in net.state_dict()}
    )


def _in_numpy(name: str) -> str:
    name = name.removeprefix("layers.")
    return name.replace(".weight", ".w").replace(".bias", ".b")
