"""What a clip of training shows, and which part of it is given beforehand.

A notebook holds frames and regions: the first frame of a picture that is set in motion, the
last frames of a clip that goes on, all around a part that is made anew. What is held stands
in the model's input as it is, without noise, so it is learnt from such clips.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nbagent.pocket import vocabulary as words
from nbagent.pocket.captions import caption, factors, pick
from nbagent.pocket.scenery import HEIGHT
from nbagent.pocket.taught import turning
from nbagent.pocket.world import NUM_FRAMES, Frames, Scene, render_with_mask

Mask = NDArray[np.bool_]

HELD_SHARE: Final = 0.5  # of clips; and a quarter of lone moments
_CELLS: Final = 8  # down and across
_CELL: Final = HEIGHT // _CELLS  # units
# Kinds of what is held, and their shares.
_KINDS: Final = {
    "first": 0.2,
    "last": 0.05,
    "ends": 0.15,
    "going on": 0.2,
    "gap": 0.1,
    "region": 0.2,
    "turning": 0.1,
}


class Lesson(NamedTuple):
    """One clip of training."""

    frames: Frames  # (F, 64, 64, 3)
    touched: Mask  # (F, 64, 64), by actors
    held: Mask  # (F, 8, 8), cells that are given
    words: str


def draw_lesson(scene: Scene, rng: np.random.Generator) -> Lesson:
    """Show a scene as a clip of sixteen frames, of which a part may be held."""
    if rng.random() >= HELD_SHARE:
        frames, touched = render_with_mask(scene)
        return Lesson(frames, touched, _no_cells(NUM_FRAMES), caption(scene, rng))
    kind = str(rng.choice(list(_KINDS), p=list(_KINDS.values())))
    if kind == "region":
        return _region(scene, rng, 0, NUM_FRAMES)
    if kind == "turning":
        return _turning(scene, rng)
    start = 0
    held = _no_cells(NUM_FRAMES)
    count = int(rng.integers(1, 9))
    match kind:
        case "first":
            held[0] = True
        case "last":
            held[-1] = True
        case "ends":
            held[[0, -1]] = True
        case "gap":
            held[: int(rng.integers(2, 7))] = held[-int(rng.integers(2, 7)) :] = True
        case _ if rng.random() < 0.75 or scene.camera != "still":
            # As a clip that goes on: its first frames are the last ones before.
            laps = int(rng.integers(3)) if scene.camera == "still" else 0
            start = laps * (NUM_FRAMES - count)
            held[:count] = True
        case _:
            start = count - NUM_FRAMES
            held[-count:] = True
    frames, touched = render_with_mask(scene, start=start)
    return Lesson(frames, touched, held, caption(scene, rng))


def draw_moment(scene: Scene, rng: np.random.Generator) -> Lesson:
    """Show two frames of a scene, of which a region may be held."""
    start = 2 * int(rng.integers(NUM_FRAMES // 2))
    if rng.random() < HELD_SHARE / 2:
        return _region(scene, rng, start, 2)
    frames, touched = render_with_mask(scene, 2, start=start)
    return Lesson(frames, touched, _no_cells(2), caption(scene, rng))


def _no_cells(num_frames: int) -> Mask:
    return np.zeros((num_frames, _CELLS, _CELLS), bool)


def _region(
    scene: Scene, rng: np.random.Generator, start: int, num_frames: int
) -> Lesson:
    """Hold all around a rectangle, of the same scene or of one that differs in a thing."""
    frames, touched = render_with_mask(scene, num_frames, start=start)
    around = frames
    if rng.random() < 0.6:
        other = _other(scene, rng)
        around, _ = render_with_mask(other, num_frames, start=start)
    held = np.ones((num_frames, _CELLS, _CELLS), bool)
    height, width = rng.integers(2, _CELLS + 1, 2)
    if rng.random() < 0.3:  # a half of the picture, as people say it
        height, width = [(_CELLS, 4), (4, _CELLS)][int(rng.integers(2))]
    top, left = rng.integers(_CELLS - height + 1), rng.integers(_CELLS - width + 1)
    held[:, top : top + height, left : left + width] = False
    if rng.random() < 0.2:  # the other way round: a hole that stays
        held = ~held
    pixels = held.repeat(_CELL, 1).repeat(_CELL, 2)
    frames = np.where(pixels[..., None], around, frames)
    return Lesson(frames, touched, held, caption(scene, rng))


def _other(scene: Scene, rng: np.random.Generator) -> Scene:
    """Return a scene that differs in one thing which people change of a part."""
    options: list[dict[str, Any]] = [{"actor": pick(rng, words.ACTORS)}]
    colour, noun = words.colour_and_noun(scene.actor)
    if colour:
        options.append({"actor": f"{pick(rng, words.COLOURS)} {noun}"})
    if words.has_time(scene.place):
        options += 2 * [{"time": pick(rng, words.TIMES)}]
    if scene.second:
        options += 2 * [{"second": "", "corner": ""}]
    if scene.camera == "still":
        place = pick(rng, words.PLACES)
        time = scene.time if words.has_time(place) else "day"
        options.append({"place": place, "time": time, "view": 0})
    return replace(scene, **options[int(rng.integers(len(options)))])


def _turning(scene: Scene, rng: np.random.Generator) -> Lesson:
    """Let a scene dissolve into another, whose last frame is held as its own first is."""
    alone: dict[str, Any] = {"camera": "still", "second": "", "corner": ""}
    into = replace(scene, actor=pick(rng, words.ACTORS), **alone)
    if rng.random() < 0.6:
        into = replace(into, place=pick(rng, words.PLACES), time="day", view=0)
    a, touched = render_with_mask(scene)
    b, _ = render_with_mask(into)
    u = np.linspace(0, 1, NUM_FRAMES)[:, None, None, None]
    share = u * u * (3 - 2 * u)
    held = _no_cells(NUM_FRAMES)
    count = int(rng.integers(1, 4))
    held[:count] = held[-count:] = True
    # Held ends are pure: the dissolve lies between them.
    share[:count], share[-count:] = 0.0, 1.0
    frames = ((1 - share) * a + share * b + 0.5).astype(np.uint8)
    said = turning(factors(scene), factors(into))
    return Lesson(frames, touched, held, said)
