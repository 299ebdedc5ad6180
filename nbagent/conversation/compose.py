"""From a plan to takes: which shot, which operation, which numbers.

Pure: the same plan, options and parent give the same takes, on every machine. What
the model cannot do is refused here, before anything is queued.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from nbagent.conversation import shot as shots
from nbagent.conversation.plan import Plan
from nbagent.conversation.shot import Shot
from nbagent.conversation.storyboard import (
    dissolve_s,
    in_order,
    join,
    scene_shots,
    wants_join,
)
from nbagent.errors import SpecError
from nbagent.models import ModelCard
from nbagent.pocket import vocabulary
from nbagent.pocket.nearest import hear
from nbagent.take import MAX_SEED, Effect, Hold, Operation, Quality, Take

MAX_TAKES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """The takes of one turn, and what the user should know of them."""

    takes: tuple[Take, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """What a plan is about, looked up.

    Attributes:
        parent: The take that is refined or set in motion.
        clip_s: Seconds of its clip as it plays, if it was rendered.
        others: The takes that the parent is blended into, or joined with.
        picture: What is set in motion: a picture's digest in the store, or the id of
            the take that it is the first frame of.
        whole: The join that the parent is, or was cut from.
        scenes: What `whole` joins.
        board: The latest storyboard, if the parent is one of its scenes.
        board_scenes: What `board` joins.
    """

    parent: Take | None = None
    clip_s: float | None = None
    others: tuple[Take, ...] = ()
    picture: str | None = None
    whole: Take | None = None
    scenes: tuple[Take, ...] = ()
    board: Take | None = None
    board_scenes: tuple[Take, ...] = ()


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
    if plan.intent == "storyboard":
        return _storyboard(plan, request, options, card)
    if sources.whole is not None:
        return _changed_storyboard(plan, request, options, card, sources)
    composed = _single(plan, request, options, card, sources)
    made = composed.takes
    if plan.intent != "refine" or sources.board is None or len(made) > 1:
        return composed
    if made[0].operation == "join":
        return composed
    # A scene was changed: the whole is shown anew, with the other scenes as they are.
    takes = [made[0] if t == sources.parent else t for t in sources.board_scenes]
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
    parent, others, picture = sources.parent, sources.others, sources.picture
    before, notes = None, list[str]()
    if picture is not None:
        shot = shots.moving(shots.from_json(parent.shot) if parent else None, plan)
    elif parent is None:
        shot = shots.shot_from(plan)
    else:
        before = shots.from_json(parent.shot)
        shot, notes = shots.apply(before, plan, clip_s=sources.clip_s)
    if parent is not None and others and (len(others) > 1 or wants_join(request)):
        ordered = in_order((parent, *others), request)
        joined = join(ordered, request, seconds=dissolve_s(request))
        return Composed(takes=(joined,))
    if others:
        core = shots.from_json(others[0].shot).core
        shot = replace(shot, motion=(*shot.motion, f"then it turns into {core}"))
    seed = _seed(plan, options, parent, shots.to_prompt(shot, card.name)[0])
    first, more = _take(plan, request, options, card, parent, before, shot, seed)
    if picture is not None:
        first = replace(first, operation="animate", holds=(Hold(source=picture),))
    if parent is not None and others:
        first = _blend(first, parent, others[0])
    takes = [
        first.with_seed((seed + i) % (MAX_SEED + 1))
        for i in range(_count(plan, options))
    ]
    if first.operation == "derive":
        takes = takes[:1]  # another seed would change nothing
    if parent is not None and first.operation == "generate":
        if parent.model_revision != first.model_revision:
            more.append("Made anew, since other weights rendered the clip it refines.")
    return Composed(takes=tuple(takes), notes=(*notes, *more))


def _blend(take: Take, parent: Take, other: Take) -> Take:
    """Lead from the last frame of one clip to the first of another."""
    ends = (
        Hold(source=parent.id, start=-1),
        Hold(source=other.id, at=take.num_frames - 1),
    )
    return replace(
        take,
        operation="blend",
        media="video",
        strength=None,
        holds=ends,
        effects=(),
        parents=(parent.id, other.id),
    )


def _storyboard(
    plan: Plan, request: str, options: Mapping[str, Any], card: ModelCard
) -> Composed:
    """Turn a plan of several scenes into a take for each, and one that joins them."""
    scenes = scene_shots(plan)
    told = shots.to_prompt(scenes[0], card.name)[0]
    seed = _seed(plan, options, None, told)  # one for all: they belong together
    takes, notes = [], list[str]()
    for scene in scenes:
        take, more = _take(plan, request, options, card, None, None, scene, seed)
        takes.append(take)
        notes += more
    whole = join(takes, request, seconds=dissolve_s(request))
    return Composed(takes=(*takes, whole), notes=tuple(dict.fromkeys(notes)))


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
    joined = join(takes, request, seconds=whole.dissolve_s)
    takes.append(joined)
    if before.effects:
        again = replace(shots.from_json(joined.shot), effects=before.effects)
        takes.append(_recut(joined, request, again, before.effects))
    said = dict.fromkeys(note for composed in changed for note in composed.notes)
    return Composed(takes=tuple(takes), notes=tuple(said))


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
    prompt, negative_prompt = shots.to_prompt(shot, card.name)
    prompt, heard = _heard(prompt, card)
    num_frames, notes = _num_frames(options, shot, before, card, parent)
    height, width = _size(options, shot, card, parent)
    card.check(num_frames, height, width)
    quality = _quality(options, shot)
    take = Take(
        operation="generate",
        media=_media(plan, parent),
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
        num_inference_steps=_steps(options, quality, card),
        guidance_scale=float(options.get("guidance", card.guidance_scale)),
        quality=quality,
        effects=shot.effects,
        parents=() if parent is None else (parent.id,),
    )
    if parent is None or before is None:
        return take, notes + heard
    operation = _operation(take, parent, before, shot)
    if operation == "derive":
        # Only what is new: the parent's frames already carry its own effects.
        effects = shots.new_effects(before, shot)
        return replace(take, operation="derive", effects=effects), notes
    if operation == "remix":
        strength = options.get("strength", shots.strength_for(plan.edits))
        return replace(take, operation="remix", strength=strength), notes + heard
    return take, notes + heard


def _operation(take: Take, parent: Take, before: Shot, shot: Shot) -> Operation:
    """Choose the cheapest operation that gives what was asked."""
    drawn = ("num_frames", "height", "width", "model", "model_revision", "media")
    same_canvas = all(getattr(take, key) == getattr(parent, key) for key in drawn)
    if not same_canvas:
        return "generate"  # the parent's latents have another shape or meaning
    if take.prompt == parent.prompt and take.negative_prompt == parent.negative_prompt:
        same_run = (
            take.seed == parent.seed
            and take.num_inference_steps == parent.num_inference_steps
            and take.guidance_scale == parent.guidance_scale
        )
        return "derive" if same_run and shots.is_derive(before, shot) else "generate"
    return "remix" if take.seed == parent.seed else "generate"


def _media(plan: Plan, parent: Take | None) -> Any:
    if plan.intent == "generate_image":
        return "image"
    if parent is None or plan.intent == "animate_image":
        return "video"
    return parent.media


def _seed(
    plan: Plan, options: Mapping[str, Any], parent: Take | None, prompt: str
) -> int:
    """Choose the seed: as stated, the parent's, or one that the words decide.

    A random seed would make the same notebook give another clip each day.
    """
    stated = options.get("seed", plan.slots.get("seed"))
    if stated is not None:
        return int(stated)
    if parent is None:
        return zlib.crc32(prompt.encode())
    if shots.wants_new_seed(plan):
        return (parent.seed + 1) % (MAX_SEED + 1)
    return parent.seed


def _count(plan: Plan, options: Mapping[str, Any]) -> int:
    count = int(options.get("takes", plan.slots.get("count", 1)))
    if not 1 <= count <= MAX_TAKES:
        raise SpecError(f"{count} takes in one turn: use 1 to {MAX_TAKES}")
    return count


def _num_frames(
    options: Mapping[str, Any],
    shot: Shot,
    before: Shot | None,
    card: ModelCard,
    parent: Take | None,
) -> tuple[int, list[str]]:
    """Choose how many frames to render; a duration is rounded, and that is said."""
    if "frames" in options:
        return int(options["frames"]), []
    unchanged = before is not None and before.duration_s == shot.duration_s
    if parent is not None and parent.model == card.name and unchanged:
        return parent.num_frames, []
    if shot.duration_s is None:
        return card.num_frames, []
    wanted = round(shot.duration_s * card.fps)
    if not 1 <= wanted <= card.max_num_frames:
        most_s = card.max_num_frames / card.fps
        raise SpecError(
            f"{shot.duration_s:g} s is {wanted} frames at {card.fps:g} fps, more than"
            f" {card.name} can hold: use up to {most_s:g} s"
        )
    # A tie goes to the longer clip: "extend it" must not give the same length again.
    num_frames = min(card.nearest(wanted), key=lambda n: (abs(n - wanted), -n))
    if num_frames == wanted:
        return wanted, []
    seconds = num_frames / card.fps
    note = (
        f"{shot.duration_s:g} s is {wanted} frames at {card.fps:g} fps;"
        f" {card.name} renders {num_frames} ({seconds:.2f} s)."
    )
    return num_frames, [note]


def _size(
    options: Mapping[str, Any], shot: Shot, card: ModelCard, parent: Take | None
) -> tuple[int, int]:
    """Return height and width: as stated, of the stated aspect, or the parent's."""
    if "size" in options:
        height, width = options["size"]
        return int(height), int(width)
    if parent is not None and parent.model == card.name:
        usual = (parent.height, parent.width)
    else:
        usual = (card.height, card.width)
    return shots.frame_size(shot, *usual, card.size_multiple)


def _quality(options: Mapping[str, Any], shot: Shot) -> Quality:
    if "draft" in options:
        return "draft"
    if "final" in options:
        return "final"
    return shot.quality or "final"


def _steps(options: Mapping[str, Any], quality: Quality, card: ModelCard) -> int:
    if "steps" in options:
        return int(options["steps"])
    return card.draft_steps if quality == "draft" else card.num_inference_steps


def _heard(prompt: str, card: ModelCard) -> tuple[str, list[str]]:
    """Say the prompt in the words that the model was taught; say what was lost.

    Raises:
        SpecError: If pocket knows no word of it.
    """
    if card.name != "pocket":
        return prompt, []
    heard = hear(prompt)
    if not heard.prompt:
        raise SpecError(
            f"pocket knows no word of {prompt[:80]!r}: say it in English with things"
            " of its small world (a red ball, a cat, the beach, night), or name a"
            " larger model with --model"
        )
    notes = []
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
