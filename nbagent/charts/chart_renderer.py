"""The worker's job loop for what is drawn: a take in, one clip in the ledger out.

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
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from nbagent import media
from nbagent.charts.planes import Pixels
from nbagent.charts.recording import Recording
from nbagent.charts.stored import store_clip
from nbagent.charts.table import Table
from nbagent.charts.virtual_camera import VirtualCamera
from nbagent.errors import Cancelled, JobFailed, NbagentError, StoreError
from nbagent.ledger import Artifact, Ledger, store_errors
from nbagent.media.images import opened_image
from nbagent.media.pixels import with_opacity
from nbagent.take import Hold, Job, Phase, Progress, Take
from nbagent.take.chart import Chart

if TYPE_CHECKING:
    from nbagent.charts.drawing import Drawing
    from nbagent.charts.figure_drawing import FigureDrawing

_IN_MEMORY: Final = 1 << 28  # bytes of frames; what is more lies in a scratch file
_PREVIEW_SIDE: Final = 256
_PREVIEW_FRAMES: Final = 12
_FRAMES_FOR_ETA: Final = 4

OnFrame = Callable[[int], None]


class ChartRenderer:
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
                made, said = ledger.artifact(job.take.id), ""
                if made is None:
                    made, said = draw(job.take, ledger, told.enter)
            except Cancelled:
                ledger.jobs.record(job.id, "cancelled", message="cancelled")
                raise
            except NbagentError as error:
                failure = JobFailed(str(error))
                with contextlib.suppress(StoreError):
                    ledger.jobs.record(job.id, "failed", message=str(failure))
                raise failure from error
            ledger.jobs.record(job.id, "done", phase="write", message=said)
            return asdict(made) | {"message": said}

    def keep(self, job: Job) -> bool:  # noqa: ARG002  as the other renderer's
        """Return that a move is not ended early: half of one is another."""
        return False

    def preview(self, job: Job) -> bytes | None:
        """Return a small animated webp of a whole move: it is drawn in no time."""
        take = job.take
        if not take.is_drawn:
            return None
        with Ledger(Path(job.store)) as ledger:
            scale = min(1.0, _PREVIEW_SIDE / max(take.height, take.width))
            height, width = (
                max(2, round(side * scale)) for side in (take.height, take.width)
            )
            frame, _ = _drawn(take, ledger, height, width)
        at = np.linspace(0, take.num_frames - 1, _PREVIEW_FRAMES).round().astype(int)
        frames = np.stack([frame(int(index)) for index in at])
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
                " starts afresh next time"
            )
        if phase != "draw" or not done:
            self._ledger.jobs.record(
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


def draw(
    take: Take, ledger: Ledger, enter: Callable[[Phase, int], None]
) -> tuple[Artifact, str]:
    """Draw a take of a camera or of data into the store; also what to say of it.

    Args:
        take: With a move, or a chart.
        ledger: The store, with its pictures or its table.
        enter: Called before each frame and phase; raises to stop.

    Raises:
        NbagentError: If a picture or the table is not there, or does not fit.
    """
    began_s = time.monotonic()
    enter("load", 0)
    frame, said = _drawn(take, ledger, take.height, take.width)
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
            frames[index] = frame(index)
        enter("write", take.num_frames)
        made = store_clip(
            ledger,
            take,
            frames,
            take.fps,
            latents=None,
            seconds_rendered=round(time.monotonic() - began_s, 3),
        )
        return made, said


def _drawn(
    take: Take, ledger: Ledger, height: int, width: int
) -> tuple[Callable[[int], Pixels], str]:
    """Return what draws the frames of a take in a size, and what to say of it."""
    if take.chart is None:
        return _camera(take, ledger, height, width).frame, ""
    drawing = _drawing(take.chart, ledger, height, width)
    notes = (*drawing.notes, *_moved_axis(take, drawing, ledger))

    def frame(index: int) -> Pixels:
        return drawing.frame(index / take.fps)

    return frame, "; ".join(notes)


def _moved_axis(
    take: Take, drawing: Drawing | FigureDrawing, ledger: Ledger
) -> tuple[str, ...]:
    """Say that the axis of values begins elsewhere than that of the clip before."""
    from nbagent.charts.drawing import Drawing
    from nbagent.charts.story import Story

    parents = [ledger.take(own) for own in take.parents if ledger.artifact(own)]
    before = parents[0].chart if parents else None
    if before is None or before.is_figure or not isinstance(drawing, Drawing):
        return ()
    table = Table.from_bytes(ledger.path(before.data).read_bytes())
    return drawing.story.moved_axis(Story(before, table))


def _drawing(
    chart: Chart, ledger: Ledger, height: int, width: int
) -> Drawing | FigureDrawing:
    """Return what draws a chart.

    Raises:
        JobFailed: If its table, or its figure, is not in the store.
    """
    from nbagent.charts.drawing import Drawing
    from nbagent.charts.figure_drawing import FigureDrawing

    if not ledger.has_file(chart.data):
        what = "figure" if chart.is_figure else "table"
        raise JobFailed(
            f"this store does not have the chart's {what}: make the chart from its"
            " data again"
        )
    data = ledger.path(chart.data).read_bytes()
    if chart.is_figure:
        return FigureDrawing(chart, Recording.from_bytes(data), height, width)
    return Drawing(chart, Table.from_bytes(data), height, width)


def _camera(take: Take, ledger: Ledger, height: int, width: int) -> VirtualCamera:
    """Return the camera of a take, for frames of a size."""
    assert take.move is not None
    return VirtualCamera(
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
        artifact = ledger.bare(file)
        if artifact is None:
            raise JobFailed(
                "one of this clip's pictures was not rendered: run its turn again"
            )
        file = artifact.video or artifact.poster
    path = ledger.path(file)
    if path.suffix == ".png":
        with opened_image(path) as image:
            return with_opacity(image)
    picture: Pixels = media.read_video(path)[0][hold.start]
    return picture
