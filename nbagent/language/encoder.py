"""The encoder's forward pass in numpy: multilingual-e5-small, fine-tuned to read turns.

The first layers are e5's own and see a text alone, so a caption's are kept from turn to
turn. The others were trained here: they see the turn's pieces beside one vector for each
candidate, one for the turn before, and one for the state. On top of them stand the heads
(`Scores`).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from nbagent.language.candidates import SAID, WHOLE, Candidate
from nbagent.language.decoder import Chain, chains
from nbagent.language.found import unmarked
from nbagent.language.layers import head, layer, linear, mixed, norm
from nbagent.language.pieces import Piece, Pieces

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

LOW: Final = 4  # layers that see a text alone
LAYERS: Final = 12
MOST_PIECES: Final = 160  # of a turn; what is behind them is not read
MOST_CAPTION: Final = 48
BLOCK: Final = 32  # values that share a scale in the table of pieces


@dataclass(frozen=True, slots=True)
class Scores:
    """What the encoder makes of a turn: logits, unless said otherwise.

    Attributes:
        pieces: Of the turn, with the marks of begin and end.
        intent: (11,), of `labels.INTENTS`.
        action: (10,), of `labels.ACTIONS`.
        flags: One for each of `labels.FLAGS`.
        tags: (pieces, `labels.TAGS`).
        begin: (pieces,): whether a tag begins anew there.
        first: Which candidate the turn is about first; the first logit is for none.
        members: Of each candidate, whether the turn is about it at all.
        beside: Of each candidate, whether another is joined, matched or blended with it.
        chains: What the acts may be, if the turn is a change; likeliest first.
    """

    pieces: tuple[Piece, ...]
    intent: Array
    action: Array
    flags: Array
    tags: Array
    begin: Array
    first: Array
    members: Array
    beside: Array
    chains: tuple[Chain, ...]


class Low:
    """The lower layers: they see a text alone.

    Args:
        pieces: Splits texts.
        table: Vectors of the pieces at four bits, and the scales of their blocks.
        weights: Of the layers.
    """

    def __init__(
        self,
        pieces: Pieces,
        table: tuple[NDArray[np.uint8], NDArray[np.float16]],
        weights: Mapping[str, Array],
    ) -> None:
        self.pieces = pieces
        self._table, self._w = table, weights
        self.caption = functools.lru_cache(maxsize=512)(self._caption)

    def turn(self, text: str) -> tuple[list[Piece], Array]:
        """Return the pieces of a turn between two marks, and their states."""
        pieces = [(Pieces.BEGIN, 0, 0), *self.pieces.split(text)[:MOST_PIECES]]
        pieces.append((Pieces.END, len(text), len(text)))
        return pieces, self._states([index for index, *_ in pieces])

    def _caption(self, text: str) -> Array:
        """Return one vector for what a text shows."""
        ids = [index for index, *_ in self.pieces.split(text)[:MOST_CAPTION]]
        mean: Array = self._states([Pieces.BEGIN, *ids, Pieces.END]).mean(0)
        return mean

    def _states(self, ids: Sequence[int]) -> Array:
        table, scales = self._table
        rows = unpacked_rows(table[list(ids)], scales[list(ids)])
        hidden = norm(self._w, "embedded", rows + self._w["places"][: len(ids)])
        for index in range(LOW):
            hidden = layer(self._w, index, hidden)
        return hidden


class Encoder:
    """Scores turns.

    Args:
        file: The weights, as `train-reader` writes them.
    """

    def __init__(self, file: Path) -> None:
        with np.load(file, allow_pickle=False) as stored:
            packed = {name: stored[name] for name in stored.files}
        texts = bytes(packed.pop("pieces")).decode().split("\n")
        self._acts = bytes(packed.pop("acts")).decode().split("\n")
        pieces = Pieces(texts, packed.pop("piece_scores").tolist())
        table = packed.pop("table"), packed.pop("table_scales")
        self._w = unpacked(packed)
        self.low = Low(pieces, table, self._w)

    def scores(
        self,
        turn: str,
        candidates: Sequence[Candidate],
        said: str,
        whole: Sequence[float],
    ) -> Scores:
        """Score a turn.

        Args:
            turn: The user's words.
            candidates: What it may be about.
            said: The turn before it, or nothing.
            whole: Facts of the state.
        """
        w = self._w
        pieces, low = self.low.turn(unmarked(turn))
        facts = np.array([c.facts for c in candidates], np.float32)
        beside = self._beside(candidates, facts, said, whole)
        hidden = np.concatenate([low, beside])
        for index in range(LOW, LAYERS):
            hidden = layer(w, index, hidden)
        count = len(pieces)
        both = [norm(w, "ln1", hidden[:count]), norm(w, "ln0", low)]
        z = mixed(w, "z", np.concatenate(both, axis=-1))
        pool = np.concatenate([z[0], z[1:].mean(0)])
        first, members, others = self._about(hidden[count + 2 :], facts, pool)
        return Scores(
            pieces=tuple(pieces),
            intent=head(w, "intent", pool),
            action=head(w, "action", pool),
            flags=head(w, "flags", pool),
            tags=linear(w, "tags", z),
            begin=linear(w, "begin", z)[:, 0],
            first=first,
            members=members,
            beside=others,
            chains=chains(w, self._acts, z, pool),
        )

    def _beside(
        self,
        candidates: Sequence[Candidate],
        facts: Array,
        said: str,
        whole: Sequence[float],
    ) -> Array:
        """Return the vectors that stand beside a turn's pieces: (2 + candidates, D)."""
        w = self._w
        before = self.low.caption(said) if said else np.float32(0)
        rows = [
            linear(w, "whole", np.asarray(whole, np.float32)) + w["types"][WHOLE],
            before + w["types"][SAID],
        ]
        if candidates:
            shown = np.stack([self.low.caption(c.text) for c in candidates])
            kinds = w["types"][[c.type for c in candidates]]
            rows.extend(shown + kinds + linear(w, "facts", facts))
        return norm(w, "candidate", np.stack(rows).astype(np.float32))

    def _about(
        self, hidden: Array, facts: Array, pool: Array
    ) -> tuple[Array, Array, Array]:
        w = self._w
        none = linear(w, "none", pool)
        if not len(hidden):
            return none, np.zeros(0, np.float32), np.zeros(0, np.float32)
        query = linear(w, "tq", pool)
        keys = linear(w, "tk", np.concatenate([hidden, facts], axis=-1))
        keys = keys.reshape(len(hidden), 3, -1)
        found = np.einsum("d,cjd->jc", query, keys) / query.shape[-1] ** 0.5
        return np.concatenate([none, found[0]]), found[1], found[2]


