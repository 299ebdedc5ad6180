"""Re-cuts: takes of the frames that are there, whatever they came from.

A turn that asks for effects alone needs no model. The clip may be a draft, of other steps
or another guidance, of weights that are gone, or a film that was opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from nbagent.acts.base import Act
from nbagent.acts.length import Length
from nbagent.acts.plan import Plan
from nbagent.conversation import shot as shots
from nbagent.conversation.shot import Shot
from nbagent.conversation.sources import Sources
from nbagent.errors import SpecError
from nbagent.take import Effect, Take

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
    shot, notes = shots.apply(before, plan, clip_s=sources.clip_s)
    if not shots.is_derive(before, shot) or not _is_as_it_was(options, parent):
        return None
    if sources.mask or sources.step is not None:
        raise SpecError(
            f"{', '.join(notes)} is of a finished clip as a whole: leave the part or the"
            " step out"
        )
    effects = shots.new_effects(before, shot)
    return recut(parent, request, shot, effects), tuple(notes)


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
        holds=(),
        redirect_step=None,
        stop_step=None,
        effects=effects,
        dissolve_s=0.0,
        parents=(parent.id,),
    )


def _may_cut(act: Act) -> bool:
    """Return whether all that an act does is in the shot: a shorter length is a cut."""
    return act.does in ("shot", "frames") or isinstance(act, Length)


def _num_frames(parent: Take) -> int:
    """Return how many frames a clip has before effects: its shot knows of added ones."""
    seconds = shots.from_json(parent.shot).duration_s
    if parent.operation != "extend" or seconds is None:
        return parent.num_frames
    return max(round(seconds * parent.fps), parent.num_frames)


def _is_as_it_was(options: Mapping[str, Any], parent: Take) -> bool:
    """Return whether options state nothing that would have to be rendered anew."""
    stated = [
        options[name] == getattr(parent, of)
        for name, of in _DECIDES.items()
        if name in options
    ]
    if "size" in options:
        stated.append(tuple(options["size"]) == (parent.height, parent.width))
    stated += [parent.quality == tier for tier in ("draft", "final") if tier in options]
    return all(stated)
