"""Scores the router on recorded turns: `nbagent eval turns FILE.jsonl --json`.

The records follow the turns schema of docs/brain.md. A figure is a fraction of the
turns that it is about; the output says how many those are.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nbagent.conversation.plan import Intent, Plan
from nbagent.conversation.router import route
from nbagent.conversation.state import State
from nbagent.errors import SpecError

Record = Mapping[str, Any]

# Intents whose right answer costs no device time.
_FREE: Final[frozenset[Intent]] = frozenset(
    {"describe", "analyze", "chat", "control", "ask"}
)
# With these a target more than expected does no harm.
_LENIENT: Final[frozenset[Intent]] = frozenset(
    {"generate_video", "generate_image", "chat", "storyboard"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What was right of one turn. `edits` is None where the turn is no refine."""

    intent: bool
    edits: bool | None
    target: bool
    slots: bool
    is_free: bool
    false_start: bool

    @property
    def full(self) -> bool:
        """Whether everything was right."""
        return self.intent and self.edits is not False and self.target and self.slots


def score(record: Record, plan: Plan) -> Score:
    """Compare a plan with what a record expects."""
    expected = record["expected"]
    intents = {expected["intent"], *expected.get("accept_intents", ())}
    right = plan.intent in intents
    refines = expected["intent"] == "refine"
    kinds: list[str] = [edit.kind for edit in plan.edits]
    edits = None
    if refines:
        accepted = expected.get("accept_edits", ())
        edits = plan.intent in intents and _edits_match(
            kinds, expected["edits"], accepted
        )
        # Another accepted intent has no edits to compare.
        edits = edits or (right and plan.intent != "refine")
    is_free = intents <= _FREE
    return Score(
        intent=right,
        edits=edits,
        target=_target_matches(record, plan),
        slots=_slots_match(expected["slots"], dict(plan.slots)),
        is_free=is_free,
        false_start=is_free and plan.needs_device,
    )


def evaluate(
    records: Sequence[Record], planner: Callable[[str, State], Plan] = route
) -> dict[str, Any]:
    """Score a planner on records.

    Returns:
        `intent`, `target`, `slots` and `full` as fractions of all turns; `edits` as
        a fraction of the turns that expect a refine (`n_edits`); `false_starts` as a
        fraction of the turns whose right plan costs no device time (`n_free`);
        `p95_ms` and `n`; `by_tag` and `by_lang` with `full` and `intent` of each.
    """
    if not records:
        raise SpecError("the file has no turns: nothing to score")
    planner(records[0]["turn"], State.from_record(records[0]))  # loads the weights
    scores, times_ms = list[Score](), list[float]()
    for record in records:
        state = State.from_record(record)
        # Best of three, as timeit does: other processes must not count.
        tries = list[float]()
        for _ in range(3):
            start = time.perf_counter()
            plan = planner(record["turn"], state)
            tries.append((time.perf_counter() - start) * 1000)
        times_ms.append(min(tries))
        scores.append(score(record, plan))
    free = [s for s in scores if s.is_free]
    edits = [s for s in scores if s.edits is not None]
    return {
        "n": len(scores),
        "intent": _share(s.intent for s in scores),
        "edits": _share(bool(s.edits) for s in edits),
        "n_edits": len(edits),
        "target": _share(s.target for s in scores),
        "slots": _share(s.slots for s in scores),
        "full": _share(s.full for s in scores),
        "false_starts": _share(s.false_start for s in free),
        "n_free": len(free),
        "p95_ms": round(sorted(times_ms)[int(0.95 * (len(times_ms) - 1))], 3),
        "by_tag": _split(records, scores, lambda r: r.get("tags", ())),
        "by_lang": _split(records, scores, lambda r: (r["lang"],)),
    }


