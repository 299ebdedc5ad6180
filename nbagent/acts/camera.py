"""What the camera does, or where it stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from nbagent.acts.base import Act, Arg, Does
from nbagent.acts.shot import Shot
from nbagent.errors import SpecError
from nbagent.take.move import MAX_HOLD_S, MAX_ROLL, Ease


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera(Act):
    """Change what the camera does."""

    kind: ClassVar[str] = "camera"
    does: ClassVar[Does] = "shot"
    summary: ClassVar[str] = (
        "What the camera does or where it stands; over a picture, an exact move."
    )
    examples: ClassVar[tuple[str, ...]] = ("from above", "zoom in slowly", "close-up")
    strength: ClassVar[float] = 0.8

    camera: Annotated[str, Arg("a view or a move in words, like 'from above'")]
    amount: Annotated[
        float | None,
        Arg(
            "over a picture, how far: times of a zoom, share of the picture of a pan or"
            " a tilt, degrees of a turn",
            least=0,
            most=MAX_ROLL,
        ),
    ] = None
    focus: Annotated[
        tuple[float, ...] | None,
        Arg("over a picture, the x and y that a zoom is aimed at, in shares of it"),
    ] = None
    path: Annotated[
        tuple[float, ...] | None,
        Arg("over a picture, points to travel along: x and y of each, in shares"),
    ] = None
    ease: Annotated[Ease | None, Arg("how a move over a picture starts and stops")] = (
        None
    )
    hold_s: Annotated[
        float | None,
        Arg("how many seconds the last frame stands still", least=0, most=MAX_HOLD_S),
    ] = None
    parallax: Annotated[
        float | None,
        Arg(
            "how much less the backdrop moves than the cut-out, 0..1",
            least=0,
            most=1,
        ),
    ] = None
    backdrop: Annotated[
        str | None, Arg("the colour behind a cut-out, or 'own' for its own")
    ] = None

    @staticmethod
    def of_call(
        camera: str,
        *,
        amount: float | None = None,
        focus: tuple[float, float] | None = None,
        path: Iterable[tuple[float, float] | float] | None = None,
        ease: Ease | None = None,
        hold_s: float | None = None,
        parallax: float | None = None,
        backdrop: str | None = None,
    ) -> Camera:
        """Let the camera do something else: `clip.camera("push in", focus=(0.7, 0.3))`.

        Args:
            camera: A view or a move in words. What follows is for a move over a picture.
            amount: How far: times of a zoom, the share of the picture of a pan or a tilt,
                degrees of a turn.
            focus: What a zoom is aimed at: x and y in shares of the picture.
            path: Points that the view goes along, each x and y.
            ease: How it starts and stops: linear, in, out or in-out.
            hold_s: Seconds that the last frame stands.
            parallax: By how much less the backdrop of a cut-out moves than it, 0..1.
            backdrop: The colour behind a cut-out, or "own" for one of its own colours.
        """
        points: tuple[float, ...] | None = None
        if path is not None:  # also x, y, x, y, as a turn that was kept has it
            pairs = (one if isinstance(one, Iterable) else (one,) for one in path)
            points = tuple(number for pair in pairs for number in pair)
        return Camera(
            camera=camera,
            amount=amount,
            focus=focus,
            path=points,
            ease=ease,
            hold_s=hold_s,
            parallax=parallax,
            backdrop=backdrop,
        )

    @property
    def is_exact(self) -> bool:
        """Whether it has numbers, which only a move over a picture takes."""
        exact = (self.amount, self.focus, self.path, self.ease, self.hold_s)
        return any(one is not None for one in (*exact, self.parallax, self.backdrop))

    def says(self) -> str:
        """Name the view."""
        return f"camera: {self.camera}"

    def change(self, shot: Shot, clip_s: float | None) -> Shot:  # noqa: ARG002
        """Return a shot that is seen so.

        Raises:
            SpecError: If it has numbers, which no model reads.
        """
        if self.is_exact:
            raise SpecError(
                f"{self.says()}: only a move over a picture takes numbers, and a"
                " model made this clip: describe the move in words, or set a"
                " picture or a still in motion"
            )
        return replace(shot, camera=(self.camera,))
