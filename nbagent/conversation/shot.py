"""The shot: the structured description of a picture in motion.

A plan's words become fields; an act touches fields and leaves the rest; the prompt is
rendered from the fields for each family of models and is never edited as a string.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from nbagent.acts import Act, sentence, wording
from nbagent.acts.lettering import Lettering
from nbagent.acts.plan import Plan, Settings
from nbagent.acts.shot import Shot, frame_size, from_json, to_json
from nbagent.errors import SpecError
from nbagent.pocket.taught import taught, turning
from nbagent.take import Effect

__all__ = [
    "Shot",
    "apply",
    "frame_size",
    "from_json",
    "in_words",
    "is_derive",
    "moving",
    "new_effects",
    "shot_from",
    "strength_for",
    "surroundings",
    "to_json",
    "to_prompt",
]

_USUAL_STRENGTH: Final = 0.75
_AROUND: Final = ("place", "time")  # what a scene is without its actors


def shot_from(plan: Plan) -> Shot:
    """Make the shot of a plan that asks for something new.

    >>> shot_from(Plan(intent="generate_video", prompt="a cat on the beach at night"))
    ... # doctest: +ELLIPSIS
    Shot(core='a cat', setting='on the beach', weather='', time='at night', ...)
    """
    return _with_settings(_read(plan.prompt), plan)


def apply(
    shot: Shot, plan: Plan, *, clip_s: float | None = None
) -> tuple[Shot, list[str]]:
    """Apply the acts of a plan to a shot, in order.

    Args:
        shot: The shot of the clip that is refined.
        plan: A `refine` plan.
        clip_s: Duration of that clip as it plays, for trims, lengths and extensions.

    Returns:
        The new shot, and a line for each act that says what becomes different.

    Raises:
        SpecError: If an act cannot be.
    """
    acts = plan.asked
    for act in acts:
        shot = act.change(shot, clip_s)
        clip_s = None if clip_s is None else act.lasts(clip_s)
    return _sized(shot, plan.settings), [act.says() for act in acts]


def moving(picture: Shot | None, plan: Plan) -> Shot:
    """Make the shot of a picture that is set in motion.

    Args:
        picture: The shot that the picture was made from, if it was made here.
        plan: An `animate_image` plan; its prompt says how the picture moves.

    Raises:
        SpecError: If neither says anything.

    >>> moving(Shot(core="a cat", setting="on the beach"), Plan(
    ...     intent="animate_image", prompt="jump")).core
    'a cat jumps'
    """
    said, _ = sentence.without_pronoun(plan.prompt.strip())
    if picture is None and not said:
        raise SpecError("say how the picture moves, like 'animate @photo: it spins'")
    if picture is None:
        shot = _read(said)
    else:
        shot = replace(picture, core=sentence.with_motion(picture.core, said))
    return _with_settings(shot, plan)


def surroundings(shot: Shot) -> Shot:
    """Return the shot of what is around its subject; all of it, if no place is known.

    >>> surroundings(Shot(core="a cat crosses the beach", time="at night"))
    ... # doctest: +ELLIPSIS
    Shot(core='', setting='on the beach', weather='', time='at night', ...)
    """
    setting = shot.setting or sentence.place_in_action(shot.core)
    scene = {k: v for k, v in shot.scene.items() if k in _AROUND}
    if not setting:
        return replace(shot, scene=scene)
    bare: dict[str, Any] = {"motion": (), "extra": (), "pace": "", "scene": scene}
    return replace(shot, core="", setting=setting, **bare)


def to_prompt(shot: Shot, model: str = "pocket") -> tuple[str, str]:
    """Render the prompt and the negative prompt for a model.

    Pocket is told its scene in the form that it was taught; others read a sentence.
    """
    if model == "pocket":
        return turning(shot.scene, shot.into) if shot.into else taught(shot.scene), ""
    return in_words(shot), ", ".join(shot.negative)


def in_words(shot: Shot) -> str:
    """Say a shot as a sentence or a few."""
    style = _style_words(shot.style)
    motion = [m if m.startswith("then ") else f"then {m}" for m in shot.motion]
    scene = [shot.core, shot.pace, shot.setting, shot.weather, shot.time, shot.light]
    text = " ".join(filter(None, scene))
    for clause in (*motion, *shot.extra):
        text += f", {clause}" if text else clause
    tail = [_sentence(text)]
    tail += [_sentence(camera) for camera in shot.camera]
    if style:
        tail.append(_sentence(style))
    return " ".join(filter(None, tail))


def strength_for(acts: Iterable[Act]) -> float:
    """Return how far a remix may leave its parent: the largest that any act needs."""
    drawn = [act for act in acts if act.does == "shot" or act.renews]
    return max((act.strength for act in drawn), default=_USUAL_STRENGTH)


def is_derive(before: Shot, after: Shot) -> bool:
    """Return whether only effects were added, or texts are others: no diffusion."""
    kept = after.effects[: len(before.effects)] == before.effects
    same = replace(after, effects=before.effects, texts=before.texts) == before
    return kept and before != after and same


def new_effects(before: Shot, after: Shot) -> tuple[Effect, ...]:
    """Return the effects that `after` adds to those of `before`."""
    return after.effects[len(before.effects) :]


def _style_words(style: str) -> str:
    if not style or style.startswith("in "):
        return style
    return style if style.endswith(("style", "look", "art")) else f"{style} style"


def _sentence(text: str) -> str:
    text = text.strip()
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _with_settings(shot: Shot, plan: Plan) -> Shot:
    # A new clip has no acts, but the texts over it.
    texts = tuple(act for act in plan.acts if isinstance(act, Lettering))
    for act in replace(plan, acts=texts).asked:
        shot = act.change(shot, None)
    return _sized(shot, plan.settings)


def _sized(shot: Shot, settings: Settings) -> Shot:
    """Return a shot of the pixels that are stated; of one side alone, 0 is the other."""
    width, height = settings.get("width", 0), settings.get("height", 0)
    if not width and not height:
        return shot
    aspect = None if width and height else shot.aspect
    return replace(shot, size=f"{width}x{height}", aspect=aspect)


def _read(prompt: str) -> Shot:
    """Take time, weather, light, camera, pace and place out of an opening prompt."""
    text, found = prompt, dict[str, Any]()
    for name, table in (
        ("time", wording.TIMES),
        ("weather", {**wording.WEATHER, **wording.SEASONS}),
        ("pace", wording.PACE),
    ):
        text, phrase = sentence.take_phrase(text, table)
        if phrase:
            found[name] = phrase
    text, found["light"] = sentence.take_light(text)
    text, camera = sentence.take_camera(text)
    text, setting = sentence.take_setting(text)
    return Shot(core=sentence.tidy(text), camera=camera, setting=setting, **found)