def numbered_lines(path: Path) -> Iterable[tuple[int, str]]:
    """Return the lines of a file that are not blank, with their numbers from 1.

    Raises:
        SpecError: If it cannot be read.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"cannot read {str(path)!r}: {error}") from error
    return [(number, line) for number, line in enumerate(lines, 1) if line.strip()]


def read_records(path: Path) -> list[Record]:
    """Read a file of recorded turns.

    Raises:
        SpecError: If the file is missing, or a line is no record.
    """
    records = list[Record]()
    for number, line in numbered_lines(path):
        try:
            record = json.loads(line)
            expected = record["expected"]
            _ = record["turn"], expected["intent"], expected["edits"], expected["slots"]
            _ = record["lang"], State.from_record(record)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SpecError(
                f"{path.name} line {number} is not a recorded turn ({error!r}):"
                " see the schema in docs/brain.md"
            ) from error
        records.append(record)
    return records


def main(argv: Sequence[str] | None = None) -> int:
    """Run `nbagent eval turns`; returns the exit status."""
    parser = argparse.ArgumentParser(prog="nbagent eval turns", description=__doc__)
    parser.add_argument("file", type=Path, help="recorded turns, one JSON a line")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--errors", action="store_true", help="list what was wrong")
    args = parser.parse_args(argv)
    try:
        records = read_records(args.file)
        result = evaluate(records)
    except SpecError as error:
        sys.stderr.write(f"nbagent: {error}\n")
        return 2
    if args.json:
        sys.stdout.write(json.dumps(result, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(_table(result))
    if args.errors:
        sys.stdout.write("".join(_mistakes(records)))
    return 0


def _share(values: Iterable[bool]) -> float:
    seen = list(values)
    return round(sum(seen) / len(seen), 4) if seen else 0.0


def _split(
    records: Sequence[Record],
    scores: Sequence[Score],
    keys: Callable[[Record], Iterable[str]],
) -> dict[str, dict[str, float]]:
    groups: dict[str, list[Score]] = defaultdict(list)
    for record, one in zip(records, scores, strict=True):
        for key in keys(record):
            groups[key].append(one)
    return {
        key: {
            "n": len(group),
            "intent": _share(s.intent for s in group),
            "full": _share(s.full for s in group),
        }
        for key, group in sorted(groups.items())
    }


def _edits_match(
    kinds: list[str], expected: Sequence[Sequence[str]], accepted: Iterable[str]
) -> bool:
    """Compare in order; kinds of `accepted` may stand anywhere between."""
    spare = set(accepted)
    if not kinds:
        return not expected
    fits = bool(expected) and kinds[0] in expected[0]
    if fits and _edits_match(kinds[1:], expected[1:], spare):
        return True
    return kinds[0] in spare and _edits_match(kinds[1:], expected, spare)


def _target_matches(record: Record, plan: Plan) -> bool:
    expected = record["expected"]
    names = {v["name"]: v["ref"] for v in record.get("variables", ()) if v.get("ref")}

    def same(target: object) -> Counter[str]:
        several = (
            target if isinstance(target, (list, tuple)) else [target] if target else []
        )
        return Counter(names.get(str(t), str(t)) for t in several)

    found = same(plan.target)
    answers = [expected.get("target"), *expected.get("accept_targets", ())]
    if any(found == same(answer) for answer in answers):
        return True
    return expected.get("target") is None and plan.intent in _LENIENT & {
        expected["intent"],
        *expected.get("accept_intents", ()),
    }


def _slots_match(expected: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Whether all stated slots are right and none was invented."""
    return expected.keys() == found.keys() and all(
        _same_value(value, found[name]) for name, value in expected.items()
    )


def _same_value(expected: object, found: object) -> bool:
    if isinstance(expected, list) and isinstance(found, list):
        return sorted(_plain(e) for e in expected) == sorted(_plain(f) for f in found)
    if isinstance(expected, str) and isinstance(found, str):
        return _plain(expected) == _plain(found)
    if isinstance(expected, (int, float)) and isinstance(found, (int, float)):
        return abs(expected - found) < 1e-6
    return expected == found


def _plain(value: object) -> str:
    text = str(value).casefold().strip(" .,!")
    for article in ("a ", "an ", "the "):
        text = text.removeprefix(article)
    return text.removesuffix(" style")


def _table(result: Mapping[str, Any]) -> str:
    lines = [f"{result['n']} turns, p95 {result['p95_ms']} ms"]
    for name in ("intent", "edits", "target", "slots", "full", "false_starts"):
        of = {"edits": "n_edits", "false_starts": "n_free"}.get(name, "n")
        lines.append(f"{name:13} {result[name]:.3f}  of {result[of]}")
    for group in ("by_tag", "by_lang"):
        for key, row in result[group].items():
            lines.append(
                f"  {key:11} intent {row['intent']:.3f}  full {row['full']:.3f}  of {row['n']:.0f}"
            )
    return "\n".join(lines) + "\n"


def _mistakes(records: Sequence[Record]) -> Iterable[str]:
    for record in records:
        plan = route(record["turn"], State.from_record(record))
        if score(record, plan).full:
            continue
        expected = record["expected"]
        yield (
            f"\n{record['id']} {record['turn'][:160]!r}\n"
            f"  want {expected['intent']} {expected['edits']} {expected.get('target')}"
            f" {expected['slots']}\n"
            f"  got  {plan.intent} {[e.kind for e in plan.edits]} {plan.target}"
            f" {dict(plan.slots)} ({plan.confidence:.2f})\n"
        )


if __name__ == "__main__":
    sys.exit(main())
