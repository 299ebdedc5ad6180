"""Parts that were changed by themselves, made again over a picture that changes below.

Each layer keeps its own words and its own mask, and lies where it lay in the order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from nbagent.acts import Act, act_from_json
from nbagent.acts.add import Add
from nbagent.acts.plan import Plan
from nbagent.conversation import scene
from nbagent.conversation import shot as shots
from nbagent.conversation.operation_choice import Unchanged
from nbagent.conversation.single import Composed, single
from nbagent.conversation.sources import Sources
from nbagent.errors import SpecError
from nbagent.models.cards import ModelCard
from nbagent.take import Take

# Acts that say something anew: of the whole, they hold for its parts too.
_REPLACED: Final = frozenset(
    {"camera", "motion", "place", "recolor", "restyle", "time", "weather"}
)


def refined(
    plan: Plan,
    request: str,
    options: Mapping[str, Any],
    card: ModelCard,
    sources: Sources,
) -> Composed:
    """Turn a plan that is about one clip into its takes, with the clip's layers on top.

    Raises:
        SpecError: If the layers do not fit what is below them any more.
    """
    sources = _beside(plan, options, card, sources)
    ground = sources.ground
    if ground is None or not ground.layers or not _is_below(plan, sources):
        return single(plan, request, options, card, sources)
    layers = _left(ground.layers, plan)
    drawn = tuple(act for act in plan.acts if act.does != "frames")
    cuts = tuple(act for act in plan.acts if act.does == "frames")
    below = replace(
        sources, parent=ground.base, ground=replace(ground, layers=()), clip=None
    )
    try:
        composed = single(replace(plan, acts=drawn), request, options, card, below)
    except Unchanged:
        if layers == ground.layers:
            raise
        composed = Composed(takes=(ground.base,))  # only its parts were otherwise
    parts, tops = list(composed.parts), []
    for base in composed.takes:
        # Texts lie over all of it; what is there already is taken as it is.
        base = base if base == ground.base else base.bare
        made = [base, *_over(base, layers, request, card, sources)]
        *before_it, top = made
        parts += before_it
        tops.append(_recut(_lettered(top, sources), cuts, sources))
    return replace(composed, takes=tuple(tops), parts=tuple(parts))


def _is_below(plan: Plan, sources: Sources) -> bool:
    """Return whether a plan changes the picture that layers lie over."""
    if sources.mask or sources.step is not None:
        return False
    drawn = [act for act in plan.asked if act.cost == "diffusion"]
    return bool(drawn) and all(act.does == "shot" or act.renews for act in drawn)


def _left(layers: tuple[Take, ...], plan: Plan) -> tuple[Take, ...]:
    """Return layers without what a plan now says of the whole: "make it day"."""
    said = {act.kind for act in plan.asked} & _REPLACED
    found = []
    for layer in layers:
        edits = tuple(one for one in layer.edits if one["act"] not in said)
        if edits or layer.operation != "inpaint":
            found.append(replace(layer, edits=edits))
    return tuple(found)


def _beside(
    plan: Plan, options: Mapping[str, Any], card: ModelCard, sources: Sources
) -> Sources:
    """Return sources without the mask of what pocket puts beside its actor.

    It was taught companions, and not what stands in a part of a picture by itself. Where
    somebody points with the mouse, that part alone changes all the same.
    """
    drawn = [act for act in plan.asked if act.cost == "diffusion"]
    is_added = bool(drawn) and all(
        isinstance(act, Add) and act.span is None for act in drawn
    )
    is_pointed = bool({"mask", "region"} & options.keys())
    if card.base != "pocket" or not is_added or is_pointed:
        return sources
    return replace(sources, mask="")


def _over(
    base: Take,
    layers: tuple[Take, ...],
    request: str,
    card: ModelCard,
    sources: Sources,
) -> list[Take]:
    """Return the takes of layers over another base, the lowest first."""
    parent = sources.parent
    assert parent is not None
    assert sources.ground is not None
    old = sources.ground.base
    if layers and (base.height, base.width) != (old.height, old.width):
        raise SpecError(
            f"{old.width}x{old.height} cannot become {base.width}x{base.height}: a"
            " part of this clip was changed under a mask of its size; resize the"
            " clip from before that change"
        )
    made, under = list[Take](), base
    for layer in layers:
        edits = tuple(act_from_json(one) for one in layer.edits)
        below = replace(shots.from_json(under.shot), texts=())
        shot, _ = shots.apply(below, Plan(intent="refine", acts=edits))
        if card.base == "pocket":
            shot, _ = scene.settled(shot, below, edits, base.seed)
        shot = replace(shot, effects=layer.effects)
        prompt, negative_prompt = shots.to_prompt(shot, card.base)
        holds = tuple(replace(hold, source=under.id) for hold in layer.holds)
        under = replace(
            layer,
            model=base.model,
            model_revision=base.model_revision,
            prompt=prompt,
            negative_prompt=negative_prompt,
            request=request,
            shot=shots.to_json(shot),
            seed=base.seed,
            num_inference_steps=base.num_inference_steps,
            guidance_scale=base.guidance_scale,
            quality=base.quality,
            holds=holds,
            parents=(parent.id,),
        )
        made.append(under)
    return made


def _lettered(top: Take, sources: Sources) -> Take:
    """Return a take with the texts of the clip that it is the next version of."""
    assert sources.parent is not None
    texts = shots.from_json(sources.parent.shot).texts
    shot = replace(shots.from_json(top.shot), texts=texts)
    return replace(top, shot=shots.to_json(shot))


def _recut(top: Take, cuts: tuple[Act, ...], sources: Sources) -> Take:
    """Return a take with what the plan asks of finished frames, done last."""
    if not cuts:
        return top
    plan = Plan(intent="refine", acts=cuts)
    shot, _ = shots.apply(shots.from_json(top.shot), plan, clip_s=sources.clip_s)
    return replace(top, shot=shots.to_json(shot), effects=shot.effects)
