"""Scores the conversation on scripted dialogues: `nbagent eval dialogues [FILE] [--json]`.

Each dialogue is a JSON line, `{"id", "turns"}`; docs/conversation.md has the form of a
turn. The session and its reader are the real ones, over a store of their own, and re-cuts
are really cut; what a model would render is a grey ramp, for only the shots are judged:
what a turn was taken for, which clip it is about, what it asks for and what it leaves
alone.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from nbagent.artifacts import store_frames
from nbagent.conversation.reply import Reply
from nbagent.conversation.session import Session
from nbagent.errors import NbagentError, SpecError
from nbagent.language.state import State, Variable
from nbagent.ledger import Ledger
from nbagent.measure.dialogue_checks import CHECKS, Made
from nbagent.settings import Settings
from nbagent.system.arguments import Parser
from nbagent.take import Job, Progress, Take

FILE: Final = Path(__file__).with_suffix(".jsonl")
Record = Mapping[str, Any]


class Idle:
    """An engine that takes every job and begins none."""

    def lacks(self) -> str:
        """Say that it could render."""
        return ""

    def submit(self, job: Job, listener: Callable[[Progress], None]) -> None:
        """Let a job wait."""

    def reattach(
        self, jobs: Iterable[Job], listener: Callable[[Progress], None]
    ) -> None:
        """Let jobs wait."""

    def cancel(self, job_id: str) -> None:
        """Be told."""

    keep = pause = resume = cancel

    def preview(self, job_id: str) -> bytes | None:  # noqa: ARG002  of the protocol
        """Show nothing."""
        return None

    def queue(self) -> tuple[str, ...]:
        """Know of no order."""
        return ()

    def reorder(self, job_ids: Sequence[str]) -> None:
        """Leave it at that."""

    def close(self) -> None:
        """Let go."""


def play(dialogue: Record, folder: Path) -> Iterator[list[str]]:
    """Say the turns of a dialogue, and yield what was wrong of each."""
    settings = replace(
        Settings.from_env({}),
        store=folder / ".nbagent",
        runtime=folder / "run",
        conversation=str(dialogue["id"]),
    )
    session = Session(settings=settings, engine=Idle())
    variables = State.from_record(dialogue).variables
    try:
        for number, turn in enumerate(dialogue["turns"], 1):
            made = _say(session, turn, f"cell {number}", variables)
            checks = {k: v for k, v in turn.items() if k in CHECKS}
            wrong = [
                f"{name}: {made.found(name)}"
                for name, wanted in checks.items()
                if not CHECKS[name](made, wanted)
            ]
            if made.error and "error" not in checks:
                wrong.append(f"failed: {made.error}")
            yield wrong
    finally:
        session.close()


def evaluate(dialogues: Sequence[Record]) -> dict[str, Any]:
    """Score the conversation on dialogues.

    Returns:
        `dialogues` and `turns` as the fractions that were right in everything, `n` and
        `n_turns` as how many there are, `n_checks` as what was compared, `checks` as the
        fraction that was right, by kind in `by_check`; and `wrong`, a line for each turn
        with a mistake.
    """
    asked, missed = Counter[str](), Counter[str]()
    wrong, right = list[str](), 0
    for dialogue in dialogues:
        with tempfile.TemporaryDirectory(prefix="nbagent-") as folder:
            results = list(play(dialogue, Path(folder)))
        for number, (turn, mistakes) in enumerate(
            zip(dialogue["turns"], results, strict=True), 1
        ):
            asked.update(name for name in turn if name in CHECKS)
            missed.update(mistake.partition(":")[0] for mistake in mistakes)
            if mistakes:
                said = f"{dialogue['id']}.{number} {turn['say']!r}"
                wrong.append(f"{said}: {'; '.join(mistakes)}")
        right += not any(results)
    turns = sum(len(dialogue["turns"]) for dialogue in dialogues)
    return {
        "n": len(dialogues),
        "dialogues": round(right / len(dialogues), 4),
        "n_turns": turns,
        "turns": _share(turns, len(wrong)),
        "n_checks": asked.total(),
        "checks": _share(asked.total(), sum(missed[name] for name in asked)),
        "by_check": {
            name: {"n": count, "right": _share(count, missed[name])}
            for name, count in sorted(asked.items())
        },
        "wrong": wrong,
    }


def _share(count: int, missed: int) -> float:
    return round(1 - missed / count, 4) if count else 1.0


def read(path: Path) -> list[Record]:
    """Read a file of dialogues.

    Raises:
        SpecError: If it is missing, or a line is no dialogue.
    """
    dialogues = list[Record]()
    for number, line in _lines(path):
        try:
            dialogue = json.loads(line)
            _ = State.from_record(dialogue)
            unknown = {
                key
                for turn in dialogue["turns"]
                for key in turn.keys() - {"say", "options", "waits", *CHECKS}
            }
            _ = dialogue["id"], [turn["say"] for turn in dialogue["turns"]]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SpecError(
                f"{path.name} line {number} is not a dialogue ({error!r}): see"
                " docs/conversation.md"
            ) from error
        if unknown:
            raise SpecError(
                f"{path.name} line {number} checks {', '.join(sorted(unknown))}: known"
                f" are {', '.join(CHECKS)}"
            )
        dialogues.append(dialogue)
    if not dialogues:
        raise SpecError(f"{path.name} has no dialogues: nothing to score")
    return dialogues


def _lines(path: Path) -> list[tuple[int, str]]:
    """Return the lines of a file that are not blank, with their numbers from 1."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"cannot read {str(path)!r}: {error}") from error
    return [(number, line) for number, line in enumerate(lines, 1) if line.strip()]


