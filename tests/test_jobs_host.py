"""Drills with a real engine host: who may die, and what must survive."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from nbagent.errors import EngineError
from nbagent.jobs.engine import Engine
from nbagent.jobs.runtime import (
    log_file,
    process_started,
    read_host,
    runtime_file,
    secure_folder,
    write_host,
)
from nbagent.ledger import Ledger
from nbagent.settings import Settings
from nbagent.take import Job
from tests.jobs_stub import RENDERER, Ear, make_job, steps_of, wait_until

ROOT = Path(__file__).parents[1]
# What a kernel of a drill does first: take the job that the test has recorded.
REOPEN = """
from nbagent.ledger import Ledger
from nbagent.take import Job
with Ledger(settings.store) as ledger:
    row = ledger.jobs.get("j1")
    job = Job(id="j1", take=ledger.take(row.take_id), store=str(settings.store))
"""


@pytest.fixture(autouse=True)
def _workers_find_the_stub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    with Engine(settings, renderer=RENDERER) as engine:
        yield engine
    end_host(settings)


def end_host(settings: Settings) -> None:
    if host := read_host(settings.runtime):
        os.kill(host.pid, signal.SIGTERM)
        wait_until(lambda: process_started(host.pid) is None)


def host_pid(settings: Settings) -> int:
    host = read_host(settings.runtime)
    assert host is not None
    return host.pid


def worker_pid(store: Path, job: Job) -> int:
    return int(steps_of(store, job.id)[-1]["pid"])


def kernel(settings: Settings, script: str) -> subprocess.Popen[str]:
    """Start another process that plays a kernel; `engine` and `job` are defined."""
    head = """
        import os, signal, sys, time
        from nbagent.jobs.engine import Engine
        from nbagent.settings import Settings
        from tests.jobs_stub import RENDERER, Ear, make_job
        settings = Settings.from_env()
        engine = Engine(settings, renderer=RENDERER)
        ear = Ear()
    """
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(head) + script],
        cwd=ROOT,
        env={
            **os.environ,
            "NBAGENT_STORE": str(settings.store),
            "NBAGENT_RUNTIME": str(settings.runtime),
            "NBAGENT_GRACE_S": str(settings.grace_s),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_the_host_is_private_and_says_where_it_is(
    engine: Engine, settings: Settings
) -> None:
    assert engine.info()["pid"] is None  # asking starts nothing
    engine.start()
    file = runtime_file(settings.runtime)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(settings.runtime.stat().st_mode) == 0o700
    host = json.loads(file.read_text())
    assert host["address"].startswith("tls://127.0.0.1:")
    ours = psutil.Process(host["pid"])
    family = [ours, *ours.children(recursive=True)]
    listening = [
        connection.laddr.ip
        for process in family
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening
    assert set(listening) == {"127.0.0.1"}
    assert os.getsid(host["pid"]) != os.getsid(0)
    assert "torch" not in host_modules(host["pid"])
    assert engine.info()["address"] == host["address"]


def host_modules(pid: int) -> str:
    return " ".join(item.path for item in psutil.Process(pid).memory_maps())


def test_without_credentials_nobody_connects(
    engine: Engine, settings: Settings
) -> None:
    from distributed import Client
    from distributed.security import Security

    engine.start()
    host = read_host(settings.runtime)
    assert host is not None
    stranger = Security.temporary()
    with pytest.raises((OSError, TimeoutError)):
        Client(host.address, security=stranger, timeout=1, set_as_default=False)


def test_a_worker_that_is_killed_goes_on_from_its_checkpoint(
    engine: Engine, settings: Settings
) -> None:
    ear, job = Ear(), make_job(settings.store, steps=40)
    engine.submit(job, ear)
    ear.wait_for_step(job, 10)
    first = worker_pid(settings.store, job)
    os.kill(first, signal.SIGKILL)
    assert engine.wait(job.id, 60).state == "done"
    assert worker_pid(settings.store, job) != first
    steps = [note["step"] for note in steps_of(settings.store, job.id)]
    assert len(steps) <= 41  # at most the step that was under way is repeated
    assert sorted(set(steps)) == list(range(40))
    assert ear.ends(job) == ["done"]


def test_a_job_that_is_given_up_too_soon_is_not_taken_for_cancelled(
    engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Dask does rerun it, but on a starved machine we may not have heard of that yet.
    monkeypatch.setattr("nbagent.jobs.dispatcher._GONE_S", 0.0)
    monkeypatch.setattr("nbagent.jobs.roster._LOOK_S", 0.0)
    ear, job = Ear(), make_job(settings.store, steps=40)
    engine.submit(job, ear)
    ear.wait_for_step(job, 10)
    os.kill(worker_pid(settings.store, job), signal.SIGKILL)
    assert engine.wait(job.id, 60).state == "done"
    assert ear.ends(job) == ["done"]


def test_a_job_that_always_kills_its_worker_fails_with_one_line(
    engine: Engine, settings: Settings
) -> None:
    ear = Ear()
    # Four deaths: each comes one step further.
    job = make_job(settings.store, steps=9, dies_from=0)
    engine.submit(job, ear)
    end = engine.wait(job.id, 90)
    assert end.state == "failed"
    assert end.message.startswith("the worker crashed or ran out of memory: try fewer")
    assert ear.ends(job) == ["failed"]
    # Meanwhile it says what has happened, and that it is not over.
    lost = [p for p in ear.of(job) if p.message.startswith("the worker stopped")]
    assert {p.state for p in lost} == {"queued"}
    with Ledger(settings.store) as ledger:
        assert ledger.jobs.get(job.id).state == "failed"
    after = make_job(settings.store, steps=2)
    engine.submit(after, ear)
    assert engine.wait(after.id, 60).state == "done"


def test_a_host_that_is_killed_is_replaced_and_no_job_is_lost(
    engine: Engine, settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    ear = Ear()
    running, queued = (make_job(settings.store, steps=30) for _ in range(2))
    engine.submit(running, ear)
    engine.submit(queued, ear)
    ear.wait_for_step(running, 10)
    first = host_pid(settings)
    os.kill(first, signal.SIGKILL)
    assert engine.wait(running.id, 60).state == "done"
    assert engine.wait(queued.id, 60).state == "done"
    assert host_pid(settings) != first
    steps = [note["step"] for note in steps_of(settings.store, running.id)]
    assert len(steps) <= 31
    assert ear.ends(running) == ear.ends(queued) == ["done"]
    assert capfd.readouterr() == ("", "")  # a notebook would show it


def test_a_host_that_leaves_while_kernels_come_stops_nobody(
    engine: Engine, settings: Settings
) -> None:
    engine.start()
    host = read_host(settings.runtime)
    assert host is not None
    with contextlib.ExitStack() as stack:
        # What Dask raises when its scheduler drops it is not always the same.
        gates = [stack.enter_context(Gate(host.address)) for _ in range(6)]
        kernels = []
        for number, gate in enumerate(gates, 1):
            make_job(settings.store, steps=1)
            write_host(settings.runtime, replace(host, address=gate.address))
            script = REOPEN.replace("j1", f"j{number}") + (
                "engine.start(); print('there', flush=True); time.sleep(0.5)\n"
                # A kernel that reads of the next one's gate just before that is shut
                # tries it for ten seconds, and may meet several.
                "engine.submit(job, ear); print(engine.wait(job.id, 80).state)"
            )
            kernels.append(kernel(settings, script))
            assert kernels[-1].stdout is not None
            assert kernels[-1].stdout.readline() == "there\n"
            write_host(settings.runtime, host)
            gate.shut()
        ends = [one.communicate(timeout=90) for one in kernels]
    assert ends == [("done\n", "")] * 6


class Gate:
    """A way to a host that can be shut: then it takes connections and drops them."""

    def __init__(self, address: str) -> None:
        name, _, port = address.removeprefix("tls://").partition(":")
        self._goal = (name, int(port))
        self._server = socket.create_server((name, 0))
        self._ends: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._is_shut = False
        self.address = f"tls://{name}:{self._server.getsockname()[1]}"

    def __enter__(self) -> Gate:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        hang_up(self._server)  # first, so that who is dropped finds nobody here
        self._threads[0].join()
        self.shut()
        for thread in self._threads[1:]:
            thread.join()
        for one in (self._server, *self._ends):
            one.close()

    def shut(self) -> None:
        self._is_shut = True
        for one in self._ends:
            hang_up(one)

    def _start(self, target: Callable[..., None], *args: socket.socket) -> None:
        self._threads.append(threading.Thread(target=target, args=args, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near = self._server.accept()[0]
                self._ends.append(near)
                if self._is_shut:
                    at_once = struct.pack("ii", 1, 0)
                    near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
                    near.close()
                    continue
                far = socket.create_connection(self._goal)
                self._ends.append(far)
                for pair in ((near, far), (far, near)):
                    self._start(pump, *pair)


def hang_up(one: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it is over already
        one.shutdown(socket.SHUT_RDWR)


def pump(source: socket.socket, goal: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while content := source.recv(1 << 16):
            goal.sendall(content)
        goal.shutdown(socket.SHUT_WR)


def test_a_line_that_breaks_just_after_a_job_was_sent_cancels_nothing(
    engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from distributed import Client

    monkeypatch.setattr("nbagent.jobs.dask_client._CONNECT_S", 1.0)
    engine.start()
    host = read_host(settings.runtime)
    assert host is not None
    publish = Client.publish_dataset
    ear, job = Ear(), make_job(settings.store, steps=20)
    with contextlib.ExitStack() as way:
        gate = way.enter_context(Gate(host.address))
        write_host(settings.runtime, replace(host, address=gate.address))

        def cut(*args: Any, **options: Any) -> None:
            monkeypatch.setattr(Client, "publish_dataset", publish)
            wait_until(lambda: steps_of(settings.store, job.id))
            way.close()  # the try is nobody's now, and Dask drops it
            with Ledger(settings.store) as ledger:
                wait_until(lambda: ledger.jobs.get(job.id).state == "cancelled")
            publish(*args, **options)

        with Engine(settings, renderer=RENDERER) as other:
            other.start()
            write_host(settings.runtime, host)
            monkeypatch.setattr(Client, "publish_dataset", cut)
            other.submit(job, ear)
            assert other.wait(job.id, 60).state == "done"
    assert ear.ends(job) == ["done"]


def test_the_stop_button_does_not_hurt_the_worker(settings: Settings) -> None:
    job = make_job(settings.store, steps=40)
    stopped = kernel(
        settings,
        REOPEN
        + """
