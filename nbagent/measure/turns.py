"""`nbagent eval turns`: plans of labelled turns, and how right they are.

    nbagent eval turns tests/turns/phys.jsonl --plans plans.jsonl
    nbagent eval turns tests/turns --held fold.npz      # leave authors out
    nbagent eval turns FILE --brain ollama:llama3
    nbagent eval turns FILE --requests requests.jsonl   # judge any model elsewhere
    nbagent eval turns FILE --replies replies.jsonl

The reader was trained on the turns of `tests/turns`: what it scores on them is no figure.
`--held` scores each author by a reader that has read nothing of that author's
(`nbagent train-reader --groups`); docs give that figure.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from nbagent.acts.plan import Plan
from nbagent.errors import SpecError
from nbagent.language.expected import to_expected
from nbagent.language.reader import Reader
from nbagent.language.scoring import Score, score, summed
from nbagent.language.state import State
from nbagent.measure import llm as measure_llm
from nbagent.system.arguments import Parser

Turn = dict[str, Any]
_ASK: Final = Plan(intent="ask", confidence=0.0)
"""What stands for a model's reply that is no plan: nothing is done."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run `nbagent eval turns`."""
    options = _parser().parse_args(argv)
    files = [
        file
        for path in map(Path, options.files)
        for file in (sorted(path.glob("*.jsonl")) if path.is_dir() else [path])
    ]
    turns = [(file.stem, turn) for file in files for turn in _lines(file)]
    if not turns:
        raise SpecError(f"{options.files[0]} has no labelled turns")
    if options.requests:
        _write(options.requests, measure_llm.requests(turn for _, turn in turns))
        return 0
    plans, took_ms = _timed(_plans(turns, options))
    told = [
        to_expected(plan, turn["turn"])
        for (_, turn), plan in zip(turns, plans, strict=True)
    ]
    if options.plans:
        pairs = zip(turns, told, strict=True)
        _write(options.plans, ({"id": t["id"], "plan": one} for (_, t), one in pairs))
    scored = [(turn, one) for (_, turn), one in zip(turns, told, strict=True)]
    if any("expected" not in turn for turn, _ in scored):
        sys.stdout.write(f"{len(scored)} plans; the turns have no labels\n")
        return 0
    scores = [score(turn, one) for turn, one in scored]
    figures = summed([turn for turn, _ in scored], scores)
    figures["p95_ms"] = round(sorted(took_ms)[int(0.95 * len(took_ms))], 1)
    if options.errors:
        sys.stdout.writelines(_errors(scored, scores))
    sys.stdout.write(
        f"{json.dumps(figures, ensure_ascii=False)}\n"
        if options.json
        else _table(figures)
    )
    return 0


def _timed(plans: Iterator[Plan]) -> tuple[list[Plan], list[float]]:
    """Return plans, and the milliseconds that each took."""
    found, took_ms = [], []
    began = time.perf_counter()
    for plan in plans:
        found.append(plan)
        took_ms.append((time.perf_counter() - began) * 1e3)
        began = time.perf_counter()
    return found, took_ms


def _plans(
    turns: Sequence[tuple[str, Turn]], options: argparse.Namespace
) -> Iterator[Plan]:
    only = [turn for _, turn in turns]
    if options.replies:
        yield from _of_model(
            measure_llm.plans_of_replies(only, _lines(Path(options.replies)))
        )
    elif options.brain:
        yield from _of_model(measure_llm.plans_of_model(only, options.brain))
    elif options.held:
        yield from _held(turns, Path(options.held))
    else:
        reader = Reader(Path(options.weights)) if options.weights else Reader()
        yield from (reader.read(t["turn"], State.from_record(t)) for t in only)


def _of_model(readings: Iterable[measure_llm.Reading]) -> Iterator[Plan]:
    for reading in readings:
        if reading.plan is None:
            sys.stderr.write(f"{reading.id}: {reading.error}\n")
        yield reading.plan or _ASK


def _held(turns: Sequence[tuple[str, Turn]], weights: Path) -> Iterator[Plan]:
    """Read each author's turns with the reader that was trained without that author."""
    groups = json.loads(weights.with_name("groups.json").read_text("utf-8"))
    fold = {author: i for i, group in enumerate(groups) for author in group}
    readers: dict[int, Reader] = {}
    for author, turn in turns:
        if author not in fold:
            raise SpecError(
                f"{author} was left out of no group: train with one that has it"
            )
        index = fold[author]
        if index not in readers:
            readers[index] = Reader(weights.with_stem(f"{weights.stem}-{index}"))
        yield readers[index].read(turn["turn"], State.from_record(turn))


def _errors(
    scored: Sequence[tuple[Turn, Turn]], scores: Sequence[Score]
) -> Iterator[str]:
    for (turn, told), one in zip(scored, scores, strict=True):
        if not one.full:
            keys = ("intent", "acts", "target", "settings", "action")
            want, got = (
                {key: plan.get(key) for key in keys if plan.get(key)}
                for plan in (turn["expected"], told)
            )
            yield f"{turn['id']} {turn['turn'][:150]!r}\n  want {want}\n  got  {got}\n"


def _table(figures: Turn) -> str:
    rows = [f"{key:13} {value}" for key, value in figures.items() if key != "by"]
    rows += [f"  {key:24} {value}" for key, value in figures["by"].items()]
    return "\n".join(rows) + "\n"


def _lines(file: Path) -> list[Turn]:
    try:
        text = file.read_text("utf-8")
    except OSError as error:
        raise SpecError(
            f"{file} cannot be read ({error.strerror}): name a file"
        ) from error
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def _write(file: str, rows: Iterable[Turn]) -> None:
    text = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
    Path(file).write_text(text, encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="nbagent eval turns", description="Score plans of labelled turns."
    )
    parser.add_argument("files", nargs="+", help="files or folders of labelled turns")
    parser.add_argument("--plans", help="write each plan: {id, plan} a line")
    parser.add_argument("--json", action="store_true", help="print figures as JSON")
    parser.add_argument("--errors", action="store_true", help="print what is wrong")
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--weights", help="of another reader than the shipped one")
    source.add_argument("--held", help="the weights of readers trained by --groups")
    source.add_argument("--brain", help="a language model, like ollama:llama3")
    source.add_argument("--requests", help="write what a language model would be sent")
    source.add_argument("--replies", help="recorded replies: {id, reply} a line")
    return parser


if __name__ == "__main__":
    sys.exit(main())
