"""What runs in a worker: one plugin that holds the renderer, and the doorway to it.

`run_job` is the task that the kernel submits. Torch is first imported inside the
function that makes the renderer, in the worker and nowhere else.
"""

# ruff: noqa: TID253  only workers, and the lazily imported `link`, import this module

# mypy: allow-untyped-calls

from __future__ import annotations

import asyncio
import logging
import pkgutil
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from distributed import get_worker, secede
from distributed.diagnostics.plugin import WorkerPlugin
from distributed.utils import sync

import nbagent
from nbagent.errors import Cancelled, MissingExtra, NbagentError
from nbagent.jobs.turnstile import RESOURCE, Turnstile
from nbagent.ledger import Ledger
from nbagent.render.scorers import Scorers
from nbagent.settings import Settings
from nbagent.system.numerics import Verdicts
from nbagent.take import Job, Progress

if TYPE_CHECKING:
    from distributed import Worker

    from nbagent.render.renderer import Renderer

PLUGIN: Final = "nbagent"
DRAWS: Final = "nbagent.charts.chart_renderer:ChartRenderer"
"""What renders a take that no model does: torch is not imported for it."""

_RUNS: Final = frozenset({"executing", "long-running"})  # Dask's words for it
_KEPT_STOPS: Final = 1000
_STOP_LOOKS: Final = 200
_STOP_LOOK_S: Final = 0.02
_LOCK_POLL_S: Final = 0.1

_log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class _Try:
    """A try of a job in this worker: told to stop, and inside the renderer or not."""

    flag: threading.Event = field(default_factory=threading.Event)
    begun: bool = False


