"""Pictures that a camera moves over: when that is meant, and the takes that come of it.

A model that takes pictures has them first. pocket never gets one that it did not draw: it
would become something of its own small world.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from nbagent.acts.add import Add
from nbagent.acts.aspect import Aspect
from nbagent.acts.base import Act
from nbagent.acts.camera import Camera
from nbagent.acts.fps import Fps
from nbagent.acts.loop import Loop
from nbagent.acts.motion import Motion
from nbagent.acts.plan import Plan
from nbagent.acts.quality import Quality
from nbagent.acts.reseed import Reseed
from nbagent.acts.restyle import Restyle
from nbagent.charts.pace import check_picture
from nbagent.conversation import measures, moves
from nbagent.conversation import shot as shots
from nbagent.conversation.camera_measures import (
    MAX_SIDE,
    check_drawn,
    frame_size,
    is_shaping,
    timed,
)
from nbagent.conversation.shot import Shot
from nbagent.conversation.single import Composed
from nbagent.conversation.sources import Planed, Sources
from nbagent.errors import SpecError
from nbagent.language import cameras
from nbagent.language.cameras import CameraWords
from nbagent.models.cards import ModelCard
from nbagent.models.catalogue import CATALOGUE, UNCHECKED
from nbagent.models.families import FAMILIES
from nbagent.take import Hold, Take
from nbagent.take.move import Move

_DISSOLVE_S: Final = 1.0
_PARALLAX: Final = 0.5  # of a cut-out, where nobody says how much
# Options that say how a model renders.
_OF_MODELS: Final = ("seed", "steps", "guidance", "strength", "fit")
_SHOWN: Final = 6  # models that a note names
_FITTED: Final = 0.05  # of a picture, that may be cut off without a word
# Acts of words that may be a camera's, whatever they were taken for.
_WORDED: Final = {Camera: "camera", Motion: "motion", Add: "what", Restyle: "style"}


@dataclass(frozen=True, slots=True)
class _Said:
    """What a plan says of a camera.

    Attributes:
        words: All of them.
        acts: The acts that say it.
        rest: What is said beside it, that only a model could do.
        is_for_model: Whether a model could do what the camera does: "it spins".
    """

    words: CameraWords
    acts: tuple[Act, ...]
    rest: str
    is_for_model: bool = False


def is_meant(plan: Plan, sources: Sources, card: ModelCard) -> bool:
    """Return whether a plan is for a camera, and not for the model."""
    parent = sources.parent
    if not sources.planes or sources.film is not None:
        return False
    said = _said(plan, card)
    if _goes_on(plan, parent):
        return _moves_on(plan, said, card)
    is_asked = said.words.is_sure and not said.rest
    is_asked |= any(isinstance(act, Camera) and act.is_exact for act in plan.acts)
    if plan.intent == "animate_image":
        is_own = all(plane.model == card.name for plane in sources.planes)
        return is_asked or (card.base == "pocket" and not is_own)
    is_still = parent is not None and parent.media == "image"
    return plan.intent == "refine" and is_still and is_asked


def is_said(plan: Plan) -> bool:
    """Return whether a plan names a move that nothing in a picture does."""
    said = (plan.prompt, plan.settings.get("camera", ""))
    is_act = any(isinstance(act, Camera) for act in plan.acts)
    return is_act or any(cameras.read(text).is_sure for text in said if text)


def changes_move(plan: Plan, sources: Sources) -> bool:
    """Return whether a plan changes how the camera of a clip moves, not only its frames."""
    if not sources.planes or not _goes_on(plan, sources.parent):
        return False
    said = _said(plan, None)
    others = [act for act in plan.asked if act not in said.acts]
    return bool(said.acts) or any(is_shaping(act) for act in others)


def _goes_on(plan: Plan, parent: Take | None) -> bool:
    """Return whether a plan is about a clip of a camera as a whole."""
    return parent is not None and parent.move is not None and plan.frame is None


def _moves_on(plan: Plan, said: _Said, card: ModelCard) -> bool:
    """Return whether what is asked of a camera's clip is the camera's.

    What a model makes of its frames is the model's, unless that is pocket.
    """
    if said.rest or plan.intent == "animate_image":
        return card.base == "pocket" or not said.rest
    others = [act for act in plan.asked if act not in said.acts]
    shapes = any(is_shaping(act) for act in others)
    return bool(said.acts) or shapes or not all(_is_cut(act) for act in others)


def composed(
    plan: Plan,
    request: str,
    options: Mapping[str, Any],
    card: ModelCard,
    sources: Sources,
) -> Composed:
    """Turn a plan that is for a camera into its take.

    Raises:
        SpecError: If the pictures, the move or the length cannot be.
    """
    parent, planes = sources.parent, sources.planes
    before = parent if parent is not None and parent.move is not None else None
    said = _said(plan, card)
    others = [act for act in plan.asked if act not in said.acts]
    _check(planes, said.rest, before, card)
    shot = _shot(plan, parent, others)
    quality = measures.quality(options, shot)
    size = frame_size(options, shot, planes[0], quality)
    exact = [act for act in said.acts if isinstance(act, Camera) and act.is_exact]
    shapes = [(plane.height, plane.width) for plane in planes]
    known = None if before is None else before.move
    move = moves.told(said.words, exact, known, shapes, size)
    move = _layered(move, planes, is_new=before is None)
    move, seconds, fps = timed(move, others, before, len(planes))
    num_frames = int(options.get("frames", max(round(seconds * fps), 1)))
    check_drawn(move, shapes, size, num_frames, fps)
    told = ", ".join(filter(None, (_prompt(shot, card), move.says())))
    take = Take(
        operation="camera",
        model="",
        model_revision="",
        prompt=told,
        request=request,
        shot=shots.to_json(replace(shot, duration_s=num_frames / fps)),
        seed=0,
        num_frames=num_frames,
        height=size[0],
        width=size[1],
        fps=fps,
        num_inference_steps=1,
        guidance_scale=0.0,
        quality=quality,
        holds=tuple(Hold(source=plane.source) for plane in planes),
        move=move,
        effects=shot.effects,
        parents=_parents(parent, planes),
    )
    if before is not None and _same(take, before):
        raise SpecError(
            f"the camera does that already ({move.says()}): ask for a different move"
        )
    notes = _notes(plan, said, card, take, planes, is_new=before is None)
    if measures.count(plan, options) > 1:
        notes.append("A camera move always looks the same, so one take was made.")
    if unused := [f"--{name}" for name in _OF_MODELS if name in options]:
        notes.append(f"Ignored {', '.join(unused)}: a camera move uses no model.")
    return Composed(takes=(take,), notes=tuple(notes))


def _said(plan: Plan, card: ModelCard | None) -> _Said:
    """Return what a plan says of a camera, and what it says beside it.

    On pocket nothing in a picture turns, so "rotate" is the camera's.
    """
    is_still = card is not None and card.base == "pocket"
    texts, acts, rest = list[str](), list[Act](), list[str]()
    is_for_model = False
    settings = plan.settings
    for text in (settings.get("camera", ""), settings.get("style", "")):
        if text and cameras.read(text).is_said:
            texts.append(text)
    if plan.intent == "animate_image" and plan.prompt:
        read = cameras.read(plan.prompt)
        is_ours = read.is_sure or (read.is_said and texts and read.is_all)
        is_for_model = bool(not is_ours and is_still and read.moves and read.is_all)
        if is_ours or is_for_model:
            texts.append(plan.prompt)
        if not read.is_all or plan.prompt not in texts:
            rest.append(plan.prompt)
    for act in plan.asked:
        name = _WORDED.get(type(act), "")
        text = getattr(act, name) if name else ""
        read = cameras.read(text)
        is_exact = isinstance(act, Camera) and act.is_exact
        if text and (text in texts or read.is_all or is_exact):
            acts.append(act)
            texts += [text] * (text not in texts)
    others = (act for act in plan.asked if act not in acts and _is_drawn(act))
    rest += [act.says() for act in others]
    words = cameras.read(", ".join(texts))
    return _Said(words, tuple(acts), ", ".join(rest), is_for_model)


def _is_cut(act: Act) -> bool:
    return act.does == "frames"


def _is_drawn(act: Act) -> bool:
    """Return whether an act takes a model."""
    return not (_is_cut(act) or is_shaping(act) or isinstance(act, Reseed))


def _check(
    planes: Sequence[Planed], rest: str, before: Take | None, card: ModelCard
) -> None:
    """Refuse pictures that are not there, and what no camera does.

    Raises:
        SpecError: If so.
    """
    for plane in planes:
        if not plane.is_here:
            raise SpecError(
                "the camera needs a finished picture: wait until it is done"
            )
        check_picture(plane.height, plane.width)
    if before is not None and rest:
        raise SpecError(
            f"{rest}: {card.name} cannot change what is in the picture under a"
            " camera move. Ask for another move, or name a model that takes"
            f" pictures (--model {_models()[0]})"
        )


def _shot(plan: Plan, parent: Take | None, acts: Sequence[Act]) -> Shot:
    """Return the shot: the picture's own, with what the plan says of its frame."""
    shot = Shot(core="")
    if parent is not None and parent.shot:
        shot = shots.from_json(parent.shot)
        if parent.move is None:
            shot = replace(shot, duration_s=None, size=None, camera=(), effects=())
    for act in acts:
        if isinstance(act, Aspect | Quality):
            shot = act.change(shot, None)
        elif isinstance(act, Loop) and act.seamless:  # forth and back has no seam
            shot = Loop().change(shot, None)
        elif _is_cut(act) and not isinstance(act, Fps) and not is_shaping(act):
            shot = act.change(shot, None)
    width, height = (plan.settings.get(side, 0) for side in ("width", "height"))
    return replace(shot, size=f"{width}x{height}") if width or height else shot


