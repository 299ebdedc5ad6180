"""Clips of files and of other conversations: sources like any other, by their variables.

    >>> film = Clip.open("holiday.mp4")
    >>> %agent @film at night

What is built on one needs a take: its own if this store has it, else one that says that it
was opened, with its frames in the store, and no model.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from nbagent import media
from nbagent.acts.plan import Plan
from nbagent.conversation.clip import Clip
from nbagent.errors import SpecError
from nbagent.ledger import Artifact, Ledger
from nbagent.take import Hold, Take

if TYPE_CHECKING:
    from nbagent.media.frames import Frames


def begun(plan: Plan, clips: Mapping[str, Clip]) -> Plan:
    """Return a plan of a new clip that names an opened one as a plan that begins with it.

    What stands behind an @ is never left out.
    """
    named = tuple(name for name in plan.mentions if name in clips)
    if not named or plan.intent not in ("generate_video", "generate_image"):
        return plan
    return replace(plan, intent="animate_image", targets=named)


def check_act(plan: Plan, clips: Mapping[str, Clip]) -> None:
    """Refuse an act on a clip of elsewhere: it is none of this conversation.

    Raises:
        SpecError: With what does it.
    """
    kind = (plan.control.format if plan.control else None) or "mp4"
    for name in plan.targets:
        if name in clips:
            what = (
                "is a file that was opened, not a clip of"
                if clips[name].is_opened
                else "is a clip of another conversation, not of"
            )
            raise SpecError(
                f"@{name} {what} this conversation: {name}.save('{name}.{kind}') writes"
                " it"
            )


class Brought:
    """Takes of clips that are of no conversation here, each stored once."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._takes: weakref.WeakKeyDictionary[Clip, Take] = weakref.WeakKeyDictionary()

    def take(self, clip: Clip) -> Take:
        """Return the take of such a clip; its frames are in the store then."""
        own = None if clip.is_opened else clip.take
        known = own or self._takes.get(clip)
        if known is None or self._ledger.artifact(known.id) is None:
            known = self._takes[clip] = _stored(clip, self._ledger)
        return known


def _stored(clip: Clip, ledger: Ledger) -> Take:
    frames = _even(clip.frames)
    num_frames, height, width = frames.shape[:3]
    if num_frames == 1:
        content = poster = ledger.put_file(media.png(frames[0]), ".png")
        video = None
    else:
        with media.scratch_folder("the film") as folder:
            path = folder / "clip.mp4"
            media.write_video(path, frames, clip.fps, None)
            content = video = ledger.put_file(path, ".mp4")
        poster = ledger.put_file(media.poster_jpeg(frames), ".jpg")
    origin = clip.take
    take = Take(
        operation="open",
        media="video" if video else "image",
        model="",
        model_revision="",
        prompt=clip.prompt,
        request=clip.path.name if clip.is_opened else clip.name,
        shot={"core": ""} if origin is None else origin.shot,
        seed=clip.seed or 0,
        num_frames=num_frames,
        height=height,
        width=width,
        fps=clip.fps,
        num_inference_steps=1,
        guidance_scale=0.0,
        holds=(Hold(source=content, num_frames=num_frames),),
    )
    ledger.add_take(take)
    artifact = Artifact(
        video=video,
        poster=poster,
        latents=None,
        num_frames=num_frames,
        fps=clip.fps,
        height=height,
        width=width,
        duration_s=num_frames / clip.fps,
        size_bytes=ledger.path(content).stat().st_size,
        seconds_rendered=0.0,
    )
    ledger.put_artifact(take.id, artifact)
    return take


def _even(frames: Frames) -> Frames:
    """Repeat the last row or column of a film with an odd side: mp4 can hold none."""
    if len(frames) == 1:
        return frames
    odd = [(0, side % 2) for side in frames.shape[1:3]]
    if not any(more for _, more in odd):
        return frames
    import numpy as np

    return np.pad(frames, ((0, 0), *odd, (0, 0)), mode="edge")
