"""`nbagent eval pocket`: does a clip show what was asked, and does an edit keep the rest?

    nbagent eval pocket --json
    nbagent eval pocket --prompts my-prompts.jsonl --steps 8
    nbagent eval pocket --prompts my-prompts.jsonl --raw    # the model alone
    nbagent eval pocket --best-of 3
    nbagent eval pocket --sweep

A prompt goes the whole way of a turn: it is read, what it leaves open is settled, and the
model hears its factors in the words that it was taught. Clips are made by the renderer,
edited as the conversation edits them (a remix at the edit's strength), read back from their files and named by the verifier of
`nbagent.pocket.verify`. Its own accuracy on true renders is printed beside each figure.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from nbagent.acts import Act
from nbagent.acts.motion import Motion
from nbagent.acts.place import Place
from nbagent.acts.plan import Plan
from nbagent.acts.recolor import Recolor
from nbagent.acts.replace import Replace
from nbagent.acts.time import Time
from nbagent.conversation.scene import UnknownActor
from nbagent.errors import SpecError
from nbagent.measure.workbench import Workbench, add_best_of
from nbagent.pocket import captions, verify
from nbagent.pocket import vocabulary as words
from nbagent.pocket.scorer import asked_of
from nbagent.pocket.sheet import check_path, contact_sheet, save
from nbagent.pocket.taught import taught
from nbagent.pocket.world import Scene, render
from nbagent.system.arguments import Parser
from nbagent.take import Take

# The factor that an edit changes, and the act that it is.
EDITS: Final[dict[str, type[Act]]] = {
    "colour": Recolor,
    "actor": Replace,
    "place": Place,
    "time": Time,
    "motion": Motion,
}
# Mean distance in pixels between two tracks that are the same to the eye: the jitter of
# a start is up to 5, the slowest motion 12.
SAME_TRACK: Final = 4.0
SWEEP_STEPS: Final = (1, 2, 4, 8, 16, 32)
SWEEP_GUIDANCE: Final = (1.0, 2.0, 3.0, 4.0, 6.0)


def main(argv: list[str] | None = None) -> int:
    """Judge the model and print the report; return the exit code."""
    parser = Parser(prog="nbagent eval pocket", description=__doc__)
    parser.add_argument("--prompts", type=Path, help="JSON lines: prompt and factors")
    parser.add_argument("--n", type=int, default=96, help="held-out prompts to draw")
    parser.add_argument(
        "--edits", type=int, default=60, help="edits to judge (0: none)"
    )
    add_best_of(parser)
    parser.add_argument("--steps", type=int, help="inference steps")
    parser.add_argument("--guidance", type=float, help="guidance scale")
    parser.add_argument("--strength", type=float, help="one strength for every edit")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--raw", action="store_true", help="give the model the prompts as they are"
    )
    parser.add_argument("--model", default="pocket", help="pocket, or a folder")
    parser.add_argument("--sheet", type=Path, help="write a picture of 24 clips here")
    parser.add_argument("--sweep", action="store_true", help="over steps and guidance")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--train-verifier",
        type=int,
        metavar="STEPS",
        help="train the verifier further first, on 32 renders a step",
    )
    options = parser.parse_args(argv)
    check_path(options.sheet)
    if steps := options.train_verifier:
        start = verify.load_verifier() if verify.VERIFIER.exists() else None
        verify.save_verifier(verify.train_verifier(steps, start=start))
    cases = read_cases(options.prompts) if options.prompts else None
    cases = cases or verify.held_out_cases(options.n)
    with tempfile.TemporaryDirectory() as folder:
        bench = Workbench(Path(folder), options.model)
        trial = Trial(bench, seed=options.seed, is_raw=options.raw)
        if options.steps:
            trial.changes["num_inference_steps"] = options.steps
        trial.best_of = options.best_of
        if options.guidance:
            trial.changes["guidance_scale"] = options.guidance
        report = trial.sweep(cases) if options.sweep else trial.report(cases)
        if options.edits and not options.sweep:
            report |= trial.preserved(options.edits, options.strength)
        if options.sheet:
            save(trial.sheet(cases[:24]), options.sheet)
    sys.stdout.write(json.dumps(report) + "\n" if options.json else _table(report))
    return 0


def read_cases(path: Path) -> list[verify.Case]:
    """Read prompts from JSON lines: `prompt`, and the factors that are judged.

    Raises:
        SpecError: If the file or a line of it cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        rows = [json.loads(line) for line in lines if line.strip()]
    except (OSError, ValueError) as error:
        raise SpecError(f"{path} is not a file of JSON lines: {error}") from error
    return [verify.case_from_row(row) for row in rows]


