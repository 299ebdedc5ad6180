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
from nbagent.conversation.choice import Unchanged
from nbagent.conversation.compose import compose
from nbagent.conversation.ground import find_ground
from nbagent.conversation.sources import Sources
from nbagent.media import drift, read_video
from nbagent.models import model_card
from nbagent.pocket import vocabulary as words
from nbagent.pocket.taught import with_a
from nbagent.take import Take
from nbagent.workbench import Workbench

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


def _walk(bench: Workbench, number: int) -> Iterator[_Marks]:
    """Refine one clip, and see after each change what it shows."""
    from nbagent.pocket import verify

    verifier = verify.load_verifier()
    rng = np.random.default_rng([17, number])
    start = Plan(intent="generate_video", prompt=_STARTS[number % len(_STARTS)])
    take, first = _made(bench, start, Sources(), seed=number)
    before, root = verify.judge(verifier, [first])[0].factors, first
    for _ in range(LENGTH):
        scene, take, frames, factor = _refined(bench, take, rng)
        now = verify.judge(verifier, [frames])[0].factors
        seen = _Marks(sharpness=[drift(frames, root).sharpness])
        for name, value in scene.items():
            place, motion = scene["place"], scene.get("motion", "stay")
            if name not in now or not verify.has_meaning(
                name, place=place, motion=motion
            ):
                continue
            if name == factor:
                seen.changed.append(now[name] == value)
            elif before[name] == value:
                seen.preserved.append(now[name] == value)
        before = now
        yield seen


def _refined(
    bench: Workbench, take: Take, rng: np.random.Generator
) -> tuple[dict[str, str], Take, Frames, str]:
    """Change one thing of a clip; return its scene, the new clip and what it was."""
    while True:
        scene = shots.from_json(take.shot).scene
        factor, act = _drawn(scene, rng)
        sources = Sources(
            parent=take,
            clip=bench.ledger.artifact(take.id),
            ground=find_ground(take, bench.ledger),
        )
        try:
            new, frames = _made(bench, Plan(intent="refine", acts=(act,)), sources)
        except Unchanged:
            continue
        return dict(shots.from_json(new.shot).scene), new, frames, factor


def _drawn(scene: Any, rng: np.random.Generator) -> tuple[str, Act]:
    """Draw a change that people ask for, in plain words."""

    def one(values: Any) -> str:
        return str(values[int(rng.integers(len(values)))])

    colour, _ = words.colour_and_noun(scene["actor"])
    time = one(words.TIMES)
    options: list[tuple[str, Act]] = [
        ("time", Time(time=words.TIME_PHRASES[time][0])),  # type: ignore[index]
        ("place", Place(place=words.PLACE_PHRASES[one(_PLACES)][0])),
        ("motion", Motion(motion=words.MOTION_PHRASES[one(_MOTIONS)][0][0])),  # type: ignore[index]
        ("actor", Replace(by=with_a(one(words.ACTORS)))),
        ("camera", Camera(camera=one(("zoom in", "pan", "a still camera")))),
    ]
    if colour:
        options += 2 * [("actor", Recolor(color=one(words.COLOURS)))]
    return options[int(rng.integers(len(options)))]


def _made(
    bench: Workbench, plan: Plan, sources: Sources, **options: Any
) -> tuple[Take, Frames]:
    """Compose and render a plan."""
    composed = compose(
        plan, request="", options=options, card=model_card("pocket"), sources=sources
    )
    for part in composed.parts:
        bench.ledger.add_take(part)
    (take,) = composed.takes
    job = bench.job(take, range(take.seed + 1, take.seed + 3))  # as a notebook tries
    bench.run(job)
    take = bench.ledger.take(bench.ledger.job(job.id).take_id)
    artifact = bench.ledger.artifact(take.id)
    assert artifact is not None
    assert artifact.video is not None
    return take, read_video(bench.ledger.path(artifact.video))[0]
