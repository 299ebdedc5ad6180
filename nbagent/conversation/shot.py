"""The shot: the structured description of a picture in motion.

A turn's words become fields; an edit touches fields and leaves the rest; the prompt is
rendered from the fields for each family of models and is never edited as a string.
What cannot be read into a field is kept as the user's own clause: nothing is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from nbagent.conversation import lexicon, words
from nbagent.conversation.picture import Shot, frame_size, from_json, to_json
from nbagent.conversation.plan import Edit, EditKind, Plan, Slots
from nbagent.errors import SpecError
from nbagent.take import Effect

__all__ = [
    "STRENGTHS",
    "Shot",
    "apply",
    "frame_size",
    "from_json",
    "is_derive",
    "moving",
    "new_effects",
    "shot_from",
    "strength_for",
    "surroundings",
    "to_json",
    "to_prompt",
    "wants_new_seed",
]

# How much of the parent an edit may change, 1 is everything. Swept on pocket, 40 edits of
# each kind (docs/pocket.md): below these the new value does not always arrive, above them
# nothing is won, and the pace of another subject is lost. A style sits between.
STRENGTHS: Final[Mapping[EditKind, float]] = {
    "quality": 0.5,  # a final: below half of the noise only outlines are drawn
    "recolor": 0.8,
    "restyle": 0.75,
    "change_background": 0.75,
    "camera": 0.8,
    "replace_subject": 0.7,
    "change_motion": 0.9,
    "seed": 1.0,  # of a part; another try at the whole is no remix
}
_DEFAULT_STRENGTH: Final = 0.75
# A thing where none was, or none where one was: of either, little is in the parent.
_WHERE_NOTHING_WAS: Final = 0.85
# An extension or a length that states no number.
_DEFAULT_EXTENSION_S: Final = 1.0
_TAG_MODELS: Final = frozenset({"pocket"})


def shot_from(plan: Plan) -> Shot:
    """Make the shot of a turn that asks for something new.

    >>> shot_from(Plan(intent="generate_video", prompt="a cat on the beach at night"))
    ... # doctest: +ELLIPSIS
    Shot(core='a cat', setting='on the beach', weather='', time='at night', ...)
    """
    slots = plan.slots
    shot = _with_slots(_read_core(plan.prompt, slots.get("style", "")), slots)
    if slots.get("loop"):
        shot = replace(shot, effects=(*shot.effects, Effect(kind="loop")))
    return shot


def apply(
    shot: Shot, plan: Plan, *, clip_s: float | None = None
) -> tuple[Shot, list[str]]:
    """Apply the edits and slots of a plan to a shot.

    Args:
        shot: The shot of the clip that is refined.
        plan: A `refine` plan. `undo` and `blend` change no field: they are acts on
            clips and are the session's to do.
        clip_s: Duration of that clip as it plays, for trims, lengths and extensions.

    Returns:
        The new shot, and a line per edit that says what was done with it.
    """
    before, notes = shot, list[str]()
    base_s = clip_s if clip_s is not None else shot.duration_s
    for edit in plan.edits:
        if not edit.args:
            shot = replace(shot, extra=(*shot.extra, _own_clause(edit.text)))
            notes.append(f"kept in your own words: {_own_clause(edit.text)!r}")
            continue
        shot, note = _apply_edit(shot, edit, base_s, clip_s)
        if note:
            notes.append(note)
    for clause in plan.unparsed:
        if clause not in {edit.text for edit in plan.edits}:
            shot = replace(shot, extra=(*shot.extra, _own_clause(clause)))
            notes.append(f"kept in your own words: {_own_clause(clause)!r}")
    kinds = {edit.kind for edit in plan.edits}
    # An extension's seconds are what is added; a trim's are what is kept.
    timed: Slots = {**plan.slots}
    if kinds & {"extend", "length", "trim", "speed"}:
        timed.pop("duration_s", None)
    timed.pop("style", None)
    is_larger = any("upscale" in edit.args for edit in plan.edits)
    if is_larger or any("canvas" in edit.args for edit in plan.edits):
        # They are of the pixels that are kept, not of what is rendered.
        timed.pop("aspect", None)
        timed.pop("size", None)
    shot = _with_slots(shot, timed)
    acts = {"seed", "undo", "blend", "quality", "loop"}
    if shot == before and not (is_larger or kinds & acts):
        notes.append("nothing in the shot changed")
    return shot, notes


def moving(picture: Shot | None, plan: Plan) -> Shot:
    """Make the shot of a picture that is set in motion.

    Args:
        picture: The shot that the picture was made from, if it was made here.
        plan: An `animate_image` plan; its words say how the picture moves.

    Raises:
        SpecError: If neither says anything.

    >>> moving(Shot(core="a cat", setting="on the beach"), Plan(
    ...     intent="animate_image", prompt="animate c1 so that it jumps")).core
    'a cat jumps'
    """
    said = words.motion_words(plan.prompt)
    if picture is None and not said:
        raise SpecError("say how the picture moves, like 'animate @photo: it spins'")
    if picture is None:
        shot = _read_core(said, plan.slots.get("style", ""))
    else:
        shot = replace(picture, core=words.with_motion(picture.core, said))
    return _with_slots(shot, plan.slots)


def surroundings(shot: Shot) -> Shot:
    """Return the shot of what is around its subject; all of it, if no place is known.

    >>> surroundings(Shot(core="a cat crosses the beach", time="at night"))
    ... # doctest: +ELLIPSIS
    Shot(core='', setting='on the beach', weather='', time='at night', ...)
    """
    setting = shot.setting or words.place_in_action(shot.core)
    if not setting:
        return shot
    return replace(shot, core="", setting=setting, motion=(), extra=(), pace="")


def to_prompt(shot: Shot, model: str = "pocket") -> tuple[str, str]:
    """Render the prompt and the negative prompt for a model.

    Pocket was taught comma tags, others read a sentence.
    """
    style = _style_words(shot.style)
    motion = [m if m.startswith("then ") else f"then {m}" for m in shot.motion]
    if model in _TAG_MODELS:
        parts = [shot.core, *motion, shot.setting, shot.weather, shot.time, shot.light]
        parts += [*shot.extra, *shot.camera, shot.pace, style]
        return ", ".join(filter(None, parts)), ", ".join(shot.negative)
    scene = [shot.core, shot.pace, shot.setting, shot.weather, shot.time, shot.light]
    sentence = " ".join(filter(None, scene))
    for clause in (*motion, *shot.extra):
        sentence += f", {clause}" if sentence else clause
    tail = [_sentence(sentence)]
    tail += [_sentence(camera) for camera in shot.camera]
    if style:
        tail.append(_sentence(style))
    return " ".join(filter(None, tail)), ", ".join(shot.negative)


def strength_for(edits: Iterable[Edit]) -> float:
    """Return how far the remix may leave its parent: the largest any edit needs."""
    wanted = [
        _WHERE_NOTHING_WAS if e.args.keys() & {"add", "remove"} else STRENGTHS[e.kind]
        for e in edits
        if e.kind in STRENGTHS
    ]
    return max(wanted, default=_DEFAULT_STRENGTH)


def is_derive(before: Shot, after: Shot) -> bool:
    """Return whether only effects were added, so that no diffusion is needed."""
    kept = after.effects[: len(before.effects)] == before.effects
    return kept and before != after and replace(after, effects=before.effects) == before


def new_effects(before: Shot, after: Shot) -> tuple[Effect, ...]:
    """Return the effects that `after` adds to those of `before`."""
    return after.effects[len(before.effects) :]


def wants_new_seed(plan: Plan) -> bool:
    """Return whether the turn asks for another attempt at the same shot."""
    return any(e.kind == "seed" and "new_seed" in e.args for e in plan.edits)


def _own_clause(text: str) -> str:
    return text.strip(" ,.;!?")


def _style_words(style: str) -> str:
    if not style or style.startswith("in "):
        return style
    return style if style.endswith(("style", "look", "art")) else f"{style} style"


def _sentence(text: str) -> str:
    text = text.strip()
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _with_slots(shot: Shot, slots: Slots) -> Shot:
    changes: dict[str, Any] = {
        name: slots[name] for name in ("duration_s", "fps", "seed") if name in slots
    }
    if "size" in slots:
        changes |= {"size": slots["size"], "aspect": None}
    elif "aspect" in slots:
        changes |= {"aspect": slots["aspect"], "size": None}
    if "quality" in slots:
        changes["quality"] = "draft" if slots["quality"] == "preview" else "final"
    if things := slots.get("negative"):
        changes["negative"] = tuple(dict.fromkeys((*shot.negative, *things)))
    return replace(shot, **changes)


def _read_core(prompt: str, style: str) -> Shot:
    """Take time, weather, light, camera, pace and place out of an opening prompt."""
    text, found = prompt, dict[str, Any]()
    for name, table in (
        ("time", lexicon.TIMES),
        ("weather", lexicon.WEATHER),
        ("pace", lexicon.PACE),
    ):
        text, phrase = words.take_phrase(text, table)
        if phrase:
            found[name] = phrase
    if light := lexicon.LIGHT.search(text):
        text, found["light"] = words.cut(text, light.span()), light[0]
    text, camera = words.take_camera(text)
    text, setting = words.take_setting(text)
    return Shot(
        core=words.tidy(text), camera=camera, setting=setting, style=style, **found
    )


def _apply_edit(
    shot: Shot, edit: Edit, base_s: float | None, clip_s: float | None
) -> tuple[Shot, str]:
    args: dict[str, Any] = dict(edit.args)
    if edit.kind == "trim":
        return _trim(shot, args, clip_s)
    if edit.kind in ("extend", "length"):
        return _lengthen(shot, edit.kind, args, base_s)
    if edit.kind in _ACTS:
        # Acts on clips, not on the shot: the session's.
        return shot, ""
    return _APPLIERS[edit.kind](shot, args)


def _restyle(shot: Shot, args: dict[str, Any]) -> tuple[Shot, str]:
    if "palette" in args:
        effect = Effect(kind="match", palette=args["palette"])
        return _effect(shot, effect), "colours matched"
    return replace(shot, style=args["style"]), f"style: {args['style']}"


def _camera(shot: Shot, args: dict[str, Any]) -> tuple[Shot, str]:
    return replace(shot, camera=(args["camera"],)), f"camera: {args['camera']}"


def _speed(shot: Shot, args: dict[str, Any]) -> tuple[Shot, str]:
    factor = float(args["factor"])
    return _effect(shot, Effect(kind="speed", speed=factor)), f"speed x{factor:g}"


def _loop(shot: Shot, args: dict[str, Any]) -> tuple[Shot, str]:
    if args.get("seamless"):
        return shot, "loops: its end leads back to its beginning"
    return _effect(shot, Effect(kind="loop")), "loops"


def _aspect(shot: Shot, args: dict[str, Any]) -> tuple[Shot, str]:
    if canvas := args.get("canvas"):
        cuts = bool(canvas.keys() & {"box", "ratio"})
        effect = Effect(kind="crop" if cuts else "resize", **canvas)
        return _effect(shot, effect), "cropped" if cuts else "resized"
    if "upscale" in args:
        return shot, "drawn larger, in finer detail"
    size, aspect = args.get("size"), args.get("aspect")
    return replace(shot, size=size, aspect=aspect), f"frame: {size or aspect}"


def _quality(shot: Shot, args: dict[str, Any]) -> tuple[Shot, str]:
    return replace(shot, quality=args["quality"]), f"quality: {args['quality']}"


def _seed(shot: Shot, args: dict[str, Any]) -> tuple[Shot, str]:
    return replace(shot, seed=args.get("seed")), "another seed"


def _effect(shot: Shot, effect: Effect) -> Shot:
    return replace(shot, effects=(*shot.effects, effect))


def _recolor(shot: Shot, args: dict[str, Any]) -> tuple[Shot, str]:
    thing, color = args.get("thing"), args["color"]
    for name in ("core", "setting"):
        text = getattr(shot, name)
        if changed := words.recolor(text, thing, color, subject=name == "core"):
            changes: dict[str, Any] = {name: changed}
            return replace(shot, **changes), f"{thing or 'colour'}: {color}"
    clause = f"{color} {thing}" if thing else f"in {color}"
    return replace(shot, extra=(*shot.extra, clause)), f"added: {clause!r}"


def _replace_subject(shot: Shot, args: dict[str, Any]) -> tuple[Shot, str]:
    if core := args.get("core"):
        return replace(shot, core=core, motion=(), pace=""), f"subject: {core}"
    if thing := args.get("remove"):
        thing = words.bare(thing)
        core = words.without(shot.core, thing)
        extra = tuple(e for e in shot.extra if not words.mentions(e, thing))
        negative = tuple(dict.fromkeys((*shot.negative, thing)))
        return replace(
            shot, core=core, extra=extra, negative=negative
        ), f"without {thing}"
    if added := args.get("add"):
        added = added if added.startswith("with ") else f"with {added}"
        return replace(shot, extra=(*shot.extra, added)), f"added: {added!r}"
    new, old = args["new"], args.get("old")
    swapped = words.swap_subject(shot.core, new, old)
    if swapped is None:
        clause = f"with {new} instead of the {old}"
        return replace(shot, extra=(*shot.extra, clause)), f"added: {clause!r}"
    return replace(shot, core=swapped), f"subject: {new}"


def _change_background(shot: Shot, args: dict[str, Any]) -> tuple[Shot, str]:
    changes: dict[str, Any] = {}
    if time := args.get("time"):
        changes["time"] = time
        # A sky of another hour, and light that belongs to it, would contradict it.
        changes["core"] = words.tidy(lexicon.SKY.sub("", shot.core))
        changes["extra"] = tuple(e for e in shot.extra if not lexicon.SKY.search(e))
        changes["setting"] = words.tidy(lexicon.SKY.sub("", shot.setting))
        if re.search(r"sun|moon|daylight", shot.light):
            changes["light"] = ""
    if weather := args.get("weather"):
        changes["weather"] = weather
    if setting := args.get("setting"):
        core = changes.get("core", shot.core)
        placed = bool(changes.get("setting", shot.setting))
        core, used = words.swap_place(core, setting, has_setting=placed)
        changes |= {"core": core, "setting": "" if used else setting}
    if extra := args.get("extra"):
        changes["extra"] = (*changes.get("extra", shot.extra), extra)
    said = ", ".join(str(v) for v in args.values())
    return replace(shot, **changes), f"background: {said}"


def _change_motion(shot: Shot, args: dict[str, Any]) -> tuple[Shot, str]:
    if args.get("reverse"):
        return _effect(shot, Effect(kind="reverse")), "plays backwards"
    action = args["action"]
    if args.get("then"):
        verb = words.finite(action)
        return replace(shot, motion=(*shot.motion, verb)), f"then {verb}"
    core = words.swap_action(shot.core, action)
    # "crosses the beach" named the place: another action must not lose it.
    setting = shot.setting or words.place_in_action(shot.core)
    changed = replace(shot, core=core, setting=setting, motion=(), pace="")
    return changed, f"motion: {action}"


def _trim(shot: Shot, args: dict[str, Any], clip_s: float | None) -> tuple[Shot, str]:
    start: float = args.get("start", 0.0)
    end: float | None = args.get("end")
    side = args.get("keep") or args.get("drop")
    if side:
        if clip_s is None:
            raise SpecError("a trim needs a finished clip: wait for it, or name one")
        seconds = clip_s / 2 if args.get("half") else float(args["seconds"])
        if seconds >= clip_s:
            raise SpecError(
                f"{seconds:g} s is not less than the clip's {clip_s:g} s: trim less of it"
            )
        # What is kept is the head if it is kept first, or if the tail is dropped.
        if ("keep" in args) == (side == "first"):
            start, end = 0.0, seconds if "keep" in args else clip_s - seconds
        else:
            start, end = (clip_s - seconds if "keep" in args else seconds), None
    effect = Effect(kind="trim", start_s=start or None, end_s=end)
    until = "the end" if end is None else f"{end:g} s"
    return _effect(shot, effect), f"keeps {start:g} s to {until}"


def _lengthen(
    shot: Shot, kind: EditKind, args: dict[str, Any], base_s: float | None
) -> tuple[Shot, str]:
    seconds = args.get("seconds")
    if kind == "length" and seconds is not None:
        total = float(seconds)
    elif base_s is None:
        raise SpecError("how long should it be? state the seconds, such as 4 s")
    elif kind == "length":
        total = base_s * float(args["factor"])
    else:
        total = base_s + float(seconds if seconds is not None else _DEFAULT_EXTENSION_S)
    if total <= 0:
        raise SpecError(f"a length of {total:g} s has no frames: use more than 0 s")
    return replace(shot, duration_s=total), f"length: {total:g} s"


_ACTS: Final[frozenset[EditKind]] = frozenset({"blend", "undo"})
_APPLIERS: Final[
    Mapping[EditKind, Callable[[Shot, dict[str, Any]], tuple[Shot, str]]]
] = {
    "restyle": _restyle,
    "recolor": _recolor,
    "replace_subject": _replace_subject,
    "change_background": _change_background,
    "change_motion": _change_motion,
    "camera": _camera,
    "speed": _speed,
    "loop": _loop,
    "aspect": _aspect,
    "quality": _quality,
    "seed": _seed,
}
