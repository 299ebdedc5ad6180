"""The queue, on a Dask cluster inside this process: same job code, no host."""

from __future__ import annotations

import gc
import json
import sqlite3
import time
import weakref
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import nbagent
from nbagent.errors import EngineError, SpecError
from nbagent.jobs import worker
from nbagent.jobs.engine import Engine
from nbagent.ledger import Ledger
from nbagent.settings import Settings
from nbagent.take import Job, Progress
from tests.jobs_stub import RENDERER, STEP_S, Ear, make_job, plain, steps_of, wait_until


@pytest.fixture(params=[1])
def inside(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Settings]:
    """Give settings that name a cluster inside this process."""
    from distributed import LocalCluster

    # A client that is left over closes when it is collected; if that happens while a
    # cluster's loop starts, both wait for the same lock, and the cluster gives up.
    gc.collect()
    with LocalCluster(
        n_workers=request.param,
        threads_per_worker=3,
        processes=False,
        host="127.0.0.1",
        protocol="tcp",  # inproc asks for this machine's outer address
        dashboard_address="127.0.0.1:0",  # None tries the well-known port
        worker_dashboard_address=None,
    ) as cluster:
        yield plain(settings, cluster.scheduler_address)


@pytest.fixture
def engine(inside: Settings) -> Iterator[Engine]:
    with Engine(inside, renderer=RENDERER) as engine:
        yield engine


def test_a_job_reports_each_step_and_ends_once(
    engine: Engine, inside: Settings
) -> None:
    ear, job = Ear(), make_job(inside.store, steps=4)
    engine.submit(job, ear)
    assert engine.wait(job.id, 20).state == "done"
    assert ear.of(job)[0].state == "queued"
    steps = [p.step for p in ear.of(job) if p.state == "running"]
    assert steps == [0, 1, 2, 3, 4]
    assert ear.ends(job) == ["done"]
    assert ear.threads == {"nbagent-engine"}
    with Ledger(inside.store) as ledger:
        assert ledger.jobs.get(job.id).state == "done"


def test_a_progress_event_is_small(engine: Engine, inside: Settings) -> None:
    ear, job = Ear(), make_job(inside.store, breaks_at=0)
    engine.submit(job, ear)
    engine.wait(job.id, 20)
    assert max(len(json.dumps(p.to_json())) for p in ear.heard) <= 500


def test_a_running_job_is_cancelled_within_a_step(
    engine: Engine, inside: Settings
) -> None:
    ear, job = Ear(), make_job(inside.store, steps=400)
    engine.submit(job, ear)
    ear.wait_for_step(job, 3)
    at_cancel = len(steps_of(inside.store))
    engine.cancel(job.id)
    assert engine.wait(job.id, 20).state == "cancelled"
    time.sleep(4 * STEP_S)
    # The step that ran, and one more if it had just been started.
    assert len(steps_of(inside.store)) <= at_cancel + 2
    assert ear.ends(job) == ["cancelled"]
    after = make_job(inside.store, steps=1)
    engine.submit(after, ear)
    assert engine.wait(after.id, 20).state == "done"


def test_a_queued_job_is_cancelled_and_recorded(
    engine: Engine, inside: Settings
) -> None:
    ear = Ear()
    first, second = (make_job(inside.store, steps=8) for _ in range(2))
    engine.submit(first, ear)
    engine.submit(second, ear)
    ear.wait_for_step(first, 1)
    engine.cancel(second.id)
    assert engine.wait(second.id, 5).state == "cancelled"
    assert engine.wait(first.id, 20).state == "done"
    assert steps_of(inside.store, second.id) == []
    with Ledger(inside.store) as ledger:
        assert ledger.jobs.get(second.id).state == "cancelled"


def test_cancelling_what_has_ended_changes_nothing(
    engine: Engine, inside: Settings
) -> None:
    ear, job = Ear(), make_job(inside.store, steps=1)
    engine.submit(job, ear)
    engine.wait(job.id, 20)
    engine.cancel(job.id)
    time.sleep(0.3)
    assert ear.ends(job) == ["done"]


def paused(ear: Ear, job: Job) -> None:
    wait_until(lambda: [p.state for p in ear.of(job)][-1:] == ["paused"])


