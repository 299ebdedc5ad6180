"""Storyboards: one turn that tells several scenes, and clips that are put together.

A scene goes on from the one before it: a pronoun is its subject, a mere place or hour
takes the subject along, and the style stays. Each scene is a take of its own, so that
one of them can be changed while the others keep their bytes; a last take joins them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from nbagent.acts import Act, sentence
from nbagent.acts.grid import Grid
from nbagent.acts.join import Join
from nbagent.acts.lettering import Lettering
from nbagent.acts.plan import Plan
from nbagent.acts.wording import is_place, located
from nbagent.conversation import casting, measures, scene
from nbagent.conversation import shot as shots
from nbagent.conversation.layers import refined
from nbagent.conversation.operation_choice import Unchanged
from nbagent.conversation.recuts import recut
from nbagent.conversation.shot import Shot
from nbagent.conversation.single import Composed, take_of, windows
from nbagent.conversation.sources import Sources
from nbagent.errors import SpecError
from nbagent.models.cards import ModelCard
from nbagent.take import Take

MAX_SCENES: Final = 12
_MAX_ROW: Final = 3


def joined(plan: Plan, request: str, sources: Sources) -> Take | None:
    """Return the take that shows the clips of a plan together, if it asks for that.

    What is asked of the frames beside it is of all of them together.

    Raises:
        SpecError: If there is nothing to show it with, or a clip is to change as well.
    """
    act = next((one for one in plan.acts if isinstance(one, Join | Grid)), None)
    if act is None or sources.parent is None:
        return None
    takes = (sources.parent, *sources.others)
    if not sources.others and isinstance(act, Join) and sources.scenes:
        takes = _scenes(sources)
    if len(takes) < 2:
        raise SpecError(f"{act.says()}: name the other clip, like 'join c1 and c2'")
    beside = [one for one in plan.asked if one is not act]
    if other := next((one for one in beside if one.does != "frames"), None):
        raise SpecError(
            f"{other.says()}: this changes a single clip, so ask for it before"
            " putting clips together"
        )
    seconds = act.dissolve_s if isinstance(act, Join) else 0.0
    whole = join(takes, request, seconds=seconds, is_grid=isinstance(act, Grid))
    shot, _ = shots.apply(
        shots.from_json(whole.shot), replace(plan, acts=tuple(beside))
    )
    return replace(whole, shot=shots.to_json(shot), effects=shot.effects)


def storyboard(
    plan: Plan, request: str, options: Mapping[str, Any], card: ModelCard
) -> Composed:
    """Turn a plan of several scenes into a take for each, and one that joins them."""
    plan, over = _apart(plan)
    scenes = scene_shots(plan)
    told = shots.in_words(scenes[0])
    seed = measures.seed(plan, options, None, told)  # one for all: they belong together
    takes, parts, notes = [], list[Take](), list[str]()
    earlier: Mapping[str, str] = {}
    actors: Sequence[str] = [""] * len(scenes)
    if card.base == "pocket":
        actors = casting.of_scenes(scenes, options.get("actor", ()))
    for shot, actor in zip(scenes, actors, strict=True):
        heard = list[str]()
        if card.base == "pocket":
            shot, heard = scene.settled(
                shot, None, (), seed, earlier=earlier, actor=actor
            )
            earlier = shot.scene
        shot, cropped = measures.squared(shot, card.base)
        take, more = take_of(plan, request, options, card, None, None, shot, seed)
        (*before_it, take), said = windows(take, options, card)
        takes.append(take)
        parts += before_it
        notes += heard + cropped + more + said
    seconds = max((a.dissolve_s for a in plan.acts if isinstance(a, Join)), default=0.0)
    whole = join(takes, request, seconds=seconds)
    shot = _over(shots.from_json(whole.shot), over)
    whole = replace(whole, shot=shots.to_json(shot))
    return Composed(
        takes=(*takes, whole), notes=tuple(dict.fromkeys(notes)), parts=tuple(parts)
    )


def changed_storyboard(
    plan: Plan,
    request: str,
    options: Mapping[str, Any],
    card: ModelCard,
    sources: Sources,
) -> Composed:
    """Refine clips that were joined: change each scene, and join them again."""
    parent, whole = sources.parent, sources.whole
    assert parent is not None
    assert whole is not None
    before = shots.from_json(parent.shot)
    plan, over = _apart(plan)
    texts = _over(before, over).texts
    changed, same = _changed_scenes(plan, request, options, card, sources.scenes)
    takes = [composed.takes[0] for composed in changed if composed is not None]
    shown = [
        old if composed is None else composed.takes[0]
        for old, composed in zip(_scenes(sources), changed, strict=True)
    ]
    if not takes:
        raise SpecError(same)
    again = join(
        shown,
        request,
        seconds=whole.dissolve_s,
        is_grid=whole.operation == "grid",
    )
    shot = replace(shots.from_json(again.shot), effects=before.effects, texts=texts)
    if not before.effects:
        again = replace(again, shot=shots.to_json(shot))
    takes.append(again)
    if before.effects:
        takes.append(recut(again, request, shot, before.effects))
    made = [composed for composed in changed if composed is not None]
    said = dict.fromkeys(note for composed in made for note in composed.notes)
    parts = tuple(part for composed in made for part in composed.parts)
    return Composed(takes=tuple(takes), notes=tuple(said), parts=parts)


def _apart(plan: Plan) -> tuple[Plan, tuple[Act, ...]]:
    """Return a plan of scenes without its texts, which are of all of them together."""
    over = tuple(act for act in plan.acts if isinstance(act, Lettering))
    rest = tuple(act for act in plan.acts if act not in over)
    return replace(plan, acts=rest), over


def _over(shot: Shot, texts: tuple[Act, ...]) -> Shot:
    """Return a shot with texts over it."""
    return shots.apply(shot, Plan(intent="refine", acts=texts))[0]


def _scenes(sources: Sources) -> tuple[Take, ...]:
    """Return the takes that joined clips show."""
    return tuple(one.parent for one in sources.scenes if one.parent)


def _changed_scenes(
    plan: Plan,
    request: str,
    options: Mapping[str, Any],
    card: ModelCard,
    scenes: Sequence[Sources],
) -> tuple[list[Composed | None], str]:
    """Change each scene; None stands for one that stays as it is, and the line why.

    Raises:
        SpecError: If what is asked is of one clip alone.
    """
    for act in plan.asked:
        if act.does == "held" and not act.renews and act.kind != "aspect":
            raise SpecError(
                f"'{act.says()}' applies to one clip, not to several together: name"
                " that clip, like c1"
            )
    changed, same = list[Composed | None](), ""
    for one in scenes:
        try:
            changed.append(refined(plan, request, options, card, one))
        except Unchanged as error:
            changed.append(None)
            same = str(error)
    return changed, same


def scene_shots(plan: Plan) -> tuple[Shot, ...]:
    """Return the scenes of a storyboard's plan, each as a shot.

    Raises:
        SpecError: If there are fewer than two, or more than twelve.
    """
    told = plan.scenes
    if not 2 <= len(told) <= MAX_SCENES:
        raise SpecError(
            f"a story has 2 to {MAX_SCENES} scenes, and I read"
            f" {len(told) or 'none'}: separate them with ';', like 'two scenes: a"
            " rocket in the desert; it rises'"
        )
    found: list[Shot] = []
    for text in told:
        found.append(_scene(text, found[-1] if found else None, plan))
    return tuple(found)


def _scene(text: str, before: Shot | None, plan: Plan) -> Shot:
    said, is_same = sentence.without_pronoun(text)
    shot = shots.shot_from(replace(plan, prompt=said))
    if is_place(shot.core):
        shot = replace(shot, core="", setting=located(shot.core))
    if before is None:
        return shot
    shot = replace(shot, style=shot.style or before.style)
    if is_same or not shot.core:
        # The same subject goes on: what is not said of its surroundings stays.
        core = sentence.with_motion(before.core, shot.core)
        time = shot.time or ("" if shot.setting and not is_same else before.time)
        shot = replace(
            shot,
            core=core if shot.core else before.core,
            setting=shot.setting or before.setting,
            time=time,
        )
    return shot


def join(
    takes: Sequence[Take],
    request: str,
    *,
    seconds: float = 0.0,
    is_grid: bool = False,
) -> Take:
    """Return the take that shows others one after the other, or beside each other.

    Args:
        takes: What is shown, in order.
        request: The user's own words.
        seconds: How long one dissolves into the next.
        is_grid: Whether they stand side by side: up to three in a row, else in a
            square.

    Raises:
        SpecError: If they differ in size.
    """
    first, count = takes[0], len(takes)
    for take in takes[1:]:
        if (take.height, take.width) != (first.height, first.width):
            raise SpecError(
                f"clips of {first.width}x{first.height} and"
                f" {take.width}x{take.height} do not join: make them the same size"
                " first"
            )
    told = ("; beside " if is_grid else "; then ").join(t.prompt for t in takes)
    columns = count if count <= _MAX_ROW else math.ceil(count**0.5)
    frames = [take.num_frames for take in takes]
    return replace(
        first,
        operation="grid" if is_grid else "join",
        media="video",
        prompt=told,
        negative_prompt="",
        request=request,
        shot=shots.to_json(Shot(core=told)),
        num_frames=max(frames) if is_grid else sum(frames),
        height=first.height * (math.ceil(count / columns) if is_grid else 1),
        width=first.width * (columns if is_grid else 1),
        fps=max(take.fps for take in takes),
        strength=None,
        holds=(),
        redirect_step=None,
        stop_step=None,
        step_cache=0.0,
        cache_kind="first",
        effects=(),
        dissolve_s=seconds,
        parents=tuple(take.id for take in takes),
    )
