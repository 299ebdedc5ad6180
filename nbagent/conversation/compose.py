"""From a plan to takes: which shot, which operation, which numbers.

Pure: the same plan, options and parent give the same takes, on every machine. What
the model cannot do is refused here, before anything is queued.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nbagent.caching import NO_CACHE
from nbagent.conversation import choice, fitting, measures, operations, unread
from nbagent.conversation import shot as shots
from nbagent.conversation.foreign import translate
from nbagent.conversation.plan import EditKind, Plan
from nbagent.conversation.shot import Shot
from nbagent.conversation.sources import Sources
from nbagent.conversation.storyboard import (
    dissolve_s,
    in_order,
    join,
    scene_shots,
    split,
    wants_join,
)
from nbagent.errors import SpecError
from nbagent.models import ModelCard
from nbagent.pocket import vocabulary
from nbagent.pocket.nearest import hear
from nbagent.take import MAX_SEED, Effect, Operation, Take

# What may be said beside "longer" without changing the clip that is made longer.
_GOES_ON: frozenset[EditKind] = frozenset(
    {"extend", "length", "change_motion", "speed", "loop", "quality"}
)
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


def compose(
    plan: Plan,
    *,
    request: str,
    options: Mapping[str, Any],
    card: ModelCard,
    sources: Sources,
) -> Composed:
    """Turn a plan into takes.

    Args:
        plan: With an intent that renders.
        request: The user's own words.
        options: From the magic's line; they win over the words.
        card: Of the model that will render.
        sources: What the plan is about.

    Raises:
        SpecError: If the model cannot do it, naming what it can.
    """
    plan, said = _in_english(plan, card)
    composed = _composed(plan, request, options, card, sources)
    takes = (*composed.takes, *composed.parts)
    cut = [note for take in takes for note in unread.notes(take, card)]
    notes = (*said, *composed.notes, *dict.fromkeys(cut))
    return replace(composed, notes=notes)


def _in_english(plan: Plan, card: ModelCard) -> tuple[Plan, list[str]]:
    """Say new pictures in pocket's words, whatever language they were told in."""
    if card.base != "pocket":
        return plan, []
    scenes = split(plan.prompt) if plan.intent == "storyboard" else [plan.prompt]
    said = [(scene, translate(scene)) for scene in scenes]
    if not any(told for _, told in said):
        return plan, []
    prompt = "; ".join(told.english if told else scene for scene, told in said)
    lost = [word for _, told in said if told for word in told.lost]
    note = f"pocket reads English: this is read as {prompt!r}."
    if lost:
        note += f" It does not know: {', '.join(lost[:6])}."
    return replace(plan, prompt=prompt), [note]


def _composed(
    plan: Plan,
    request: str,
    options: Mapping[str, Any],
    card: ModelCard,
    sources: Sources,
) -> Composed:
    if plan.intent == "storyboard":
        return _storyboard(plan, request, options, card)
    plan = _with_palette(plan, sources.palette)
    if (joined := _joined(plan, request, sources)) is not None:
        return Composed(takes=(joined,))
    if sources.whole is not None:
        if sources.mask:
            raise SpecError(
                "a part of joined clips is changed in one of them: name that clip"
            )
        return _changed_storyboard(plan, request, options, card, sources)
    composed = _single(plan, request, options, card, sources)
    made = composed.takes
    if plan.intent != "refine" or sources.board is None or len(made) > 1:
        return composed
    # A scene was changed: the whole is shown anew, with the other scenes as they are.
    takes = [made[0] if t == sources.parent else t for t in sources.board_scenes]
    if len({(take.height, take.width) for take in takes}) > 1:
        note = "The joined clip stays as it is: its other scenes are of another size."
        return replace(composed, notes=(*composed.notes, note))
    whole = join(takes, request, seconds=sources.board.dissolve_s)
    return replace(composed, takes=(*made, whole))


