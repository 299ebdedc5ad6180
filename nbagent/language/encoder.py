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

from nbagent.language import labels
from nbagent.language.candidates import SAID, WHOLE, Candidate
from nbagent.language.found import unmarked
from nbagent.language.pieces import Piece, Pieces

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

HEADS: Final = 12
LOOKS: Final = 6  # heads of the acts' decoder
LOW: Final = 4  # layers that see a text alone
LAYERS: Final = 12
MOST_PIECES: Final = 160  # of a turn; what is behind them is not read
MOST_CAPTION: Final = 48
BLOCK: Final = 32  # values that share a scale in the table of pieces
_EPSILON: Final = 1e-12
_HIDDEN: Final = 1e4


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
        steps: The acts, if the turn is a change.
        end: How sure it is that no further act follows, 0..1.
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
    steps: tuple[Step, ...]
    end: float


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
        hidden = _norm(self._w, "embedded", rows + self._w["places"][: len(ids)])
        for layer in range(LOW):
            hidden = _layer(self._w, layer, hidden)
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
        pieces = Pieces(texts, packed.pop("piece_scores").tolist())
        table = packed.pop("table"), packed.pop("table_scales")
        self._w = unpacked(packed)
        self._low = Low(pieces, table, self._w)

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
        pieces, low = self._low.turn(unmarked(turn))
        facts = np.array([c.facts for c in candidates], np.float32)
        beside = self._beside(candidates, facts, said, whole)
        hidden = np.concatenate([low, beside])
        for layer in range(LOW, LAYERS):
            hidden = _layer(w, layer, hidden)
        count = len(pieces)
        both = [_norm(w, "ln1", hidden[:count]), _norm(w, "ln0", low)]
        z = _mixed(w, "z", np.concatenate(both, axis=-1))
        pool = np.concatenate([z[0], z[1:].mean(0)])
        steps, end = self._steps(z, pool)
        first, members, others = self._about(hidden[count + 2 :], facts, pool)
        return Scores(
            pieces=tuple(pieces),
            intent=_head(w, "intent", pool),
            action=_head(w, "action", pool),
            flags=_head(w, "flags", pool),
            tags=_linear(w, "tags", z),
            begin=_linear(w, "begin", z)[:, 0],
            first=first,
            members=members,
            beside=others,
            steps=steps,
            end=end,
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
        before = self._low.caption(said) if said else np.float32(0)
        rows = [
            _linear(w, "whole", np.asarray(whole, np.float32)) + w["types"][WHOLE],
            before + w["types"][SAID],
        ]
        if candidates:
            shown = np.stack([self._low.caption(c.text) for c in candidates])
            kinds = w["types"][[c.type for c in candidates]]
            rows.extend(shown + kinds + _linear(w, "facts", facts))
        return _norm(w, "candidate", np.stack(rows).astype(np.float32))

    def _about(
        self, hidden: Array, facts: Array, pool: Array
    ) -> tuple[Array, Array, Array]:
        w = self._w
        none = _linear(w, "none", pool)
        if not len(hidden):
            return none, np.zeros(0, np.float32), np.zeros(0, np.float32)
        query = _linear(w, "tq", pool)
        keys = _linear(w, "tk", np.concatenate([hidden, facts], axis=-1))
        keys = keys.reshape(len(hidden), 3, -1)
        found = np.einsum("d,cjd->jc", query, keys) / np.sqrt(query.shape[-1])
        return np.concatenate([none, found[0]]), found[1], found[2]

    def _steps(self, z: Array, pool: Array) -> tuple[tuple[Step, ...], float]:
        """Read the acts one after the other, each knowing those before it."""
        w, end, heads = self._w, len(labels.ACTS), LOOKS
        keys = _linear(w, "ck", z).reshape(len(z), heads, -1)
        values = _linear(w, "cv", z).reshape(len(z), heads, -1)
        about = _linear(w, "dq", pool)
        seen = np.zeros(end + 1, np.float32)
        before, steps = end, list[Step]()
        while True:
            seen[before] += 1
            query = _norm(w, "dln", about + w["prev"][before] + w["cnt.w"] @ seen)
            looks = np.einsum("hd,thd->ht", query.reshape(heads, -1), keys)
            looks = _softmax(looks / np.sqrt(keys.shape[-1]))
            context = np.einsum("ht,thd->hd", looks, values).reshape(-1)
            both = np.concatenate([query, _linear(w, "co", context)])
            found = _mixed(w, "dff", both)
            shares = _softmax(_linear(w, "kind", found))
            if not steps:
                shares[end] = 0.0  # a change has an act
            before = int(shares.argmax())
            if before == end or len(steps) == labels.MOST_ACTS:
                return tuple(steps), float(shares[end])
            steps.append(
                Step(
                    before,
                    _linear(w, "sub", found),
                    float(shares[before]),
                    looks.mean(0),
                )
            )


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


def _layer(w: Mapping[str, Array], index: int, x: Array) -> Array:
    """A BERT layer: the norm after each sum; every place looks at all."""
    at, (count, width) = f"l{index}.", x.shape
    q, k, v = (
        part.reshape(count, HEADS, -1).transpose(1, 0, 2)
        for part in np.split(_linear(w, f"{at}qkv", x), 3, axis=-1)
    )
    looks = _softmax(q @ k.transpose(0, 2, 1) / np.sqrt(width // HEADS))
    mixed = (looks @ v).transpose(1, 0, 2).reshape(count, width)
    x = _norm(w, f"{at}aln", x + _linear(w, f"{at}ao", mixed))
    inner = _gelu(_linear(w, f"{at}fi", x))
    return _norm(w, f"{at}oln", x + _linear(w, f"{at}fo", inner))


def _linear(w: Mapping[str, Array], name: str, x: Array) -> Array:
    y: Array = x @ w[f"{name}.w"].T + w[f"{name}.b"]
    return y


def _mixed(w: Mapping[str, Array], name: str, x: Array) -> Array:
    return _norm(w, f"{name}.n", _gelu(_linear(w, f"{name}.linear", x)))


def _head(w: Mapping[str, Array], name: str, x: Array) -> Array:
    return _linear(w, f"{name}.2", _gelu(_linear(w, f"{name}.0", x)))


def _norm(w: Mapping[str, Array], name: str, x: Array) -> Array:
    x = x - x.mean(-1, keepdims=True)
    x = x / np.sqrt(np.square(x).mean(-1, keepdims=True) + _EPSILON)
    y: Array = x * w[f"{name}.w"] + w[f"{name}.b"]
    return y


def _gelu(x: Array) -> Array:
    y: Array = 0.5 * x * (1 + np.tanh(0.7978845608 * (x + 0.044715 * x * x * x)))
    return y


def _softmax(x: Array) -> Array:
    x = np.exp(x - x.max(-1, keepdims=True))
    y: Array = x / x.sum(-1, keepdims=True)
    return y
