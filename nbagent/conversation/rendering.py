"""The takes of one turn on their way to being clips.

Starts what must be rendered, answers the player's requests, waits, and stops. A take
that was rendered before is a clip at once; one that only re-cuts its parent's frames
needs no engine; everything else becomes a job.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType

from nbagent.conversation import recuts
from nbagent.conversation.clip import Clip
from nbagent.conversation.engine import Engine, to_job
from nbagent.conversation.estimates import Estimates
from nbagent.conversation.seeds import other_seeds
from nbagent.conversation.stand_in import before
from nbagent.conversation.stopping import released, stopped_line
from nbagent.errors import Cancelled, JobFailed
from nbagent.ledger import Ledger
from nbagent.settings import Settings
from nbagent.take import UNFINISHED, Job, JobState, Lane, Progress, Take

OnProgress = Callable[[int, Progress], None]

_FINAL: frozenset[JobState] = frozenset({"done", "failed", "cancelled"})
_DONE: tuple[JobState, ...] = ("done",)
_STOP_S = 30.0  # a cancel is heard between two steps; one step of a big model is long


class Rendering:
    """One turn's takes: started once, watched by a player, waited for by a cell."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        engine: Engine,
        settings: Settings,
        turn_id: int,
        takes: Sequence[Take],
        clips: Sequence[Clip],
        drafts: Mapping[str, Take] = MappingProxyType({}),
    ) -> None:
        self.takes = list(takes)
        self.clips = tuple(clips)
        self._ledger = ledger
        self._engine = engine
        self._settings = settings
        self._turn_id = turn_id
        self._last = [Progress(job="", state="queued") for _ in takes]
        self._drafts = {
            at: drafts[take.id] for at, take in enumerate(takes) if take.id in drafts
        }
        self._drafting: dict[int, str] = {}  # jobs of drafts that have not ended
        self._enlisted: dict[str, Job] = {}  # by take, until they are sent
        self._recuts: set[int] = set()  # begun; a job's end may come from two threads
        # Names of what takes are made of and other turns render, by the take's id.
        self._awaited: dict[str, str] = {}
        self._changed = threading.Condition()
        self._on_progress: OnProgress = lambda _index, _progress: None

    @property
    def progress(self) -> tuple[Progress, ...]:
        """What each take last said."""
        with self._changed:
            return tuple(self._last)

    @property
    def done(self) -> tuple[Clip, ...]:
        """The clips that can be played."""
        ends = zip(self.clips, self.progress, strict=True)
        return tuple(clip for clip, last in ends if last.state == "done")

    def enlist(self) -> None:
        """Record the jobs of the takes that must be rendered; `start` sends them."""
        waiting = {row.take_id for row in self._ledger.jobs.find(states=UNFINISHED)}
        self._settle()
        for index, take in enumerate(self.takes):
            if take.is_recut or self._ledger.artifact(take.id) is not None:
                continue
            draft = self._drafts.get(index)
            if draft is not None and self._ledger.artifact(draft.id) is None:
                self._enlisted[draft.id] = self._queued(draft)
            if take.id not in waiting:  # else an earlier run of the cell has sent it
                self._enlisted[take.id] = self._queued(take)
                waiting.add(take.id)

    def start(self, on_progress: OnProgress) -> None:
        """Start every take; `on_progress` is called from the engine's thread too."""
        self._on_progress = on_progress
        self._follow_sources()
        for index, take in enumerate(self.takes):
            if self._ledger.artifact(take.id) is not None:
                if job := self._enlisted.pop(take.id, None):  # made elsewhere meanwhile
                    self._ledger.jobs.record(job.id, "done")
                said = "; ".join(filter(None, ["kept", self._said(take)]))
                self._hear(index, Progress(job="", state="done", message=said))
            elif self._last[index].state in _FINAL:
                continue  # what it is made of is lost already
            elif not take.is_recut:
                self._submit_draft(index)
                self._submit(index, take)
        self._recut()

    def rejoin(self, on_progress: OnProgress) -> None:
        """Follow what an earlier kernel has started; nothing new goes to the engine."""
        self._on_progress = on_progress
        active = {row.take_id for row in self._ledger.jobs.find(states=UNFINISHED)}
        self._follow_sources()
        for index, take in enumerate(self.takes):
            if self._ledger.artifact(take.id) is not None:
                self._hear(
                    index, Progress(job="", state="done", message=self._said(take))
                )
            elif take.id in active:
                self._submit(index, take)
            elif not take.is_recut:
                self._hear(index, Progress(job="", state="cancelled"))
        self._recut()

    def wait(self, meanwhile: Callable[[], None] | None = None) -> None:
        """Block until every take has ended.

        Args:
            meanwhile: Is called now and then, in this thread.

        Raises:
            Cancelled: If a take was stopped, by the player or by the stop button.
            JobFailed: If a take failed; the line is the renderer's.
        """
        names = [clip.name for clip in self.clips]
        try:
            with released():
                self._wait_all(None, meanwhile)
        except KeyboardInterrupt:
            self.cancel(None)
            # Who presses it again does not wait for the step that runs.
            with contextlib.suppress(KeyboardInterrupt), released():
                self._wait_all(_STOP_S)
            raise Cancelled(stopped_line(names, self.progress)) from None
        ends = self.progress
        failed = [end for end in ends if end.state == "failed"]
        if failed:
            raise JobFailed(failed[0].message)
        if any(end.state == "cancelled" for end in ends):
            raise Cancelled(stopped_line(names, self.progress))

    # What a player asks for; called from its threads.

    def clip_bytes(self, index: int) -> bytes:
        """Return the finished mp4 of a take, or of its draft until then."""
        draft = self._drafts.get(index)
        if draft is not None and self.progress[index].state != "done":
            artifact = self._ledger.artifact(draft.id)
            if artifact is not None and artifact.video is not None:
                return self._ledger.path(artifact.video).read_bytes()
        return self.clips[index].path.read_bytes()

    def preview(self, index: int) -> bytes | None:
        """Return an animated webp of a running take, or what there was before it."""
        job_id = self._drafting.get(index) or self.progress[index].job
        shown = self._engine.preview(job_id) if job_id else None
        return shown or before(self._ledger, self.takes[index])

    def cancel(self, index: int | None) -> None:
        """Stop one take, or all of them."""
        for at, last in enumerate(self.progress):
            if index not in (None, at) or last.state in _FINAL:
                continue
            if last.job:
                self._engine.cancel(last.job)
            elif self._waits_for(self.takes[at]):  # a re-cut, not begun
                self._hear(at, replace(last, state="cancelled", message=""))
            if draft := self._drafting.get(at):
                self._engine.cancel(draft)

    def keep(self, index: int) -> None:
        """End a running take early; its clip is what it looks like then."""
        self._engine.keep(self.progress[index].job)

    def pause(self, index: int) -> None:
        """Halt a take until it is resumed."""
        self._engine.pause(self.progress[index].job)

    def resume(self, index: int) -> None:
        """Let a paused take go on."""
        self._engine.resume(self.progress[index].job)

    # Inside

    def _seeds(self, take: Take) -> tuple[int, ...]:
        return other_seeds(
            self._ledger, self._settings, self._turn_id, take, self.takes
        )

    def _settle(self) -> None:
        """Let takes that were tried before be what was kept of them."""
        for index, take in enumerate(self.takes):
            if seeds := self._seeds(take):
                kept = self._ledger.settled(take, seeds)
                if kept.id != take.id and self._ledger.artifact(kept.id) is not None:
                    self._ledger.replace_take(take.id, kept)
                    self._replace(index, kept)

    def _follow_sources(self) -> None:
        """Wait for what takes are made of and other turns render: none is made twice."""
        own = {take.id for take in self.takes}
        needed = {need for take in self.takes for need in take.needs} - own
        rows = self._ledger.jobs.find(states=UNFINISHED) if needed else ()
        jobs = {row.take_id: row for row in rows if row.take_id in needed}
        for take_id, row in jobs.items():
            name = self._ledger.name_of(take_id) or "its source"
            self._awaited[take_id] = name
            for index, take in enumerate(self.takes):
                if take_id in take.needs:
                    self._hear(index, self._last[index])
            source = self._ledger.take(take_id)
            job = to_job(self._ledger, self._settings, row, source)
            self._engine.reattach([job], partial(self._hear_source, take_id))

    def _waits_for(self, take: Take) -> str:
        """Return the name of what a take is made of and another turn renders, if any."""
        names = (self._awaited.get(need, "") for need in take.needs)
        return next(filter(None, names), "")

    def _hear_source(self, source_id: str, progress: Progress) -> None:
        """Go on once what takes are made of is there, or give them up."""
        if progress.state == "done":
            made_id = self._ledger.jobs.get(progress.job).take_id
            if made_id != source_id:  # it was stopped early, and kept
                self._made_of(source_id, made_id)
            self._awaited.pop(source_id, None)
            self._recut()
        elif progress.state in _FINAL and (name := self._awaited.pop(source_id, "")):
            how = "failed" if progress.state == "failed" else "was stopped"
            why = f" ({progress.message})" if progress.message else ""
            line = (
                f"{name}, which this is made from, {how}{why}: run its cell again first"
            )
            for index, take in enumerate(self.takes):
                if source_id in take.needs and self._last[index].state not in _FINAL:
                    self._fail(index, line)

    def _fail(self, index: int, line: str) -> None:
        """End a take that waits, wherever it does."""
        enlisted = self._enlisted.pop(self.takes[index].id, None)
        sent = self._last[index].job
        job_id = enlisted.id if enlisted else sent
        if job_id:
            self._ledger.jobs.record(job_id, "failed", message=line)
        self._hear(index, Progress(job=job_id, state="failed", message=line))
        if sent:
            self._engine.cancel(sent)

    def _submit(self, index: int, take: Take) -> None:
        listener = partial(self._hear, index)
        if job := self._enlisted.pop(take.id, None):
            self._send(index, job)
            return
        rows = self._ledger.jobs.find(states=UNFINISHED, take_id=take.id)
        if rows:  # an earlier kernel, or an earlier run of this cell, has sent it
            job = to_job(self._ledger, self._settings, rows[-1], take)
            self._hear(index, Progress(job=job.id, state="queued"))
            self._engine.reattach([job], listener)
            return
        self._send(index, self._queued(take))

    def _send(self, index: int, job: Job) -> None:
        # Known before it runs, so that a cancel can name it at once.
        self._hear(index, Progress(job=job.id, state="queued"))
        self._engine.submit(job, partial(self._hear, index))

    def _submit_draft(self, index: int) -> None:
        """Send the draft of a take ahead, if it has one."""
        draft = self._drafts.get(index)
        if draft is None:
            return
        if self._ledger.artifact(draft.id) is not None:
            self._show_draft(index)
            return
        job = self._enlisted.pop(draft.id, None) or self._queued(draft)
        self._drafting[index] = job.id
        self._engine.submit(job, partial(self._hear_draft, index))

    def _queued(self, take: Take) -> Job:
        lane: Lane = "interactive" if take.quality == "draft" else "final"
        expected_s = Estimates(self._ledger).seconds(take)
        seeds = self._seeds(take)
        job_id = self._ledger.jobs.add(take.id, self._turn_id, lane, expected_s, seeds)
        return to_job(self._ledger, self._settings, self._ledger.jobs.get(job_id), take)

    def _hear_draft(self, index: int, progress: Progress) -> None:
        """Show how a draft goes on in its final's place; how it ends matters little."""
        if progress.state == "done":
            self._drafting.pop(index, None)
            self._show_draft(index)
        elif progress.state in _FINAL:
            self._drafting.pop(index, None)
        elif self.progress[index].state not in _FINAL:
            self._on_progress(index, replace(progress, message="a draft first"))

    def _show_draft(self, index: int) -> None:
        with self._changed:
            last = replace(self._last[index], has_draft=True)
            if last.state in _FINAL:
                return
            self._last[index] = last
        self._on_progress(index, last)

    def _said(self, take: Take) -> str:
        """Return what was said of a take when it was rendered, such as its drift."""
        done = self._ledger.jobs.find(states=_DONE, take_id=take.id)
        return done[-1].message if done else ""

    def _recut(self) -> None:
        """Make the takes whose parents' frames are all there; others wait for theirs."""
        own = {take.id for take in self.takes}
        for index, take in enumerate(self.takes):
            is_ready = take.is_recut and not any(
                parent in own and self._ledger.artifact(parent) is None
                for parent in take.parents
            )
            is_ready &= not self._waits_for(take)
            with self._changed:
                is_ready &= self._last[index].state == "queued"
                is_ready &= index not in self._recuts
                self._recuts |= {index} if is_ready else set()
            if is_ready:
                self._hear(index, recuts.run(self._ledger, self._turn_id, take))

    def _hear(self, index: int, progress: Progress) -> None:
        if progress.state == "done" and progress.job:
            take_id = self._ledger.jobs.get(progress.job).take_id
            if take_id != self.takes[index].id:  # it was stopped early, and kept
                self._replace(index, self._ledger.take(take_id))
        with self._changed:
            if self._last[index].state in _FINAL:
                return
            progress = replace(progress, has_draft=self._last[index].has_draft)
            source = self._waits_for(self.takes[index])
            if progress.state == "queued" and source:
                progress = replace(progress, message=f"waiting for {source}")
            self._last[index] = progress
            self._changed.notify_all()
        self._on_progress(index, progress)
        if progress.state == "done":
            self._recut()
        elif progress.state in ("failed", "cancelled"):
            self._give_up(self.takes[index])

    def _replace(self, index: int, take: Take) -> None:
        """Let a take be another one, and what is made of it be made of that."""
        old_id = self.takes[index].id
        self.takes[index] = self.clips[index].take = take
        if old_id != take.id:
            self._made_of(old_id, take.id)

    def _made_of(self, old_id: str, new_id: str) -> None:
        """Let what would be made of one take be made of another, which came of it."""
        for at, take in enumerate(self.takes):
            if old_id in take.needs:
                changed = take.instead(old_id, new_id)
                self._ledger.replace_take(take.id, changed)
                self._replace(at, changed)

    def _give_up(self, lost: Take) -> None:
        """End what was waiting for a take that will not come."""
        for index, take in enumerate(self.takes):
            if take.is_recut and lost.id in take.parents:
                line = (
                    "a clip that this is made from was not rendered: run the cell again"
                )
                self._hear(index, Progress(job="", state="cancelled", message=line))

    def _wait_all(
        self, timeout_s: float | None, meanwhile: Callable[[], None] | None = None
    ) -> None:
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        with self._changed:
            while any(last.state not in _FINAL for last in self._last):
                # Short waits, or the stop button's signal would never be delivered.
                self._changed.wait(0.2)
                if meanwhile is not None:
                    meanwhile()
                if deadline is not None and time.monotonic() > deadline:
                    return
