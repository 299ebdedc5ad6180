"""A small judge of pocket's clips, trained on rendered truth, and the evaluation.

    nbagent eval pocket --json
    nbagent eval pocket --prompts my-prompts.jsonl --steps 8

The judge is a convolutional network that names actor, place, time, motion and pace of
a clip. It has never seen a generated clip, so its answers on poor ones are guesses;
its own accuracy on fresh renders is printed beside each figure.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from diffusers import WanPipeline
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the field's name for it)

from nbagent.pocket import WEIGHTS
from nbagent.pocket import vocabulary as words
from nbagent.pocket.captions import caption, draw_any_scene
from nbagent.pocket.model import sample
from nbagent.pocket.sheet import contact_sheet
from nbagent.pocket.world import Frames, Scene, render

VERIFIER: Final = Path(__file__).parent / "verifier" / "verifier.safetensors"
FACTORS: Final[dict[str, Sequence[str]]] = {
    "actor": words.ACTORS,
    "place": words.PLACES,
    "time": words.TIMES,
    "motion": words.MOTIONS,
    "pace": words.PACES,
}
# Every second frame and the last: motion and pace are still plain, at half the cost.
_FRAMES: Final = (0, 2, 4, 6, 8, 10, 12, 15)
_WIDTH: Final = 96


class Verifier(nn.Module):
    """Frames through a small CNN; looks from their mean, motion from their sequence."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for c_in, c_out in ((3, 16), (16, 24), (24, 32), (32, 64)):
            layers += [nn.Conv2d(c_in, c_out, 3, 2, 1), nn.GroupNorm(8, c_out)]
            layers.append(nn.GELU())
        self.frame = nn.Sequential(
            *layers, nn.Flatten(), nn.Linear(64 * 16, _WIDTH), nn.GELU()
        )
        self.clip = nn.Sequential(
            nn.Linear(len(_FRAMES) * _WIDTH, 128), nn.GELU(), nn.Linear(128, 9)
        )
        self.look = nn.Linear(_WIDTH, 40 + 16 + 3)

    def forward(self, clips: Tensor) -> dict[str, Tensor]:
        """Return logits by factor for clips `(B, F, 3, 64, 64)` in -1..1."""
        b, f = clips.shape[:2]
        states = self.frame(clips.flatten(0, 1)).view(b, f, -1)
        actor, place, hour = self.look(states.mean(1)).split((40, 16, 3), 1)
        motion, pace = self.clip(states.flatten(1)).split((6, 3), 1)
        return {
            "actor": actor,
            "place": place,
            "time": hour,
            "motion": motion,
            "pace": pace,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One prompt of an evaluation and the scene it should show."""

    prompt: str
    scene: Scene

    def is_right(self, factor: str, answer: str) -> bool | None:
        """Return whether an answer is right; None where the factor means nothing."""
        scene = self.scene
        if factor == "time" and not words.is_scene(scene.place):
            return None
        if factor == "pace" and scene.motion == "stay":
            return None
        sideways = ("left", "right")
        says_side = re.search(r"\b(left|right)\b", self.prompt)
        if factor == "motion" and scene.motion in sideways and not says_side:
            return answer in sideways  # "crosses the beach"
        return bool(answer == getattr(scene, factor))


def held_out_cases(n: int, *, seed: int = 5) -> list[Case]:
    """Draw prompts whose combination was held out of training; half unseen pairs."""
    rng = np.random.default_rng(seed)
    pairs: list[Case] = []
    others: list[Case] = []
    while len(pairs) + len(others) < n:
        scene = draw_any_scene(rng)
        if not words.is_held_out(scene.actor, scene.motion, scene.place, scene.time):
            continue
        is_pair = words.is_held_out_pair(scene.actor, scene.place)
        bucket, limit = (pairs, n - n // 2) if is_pair else (others, n // 2)
        if len(bucket) < limit:
            bucket.append(Case(prompt=caption(scene, rng), scene=scene))
    mixed = pairs + others
    rng.shuffle(mixed)
    return mixed


def read_cases(path: Path) -> list[Case]:
    """Read prompts from JSON lines: prompt, actor, place, and other factors if any."""
    cases = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip():
            row: dict[str, Any] = json.loads(line)
            cases.append(Case(prompt=row.pop("prompt"), scene=Scene(**row)))
    return cases


def train_verifier(steps: int = 500, *, seed: int = 3) -> Verifier:
    """Train the judge on renders, softened as generated clips are (minutes)."""
    torch.manual_seed(seed)
    verifier = Verifier()
    optimizer = torch.optim.AdamW(verifier.parameters(), 2e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, steps)
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        scenes = [draw_any_scene(rng) for _ in range(32)]
        shots = [[render(s, 1, start=k) for k in _FRAMES] for s in scenes]
        clips = _to_tensor(np.stack([np.concatenate(s) for s in shots]))
        # A coarser grid and noise, at random: no judge of pixel-sharp edges.
        if rng.random() < 0.5:
            k = int(rng.integers(24, 64))
            flat = F.interpolate(clips.flatten(0, 1), size=(k, k), mode="area")
            flat = F.interpolate(flat, size=(64, 64), mode="bilinear")
            clips = flat.view_as(clips)
        clips = clips + 0.15 * float(rng.random()) * torch.randn_like(clips)
        loss = torch.zeros(())
        for factor, logits in verifier(clips).items():
            known = [_matters(s, factor) for s in scenes]
            truth = [FACTORS[factor].index(getattr(s, factor)) for s in scenes]
            kept = torch.tensor(known)
            loss = loss + F.cross_entropy(logits[kept], torch.tensor(truth)[kept])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return verifier.eval()


def load_verifier() -> Verifier:
    """Load the shipped judge, or train one where it is missing."""
    if not VERIFIER.exists():
        return train_verifier()
    verifier = Verifier()
    verifier.load_state_dict({k: v.float() for k, v in load_file(VERIFIER).items()})
    return verifier.eval()


@torch.no_grad()
def judge(verifier: Verifier, clips: Sequence[Frames]) -> list[dict[str, str]]:
    """Name every factor of each clip `(16, 64, 64, 3)` uint8."""
    answers: list[dict[str, str]] = []
    for start in range(0, len(clips), 16):
        logits = verifier(_prepare(clips[start : start + 16]))
        best = {factor: x.argmax(1).tolist() for factor, x in logits.items()}
        answers += [
            {factor: FACTORS[factor][ids[i]] for factor, ids in best.items()}
            for i in range(len(best["actor"]))
        ]
    return answers


def score(cases: Sequence[Case], answers: Sequence[dict[str, str]]) -> dict[str, float]:
    """Return the share of right answers by factor, and of clips with all right.

    `shape` is the noun of the actor, `colour` its colour where it has one; time counts
    at outdoor places only, pace where something moves.
    """
    marks: dict[str, list[bool]] = {}
    for case, answer in zip(cases, answers, strict=True):
        verdicts = {f: case.is_right(f, answer[f]) for f in FACTORS}
        marks.setdefault("all", []).append(
            all(v is not False for v in verdicts.values())
        )
        colour, _, noun = case.scene.actor.rpartition(" ")
        said_colour, _, said_noun = answer["actor"].rpartition(" ")
        verdicts["shape"] = noun == said_noun
        verdicts["colour"] = colour == said_colour if colour else None
        for factor, verdict in verdicts.items():
            if verdict is not None:
                marks.setdefault(factor, []).append(verdict)
    order = ("actor", "shape", "colour", "place", "time", "motion", "pace", "all")
    return {k: round(float(np.mean(marks[k])), 3) for k in order if k in marks}


def generate(
    pipeline: WanPipeline, prompts: Sequence[str], *, batch: int = 8, **options: Any
) -> Iterator[Frames]:
    """Yield a clip for each prompt, made in batches; clip i has seed `seed + i`."""
    seed = int(options.pop("seed", 0))
    for start in range(0, len(prompts), batch):
        part = list(prompts[start : start + batch])
        for clip in sample(pipeline, part, seed=seed + start, **options):
            yield np.asarray((clip * 255).round(), np.uint8)


def main(argv: list[str] | None = None) -> int:
    """Judge the shipped model on held-out prompts, or on those of a file."""
    parser = argparse.ArgumentParser(prog="nbagent eval pocket", description=__doc__)
    parser.add_argument("--prompts", type=Path, help="JSON lines: prompt and factors")
    parser.add_argument("--n", type=int, default=96, help="held-out prompts to draw")
    parser.add_argument("--steps", type=int, help="inference steps")
    parser.add_argument("--guidance", type=float, help="guidance scale")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--sheet", type=Path, help="write a picture of 24 clips here")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--train-verifier", action="store_true", help="train and save")
    arguments = parser.parse_args(argv)
    if arguments.train_verifier:
        state = train_verifier().half().state_dict()
        VERIFIER.parent.mkdir(exist_ok=True)
        save_file(state, VERIFIER)
    verifier = load_verifier()

    cases = read_cases(arguments.prompts) if arguments.prompts else None
    cases = cases or held_out_cases(arguments.n)
    truth = judge(verifier, [render(c.scene) for c in cases])
    options: dict[str, Any] = {"seed": arguments.seed}
    defaults = json.loads((arguments.weights / "defaults.json").read_text())
    options |= defaults
    if arguments.steps:
        options["num_inference_steps"] = arguments.steps
    if arguments.guidance:
        options["guidance_scale"] = arguments.guidance
    pipeline = WanPipeline.from_pretrained(arguments.weights, dtype=torch.bfloat16)
    pipeline.set_progress_bar_config(disable=True)
    started = time.monotonic()
    clips = list(generate(pipeline, [c.prompt for c in cases], **options))
    seconds = (time.monotonic() - started) / len(cases)
    report = {
        "accuracy": score(cases, judge(verifier, clips)),
        "verifier": score(cases, truth),
        "seconds_per_clip": round(seconds, 3),
        "steps": options["num_inference_steps"],
        "guidance_scale": options["guidance_scale"],
        "n": len(cases),
    }
    if arguments.sheet:
        texts = [c.prompt for c in cases[:24]]
        contact_sheet(clips[:24], texts).save(arguments.sheet, optimize=True)
    if arguments.json:
        print(json.dumps(report))  # noqa: T201
    else:
        _print_table(report)
    return 0


def _print_table(report: dict[str, Any]) -> None:
    print("factor    pocket  verifier on renders")  # noqa: T201
    for factor, value in report["accuracy"].items():
        print(f"{factor:8}  {value:6.3f}  {report['verifier'][factor]:6.3f}")  # noqa: T201
    rest = {k: v for k, v in report.items() if not isinstance(v, dict)}
    print(", ".join(f"{k} {v}" for k, v in rest.items()))  # noqa: T201


def _matters(scene: Scene, factor: str) -> bool:
    if factor == "time":
        return words.is_scene(scene.place)
    return factor != "pace" or scene.motion != "stay"


def _prepare(clips: Sequence[Frames]) -> Tensor:
    return _to_tensor(np.stack([c[list(_FRAMES)] for c in clips]))


def _to_tensor(picked: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(picked).permute(0, 1, 4, 2, 3).float() / 127.5 - 1


def case_as_row(case: Case) -> dict[str, Any]:
    """Return a case as the row that `read_cases` reads."""
    return {"prompt": case.prompt, **asdict(case.scene)}


if __name__ == "__main__":
    raise SystemExit(main())