def _single(
    plan: Plan,
    request: str,
    options: Mapping[str, Any],
    card: ModelCard,
    sources: Sources,
) -> Composed:
    """Turn a plan that is about one shot into its takes."""
    if len(plan.edits) > 1 and any(edit.args.get("seamless") for edit in plan.edits):
        raise SpecError(
            "a seamless loop is made of a clip as it is: ask for the other changes first"
        )
    parent, others = sources.parent, sources.others
    shot, before, notes = _shot(plan, sources)
    if others:
        core = shots.from_json(others[0].shot).core
        shot = replace(shot, motion=(*shot.motion, f"then it turns into {core}"))
    seed = measures.seed(plan, options, parent, shots.to_prompt(shot, card.base)[0])
    added_s = _added_s(plan, options, card, sources, shot)
    # The whole of a longer clip may be more than the model holds: it sees a part.
    numbers = options if added_s is None else {**options, "frames": card.num_frames}
    numbers = fitting.in_shape(numbers, shot, card, sources)
    numbers, cut = measures.of_film(numbers, shot, card, sources)
    first, more = _take(plan, request, numbers, card, parent, before, shot, seed)
    if parent is not None and sources.clip and before and added_s is not None:
        fresh = replace(first, effects=shots.new_effects(before, shot))
        at_start = any(edit.args.get("end") == "start" for edit in plan.edits)
        chain, said = operations.extend(
            fresh,
            parent,
            sources.clip,
            card,
            seconds=added_s,
            at_start=at_start,
            fit=fitting.fit(options),
        )
    else:
        first = choice.keeping(first, plan, options, card, sources)
        if first.operation == "animate":
            more += cut
        chain, said = _windows(first, options, card)
    more += fitting.notes(chain[0], plan, sources)
    chains = [
        _with_seed(chain, (seed + i) % (MAX_SEED + 1))
        for i in range(measures.count(plan, options))
    ]
    if first.operation == "upscale" and card.base == "pocket":
        said.append(
            f"pocket was taught {card.width}x{card.height} alone: 'make it twice as"
            " large' scales the picture and keeps more of it."
        )
    takes = [made for *_, made in chains]
    parts = [part for *before_it, _ in chains for part in before_it]
    if first.operation in ("derive", "redirect"):
        takes = takes[:1]  # another seed would change nothing, or not be that run's
    if parent and parent.model and first.operation == "generate":
        if parent.model_revision != first.model_revision:
            more.append("Made anew, since other weights rendered the clip it refines.")
    return Composed(
        takes=tuple(takes), notes=(*notes, *more, *said), parts=tuple(parts)
    )


def _shot(plan: Plan, sources: Sources) -> tuple[Shot, Shot | None, list[str]]:
    """Return the shot of a plan, that of the parent it changes, and what to know of it."""
    parent = sources.parent
    if sources.pictures or sources.film or plan.intent == "animate_image":
        picture = shots.from_json(parent.shot) if parent and parent.prompt else None
        return shots.moving(picture, plan), None, []
    if parent is None:
        return shots.shot_from(plan), None, []
    before = shots.from_json(parent.shot)
    shot, notes = shots.apply(before, plan, clip_s=sources.clip_s)
    return shot, before, notes


def _with_palette(plan: Plan, palette: tuple[float, ...]) -> Plan:
    """Say in numbers which colours a plan asks for by the name of a clip."""
    edits = tuple(
        replace(edit, args={"palette": palette}) if "match" in edit.args else edit
        for edit in plan.edits
    )
    return replace(plan, edits=edits)


def _windows(
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
            f"{shot.duration_s:g} s between held frames is more than {card.name} renders"
            f" at once: use up to {own_s:g} s"
        )
    assert shot.duration_s is not None
    own = replace(shot, duration_s=own_s, effects=())
    first = replace(take, shot=shots.to_json(own), effects=())
    more, notes = operations.extend(
        take, first, first, card, seconds=shot.duration_s - own_s
    )
    told = f"{shot.duration_s:g} s is rendered in {len(more) + 1} parts that overlap."
    return [first, *more], [told, *notes]


def _with_seed(chain: Sequence[Take], seed: int) -> list[Take]:
    """Return takes that build on each other, all from another seed."""
    reseeded, ids = list[Take](), dict[str, str]()
    for take in chain:
        holds = tuple(
            replace(h, source=ids.get(h.source, h.source)) for h in take.holds
        )
        parents = tuple(ids.get(parent, parent) for parent in take.parents)
        reseeded.append(replace(take, seed=seed, holds=holds, parents=parents))
        ids[take.id] = reseeded[-1].id
    return reseeded


def _joined(plan: Plan, request: str, sources: Sources) -> Take | None:
    """Return the take that shows the clips of a plan together, if it asks for that."""
    parent, others = sources.parent, sources.others
    if parent is None or not others:
        return None
    if any(edit.args.get("grid") for edit in plan.edits):
        return join((parent, *others), request, is_grid=True)
    if len(others) > 1 or wants_join(request):
        ordered = in_order((parent, *others), request)
        return join(ordered, request, seconds=dissolve_s(request))
    return None


def _added_s(
    plan: Plan,
    options: Mapping[str, Any],
    card: ModelCard,
    sources: Sources,
    shot: Shot,
) -> float | None:
    """Return how many seconds are added to a clip that stays; None if it changes."""
    kinds = {edit.kind for edit in plan.edits}
    if not kinds & {"extend", "length"} or not kinds <= _GOES_ON:
        return None
    clip, parent = sources.clip, sources.parent
    if clip is None or parent is None or "frames" in options:
        return None
    if sources.mask or sources.step is not None:
        return None
    if parent.media == "image" or parent.model not in ("", card.name):
        return None
    added_s = (shot.duration_s or 0.0) - clip.duration_s
    return added_s if added_s > 0 else None


