"""The shape of the frame."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from nbagent.acts.base import Act, Arg, Does
from nbagent.acts.shot import Shot, ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class Aspect(Act):
    """Show more around the picture, in a frame of a different shape."""

    kind: ClassVar[str] = "aspect"
    method: ClassVar[str] = "reframe"
    does: ClassVar[Does] = "held"
    summary: ClassVar[str] = (
        "A different frame shape, with more shown around the picture."
    )
    examples: ClassVar[tuple[str, ...]] = ("make it 16:9", "make it vertical")
    parts: ClassVar[tuple[()]] = ()

    aspect: Annotated[str, Arg("a shape as 'width:height', like '16:9'")]

    def check(self) -> None:
        """Refuse what is no shape."""
        ratio(self.aspect)

    def says(self) -> str:
        """Name the shape."""
        return f"frame: {self.aspect}"

    def change(self, shot: Shot, clip_s: float | None) -> Shot:  # noqa: ARG002
        """Return a shot in that frame."""
        return replace(shot, aspect=self.aspect, size=None)
