"""The layers of the encoder in numpy.

A weight is found by its name: `ao.w` and `ao.b` make one linear layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

HEADS: Final = 12
_EPSILON: Final = 1e-12


def layer(w: Mapping[str, Array], index: int, x: Array) -> Array:
    """A BERT layer: the norm after each sum; every place looks at all."""
    at, (count, width) = f"l{index}.", x.shape
    q, k, v = (
        part.reshape(count, HEADS, -1).transpose(1, 0, 2)
        for part in np.split(linear(w, f"{at}qkv", x), 3, axis=-1)
    )
    looks = softmax(q @ k.transpose(0, 2, 1) / (width // HEADS) ** 0.5)
    mixed = (looks @ v).transpose(1, 0, 2).reshape(count, width)
    x = norm(w, f"{at}aln", x + linear(w, f"{at}ao", mixed))
    inner = gelu(linear(w, f"{at}fi", x))
    return norm(w, f"{at}oln", x + linear(w, f"{at}fo", inner))


def linear(w: Mapping[str, Array], name: str, x: Array) -> Array:
    """Return x times a matrix, with its shift."""
    y: Array = x @ w[f"{name}.w"].T + w[f"{name}.b"]
    return y


def mixed(w: Mapping[str, Array], name: str, x: Array) -> Array:
    """Return a layer from two vectors to one."""
    return norm(w, f"{name}.n", gelu(linear(w, f"{name}.linear", x)))


def head(w: Mapping[str, Array], name: str, x: Array) -> Array:
    """Return the logits of a head."""
    return linear(w, f"{name}.2", gelu(linear(w, f"{name}.0", x)))


def norm(w: Mapping[str, Array], name: str, x: Array) -> Array:
    """Return x with mean 0 and variance 1 over its last axis, scaled."""
    x = x - x.mean(-1, keepdims=True)
    x = x / np.sqrt(np.square(x).mean(-1, keepdims=True) + _EPSILON)
    y: Array = x * w[f"{name}.w"] + w[f"{name}.b"]
    return y


def gelu(x: Array) -> Array:
    """Return the Gaussian error unit, by its tanh form as in training."""
    y: Array = 0.5 * x * (1 + np.tanh(0.7978845608 * (x + 0.044715 * x * x * x)))
    return y


def softmax(x: Array) -> Array:
    """Return shares that add up to 1 over the last axis."""
    x = np.exp(x - x.max(-1, keepdims=True))
    y: Array = x / x.sum(-1, keepdims=True)
    return y