def _storyboard(
    plan: Plan, request: str, options: Mapping[str, Any], card: ModelCard
) -> Composed:
    """Turn a plan of several scenes into a take for each, and one that joins them."""
    scenes = scene_shots(plan)
    told = shots.to_prompt(scenes[0], card.base)[0]
    seed = measures.seed(plan, options, None, told)  # one for all: they belong together
    takes, parts, notes = [], list[Take](), list[str]()
    for scene in scenes:
        take, more = _take(plan, request, options, card, None, None, scene, seed)
        (*before_it, take), said = _windows(take, options, card)
        takes.append(take)
        parts += before_it
        notes += more + said
    whole = join(takes, request, seconds=dissolve_s(request))
    return Composed(
        takes=(*takes, whole), notes=tuple(dict.fromkeys(notes)), parts=tuple(parts)
    )


def _changed_storyboard(
    plan: Plan,
    request: str,
    options: Mapping[str, Any],
    card: ModelCard,
    sources: Sources,
) -> Composed:
    """Refine clips that were joined: re-cut what they are now, or change each scene."""
    parent, whole = sources.parent, sources.whole
    assert parent is not None
    assert whole is not None
    before = shots.from_json(parent.shot)
    shot, notes = shots.apply(before, plan, clip_s=sources.clip_s)
    if shots.is_derive(before, shot):
        recut = _recut(parent, request, shot, shots.new_effects(before, shot))
        return Composed(takes=(recut,), notes=tuple(notes))
    changed = [
        _single(plan, request, options, card, Sources(parent=scene))
        for scene in sources.scenes
    ]
    takes = [composed.takes[0] for composed in changed]
    joined = join(
        takes,
        request,
        seconds=whole.dissolve_s,
        is_grid=whole.operation == "grid",
    )
    takes.append(joined)
    if before.effects:
        again = replace(shots.from_json(joined.shot), effects=before.effects)
        takes.append(_recut(joined, request, again, before.effects))
    said = dict.fromkeys(note for composed in changed for note in composed.notes)
    parts = tuple(part for composed in changed for part in composed.parts)
    return Composed(takes=tuple(takes), notes=tuple(said), parts=parts)


def _recut(parent: Take, request: str, shot: Shot, effects: tuple[Effect, ...]) -> Take:
    return replace(
        parent,
        operation="derive",
        request=request,
        shot=shots.to_json(shot),
        effects=effects,
        dissolve_s=0.0,
        parents=(parent.id,),
    )


def _take(
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
    prompt, heard = _heard(prompt, card)
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
        return take, notes + heard
    operation = choice.operation(
        take,
        parent,
        before,
        shot,
        is_as_long="frames" not in options and before.duration_s == shot.duration_s,
        is_long=measures.is_long(options, shot, card),
    )
    if operation == "derive" and parent.is_brought:
        effects = shots.new_effects(before, shot)
        return replace(_recut(parent, request, shot, effects), holds=()), notes
    if operation == "derive":
        # Only what is new: the parent's frames already carry its own effects.
        effects = shots.new_effects(before, shot)
        caching = parent.caching
        take = replace(take, step_cache=caching.threshold, cache_kind=caching.kind)
        return replace(take, operation="derive", effects=effects), notes
    if operation == "remix":
        strength = options.get("strength", shots.strength_for(plan.edits))
        return replace(take, operation="remix", strength=strength), notes + heard
    return take, notes + heard


def _heard(prompt: str, card: ModelCard) -> tuple[str, list[str]]:
    """Say the prompt in the words that the model was taught; say what was lost.

    Raises:
        SpecError: If pocket knows no word of it.
    """
    if card.base != "pocket" or not prompt:  # of a film nobody may know what it shows
        return prompt, []
    heard = hear(prompt)
    if not heard.prompt:
        raise SpecError(
            f"pocket knows no word of {prompt[:80]!r}: say it in English with things"
            " of its small world (a red ball, a cat, the beach, night), or name a"
            " larger model with --model"
        )
    notes = []
    if heard.mended:
        pairs = ", ".join(f"{typed!r} is read as {w!r}" for typed, w in heard.mended)
        notes.append(f"{pairs}.")
    if heard.replaced:
        pairs = ", ".join(f"{near} for {word}" for word, near in heard.replaced[:6])
        notes.append(f"pocket draws the nearest thing it was taught: {pairs}.")
    if heard.lost:
        listed = ", ".join(heard.lost[:6])
        notes.append(f"pocket was never taught: {listed}. Left out of the picture.")
    if heard.unpainted:
        listed = ", ".join(heard.unpainted)
        notes.append(
            f"pocket's {listed} has a colour of its own: it paints only its"
            f" {', '.join(vocabulary.SHAPES)}."
        )
    return heard.prompt, notes
