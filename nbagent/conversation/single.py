"""From a plan of one shot to its takes: which operation, which numbers, how many windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nbagent.acts.base import Act
from nbagent.acts.blend import Blend
from nbagent.acts.cut import Cut
from nbagent.acts.extend import Extend
from nbagent.acts.length import Length
from nbagent.acts.motion import Motion
from nbagent.acts.plan import Plan
from nbagent.acts.quality import Quality
from nbagent.conversation import (
    fitting,
    measures,
    operation_choice,
    redrawn_chart,
    scene,
)
from nbagent.conversation import shot as shots
from nbagent.conversation.extending import extend
from nbagent.conversation.shot import Shot
from nbagent.conversation.sources import Sources
from nbagent.errors import SpecError
from nbagent.models.cards import ModelCard
from nbagent.take import MAX_SEED, Operation, Take
from nbagent.take.caching import NO_CACHE

# What may be said beside "longer" without changing the clip that is made longer, as what
# is done to finished frames may.
_GOES_ON = (Extend, Length, Motion, Quality)
# What makes all of its frames, in windows if they are many.
_MADE: frozenset[Operation] = frozenset({"generate", "animate", "blend"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """The takes of one turn, and what the user should know of them.

    Attributes:
        takes: The clips to show.
        notes: Lines that the user should see.
        parts: Takes that these are built on, which have no name of their own.
    """

    takes: tuple[Take, ...]
    notes: tuple[str, ...] = ()
    parts: tuple[Take, ...] = ()


def single(
    plan: Plan,
    request: str,
    options: Mapping[str, Any],
    card: ModelCard,
    sources: Sources,
) -> Composed:
    """Turn a plan that is about one shot into its takes."""
    parent = sources.parent
    shot, before, notes = _shot(plan, sources)
    seed = measures.seed(plan, options, parent, shots.in_words(shot))
    shot, heard = _settled(shot, before, plan, options, card, sources, seed)
    shot, cropped = measures.squared(shot, card.base)
    added_s = _added_s(plan, options, card, sources, shot)
    # The whole of a longer clip may be more than the model holds: it sees a part.
    numbers = options if added_s is None else {**options, "frames": card.num_frames}
    numbers = fitting.in_shape(numbers, shot, card, sources)
    numbers, cut = measures.of_film(numbers, shot, card, sources)
    first, more = take_of(plan, request, numbers, card, parent, before, shot, seed)
    fresh = operation_choice.with_effects_of(first, before, shot)
    if parent is not None and sources.clip and before and added_s is not None:
        chain, said = extend(
            fresh,
            parent,
            sources.clip,
            card,
            seconds=added_s,
            at_start=any(
                isinstance(a, Extend) and a.side == "start" for a in plan.acts
            ),
            fit=fitting.fit(options),
        )
    else:
        first = operation_choice.keeping(first, fresh, plan, options, card, sources)
        more += redrawn_chart.losses(first, card, sources)
        if parent is not None and before is not None:
            operation_choice.check_changed(first, parent, plan, heard)
        if first.operation == "animate":
            more += cut
        chain, said = windows(first, options, card)
    more += fitting.notes(chain[0], plan, sources)
    chains = [
        _another(chain, (seed + i) % (MAX_SEED + 1), card) if i else chain
        for i in range(measures.count(plan, options))
    ]
    if first.operation == "upscale" and card.base == "pocket":
        said.append(
            f"pocket only knows {card.width}x{card.height}: 'make it twice as"
            " large' scales the picture and keeps more of it."
        )
    takes = [made for *_, made in chains]
    parts = [part for *before_it, _ in chains for part in before_it]
    if first.operation == "redirect":
        takes = takes[:1]  # another seed would not be that run's
    if parent and parent.model and first.operation == "generate":
        if parent.model_revision != first.model_revision:
            more.append(
                "Made from scratch, as the clip it refines was rendered with other"
                " weights."
            )
    return Composed(
        takes=tuple(takes),
        notes=(*notes, *heard, *cropped, *more, *said),
        parts=tuple(parts),
    )


def _shot(plan: Plan, sources: Sources) -> tuple[Shot, Shot | None, list[str]]:
    """Return the shot of a plan, that of the parent it changes, and what to know of it.

    Raises:
        SpecError: If a refinement says nothing.
    """
    parent = sources.parent
    if sources.pictures or sources.film or plan.intent == "animate_image":
        picture = shots.from_json(parent.shot) if parent and parent.prompt else None
        return shots.moving(picture, plan), None, []
    if parent is None:
        return shots.shot_from(plan), None, []
    before = shots.from_json(parent.shot)
    before = redrawn_chart.named(before, sources)
    # In a loop, or where one clip becomes another, no motion of its own can be read.
    is_plain = sources.ground is None or sources.ground.clean.operation == "generate"
    if sources.clip is not None and is_plain:
        before = scene.as_seen(before, sources.clip.seen)
    if before.into and any(isinstance(act, Extend | Length) for act in plan.asked):
        before = replace(before, scene=before.into, into={})  # so it goes on
    shot, notes = shots.apply(before, plan, clip_s=sources.clip_s)
    if sources.others and any(isinstance(act, Blend) for act in plan.acts):
        other = shots.from_json(sources.others[0].shot)
        motion = (*shot.motion, f"then it turns into {other.core}")
        shot = replace(shot, motion=motion, into=other.scene)
    return shot, before, notes


def windows(
    take: Take, options: Mapping[str, Any], card: ModelCard
) -> tuple[list[Take], list[str]]:
    """Return a take of a shot that is longer than one window as the takes of each.

    Raises:
        SpecError: If what it holds would have to be spread over several windows.
    """
    shot = shots.from_json(take.shot)
    is_made = take.media == "video" and take.operation in _MADE
    if not (is_made and measures.is_long(options, shot, card)):
        return [take], []
    own_s = take.num_frames / card.fps
    if take.operation == "blend" or len(take.holds) > 1:
        raise SpecError(
            f"{shot.duration_s:g} s between fixed frames is more than {card.name}"
            f" renders at once: use up to {own_s:g} s"
        )
    assert shot.duration_s is not None
    own = replace(shot, duration_s=own_s, effects=(), texts=())
    first = replace(take, shot=shots.to_json(own), effects=())
    more, notes = extend(take, first, first, card, seconds=shot.duration_s - own_s)
    told = f"{shot.duration_s:g} s is rendered in {len(more) + 1} overlapping parts."
    return [first, *more], [told, *notes]


def _another(chain: Sequence[Take], seed: int, card: ModelCard) -> list[Take]:
    """Return takes that build on each other, all from another seed.

    What was not said differs: a remix, whose noise lies on the same picture, would give
    the same clip again, so it is made of noise alone.
    """
    others, ids = list[Take](), dict[str, str]()
    is_free = chain[0].operation in ("generate", "remix")
    for take in chain:
        holds = tuple(
            replace(h, source=ids.get(h.source, h.source)) for h in take.holds
        )
        parents = tuple(ids.get(parent, parent) for parent in take.parents)
        other = replace(take, seed=seed, holds=holds, parents=parents)
        if take.operation == "remix":
            other = replace(
                other, operation="generate", strength=None, source="", edits=()
            )
        if is_free and card.base == "pocket":
            shot = scene.varied(shots.from_json(take.shot), seed)
            prompt, _ = shots.to_prompt(shot, card.base)
            other = replace(other, shot=shots.to_json(shot), prompt=prompt)
        others.append(other)
        ids[take.id] = others[-1].id
    return others


def _added_s(
    plan: Plan,
    options: Mapping[str, Any],
    card: ModelCard,
    sources: Sources,
    shot: Shot,
) -> float | None:
    """Return how many seconds are added to a clip that stays; None if it changes.

    Raises:
        SpecError: If the clip is cut before it goes on.
    """
    acts = plan.asked
    longer = next((a for a in acts if isinstance(a, Extend | Length)), None)
    is_kept = all(a.does == "frames" or isinstance(a, _GOES_ON) for a in acts)
    if longer is None or not is_kept:
        return None
    clip, parent = sources.clip, sources.parent
    if clip is None or parent is None or "frames" in options:
        return None
    if sources.mask or sources.step is not None:
        return None
    if parent.media == "image" or parent.model not in ("", card.name):
        return None
    before = shots.from_json(parent.shot).duration_s
    if shot.duration_s is None or shot.duration_s == before:
        return None
    added_s = shot.duration_s - clip.duration_s
    if added_s <= 0:
        return None
    _check_uncut(acts[: acts.index(longer)], longer, clip.duration_s)
    return added_s


def _check_uncut(earlier: Sequence[Act], longer: Act, clip_s: float) -> None:
    """Refuse to go on from a clip whose time is cut in the same turn.

    Raises:
        SpecError: If it is.
    """
    for act in earlier:
        if isinstance(act, Cut) and act.lasts(clip_s) != clip_s:
            raise SpecError(
                f"'{longer.says()}' continues a clip as it is: ask for"
                f" '{act.says()}' in a turn before or after it"
            )


def take_of(
    plan: Plan,
    request: str,
    options: Mapping[str, Any],
    card: ModelCard,
    parent: Take | None,
    before: Shot | None,
    shot: Shot,
    seed: int,
) -> tuple[Take, list[str]]:
    """Return the take of a shot, by the cheapest operation, and what to know of it."""
    prompt, negative_prompt = shots.to_prompt(shot, card.base)
    num_frames, notes = measures.num_frames(options, shot, before, card, parent)
    height, width = measures.size(options, shot, card, parent)
    card.check(num_frames, height, width)
    if shot.aspect and (before is None or before.aspect != shot.aspect):
        notes += measures.aspect_notes(shot.aspect, height, width, card)
    quality = measures.quality(options, shot)
    caching = options.get("cache", NO_CACHE)
    take = Take(
        operation="generate",
        media=measures.media(plan, parent),
        model=card.name,
        model_revision=card.revision,
        prompt=prompt,
        negative_prompt=negative_prompt,
        request=request,
        shot=shots.to_json(shot),
        seed=seed,
        num_frames=num_frames,
        height=height,
        width=width,
        fps=float(card.fps),
        num_inference_steps=measures.steps(options, quality, card),
        guidance_scale=float(options.get("guidance", card.guidance_scale)),
        quality=quality,
        effects=shot.effects,
        step_cache=caching.threshold,
        cache_kind=caching.kind,
        parents=() if parent is None else (parent.id,),
    )
    if parent is None or before is None:
        return take, notes
    operation = operation_choice.operation(
        take,
        parent,
        is_as_long="frames" not in options and before.duration_s == shot.duration_s,
        is_long=measures.is_long(options, shot, card),
    )
    if operation == "remix":
        strength = options.get("strength", shots.strength_for(plan.asked))
        return replace(take, operation="remix", strength=strength), notes
    return take, notes


def _settled(
    shot: Shot,
    before: Shot | None,
    plan: Plan,
    options: Mapping[str, Any],
    card: ModelCard,
    sources: Sources,
    seed: int,
) -> tuple[Shot, list[str]]:
    """Return a shot with what pocket draws of it; other models read its words."""
    if card.base != "pocket":
        return replace(shot, scene={}, open=()), []
    parent = sources.parent
    is_foreign = parent is not None and parent.is_brought
    is_foreign |= bool(sources.film or (sources.pictures and not shot.scene))
    shot, notes = scene.settled(
        shot,
        before,
        plan.asked,
        seed,
        earlier=sources.earlier,
        moving=plan.prompt if sources.pictures else "",
        actor=next(iter(options.get("actor", ())), "") if before is None else "",
        is_whole=not is_foreign,
    )
    if parent is not None and parent.seed != seed and not sources.mask:
        shot = scene.varied(shot, seed)
    return shot, notes
