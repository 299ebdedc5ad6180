"""A turn without an engine, for the browser tests: real clips, player and session, no model.

Each frame carries its own number as eight black or white blocks along its top, so that
a test can read from the screen which frame it really shows.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import numpy as np
from IPython import get_ipython

from nbagent import media
from nbagent.artifacts import store_frames
from nbagent.conversation.clip import Clip
from nbagent.conversation.session import Session
from nbagent.errors import SpecError
from nbagent.jobs.engine import Engine
from nbagent.notebook.bundle import show_live, show_static
from nbagent.notebook.chat import Chat
from nbagent.notebook.desk import Desk
from nbagent.notebook.player import Player
from nbagent.notebook.transcript import Transcript
from nbagent.notebook.wire import TakeView, TurnState
from nbagent.settings import Settings
from nbagent.take import JobState, Take

BITS = 8
FPS = 8.0
REQUEST = "a red ball crosses the beach at sunset"


def numbered_frames(num_frames: int = 16, size: int = 64, tint: int = 0) -> np.ndarray:
    """Draw a ball that crosses a beach, numbered; (F, size, size, 3) uint8."""
    y, x = np.mgrid[0:size, 0:size] / size
    frames = np.zeros((num_frames, size, size, 3), np.uint8)
    for number, frame in enumerate(frames):
        frame[..., 0] = 240 - 90 * y
        frame[..., 1] = 150 + 40 * y - tint
        frame[..., 2] = 90 + 60 * y + tint
        frame[y > 0.75] = (214, 186, 128)
        along = 0.1 + 0.8 * number / max(1, num_frames - 1)
        height = 0.66 - 0.2 * abs(np.sin(number * 0.6))
        frame[(x - along) ** 2 + (y - height) ** 2 < 0.01] = (216, 44 + tint, 40)
        block = size // BITS
        for bit in range(BITS):
            lit = 255 if number >> bit & 1 else 0
            frame[:block, bit * block : (bit + 1) * block] = lit
    return frames


@dataclass
class DemoClip:
    """A finished clip as output B needs it."""

    name: str
    prompt: str
    frames: np.ndarray
    fps: float = FPS
    take: Take | None = None
    notes: tuple[str, ...] = ()


class Turn:
    """One turn in a cell: shows the player, renders nothing, ends as it is told."""

    def __init__(self, num_takes: int = 1, request: str = REQUEST) -> None:
        settings = Settings.from_env()
        # The engine is the real one, and never starts: the frames are drawn here.
        self.session = Session(settings=settings, engine=Engine(settings))
        reply = self.session.hear(request, {"seed": 42, "takes": num_takes})
        rendering = self.session.render(reply)
        self.clips = []
        for n, (clip, take) in enumerate(
            zip(rendering.clips, rendering.takes, strict=True)
        ):
            frames = numbered_frames(tint=40 * n)
            store_frames(
                self.session.ledger, take, frames, FPS, latents=None, seconds_rendered=1
            )
            self.clips.append(DemoClip(clip.name, "red ball, beach, sunset", frames))
        self.stopped = threading.Event()
        self.player = Player(
            self,
            Desk(Chat(Transcript(self.session), {})),
            [self._view(clip) for clip in self.clips],
            request=request,
        )

    def clip_bytes(self, index: int) -> bytes:
        with TemporaryDirectory() as folder:
            path = Path(folder) / "clip.mp4"
            media.write_video(path, self.clips[index].frames, FPS, None)
            return path.read_bytes()

    def preview(self, index: int) -> bytes | None:
        step = self.player.takes[index]["step"]
        clear = min(1.0, step / 20)
        rng = np.random.default_rng(step)
        frames = self.clips[index].frames
        noise = rng.integers(0, 256, frames.shape)
        mixed = frames * clear + noise * (1 - clear)
        return media.animated_webp(mixed.astype(np.uint8), FPS)

    def cancel(self, index: int | None) -> None:
        del index  # the takes of this turn go together
        self.stopped.set()

    def keep(self, index: int) -> None:
        self.cancel(index)  # this demonstration has no clip that is half done

    def pause(self, index: int) -> None:
        raise SpecError(f"this demonstration does not pause (take {index})")

    def resume(self, index: int) -> None:
        self.pause(index)

    def show(self) -> Turn:
        """Publish output A, as a magic does before anything else."""
        show_live(self.player)
        return self

    def render(self, steps: int = 20, step_s: float = 0.05) -> TurnState:
        """Block like a magic does, until done or cancelled; then publish output B."""
        self.show()
        for step in range(1, steps + 1):
            if self.stopped.wait(step_s):
                return self.end("cancelled", f"stopped at step {step}")
            for index in range(len(self.clips)):
                self.player.set_take(
                    index,
                    state="running",
                    phase="denoise",
                    step=step,
                    num_steps=steps,
                    eta_s=(steps - step) * step_s,
                )
        return self.end("done")

    def end(self, state: JobState, message: str = "") -> TurnState:
        """Give every take its last state and publish output B."""
        for index in range(len(self.clips)):
            self.player.set_take(index, state=state, message=message)
        if state == "done":
            show_static(self.clips)
        else:
            show_static([], f"{state}: {message}")
        return cast("TurnState", self.player.turn_state)

    def _view(self, clip: DemoClip) -> TakeView:
        num_frames, height, width = clip.frames.shape[:3]
        return TakeView(
            name=clip.name,
            state="queued",
            phase=None,
            step=0,
            num_steps=20,
            elapsed_s=0.0,
            eta_s=None,
            message="",
            has_draft=False,
            fps=FPS,
            num_frames=num_frames,
            width=width,
            height=height,
            prompt=clip.prompt,
            seed=42,
            model="pocket",
            quality="final",
            parent="",
            changes=[],
            is_scene=False,
        )


def tell(words: str) -> Clip:
    """Say a turn in the kernel's conversation, and have its clip without rendering."""
    shell = get_ipython()
    assert shell is not None
    speaker = shell.magics_manager.registry["AgentMagics"].speaker
    session: Session = speaker.session()
    reply = session.hear(words, {}, cell_id=f"told {words}")
    (clip,) = session.render(reply).clips
    (take,) = reply.takes
    frames = numbered_frames(take.num_frames)
    store_frames(
        session.ledger, take, frames, take.fps, latents=None, seconds_rendered=1.5
    )
    session.close_turn(reply, (clip,))
    speaker.transcript().refresh()
    return clip
