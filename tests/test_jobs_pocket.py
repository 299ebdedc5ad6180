"""The drills that matter most, with the real model in the worker."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from nbagent.errors import SpecError
from nbagent.jobs.engine import Engine
from nbagent.jobs.runtime import process_started, read_host
from nbagent.ledger import Artifact, Ledger
from nbagent.models.cards import model_card
from nbagent.settings import Settings
from nbagent.take import Job, Take
from tests.jobs_stub import Ear, wait_until

# Each imports torch twice, which a busy machine does in minutes.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
STEPS = 12
LONG_S = 400


@pytest.fixture
def engine(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    # Threads that wait for each other spin, and that is slow on a busy machine.
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with Engine(settings) as engine:
        engine.warm()
        yield engine
    if host := read_host(settings.runtime):
        os.kill(host.pid, signal.SIGTERM)
        wait_until(lambda: process_started(host.pid) is None)


def pocket_job(
    store: Path,
    *,
    steps: int = STEPS,
    scene: Mapping[str, str] | None = None,
    seeds: tuple[int, ...] = (),
) -> Job:
    card = model_card("pocket")
    take = Take(
        operation="generate",
        model="pocket",
        model_revision=card.revision,
        prompt="a red ball, beach, sunset",
        shot={"scene": dict(scene)} if scene else {},
        seed=7,
        num_frames=card.num_frames,
        height=card.height,
        width=card.width,
        fps=card.fps,
        num_inference_steps=steps,
        guidance_scale=card.guidance_scale,
    )
    with Ledger(store) as ledger:
        ledger.add_take(take)
        job_id = ledger.jobs.add(take.id, None, "interactive", None, seeds)
    return Job(id=job_id, take=take, store=str(store), checkpoint_s=0, seeds=seeds)


def artifact(job: Job) -> Artifact:
    with Ledger(Path(job.store)) as ledger:
        found = ledger.artifact(job.take.id)
    assert found is not None
    return found


def worker_pids(settings: Settings) -> list[int]:
    host = read_host(settings.runtime)
    assert host is not None
    # The worker is the one that has torch in its memory.
    return [
        child.pid
        for child in psutil.Process(host.pid).children(recursive=True)
        if any("torch" in item.path for item in child.memory_maps())
    ]


def test_a_worker_killed_in_mid_denoise_gives_the_bit_identical_clip(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    ear = Ear()
    killed = pocket_job(settings.store)
    engine.submit(killed, ear)
    ear.wait_for_step(killed, 3, LONG_S)
    [worker] = worker_pids(settings)
    os.kill(worker, signal.SIGKILL)
    engine.preview(killed.id)  # of a dead worker: no answer, and no error
    assert engine.wait(killed.id, LONG_S).state == "done"
    assert ear.ends(killed) == ["done"]
    # It went on where its checkpoint was: no step but the one under way came twice.
    steps = [p.step for p in ear.of(killed) if p.phase == "denoise" and p.step]
    assert len(steps) <= len(set(steps)) + 2

    undisturbed = pocket_job(tmp_path / "undisturbed")
    engine.submit(undisturbed, ear)
    assert engine.wait(undisturbed.id, LONG_S).state == "done"
    assert artifact(killed).latents == artifact(undisturbed).latents
    assert artifact(killed).video == artifact(undisturbed).video


def test_a_job_that_is_kept_ends_early_with_a_clip(
    engine: Engine, settings: Settings
) -> None:
    ear = Ear()
    job = pocket_job(settings.store, steps=200)
    engine.submit(job, ear)
    with pytest.raises(SpecError, match="nothing to keep: wait"):
        engine.keep(job.id)
    ear.wait_for_step(job, 3, LONG_S)
    engine.keep(job.id)
    end = engine.wait(job.id, LONG_S)
    assert end.state == "done"
    assert end.step < 60
    assert end.message == f"kept as it looked at step {end.step} of 200"
    with Ledger(settings.store) as ledger:
        kept = ledger.take(ledger.jobs.get(job.id).take_id)
        assert kept.stop_step == end.step
        assert ledger.artifact(kept.id) is not None


def test_a_paused_job_ends_as_if_it_had_never_been_paused(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    ear = Ear()
    job = pocket_job(settings.store)
    engine.submit(job, ear)
    ear.wait_for_step(job, 3, LONG_S)
    engine.pause(job.id)
    wait_until(lambda: ear.of(job)[-1].state == "paused", LONG_S)
    assert 3 <= ear.of(job)[-1].step < STEPS
    engine.resume(job.id)
    assert engine.wait(job.id, LONG_S).state == "done"
    undisturbed = pocket_job(tmp_path / "undisturbed")
    engine.submit(undisturbed, ear)
    assert engine.wait(undisturbed.id, LONG_S).state == "done"
    assert artifact(job).video == artifact(undisturbed).video


def test_cancel_stops_within_a_step_and_keeps_what_is_there(
    engine: Engine, settings: Settings
) -> None:
    ear = Ear()
    job = pocket_job(settings.store, steps=200)
    engine.submit(job, ear)
    ear.wait_for_step(job, 3, LONG_S)
    preview = engine.preview(job.id)
    assert preview is not None
    assert preview[8:12] == b"WEBP"
    engine.cancel(job.id)
    at_cancel = ear.of(job)[-1].step
    assert engine.wait(job.id, 30).state == "cancelled"
    assert ear.of(job)[-1].step <= at_cancel + 2
    with Ledger(settings.store) as ledger:
        assert ledger.jobs.get(job.id).state == "cancelled"
        assert any(ledger.checkpoint_dir.glob("*.safetensors"))


def test_a_worker_killed_in_a_second_try_shows_what_it_would_have_shown(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    ear = Ear()
    # No ball of that prompt is blue: all three are tried.
    asked: dict[str, Any] = {"scene": {"actor": "blue ball"}, "seeds": (8, 9)}
    killed = pocket_job(settings.store, **asked)
    engine.submit(killed, ear)

    def in_second_try() -> bool:
        return any(
            p.message == "second try" and p.phase == "denoise" and p.step >= 3
            for p in ear.of(killed)
        )

    wait_until(in_second_try, LONG_S)
    [worker] = worker_pids(settings)
    os.kill(worker, signal.SIGKILL)
    assert engine.wait(killed.id, LONG_S).state == "done"
    # Nobody renders it between the workers, and a line says so.
    running = [p for p in ear.of(killed) if p.state == "running"]
    tries = dict.fromkeys(p.message for p in running if p.phase == "denoise")
    assert list(tries) == ["", "second try", "third try"]
    first = [p for p in running if p.phase == "denoise" and not p.message]
    assert len(first) <= STEPS + 1  # its steps were not taken again

    undisturbed = pocket_job(tmp_path / "undisturbed", **asked)
    engine.submit(undisturbed, ear)
    end = engine.wait(undisturbed.id, LONG_S)
    assert end.message == ear.of(killed)[-1].message
    shown = []
    for job in (killed, undisturbed):
        with Ledger(Path(job.store)) as ledger:
            kept = ledger.take(ledger.jobs.get(job.id).take_id)
            made = ledger.artifact(kept.id)
        assert made is not None
        assert set(made.scores) == {"actor", "colour"}
        shown.append((kept, made.video, made.seen))
    assert shown[0] == shown[1]
