"""Drills of `tests.drills` in small numbers, and of hosts that are not what they seem."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import psutil
import pytest

from nbagent.errors import SpecError
from nbagent.jobs.engine import Engine
from nbagent.jobs.runtime import (
    Host,
    process_started,
    read_host,
    runtime_file,
    write_host,
)
from nbagent.settings import Settings
from tests import drills
from tests.jobs_stub import RENDERER, Ear, make_job, steps_of, wait_until


@pytest.fixture(autouse=True)
def _workers_find_the_stub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(drills.ROOT))


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    with Engine(settings, renderer=RENDERER) as engine:
        yield engine
    drills.end_host(settings)


def running(settings: Settings) -> Host:
    host = read_host(settings.runtime)
    assert host is not None
    return host


def test_a_worker_that_hangs_is_not_waited_for_by_who_looks(
    engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nbagent.jobs.dask_client._ASK_S", 0.5)
    ear, job = Ear(), make_job(settings.store, steps=20)
    engine.submit(job, ear)
    ear.wait_for_step(job, 1, 60)
    pid = steps_of(settings.store, job.id)[0]["pid"]
    os.kill(pid, signal.SIGSTOP)
    later = threading.Timer(6, os.kill, (pid, signal.SIGCONT))
    later.start()
    began = time.monotonic()
    assert engine.preview(job.id) is None
    with pytest.raises(SpecError, match="there is nothing to keep"):
        engine.keep(job.id)
    assert time.monotonic() - began < 4
    later.join()
    assert engine.wait(job.id, 30).state == "done"


def test_kernels_that_come_to_a_cold_host_at_once_lose_nothing(
    settings: Settings,
) -> None:
    assert drills.cold(settings, 2, 3) == []


@pytest.mark.parametrize("what", ["cancel", "pause"])
def test_what_is_said_to_be_stopped_early_takes_no_step(
    settings: Settings, what: str
) -> None:
    assert drills.early(settings, 10, what) == []
    drills.end_host(settings)


def test_nothing_is_said_to_be_stopped_before_its_worker_says_so(
    settings: Settings,
) -> None:
    assert drills.starved(settings, 5) == []
    drills.end_host(settings)


def test_no_job_is_lost_with_a_host_that_two_kernels_share(settings: Settings) -> None:
    assert drills.kill(settings, 6) == []
    drills.end_host(settings)


def test_a_host_that_slept_longer_than_its_grace_keeps_the_worker_that_is_needed(
    settings: Settings,
) -> None:
    settings = replace(settings, grace_s=1)
    ear, job = Ear(), make_job(settings.store, steps=80)
    with Engine(settings, renderer=RENDERER) as engine:
        engine.submit(job, ear)
        ear.wait_for_step(job, 5)
        host = running(settings)
        os.kill(host.pid, signal.SIGSTOP)
        time.sleep(2.5)
        os.kill(host.pid, signal.SIGCONT)
        assert engine.wait(job.id, 60).state == "done"
        assert running(settings) == host
    notes = steps_of(settings.store, job.id)
    assert [note["step"] for note in notes] == list(range(80))
    assert len({note["pid"] for note in notes}) == 1
    wait_until(lambda: process_started(host.pid) is None)  # nobody needs it now


def test_a_step_of_the_wall_clock_makes_no_second_host(
    engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.start()
    host = running(settings)
    create_time = psutil.Process.create_time
    monkeypatch.setattr(
        psutil.Process, "create_time", lambda process: create_time(process) + 3600
    )
    with Engine(settings, renderer=RENDERER) as other:
        other.start()
        assert running(settings) == host


def test_a_host_that_finds_another_one_announced_leaves(
    engine: Engine, settings: Settings
) -> None:
    engine.start()
    first = running(settings)
    started = process_started(os.getpid())
    assert started is not None
    other = replace(first, pid=os.getpid(), started=started, nonce="another")
    write_host(settings.runtime, other)
    wait_until(lambda: process_started(first.pid) is None)
    assert running(settings) == other  # what is not its own, it leaves alone
    runtime_file(settings.runtime).unlink()


def test_a_host_whose_file_was_cleaned_away_is_found_again(
    engine: Engine, settings: Settings
) -> None:
    engine.start()
    host = running(settings)
    runtime_file(settings.runtime).unlink()
    wait_until(lambda: read_host(settings.runtime))
    assert running(settings) == host


@pytest.mark.parametrize("there", ["nobody", "a stranger", "a silent one"])
def test_a_runtime_file_with_a_dead_address_is_replaced_at_once(
    engine: Engine,
    settings: Settings,
    there: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("nbagent.jobs.dask_client._CONNECT_S", 1.0)
    tried: list[str] = []
    from nbagent.jobs.dask_client import Link

    attach = Link._attach.__func__  # type: ignore[attr-defined]

    def noted(cls: type, address: str, *rest: object) -> object:
        tried.append(address)
        return attach(cls, address, *rest)

    monkeypatch.setattr(Link, "_attach", classmethod(noted))
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"tls://127.0.0.1:{server.getsockname()[1]}"
        if there == "nobody":
            server.close()
        engine.start()
        live = running(settings)
        engine.close()
        drills.end_host(settings)
        started = process_started(os.getpid())
        assert started is not None
        dead = replace(live, address=address, pid=os.getpid(), started=started)
        write_host(settings.runtime, dead)
        tried.clear()
        if there == "a stranger":
            with Stranger(server):
                engine.start()
        else:
            engine.start()
    # Only who is silent is waited for, and once.
    assert tried.count(address) == (there == "a silent one")
    assert running(settings).address == tried[-1] != address


class Stranger:
    """Answers everybody with a line of its own."""

    def __init__(self, server: socket.socket) -> None:
        self._server = server

    def __enter__(self) -> None:
        threading.Thread(target=self._greet, daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self._server.close()

    def _greet(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near = self._server.accept()[0]
                near.sendall(b"SSH-2.0-stranger\r\n")
                near.close()
