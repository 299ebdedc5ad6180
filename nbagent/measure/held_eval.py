"""`nbagent eval held`: does a clip go on from what it holds, without a pop?

    nbagent eval held
    nbagent eval held --n 8 --kinds fill blend --json
    nbagent eval held --sheet held.png

What is held is drawn by pocket's own world, from scenes whose combination was held out of
training, so truth is known. It goes the way of a turn: true frames stand in the store as a
clip that pocket made, an act is composed on it ("extend it", "blend c1 into c2"), and the
renderer holds what the take says. The verifier reads the frames that are new; nothing that
was held can flatter them.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nbagent.acts.base import Region
from nbagent.errors import SpecError
from nbagent.measure.held_cases import KEPT, KINDS, Case, Frames, World, drawn
from nbagent.measure.workbench import Workbench, add_best_of
from nbagent.pocket import verify
from nbagent.pocket.sheet import check_path, contact_sheet, save
from nbagent.pocket.world import NUM_FRAMES
from nbagent.render.held_frames import SMOOTH, jump
from nbagent.system.arguments import Parser

ASKED_KEPT: Final = 0.9

_SHOWN: Final = 3  # clips of each kind, on a sheet


def main(argv: list[str] | None = None) -> int:
    """Make the clips, judge them and print the report; return the exit code."""
    parser = Parser(prog="nbagent eval held", description=__doc__)
    parser.add_argument("--n", type=int, default=20, help="clips of each kind (20)")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    add_best_of(parser)
    parser.add_argument(
        "--painted",
        action="store_true",
        help="hold frames as the model's own VAE paints them, as those of its clips are",
    )
    parser.add_argument("--model", default="pocket", help="pocket, or a folder")
    parser.add_argument(
        "--sheet", type=Path, help="write a picture of three a kind here"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(argv)
    check_path(options.sheet)
    if options.n < 1:
        raise SpecError(f"{options.n} clips of each kind prove nothing: use 1 or more")
    with tempfile.TemporaryDirectory() as folder:
        bench = Workbench(Path(folder), options.model)
        world = World(bench, is_painted=options.painted)
        report, shown = _measured(world, options.kinds, options.n, options.best_of)
    if options.sheet:
        save(contact_sheet(*zip(*shown, strict=True)), options.sheet)
    report |= {"n": options.n, "best_of": options.best_of, "painted": options.painted}
    sys.stdout.write(json.dumps(report) + "\n" if options.json else _table(report))
    return 0


def _measured(
    world: World, kinds: Sequence[str], n: int, best_of: int
) -> tuple[dict[str, Any], list[tuple[Frames, str]]]:
    """Return the figures of each kind, and the first clips of each with their words."""
    judge, report, shown = verify.load_verifier(), dict[str, Any](), []
    for kind in kinds:
        marks = []
        for number in range(n):
            case = drawn(world, kind, number)
            frames = world.bench.shown(case.take, best_of)[1]
            marks.append(judged(judge, case, frames, world))
            if number < _SHOWN:
                shown.append((frames, f"{kind}: {case.take.prompt}"))
        report[kind] = _figures(marks)
    return report, shown


def judged(
    judge: verify.Verifier, case: Case, frames: Frames, world: World
) -> dict[str, float]:
    """Say what is kept, how far the clip pops, and whether it moves as said."""
    marks = {name: float(ok) for name, ok in kept(judge, case, frames).items()}
    marks["kept"] = float(all(marks.values()))
    marks["pop"] = pop(case, frames)
    if case.is_one_motion:
        (whole,) = verify.judge(judge, [frames])
        marks["moves"] = float(whole.factors["motion"] == case.scene.motion)
    if case.truth is not None:
        marks["true kept"] = float(all(kept(judge, case, case.truth).values()))
        marks["true pop"] = pop(case, case.truth)
        best = _put_back(case, world.passed(case.truth))
        marks["best pop"] = pop(case, best)
    return marks


def kept(judge: verify.Verifier, case: Case, frames: Frames) -> dict[str, bool]:
    """Say which factors of what is held are read in the new frames.

    Where one scene leads to another, the first third is to show the one and the last third
    the other: in between anything may.
    """
    new = frames if case.region else frames[~_held(case, frames)]
    parts = [(case.scene, new)]
    if case.other is not None:
        third = len(new) // 3
        parts = [(case.scene, new[:third]), (case.other, new[-third:])]
    right: dict[str, bool] = {}
    for scene, part in parts:
        picked = np.linspace(0, len(part) - 1, NUM_FRAMES).round().astype(int)
        (verdict,) = verify.judge(judge, [part[picked]])
        for name in KEPT:
            if verify.matters(scene, name):
                found = verdict.factors[name] == getattr(scene, name)
                right[name] = found and right.get(name, True)
    return right


def pop(case: Case, frames: Frames) -> float:
    """Return how far a clip jumps where what is held ends.

    In time it is the largest change from a held frame to a new one, or back, as a multiple
    of the clip's median change between frames. Of a part of each frame it is the step
    across its edge, as a multiple of the mean step between neighbours that far off or less.
    """
    if case.region is not None:
        return _seam(frames.astype(np.float32), case.region)
    return jump(frames, _held(case, frames))


def _held(case: Case, frames: Frames) -> npt.NDArray[np.bool_]:
    """Return (F,), which frames of a clip are held."""
    held = np.zeros(len(frames), bool)
    held[list(case.held)] = True
    return held


def _put_back(case: Case, frames: Frames) -> Frames:
    """Return frames with what is held as the world draws it."""
    assert case.truth is not None
    if case.region is None:
        whole = np.where(_held(case, frames)[:, None, None, None], case.truth, frames)
    else:
        left, top, right, bottom = case.region
        height, width = frames.shape[1:3]
        part = (
            slice(None),
            slice(round(top * height), round(bottom * height)),
            slice(round(left * width), round(right * width)),
        )
        whole = case.truth.copy()
        whole[part] = frames[part]
    return whole


def _seam(values: npt.NDArray[np.float32], region: Region) -> float:
    """Return the step across the inner edge of a half, beside those near it."""
    axis = 2 if region[3] - region[1] == 1 else 1
    side = values.shape[axis]
    edge = side // 2
    steps = np.abs(np.diff(values, axis=axis)).mean((0, 3 - axis, 3))
    near = steps[edge - side // 8 : edge + side // 8 - 1]
    return float(steps[edge - 1] / max(np.mean(near), 1e-6))


def _figures(marks: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean of each mark; of a pop its median, and the share that is small."""
    figures: dict[str, float] = {}
    for name in (
        "actor",
        "place",
        "time",
        "kept",
        "moves",
        "pop",
        "true kept",
        "true pop",
        "best pop",
    ):
        values = [one[name] for one in marks if name in one]
        if not values:
            continue
        if name.endswith("pop"):
            figures[name] = round(float(np.median(values)), 2)
            small = np.mean(np.array(values) <= SMOOTH)
            figures[name.replace("pop", "smooth")] = round(float(small), 3)
        else:
            figures[name] = round(float(np.mean(values)), 3)
    return figures


def _table(report: Mapping[str, Any]) -> str:
    """Write the report as a table of Markdown."""
    seen = ("actor", "place", "time", "kept", "moves", "pop", "smooth")
    names = (*seen, "best pop", "true kept", "true pop", "true smooth")
    rows = {kind: row for kind, row in report.items() if isinstance(row, dict)}
    lines = [f"| held | {' | '.join(names)} |", "| --- |" + " --- |" * len(names)]
    for kind, row in rows.items():
        shown = (f"{row[n]:.3g}" if n in row else "" for n in names)
        lines.append(f"| {kind} | {' | '.join(shown)} |")
    held = "painted by the VAE" if report["painted"] else "as the world draws them"
    lines.append(
        f"\n{report['n']} clips of each kind, best of {report['best_of']}; held frames"
        f" {held}; asked: kept {ASKED_KEPT:g} and more, pop {SMOOTH:g} and less"
    )
    return "\n".join(lines) + "\n"
