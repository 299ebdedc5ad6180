"""The worker's job loop for what is drawn: a take with a move in, one clip in the ledger out.

It has the methods of `nbagent.render.renderer.Renderer` and none of its weight: nothing
here imports torch, so that a picture moves a second after it was asked for.
"""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np

from nbagent import media
from nbagent.acts import apply_effects
from nbagent.artifacts import store_frames
from nbagent.charts.camera import Camera
from nbagent.charts.planes import Pixels
from nbagent.errors import Cancelled, JobFailed, NbagentError, StoreError
from nbagent.ledger import Artifact, Ledger, store_errors
from nbagent.media.images import opened_image
from nbagent.media.pixels import with_opacity
from nbagent.take import Hold, Job, Phase, Progress, Take

_IN_MEMORY: Final = 1 << 28  # bytes of frames; what is more lies in a scratch file
_PREVIEW_SIDE: Final = 256
_PREVIEW_FRAMES: Final = 12
_FRAMES_FOR_ETA: Final = 4

OnFrame = Callable[[int], None]


class Renderer:
    """Draws the clips of jobs."""

    def warm(self, model: str) -> None:
        """Do nothing: there is no model to load."""

    def run(
        self,
        job: Job,
        *,
        report: Callable[[Progress], None],
        cancelled: Callable[[], bool],
        turn: Callable[[], None] | None = None,
    ) -> dict[str, Any]:
        """Draw a job's take and return its artifact's facts as plain JSON.

        The arguments and errors are those of the renderer of models.
        """
        with Ledger(Path(job.store)) as ledger:
            told = _Told(job, ledger, report, cancelled, turn)
            try:
                made = ledger.artifact(job.take.id) or draw(
                    job.take, ledger, told.enter
                )
            except Cancelled:
                ledger.set_job(job.id, "cancelled", message="cancelled")
                raise
            except NbagentError as error:
                failure = JobFailed(str(error))
                with contextlib.suppress(StoreError):
                    ledger.set_job(job.id, "failed", message=str(failure))
                raise failure from error
            ledger.set_job(job.id, "done", phase="write", message="")
            return asdict(made) | {"message": ""}

    def keep(self, job: Job) -> bool:  # noqa: ARG002  as the other renderer's
        """Return that a move is not ended early: half of one is another."""
        return False

    def preview(self, job: Job) -> bytes | None:
        """Return a small animated webp of a whole move: it is drawn in no time."""
        take = job.take
        if take.operation != "camera":
            return None
        with Ledger(Path(job.store)) as ledger:
            scale = min(1.0, _PREVIEW_SIDE / max(take.height, take.width))
            height, width = (
                max(2, round(side * scale)) for side in (take.height, take.width)
            )
            camera = _camera(take, ledger, height, width)
        at = np.linspace(0, take.num_frames - 1, _PREVIEW_FRAMES).round().astype(int)
        frames = np.stack([camera.frame(int(index)) for index in at])
        return media.animated_webp(frames, len(frames) * take.fps / take.num_frames)


class _Told:
    """What a job says of itself while it is drawn."""

    def __init__(
        self,
        job: Job,
        ledger: Ledger,
        report: Callable[[Progress], None],
        cancelled: Callable[[], bool],
        turn: Callable[[], None] | None,
    ) -> None:
        self._job, self._ledger = job, ledger
        self._report, self._cancelled, self._turn = report, cancelled, turn
        self._began_s = time.monotonic()

    def enter(self, phase: Phase, done: int) -> None:
        """Say how many frames are drawn; raise if the user stopped the job."""
        if self._turn is not None:
            self._turn()
        total = self._job.take.num_frames
        if self._cancelled():
            raise Cancelled(
                f"job {self._job.id} was stopped after frame {done} of {total}: it"
                " begins anew next time"
            )
        if phase != "draw" or not done:
            self._ledger.set_job(
                self._job.id, "running", phase=phase, step=done, num_steps=total
            )
        elapsed_s = time.monotonic() - self._began_s
        is_timed = phase == "draw" and done >= _FRAMES_FOR_ETA
        self._report(
            Progress(
                job=self._job.id,
                state="running",
                phase=phase,
                step=done,
                num_steps=total,
                elapsed_s=elapsed_s,
                eta_s=elapsed_s / done * (total - done) if is_timed else None,
            )
        )


def draw(take: Take, ledger: Ledger, enter: Callable[[Phase, int], None]) -> Artifact:
    """Draw a take of a camera into the store.

    Args:
        take: With a move.
        ledger: The store, with its pictures.
        enter: Called before each frame and phase; raises to stop.

    Raises:
        NbagentError: If a picture is not there, or the move does not fit.
    """
    began_s = time.monotonic()
    enter("load", 0)
    camera = _camera(take, ledger, take.height, take.width)
    shape = (take.num_frames, take.height, take.width, 3)
    with store_errors(ledger.folder), tempfile.TemporaryDirectory() as folder:
        is_small = int(np.prod(shape)) <= _IN_MEMORY
        frames: Pixels = (
            np.empty(shape, np.uint8)
            if is_small
            else np.memmap(Path(folder) / "frames", np.uint8, "w+", shape=shape)
        )
        for index in range(take.num_frames):
            enter("draw", index)
            frames[index] = camera.frame(index)
        enter("write", take.num_frames)
        shown, fps = apply_effects(frames, take.fps, take.effects)
        return store_frames(
            ledger,
            take,
            shown,
            fps,
            latents=None,
            seconds_rendered=round(time.monotonic() - began_s, 3),
        )


def _camera(take: Take, ledger: Ledger, height: int, width: int) -> Camera:
    """Return the camera of a take, for frames of a size."""
    assert take.move is not None
    return Camera(
        take.move,
        [_picture(hold, ledger) for hold in take.holds],
        num_frames=take.num_frames,
        fps=take.fps,
        height=height,
        width=width,
    )


def _picture(hold: Hold, ledger: Ledger) -> Pixels:
    """Return a picture of the store, with its opacity; of a clip, the frame that is held.

    Raises:
        JobFailed: If it is not there.
    """
    file = hold.source
    if "." not in file:  # the id of a take
        artifact = ledger.artifact(file)
        if artifact is None:
            raise JobFailed(
                "a picture of this clip was not rendered: run its turn again"
            )
        file = artifact.video or artifact.poster
    path = ledger.path(file)
    if path.suffix == ".png":
        with opened_image(path) as image:
            return with_opacity(image)
    picture: Pixels = media.read_video(path)[0][hold.start]
    return picture
