"""`nbagent eval motion`: do clips of plain prompts with a verb move as the verb says?

    nbagent eval motion --json
    nbagent eval motion --prompts mine.jsonl --sheet motion.png

Sixty prompts by somebody who had not seen pocket's vocabulary go the whole way of a turn;
the clip is judged by the path of its actor, not by its prompt. A subject that pocket lacks
is asked for, and the first that it offers is taken.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nbagent.acts.plan import Plan
from nbagent.conversation.scene import UnknownActor
from nbagent.errors import SpecError
from nbagent.measure.workbench import Workbench
from nbagent.pocket import verify
from nbagent.pocket import vocabulary as words
from nbagent.pocket.sheet import check_path, contact_sheet, save
from nbagent.pocket.taught import ACROSS, with_a
from nbagent.system.arguments import Parser

PROMPTS: Final = Path(__file__).with_name("motion.jsonl")
TRAVELS: Final = 8.0
"""Units, of 64 to a side, between the ends of a path that a viewer sees as travelling."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One prompt, and how its clip moved."""

    prompt: str
    wanted: tuple[str, ...]  # any of these
    motion: str  # as the verifier names it
    moved: float  # units between the ends of the actor's path
    is_right: bool
    asked: str  # a subject that pocket lacks


def main(argv: list[str] | None = None) -> int:
    """Make the clips, judge them and print the report."""
    parser = Parser(prog="nbagent eval motion", description=__doc__)
    parser.add_argument("--prompts", type=Path, default=PROMPTS)
    parser.add_argument("--sheet", type=Path, help="write a picture of ten clips here")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(argv)
    check_path(options.sheet)
    try:
        lines = options.prompts.read_text("utf-8").splitlines()
        rows = [json.loads(line) for line in lines if line.strip()]
        asked = [(str(row["prompt"]), _either(row["motion"])) for row in rows]
    except (OSError, ValueError, KeyError) as error:
        raise SpecError(
            f"{options.prompts} is not a file of JSON lines with prompt and motion:"
            f" {error}"
        ) from error
    with tempfile.TemporaryDirectory() as folder:
        bench, clips, seen = Workbench(Path(folder)), [], []
        verifier = verify.load_verifier()
        for prompt, wanted in asked:
            frames, lacked = made(bench, prompt)
            clips.append(frames)
            seen.append(_judged(verifier, prompt, wanted, frames, lacked))
        if options.sheet:
            picked = range(0, len(clips), max(len(clips) // 10, 1))
            sheet = contact_sheet(
                [clips[i] for i in picked], [asked[i][0] for i in picked]
            )
            save(sheet, options.sheet)
    right = sum(one.is_right for one in seen)
    report: dict[str, Any] = {
        "moves as said": right,
        "of": len(seen),
        "asked first": sum(bool(one.asked) for one in seen),
        "wrong": [
            {"prompt": one.prompt, "wanted": one.wanted, "motion": one.motion}
            | {"moved": round(one.moved, 1)}
            for one in seen
            if not one.is_right
        ],
    }
    if options.json:
        sys.stdout.write(json.dumps(report) + "\n")
        return 0
    sys.stdout.write(
        f"{right} of {len(seen)} clips move as said;"
        f" {report['asked first']} subjects were asked for first\n"
    )
    for one in report["wrong"]:
        sys.stdout.write(f"  {one}\n")
    return 0


def _either(said: str | list[str]) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else tuple(map(str, said))


def made(bench: Workbench, prompt: str) -> tuple[npt.NDArray[np.uint8], str]:
    """Make the clip of a prompt; also the subject that pocket lacks, if it does."""
    lacked = ""
    try:
        composed = bench.composed(Plan(intent="generate_video", prompt=prompt))
    except UnknownActor as error:
        lacked = error.words
        at = prompt.lower().find(lacked.lower())
        rest = prompt[at + len(lacked) :] if at >= 0 else f" {prompt}"
        said = f"{prompt[: max(at, 0)]}{with_a(error.nearest[0])}{rest}"
        composed = bench.composed(Plan(intent="generate_video", prompt=said))
    return bench.shown(composed.takes[0])[1], lacked


def _judged(
    verifier: verify.Verifier,
    prompt: str,
    wanted: tuple[str, ...],
    frames: npt.NDArray[np.uint8],
    lacked: str,
) -> Seen:
    verdict = verify.judge(verifier, [frames])[0]
    motion = verdict.factors["motion"]
    moved = float(np.linalg.norm(verdict.track[-1] - verdict.track[0]))
    travels = motion in words.SIDES and moved >= TRAVELS
    is_right = motion in wanted or (ACROSS in wanted and travels)
    return Seen(
        prompt=prompt,
        wanted=wanted,
        motion=motion,
        moved=moved,
        is_right=is_right,
        asked=lacked,
    )
