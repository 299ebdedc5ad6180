"""Clips that were opened from files: sources like any other, by the names of their variables.

    >>> film = Clip.open("holiday.mp4")
    >>> %agent @film at night

A turn that names one sees it among the clips. What is built on it needs a take: that it was
opened, with its frames in the store, and no model.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from nbagent import media
from nbagent.conversation.clip import Clip
from nbagent.conversation.mentions import mentioned
from nbagent.conversation.plan import Plan
from nbagent.conversation.state import ClipInfo, State
from nbagent.errors import SpecError
from nbagent.ledger import Artifact, Ledger
from nbagent.take import Hold, Take

if TYPE_CHECKING:
    from nbagent.media.frames import Frames


def opened(words: str, values: Mapping[str, object]) -> dict[str, Clip]:
    """Return the opened clips that a turn names with @, by their variables."""
    found = {name: values.get(name) for name in mentioned(words)}
    return {
        name: clip
        for name, clip in found.items()
        if isinstance(clip, Clip) and clip.is_opened
    }


def among(state: State, clips: Mapping[str, Clip]) -> State:
    """Return what a turn is read against, with opened clips among the others."""
    if not clips:
        return state
    own = tuple(_info(name, clip) for name, clip in clips.items())
    rest = tuple(clip for clip in state.clips if clip.ref not in clips)
    variables = tuple(
        replace(variable, ref=variable.name) if variable.name in clips else variable
        for variable in state.variables
    )
    return replace(state, clips=(*own, *rest), variables=variables)


def begun(plan: Plan, clips: Mapping[str, Clip]) -> Plan:
    """Return a plan of a new clip that names an opened one as a plan that begins with it.

    What stands behind an @ is never left out.
    """
    named = tuple(name for name in plan.targets if name in clips)
    if not named or plan.intent not in ("generate_video", "generate_image"):
        return plan
    return replace(plan, intent="animate_image", target=named)


def check_act(plan: Plan, clips: Mapping[str, Clip]) -> None:
    """Refuse an act on an opened clip: it lies in a file, and is none of these.

    Raises:
        SpecError: With what does it.
    """
    for name in plan.targets:
        if name in clips:
            kind = plan.slots.get("format", "mp4")
            raise SpecError(
                f"@{name} is a file that was opened, not a clip of this conversation:"
                f" {name}.save('{name}.{kind}') writes it"
            )


class Brought:
    """Takes of opened clips, each stored once."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._takes: weakref.WeakKeyDictionary[Clip, Take] = weakref.WeakKeyDictionary()

    def take(self, clip: Clip) -> Take:
        """Return the take of an opened clip; its frames are in the store then."""
        known = self._takes.get(clip)
        if known is None or self._ledger.artifact(known.id) is None:
            known = self._takes[clip] = _stored(clip, self._ledger)
        return known


def _info(name: str, clip: Clip) -> ClipInfo:
    is_still = clip.num_frames == 1
    return ClipInfo(
        ref=name,
        kind="image" if is_still else "video",
        caption=clip.prompt,
        duration_s=clip.duration_s,
        fps=clip.fps,
        seed=clip.seed,
    )


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
        request=clip.path.name,
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
