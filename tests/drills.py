"""Drills of the engine in numbers that a test suite has no time for.

    python -m tests.drills cold 20 2        two kernels at a cold host, 20 times
    python -m tests.drills cancel 200       cancels in a job's first 100 ms
    python -m tests.drills pause 200        pauses there
    python -m tests.drills starved 20       cancels while the worker is stopped
    python -m tests.drills kill 40          jobs of kernels whose shared host is killed

Each prints what it counted, and ends with 1 if a job was lost or a word was not kept.
The tests run them with small numbers.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from nbagent.jobs.engine import Engine
from nbagent.jobs.runtime import process_started, read_host
from nbagent.settings import Settings
from nbagent.take import Job
from tests.jobs_stub import RENDERER, STEP_S, Ear, make_job, steps_of, wait_until

ROOT = Path(__file__).parents[1]
# What a kernel of a drill does: one job after the other.
KERNEL = """
    import sys
    from nbagent.jobs.engine import Engine
    from nbagent.settings import Settings
    from tests.jobs_stub import RENDERER, Ear, make_job
    settings, ear = Settings.from_env(), Ear()
    with Engine(settings, renderer=RENDERER) as engine:
        for _ in range(int(sys.argv[1])):
            job = make_job(settings.store, steps=int(sys.argv[2]))
            engine.submit(job, ear)
            end = engine.wait(job.id, 120)
            print(end.state, end.message, flush=True)
"""
SOON_S = 0.1


def kernel(settings: Settings, jobs: int, steps: int) -> subprocess.Popen[str]:
    """Start a process that plays a kernel; it prints how each of its jobs ended."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(KERNEL), str(jobs), str(steps)],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "NBAGENT_STORE": str(settings.store),
            "NBAGENT_RUNTIME": str(settings.runtime),
            "NBAGENT_GRACE_S": str(settings.grace_s),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def end_host(settings: Settings) -> None:
    """End the host, if one runs, and wait for it."""
    if host := read_host(settings.runtime):
        os.kill(host.pid, signal.SIGTERM)
        wait_until(lambda: process_started(host.pid) is None)


def ends_of(kernels: list[subprocess.Popen[str]]) -> list[str]:
    """Return how the jobs of kernels ended, and what the kernels said beside it."""
    said = [one.communicate(timeout=300) for one in kernels]
    return [line for out, err in said for line in (out + err).splitlines() if line]


def cold(settings: Settings, rounds: int, kernels: int) -> list[str]:
    """Let kernels come to a cold host at once; return the ends that are not `done`."""
    bad = []
    for number in range(rounds):
        own = replace(settings, runtime=settings.runtime / str(number))
        started = [kernel(own, 1, 1) for _ in range(kernels)]
        bad += [end for end in ends_of(started) if end.strip() != "done"]
        end_host(own)
    return bad


def early(settings: Settings, rounds: int, what: str) -> list[str]:
    """Cancel or pause jobs in their first 100 ms; return the words that were not kept.

    Once a job is said to be stopped, its renderer takes no step.
    """
    bad = []
    rng = random.Random(rounds)
    with Engine(settings, renderer=RENDERER) as engine:
        engine.start()
        for _ in range(rounds):
            ear, job = Ear(), make_job(settings.store, steps=40, step_s=0.02)
            engine.submit(job, ear)
            delay_s = rng.uniform(0, SOON_S)
            time.sleep(delay_s)
            {"cancel": engine.cancel, "pause": engine.pause}[what](job.id)
            state = _stopped(ear, job)
            taken = len(steps_of(settings.store, job.id))
            time.sleep(3 * STEP_S)
            more = len(steps_of(settings.store, job.id)) - taken
            expected = {"cancel": "cancelled", "pause": "paused"}[what]
            if state != expected or more:
                bad.append(f"{delay_s * 1e3:.0f} ms: {state}, then {more} steps")
            if what == "pause":
                engine.cancel(job.id)
                engine.wait(job.id, 30)
    return bad


def starved(settings: Settings, rounds: int) -> list[str]:
    """Cancel jobs whose worker gets the job and the cancel at once, and late."""
    bad = []
    with Engine(settings, renderer=RENDERER) as engine:
        first = make_job(settings.store, steps=1)
        engine.submit(first, Ear())
        engine.wait(first.id, 60)
        pid = steps_of(settings.store, first.id)[0]["pid"]
        for number in range(rounds):
            ear, job = Ear(), make_job(settings.store, steps=10, step_s=0.02)
            os.kill(pid, signal.SIGSTOP)
            engine.submit(job, ear)
            time.sleep(number * 0.01)
            engine.cancel(job.id)
            early = engine.wait(job.id, 0.8).state
            os.kill(pid, signal.SIGCONT)
            late = engine.wait(job.id, 30).state
            time.sleep(3 * STEP_S)
            steps = len(steps_of(settings.store, job.id))
            is_sent = number > 0  # else it never left the queue
            if (is_sent and early == "cancelled") or late != "cancelled" or steps > 1:
                bad.append(f"{early} while it was stopped, {late} after {steps} steps")
    return bad


def _stopped(ear: Ear, job: Job) -> str:
    stopped = {"paused", "cancelled", "done", "failed"}
    wait_until(lambda: ear.of(job) and ear.of(job)[-1].state in stopped, 60)
    return ear.of(job)[-1].state


def kill(settings: Settings, jobs: int) -> list[str]:
    """Kill the host that two kernels share, again and again, while their jobs run."""
    rng = random.Random(jobs)
    kernels = [kernel(settings, jobs // 2, 10) for _ in range(2)]
    while any(one.poll() is None for one in kernels):
        time.sleep(rng.uniform(0.5, 6))
        if host := read_host(settings.runtime):
            os.kill(host.pid, signal.SIGKILL)
    return [end for end in ends_of(kernels) if end.strip() != "done"]


def main() -> None:
    """Run one drill."""
    drills: dict[str, Callable[..., list[str]]] = {
        "cold": cold,
        "cancel": lambda settings, rounds: early(settings, rounds, "cancel"),
        "pause": lambda settings, rounds: early(settings, rounds, "pause"),
        "starved": starved,
        "kill": kill,
    }
    parser = argparse.ArgumentParser(prog="python -m tests.drills")
    parser.add_argument("drill", choices=drills)
    parser.add_argument("numbers", type=int, nargs="+")
    options = parser.parse_args()
    os.environ["PYTHONPATH"] = str(ROOT)  # the workers find the stub
    with tempfile.TemporaryDirectory(prefix="nbagent-drill-") as folder:
        settings = replace(
            Settings.from_env(),
            store=Path(folder) / "store",
            runtime=Path(folder) / "run",
            grace_s=5,
        )
        start = time.monotonic()
        bad = drills[options.drill](settings, *options.numbers)
        took_s = time.monotonic() - start
        title = f"{options.drill} {options.numbers}: {len(bad)} failed ({took_s:.0f} s)"
        sys.stdout.write("\n  ".join([title, *bad]) + "\n")
        end_host(settings)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
