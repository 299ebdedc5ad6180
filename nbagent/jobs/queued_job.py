"""One job on its way through the queue."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from nbagent.take import Job, Progress

if TYPE_CHECKING:
    from distributed import Future

Listener = Callable[[Progress], None]
Place = Literal["queued", "away", "sent", "paused", "ended"]


@dataclass(slots=True, kw_only=True, eq=False)
class QueuedJob:
    """One job on its way; changed by the dispatcher's thread alone.

    Attributes:
        listeners: Who hears of it; a cell that is run again joins the first.
        number: Order of arrival, until the user reorders.
        place: `queued`; `away`, when it may run on a host that we have no link to;
            `sent`, when Dask has it; `paused`; `ended`.
        last: What was last heard of it.
        worker: Address of the worker that it was sent to, or last spoke from.
        seen: When that worker was last there.
        heard: A worker has begun it.
        stop: The user wants it cancelled.
        pause: The user wants it halted.
        leaving: It was stopped on its worker for that: this is no end of it.
        asked: Its worker has been asked to stop it, and has not answered yet.
        losses: How often it was lost on its way.
        in_doubt: The link broke as it was sent. A try that nobody holds yet is dropped by
            Dask, and its worker records that as a cancel.
        trouble: What Dask said of the last loss, the name of an exception.
        rests_until: When it may be sent again.
        waited: It waited for another job, which may have ended as another take.
    """

    job: Job
    listeners: list[Listener]
    number: int
    last: Progress
    place: Place
    future: Future[Progress] | None = None
    worker: str | None = None
    seen: float = 0.0
    heard: bool = False
    stop: bool = False
    pause: bool = False
    leaving: bool = False
    asked: bool = False
    losses: int = 0
    in_doubt: bool = False
    trouble: str | None = None
    rests_until: float = 0.0
    waited: bool = False
    ended: threading.Event = field(default_factory=threading.Event)
