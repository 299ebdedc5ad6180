"""Scores the conversation on scripted dialogues: `nbagent eval dialogues [FILE] [--json]`.

Each dialogue is a JSON line, `{"id", "turns"}`; docs/conversation.md has the form of a
turn. The session is the real one, over a store of its own, and re-cuts are really cut;
what a model would render is a grey ramp, for only the shots are judged: what a turn was
taken for, which clip it is about, what it asks for and what it leaves alone.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from nbagent.artifacts import store_frames
from nbagent.conversation import shot as shots
from nbagent.conversation.evaluate import numbered_lines
from nbagent.conversation.reply import Reply
from nbagent.conversation.session import Session
from nbagent.errors import NbagentError, SpecError
from nbagent.jobs.engine import Engine
from nbagent.ledger import Ledger
from nbagent.settings import Settings
from nbagent.take import Take

FILE: Final = Path(__file__).with_suffix(".jsonl")
Record = Mapping[str, Any]


class Made:
    """What a turn of a dialogue gave: takes, or an answer, or an error."""

    def __init__(
        self, session: Session, reply: Reply | None, error: str, before: dict[str, Take]
    ) -> None:
        self.reply = reply
        self.error = error
        self.before = before  # the takes that clips' names stood for when it was said
        self.takes = reply.takes if reply else ()
        self.answer = (reply.answer if reply else None) or ""
        clips = [session.ledger.artifact(take.id) for take in self.takes]
        self.seconds = [clip.duration_s for clip in clips if clip]

    @property
    def parent(self) -> Take | None:
        """The take that the first one was made from."""
        if not self.takes or not self.takes[0].parents:
            return None
        first = self.takes[0].parents[0]
        return next((t for t in self.before.values() if t.id == first), None)


def _from(made: Made, wanted: Any) -> bool:
    if wanted is None:
        return bool(made.takes) and not made.takes[0].parents
    names = [wanted] if isinstance(wanted, str) else wanted
    ids = [made.before[name].id if name in made.before else "" for name in names]
    return bool(made.takes) and list(made.takes[0].parents[: len(names)]) == ids


def _seed(made: Made, wanted: Any) -> bool:
    if not made.takes:
        return False
    seed = made.takes[0].seed
    if wanted in ("kept", "new"):
        same = made.parent is not None and made.parent.seed == seed
        return bool(same == (wanted == "kept"))
    return bool(seed == wanted)


def _has(text: str, word: str) -> bool:
    return (
        re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE) is not None
    )


def _shows(made: Made, wanted: Sequence[str]) -> bool:
    return bool(made.takes) and all(_has(made.takes[0].prompt, w) for w in wanted)


def _lacks(made: Made, wanted: Sequence[str]) -> bool:
    return bool(made.takes) and not any(_has(made.takes[0].prompt, w) for w in wanted)


def _kept(made: Made, wanted: Sequence[str]) -> bool:
    if made.parent is None:
        return False
    before = shots.from_json(made.parent.shot)
    after = shots.from_json(made.takes[0].shot)
    return all(getattr(before, name) == getattr(after, name) for name in wanted)


def _fields(made: Made, wanted: Mapping[str, Any]) -> bool:
    if not made.takes:
        return False
    shot = {**made.takes[0].shot, "frames": made.takes[0].num_frames}
    return all(
        _has(str(shot.get(name, "")), value)
        if isinstance(value, str)
        else shot.get(name) == value
        for name, value in wanted.items()
    )


def _effects(made: Made, wanted: Sequence[str]) -> bool:
    kinds = [effect.kind for take in made.takes[:1] for effect in take.effects]
    return bool(made.takes) and kinds == list(wanted)


def _answer(made: Made, wanted: Sequence[str]) -> bool:
    return not made.takes and all(w.lower() in made.answer.lower() for w in wanted)


CHECKS: Final[Mapping[str, Callable[[Made, Any], bool]]] = {
    "intent": lambda made, want: (
        made.reply is not None and made.reply.plan.intent == want
    ),
    "clips": lambda made, want: len(made.takes) == want,
    "from": _from,
    "operation": lambda made, want: (
        bool(made.takes) and made.takes[0].operation == want
    ),
    "seed": _seed,
    "shows": _shows,
    "lacks": _lacks,
    "kept": _kept,
    "fields": _fields,
    "effects": _effects,
    "seconds": lambda made, want: (
        bool(made.seconds) and abs(made.seconds[-1] - want) < 0.05
    ),
    "answer": _answer,
    "error": lambda made, want: want.lower() in made.error.lower() and not made.takes,
}
"""What may be checked of a turn, by its name in a dialogue."""


def play(dialogue: Record, folder: Path) -> Iterator[list[str]]:
    """Say the turns of a dialogue, and yield what was wrong of each."""
    settings = replace(
        Settings.from_env({}),
        store=folder / ".nbagent",
        runtime=folder / "run",
        conversation=str(dialogue["id"]),
    )
    # The engine never starts: whatever it would render is there before it is asked.
    session = Session(settings=settings, engine=Engine(settings))
    try:
        for turn in dialogue["turns"]:
            made = _say(session, turn)
            checks = {k: v for k, v in turn.items() if k in CHECKS}
            wrong = [name for name in checks if not CHECKS[name](made, checks[name])]
            if made.error and "error" not in checks:
                wrong.append(f"failed: {made.error}")
            yield [f"{name}{_found(made, name)}" for name in wrong]
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
    for number, line in numbered_lines(path):
        try:
            dialogue = json.loads(line)
            unknown = {
                key
                for turn in dialogue["turns"]
                for key in turn.keys() - {"say", "options", *CHECKS}
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


def main(argv: Sequence[str] | None = None) -> int:
    """Run `nbagent eval dialogues`; returns the exit status."""
    parser = argparse.ArgumentParser(prog="nbagent eval dialogues", description=__doc__)
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


def _say(session: Session, turn: Record) -> Made:
    before = {row.name: session.ledger.take(row.take_id) for row in session.rows()}
    try:
        reply = session.hear(turn["say"], turn.get("options", {}))
        if reply.answer is None:
            rendering = session.render(reply)
            for take in (*reply.parts, *reply.takes):
                if not take.is_recut:
                    _ramp(session.ledger, take)
            rendering.start(lambda _index, _progress: None)
            rendering.wait()
            session.close_turn(reply, rendering.clips)
    except NbagentError as error:
        return Made(session, None, str(error), before)
    return Made(session, reply, "", before)


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


def _found(made: Made, name: str) -> str:
    """Say what there was instead of what a check wants."""
    if name.startswith("failed"):
        return ""
    take = made.takes[0] if made.takes else None
    if name == "intent":
        return f": {made.reply.plan.intent if made.reply else None}"
    if take is None:
        return f": {made.answer or made.error or 'nothing'}"[:160]
    names = {t.id: n for n, t in made.before.items()}
    found: dict[str, object] = {
        "clips": len(made.takes),
        "from": [names.get(parent, "?") for parent in take.parents],
        "operation": take.operation,
        "seed": take.seed,
        "effects": [effect.kind for effect in take.effects],
        "seconds": made.seconds,
        "fields": dict(take.shot),
        "kept": dict(take.shot),
    }
    return f": {found.get(name, take.prompt)}"


def _table(result: Mapping[str, Any]) -> str:
    lines = [
        f"dialogues {result['dialogues']:.3f} of {result['n']}",
        f"turns     {result['turns']:.3f} of {result['n_turns']}",
        f"checks    {result['checks']:.3f} of {result['n_checks']}",
    ]
    lines += [
        f"  {name:9} {row['right']:.3f} of {row['n']}"
        for name, row in result["by_check"].items()
    ]
    return "\n".join((*lines, *result["wrong"])) + "\n"


if __name__ == "__main__":
    sys.exit(main())
