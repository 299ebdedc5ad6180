"""A larger picture with finer detail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from nbagent.acts.base import Act, Arg, Does


@dataclass(frozen=True, slots=True, kw_only=True)
class Upscale(Act):
    """Draw it larger, with finer detail from the model."""

    kind: ClassVar[str] = "upscale"
    does: ClassVar[Does] = "held"
    summary: ClassVar[str] = "Draws it larger, with finer detail from the model."
    examples: ClassVar[tuple[str, ...]] = ("upscale it", "upscale it three times")
    strength: ClassVar[float] = 0.25  # its outlines stay, what is between is drawn
    parts: ClassVar[tuple[()]] = ()

    scale: Annotated[float, Arg("how many times as large", least=1.01, most=16)] = 2.0

    def says(self) -> str:
        """Say how much larger."""
        return f"drawn {self.scale:g} times as large, in finer detail"
