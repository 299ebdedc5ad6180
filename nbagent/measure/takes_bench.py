"""`nbagent bench takes`: do several takes of a refinement differ, as those of a new clip do?

What was not said is free in both, so they should. A take that differs by showing something
else than what was said is no use: how many show it stands beside.
"""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nbagent.acts import Act
from nbagent.acts.motion import Motion
from nbagent.acts.place import Place
from nbagent.acts.plan import Plan
from nbagent.acts.recolor import Recolor
from nbagent.acts.replace import Replace
from nbagent.acts.time import Time
from nbagent.conversation import shot as shots
from nbagent.measure.workbench import Workbench
from nbagent.take import Take

Frames = npt.NDArray[np.uint8]

TAKES: Final = 4
# A clip, what is asked of it, and a prompt for just that from nothing.
_SHOTS: Final[tuple[tuple[str, Act, str], ...]] = (
    (
        "a red ball crosses the beach at sunset",
        Time(time="at night"),
        "a red ball crosses the beach at night",
    ),
    (
        "a cat runs in the meadow",
        Place(place="in the snow"),
        "a cat runs in the snow",
    ),
    (
        "a green cube bounces in the city",
        Recolor(color="blue"),
        "a blue cube bounces in the city",
    ),
    (
        "a yellow star rises over the sea at night",
        Motion(motion="spins"),
        "a yellow star spins over the sea at night",
    ),
    (
        "a rocket flies through space",
        Replace(by="a ufo"),
        "a ufo flies through space",
    ),
    (
        "a dog jumps in the forest",
        Time(time="at sunset"),
        "a dog jumps in the forest at sunset",
    ),
)


def takes(rounds: int) -> dict[str, Any]:
    """Compare four takes of a refinement with four of the same shot from nothing.

    Args:
        rounds: How many shots.

    Returns:
        Of each four the mean distance of two: the root of the mean square difference of
        their pixels, of 255, and how far apart their actors' paths are, in units of 64.
        Also the share of takes in which the verifier reads all that was said.
    """
    from nbagent.pocket.verify import load_verifier

    verifier = load_verifier()
    found: dict[str, dict[str, list[float]]] = {"refined": {}, "fresh": {}}
    with tempfile.TemporaryDirectory() as folder:
        bench = Workbench(Path(folder))
        for number in range(rounds):
            made = _refined(bench, number), _fresh(bench, number)
            for name, clips in zip(found, made, strict=True):
                for mark, value in _marks(verifier, clips).items():
                    found[name].setdefault(mark, []).append(value)
    figures = {
        name: {mark: round(float(np.mean(values)), 3) for mark, values in marks.items()}
        for name, marks in found.items()
    }
    return {
        **figures,
        **{
            f"ratio of {mark}": round(
                figures["refined"][mark] / max(figures["fresh"][mark], 1e-6), 3
            )
            for mark in ("distance", "path")
        },
        "takes": TAKES,
        "rounds": rounds,
    }


def distance(one: Frames, other: Frames) -> float:
    """Return the root of the mean square difference of two clips' pixels, 0..255."""
    return float(np.sqrt(np.mean(np.square(one.astype(np.float32) - other))))


def _refined(bench: Workbench, number: int) -> list[tuple[Take, Frames]]:
    """Make a clip, and several takes of a change of it."""
    prompt, act, _ = _SHOTS[number % len(_SHOTS)]
    plan = Plan(intent="generate_video", prompt=prompt)
    first, _ = bench.shown(bench.composed(plan, seed=number).takes[0])
    change = Plan(intent="refine", acts=(act,))
    made = bench.composed(change, bench.sources(change, first), takes=TAKES).takes
    return _shown(bench, made)


def _fresh(bench: Workbench, number: int) -> list[tuple[Take, Frames]]:
    """Make several takes of the same shot from nothing, by other seeds."""
    _, _, prompt = _SHOTS[number % len(_SHOTS)]
    plan = Plan(intent="generate_video", prompt=prompt)
    made = bench.composed(plan, seed=1000 + TAKES * number, takes=TAKES).takes
    return _shown(bench, made)


def _shown(bench: Workbench, made: tuple[Take, ...]) -> list[tuple[Take, Frames]]:
    return [bench.shown(take, step=len(made)) for take in made]


def _marks(verifier: Any, clips: list[tuple[Take, Frames]]) -> dict[str, float]:
    """Say how far the takes of a turn are apart, and how many show what was said."""
    from nbagent.pocket.verify import has_meaning, judge

    frames = [shown for _, shown in clips]
    verdicts = judge(verifier, frames)
    pairs = list(itertools.combinations(range(len(clips)), 2))
    tracks = [verdict.track for verdict in verdicts]
    right = []
    for (take, _), verdict in zip(clips, verdicts, strict=True):
        scene = shots.from_json(take.shot).scene
        place, motion = scene["place"], scene.get("motion", "stay")
        told = {n: v for n, v in scene.items() if n in verdict.factors}
        right.append(
            all(
                verdict.factors[name] == value
                for name, value in told.items()
                if has_meaning(name, place=place, motion=motion)
            )
        )
    return {
        "distance": float(np.mean([distance(frames[i], frames[j]) for i, j in pairs])),
        "path": float(
            np.mean([np.hypot(*(tracks[i] - tracks[j]).T).mean() for i, j in pairs])
        ),
        "all right": float(np.mean(right)),
    }
