"""The kernel's end of the line: one Dask client, attached to the engine host.

The only module of the kernel side that imports distributed; `engine` imports it when
it starts. Every call here may block for a round trip.
"""

# ruff: noqa: TID253  imported by `engine` when it starts, never at load

# mypy: allow-untyped-calls

from __future__ import annotations

import contextlib
import itertools
import logging
import threading
from collections.abc import Callable
from typing import Any, Final

from distributed import Client, Future
from distributed.security import Security
from distributed.utils import LoopRunner

import nbagent
from nbagent.errors import EngineError
from nbagent.jobs import worker
from nbagent.jobs.runtime import Host, read_host, refuse_plain, start_host
from nbagent.jobs.turnstile import RESOURCE, URGENCY
from nbagent.settings import Settings
from nbagent.take import Job, Progress, digest

_CONNECT_S: Final = 10.0
_ATTEMPTS: Final = 3
# A handler sees its descendants' lines too, a logger only its own.
_NOISY: Final = ("asyncio", "distributed", "tornado", "tornado.application")
_log = logging.getLogger("nbagent.jobs")


class Link:
    """A connection to a scheduler; when it breaks, throw it away and make another."""

    def __init__(self, client: Client, runner: LoopRunner, quiet: _Quiet) -> None:
        """Take over a connected client; see `connect`."""
        self._client = client
        self._runner = runner
        self._quiet = quiet
        self._tries = itertools.count()

    @classmethod
    def connect(cls, settings: Settings, renderer: str | None) -> Link:
        """Attach to the given engine, to the host that runs, or to one started now.

        Raises:
            EngineError: If there is nothing to attach to.
            SpecError: If the given engine has no TLS, and nobody has said to use it.
        """
        if settings.engine:
            refuse_plain(settings)
            return cls._attach(settings.engine, None, renderer)
        attempts = 0
        while True:
            host = read_host(settings.runtime) or start_host(settings)
            attempts += 1
            try:
                return cls._attach(host.address, _security(host), renderer)
            except EngineError:
                # It may be leaving just now, or dying: then another one is there next.
                if attempts == _ATTEMPTS:
                    raise

    @classmethod
    def _attach(
        cls, address: str, security: Security | None, renderer: str | None
    ) -> Link:
        runner = LoopRunner()
        runner.start()
        quiet = _Quiet(runner.run_sync(_thread_id))
        client: Client | None = None
        try:
            client = Client(
                address,
                security=security,
                loop=runner.loop,
                timeout=_CONNECT_S,
                set_as_default=False,  # the user's own Dask work is not ours
            )
            client.register_plugin(worker.RenderPlugin(renderer))
        except Exception as error:
            _leave(client)
            quiet.end()
            runner.stop()
            is_own = security is not None
            raise EngineError(_refusal(address, error, is_own=is_own)) from error
        return cls(client, runner, quiet)

    @property
    def alive(self) -> bool:
        """False once the connection broke: its futures are lost then."""
        return bool(self._client.status == "running")

    def workers(self) -> list[str]:
        """Return the addresses of the workers that are there now."""
        return list(self._client.scheduler_info()["workers"])

    def listen(self, store: str, handler: Callable[[dict[str, Any]], None]) -> None:
        """Hear the progress of every job of a store."""
        self._client.subscribe_topic(_topic(store), lambda event: handler(event[1]))

    def submit(self, job: Job, number: int, address: str | None) -> Future[Progress]:
        """Start a job; it outlives this kernel.

        Args:
            job: What to render.
            number: Position in the queue; equal priorities would run last in first out.
            address: Preferred worker, or None when there is only one: Dask does not
                give a job with a preference to the first worker that comes back.
        """
        name = _name(job)
        future = self._client.submit(
            worker.run_job,
            job,
            _topic(job.store),
            # A new key for each try: Dask would answer with the old try's end.
            key=f"{name}-{self._client.id}-{next(self._tries)}",
            pure=False,
            retries=0,
            priority=URGENCY[job.lane] * 1_000_000 - number,
            resources={RESOURCE[job.lane]: 1},
            workers=None if address is None else [address],
            allow_other_workers=address is not None,
        )
        self._client.publish_dataset(future, name=name, override=True)
        return future

    def find(self, job: Job) -> Future[Progress] | None:
        """Return the future of a job that was submitted before this link was made."""
        with contextlib.suppress(KeyError):
            found = self._client.get_dataset(_name(job))
            return found if isinstance(found, Future) else None
        return None

    def last_word(self, job: Job) -> dict[str, Any] | None:
        """Return the last event of a job that the scheduler remembers."""
        events = [event for _, event in self._client.get_events(_topic(job.store))]
        return next(
            (e for e in reversed(events) if e["progress"]["job"] == job.id), None
        )

    def outcome(self, future: Future[Progress]) -> Progress | str | None:
        """Return how a finished job ended, what broke it, or None if it was lost."""
        if future.status == "finished":
            ended = future.result()
            assert isinstance(ended, Progress)
            return ended
        if future.status == "error":
            return type(future.exception()).__name__
        return None

    def forget(self, job: Job) -> None:
        """Let the scheduler drop a job's result."""
        self._client.unpublish_dataset(_name(job))

    def cancel(self, future: Future[Progress]) -> None:
        """Stop a job; the worker's plugin sees it at once, the job within a step."""
        self._client.cancel([future], force=True)  # force: it is published too

    def preview(self, job: Job, address: str) -> bytes | None:
        """Pull the preview of a running job from its worker."""
        found = self._ask(worker.preview, job, address)
        return found if isinstance(found, bytes) else None

    def keep(self, job: Job, address: str) -> bool:
        """Have a worker end a running job early; False if there is nothing to keep."""
        return self._ask(worker.keep, job, address) is True

    def _ask(self, question: Callable[..., Any], job: Job, address: str) -> Any:
        with contextlib.suppress(OSError):  # the next link finds out what happened
            answer = self._client.run(
                question, job, workers=[address], on_error="ignore"
            )
            return answer.get(address)
        return None

    def warm(self, model: str) -> None:
        """Have every worker import the renderer and load a model."""
        self._client.run(worker.warm, model)

    def close(self) -> None:
        """Leave; running jobs go on. A broken link is left without a word."""
        _leave(self._client)
        self._runner.stop()
        self._quiet.end()