def packed(weights: Mapping[str, Array]) -> dict[str, NDArray[Any]]:
    """Return matrices as whole numbers of eight bits with a scale a row, vectors as they are."""
    stored: dict[str, NDArray[Any]] = {}
    for name, value in weights.items():
        if value.ndim == 2:
            scale = np.abs(value).max(axis=1, keepdims=True) / 127 + 1e-12
            stored[f"{name}:8"] = np.round(value / scale).astype(np.int8)
            stored[f"{name}:scale"] = scale.astype(np.float32)
        else:
            stored[name] = value.astype(np.float32)
    return stored


def unpacked(stored: Mapping[str, NDArray[Any]]) -> dict[str, Array]:
    """Undo `packed`."""
    found: dict[str, Array] = {}
    for name, value in stored.items():
        if name.endswith(":8"):
            base = name.removesuffix(":8")
            found[base] = value.astype(np.float32) * stored[f"{base}:scale"]
        elif not name.endswith(":scale"):
            found[name] = value
    return found


def unpacked_rows(nibbles: NDArray[np.uint8], scales: NDArray[np.float16]) -> Array:
    """Return rows from four-bit values less 8, in blocks whose low halves come first."""
    count, width = nibbles.shape[0], nibbles.shape[1] * 2
    blocks = nibbles.reshape(count, -1, BLOCK // 2)
    values = np.concatenate([blocks & 15, blocks >> 4], axis=-1).astype(np.float32) - 8
    return (values * scales.astype(np.float32)[..., None]).reshape(count, width)
