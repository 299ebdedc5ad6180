"""What trained layers make of a text, in numpy: `HeadScores`.

The lower layers are the reader's, which stay as they were pretrained. On them stand a few
layers that were trained to read one kind of thing, scenes or data in motion, and one look
at all pieces for each head.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from nbagent.language.encoder import Low, unpacked
from nbagent.language.layers import gelu, layer, linear, norm, softmax
from nbagent.language.pieces import Piece

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

LAYERS: Final = 4
LOOKS: Final = 6  # of each head


@dataclass(frozen=True, slots=True)
class HeadScores:
    """How likely it is what a text says, and where.

    Attributes:
        pieces: Of the text, with the marks of begin and end.
        shares: Of each head's classes.
        near: Of each head, whether what is said is only near to its value; empty where
            nobody was asked that.
        looks: Of each head, how much it looks at each piece.
        tags: (pieces, tags), shares.
        states: (1 + layers, pieces, D): before its own layers, and after each.
    """

    pieces: tuple[Piece, ...]
    shares: Mapping[str, Array]
    near: Mapping[str, float]
    looks: Mapping[str, Array]
    tags: Array
    states: Array


class HeadEncoder:
    """Scores texts.

    Args:
        file: The weights, as training writes them.
        low: The reader's lower layers.
        heads: What they are called.

    Attributes:
        weights: All of the file, by name.
        low: The lower layers.
    """

    def __init__(self, file: Path, low: Low, heads: Sequence[str]) -> None:
        with np.load(file, allow_pickle=False) as stored:
            self.weights = unpacked({name: stored[name] for name in stored.files})
        self.low = low
        self._heads = tuple(heads)
        self._layers = sum(name.endswith("qkv.w") for name in self.weights)

    def scores(self, text: str, cues: Sequence[int] | None = None) -> HeadScores:
        """Score a text.

        Args:
            text: What is read.
            cues: What else is known of each piece, with the marks, if that was taught.
        """
        w = self.weights
        pieces, hidden = self.low.turn(text)
        if cues is not None:
            hidden = hidden + w["cues"][list(cues)]
        states = [hidden]
        for index in range(self._layers):
            hidden = layer(w, index, hidden)
            states.append(hidden)
        keys = linear(w, "keys", hidden).reshape(len(pieces), LOOKS, -1)
        values = linear(w, "values", hidden).reshape(len(pieces), LOOKS, -1)
        queries = w["queries"].reshape(len(self._heads), LOOKS, -1)
        looks = np.einsum("hld,tld->hlt", queries, keys) / keys.shape[-1] ** 0.5
        looks = softmax(looks)
        found = np.einsum("hlt,tld->hld", looks, values)
        found = found.reshape(len(self._heads), -1)
        z = norm(w, "n", found + gelu(linear(w, "mix", found)))
        near = dict[str, float]()
        if "near.w" in w:
            own = (z * w["near.w"]).sum(-1) + w["near.b"]
            near = dict(
                zip(self._heads, (1 / (1 + np.exp(-own))).tolist(), strict=True)
            )
        return HeadScores(
            pieces=tuple(pieces),
            shares={
                head: softmax(linear(w, f"classes.{index}", z[index]))
                for index, head in enumerate(self._heads)
            },
            near=near,
            looks=dict(zip(self._heads, looks.mean(1), strict=True)),
            tags=softmax(linear(w, "tags", hidden)),
            states=np.stack(states),
        )
