"""Another take of the same."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from nbagent.acts.base import Act, Arg, Does
from nbagent.acts.shot import Shot
from nbagent.take import MAX_SEED


@dataclass(frozen=True, slots=True, kw_only=True)
class Reseed(Act):
    """Try the same shot from a new seed, once or several times."""

    kind: ClassVar[str] = "reseed"
    does: ClassVar[Does] = "shot"
    renews: ClassVar[bool] = True
    summary: ClassVar[str] = "A new take of the same shot, from a different seed."
    examples: ClassVar[tuple[str, ...]] = ("another take", "with seed 7", "3 versions")
    strength: ClassVar[float] = 1.0

    seed: Annotated[
        int | None, Arg("the seed; the next one if left out", least=0, most=MAX_SEED)
    ] = None
    count: Annotated[int, Arg("how many takes", least=1, most=16)] = 1

    def says(self) -> str:
        """Say which seed, and how many."""
        seed = "a new seed" if self.seed is None else f"seed {self.seed}"
        return seed if self.count == 1 else f"{self.count} takes, {seed}"

    def change(self, shot: Shot, clip_s: float | None) -> Shot:  # noqa: ARG002
        """Return a shot from that seed."""
        return replace(shot, seed=self.seed)