class RenderPlugin(WorkerPlugin):
    """Holds what outlives a job in a worker: renderers, turnstile, cancel flags."""

    name = PLUGIN

    async def setup(self, worker: Worker) -> None:
        """Guard the process against the stop button and open its two lanes."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._worker = worker
        self._turnstile = Turnstile()
        self._guard = (
            threading.Lock()
        )  # of the next two: the loop stops what threads run
        self._tries: dict[str, _Try] = {}
        # A cancel may come before its job does. Each try has a key of its own.
        self._stopped: deque[str] = deque(maxlen=_KEPT_STOPS)
        self._renderers: dict[str | None, Renderer] = {}
        self._making = threading.Lock()
        if not worker.state.total_resources.keys() >= set(RESOURCE.values()):
            # Not a worker of our host: somebody's own cluster.
            await worker.set_resources(**dict.fromkeys(RESOURCE.values(), 1))

    def transition(self, key: Any, start: str, finish: str, **_: Any) -> None:
        """Stop a job that Dask has cancelled while it ran."""
        if finish == "released" and start in _RUNS:
            self.stop(key)

    def stop(self, key: str) -> None:
        """Have a try of a job end at its next step, or never begin."""
        with self._guard:
            self._stopped.append(key)
            if one := self._tries.get(key):
                one.flag.set()
        self._turnstile.wake()

    def has_stopped(self, key: str) -> bool:
        """Whether a try that was told to stop renders nothing more."""
        with self._guard:
            one = self._tries.get(key)
            return one is None or not one.begun

    def renderer(self, factory: str | None) -> Renderer:
        """Return a renderer, importing it on first use: the doorway to torch.

        Args:
            factory: Import string of another one than nbagent's own, `module:Class`.

        Raises:
            MissingExtra: If this environment cannot render.
        """
        with self._making:
            if factory not in self._renderers:
                try:
                    self._renderers[factory] = _make(factory)
                except ModuleNotFoundError as error:
                    raise MissingExtra(
                        f"rendering needs {error.name}, which is not installed:"
                        " pip install 'nbagent[local]'"
                    ) from error
            return self._renderers[factory]

    def run(self, job: Job, key: str, topic: str, factory: str | None) -> Progress:
        """Render a job to its end, and say once how it ended; never raises."""
        last = Progress(job=job.id, state="running", phase="load")

        def report(progress: Progress) -> None:
            nonlocal last
            if progress.state == "running":  # how it ended is said below, once
                last = progress
                self._say(topic, key, progress)

        report(last)
        try:
            with self._trying(key) as one:
                note = self._render(job, one, report, factory)
            end = replace(last, state="done", message=_one_line(note))
        except Cancelled:
            end = replace(last, state="cancelled")
        except NbagentError as error:
            end = replace(last, state="failed", message=_one_line(str(error)))
        except Exception as error:  # noqa: BLE001
            _log.exception("job %s of %s", job.id, job.store)
            cause = _one_line(f"{type(error).__name__}: {error}")
            end = replace(
                last, state="failed", message=f"the renderer crashed: {cause}"
            )
        end = replace(end, eta_s=None)
        self._say(topic, key, end)
        return end

    @contextmanager
    def _trying(self, key: str) -> Iterator[_Try]:
        one = _Try()
        with self._guard:
            self._tries[key] = one
            if key in self._stopped:
                one.flag.set()
        try:
            yield one
        finally:
            with self._guard:
                del self._tries[key]

    def _render(
        self,
        job: Job,
        one: _Try,
        report: Callable[[Progress], None],
        factory: str | None,
    ) -> str:
        """Render a job that nobody else renders; return what is to be said of it."""
        with Ledger(Path(job.store)) as ledger, ledger.render_lock(job.take.id) as lock:
            is_first = lock.take()
            if not is_first:
                waits = "waiting, as another engine is rendering it"
                report(Progress(job=job.id, state="running", message=waits))
            while not (is_first or lock.take()):
                if one.flag.wait(_LOCK_POLL_S):
                    raise Cancelled(f"job {job.id} was stopped before it began")
            if not is_first and (row := ledger.jobs.get(job.id)).state == "done":
                return row.message
            renderer = self.renderer(DRAWS if job.take.is_drawn else factory)
            with self._guard:
                if one.flag.is_set():
                    raise Cancelled(f"job {job.id} was stopped before it began")
                one.begun = True
            with self._turnstile.admit(job.lane, one.flag) as turn:
                facts = renderer.run(
                    job, report=report, cancelled=one.flag.is_set, turn=turn
                )
            return str(facts.get("message", ""))

    def preview(self, job: Job) -> bytes | None:
        """Return what the running job looks like now, if it can be seen yet."""
        seen = (one.preview(job) for one in tuple(self._renderers.values()))
        return next((preview for preview in seen if preview), None)

    def keep(self, job: Job) -> bool:
        """End the running job early and make a clip of what there is, if it can be."""
        return any(one.keep(job) for one in tuple(self._renderers.values()))

    def _say(self, topic: str, key: str, progress: Progress) -> None:
        event = {
            "progress": progress.to_json(),
            "key": key,
            "worker": self._worker.address,
        }
        self._worker.log_event(topic, event)


def run_job(job: Job, topic: str, factory: str | None) -> Progress:
    """Render one job; the task that the kernel submits."""
    worker = get_worker()
    if PLUGIN not in worker.plugins:
        # Of somebody's own cluster, and Dask gave it the job before a kernel saw it.
        sync(worker.loop, equip, worker)
    if worker.state.nthreads < len(set(RESOURCE.values())) + 1:
        secede()  # somebody's own cluster: keep its only thread for the other lane
    return _plugin(worker).run(job, str(worker.get_current_task()), topic, factory)


async def equip(dask_worker: Worker) -> str:
    """Run by `client.run`: load our plugin, if it is not there; return the version."""
    if PLUGIN not in dask_worker.plugins:
        await dask_worker.plugin_add(RenderPlugin(), name=PLUGIN)
    return nbagent.__version__


async def stop(key: str, dask_worker: Worker) -> bool:
    """Run by `client.run`: stop a try of a job; return whether it has stopped.

    It is asked again if a step takes longer than this waits. Where the job has not
    come yet, it will not begin.
    """
    await equip(dask_worker)
    plugin = _plugin(dask_worker)
    plugin.stop(key)
    for _ in range(_STOP_LOOKS):
        if plugin.has_stopped(key):
            return True
        await asyncio.sleep(_STOP_LOOK_S)
    return False


async def preview(job: Job, dask_worker: Worker) -> bytes | None:
    """Run by `client.run`: pull the preview of a job that runs here."""
    # Made in a thread: this loop answers the scheduler.
    return await asyncio.to_thread(_plugin(dask_worker).preview, job)


async def keep(job: Job, dask_worker: Worker) -> bool:
    """Run by `client.run`: end a job that runs here early, and keep what there is."""
    return await asyncio.to_thread(_plugin(dask_worker).keep, job)


async def warm(model: str, factory: str | None, dask_worker: Worker) -> None:
    """Run by `client.run`: import the renderer and load a model before the first job."""
    renderer = await asyncio.to_thread(_plugin(dask_worker).renderer, factory)
    await asyncio.to_thread(renderer.warm, model)


def _make(factory: str | None) -> Renderer:
    if factory is not None:
        made: Renderer = pkgutil.resolve_name(factory)()
        return made
    from nbagent.render.renderer import Renderer

    settings = Settings.from_env()
    return Renderer(
        settings.memory_bytes,
        compiles=settings.compiles,
        verdicts=Verdicts(folder=settings.runtime),
        scorers=Scorers.found(settings),
    )


def _plugin(worker: Worker) -> RenderPlugin:
    plugin = worker.plugins[PLUGIN]
    assert isinstance(plugin, RenderPlugin)
    return plugin


def _one_line(text: str) -> str:
    # An event stays under 500 bytes; the whole text is in the log.
    return " ".join(text.split())[:300]
