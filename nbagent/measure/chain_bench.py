"""`nbagent bench chain`: twelve refinements in a row, and what is left of the clip.

Each is composed as the conversation composes it and judged by pocket's verifier: does the
change arrive, does all stay that was not named, is the picture as sharp as the first?
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nbagent.acts import Act
from nbagent.acts.camera import Camera
from nbagent.acts.motion import Motion
from nbagent.acts.place import Place
from nbagent.acts.plan import Plan
from nbagent.acts.recolor import Recolor
from nbagent.acts.replace import Replace
from nbagent.acts.time import Time
from nbagent.conversation import shot as shots
from nbagent.conversation.operation_choice import Unchanged
from nbagent.measure.workbench import Workbench
from nbagent.media import drift
from nbagent.pocket import phrases
from nbagent.pocket import vocabulary as words
from nbagent.pocket.taught import with_a
from nbagent.take import Take

Frames = npt.NDArray[np.uint8]

LENGTH: Final = 12
_STARTS: Final = (
    "a red ball crosses the beach at sunset",
    "a green cube bounces in the city",
    "a cat runs in the meadow",
    "a yellow star rises over the sea at night",
    "a rocket flies through space",
    "a blue heart spins in the forest",
)
_PLACES: Final = words.SCENES[:-1]  # all that have an hour
_MOTIONS: Final = ("left", "right", "rise", "fall", "bounce", "jump", "spin", "circle")


@dataclass(slots=True, kw_only=True)
class _Marks:
    """What was seen at one length of the chains."""

    changed: list[bool] = field(default_factory=list)
    preserved: list[bool] = field(default_factory=list)
    sharpness: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refined:
    """A clip of a chain.

    Attributes:
        said: What was asked: the prompt of the first, the change of each other.
        factor: What of the scene that changed; empty of the first.
        take: What is shown.
        frames: (F, H, W, 3) uint8.
    """

    said: str
    factor: str
    take: Take
    frames: Frames


def chain(rounds: int) -> dict[str, Any]:
    """Refine clips twelve times each.

    Args:
        rounds: How many clips.

    Returns:
        By length: the share of changes that arrived, the share of other factors, right
        before, that stayed, and how sharp the picture is beside the first.
    """
    marks = [_Marks() for _ in range(LENGTH)]
    with tempfile.TemporaryDirectory() as folder:
        bench = Workbench(Path(folder))
        for number in range(rounds):
            for mark, seen in zip(marks, _walk(bench, number), strict=True):
                mark.changed += seen.changed
                mark.preserved += seen.preserved
                mark.sharpness += seen.sharpness
    return {
        "chains": rounds,
        **{
            f"after {length}": {
                "changed": round(float(np.mean(mark.changed)), 3),
                "preserved": round(float(np.mean(mark.preserved)), 3),
                "sharpness": round(float(np.median(mark.sharpness)), 3),
            }
            for length, mark in enumerate(marks, 1)
        },
        "preserved": round(float(np.mean([x for m in marks for x in m.preserved])), 3),
    }


def refinements(bench: Workbench, number: int) -> Iterator[Refined]:
    """Make a clip, and refine it again and again; the first is the clip itself."""
    rng = np.random.default_rng([17, number])
    prompt = _STARTS[number % len(_STARTS)]
    start = Plan(intent="generate_video", prompt=prompt)
    (first,) = bench.composed(start, seed=number).takes
    take, frames = bench.shown(first)
    yield Refined(said=prompt, factor="", take=take, frames=frames)
    for _ in range(LENGTH):
        before = shots.from_json(take.shot).scene
        while True:
            factor, act = _drawn(before, rng)
            change = Plan(intent="refine", acts=(act,))
            try:
                (new,) = bench.composed(change, bench.sources(change, take)).takes
            except Unchanged:
                continue
            break
        take, frames = bench.shown(new)
        yield Refined(said=act.says(), factor=factor, take=take, frames=frames)


def _walk(bench: Workbench, number: int) -> Iterator[_Marks]:
    """Refine one clip, and see after each change what it shows."""
    from nbagent.pocket import verify

    verifier = verify.load_verifier()
    walk = refinements(bench, number)
    root = next(walk).frames
    before = verify.judge(verifier, [root])[0].factors
    for one in walk:
        now = verify.judge(verifier, [one.frames])[0].factors
        scene = shots.from_json(one.take.shot).scene
        place, motion = scene["place"], scene.get("motion", "stay")
        seen = _Marks(sharpness=[drift(one.frames, root).sharpness])
        for name, value in scene.items():
            if name not in now or not verify.has_meaning(
                name, place=place, motion=motion
            ):
                continue
            if name == one.factor:
                seen.changed.append(now[name] == value)
            elif before[name] == value:
                seen.preserved.append(now[name] == value)
        before = now
        yield seen


def _drawn(scene: Any, rng: np.random.Generator) -> tuple[str, Act]:
    """Draw a change that people ask for, in plain words."""

    def one(values: Any) -> str:
        return str(values[int(rng.integers(len(values)))])

    colour, _ = words.colour_and_noun(scene["actor"])
    time = one(words.TIMES)
    options: list[tuple[str, Act]] = [
        ("time", Time(time=phrases.TIME_PHRASES[time][0])),  # type: ignore[index]
        ("place", Place(place=phrases.PLACE_PHRASES[one(_PLACES)][0])),
        ("motion", Motion(motion=phrases.MOTION_PHRASES[one(_MOTIONS)][0][0])),  # type: ignore[index]
        ("actor", Replace(by=with_a(one(words.ACTORS)))),
        ("camera", Camera(camera=one(("zoom in", "pan", "a still camera")))),
    ]
    if colour:
        options += 2 * [("actor", Recolor(color=one(words.COLOURS)))]
    return options[int(rng.integers(len(options)))]
