"""Which operation makes a take: the cheapest that leaves alone what the turn does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from nbagent.acts.aspect import Aspect
from nbagent.acts.base import Act
from nbagent.acts.loop import Loop
from nbagent.acts.plan import Plan
from nbagent.acts.upscale import Upscale
from nbagent.conversation import fitting, operations
from nbagent.conversation import shot as shots
from nbagent.conversation.ground import Ground
from nbagent.conversation.shot import Shot
from nbagent.conversation.sources import Sources
from nbagent.errors import SpecError
from nbagent.ledger import Artifact
from nbagent.models.cards import ModelCard
from nbagent.take import Operation, Take


class Unchanged(SpecError):
    """What was asked for is what the clip already is."""


def operation(
    take: Take,
    parent: Take,
    *,
    is_as_long: bool,
    is_long: bool,
) -> Operation:
    """Choose the cheapest operation that gives what was asked."""
    drawn = ("height", "width", "model", "model_revision", "media")
    same_canvas = all(getattr(take, key) == getattr(parent, key) for key in drawn)
    same_frames = take.num_frames == parent.num_frames
    if not (same_canvas and (same_frames or is_as_long)):
        return "generate"
    if is_long or not same_frames:
        return "generate"  # the parent's latents have another shape or meaning
    words = (take.prompt, take.negative_prompt)
    is_changed = words != (parent.prompt, parent.negative_prompt)
    # A final keeps the lay-out of the draft that was looked at.
    is_finished = (parent.quality, take.quality) == ("draft", "final")
    if take.seed == parent.seed and (is_changed or is_finished):
        return "remix"
    return "generate"


def check_changed(take: Take, parent: Take, plan: Plan, heard: list[str]) -> None:
    """Refuse to render what would be the clip that is there.

    Args:
        take: What would be rendered.
        parent: The clip that it would refine.
        plan: What was asked.
        heard: What the model does not know of the words.

    Raises:
        Unchanged: If nothing that decides how a clip looks is another's.
    """
    decides = (
        *("prompt", "negative_prompt", "seed", "height", "width", "num_frames"),
        *("media", "model", "model_revision", "num_inference_steps", "guidance_scale"),
        *("step_cache", "cache_kind", "effects"),
    )
    if take.operation not in ("generate", "remix") or take.strength == 1.0:
        return
    if any(getattr(take, name) != getattr(parent, name) for name in decides):
        return
    asked = ", ".join(act.says() for act in plan.asked)
    why = " ".join(heard) or "It is like that already."
    raise Unchanged(
        f"{asked or 'this'} would change nothing: prompt, seed, size and frames"
        f" would stay the same. {why} Say what should be different, or ask for"
        " another take."
    )


def keeping(
    take: Take,
    fresh: Take,
    plan: Plan,
    options: Mapping[str, Any],
    card: ModelCard,
    sources: Sources,
) -> Take:
    """Return a take that holds what the turn leaves as it is, where it can be held.

    Args:
        take: Of the whole shot, with all of its effects.
        fresh: The same with the new effects alone, for frames that have the others.
        plan: What was asked.
        options: Those that are stated.
        card: Of the model that will render.
        sources: What the plan is about.

    Raises:
        SpecError: If what is asked cannot be held.
    """
    parent, clip = sources.parent, sources.clip
    if sources.pictures or sources.film is not None:
        return _moving(take, options, sources)
    if parent is None:
        return take
    if sources.others:
        return operations.blend(fresh, parent, sources.others[0])
    if sources.step is not None:
        return operations.redirect(take, parent, card, step=sources.step)
    if sources.mask:
        return _part(fresh, plan, options, card, sources)
    if clip is not None and parent.is_brought:
        return _of_film(fresh, plan, options, card, sources)
    whole = _whole(fresh, plan, options, card, sources)
    return _from_clean(take, plan, options, sources) if whole is None else whole


def edits_of(plan: Plan) -> tuple[Act, ...]:
    """Return the acts of a plan that change what is drawn."""
    return tuple(act for act in plan.asked if act.does == "shot" or act.renews)


def _from_clean(
    take: Take, plan: Plan, options: Mapping[str, Any], sources: Sources
) -> Take:
    """Let a remix start where nothing was changed yet, with all edits since."""
    edits, ground = edits_of(plan), sources.ground
    if take.operation != "remix" or not edits:
        return take
    if ground is None:
        return replace(take, edits=_to_json(edits))
    if ground.clean.model_revision != take.model_revision and ground.clean.model:
        return replace(take, edits=_to_json(edits))  # its latents are another model's
    edits = (*ground.edits, *edits)
    strength = options.get("strength", shots.strength_for(edits))
    if ground.clean.is_brought:
        return _anew(take, edits, strength, options, ground)
    source = "" if ground.clean.id in take.parents else ground.clean.id
    return replace(take, strength=strength, source=source, edits=_to_json(edits))


def _to_json(edits: Iterable[Act]) -> tuple[Mapping[str, Any], ...]:
    return tuple(act.to_json() for act in edits)


def _part(
    fresh: Take,
    plan: Plan,
    options: Mapping[str, Any],
    card: ModelCard,
    sources: Sources,
) -> Take:
    """Return a take that makes a part of a clip anew."""
    parent, clip = sources.parent, sources.clip
    assert parent is not None
    if clip is None:
        raise SpecError("changing a part needs a finished clip: wait until it is done")
    for act in plan.acts:
        if act.does == "held" and not act.parts:
            raise SpecError(
                f"{act.says()} applies to the whole clip: ask for it in a separate turn"
            )
    strength = options.get("strength", shots.strength_for(plan.asked))
    part = operations.inpaint(
        fresh, parent, clip, card, mask=sources.mask, strength=strength
    )
    return replace(part, edits=_to_json(plan.asked))


def _moving(take: Take, options: Mapping[str, Any], sources: Sources) -> Take:
    """Return a take that sets pictures of the notebook in motion, or frames anew."""
    fit = fitting.fit(options)
    if sources.film is None:
        return operations.animate(take, sources.pictures, fit)
    strength = options.get("strength", operations.FILM_STRENGTH)
    return operations.animate_film(take, sources.film, strength=strength, fit=fit)


def _of_film(
    fresh: Take,
    plan: Plan,
    options: Mapping[str, Any],
    card: ModelCard,
    sources: Sources,
) -> Take:
    """Return a take of a film that was opened: its own frames, changed."""
    if (whole := _whole(fresh, plan, options, card, sources)) is not None:
        return whole
    parent, clip, edits = sources.parent, sources.clip, edits_of(plan)
    assert parent is not None
    assert clip is not None
    usual = shots.strength_for(plan.asked) if plan.acts else operations.FILM_STRENGTH
    strength = options.get("strength", usual)
    ground = Ground(base=parent, clean=parent, clip=clip)
    made = _anew(fresh, edits, strength, options, ground)
    return operations.at_pace(made, clip, card)


def _anew(
    take: Take,
    edits: tuple[Act, ...],
    strength: float,
    options: Mapping[str, Any],
    ground: Ground,
) -> Take:
    """Return a take of the frames of a film that was opened, changed by edits."""
    if ground.clip is None:
        raise SpecError("the film that this clip was made from is gone: open it again")
    num_frames = min(ground.clip.num_frames, take.num_frames)
    film = operations.Film(source=ground.clean.id, num_frames=num_frames)
    fit = fitting.fit(options)
    made = operations.animate_film(take, film, strength=strength, fit=fit)
    return replace(made, edits=_to_json(edits))


def _whole(
    fresh: Take,
    plan: Plan,
    options: Mapping[str, Any],
    card: ModelCard,
    sources: Sources,
) -> Take | None:
    """Return a take of a whole clip as it is: in another frame, larger, or looping.

    None if it is made anew, or changed.

    Raises:
        SpecError: If it cannot stay as it is.
    """
    drawn = [act for act in plan.asked if act.cost == "diffusion"]
    alone = next((act for act in drawn if isinstance(act, Loop | Upscale)), None)
    parent, clip = sources.parent, sources.clip
    assert parent is not None
    is_like = (parent.model, parent.media) == (fresh.model, fresh.media)
    is_like |= parent.is_brought
    if alone is not None:
        _check_as_it_is(alone, drawn, clip, is_like=is_like)
        assert clip is not None
        if isinstance(alone, Loop):
            return operations.loop(fresh, parent, clip, card)
        strength = options.get("strength", alone.strength)
        fit = fitting.fit(options)
        return operations.upscale(
            fresh, parent, clip, card, scale=alone.scale, strength=strength, fit=fit
        )
    is_shown = len(drawn) == 1 and isinstance(drawn[0], Aspect)
    if is_shown and is_like and clip is not None:
        return operations.reframe(fresh, parent, clip, card)
    return None


def _check_as_it_is(
    act: Act, drawn: list[Act], clip: Artifact | None, *, is_like: bool
) -> None:
    """Refuse what needs a clip as it is, if it is not there or changes at once.

    Raises:
        SpecError: If so.
    """
    if len(drawn) > 1:
        other = next(one for one in drawn if one is not act)
        raise SpecError(
            f"{act.says()}: this starts from the clip as it is, so ask for"
            f" '{other.says()}' first"
        )
    if clip is None:
        raise SpecError(
            f"{act.says()}: this needs a finished clip; wait until it is done"
        )
    if not is_like:
        raise SpecError(
            f"{act.says()}: only the model that rendered the clip can do this;"
            " leave --model out"
        )


def with_effects_of(take: Take, before: Shot | None, shot: Shot) -> Take:
    """Return a take with the new effects alone, as frames that have the others need."""
    if before is None:
        return take
    new = shots.new_effects(before, shot)
    return replace(take, effects=new, shot=shots.to_json(replace(shot, effects=new)))
