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
from nbagent.jobs.reach import answers, security_of
from nbagent.jobs.runtime import read_host, refuse_plain, start_host
from nbagent.jobs.turnstile import RESOURCE, URGENCY
from nbagent.settings import Settings
from nbagent.take import Job, Progress, digest

_CONNECT_S: Final = 10.0
_ASK_S: Final = 10.0
_ATTEMPTS: Final = 3
# A handler sees its descendants' lines too, a logger only its own.
_NOISY: Final = ("asyncio", "distributed", "tornado", "tornado.application")
_log = logging.getLogger("nbagent.jobs")


class Link:
    """A connection to a scheduler; when it breaks, throw it away and make another."""

    def __init__(
        self,
        address: str,
        client: Client,
        runner: LoopRunner,
        quiet: _Quiet,
        renderer: str | None,
        *,
        is_own: bool,
    ) -> None:
        """Take over a connected client; see `connect`."""
        self._address = address
        self._client = client
        self._runner = runner
        self._quiet = quiet
        self._renderer = renderer
        self._is_own = is_own
        self._tries = itertools.count()
        self._topics: set[str] = set()  # that are listened to
        self._there: list[str] = []
        self._equipped: set[str] = set()
        self._bare: dict[str, str] = {}  # workers that cannot have our plugin, and why

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
        silent = None
        while True:
            host = read_host(settings.runtime)
            if host is None or host == silent or not answers(host):
                host = start_host(settings, instead_of=host)
            attempts += 1
            try:
                return cls._attach(host.address, security_of(host), renderer)
            except EngineError:
                # It may be leaving just now, or dying: then another one is there next.
                if attempts == _ATTEMPTS:
                    raise
                silent = host

    @classmethod
    def _attach(
        cls, address: str, security: Security | None, renderer: str | None
    ) -> Link:
        runner = LoopRunner()
        runner.start()
        quiet = _Quiet(runner.run_sync(_thread_id))
        is_own = security is not None
        client: Client | None = None
        try:
            client = _Client(
                address,
                security=security,
                loop=runner.loop,
                timeout=_CONNECT_S,
                set_as_default=False,  # the user's own Dask work is not ours
            )
            link = cls(address, client, runner, quiet, renderer, is_own=is_own)
            link.look()
            link.equip()
        except Exception as error:
            _leave(client)
            quiet.end()
            runner.stop()
            raise EngineError(_refusal(address, error, is_own=is_own)) from error
        if link.refusal is not None:
            link.close()
            raise EngineError(link.refusal)
        return link

    @property
    def alive(self) -> bool:
        """False once the connection broke: its futures are lost then."""
        return bool(self._client.status == "running")

    def look(self) -> None:
        """See which workers are there; what follows is as of then."""
        self._there = list(self._client.scheduler_info()["workers"])

    @property
    def workers(self) -> list[str]:
        """The addresses of the workers that take our jobs."""
        return [a for a in self._there if self._is_own or a in self._equipped]

    @property
    def strangers(self) -> list[str]:
        """The workers that have come and were not equipped yet."""
        if self._is_own:  # the host's have our plugin before anybody sees them
            return []
        known = self._equipped | self._bare.keys()
        return [address for address in self._there if address not in known]

    def equip(self) -> None:
        """Load our plugin in the workers that have come.

        Not by Dask's own registration: that returns to a second kernel before the
        workers have it, and a worker that comes later without nbagent would die of it.
        """
        if not (strangers := self.strangers):
            return
        found = self._client.run(worker.equip, workers=strangers, on_error="return")
        for address, answer in found.items():
            if answer == nbagent.__version__:
                self._equipped.add(address)
            elif isinstance(answer, Exception):
                if not isinstance(answer, OSError):  # else it has just left
                    self._bare[address] = _reason(answer)
            else:
                self._bare[address] = f"they have {answer}"

    @property
    def refusal(self) -> str | None:
        """Why no worker takes our jobs, in a line; None if one does, or none is there."""
        reasons = [self._bare[one] for one in self._there if one in self._bare]
        return self.refused(reasons[0]) if reasons and not self.workers else None

    def refused(self, reason: str) -> str:
        """Return the line that says that workers do not take our jobs."""
        return _not_ours(self._address, reason)

    def listen(self, store: str, handler: Callable[[dict[str, Any]], None]) -> None:
        """Hear the progress of every job of a store, from the first call on."""
        topic = _topic(store)
        if topic not in self._topics:
            self._client.subscribe_topic(topic, lambda event: handler(event[1]))
            self._topics.add(topic)

    def submit(self, job: Job, number: int, address: str) -> Future[Progress]:
        """Start a job; it outlives this kernel.

        Args:
            job: What to render.
            number: Position in the queue; equal priorities would run last in first out.
            address: The worker that it is for; of several, another one may have it if
                that one goes.
        """
        name = _name(job)
        # Where there is only one, Dask does not give a job with a preference to the
        # first worker that comes back.
        others = [one for one in self._there if one != address]
        future = self._client.submit(
            worker.run_job,
            job,
            _topic(job.store),
            self._renderer,
            # A new key for each try: Dask would answer with the old try's end.
            key=f"{name}-{self._client.id}-{next(self._tries)}",
            pure=False,
            retries=0,
            priority=URGENCY[job.lane] * 1_000_000 - number,
            resources={RESOURCE[job.lane]: 1},
            workers=[address] if others else None,
            allow_other_workers=bool(others) and not self._bare,
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
        """Have Dask drop a job; the worker's plugin sees it, the job within a step."""
        self._client.cancel([future], force=True)  # force: it is published too

    def stop(self, future: Future[Progress]) -> bool:
        """Stop a job; return whether it renders nothing more, as all workers say.

        Dask's cancel alone is no promise: it may come to the scheduler before the job,
        and to the worker before the job has begun there.
        """
        self.cancel(future)
        key = future.key
        answers = self._client.run(worker.stop, key, on_error="return").values()
        # Any other error is of a worker without nbagent, which cannot have it.
        return not any(one is False or isinstance(one, OSError) for one in answers)

    def preview(self, job: Job, address: str) -> bytes | None:
        """Pull the preview of a running job from its worker."""
        found = self._ask(worker.preview, job, address)
        return found if isinstance(found, bytes) else None

    def keep(self, job: Job, address: str) -> bool:
        """Have a worker end a running job early; False if there is nothing to keep."""
        return self._ask(worker.keep, job, address) is True

    def _ask(self, question: Callable[..., Any], job: Job, address: str) -> Any:
        async def ask() -> Any:
            return await self._client.run(
                question, job, workers=[address], on_error="ignore"
            )

        # The user waits for this, and a worker may be frozen, or long in a native call.
        with contextlib.suppress(OSError):  # the next link finds out what happened
            answer: dict[str, Any] = self._client.sync(ask, callback_timeout=_ASK_S)
            return answer.get(address)
        return None

    def warm(self, model: str) -> None:
        """Have every worker import the renderer and load a model."""
        self._client.run(
            worker.warm, model, self._renderer, workers=self.workers or None
        )

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


class _Client(Client):
    """A client that leaves nothing to be collected if it cannot start."""

    def start(self, **kwargs: Any) -> Any:
        """Connect; if that fails, what is half made is closed here and now.

        Collected later it would close itself: a kernel would wait for that and print it.
        """
        try:
            return super().start(**kwargs)
        except Exception:
            _leave(self)
            raise


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
        advice = "start it, or unset NBAGENT_ENGINE to use nbagent's own"
        return (
            f"no engine answers at {address} ({type(error).__name__}):"
            f" {'run the cell again, or run nbagent doctor' if is_own else advice}"
        )
    if "TLS expects" in str(error):  # Dask's line where it was given no certificates
        return (
            f"{address} needs certificates, and none are set: set ca-file, and cert"
            " and key of tls: client:, under distributed: comm: tls: in Dask's"
            " configuration"
        )
    return _not_ours(address, _reason(error))


def _reason(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]


def _not_ours(address: str, reason: str) -> str:
    return (
        f"the engine at {address} does not accept our jobs ({reason}): its workers"
        f" need nbagent {nbagent.__version__}, like this kernel"
    )


async def _thread_id() -> int:
    return threading.get_ident()


def _topic(store: str) -> str:
    # One per store, not per kernel: a restarted kernel goes on listening.
    return f"nbagent/{digest(store)}"


def _name(job: Job) -> str:
    # Two notebooks' ledgers both have a j1.
    return f"nbagent/{digest(job.store)}/{job.id}"
