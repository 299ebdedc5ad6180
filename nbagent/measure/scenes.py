"""`nbagent eval scenes`: what is read of labelled scenes, and how right it is.

    nbagent eval scenes tests/scenes/scenes-tess.jsonl --weights held.npz --errors

What is shipped was trained on the sentences of `tests/scenes`: what it scores on them is
no figure. `nbagent train-scenes --without NAME` leaves a hand out; docs give that figure.
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nbagent.errors import SpecError
from nbagent.language import scenes
from nbagent.language.heads import HeadEncoder
from nbagent.language.scene_labels import FACTORS
from nbagent.language.scenes import SceneReading, encoder_of
from nbagent.language.stand_ins import agreement
from nbagent.pocket.taught import taught
from nbagent.system.arguments import Parser

Record = Mapping[str, Any]
Pair = tuple[Record, SceneReading]


def main(argv: Sequence[str] | None = None) -> int:
    """Run `nbagent eval scenes`."""
    parser = Parser(prog="nbagent eval scenes", description=__doc__)
    parser.add_argument(
        "files", nargs="+", type=Path, help="JSON lines of scenes, or of nouns"
    )
    parser.add_argument("--weights", type=Path, default=scenes.WEIGHTS)
    parser.add_argument("--errors", action="store_true", help="print what is wrong")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(argv)
    records = [record for file in options.files for record in read(file)]
    encoder = encoder_of(options.weights)
    judged = [record for record in records if "nearest" in record]
    if judged:
        _tell(_stand_ins(judged, encoder), is_json=options.json)
    records = [record for record in records if "nearest" not in record]
    if judged and not records:
        return 0
    pairs, took_ms = [], []
    for record in records:
        began = time.perf_counter()
        pairs.append((record, scenes.read_scene(record["prompt"], encoder)))
        took_ms.append((time.perf_counter() - began) * 1e3)
    figures = score(pairs)
    figures["p95_ms"] = round(sorted(took_ms)[int(0.95 * len(took_ms))], 1)
    if options.errors:
        sys.stdout.writelines(_errors(pairs))
    _tell(figures, is_json=options.json)
    return 0


def _tell(figures: Mapping[str, Any], *, is_json: bool) -> None:
    text = json.dumps(figures) if is_json else _table(figures)
    sys.stdout.write(f"{text}\n")


def _stand_ins(records: Sequence[Record], by: HeadEncoder) -> dict[str, Any]:
    """Return how near the offers for nouns are to those of a writer, by language too."""
    offers = [scenes.stand_ins(record["prompt"], by) for record in records]
    right = [record["nearest"] for record in records]
    langs = defaultdict[str, list[int]](list)
    for index, record in enumerate(records):
        langs[str(record.get("lang", "en"))].append(index)
    return {
        **agreement(offers, right),
        "languages": {
            lang: agreement([offers[i] for i in at], [right[i] for i in at])["first"]
            for lang, at in langs.items()
        },
        "n": len(records),
    }


def read(file: Path) -> list[dict[str, Any]]:
    """Return the labelled scenes of a file.

    Raises:
        SpecError: If it is none.
    """
    try:
        lines = file.read_text("utf-8").splitlines()
        records = [json.loads(line) for line in lines if line.strip()]
        said = [r["text"] if "nearest" in r else r["prompt"] for r in records]
        return [r | {"prompt": str(s)} for r, s in zip(records, said, strict=True)]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SpecError(
            f"{file} is not a file of labelled scenes ({error}); see tests/scenes/README.md"
        ) from error


def score(pairs: Iterable[Pair]) -> dict[str, Any]:
    """Return the share of right answers: by factor, of all, by language.

    A factor that is not said is right if it is not read. `drawn` is the share of which
    pocket is told the same, whatever has no meaning in the scene. `lost` is the share of things
    that cannot be shown of which a word is told, `told` the share of what is told that
    is one; `unknown` how often a subject that the world lacks is seen, `known` how often
    one that it has is not taken for such.
    """
    marks: dict[str, list[float]] = defaultdict(list)
    by_lang: dict[str, list[float]] = defaultdict(list)
    for record, found in pairs:
        right = {f: record.get(f) == found.factors.get(f) for f in FACTORS}
        for factor, is_right in right.items():
            marks[factor].append(is_right)
        marks["all"].append(all(right.values()))
        wanted = {f: record[f] for f in FACTORS if f in record}
        marks["drawn"].append(taught(wanted) == taught(found.factors))
        by_lang[str(record.get("lang", "en"))].append(all(right.values()))
        lost = [str(one).lower() for one in record.get("lost", ())]
        told = [one.lower() for one in (*found.lost, found.unknown_actor) if one]
        marks["lost"] += [any(_share(a, b) for b in told) for a in lost]
        marks["told"] += [any(_share(a, b) for b in lost) for a in told]
        if "actor" in record:
            marks["known"].append(not found.unknown_actor)
        elif lost:
            marks["unknown"].append(bool(found.unknown_actor))
    return {
        **{name: _mean(values) for name, values in marks.items()},
        "languages": {lang: _mean(values) for lang, values in by_lang.items()},
        "n": len(marks["all"]),
    }


def _share(one: str, other: str) -> bool:
    return one in other or other in one


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / max(1, len(values)), 3)


def _errors(pairs: Iterable[Pair]) -> Iterable[str]:
    for record, found in pairs:
        wrong = [
            f"{f}: {record.get(f, '-')}, read {found.factors.get(f, '-')}"
            for f in FACTORS
            if record.get(f) != found.factors.get(f)
        ]
        if wrong:
            yield f"{record['prompt']}\n    {'; '.join(wrong)}\n"


def _table(figures: Mapping[str, Any]) -> str:
    rows = [f"{k:9} {v:.3f}" for k, v in figures.items() if isinstance(v, float)]
    rows += [f"all in {k:2} {v:.3f}" for k, v in figures["languages"].items()]
    return "\n".join([*rows, f"n {figures['n']}"])