class _Quiet(logging.Filter):
    """Keeps the log lines of our own client's thread out of the notebook.

    The loggers are shared with the user's own Dask clients, whose lines stay.
    """

    def __init__(self, thread: int) -> None:
        super().__init__()
        self._thread = thread
        loggers = [logging.getLogger(name) for name in _NOISY]
        self._places: list[logging.Filterer] = [*loggers]
        self._places += [handler for logger in loggers for handler in logger.handlers]
        for place in self._places:
            place.addFilter(self)

    def filter(self, record: logging.LogRecord) -> bool:
        if record.thread != self._thread:
            return True
        _log.debug("%s: %s", record.name, record.getMessage())
        return False

    def end(self) -> None:
        for place in self._places:
            place.removeFilter(self)


def _leave(client: Client | None) -> None:
    """Close a client, whatever state its scheduler is in."""
    if client is None:
        return
    try:
        client.close(timeout=2)
    except Exception:  # noqa: BLE001
        # A border: one that was just reconnecting raises errors of many kinds.
        _log.debug("the client did not close", exc_info=True)
        client.status = "closed"  # else it tries again in the end, and prints that


def _refusal(address: str, error: Exception, *, is_own: bool) -> str:
    if isinstance(error, OSError | TimeoutError):
        advice = "start it, or unset NBAGENT_ENGINE to use one of our own"
        return (
            f"no engine answers at {address} ({type(error).__name__}):"
            f" {'run the cell again, or see nbagent doctor' if is_own else advice}"
        )
    if "TLS expects" in str(error):  # Dask's line where it was given no certificates
        return (
            f"{address} needs certificates and there are none: set ca-file, and cert and"
            " key of tls: client:, under distributed: comm: tls: in Dask's configuration"
        )
    reason = (str(error).strip() or type(error).__name__).splitlines()[0][:200]
    return (
        f"the engine at {address} does not take our jobs ({reason}): its workers need"
        f" nbagent {nbagent.__version__} as this kernel has it"
    )


async def _thread_id() -> int:
    return threading.get_ident()


def _security(host: Host) -> Security:
    return Security(
        require_encryption=True,
        tls_ca_file=host.ca,
        tls_client_cert=host.cert,
        tls_client_key=host.key,
    )


def _topic(store: str) -> str:
    # One per store, not per kernel: a restarted kernel goes on listening.
    return f"nbagent/{digest(store)}"


def _name(job: Job) -> str:
    # Two notebooks' ledgers both have a j1.
    return f"nbagent/{digest(job.store)}/{job.id}"