def main(argv: Sequence[str] | None = None) -> int:
    """Run `nbagent eval dialogues`; returns the exit status."""
    parser = Parser(prog="nbagent eval dialogues", description=__doc__)
    parser.add_argument("file", type=Path, nargs="?", default=FILE)
    parser.add_argument("--json", action="store_true", help="print JSON")
    args = parser.parse_args(argv)
    try:
        result = evaluate(read(args.file))
    except SpecError as error:
        sys.stderr.write(f"nbagent: {error}\n")
        return 2
    if args.json:
        sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(_table(result))
    return 0


def _say(
    session: Session, turn: Record, cell_id: str, variables: tuple[Variable, ...]
) -> Made:
    before = {row.name: session.ledger.take(row.take_id) for row in session.rows()}
    work: list[Take] = []
    try:
        reply = session.hear(
            turn["say"],
            turn.get("options", {}),
            cell_id=cell_id,
            variables=variables,
            values=_values(variables),
        )
        if reply.answer is None:
            rendering = session.render(reply)
            # Whatever a model would render is there before it is asked, or not at all.
            work, waits = _to_render(session.ledger, reply), turn.get("waits", False)
            for take in () if waits else work:
                _ramp(session.ledger, take)
            rendering.start(lambda _index, _progress: None)
            if not waits:
                rendering.wait()
                session.close_turn(reply, rendering.clips)
    except NbagentError as error:
        return Made(session, before, error=str(error))
    return Made(session, before, reply=reply, rendered=len(work))


def _to_render(ledger: Ledger, reply: Reply) -> list[Take]:
    """Return the takes that a model would have to make."""
    takes = (*reply.parts, *reply.takes)
    return [t for t in takes if not t.is_recut and ledger.artifact(t.id) is None]


def _values(variables: Iterable[Variable]) -> dict[str, object]:
    """Return the values of variables that are pictures; of others the summary is known."""
    from PIL import Image

    pictures = (one.name for one in variables if one.type == "PIL.Image")
    return {name: Image.new("RGB", (64, 64), "grey") for name in pictures}


def _ramp(ledger: Ledger, take: Take) -> None:
    """Store a grey ramp for a take, in place of what a model would render."""
    import numpy as np

    count = 1 if take.media == "image" else take.num_frames
    shade = np.linspace(0, 255, count).astype(np.uint8)[:, None, None, None]
    frames = np.broadcast_to(shade, (count, take.height, take.width, 3))
    store_frames(
        ledger,
        take,
        np.ascontiguousarray(frames),
        take.fps,
        latents=ledger.put_file(take.id.encode(), ".safetensors"),
        seconds_rendered=1.0,
    )


def _table(result: Mapping[str, Any]) -> str:
    lines = [
        f"dialogues {result['dialogues']:.3f} of {result['n']}",
        f"turns     {result['turns']:.3f} of {result['n_turns']}",
        f"checks    {result['checks']:.3f} of {result['n_checks']}",
    ]
    lines += [
        f"  {name:11} {row['right']:.3f} of {row['n']}"
        for name, row in result["by_check"].items()
    ]
    return "\n".join((*lines, *result["wrong"])) + "\n"


if __name__ == "__main__":
    sys.exit(main())
