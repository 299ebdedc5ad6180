"""Which operation makes a take: the cheapest that leaves alone what the turn does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbagent.conversation import fitting, operations
from nbagent.conversation import shot as shots
from nbagent.conversation.plan import Plan
from nbagent.conversation.shot import Shot
from nbagent.conversation.sources import Sources
from nbagent.errors import SpecError
from nbagent.ledger import Artifact
from nbagent.models import ModelCard
from nbagent.take import Operation, Take


def operation(
    take: Take,
    parent: Take,
    before: Shot,
    shot: Shot,
    *,
    is_as_long: bool,
    is_long: bool,
) -> Operation:
    """Choose the cheapest operation that gives what was asked."""
    if parent.is_brought and shots.is_derive(before, shot):
        return "derive"
    drawn = ("height", "width", "model", "model_revision", "media")
    same_canvas = all(getattr(take, key) == getattr(parent, key) for key in drawn)
    same_frames = take.num_frames == parent.num_frames
    if not (same_canvas and (same_frames or is_as_long)):
        return "generate"
    same_run = (
        take.seed == parent.seed
        and take.num_inference_steps == parent.num_inference_steps
        and take.guidance_scale == parent.guidance_scale
    )
    if same_run and shots.is_derive(before, shot):
        return "derive"
    if is_long or not same_frames:
        return "generate"  # the parent's latents have another shape or meaning
    words = (take.prompt, take.negative_prompt)
    is_changed = words != (parent.prompt, parent.negative_prompt)
    # A final keeps the lay-out of the draft that was looked at.
    is_finished = (parent.quality, take.quality) == ("draft", "final")
    if take.seed == parent.seed and (is_changed or is_finished):
        return "remix"
    return "generate"


def keeping(
    take: Take,
    plan: Plan,
    options: Mapping[str, Any],
    card: ModelCard,
    sources: Sources,
) -> Take:
    """Return a take that holds what the turn leaves as it is, where it can be held."""
    parent, clip = sources.parent, sources.clip
    if sources.pictures or sources.film is not None:
        return _moving(take, options, sources)
    if parent is None:
        return take
    if sources.others:
        return operations.blend(take, parent, sources.others[0])
    if take.operation == "derive":
        if sources.mask or sources.step is not None:
            raise SpecError(
                "speed, loop, trim, reverse, crop and size are of a whole, finished"
                " clip: leave the part or the step out"
            )
        return take
    if sources.step is not None:
        return operations.redirect(take, parent, card, step=sources.step)
    if sources.mask:
        assert clip is not None
        strength = options.get("strength", shots.strength_for(plan.edits))
        return operations.inpaint(
            take, parent, clip, card, mask=sources.mask, strength=strength
        )
    if clip is None:
        return take
    if parent.is_brought:
        return _of_film(take, plan, options, card, parent, clip)
    is_like = (parent.model, parent.media) == (take.model, take.media)
    return _whole(take, plan, options, card, parent, clip) if is_like else take


def _moving(take: Take, options: Mapping[str, Any], sources: Sources) -> Take:
    """Return a take that sets pictures of the notebook in motion, or frames anew."""
    fit = fitting.fit(options)
    if sources.film is None:
        return operations.animate(take, sources.pictures, fit)
    strength = options.get("strength", operations.FILM_STRENGTH)
    return operations.animate_film(take, sources.film, strength=strength, fit=fit)


def _of_film(
    take: Take,
    plan: Plan,
    options: Mapping[str, Any],
    card: ModelCard,
    parent: Take,
    clip: Artifact,
) -> Take:
    """Return a take of a film that was opened: its own frames, changed."""
    if (whole := _whole(take, plan, options, card, parent, clip)) is not take:
        return whole
    num_frames = min(clip.num_frames, take.num_frames)
    film = operations.Film(source=parent.id, num_frames=num_frames)
    usual = shots.strength_for(plan.edits) if plan.edits else operations.FILM_STRENGTH
    strength = options.get("strength", usual)
    fit = fitting.fit(options)
    return operations.at_pace(
        operations.animate_film(take, film, strength=strength, fit=fit), clip, card
    )


def _whole(
    take: Take,
    plan: Plan,
    options: Mapping[str, Any],
    card: ModelCard,
    parent: Take,
    clip: Artifact,
) -> Take:
    """Return a take of a whole clip as it is: in another frame, larger, or looping."""
    if {edit.kind for edit in plan.edits} == {"aspect"}:
        canvas = plan.edits[0].args.get("upscale")
        if isinstance(canvas, Mapping):
            strength = options.get("strength", operations.UPSCALE_STRENGTH)
            fit = fitting.fit(options)
            return operations.upscale(
                take, parent, clip, card, canvas, strength=strength, fit=fit
            )
        return operations.reframe(take, parent, clip, card) or take
    if any(edit.args.get("seamless") for edit in plan.edits):
        return operations.loop(take, parent, clip, card)
    return take
