"""Clips beside each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from nbagent.acts.base import Act, Arg, Cost, Does, named
from nbagent.errors import SpecError


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid(Act):
    """Show clips side by side."""

    kind: ClassVar[str] = "grid"
    does: ClassVar[Does] = "timeline"
    cost: ClassVar[Cost] = "re-cut"
    summary: ClassVar[str] = "Clips side by side."
    examples: ClassVar[tuple[str, ...]] = ("put c1 and c2 side by side",)
    parts: ClassVar[tuple[()]] = ()

    others: Annotated[tuple[str, ...], Arg("the clips beside it", name="with")]

    @staticmethod
    def of_call(*others: str) -> Grid:
        """Show other clips beside it: up to three in a row, else in a square."""
        return Grid(others=others)

    def check(self) -> None:
        """Refuse a grid of one."""
        if not self.others:
            raise SpecError("beside what? name another clip, like c1 and c2")

    def says(self) -> str:
        """Say what stands beside it."""
        return f"beside {', '.join(map(named, self.others))}"
