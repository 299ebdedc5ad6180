"""The engine host's runtime file: how a kernel finds the host, or starts it once.

The file holds the address, the process id and the TLS credentials of the host, so it
and its folder are readable by their owner alone. Each Python environment has a host
of its own (see `key`): two environments, or two versions of nbagent, never meet.
"""

from __future__ import annotations

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

import nbagent
from nbagent.errors import EngineError
from nbagent.settings import Settings

START_TIMEOUT_S = 90.0  # a cold disk reads distributed in up to 20 s; then some
_POLL_S = 0.02
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
    """Return the host that is alive, or None."""
    try:
        host = Host(**json.loads(runtime_file(folder).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return host if process_started(host.pid) == host.started else None


def write_host(folder: Path, host: Host) -> None:
    """Publish the host: from here on kernels find it."""
    target = runtime_file(folder)
    draft = target.with_suffix(f".{host.pid}")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump(asdict(host), file)
    draft.replace(target)


def remove_host(folder: Path, nonce: str) -> None:
    """Take the runtime file away, unless it already names another host."""
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
        with log.open("wb") as output:
            process = subprocess.Popen(
                [
                    sys.executable,
                    *("-m", "nbagent.jobs.host"),
                    *("--runtime", str(settings.runtime)),
                    *("--grace-s", str(settings.grace_s)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # By the environment, so that the workers have it too.
                env={**SPIN, **os.environ, **_LOG_LEVEL},
                # The notebook's folder may hold a file named like a module.
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
        EngineError: If it cannot be made, or belongs to somebody else.
    """
    advice = "set NBAGENT_RUNTIME to a folder of your own"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.name == "posix":
            # In a shared /tmp somebody else may have made it first.
            if folder.stat().st_uid != os.getuid():
                raise EngineError(f"{folder} belongs to another user: {advice}")
            folder.chmod(0o700)
    except OSError as error:
        raise EngineError(
            f"cannot use {folder} ({error.strerror}): {advice}"
        ) from error


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
