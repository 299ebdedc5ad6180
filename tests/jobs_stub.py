"""A renderer that sleeps instead of computing, for drills of the queue around it.

It keeps the contract of the real one: steps, turnstile, cancel flag, checkpoint on
disk, end in the ledger. The take's `shot` says how it should behave.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from nbagent.errors import Cancelled, JobFailed
from nbagent.ledger import Artifact, Ledger
from nbagent.settings import Settings
from nbagent.take import Job, Progress, Take

RENDERER = "tests.jobs_stub:SleepRenderer"
STEP_S = 0.05


class SleepRenderer:
    """Sleeps through the steps of a take and notes each in `steps.jsonl`."""

    def warm(self, model: str) -> None:
        Path(model).write_text(str(os.getpid()))

    def preview(self, job: Job) -> bytes | None:
        return f"preview of {job.id}".encode()

    def run(
        self,
        job: Job,
        *,
        report: Callable[[Progress], None],
        cancelled: Callable[[], bool],
        turn: Callable[[], None] | None = None,
    ) -> dict[str, Any]:
        shot, num_steps = job.take.shot, job.take.num_inference_steps
        with Ledger(Path(job.store)) as ledger:
            ledger.jobs.record(job.id, "running")
            checkpoint = ledger.checkpoint_dir / f"{job.id}.txt"
            first = int(checkpoint.read_text()) if checkpoint.exists() else 0
            for step in range(first, num_steps):
                if turn is not None:
                    turn()
                if cancelled():
                    ledger.jobs.record(job.id, "cancelled")
                    raise Cancelled("stopped")
                note_step(job, step)
                time.sleep(shot.get("step_s", STEP_S))
                checkpoint.parent.mkdir(parents=True, exist_ok=True)
                scratch = checkpoint.with_suffix(".tmp")
                scratch.write_text(str(step + 1))
                scratch.replace(checkpoint)  # a drill may kill it in between
                if step >= shot.get("dies_from", num_steps):
                    os.kill(os.getpid(), signal.SIGKILL)
                if shot.get("fails_at") == step:
                    ledger.jobs.record(job.id, "failed", message="out of ideas")
                    raise JobFailed("out of ideas: try another prompt")
                if shot.get("breaks_at") == step:
                    raise ZeroDivisionError("a bug\non two lines")
                report(
                    Progress(
                        job=job.id,
                        state="running",
                        phase="denoise",
                        step=step + 1,
                        num_steps=num_steps,
                    )
                )
            ledger.put_artifact(job.take.id, _artifact(ledger, job.take))
            ledger.jobs.record(job.id, "done")
        return {}


def note_step(job: Job, step: int) -> None:
    note = {"job": job.id, "step": step, "pid": os.getpid(), "at": time.time()}
    with (Path(job.store) / "steps.jsonl").open("a") as file:
        file.write(json.dumps(note) + "\n")


def steps_of(store: Path, job_id: str | None = None) -> list[dict[str, Any]]:
    try:
        lines = (store / "steps.jsonl").read_text().splitlines()
    except FileNotFoundError:
        return []
    notes = [json.loads(line) for line in lines]
    return [note for note in notes if job_id in (None, note["job"])]


def make_job(
    store: Path, *, steps: int = 5, lane: Any = "interactive", **shot: Any
) -> Job:
    """Record a job of the stub's, as a session would."""
    with Ledger(store) as ledger:
        count = len(ledger.jobs.find())
        take = Take(
            operation="generate",
            model="pocket",
            model_revision="stub",
            prompt="a red ball",
            shot=shot,
            seed=count,
            num_frames=16,
            height=128,
            width=128,
            fps=8.0,
            num_inference_steps=steps,
            guidance_scale=1.0,
        )
        ledger.add_take(take)
        job_id = ledger.jobs.add(take.id, None, lane)
    return Job(id=job_id, take=take, store=str(store), lane=lane)


class Ear:
    """Keeps what a listener heard."""

    def __init__(self) -> None:
        self.heard: list[Progress] = []
        self.threads: set[str] = set()

    def __call__(self, progress: Progress) -> None:
        self.heard.append(progress)
        self.threads.add(threading.current_thread().name)

    def of(self, job: Job) -> list[Progress]:
        return [progress for progress in self.heard if progress.job == job.id]

    def ends(self, job: Job) -> list[str]:
        ends = {"done", "failed", "cancelled"}
        return [p.state for p in self.of(job) if p.state in ends]

    def wait_for_step(self, job: Job, step: int, timeout_s: float = 20) -> None:
        wait_until(
            lambda: any(p.step >= step for p in self.of(job)) or self.ends(job),
            timeout_s,
        )
        assert not self.ends(job), self.of(job)[-1]


def wait_until(condition: Callable[[], object], timeout_s: float = 20) -> None:
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, "it did not come to that in time"
        time.sleep(0.01)


def _artifact(ledger: Ledger, take: Take) -> Artifact:
    clip = ledger.put_file(take.id.encode(), ".mp4")
    return Artifact(
        video=clip,
        poster=clip,
        latents=clip,
        num_frames=take.num_frames,
        fps=take.fps,
        height=take.height,
        width=take.width,
        duration_s=take.num_frames / take.fps,
        size_bytes=1,
        seconds_rendered=0.0,
    )


def plain(settings: Settings, address: str) -> Settings:
    """Attach to a cluster without TLS, having said so."""
    return replace(settings, engine=address, takes_plain_engine=True)
