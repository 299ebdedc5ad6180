"""The engine host: a process of its own that carries the jobs of all kernels.

    python -m nbagent.jobs.host --runtime FOLDER --grace-s 60

It holds a Dask scheduler and one nanny'd worker per GPU (one on a CPU), all of them on
loopback and behind TLS, because whoever reaches a Dask port may run code. It runs no
user code and no torch, and leaves when no kernel is connected and nothing runs.
"""

# mypy: allow-untyped-calls

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import dask
from distributed import Nanny, Scheduler
from distributed.security import Security

from nbagent.jobs.runtime import (
    Host,
    process_started,
    read_host,
    remove_host,
    secure_folder,
    write_host,
)
from nbagent.jobs.turnstile import RESOURCE
from nbagent.jobs.worker import RenderPlugin
from nbagent.system.arguments import Parser
from nbagent.system.gpus import visible_gpus

_CONFIG: Final[dict[str, Any]] = {
    # A laptop that sleeps must find its worker alive.
    "distributed.scheduler.worker-ttl": None,
    # The scheduler keeps this many events of every topic and transitions of a task.
    "distributed.admin.low-level-log-length": 100,
    # Weights are worth keeping at any fill: no spilling, pausing, restarting.
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": False,
    # Dask's default here is one thread per worker for OpenMP: torch needs them all.
    "distributed.nanny.pre-spawn-environ": {},
    # Dask samples the stack of each task a hundred times a second: deep imports and
    # models pay for it, and nobody reads it.
    "distributed.worker.profile.enabled": False,
    # The status pages would answer anyone on this machine.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.scheduler.preload": [],
    "distributed.worker.preload": [],
    "distributed.nanny.preload": [],
    "distributed.scheduler.idle-timeout": None,
    "distributed.worker.multiprocessing-method": "spawn",
}
_LOOPBACK = "127.0.0.1"


def main(argv: Sequence[str] | None = None) -> None:
    """Run the host until its lease ends."""
    parser = Parser(prog="python -m nbagent.jobs.host")
    parser.add_argument("--runtime", type=Path, required=True)
    parser.add_argument("--grace-s", type=float, default=60.0)
    options = parser.parse_args(argv)
    secure_folder(options.runtime)
    with dask.config.set(_CONFIG):
        asyncio.run(_serve(options.runtime, options.grace_s))


async def _serve(runtime: Path, grace_s: float) -> None:
    stop = asyncio.Event()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(NotImplementedError):  # Windows has no such handlers
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    security = Security.temporary()
    async with (
        Scheduler(
            host=_LOOPBACK,
            protocol="tls",
            security=security,
            # With None it would still try the well-known port, and warn.
            dashboard_address=f"{_LOOPBACK}:0",
        ) as scheduler,
        contextlib.AsyncExitStack() as nannies,
    ):
        for number, env in enumerate(_devices()):
            nanny = Nanny(
                scheduler.address,
                name=f"worker-{number}",
                host=_LOOPBACK,
                protocol="tls",
                security=security,
                nthreads=3,  # a thread per lane, and one to spare
                # Declared from the start: a job that lost its worker goes to the next
                # one only if it has the lane when it registers.
                resources=dict.fromkeys(RESOURCE.values(), 1),
                memory_limit=0,
                # There before a kernel hears of the worker, and in the one that comes
                # after it, whoever is here then.
                plugins=(RenderPlugin(),),
                env=env,
                local_directory=str(runtime),
                dashboard=False,
            )
            await nannies.enter_async_context(nanny)
        host = _describe(scheduler, security)
        write_host(runtime, host)
        try:
            await _lease(scheduler, grace_s, stop, lambda: _is_announced(runtime, host))
        finally:
            # First of all: a kernel that looks from now on starts a new host.
            remove_host(runtime, host.nonce)


def _describe(scheduler: Scheduler, security: Security) -> Host:
    tls = security.get_tls_config_for_role("client")
    return Host(
        address=scheduler.address,
        pid=os.getpid(),
        started=process_started(os.getpid()) or 0.0,
        nonce=secrets.token_hex(16),
        ca=tls["ca_file"],
        cert=tls["cert"],
        key=tls["key"],
    )


async def _lease(
    scheduler: Scheduler,
    grace_s: float,
    stop: asyncio.Event,
    is_announced: Callable[[], bool],
) -> None:
    """Return when nobody needed the host for the grace, or it has no more business.

    The grace is what it saw pass: a machine that slept comes back with hours on its
    clock, in which nobody could have needed anything.
    """
    look_s = min(0.5, grace_s / 4 + 0.01)
    idle_s = 0.0
    while idle_s < grace_s and is_announced():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), look_s)
            return
        is_needed = _kernels(scheduler) or _running(scheduler)
        idle_s = 0.0 if is_needed else idle_s + look_s


def _is_announced(runtime: Path, host: Host) -> bool:
    """Whether kernels still find this host; if they find none, they do again.

    If they find another one, this one has to go: two would render the same jobs, since
    each kernel that comes knows only one of them.
    """
    found = read_host(runtime)
    if found is None:  # a cleaner of old files has been here
        secure_folder(runtime)
        write_host(runtime, host)
        return True
    return found.nonce == host.nonce


def _kernels(scheduler: Scheduler) -> int:
    # Published results appear as clients too, and would keep us for ever: behind them
    # is no connection. A worker's own client has one; its name is Dask's.
    connected = scheduler.clients.keys() & scheduler.client_comms.keys()
    return sum(not name.startswith("Client-worker-") for name in connected)


def _running(scheduler: Scheduler) -> int:
    return sum(
        task.state in {"processing", "queued", "no-worker", "waiting"}
        for task in scheduler.tasks.values()
    )


def _devices() -> list[dict[str, str]]:
    """Return the environment of each worker: one per GPU, or one for the CPU."""
    return [{"CUDA_VISIBLE_DEVICES": gpu.uuid} for gpu in visible_gpus()] or [{}]


if __name__ == "__main__":
    main()
