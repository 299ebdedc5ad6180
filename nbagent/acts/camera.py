"""What the camera does, or where it stands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from nbagent.acts.base import Act, Arg, Does
from nbagent.acts.shot import Shot


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera(Act):
    """Let the camera do something else."""

    kind: ClassVar[str] = "camera"
    does: ClassVar[Does] = "shot"
    summary: ClassVar[str] = "What the camera does, or where it stands."
    examples: ClassVar[tuple[str, ...]] = ("from above", "zoom in slowly", "close-up")
    strength: ClassVar[float] = 0.8

    camera: Annotated[str, Arg("a view or a move in words, like 'from above'")]

    def says(self) -> str:
        """Name the view."""
        return f"camera: {self.camera}"

    def change(self, shot: Shot, clip_s: float | None) -> Shot:  # noqa: ARG002
        """Return a shot that is seen so."""
        return replace(shot, camera=(self.camera,))
