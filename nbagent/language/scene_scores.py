"""What the encoder makes of a scene's words, in numpy: `SceneScores`.

The lower layers are the reader's, which stay as they were pretrained; on them stand a few
layers that were trained to read scenes alone, and one look at all pieces for each head.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from nbagent.language.encoder import Low, unpacked
from nbagent.language.layers import gelu, layer, linear, norm, softmax
from nbagent.language.pieces import Piece
from nbagent.language.scene_labels import HEADS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

LAYERS: Final = 4
LOOKS: Final = 6  # of each head


@dataclass(frozen=True, slots=True)
class SceneScores:
    """How likely it is what a text says, and where.

    Attributes:
        pieces: Of the text, with the marks of begin and end.
        shares: Of each head's classes.
        near: Of each head, whether what is said is only near to its value.
        looks: Of each head, how much it looks at each piece.
        tags: (pieces, `scene_labels.TAGS`), shares.
    """

    pieces: tuple[Piece, ...]
    shares: Mapping[str, Array]
    near: Mapping[str, float]
    looks: Mapping[str, Array]
    tags: Array


class SceneEncoder:
    """Scores texts.

    Args:
        file: The weights, as `train-scenes` writes them.
        low: The reader's lower layers.
    """

    def __init__(self, file: Path, low: Low) -> None:
        with np.load(file, allow_pickle=False) as stored:
            self._w = unpacked({name: stored[name] for name in stored.files})
        self._low = low
        self._layers = sum(name.endswith("qkv.w") for name in self._w)

    def scores(self, text: str) -> SceneScores:
        """Score a text."""
        w = self._w
        pieces, hidden = self._low.turn(text)
        for index in range(self._layers):
            hidden = layer(w, index, hidden)
        keys = linear(w, "keys", hidden).reshape(len(pieces), LOOKS, -1)
        values = linear(w, "values", hidden).reshape(len(pieces), LOOKS, -1)
        queries = w["queries"].reshape(len(HEADS), LOOKS, -1)
        looks = np.einsum("hld,tld->hlt", queries, keys) / keys.shape[-1] ** 0.5
        looks = softmax(looks)
        found = np.einsum("hlt,tld->hld", looks, values)
        found = found.reshape(len(HEADS), -1)
        z = norm(w, "n", found + gelu(linear(w, "mix", found)))
        near = (z * w["near.w"]).sum(-1) + w["near.b"]
        return SceneScores(
            pieces=tuple(pieces),
            shares={
                head: softmax(linear(w, f"classes.{index}", z[index]))
                for index, head in enumerate(HEADS)
            },
            near=dict(zip(HEADS, (1 / (1 + np.exp(-near))).tolist(), strict=True)),
            looks=dict(zip(HEADS, looks.mean(1), strict=True)),
            tags=softmax(linear(w, "tags", hidden)),
        )
