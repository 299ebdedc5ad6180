"""Bench of a machine that has other work: a clip on the CPU while something wants a core.

Its figures go out through `nbagent bench` (see `nbagent.measure.bench`).
"""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from nbagent.jobs.runtime import SPIN
from nbagent.measure.workbench import median_ratio

Figures = dict[str, Any]

_RENDER = """
import sys, time
from pathlib import Path
from nbagent.measure.workbench import PROMPT, Workbench
bench = Workbench(Path(sys.argv[1]))
for seed, _ in enumerate(sys.stdin):
    job = bench.job(bench.take(PROMPT, seed=seed))
    began_s = time.perf_counter()
    bench.run(job)
    print(time.perf_counter() - began_s, flush=True)
"""


def busy(rounds: int) -> Figures:
    """Seconds of a warm clip alone and beside others, by how torch's threads wait.

    Two kinds of processes render in turns: with the settings that a worker gets, and
    with the system's own. Alone, beside a program that keeps one core busy, and two of
    a kind at once, as when two kernels have engines of their own.
    """
    with contextlib.ExitStack() as stack:
        kinds = [
            [stack.enter_context(_renderer(env)) for _ in range(2)]
            for env in (SPIN, {})
        ]
        firsts = [pair[:1] for pair in kinds]
        figures = {"alone": _in_turns(firsts, rounds)}
        other = subprocess.Popen([sys.executable, "-c", "while True: pass"])
        try:
            figures["beside_a_busy_program"] = _in_turns(firsts, rounds)
        finally:
            other.kill()
            other.wait()
        figures["two_at_once"] = _in_turns(kinds, rounds)
    return {name: _summary(pairs) for name, pairs in figures.items()} | {
        "cores": os.cpu_count(),
        "rounds": rounds,
    }


def _summary(pairs: list[tuple[float, float]]) -> dict[str, float]:
    ours, default = ([pair[i] for pair in pairs] for i in (0, 1))
    return {
        "worker_s": round(statistics.median(ours), 3),
        "worker_s_max": round(max(ours), 3),
        "default_s": round(statistics.median(default), 3),
        "default_s_max": round(max(default), 3),
        "ratio_median": median_ratio(pairs),
    }


@contextlib.contextmanager
def _renderer(env: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Start a process that renders a clip for each line it gets, and warm it."""
    inherited = {k: v for k, v in os.environ.items() if k not in SPIN}
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [sys.executable, "-c", _RENDER, folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=inherited | env,
        ) as process,
    ):
        _all_at_once([process])
        yield process
        assert process.stdin is not None
        process.stdin.close()


def _in_turns(
    kinds: list[list[subprocess.Popen[str]]], rounds: int
) -> list[tuple[float, float]]:
    """Return pairs of seconds: of a clip of the first kind, and of one of the second."""
    pairs = []
    for number in range(rounds):
        order = (0, 1) if number % 2 else (1, 0)
        spent = {kind: _all_at_once(kinds[kind]) for kind in order}
        pairs.append((spent[0], spent[1]))
    return pairs


def _all_at_once(processes: list[subprocess.Popen[str]]) -> float:
    """Return the seconds until each has made a clip."""
    for process in processes:
        _ask(process)
    return max(_seconds(process) for process in processes)


def _ask(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def _seconds(process: subprocess.Popen[str]) -> float:
    assert process.stdout is not None
    return float(process.stdout.readline())
