"""Which step cache a clip is made with, and how little counts as no change."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from nbagent.errors import SpecError

CacheKind = Literal["first", "sea"]
_KINDS: Final[dict[str, CacheKind]] = {"first": "first", "sea": "sea"}


class StepCaching(NamedTuple):
    """A step cache and its threshold; written `0.1` or `sea:0.2`.

    A named tuple, because `%load_ext` waits for this file.

    Attributes:
        threshold: How little must change for blocks to be skipped, a share; 0 is none.
        kind: `first` looks at what a step's first block does (First Block Cache), `sea`
            at the latents before the network, filtered to what is signal (SeaCache).
    """

    threshold: float = 0.0
    kind: CacheKind = "first"

    def __repr__(self) -> str:
        """Return it as it is written."""
        prefix = "" if self.kind == "first" else f"{self.kind}:"
        return f"{prefix}{self.threshold:g}"

    def __bool__(self) -> bool:
        """Return whether it is one at all."""
        return self.threshold > 0


NO_CACHE: Final = StepCaching()


def step_caching(text: str) -> StepCaching:
    """Read `0.1`, `first:0.1`, `sea:0.2`, `0` or `off`.

    Raises:
        SpecError: If it is none of these.
    """
    name, _, number = text.rpartition(":")
    kind = _KINDS.get(name or "first")
    try:
        threshold = 0.0 if text == "off" else float(number)
    except ValueError:
        threshold = -1.0
    if kind is None or not 0 <= threshold <= 1:
        raise SpecError(
            f"{text[:40]!r} is not a step cache: use 0.1, sea:0.2, or 0 for none (0 to 1;"
            f" {' or '.join(_KINDS)})"
        )
    return StepCaching(threshold, kind) if threshold else NO_CACHE
