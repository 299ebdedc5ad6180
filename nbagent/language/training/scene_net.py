"""The net that reads scenes, as it is trained: `nbagent.language.scene_scores` runs it.

Shapes: B texts, T pieces, H heads, D = 384.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from nbagent.language.scene_labels import HEADS, TAGS, counts
from nbagent.language.scene_scores import LAYERS, LOOKS
from nbagent.language.training.net import WIDTH, Layer

_EPSILON: Final = 1e-12
_NEVER: Final = -1e4


@dataclass(frozen=True, slots=True)
class SceneHeads:
    """Logits: see `nbagent.language.scene_scores.SceneScores`."""

    classes: tuple[Tensor, ...]  # H of (B, its classes)
    near: Tensor  # (B, H)
    tags: Tensor  # (B, T, tags)


class SceneNet(nn.Module):
    """Layers of its own on the reader's lower ones, and a look at all pieces for each head.

    Args:
        layers: How many.
        dropout: Share of values that training leaves out.
    """

    def __init__(self, layers: int = LAYERS, dropout: float = 0.1) -> None:
        super().__init__()
        self.layers = nn.ModuleDict({f"l{i}": Layer(dropout) for i in range(layers)})
        self.queries = nn.Parameter(torch.randn(len(HEADS), WIDTH))
        self.keys = nn.Linear(WIDTH, WIDTH)
        self.values = nn.Linear(WIDTH, WIDTH)
        self.mix = nn.Linear(WIDTH, WIDTH)
        self.n = nn.LayerNorm(WIDTH, _EPSILON)
        self.classes = nn.ModuleList([nn.Linear(WIDTH, count) for count in counts()])
        self.near = nn.Linear(WIDTH, len(HEADS))
        self.tags = nn.Linear(WIDTH, len(TAGS))
        self.dropout = nn.Dropout(dropout)

    def layer(self, index: int) -> Layer:
        """Return a layer by its place."""
        layer = self.layers[f"l{index}"]
        assert isinstance(layer, Layer)
        return layer

    def forward(self, low: Tensor, seen: Tensor) -> SceneHeads:
        """Read texts.

        Args:
            low: (B, T, D), their pieces after the lower layers.
            seen: (B, T), which of them are there.
        """
        rows, count, _ = low.shape
        mask, hidden = seen[:, None, None, :], low
        for layer in self.layers.values():
            hidden = layer(hidden, mask)
        hidden = self.dropout(hidden)
        keys = self.keys(hidden).view(rows, count, LOOKS, -1)
        values = self.values(hidden).view(rows, count, LOOKS, -1)
        queries = self.queries.view(len(HEADS), LOOKS, -1)
        looks = torch.einsum("hld,btld->bhlt", queries, keys) / keys.shape[-1] ** 0.5
        looks = looks.float().masked_fill(~seen[:, None, None], _NEVER).softmax(-1)
        found = torch.einsum("bhlt,btld->bhld", looks.to(values.dtype), values)
        found = found.reshape(rows, len(HEADS), WIDTH)
        mixed = functional.gelu(self.mix(found), approximate="tanh")
        z = self.dropout(self.n(found + mixed))  # (B, H, D)
        near = torch.einsum("bhd,hd->bh", z, self.near.weight) + self.near.bias
        return SceneHeads(
            classes=tuple(
                head(z[:, index]).float() for index, head in enumerate(self.classes)
            ),
            near=near.float(),
            tags=self.tags(hidden).float(),
        )
