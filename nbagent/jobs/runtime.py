"""The engine host's runtime file: how a kernel finds the host, or starts it once.

The file holds the address, the process id and the TLS credentials of the host, so it
and its folder are readable by their owner alone. Each Python environment has a host
of its own (see `key`): two environments, or two versions of nbagent, never meet.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import nbagent
from nbagent.errors import EngineError, SpecError
from nbagent.settings import Settings
from nbagent.system import private

START_TIMEOUT_S = 90.0  # a cold disk reads distributed in up to 20 s; then some
_POLL_S = 0.02
_ADVICE: Final = "set NBAGENT_RUNTIME to a folder of your own"
# At `info`, each preview would leave a line in the log.
_LOG_LEVEL = {"DASK_LOGGING__DISTRIBUTED": "warning"}
# The threads of torch wait for each other spinning. By libgomp's own count they do it so
# long that two renderers at once take half as long again, and now and then half a minute
# for a clip; with this one a clip alone takes a tenth longer (`nbagent bench busy`).
SPIN = {"GOMP_SPINCOUNT": "3000"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A running engine host, as its runtime file tells it.

    Attributes:
        address: Address of the Dask scheduler, loopback only.
        pid: Process id of the host.
        started: When that process was started (see `process_started`), so that a reused
            pid is not taken for it.
        nonce: Its own: two hosts differ in this whatever else they have in common.
        ca, cert, key: PEM texts; whoever has them may run code as this user.
    """

    address: str
    pid: int
    started: float
    nonce: str
    ca: str
    cert: str
    key: str


def runtime_file(folder: Path) -> Path:
    """Return the runtime file of this environment's host."""
    return folder / f"engine-{_environment()}.json"


def log_file(folder: Path) -> Path:
    """Return the log of this environment's host."""
    return folder / f"engine-{_environment()}.log"


def read_host(folder: Path) -> Host | None:
    """Return the host that is alive, or None.

    Raises:
        EngineError: If somebody else could have written what is there: whoever names
            the scheduler runs code in this process.
    """
    try:
        with private.opened(folder, _ADVICE) as place:
            text = private.read(place, runtime_file(folder), _ADVICE)
        host = Host(**json.loads(text))
    except (OSError, ValueError, TypeError):
        return None
    return host if process_started(host.pid) == host.started else None


def write_host(folder: Path, host: Host) -> None:
    """Publish the host: from here on kernels find it."""
    with private.opened(folder, _ADVICE) as place:
        text = json.dumps(asdict(host))
        private.replace(place, runtime_file(folder), text.encode(), _ADVICE)


def remove_host(folder: Path, nonce: str) -> None:
    """Take the runtime file away, unless it already names another host."""
    with contextlib.suppress(EngineError):  # what is not ours is left as it is
        host = read_host(folder)
        if host is not None and host.nonce == nonce:
            runtime_file(folder).unlink(missing_ok=True)


def process_started(pid: int) -> float | None:
    """Return when a process was started, or None if it is dead or a zombie.

    The figure is good for telling processes apart, and does not change: on Linux it is
    clock ticks since the machine was started, for what psutil makes of it moves with
    the wall clock.
    """
    if Path("/proc/self/stat").exists():
        try:
            # Behind the name, which may hold spaces and brackets.
            after = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        return None if after[0] in "ZX" else float(after[19])
    import psutil  # comes with distributed

    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return float(process.create_time())
    except psutil.Error:
        return None


def refuse_plain(settings: Settings) -> None:
    """Refuse to attach without TLS, unless the user has said to do so.

    Raises:
        SpecError: If the engine's address has none. Loopback is no exception: everybody
            who has an account on this machine can reach it.
    """
    engine = settings.engine or ""
    if engine.startswith(("tls://", "wss://")) or settings.takes_plain_engine:
        return
    raise SpecError(
        f"nbagent will not attach to {engine} without TLS, as anyone who can reach"
        " that port could run code as you and read what you send: use tls:// with"
        " certificates, or set NBAGENT_ENGINE_INSECURE=1"
    )


def start_host(settings: Settings, *, instead_of: Host | None = None) -> Host:
    """Start the host, or take the one that another kernel has just started.

    Args:
        settings: Where it runs, and how long it stays.
        instead_of: One that does not answer; it leaves when it finds itself replaced.

    Raises:
        EngineError: If it ends or does not answer; the log says why.
    """
    secure_folder(settings.runtime)
    with _start_lock(settings.runtime):
        if (host := read_host(settings.runtime)) and host != instead_of:
            return host
        log = log_file(settings.runtime)
        with (
            private.opened(settings.runtime, _ADVICE) as place,
            private.create(place, log, _ADVICE) as output,
        ):
            process = subprocess.Popen(
                [
                    sys.executable,
                    *("-P", "-m", "nbagent.jobs.host"),
                    *("--runtime", str(settings.runtime)),
                    *("--grace-s", str(settings.grace_s)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # By the environment, so that the workers have it too.
                env={**SPIN, **os.environ, **_LOG_LEVEL},
                # The notebook's folder may hold a file named like a module, and so may
                # any other: -P leaves out the one that the host begins in.
                cwd=settings.runtime,
                # Away from the kernel's process group: the stop button interrupts
                # that whole group, a restart may end it.
                start_new_session=True,
            )
        # Reaps the host when it ends, so that it is not a zombie that looks alive.
        threading.Thread(target=process.wait, name="nbagent-reap", daemon=True).start()
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            if (host := read_host(settings.runtime)) and host != instead_of:
                return host
            if process.returncode is not None:
                break
            time.sleep(_POLL_S)
        else:
            process.kill()
    last = log.read_text(errors="replace").strip().rpartition("\n")[2]
    raise EngineError(f"the engine host did not start ({last[:200]}): see {log}")


def secure_folder(folder: Path) -> None:
    """Make a folder that only this user can enter.

    Raises:
        EngineError: If it cannot be made, or is not this user's alone.
    """
    private.make_folder(folder, _ADVICE)


@contextmanager
def _start_lock(folder: Path) -> Iterator[None]:
    import locket  # type: ignore[import-untyped]  # comes with distributed

    # The system drops this lock when its holder dies, so it cannot go stale.
    with locket.lock_file(str(folder / f"engine-{_environment()}.lock")):
        yield


def _environment() -> str:
    # Not the executable's own name: bin/python and bin/python3 are one environment.
    name = f"{nbagent.__version__} {sys.prefix} {sys.version_info[:2]}"
    return hashlib.blake2b(name.encode(), digest_size=4).hexdigest()
