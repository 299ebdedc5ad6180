"""Clips one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Final, Literal

from nbagent.acts.base import Act, Arg, Cost, Does, named
from nbagent.errors import SpecError

DISSOLVE_S: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Join(Act):
    """Show clips one after the other."""

    kind: ClassVar[str] = "join"
    does: ClassVar[Does] = "timeline"
    cost: ClassVar[Cost] = "re-cut"
    summary: ClassVar[str] = "Clips one after the other, with a cut or a dissolve."
    examples: ClassVar[tuple[str, ...]] = (
        "join c1 and c2",
        "c1 and then c2, with a dissolve",
    )
    parts: ClassVar[tuple[()]] = ()

    others: Annotated[
        tuple[str, ...], Arg("the clips that follow; its own scenes", name="with")
    ] = ()
    transition: Annotated[
        Literal["cut", "dissolve"], Arg("how one leads to the next")
    ] = "cut"
    seconds: Annotated[
        float | None, Arg("seconds that a dissolve takes", least=0.01, most=60)
    ] = None

    @staticmethod
    def of_call(
        *others: str,
        transition: Literal["cut", "dissolve"] = "cut",
        seconds: float | None = None,
    ) -> Join:
        """Show other clips after it; of several scenes, without others, their cut.

        Args:
            others: The clips that follow, in order.
            transition: How one leads to the next.
            seconds: How long a dissolve takes.
        """
        return Join(others=others, transition=transition, seconds=seconds)

    def check(self) -> None:
        """Refuse a cut that takes time."""
        if self.seconds is not None and self.transition == "cut":
            raise SpecError("a cut takes no time: leave the seconds out, or dissolve")

    @property
    def dissolve_s(self) -> float:
        """Seconds that one clip dissolves into the next; 0 is a cut."""
        if self.transition == "cut":
            return 0.0
        return DISSOLVE_S if self.seconds is None else float(self.seconds)

    def says(self) -> str:
        """Say what follows."""
        how = f"with a {self.transition}"
        if not self.others:
            return f"its scenes {how}"
        return f"then {', then '.join(map(named, self.others))}, {how}"