engine.submit(job, ear)
try:
    engine.wait(job.id)
except KeyboardInterrupt:
    print("interrupted", flush=True)
print(engine.wait(job.id).state, flush=True)
engine.close()
""",
    )
    wait_until(lambda: len(steps_of(settings.store)) > 5, 30)
    os.killpg(stopped.pid, signal.SIGINT)
    out, err = stopped.communicate(timeout=60)
    assert out.split() == ["interrupted", "done"], err
    assert err == ""
    pids = {note["pid"] for note in steps_of(settings.store, job.id)}
    assert len(pids) == 1
    end_host(settings)


def test_a_killed_kernel_leaves_its_job_running_and_the_next_one_finds_it(
    engine: Engine, settings: Settings
) -> None:
    job = make_job(settings.store, steps=100)
    killed = kernel(settings, REOPEN + "engine.submit(job, ear); time.sleep(60)")
    wait_until(lambda: len(steps_of(settings.store)) > 5, 30)
    pid = host_pid(settings)
    killed.kill()
    killed.communicate()
    ear = Ear()
    engine.reattach([job], ear)
    assert engine.wait(job.id, 60).state == "done"
    assert host_pid(settings) == pid
    steps = [note["step"] for note in steps_of(settings.store, job.id)]
    assert steps == list(range(100))  # never stopped, never repeated
    assert ear.ends(job) == ["done"]
    assert any(p.state == "running" for p in ear.of(job))


def test_a_job_that_ended_while_no_kernel_was_there_reports_its_end(
    engine: Engine, settings: Settings
) -> None:
    job = make_job(settings.store, steps=20)
    killed = kernel(settings, REOPEN + "engine.submit(job, ear); time.sleep(60)")
    wait_until(lambda: len(steps_of(settings.store)) > 2, 30)
    killed.kill()
    killed.communicate()
    wait_until(lambda: len(steps_of(settings.store)) == 20)
    ear = Ear()
    engine.reattach([job], ear)
    assert engine.wait(job.id, 30).state == "done"
    assert ear.ends(job) == ["done"]
    assert len(steps_of(settings.store)) == 20


def test_a_queued_job_of_a_dead_kernel_is_rendered_by_the_next(
    engine: Engine, settings: Settings
) -> None:
    job = make_job(settings.store, steps=3)  # recorded, never submitted
    ear = Ear()
    engine.reattach([job], ear)
    assert engine.wait(job.id, 30).state == "done"


def test_the_host_leaves_when_nobody_needs_it_and_not_before(
    settings: Settings,
) -> None:
    settings = replace(settings, grace_s=1)
    make_job(settings.store, steps=60)
    killed = kernel(settings, REOPEN + "engine.submit(job, ear); time.sleep(60)")
    wait_until(lambda: len(steps_of(settings.store)) > 2, 30)
    pid = host_pid(settings)
    killed.kill()
    killed.communicate()
    wait_until(lambda: process_started(pid) is None, 30)
    assert len(steps_of(settings.store)) == 60  # it finished the running job first
    assert not runtime_file(settings.runtime).exists()
    with Ledger(settings.store) as ledger:
        assert ledger.jobs.get("j1").state == "done"


def test_the_host_stays_for_a_kernel_that_has_nothing_to_render(
    settings: Settings,
) -> None:
    with Engine(settings, renderer=RENDERER) as engine:
        engine.start()
        host = read_host(settings.runtime)
        assert host is not None
        time.sleep(2 * settings.grace_s)
        assert read_host(settings.runtime) == host
    wait_until(lambda: process_started(host.pid) is None)


def test_two_kernels_at_once_start_one_host(settings: Settings) -> None:
    script = "engine.start(); print(engine.info()['pid'], flush=True); time.sleep(2)"
    kernels = [kernel(settings, script) for _ in range(2)]
    # Read while they are there: on a busy machine the host may have left after them.
    pids = {one.stdout.readline().strip() for one in kernels if one.stdout}
    assert pids == {str(host_pid(settings))}
    assert [one.communicate(timeout=60) for one in kernels] == [("", "")] * 2
    end_host(settings)


def test_a_kernel_that_just_exits_leaves_no_noise(settings: Settings) -> None:
    job = "job = make_job(settings.store); engine.submit(job, ear)\n"
    ended = kernel(settings, job + "print(engine.wait(job.id, 60).state)")
    out, err = ended.communicate(timeout=60)
    assert (out, err) == ("done\n", "")
    end_host(settings)


def test_a_stale_runtime_file_is_passed_over(
    engine: Engine, settings: Settings
) -> None:
    engine.start()
    host = runtime_file(settings.runtime).read_text()
    engine.close()
    end_host(settings)
    runtime_file(settings.runtime).touch(0o600)
    runtime_file(settings.runtime).write_text(host)
    assert read_host(settings.runtime) is None
    # A pid that came round again is another process.
    record = json.loads(host)
    runtime_file(settings.runtime).write_text(
        json.dumps({**record, "pid": os.getpid()})
    )
    assert read_host(settings.runtime) is None
    runtime_file(settings.runtime).write_text('{"torn":')
    assert read_host(settings.runtime) is None
    job = make_job(settings.store, steps=1)
    engine.submit(job, Ear())
    assert engine.wait(job.id, 30).state == "done"


def test_a_host_that_cannot_start_says_where_its_log_is(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with (
        Engine(settings) as engine,
        pytest.raises(EngineError, match="did not start") as caught,
    ):
        engine.start()
    assert str(log_file(settings.runtime)) in str(caught.value)


def test_a_runtime_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root may give a folder away")
    tmp_path.chmod(0o755)
    theirs = tmp_path / "run"
    theirs.mkdir()
    os.chown(theirs, 65534, 65534)
    with pytest.raises(EngineError, match="belongs to another user: set NBAGENT_RUN"):
        secure_folder(theirs)


def test_importing_and_making_an_engine_loads_no_distributed() -> None:
    script = """
        import sys
        before = set(sys.modules)
        from nbagent.jobs.engine import Engine
        from nbagent.settings import Settings
        engine = Engine(Settings.from_env())
        engine.info()
        engine.close()
        heavy = {"distributed", "dask", "torch", "numpy", "nbagent.render"}
        print(sorted(heavy & set(sys.modules)))
    """
    found = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert found.stdout.strip() == "[]"
