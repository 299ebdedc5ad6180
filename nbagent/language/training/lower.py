"""What the lower layers make of texts, worked out once for all passes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import torch
from torch import Tensor
from torch.nn import functional

from nbagent.language.encoder import LOW, MOST_CAPTION, MOST_PIECES, packed, unpacked
from nbagent.language.pieces import Piece, Pieces
from nbagent.language.training import start
from nbagent.language.training.net import WIDTH, Layer

if TYPE_CHECKING:
    from nbagent.language.training.start import Start

_TOKENS: Final = 8192  # of a batch
_EPSILON: Final = 1e-12
_PADDING: Final = 1  # the mark of it


class Lower:
    """The states of turns, and one vector for each caption.

    Args:
        begin: The model.
        turns: Texts whose pieces are wanted.
        captions: Texts of which one vector is.
    """

    def __init__(
        self, begin: Start, turns: Collection[str], captions: Collection[str]
    ) -> None:
        split = begin.pieces.split
        self._layers = LowerLayers(begin)
        self._pieces = {text: _marked(split(text), text) for text in set(turns)}
        shown = {
            text: [
                Pieces.BEGIN,
                *(i for i, *_ in split(text)[:MOST_CAPTION]),
                Pieces.END,
            ]
            for text in set(captions)
        }
        ids = [[index for index, *_ in pieces] for pieces in self._pieces.values()]
        self._turns = dict(zip(self._pieces, self._states(ids), strict=True))
        states = self._states(list(shown.values()))
        self._captions = {
            text: one.float().mean(0) for text, one in zip(shown, states, strict=True)
        }

    def turn(self, text: str) -> tuple[list[Piece], Tensor]:
        """Return the pieces of a turn between two marks, and their states (T, D)."""
        return self._pieces[text], self._turns[text]

    def caption(self, text: str) -> Tensor:
        """Return one vector (D,) for what a text shows."""
        return self._captions[text]

    @torch.no_grad()
    def _states(self, texts: Sequence[Sequence[int]]) -> list[Tensor]:
        """Return the states of texts; those of one length go together, without padding."""
        of_length = defaultdict[int, list[int]](list)
        for index, ids in enumerate(texts):
            of_length[len(ids)].append(index)
        found: list[Any] = [None] * len(texts)
        for length, indices in of_length.items():
            size = max(1, _TOKENS // length)
            for at in range(0, len(indices), size):
                part = indices[at : at + size]
                for index, one in zip(
                    part, self._run([texts[i] for i in part]), strict=True
                ):
                    found[index] = one.half()
        return found

    def _run(self, texts: Sequence[Sequence[int]]) -> Iterable[Tensor]:
        seen = torch.ones(len(texts), len(texts[0]), dtype=torch.bool)
        return self._layers.states(texts, seen)


class LowerLayers:
    """The lower layers, as they will be shipped.

    Args:
        begin: The model.
    """

    def __init__(self, begin: Start) -> None:
        self._weights = unpacked(packed(begin.weights))
        self._begin, self._layers = begin, list(map(self._layer, range(LOW)))
        self._pieces = begin.pieces

    @torch.no_grad()
    def batch(self, texts: Sequence[str]) -> tuple[Tensor, Tensor, list[list[Piece]]]:
        """Return the states of texts (B, T, D), which of them are there, and the pieces."""
        pieces = [_marked(self._pieces.split(text), text) for text in texts]
        longest = max(map(len, pieces))
        seen = torch.tensor([[i < len(one) for i in range(longest)] for one in pieces])
        ids = [
            [index for index, *_ in one] + [_PADDING] * (longest - len(one))
            for one in pieces
        ]
        return self.states(ids, seen), seen, pieces

    def states(self, ids: Sequence[Sequence[int]], seen: Tensor) -> Tensor:
        """Return the states of pieces: (B, T, D)."""
        rows = self._begin.rows(index for one in ids for index in one)
        hidden = torch.from_numpy(rows).view(*seen.shape, WIDTH)
        hidden = hidden + torch.from_numpy(self._weights["places"][: seen.shape[1]])
        scale, shift = (
            torch.from_numpy(self._weights[f"embedded.{name}"]) for name in "wb"
        )
        hidden = functional.layer_norm(hidden, (WIDTH,), scale, shift, _EPSILON)
        for layer in self._layers:
            hidden = layer(hidden, seen[:, None, None, :])
        return hidden

    def _layer(self, index: int) -> Layer:
        layer = Layer(dropout=0.0).eval()
        layer.load(start.named(self._weights, f"l{index}."))
        return layer


def _marked(pieces: Sequence[Piece], text: str) -> list[Piece]:
    end = len(text)
    return [(Pieces.BEGIN, 0, 0), *pieces[:MOST_PIECES], (Pieces.END, end, end)]
