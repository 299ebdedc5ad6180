"""Check files of labelled turns: python -m tests.turns FILE.jsonl ..."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from tests.turns.schema import faults, read


def main(files: list[str]) -> int:
    """Print what each file holds and what is wrong with it; 1 if anything is."""
    found = 0
    for file in map(Path, files):
        turns = read(file)
        wrong = faults(turns)
        intents = Counter(turn["expected"]["intent"] for turn in turns)
        told = f"{file.name}: {len(turns)} turns, {len(wrong)} faults; {dict(intents)}"
        sys.stdout.write("\n".join((told, *wrong)) + "\n")
        found += len(wrong)
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