def _layered(move: Move, planes: Sequence[Planed], *, is_new: bool) -> Move:
    """Return a move with its layers, and with the dissolves of several pictures.

    Raises:
        SpecError: If it asks for layers that there are not.
    """
    is_cut = any(plane.is_cut for plane in planes)
    if (move.parallax or move.backdrop) and not is_cut:
        raise SpecError(
            "parallax needs two layers, and this picture has one: name a picture"
            " with an alpha channel, so that its cut-out can move over a backdrop"
        )
    if is_cut and is_new and not move.parallax:
        move = replace(move, parallax=_PARALLAX)
    if is_new and len(planes) > 1:
        move = replace(move, dissolve_s=_DISSOLVE_S)
    return move


def _prompt(shot: Shot, card: ModelCard) -> str:
    """Return the words of the picture, if it was made of some."""
    return shots.to_prompt(replace(shot, camera=()), card.base)[0] if shot.core else ""


def _parents(parent: Take | None, planes: Sequence[Planed]) -> tuple[str, ...]:
    own = () if parent is None else (parent.id,)
    if parent is not None and parent.move is not None:
        return own
    made = [plane.source for plane in planes if "." not in plane.source]
    return tuple(dict.fromkeys((*own, *made)))


def _same(take: Take, before: Take) -> bool:
    kept = (
        "move",
        "num_frames",
        "fps",
        "height",
        "width",
        "effects",
        "holds",
        "quality",
    )
    return all(getattr(take, name) == getattr(before, name) for name in kept)


