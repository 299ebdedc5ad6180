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
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from distributed import get_worker, secede
from distributed.diagnostics.plugin import WorkerPlugin

from nbagent.errors import Cancelled, MissingExtra, NbagentError
from nbagent.jobs.turnstile import RESOURCE, Turnstile
from nbagent.numerics import Verdicts
from nbagent.settings import Settings
from nbagent.take import Job, Progress

if TYPE_CHECKING:
    from distributed import Worker

    from nbagent.render.renderer import Renderer

PLUGIN: Final = "nbagent"

_log = logging.getLogger(__name__)


class RenderPlugin(WorkerPlugin):
    """Holds what outlives a job in a worker: renderer, turnstile, cancel flags."""

    name = PLUGIN
    idempotent = True  # a second kernel must not throw the loaded model away

    def __init__(self, renderer: str | None = None) -> None:
        """Remember which renderer to make at first use; None is nbagent's own."""
        self._factory = renderer

    async def setup(self, worker: Worker) -> None:
        """Guard the process against the stop button and open its two lanes."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        self._worker = worker
        self._turnstile = Turnstile()
        self._flags: dict[str, threading.Event] = {}
        self._renderer: Renderer | None = None
        self._making = threading.Lock()
        if not worker.state.total_resources.keys() >= set(RESOURCE.values()):
            # Not a worker of our host: somebody's own cluster.
            await worker.set_resources(**dict.fromkeys(RESOURCE.values(), 1))

    def transition(
        self,
        key: Any,
        start: str,  # noqa: ARG002  Dask's signature
        finish: str,
        **_: Any,
    ) -> None:
        """Raise the flag of a job that Dask has cancelled while it ran."""
        if finish == "released" and (flag := self._flags.get(key)):
            flag.set()
            self._turnstile.wake()

    def renderer(self) -> Renderer:
        """Return the renderer, importing it on first use: the doorway to torch.

        Raises:
            MissingExtra: If this environment cannot render.
        """
        with self._making:
            if self._renderer is None:
                try:
                    self._renderer = _make(self._factory)
                except ModuleNotFoundError as error:
                    raise MissingExtra(
                        f"rendering needs {error.name}, which is not installed:"
                        " pip install 'nbagent[local]'"
                    ) from error
            return self._renderer

    def run(self, job: Job, key: str, topic: str) -> Progress:
        """Render a job to its end, and say once how it ended; never raises."""
        last = Progress(job=job.id, state="running", phase="load")
        flag = self._flags.setdefault(key, threading.Event())

        def report(progress: Progress) -> None:
            nonlocal last
            if progress.state == "running":  # how it ended is said below, once
                last = progress
                self._say(topic, key, progress)

        report(last)
        try:
            with self._turnstile.admit(job.lane, flag) as turn:
                facts = self.renderer().run(
                    job, report=report, cancelled=flag.is_set, turn=turn
                )
            note = _one_line(facts.get("message", ""))
            end = replace(last, state="done", message=note)
        except Cancelled:
            end = replace(last, state="cancelled")
        except NbagentError as error:
            end = replace(last, state="failed", message=_one_line(str(error)))
        except Exception as error:  # noqa: BLE001
            _log.exception("job %s of %s", job.id, job.store)
            cause = _one_line(f"{type(error).__name__}: {error}")
            end = replace(last, state="failed", message=f"the renderer broke: {cause}")
        finally:
            del self._flags[key]
        end = replace(end, eta_s=None)
        self._say(topic, key, end)
        return end

    def preview(self, job: Job) -> bytes | None:
        """Return what the running job looks like now, if it can be seen yet."""
        return self._renderer.preview(job) if self._renderer else None

    def keep(self, job: Job) -> bool:
        """End the running job early and make a clip of what there is, if it can be."""
        return self._renderer is not None and self._renderer.keep(job)

    def _say(self, topic: str, key: str, progress: Progress) -> None:
        event = {
            "progress": progress.to_json(),
            "key": key,
            "worker": self._worker.address,
        }
        self._worker.log_event(topic, event)


def run_job(job: Job, topic: str) -> Progress:
    """Render one job; the task that the kernel submits."""
    worker = get_worker()
    if worker.state.nthreads < len(set(RESOURCE.values())) + 1:
        secede()  # somebody's own cluster: keep its only thread for the other lane
    return _plugin(worker).run(job, str(worker.get_current_task()), topic)


async def preview(job: Job, dask_worker: Worker) -> bytes | None:
    """Run by `client.run`: pull the preview of a job that runs here."""
    # Made in a thread: this loop answers the scheduler.
    return await asyncio.to_thread(_plugin(dask_worker).preview, job)


async def keep(job: Job, dask_worker: Worker) -> bool:
    """Run by `client.run`: end a job that runs here early, and keep what there is."""
    return await asyncio.to_thread(_plugin(dask_worker).keep, job)


async def warm(model: str, dask_worker: Worker) -> None:
    """Run by `client.run`: import the renderer and load a model before the first job."""
    renderer = await asyncio.to_thread(_plugin(dask_worker).renderer)
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
    )


def _plugin(worker: Worker) -> RenderPlugin:
    plugin = worker.plugins[PLUGIN]
    assert isinstance(plugin, RenderPlugin)
    return plugin


def _one_line(text: str) -> str:
    # An event stays under 500 bytes; the whole text is in the log.
    return " ".join(text.split())[:300]
