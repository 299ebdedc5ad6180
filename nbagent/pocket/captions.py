"""Draws scenes and says them: what training sees. Numpy only, seeded, no state."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, TypeVar

import numpy as np

from nbagent.pocket import phrases
from nbagent.pocket import vocabulary as words
from nbagent.pocket.taught import taught, with_a
from nbagent.pocket.vocabulary import Camera
from nbagent.pocket.world import Scene

T = TypeVar("T")
_SAID: Final = (
    *("actor", "second", "corner", "place", "time", "motion", "pace", "camera"),
    "view",
)

# Plain backgrounds teach which colour word belongs to which noun (facts: the two
# colours swapped on plain backgrounds), so they are a third of all scenes.
_PLAIN_SHARE: Final = 0.33
# Each emoji is a picture of its own; shapes share outlines and colours.
_EMOJI_SHARE: Final = 0.66
_CAMERA_SHARE: Final = 0.15  # of scenes on a painted place
_SECOND_SHARE: Final = 0.06
# Of training: which colour is whose is learnt from two actors alone, and slowly.
_SECOND_SHARE_TAUGHT: Final = 0.15
_CORNER_SHARE: Final = 0.6  # of second actors, that are told where to stand
_VIEW_SHARE: Final = 0.6  # of painted places
_TAUGHT_SHARE: Final = 0.6  # of what is said, in the form that a notebook says it in
_ACROSS_SHARE: Final = 0.15  # of that, of motions to a side


def pick(rng: np.random.Generator, options: tuple[T, ...]) -> T:
    """Return one of the options, all equally likely."""
    return options[int(rng.integers(len(options)))]


def draw_scene(rng: np.random.Generator, *, fine_share: float = 0.0) -> Scene:
    """Draw a scene for training; never one that is held out.

    `fine_share` of them are given an actor that is hard to draw.
    """
    while True:
        scene = draw_any_scene(rng, second_share=_SECOND_SHARE_TAUGHT)
        if fine_share and rng.random() < fine_share:
            fine = tuple(a for a in words.FINE if a != scene.second)
            scene = replace(scene, actor=pick(rng, fine))
        is_second_known = not scene.second or not words.is_held_out_pair(
            scene.second, scene.place
        )
        if is_second_known and not words.is_held_out(
            scene.actor, scene.motion, scene.place, scene.time
        ):
            return scene


def draw_any_scene(
    rng: np.random.Generator, *, second_share: float = _SECOND_SHARE
) -> Scene:
    """Draw a scene from the whole world, held-out combinations included."""
    place = pick(rng, words.SCENES)
    if rng.random() < _PLAIN_SHARE:
        place = pick(rng, words.PLAIN)
    motion = pick(rng, words.MOTIONS)
    camera: Camera = "still"
    if place in words.SCENES and rng.random() < _CAMERA_SHARE:
        camera = pick(rng, words.CAMERAS[1:])
    actor = _draw_actor(rng, place)
    second = ""
    if rng.random() < second_share:
        second = _draw_actor(rng, place)
        nouns = {words.colour_and_noun(a)[1] for a in (actor, second)}
        if len(nouns) == 1:  # "a cat and a cat" says nothing
            second = ""
    has_corner = second and rng.random() < _CORNER_SHARE
    has_view = place in words.SCENES and rng.random() < _VIEW_SHARE
    return Scene(
        actor=actor,
        place=place,
        time=pick(rng, words.TIMES) if words.has_time(place) else "day",
        motion=motion,
        pace=pick(rng, words.PACES) if motion != "stay" else "normal",
        camera=camera,
        second=second,
        corner=pick(rng, words.CORNERS) if has_corner else "",
        view=int(rng.integers(words.VIEWS)) + 1 if has_view else 0,
        seed=int(rng.integers(2**31)),
    )


def _draw_actor(rng: np.random.Generator, place: str) -> str:
    """Draw an actor; never a shape on its own colour, which could not be seen."""
    if rng.random() < _EMOJI_SHARE:
        return pick(rng, words.EMOJI)
    colour = pick(rng, words.COLOURS)
    while f"plain {colour}" == place:
        colour = pick(rng, words.COLOURS)
    return f"{colour} {pick(rng, words.SHAPES)}"


def factors(scene: Scene) -> dict[str, str]:
    """Return what is to be said of a scene, as `taught` takes it."""
    named = {name: str(getattr(scene, name) or "") for name in _SAID}
    return {name: value for name, value in named.items() if value}


def caption(scene: Scene, rng: np.random.Generator) -> str:
    """Say a scene: in the taught form, or as one of many paraphrases."""
    if rng.random() < _TAUGHT_SHARE:
        said = factors(scene)
        if scene.motion in ("left", "right") and rng.random() < _ACROSS_SHARE:
            said["motion"] = "across"
        return taught(said)
    text = _paraphrase(scene, rng)
    return f"{text}, view {scene.view}" if scene.view else text


def _paraphrase(scene: Scene, rng: np.random.Generator) -> str:
    """Say a scene as a sentence or as comma tags."""
    subject = _subject(scene.actor, rng)
    second = _second(scene, rng)
    finite, participle, place_said = _action(scene, rng)
    place = "" if place_said else _place(scene, rng)
    time, pace, camera = _adverbials(scene, rng)

    if rng.random() < 0.5:  # tags: "a red ball moving right on the beach, slowly"
        head = [subject, second, participle if rng.random() < 0.85 else finite]
        tags = [place, time, pace, camera]
        if rng.random() < 0.5:
            head.append(tags.pop(0))
        if rng.random() < 0.5:
            rng.shuffle(tags)
        parts = [" ".join(filter(None, head)), *filter(None, tags)]
        if rng.random() < 0.1:
            rng.shuffle(parts)
        return ", ".join(parts)

    # A sentence: "at sunset a red ball slowly rises over the sea".
    verb = finite if rng.random() < 0.5 else participle
    adverb = pace if pace.endswith("ly") and rng.random() < 0.5 else ""
    pace = "" if adverb else pace
    order = [pace, place, time] if rng.random() < 0.5 else [place, time, pace]
    front = ""
    if time and rng.random() < 0.15:
        front, order = f"{time} ", [p for p in order if p != time]
    elif place and verb and rng.random() < 0.1:
        front, order = f"{place} ", [p for p in order if p != place]
    tail = " ".join(filter(None, [subject, second, adverb, verb, *order]))
    return front + tail + (f", {camera}" if camera else "")


def _adverbials(scene: Scene, rng: np.random.Generator) -> tuple[str, str, str]:
    """Say time, pace and camera; what goes without saying is mostly not said."""
    time = ""
    if words.has_time(scene.place) and (scene.time != "day" or rng.random() < 0.25):
        time = pick(rng, phrases.TIME_PHRASES[scene.time])
    pace = ""
    if scene.pace != "normal":
        pace = pick(rng, phrases.PACE_PHRASES[scene.pace])
    elif scene.motion != "stay" and rng.random() < 0.05:
        pace = pick(rng, phrases.PACE_PHRASES["normal"])
    camera = ""
    if scene.camera != "still" or rng.random() < 0.03:
        camera = pick(rng, phrases.CAMERA_PHRASES[scene.camera])
    return time, pace, camera


def _subject(actor: str, rng: np.random.Generator) -> str:
    colour, noun = words.colour_and_noun(actor)
    said = pick(rng, phrases.ACTOR_WORDS[noun])
    if colour:
        said = f"{pick(rng, phrases.COLOUR_WORDS[colour])} {said}"
    draw = rng.random()
    return said if draw < 0.1 else f"the {said}" if draw < 0.18 else with_a(said)


def _second(scene: Scene, rng: np.random.Generator) -> str:
    """Say the companion: "and a dog", "next to a red ball"."""
    if not scene.second:
        return ""
    link = pick(rng, ("and", "and", "with", "next to", "beside"))
    text = f"{link} {_subject(scene.second, rng)}"
    return f"{text} in the {scene.corner} corner" if scene.corner else text


def _place(scene: Scene, rng: np.random.Generator) -> str:
    if scene.place in words.PLAIN:
        colour = scene.place.removeprefix("plain ")
        said = pick(rng, phrases.COLOUR_WORDS[colour])
        return pick(rng, phrases.PLAIN_PHRASES).replace("{c}", said)
    if scene.place == words.DEFAULT_PLACE and rng.random() < 0.4:
        return ""
    return pick(rng, phrases.PLACE_PHRASES[scene.place])


def _action(scene: Scene, rng: np.random.Generator) -> tuple[str, str, bool]:
    """Return the verb as finite form and participle, and whether it names the place."""
    motion = scene.motion
    if motion == "stay" and rng.random() < 0.65:
        return "", "", False
    if motion in words.SIDES:
        if scene.place in words.SCENES and rng.random() < 0.15:
            noun = pick(rng, phrases.PLACE_NOUNS[scene.place])
            a, b = pick(rng, phrases.CROSS_PHRASES)
            article = "" if scene.place == "space" else "the "
            noun = article + noun
            return a.replace("the {p}", noun), b.replace("the {p}", noun), True
        ways = phrases.WAYS.get(words.colour_and_noun(scene.actor)[1])
        if ways and rng.random() < 0.3:
            a, b = pick(rng, ways)
            to = f" to the {motion}" if rng.random() < 0.5 else f" {motion}"
            return a + to, b + to, False
    a, b = pick(rng, phrases.MOTION_PHRASES[motion])
    if motion == "rise" and scene.place in words.SCENES and rng.random() < 0.15:
        noun = pick(rng, phrases.PLACE_NOUNS[scene.place])
        if scene.place != "space":
            return f"{a} from the {noun}", f"{b} from the {noun}", True
    return a, b, False