def _notes(
    plan: Plan,
    said: _Said,
    card: ModelCard,
    take: Take,
    planes: Sequence[Planed],
    *,
    is_new: bool,
) -> list[str]:
    """Say what became of the pictures, and of the words that no camera does."""
    notes = []
    is_less = bool(said.rest) or said.is_for_model or not said.words.is_said
    if is_new and card.base == "pocket" and is_less:
        left = f" ({said.rest!r:.80} was left out)" if said.rest else ""
        notes.append(
            f"pocket can't make things in a photo move{left}, so a camera moves"
            f" over it ({take.move.says() if take.move else ''}). Models that can:"
            f" {', '.join(_models()[:_SHOWN])} and others (--model NAME)."
        )
    elif is_new and card.base != "pocket" and plan.intent == "animate_image":
        notes.append(
            "A camera moves over the picture; to make things in it move, say how,"
            f" and {card.name} renders that."
        )
    names = [f"@{name}" if name else "the picture" for name in plan.targets or ("",)]
    for name, plane in zip(names, planes, strict=False):
        long = max(plane.height, plane.width)
        if is_new and long > MAX_SIDE and plane == planes[0]:
            notes.append(
                f"{name} is {plane.width}x{plane.height}, the clip"
                f" {take.width}x{take.height}: --size WxH changes that."
            )
        seen = take.width / take.height * plane.height / plane.width
        cut = 1 - min(seen, 1 / seen)
        if is_new and cut > _FITTED:
            notes.append(
                f"{name} is {plane.width}x{plane.height}, the clip"
                f" {take.width}x{take.height}: {min(cut, 0.99):.0%} of the picture"
                " is outside it."
            )
    return notes


def _models() -> list[str]:
    """Return the models of the catalogue that set a picture in motion."""
    return [
        name
        for name, entry in CATALOGUE.items()
        if "image" in FAMILIES[entry.pipeline].pictures and name not in UNCHECKED
    ]