def test_a_paused_job_gives_its_lane_to_others_and_goes_on_where_it_was(
    engine: Engine, inside: Settings
) -> None:
    ear = Ear()
    first, second = (make_job(inside.store, steps=12) for _ in range(2))
    engine.submit(first, ear)
    engine.submit(second, ear)
    ear.wait_for_step(first, 3)
    engine.pause(first.id)
    paused(ear, first)
    with Ledger(inside.store) as ledger:
        assert ledger.jobs.get(first.id).state == "paused"
    assert engine.wait(second.id, 20).state == "done"
    assert ear.ends(first) == []
    done_by_then = len(steps_of(inside.store, first.id))
    engine.resume(first.id)
    assert engine.wait(first.id, 20).state == "done"
    steps = [note["step"] for note in steps_of(inside.store, first.id)]
    assert 3 <= done_by_then < 12
    assert steps == list(range(12))
    assert ear.ends(first) == ["done"]


def test_a_waiting_job_is_paused_and_a_paused_one_is_cancelled(
    engine: Engine, inside: Settings
) -> None:
    ear = Ear()
    first, second = (make_job(inside.store, steps=8) for _ in range(2))
    engine.submit(first, ear)
    engine.submit(second, ear)
    ear.wait_for_step(first, 1)
    engine.pause(second.id)
    paused(ear, second)
    assert engine.queue() == ()
    assert engine.wait(first.id, 20).state == "done"
    assert steps_of(inside.store, second.id) == []
    engine.cancel(second.id)
    assert engine.wait(second.id, 5).state == "cancelled"


def test_what_is_resumed_before_it_has_halted_goes_on(
    engine: Engine, inside: Settings
) -> None:
    ear, job = Ear(), make_job(inside.store, steps=12)
    engine.submit(job, ear)
    ear.wait_for_step(job, 2)
    engine.pause(job.id)
    engine.resume(job.id)
    assert engine.wait(job.id, 20).state == "done"
    assert [note["step"] for note in steps_of(inside.store)] == list(range(12))


def test_a_paused_job_stays_paused_for_the_next_kernel(
    engine: Engine, inside: Settings
) -> None:
    ear, job = Ear(), make_job(inside.store, steps=12)
    engine.submit(job, ear)
    ear.wait_for_step(job, 2)
    engine.pause(job.id)
    paused(ear, job)
    engine.close()
    with Engine(inside, renderer=RENDERER) as other:
        heard = Ear()
        other.reattach([job], heard)
        paused(heard, job)
        other.resume(job.id)
        assert other.wait(job.id, 20).state == "done"


@pytest.mark.parametrize(
    ("shot", "message"),
    [
        ({"fails_at": 0}, "out of ideas: try another prompt"),
        (
            {"breaks_at": 0},
            "the renderer crashed: ZeroDivisionError: a bug on two lines",
        ),
    ],
)
def test_a_failure_is_one_line(
    engine: Engine, inside: Settings, shot: dict[str, int], message: str
) -> None:
    ear, job = Ear(), make_job(inside.store, **shot)
    engine.submit(job, ear)
    end = engine.wait(job.id, 20)
    assert (end.state, end.message) == ("failed", message)
    assert ear.ends(job) == ["failed"]
    with Ledger(inside.store) as ledger:
        assert ledger.jobs.get(job.id).state == "failed"


def test_a_worker_without_the_local_extra_says_what_to_install(
    inside: Settings,
) -> None:
    job = make_job(inside.store)
    with Engine(inside, renderer="nosuchpackage.render:Renderer") as engine:
        engine.submit(job, Ear())
        end = engine.wait(job.id, 20)
    assert end.state == "failed"
    assert end.message.startswith("rendering needs nosuchpackage")
    assert "pip install 'nbagent[local]'" in end.message


