"""Re-cuts: takes of the frames that are there, whatever they came from.

A turn that asks for effects alone needs no model. The clip may be a draft, of other steps
or another guidance, of weights that are gone, or a film that was opened.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from nbagent import media
from nbagent.acts import act_of
from nbagent.acts.aspect import Aspect
from nbagent.acts.base import Act
from nbagent.acts.camera import Camera
from nbagent.acts.length import Length
from nbagent.acts.plan import Plan
from nbagent.charts.stored import store_clip
from nbagent.conversation import measures
from nbagent.conversation import shot as shots
from nbagent.conversation.shot import Shot
from nbagent.conversation.sources import Sources
from nbagent.conversation.stopping import released
from nbagent.errors import JobFailed, NbagentError, SpecError
from nbagent.ledger import Artifact, Ledger
from nbagent.models.names import split_name
from nbagent.take import Effect, JobState, Progress, Take

# What an option decides of a rendering: one that states what the clip has, asks nothing.
_DECIDES: Final[Mapping[str, str]] = {
    "seed": "seed",
    "steps": "num_inference_steps",
    "guidance": "guidance_scale",
    "frames": "num_frames",
    "model": "model",
}


def asked(
    plan: Plan, request: str, options: Mapping[str, Any], sources: Sources
) -> tuple[Take, tuple[str, ...]] | None:
    """Return the take of a plan that changes finished frames alone, and what it does.

    Args:
        plan: What was asked.
        request: The user's own words.
        options: Those that are stated.
        sources: What the plan is about.

    Returns:
        The take, and a line for each act; None if a model has to render.

    Raises:
        SpecError: If only a part of it is meant, or a step of its run.
    """
    parent = sources.parent
    if plan.intent != "refine" or parent is None or sources.others:
        return None
    if not all(map(_may_cut, plan.asked)):
        return None
    before = shots.from_json(parent.shot)
    clip_s = _expected_s(parent) if sources.clip is None else sources.clip_s
    shot, notes = shots.apply(before, plan, clip_s=clip_s)
    shot, cropped = measures.squared(shot, split_name(parent.model)[0])
    if not shots.is_derive(before, shot) or not _is_as_it_was(options, parent):
        return None
    if sources.mask or sources.step is not None:
        raise SpecError(
            f"{', '.join(notes)} applies to a whole finished clip: leave the part"
            " or the step out"
        )
    effects = shots.new_effects(before, shot)
    return recut(parent, request, shot, effects), (*notes, *cropped)


def recut(parent: Take, request: str, shot: Shot, effects: tuple[Effect, ...]) -> Take:
    """Return the take of a clip's own frames after effects.

    Args:
        parent: Its take, with whatever settings it was rendered.
        request: The user's own words.
        shot: The parent's, with the effects in it.
        effects: Those that are new: the frames already carry the others.
    """
    return replace(
        parent,
        operation="derive",
        request=request,
        shot=shots.to_json(shot),
        num_frames=_num_frames(parent),
        strength=None,
        source="",
        edits=(),
        # Of a camera's, its pictures: another move goes over them again.
        holds=parent.holds if parent.move else (),
        redirect_step=None,
        stop_step=None,
        effects=effects,
        dissolve_s=0.0,
        parents=(parent.id,),
    )


def _may_cut(act: Act) -> bool:
    """Return whether all that an act does may be in the shot.

    A shorter length is a cut, and so is another shape of pocket's square. A camera is
    always drawn, by a model or over a picture.
    """
    if isinstance(act, Camera):
        return False
    return act.does in ("shot", "frames") or isinstance(act, Aspect | Length)


def _expected_s(parent: Take) -> float | None:
    """Return the seconds that a clip will play which is still being rendered."""
    if parent.is_joined:
        return None
    seconds = _num_frames(parent) / parent.fps
    for effect in shots.from_json(parent.shot).effects:
        seconds = act_of(effect).lasts(seconds)
    return seconds


def _num_frames(parent: Take) -> int:
    """Return how many frames a clip has before effects: its shot knows of added ones."""
    seconds = shots.from_json(parent.shot).duration_s
    if parent.operation != "extend" or seconds is None:
        return parent.num_frames
    return max(round(seconds * parent.fps), parent.num_frames)


def _is_as_it_was(options: Mapping[str, Any], parent: Take) -> bool:
    """Return whether options state nothing that would have to be rendered anew."""
    if parent.is_brought:
        return True  # nobody rendered it
    stated = [
        options[name] == getattr(parent, of)
        for name, of in _DECIDES.items()
        if name in options
    ]
    if "size" in options:
        stated.append(tuple(options["size"]) == (parent.height, parent.width))
    stated += [parent.quality == tier for tier in ("draft", "final") if tier in options]
    return all(stated)


def run(ledger: Ledger, turn_id: int, take: Take) -> Progress:
    """Re-cut as a job that this kernel does itself, and return how it ended."""
    job_id = ledger.jobs.add(take.id, turn_id, "interactive")
    state: JobState = "done"
    message = ""
    try:
        with released():
            derive(ledger, take)
    except KeyboardInterrupt:
        state = "cancelled"
    except NbagentError as error:
        state, message = "failed", str(error)
    ledger.jobs.record(job_id, state, message=message)
    return Progress(job=job_id, state=state, message=message)


def derive(ledger: Ledger, take: Take) -> Artifact:
    """Re-cut the frames of a take's parents; no diffusion, no torch.

    Clips that are joined are shown with the texts over them; the texts of a clip that is
    re-cut lie over the cut.

    Raises:
        JobFailed: If a parent was never rendered, or its file is gone.
    """
    start = time.monotonic()
    clips, latents = [], None
    seen: Mapping[str, str] = {}
    for parent_id in take.parents if take.is_joined else take.parents[:1]:
        parent = (ledger.artifact if take.is_joined else ledger.bare)(parent_id)
        if parent is None:
            raise JobFailed(
                "the clip to re-cut is no longer on disk: render it again, then"
                " repeat the turn"
            )
        file = parent.video or parent.poster  # of a still
        clips.append(media.read_video(ledger.path(file)))
        latents, seen = parent.latents, parent.seen
    if take.operation == "grid":
        frames, fps = media.grid_clips(clips, take.width // clips[0][0].shape[2])
    else:
        frames, fps = media.join_clips(clips, take.dissolve_s)
    return store_clip(
        ledger,
        take,
        frames,
        fps,
        # A later remix starts from what was denoised; several clips have no one start.
        latents=latents if take.operation == "derive" else None,
        seconds_rendered=time.monotonic() - start,
        seen=seen if take.operation == "derive" else {},
    )
