"""The conversation as a panel shows it: turns of cells and of the panel, live.

The ledger is the truth and this only reads it; what is being rendered is told from its
rendering. Whoever changes the conversation says so here, from any thread, and each
listener hears the same events in the same order.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from nbagent.conversation import (
    answers,
    consent,
    footnotes,
    llm,
    offered,
    offers,
    saved_variables,
    talk,
)
from nbagent.conversation.clip import Clip
from nbagent.conversation.rendering import Rendering
from nbagent.conversation.session import Session
from nbagent.errors import SpecError
from nbagent.ledger import ClipRow, JobRow
from nbagent.ledger.records import Turn
from nbagent.notebook import markdown
from nbagent.notebook.border import Source
from nbagent.notebook.kept import Kept
from nbagent.notebook.options import options_text
from nbagent.notebook.panel_wire import Event, ReadingView, TakePlace, TurnView
from nbagent.notebook.portraits import portrait
from nbagent.notebook.wire import TakeView, progress_fields, take_view, turn_state_of
from nbagent.take import Progress, Take

PANEL_CELL = "panel#"
"""How the id begins that a turn of the panel has in place of a cell's."""

Listener = Callable[[Event], None]

_FINAL = frozenset({"done", "failed", "cancelled"})


class Transcript:
    """All live turns of a session's conversation."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._listeners: list[Listener] = []
        self._views: dict[int, TurnView] = {}
        self._read: dict[int, Turn] = {}  # as they were when their view was made
        self._live: dict[int, Rendering] = {}
        self._queue: list[TakePlace] = []
        self._model = session.settings.model
        self._lock = threading.RLock()

    def listen(self, listener: Listener) -> None:
        """Tell a listener of every change from now on."""
        with self._lock:
            self._listeners.append(listener)
            self.refresh()

    def leave(self, listener: Listener) -> None:
        """Tell this one no more."""
        with self._lock:
            if listener in self._listeners:
                self._listeners.remove(listener)

    def follow(self, turn_id: int, listener: Callable[[TurnView], None]) -> None:
        """Tell a listener of one turn: as it is now, and at each change to its end."""

        def hear(event: Event) -> None:
            if event["type"] == "turn":
                tell(event["turn"])
            elif event["type"] == "take":
                tell(self._views[event["turn"]])

        def tell(view: TurnView) -> None:
            if view["id"] == turn_id:
                listener(view)
                if view["state"] in _FINAL:
                    self.leave(hear)

        with self._lock:
            self.listen(hear)
            tell(self.view(turn_id))

    def turns(self) -> list[TurnView]:
        """Return all turns, in order."""
        with self._lock:
            self._catch_up()
            return sorted(self._views.values(), key=lambda view: view["place"])

    def queue(self) -> list[TakePlace]:
        """Return the takes that wait for the engine, next first."""
        with self._lock:
            places: dict[str, TakePlace] = {
                last.job: {"turn": turn_id, "index": index}
                for turn_id, live in self._live.items()
                for index, last in enumerate(live.progress)
                if last.state == "queued" and last.job
            }
            waiting = self.session.queue()
            return [places[job] for job in waiting if job in places]

    def move(self, turn_id: int, index: int, to: int) -> None:
        """Give a waiting take another place in the queue."""
        order = self.queue()
        here: TakePlace = {"turn": turn_id, "index": index}
        if here not in order:
            raise SpecError("it is no longer waiting: it is running, or has ended")
        order.remove(here)
        order.insert(to, here)
        with self._lock:
            jobs = [
                self._live[place["turn"]].progress[place["index"]].job
                for place in order
                if place["turn"] in self._live
            ]
        self.session.reorder(jobs)
        with self._lock:
            self._tell_queue()

    def refresh(self) -> None:
        """Tell what the ledger has that was not told yet; cheap if nobody listens."""
        with self._lock:
            if self._listeners:
                self._catch_up()

    def views(self, rendering: Rendering) -> list[TakeView]:
        """Return the takes of a turn as a view sees them before they are rendered."""
        takes = rendering.takes
        return [
            self._queued(clip.name, take, takes)
            for clip, take in zip(rendering.clips, takes, strict=True)
        ]

    def note(self, turn: Turn, takes: Sequence[Take]) -> str:
        """Return what is to be said of a turn that has these takes."""
        take_ids = [take.id for take in takes]
        return "\n".join(footnotes.unsaid(turn, take_ids, self.session.record))

    def began(self, turn_id: int, rendering: Rendering) -> None:
        """Tell that the takes of a turn are named and about to be rendered."""
        with self._lock:
            self._live[turn_id] = rendering
            self.refresh()
            if view := self._views.get(turn_id):
                view["takes"] = self.views(rendering)
                view["state"] = turn_state_of(view["takes"])
                self._tell({"type": "turn", "turn": view})
            self._tell_queue()

    def wrote(self, turn_id: int, text: str) -> None:
        """Tell the answer so far, while it is being written."""
        with self._lock:
            self.refresh()
            if turn_id in self._views:
                self._tell({"type": "text", "turn": turn_id, "text": text})

    def rejoined(self, turn_id: int, rendering: Rendering) -> bool:
        """Tell from now on what becomes of an earlier kernel's turn.

        Returns:
            False if it is told of already.
        """
        with self._lock:
            if turn_id in self._live:
                return False
            self._live[turn_id] = rendering
            return True

    def went_on(self, turn_id: int, index: int, progress: Progress) -> None:
        """Tell what a take last said of itself."""
        with self._lock:
            view, live = self._views.get(turn_id), self._live.get(turn_id)
            if view is None or live is None or not view["takes"]:
                return  # nobody listened when it began, or it was replaced
            changes = take_changes(live.clips[index], progress)
            take = cast(TakeView, {**view["takes"][index], **changes})
            view["takes"][index] = take
            view["state"] = turn_state_of(view["takes"])
            self._tell(
                {
                    "type": "take",
                    "turn": turn_id,
                    "state": view["state"],
                    "index": index,
                    "take": take,
                }
            )
            self._tell_queue()

    def ended(self, turn_id: int) -> None:
        """Tell how a turn's rendering ended, once that is recorded."""
        with self._lock:
            self._live.pop(turn_id, None)
            self._read.pop(turn_id, None)
            self.refresh()
            self._tell_queue()

    def view(self, turn_id: int) -> TurnView:
        """Return a turn as it was last told.

        Raises:
            SpecError: If it is not there, or no longer.
        """
        with self._lock:
            view = self._views.get(turn_id)
        if view is None:
            raise SpecError("this turn was replaced by a newer one: reload the page")
        return view

    def turn_of(self, name: str) -> TurnView:
        """Return the turn that made a clip, with that clip alone."""
        session = self.session
        row = session.ledger.clip(session.settings.conversation, name)
        with self._lock:
            view = self._view(session.ledger.turns.get(row.turn_id), [row])
            take = self._take(row, self._jobs())
        return {**view, "takes": [take]}

    def take(self, row: ClipRow) -> TakeView:
        """Return a clip of the conversation as a view sees it."""
        return self._take(row, self._jobs())

    def source(self, turn_id: int) -> Source:
        """Return what answers for a turn's takes."""
        names = [take["name"] for take in self.view(turn_id)["takes"]]
        with self._lock:
            return self._live.get(turn_id) or Kept(self.session, names)

    # Inside

    def _catch_up(self) -> None:
        settings = self.session.settings
        if settings.model != self._model:
            self._model = settings.model
            self._tell({"type": "model", "model": settings.model})
        turns = self.session.ledger.turns.of(settings.conversation)
        for turn_id in self._views.keys() - {turn.id for turn in turns}:
            del self._views[turn_id]
            self._read.pop(turn_id, None)
            self._tell({"type": "gone", "turn": turn_id})
        fresh = [turn for turn in turns if not self._is_told(turn)]
        clips = self._clips() if fresh else {}
        for turn in fresh:
            view = self._view(turn, clips.get(turn.id, []))
            self._read[turn.id] = turn
            if view != self._views.get(turn.id):
                self._views[turn.id] = view
                self._tell({"type": "turn", "turn": view})

    def _tell(self, event: Event) -> None:
        for listener in tuple(self._listeners):  # one may leave while it hears
            listener(event)

    def _tell_queue(self) -> None:
        order = self.queue()
        if order != self._queue and self._listeners:
            self._queue = order
            self._tell({"type": "queue", "order": order})

    def _is_told(self, turn: Turn) -> bool:
        view = self._views.get(turn.id)
        if view is None or self._read.get(turn.id) != turn:
            return False
        return turn.id in self._live or view["state"] in _FINAL

    def _clips(self) -> dict[int, list[ClipRow]]:
        found: dict[int, list[ClipRow]] = {}
        for row in self.session.record.made():
            found.setdefault(row.turn_id, []).append(row)
        return found

    def _view(self, turn: Turn, clips: list[ClipRow]) -> TurnView:
        takes = self._live_takes(turn.id)
        made = [self.session.ledger.take(row.take_id) for row in clips]
        if takes is None:
            clips = clips or self._shown(turn)
            jobs = self._jobs() if clips else {}
            takes = [self._take(row, jobs, made) for row in clips]
        is_panel = (turn.cell_id or "").startswith(PANEL_CELL)
        view = TurnView(
            id=turn.id,
            place=turn.position,
            origin="panel" if is_panel else "cell",
            options=options_text(turn.options),
            words=turn.text,
            state=turn_state_of(takes),
            answer=turn.answer or "",
            answer_html=_html(turn),
            error=turn.error or "",
            note=self.note(turn, made),
            readings=_readings(turn),
            takes=takes,
        )
        if not takes and (turn.error or turn.plan is not None):
            view["state"] = "failed" if turn.error else "done"
        return view

    def _shown(self, turn: Turn) -> list[ClipRow]:
        """Return the clips that a turn shows again, and did not make."""
        names = saved_variables.shown(turn)
        return [row for row in self.session.rows() if row.name in names]

    def _live_takes(self, turn_id: int) -> list[TakeView] | None:
        """Return the takes of a turn that is being rendered; None for others."""
        known, live = self._views.get(turn_id), self._live.get(turn_id)
        if live is None or (known and known["takes"]):
            return known["takes"] if known and live else None
        return [
            cast(TakeView, {**view, **take_changes(clip, last)})
            for view, clip, last in zip(
                self.views(live), live.clips, live.progress, strict=True
            )
        ]

    def _queued(self, name: str, take: Take, turn: Sequence[Take]) -> TakeView:
        """Return a take of a turn as a view sees it before it is rendered."""
        ledger = self.session.ledger
        # What shows several clips together changes none of them.
        parents = () if take.is_joined else ledger.parents(take.id)
        parent = next(iter(parents), None)
        return take_view(
            name,
            take,
            parent="" if parent is None else ledger.name_of(parent.id) or "",
            changes=[] if parent is None else answers.changed(parent, take),
            is_scene=any(film.shows(take.id) for film in turn),
        )

    def _jobs(self) -> dict[str, JobRow]:
        conversation = self.session.settings.conversation
        jobs = self.session.ledger.jobs.find(conversation)
        return {job.take_id: job for job in jobs}

    def _take(
        self, row: ClipRow, jobs: Mapping[str, JobRow], turn: Sequence[Take] = ()
    ) -> TakeView:
        ledger = self.session.ledger
        view = self._queued(row.name, ledger.take(row.take_id), turn)
        artifact, job = ledger.artifact(row.take_id), jobs.get(row.take_id)
        if artifact is not None:
            view["state"] = "done"
            view["message"] = job.message if job and job.state == "done" else ""
            view["elapsed_s"] = artifact.seconds_rendered
            view["num_frames"], view["fps"] = artifact.num_frames, artifact.fps
            view["height"], view["width"] = artifact.height, artifact.width
        elif job is None:
            view["state"], view["message"] = "cancelled", "it was never rendered"
        elif job.state == "done":
            view["state"], view["message"] = "failed", "its file is gone"
        else:
            view["state"] = job.state
            view["message"] = "" if job.message == job.state else job.message
        return view


def _html(turn: Turn) -> str:
    if not (turn.answer and llm.is_answered(turn.notes) and markdown.is_read()):
        return ""
    return markdown.html(turn.answer)


def _readings(turn: Turn) -> list[ReadingView]:
    if choices := offers.asked(turn):
        return [_offered(one) for one in choices]
    if consents := consent.asked(turn):
        return [{"intent": one, "label": consent.CHOICES[one]} for one in consents]
    return [
        {
            "intent": choice.intent,
            "label": f"{choice.says[:1].upper()}{choice.says[1:]}",
        }
        for choice in talk.readings(saved_variables.asked(turn))
    ]


def _offered(offer: str) -> ReadingView:
    if offered.option_of(offer) == "column":
        return {"intent": offer, "label": offered.label(offer)}
    return {"intent": offer, "label": offer.capitalize(), "picture": portrait(offer)}


def take_changes(clip: Clip, progress: Progress) -> dict[str, Any]:
    """Return the fields of a `TakeView` that a progress report changes."""
    fields = progress_fields(progress)
    if progress.state == "done":
        # Effects change length, rate and size, a second try the seed: a view shows what
        # plays.
        for name in ("num_frames", "fps", "width", "height", "seed"):
            fields[name] = getattr(clip, name)
    return fields