def test_a_cluster_whose_workers_have_no_nbagent_is_one_line(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bare_cluster(tmp_path, monkeypatch, n_workers=1) as cluster:
        there = plain(settings, cluster.scheduler_address)
        job = make_job(there.store)
        with Engine(there) as engine:
            engine.submit(job, Ear())
            end = engine.wait(job.id, 20)
    assert end.state == "failed"
    assert "does not accept our jobs (ModuleNotFoundError" in end.message
    assert f"its workers need nbagent {nbagent.__version__}" in end.message


def test_workers_that_come_later_without_nbagent_are_the_same_line(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bare_cluster(tmp_path, monkeypatch, n_workers=0) as cluster:
        there = plain(settings, cluster.scheduler_address)
        job = make_job(there.store)
        with Engine(there) as engine:
            engine.start()
            engine.submit(job, Ear())
            assert engine.wait(job.id, 1).state == "queued"
            cluster.scale(1)
            end = engine.wait(job.id, 30)
        assert end.state == "failed"
        assert "does not accept our jobs (ModuleNotFoundError" in end.message
        assert f"its workers need nbagent {nbagent.__version__}" in end.message
        # And they live on: they are somebody's.
        assert len(cluster.scheduler.workers) == 1


def test_jobs_go_to_the_workers_that_have_nbagent(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with bare_cluster(tmp_path, monkeypatch, n_workers=1) as cluster:
        monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
        cluster.scale(2)
        cluster.wait_for_workers(2)
        there = plain(settings, cluster.scheduler_address)
        jobs = [make_job(there.store, steps=2) for _ in range(4)]
        with Engine(there, renderer=RENDERER) as engine:
            for job in jobs:
                engine.submit(job, Ear())
            assert {engine.wait(job.id, 30).state for job in jobs} == {"done"}


@contextmanager
def bare_cluster(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, n_workers: int
) -> Iterator[Any]:
    """Give a cluster whose workers have no nbagent."""
    from distributed import LocalCluster

    # Read by each Python that starts: there it is as if nbagent were not installed.
    (folder / "sitecustomize.py").write_text("import sys; sys.modules['nbagent'] = 0")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    with LocalCluster(
        n_workers=n_workers,
        threads_per_worker=3,
        host="127.0.0.1",
        protocol="tcp",
        dashboard_address="127.0.0.1:0",  # None tries the well-known port
        worker_dashboard_address=None,
    ) as cluster:
        yield cluster


@pytest.mark.parametrize(("failures", "state"), [(2, "done"), (9, "failed")])
def test_what_dask_throws_is_tried_again(
    engine: Engine,
    inside: Settings,
    monkeypatch: pytest.MonkeyPatch,
    failures: int,
    state: str,
) -> None:
    find, left = worker._plugin, [None] * failures

    def sometimes(there: Any) -> Any:
        if left:
            left.pop()
            raise KeyError("nbagent")
        return find(there)

    monkeypatch.setattr(worker, "_plugin", sometimes)
    ear, job = Ear(), make_job(inside.store, steps=1)
    engine.submit(job, ear)
    end = engine.wait(job.id, 30)
    assert end.state == state
    assert ear.ends(job) == [state]
    if state == "failed":
        assert end.message.startswith("Dask failed to run it 4 times (KeyError): run")


@pytest.mark.parametrize(
    ("wrong", "line"),
    [
        ({"lane": "express"}, "a job's lane cannot be 'express'"),
        ({"store": Path("store")}, r"a job's store cannot be PosixPath\('store'\)"),
        ({"checkpoint_s": None}, "a job's checkpoint_s cannot be None"),
        ({"take": "a red ball"}, "a job's take cannot be 'a red ball'"),
        ({"id": 7}, "a job's id cannot be 7"),
    ],
)
def test_an_ill_typed_job_is_one_line(
    settings: Settings, wrong: dict[str, Any], line: str
) -> None:
    job = make_job(settings.store)
    with pytest.raises(SpecError, match=line):
        replace(job, **wrong)


def test_what_cannot_travel_is_one_line_and_stops_nobody(
    engine: Engine, inside: Settings
) -> None:
    job = make_job(inside.store, steps=1)
    stuck = replace(job.take, shot={"style": lambda: "watercolour"})
    with pytest.raises(SpecError, match="job j1 cannot be sent to a worker"):
        engine.submit(replace(job, take=stuck), Ear())
    with pytest.raises(SpecError, match="None is not a job"):
        engine.submit(None, Ear())  # type: ignore[arg-type]
    engine.submit(job, Ear())
    assert engine.wait(job.id, 20).state == "done"


def test_the_engines_thread_outlives_what_goes_wrong_in_it(
    engine: Engine, inside: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = engine._dispatcher._mailbox

    def broken() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(engine._dispatcher, "broken", lambda _error: broken())
    calls.post(broken)
    job = make_job(inside.store, steps=1)
    engine.submit(job, Ear())
    assert engine.wait(job.id, 20).state == "done"


def test_jobs_of_a_lane_run_in_the_order_they_came(
    engine: Engine, inside: Settings
) -> None:
    jobs = [make_job(inside.store, steps=2, lane="batch") for _ in range(6)]
    for job in jobs:
        engine.submit(job, Ear())
    for job in jobs:
        assert engine.wait(job.id, 20).state == "done"
    order = [note["job"] for note in steps_of(inside.store)]
    assert order == [job.id for job in jobs for _ in range(2)]


def test_waiting_jobs_go_in_the_order_that_the_user_gives(
    engine: Engine, inside: Settings
) -> None:
    jobs = [make_job(inside.store, steps=40, lane="batch") for _ in range(4)]
    for job in jobs:
        engine.submit(job, Ear())
    wait_until(lambda: len(engine.queue()) == 3)
    first, second, third = engine.queue()
    engine.reorder([third, first, second])
    assert engine.queue() == (third, first, second)
    engine.reorder([jobs[0].id, second, third])  # one that runs is left alone
    assert engine.queue() == (second, first, third)
    for job in jobs:
        assert engine.wait(job.id, 60).state == "done"
    assert engine.queue() == ()
    order = list(dict.fromkeys(note["job"] for note in steps_of(inside.store)))
    assert order == [jobs[0].id, second, first, third]


def test_a_final_job_goes_before_batch_jobs_that_came_first(
    engine: Engine, inside: Settings
) -> None:
    lanes = ["batch", "batch", "batch", "final"]
    jobs = [make_job(inside.store, steps=3, lane=lane) for lane in lanes]
    for job in jobs:
        engine.submit(job, Ear())
    for job in jobs:
        engine.wait(job.id, 20)
    order = list(dict.fromkeys(note["job"] for note in steps_of(inside.store)))
    assert order.index(jobs[3].id) <= 1


def test_an_interactive_job_overtakes_a_running_one_within_a_step(
    engine: Engine, inside: Settings
) -> None:
    ear = Ear()
    long = make_job(inside.store, steps=60, lane="batch")
    short = make_job(inside.store, steps=5)
    engine.submit(long, ear)
    ear.wait_for_step(long, 2)
    engine.submit(short, ear)
    assert engine.wait(short.id, 20).state == "done"
    notes = steps_of(inside.store)
    steps = [i for i, note in enumerate(notes) if note["job"] == short.id]
    assert steps == list(range(steps[0], steps[0] + 5))  # nothing in between
    assert engine.wait(long.id, 20).state == "done"
    assert [n["step"] for n in steps_of(inside.store, long.id)] == list(range(60))


@pytest.mark.parametrize("inside", [2], indirect=True)
def test_no_short_job_waits_behind_a_long_one_while_a_lane_is_free(
    engine: Engine, inside: Settings
) -> None:
    engine.start()
    long = make_job(inside.store, steps=60)
    shorts = [make_job(inside.store, steps=2) for _ in range(5)]
    ear = Ear()
    for job in [long, *shorts]:
        engine.submit(job, ear)
    for job in shorts:
        assert engine.wait(job.id, 20).state == "done"
    assert ear.ends(long) == []
    engine.cancel(long.id)
    engine.wait(long.id, 20)


def test_a_preview_is_pulled_from_the_worker(engine: Engine, inside: Settings) -> None:
    ear, job = Ear(), make_job(inside.store, steps=100)
    engine.submit(job, ear)
    assert engine.preview(job.id) is None
    ear.wait_for_step(job, 1)
    assert engine.preview(job.id) == f"preview of {job.id}".encode()
    engine.cancel(job.id)
    engine.wait(job.id, 20)
    assert engine.preview(job.id) is None


def test_warm_makes_every_worker_load_the_model(engine: Engine, tmp_path: Path) -> None:
    engine.warm(str(tmp_path / "model"))
    wait_until((tmp_path / "model").exists)


def test_two_kernels_with_the_same_job_name_do_not_meet(
    inside: Settings, tmp_path: Path
) -> None:
    ours, theirs = make_job(inside.store), make_job(tmp_path / "other", steps=3)
    assert ours.id == theirs.id
    ear, other_ear = Ear(), Ear()
    with (
        Engine(inside, renderer=RENDERER) as engine,
        Engine(inside, renderer=RENDERER) as other,
    ):
        engine.submit(ours, ear)
        other.submit(theirs, other_ear)
        assert engine.wait(ours.id, 20).step == 5
        assert other.wait(theirs.id, 20).step == 3
    assert {p.num_steps for p in ear.of(ours)} == {0, 5}


def test_what_waits_here_and_is_cancelled_by_another_kernel_does_not_begin(
    engine: Engine, inside: Settings
) -> None:
    first, second = (make_job(inside.store, steps=20) for _ in range(2))
    ear = Ear()
    engine.submit(first, ear)
    engine.submit(second, ear)
    ear.wait_for_step(first, 1)
    with Engine(inside, renderer=RENDERER) as other:
        other.reattach([second], Ear())
        other.cancel(second.id)
        assert other.wait(second.id, 20).state == "cancelled"
    assert engine.wait(first.id, 20).state == "done"
    assert engine.wait(second.id, 20).state == "cancelled"
    assert steps_of(inside.store, second.id) == []


def test_an_end_that_cannot_be_written_is_written_later(
    engine: Engine, inside: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the job is said to wait for ever; the next kernel would render it."""
    monkeypatch.setattr("nbagent.ledger.database.BUSY_S", 0.05)
    first, second = (make_job(inside.store, steps=60) for _ in range(2))
    ear = Ear()
    engine.submit(first, ear)
    engine.submit(second, ear)
    ear.wait_for_step(first, 1)
    with closing(sqlite3.connect(inside.store / "ledger.db")) as somebody:
        somebody.execute("BEGIN IMMEDIATE")
        engine.cancel(second.id)
        assert engine.wait(second.id, 20).state == "cancelled"
        with Ledger(inside.store) as ledger:
            assert ledger.jobs.get(second.id).state == "queued"
    with Ledger(inside.store) as ledger:
        wait_until(lambda: ledger.jobs.get(second.id).state == "cancelled", 10)
    engine.cancel(first.id)
    engine.wait(first.id, 20)


def test_what_has_ended_is_let_go(
    engine: Engine, inside: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A listener holds a turn with its player, and a kernel lives for weeks."""
    monkeypatch.setattr("nbagent.jobs.engine._KEPT_ENDS", 2)
    jobs = [make_job(inside.store, steps=1) for _ in range(4)]
    ears = [Ear() for _ in jobs]
    gone = [weakref.ref(ear) for ear in ears]
    for job, ear in zip(jobs, ears, strict=True):
        engine.submit(job, ear)
        assert engine.wait(job.id, 20).state == "done"
    del ear
    ears.clear()
    wait_until(lambda: [one() for one in gone] == [None] * 4, 5)
    assert engine.wait(jobs[-1].id).state == "done", "the last ones are still known"
    with pytest.raises(SpecError, match="does not belong to this session"):
        engine.wait(jobs[0].id)
    again = Ear()
    engine.reattach([jobs[0]], again)
    engine.wait(jobs[0].id, 20)
    assert again.ends(jobs[0]) == ["done"]


def test_a_listener_that_fails_stops_nobody(engine: Engine, inside: Settings) -> None:
    def broken(_: Progress) -> None:
        raise RuntimeError("a broken view")

    job = make_job(inside.store, steps=2)
    engine.submit(job, broken)
    assert engine.wait(job.id, 20).state == "done"


def test_no_engine_at_the_address_is_one_line(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nbagent.jobs.dask_client._CONNECT_S", 0.5)
    nowhere = plain(settings, "tcp://127.0.0.1:9")
    job = make_job(settings.store)
    with Engine(nowhere) as engine:
        with pytest.raises(EngineError, match=r"no engine answers at tcp://127\.0"):
            engine.start()
        engine.submit(job, Ear())
        end = engine.wait(job.id, 30)
    assert end.state == "failed"
    assert end.message.startswith("no engine answers at tcp://127.0.0.1:9")


@pytest.mark.parametrize(
    "address",
    ["tcp://127.0.0.1:9", "127.0.0.1:9", "ws://127.0.0.1:9", "TCP://10.0.0.7:8786"],
)
def test_an_engine_without_tls_is_not_attached_to_unasked(
    settings: Settings, address: str
) -> None:
    with (
        Engine(replace(settings, engine=address)) as engine,
        pytest.raises(
            SpecError, match=r"could run code as you.*NBAGENT_ENGINE_INSECURE=1"
        ),
    ):
        engine.start()


def test_an_engine_with_tls_asks_for_certificates(settings: Settings) -> None:
    with (
        Engine(replace(settings, engine="tls://127.0.0.1:9")) as engine,
        pytest.raises(EngineError, match="needs certificates"),
    ):
        engine.start()


def test_an_unknown_job_is_one_line(settings: Settings) -> None:
    with (
        Engine(settings) as engine,
        pytest.raises(SpecError, match="job j7 does not belong to this session"),
    ):
        engine.wait("j7")


def test_waiting_ends_with_its_timeout(engine: Engine, inside: Settings) -> None:
    job = make_job(inside.store, steps=100)
    engine.submit(job, Ear())
    assert engine.wait(job.id, 0.3).state in {"queued", "running"}
    engine.cancel(job.id)
    assert engine.wait(job.id, 20).state == "cancelled"
