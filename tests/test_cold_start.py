"""The first clip of a cold machine says what it waits for, and how long that takes here."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from nbagent.jobs import waits
from nbagent.jobs.engine import Engine
from nbagent.jobs.waits import ENGINE, Waits
from nbagent.settings import Settings
from nbagent.take import Progress
from tests.jobs_stub import RENDERER, Ear, make_job


class Clock:
    """Time that passes when it is told to."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(waits, "time", clock)
    return clock


def test_what_was_waited_for_is_said_the_next_time(
    tmp_path: Path, clock: Clock
) -> None:
    for seconds in (8, 30, 9):
        one = Waits(tmp_path / "state")
        one.begin(ENGINE, ENGINE)
        clock.now += seconds
        one.end(ENGINE)
    assert Waits(tmp_path / "state").engine() == "starting the engine, usually 9 s here"
    assert Waits(tmp_path / "other").engine() == "starting the engine"


def test_loading_a_model_is_timed_but_not_its_download(
    tmp_path: Path, clock: Clock
) -> None:
    job = make_job(tmp_path / "store")
    loads = Progress(job=job.id, state="running", phase="load")
    steps = replace(loads, phase="denoise", step=1)
    one = Waits(tmp_path / "state")
    assert one.told(job, loads).message == ""  # nobody knows yet
    clock.now += 200
    assert one.told(job, steps) == steps
    assert one.told(job, loads).message == "usually 3 min here"
    comes = replace(loads, message="1 GB of 3 GB downloaded")
    assert one.told(job, comes) == comes
    clock.now += 5000
    one.told(job, steps)
    assert one.told(job, loads).message == "usually 3 min here"


def test_a_model_that_was_there_says_nothing_of_a_cold_start(
    tmp_path: Path, clock: Clock
) -> None:
    one = Waits(tmp_path)
    one.begin(ENGINE, ENGINE)
    clock.now += 0.2
    one.end(ENGINE)
    assert one.usual(ENGINE) == ""


@pytest.mark.parametrize("text", ["", "[]", '{"engine": "x"}', '{"engine": [null]}'])
def test_a_damaged_memory_is_no_hindrance(tmp_path: Path, text: str) -> None:
    tmp_path.chmod(0o700)
    (tmp_path / "waits.json").write_text(text)
    (tmp_path / "waits.json").chmod(0o600)
    assert Waits(tmp_path).usual(ENGINE) == ""


@pytest.mark.slow
def test_a_first_job_says_that_the_engine_starts(
    settings: Settings, tmp_path: Path
) -> None:
    said = []
    for place in ("a", "b"):  # a machine without an engine, twice
        cold = replace(settings, runtime=tmp_path / place)
        ear, job = Ear(), make_job(cold.store, step_s=0.01)
        with Engine(cold, renderer=RENDERER) as engine:
            engine.submit(job, ear)
            assert engine.wait(job.id, 120).state == "done"
        said.append([one.message for one in ear.of(job) if one.state == "queued"])
    assert said[0][:2] == ["", "starting the engine"]
    assert said[1][1].startswith("starting the engine, usually ")
    assert json.loads((settings.state / "waits.json").read_text())[ENGINE]
