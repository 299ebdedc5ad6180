"""Prompts that were encoded before: a job of the same words need not encode them again.

A text encoder may be larger than the denoiser. What it says of a text is kept beside the
weights that said it, so another model, or another revision, never sees it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import torch
from torch.utils import _pytree as pytree

# Wan's prompt and negative prompt take 8 MB in bf16.
_MOST_BYTES = 128 << 20


class TextCache:
    """Embeddings by the arguments they were made from; safe in several threads.

    Args:
        most_bytes: Size of all that is kept; the least recently used goes first.

    Attributes:
        hits: How often a text was found.
        misses: How often one was encoded.
    """

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self.hits = 0
        self.misses = 0
        self._most_bytes = most_bytes
        self._kept: OrderedDict[str, Any] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, given: dict[str, Any], encode: Callable[[], Any]) -> Any:
        """Return what `encode` returns for these arguments, bit for bit.

        Anything among them but words, numbers, devices and types (an image, embeddings of
        the user's own) is encoded as if there were no cache.
        """
        if not all(map(_is_plain, pytree.tree_leaves(given))):
            return encode()
        key = repr(given)
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                self.hits += 1
                return _copied(found)
            self.misses += 1
        encoded = encode()
        # A copy, because pipelines may write into what they got.
        kept = _copied(encoded)
        with self._lock:
            self._kept[key] = kept
            while sum(map(_size_bytes, self._kept.values())) > self._most_bytes:
                self._kept.popitem(last=False)
        return encoded


def _is_plain(value: Any) -> bool:
    kinds = (str, bool, int, float, torch.device, torch.dtype)
    return value is None or isinstance(value, kinds)


def _copied(value: Any) -> Any:
    return pytree.tree_map_only(torch.Tensor, torch.Tensor.clone, value)


def _size_bytes(value: Any) -> int:
    leaves = pytree.tree_leaves(value)
    return sum(leaf.nbytes for leaf in leaves if isinstance(leaf, torch.Tensor))