class Trial:
    """Makes the clips of an evaluation and judges them.

    Args:
        bench: Renders them.
        seed: Of the first.
        is_raw: Whether the model hears the prompts of cases as they are.
    """

    def __init__(self, bench: Workbench, *, seed: int, is_raw: bool = False) -> None:
        self.bench = bench
        self.seed = seed
        self.is_raw = is_raw
        self.changes: dict[str, Any] = {}
        self.best_of = 1  # seeds that are tried
        self.verifier = verify.load_verifier()
        bench.frames(self.take("a red ball", 0))  # load, and let torch warm up

    def take(self, prompt: str, index: int) -> Take:
        """Return the take of prompt number `index`."""
        return self.bench.take(prompt, seed=self.seed + index, **self.changes)

    def asked(self, case: verify.Case, index: int) -> Take:
        """Return the take of a case, with the scene that its clip is looked at for."""
        if self.is_raw:
            return replace(
                self.take(case.prompt, index), shot={"scene": asked_of(case)}
            )
        plan = Plan(intent="generate_video", prompt=case.prompt)
        try:
            made = self.bench.composed(plan, seed=self.seed + index)
        except UnknownActor as error:  # a user is asked; here the first is drawn
            scene = {"actor": error.nearest[0]}
            return replace(self.take(taught(scene), index), shot={"scene": scene})
        return replace(made.takes[0], **self.changes)

    def report(self, cases: Sequence[verify.Case]) -> dict[str, Any]:
        """Judge one clip for each prompt; also the best of several, if several are tried."""
        takes = [self.asked(case, i) for i, case in enumerate(cases)]
        started = time.monotonic()
        # Without a shot they are other takes: what is looked at is rendered for itself.
        clips = [self.bench.frames(replace(take, shot={})) for take in takes]
        seconds = (time.monotonic() - started) / len(cases)
        truth = verify.judge(self.verifier, [render(c.scene) for c in cases])
        report = {
            "accuracy": verify.score(cases, verify.judge(self.verifier, clips)),
            "verifier": verify.score(cases, truth),
            "seconds_per_clip": round(seconds, 3),
            "steps": takes[0].num_inference_steps,
            "guidance_scale": takes[0].guidance_scale,
            "n": len(cases),
        }
        return report | (self._best(cases, takes) if self.best_of > 1 else {})

    def _best(
        self, cases: Sequence[verify.Case], takes: Sequence[Take]
    ) -> dict[str, Any]:
        """Judge the clips that a notebook shows, which tries again where one lacks something."""
        clips, again = [], 0
        started = time.monotonic()
        for take in takes:
            shown, frames = self.bench.shown(take, self.best_of)
            clips.append(frames)
            again += shown.id != take.id
        seconds = (time.monotonic() - started) / len(cases)
        return {
            "best": verify.score(cases, verify.judge(self.verifier, clips)),
            "best_of": self.best_of,
            "best_seconds_per_clip": round(seconds, 3),
            "shown_from_another_seed": round(again / len(cases), 3),
        }

    def sweep(self, cases: Sequence[verify.Case]) -> dict[str, Any]:
        """Judge the same prompts at several step counts, then at several guidances."""
        rows = []
        for name, values in (
            ("num_inference_steps", SWEEP_STEPS),
            ("guidance_scale", SWEEP_GUIDANCE),
        ):
            for value in values:
                self.changes = {name: value}
                report = self.report(cases)
                rows.append({k: v for k, v in report.items() if k != "verifier"})
        return {"sweep": rows, "verifier": report["verifier"], "n": len(cases)}

    def preserved(self, n: int, strength: float | None) -> dict[str, Any]:
        """Make `n` clips, change one factor of each, and judge what stayed.

        Only clips whose original shows what was asked can tell: the shares are of
        those in which the factor was right before the edit.
        """
        marks: dict[str, dict[str, list[bool]]] = {kind: {} for kind in EDITS}
        rng = np.random.default_rng(11)
        for i in range(n):
            kind = list(EDITS)[i % len(EDITS)]
            before, after = draw_edit(kind, rng)
            wording = int(rng.integers(2**31))
            prompts = [
                captions.caption(s, np.random.default_rng(wording))
                for s in (before, after)
            ]
            first = self.take(prompts[0], 10_000 + i)
            clip = self.bench.frames(first)
            second = replace(
                first,
                operation="remix",
                parents=(first.id,),
                prompt=prompts[1],
                strength=strength or EDITS[kind].strength,
            )
            pair = [clip, self.bench.frames(second)]
            old, new = verify.judge(self.verifier, pair)
            for name, stayed in compare(before, after, old, new).items():
                marks[kind].setdefault(name, []).append(stayed)
        every: dict[str, list[bool]] = {}
        for found in marks.values():
            for name, values in found.items():
                every.setdefault(name, []).extend(values)
        return {
            "preserved": _shares(every),
            "edits": {kind: _shares(found) for kind, found in marks.items()},
            "n_edits": n,
        }

    def sheet(self, cases: Sequence[verify.Case]) -> Any:
        """Draw the clips of these prompts (they are in the store already)."""
        takes = [self.asked(case, i) for i, case in enumerate(cases)]
        clips = [self.bench.frames(take) for take in takes]
        return contact_sheet(clips, [c.prompt for c in cases])


