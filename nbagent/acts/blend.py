"""One clip turning into another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from nbagent.acts.base import Act, Arg, Does, named
from nbagent.errors import SpecError


@dataclass(frozen=True, slots=True, kw_only=True)
class Blend(Act):
    """Lead from the end of one clip to the start of the next, with new frames."""

    kind: ClassVar[str] = "blend"
    does: ClassVar[Does] = "held"
    summary: ClassVar[str] = (
        "New frames that lead from the end of one clip to the start of the next."
    )
    examples: ClassVar[tuple[str, ...]] = ("blend c1 into c2", "morph it into c3")
    parts: ClassVar[tuple[()]] = ()

    others: Annotated[tuple[str, ...], Arg("the clip that it leads into", name="with")]

    @staticmethod
    def of_call(other: str) -> Blend:
        """Lead from its end to the beginning of another clip, by new frames."""
        return Blend(others=(other,))

    def check(self) -> None:
        """Refuse several at once."""
        if len(self.others) != 1:
            raise SpecError(
                f"a blend leads into one clip, not {len(self.others)}: name one,"
                " like 'blend c1 into c2', or join them"
            )

    def says(self) -> str:
        """Say where it leads."""
        return f"blended into {named(self.others[0])}"
