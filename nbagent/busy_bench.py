"""Bench of a machine that has other work: a clip on the CPU while something wants a core.

Its figures go out through `nbagent bench` (see `nbagent.bench`).
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
from nbagent.workbench import median_ratio

Figures = dict[str, Any]

_RENDER = """
import sys, time
from pathlib import Path
from nbagent.workbench import PROMPT, Workbench
bench = Workbench(Path(sys.argv[1]))
for seed, _ in enumerate(sys.stdin):
    job = bench.job(bench.take(PROMPT, seed=seed))
    began_s = time.perf_counter()
    bench.run(job)
    print(time.perf_counter() - began_s, flush=True)
"""


def busy(rounds: int) -> Figures:
    """Seconds of a warm clip alone and beside a busy program, by how threads wait.

    Two processes render in turns: one whose threads wait as the system's do, one whose
    threads wait as those of a worker. Beside a program that keeps one core busy a clip
    must not take more than about twice as long.
    """
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(_renderer(SPIN))
        theirs = stack.enter_context(_renderer({}))
        alone = _in_turns(ours, theirs, rounds)
        other = subprocess.Popen([sys.executable, "-c", "while True: pass"])
        stack.callback(other.kill)
        beside = _in_turns(ours, theirs, rounds)
    return {
        name: {
            "worker_s": round(statistics.median(pair[0] for pair in pairs), 3),
            "worker_s_max": round(max(pair[0] for pair in pairs), 3),
            "default_s": round(statistics.median(pair[1] for pair in pairs), 3),
            "default_s_max": round(max(pair[1] for pair in pairs), 3),
            "ratio_median": median_ratio(pairs),
        }
        for name, pairs in (("alone", alone), ("beside_a_busy_program", beside))
    } | {"cores": os.cpu_count(), "rounds": rounds}


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
        _seconds(process)
        yield process
        assert process.stdin is not None
        process.stdin.close()


def _in_turns(
    one: subprocess.Popen[str], other: subprocess.Popen[str], rounds: int
) -> list[tuple[float, float]]:
    return [(_seconds(one), _seconds(other)) for _ in range(rounds)]


def _seconds(process: subprocess.Popen[str]) -> float:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return float(process.stdout.readline())