def draw_edit(kind: str, rng: np.random.Generator) -> tuple[Scene, Scene]:
    """Draw a scene with one actor and a still camera, and the same scene edited."""
    while True:
        scene = captions.draw_any_scene(rng)
        scene = replace(scene, camera="still", second="", corner="", view=0)
        colour, noun = words.colour_and_noun(scene.actor)
        if kind == "colour" and not colour:
            continue
        if kind == "time" and not words.has_time(scene.place):
            continue
        if kind == "motion" and scene.motion == "stay":
            continue
        changes: dict[str, dict[str, Any]] = {
            "colour": {"actor": f"{captions.pick(rng, words.COLOURS)} {noun}"},
            "actor": {"actor": captions.pick(rng, words.EMOJI)},
            "place": {"place": captions.pick(rng, words.SCENES[:-1])},
            "time": {"time": captions.pick(rng, words.TIMES)},
            "motion": {"motion": captions.pick(rng, words.MOTIONS[:-1])},
        }
        if kind == "place" and not words.has_time(scene.place):
            continue
        other = replace(scene, **changes[kind])
        if other != scene and other.actor.split()[0] not in other.place:
            return scene, other


def compare(
    before: Scene, after: Scene, old: verify.Verdict, new: verify.Verdict
) -> dict[str, bool]:
    """Say whether the edit arrived, and which other factors stayed as they were.

    `identity` is the actor (its outline for a recolouring), `track` its path; both are
    judged only where the edit does not ask for another.
    """
    marks: dict[str, bool] = {}
    for factor in ("actor", "place", "time", "motion", "pace"):
        if not verify.matters(before, factor):
            continue
        wanted, found = getattr(after, factor), new.factors[factor]
        if wanted != getattr(before, factor):
            marks["changed"] = found == wanted
        elif old.factors[factor] == wanted:
            marks[factor] = found == wanted
    if before.motion == after.motion:
        distance = np.linalg.norm(old.track - new.track, axis=1).mean()
        marks["track"] = bool(distance <= SAME_TRACK)
    asked = {words.colour_and_noun(s.actor)[1] for s in (before, after)}
    if len(asked) == 1:
        seen = {words.colour_and_noun(v.factors["actor"])[1] for v in (old, new)}
        marks["identity"] = len(seen) == 1
    return marks


def _shares(marks: dict[str, list[bool]]) -> dict[str, float]:
    order = ("changed", "actor", "place", "time", "motion", "pace", "identity", "track")
    return {k: round(float(np.mean(marks[k])), 3) for k in order if marks.get(k)}


def _table(report: dict[str, Any]) -> str:
    lines = []
    if "sweep" in report:
        for row in report["sweep"]:
            shown = "  ".join(f"{k} {v:.3f}" for k, v in row["accuracy"].items())
            lines.append(
                f"steps {row['steps']:3}  guidance {row['guidance_scale']:g}"
                f"  {row['seconds_per_clip']:.2f} s  {shown}"
            )
    else:
        columns = {"pocket": "accuracy", "verifier on renders": "verifier"}
        if "best" in report:
            columns = {"first try": "accuracy", f"best of {report['best_of']}": "best"}
            columns["verifier on renders"] = "verifier"
        lines.append("  ".join([f"{'factor':9}", *columns]))
        for factor in report["accuracy"]:
            values = [
                f"{report[at][factor]:{len(name)}.3f}" for name, at in columns.items()
            ]
            lines.append("  ".join([f"{factor:9}", *values]))
        for kind, shares in report.get("edits", {}).items():
            shown = "  ".join(f"{k} {v:.2f}" for k, v in shares.items())
            lines.append(f"edit {kind:7}  {shown}")
    rest = {k: v for k, v in report.items() if not isinstance(v, dict | list)}
    lines.append(", ".join(f"{k} {v}" for k, v in rest.items()))
    return "\n".join(lines) + "\n"
