"""The session: one conversation of one kernel, and the only place that changes it.

A turn goes one way: written down, understood, composed into takes, rendered. The
notebook shows what comes out; the session does not know how.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from nbagent.acts.base import Act
from nbagent.acts.plan import Choice, Intent, Plan
from nbagent.conversation import choices, footnotes, offers, saved_variables
from nbagent.conversation.asked import Asked, about, call_of, settled
from nbagent.conversation.brains import Brain, Brains
from nbagent.conversation.brought import Brought
from nbagent.conversation.choices import Change
from nbagent.conversation.clip import Clip, Viewer
from nbagent.conversation.control import followed
from nbagent.conversation.endings import declined, ended
from nbagent.conversation.engine import Engine
from nbagent.conversation.estimates import Estimates
from nbagent.conversation.hands import SessionHands
from nbagent.conversation.hearing import Hearing
from nbagent.conversation.record import Record
from nbagent.conversation.rendering import Rendering
from nbagent.conversation.renderings import Renderings
from nbagent.conversation.reply import Reply, understood
from nbagent.conversation.running import Running
from nbagent.conversation.selection import Selection
from nbagent.conversation.whole import Whole
from nbagent.errors import Cancelled, SpecError
from nbagent.language.state import State, Variable
from nbagent.ledger import ClipRow, Ledger, Turn
from nbagent.settings import Settings, check_unlocked
from nbagent.system import private
from nbagent.take import Take

_NOTHING: Mapping[str, object] = {}

Remixer = Callable[[Clip, str | Sequence[Act], dict[str, Any]], Any]
OnText = Callable[[int, str], None]


class Session:
    """Hears turns and answers them, over one store and one engine.

    Args:
        settings: Where the store is and what the conversation is called.
        engine: What renders.
        brain: Makes a plan of a turn; the embedded reader by default.
    """

    def __init__(
        self, *, settings: Settings, engine: Engine, brain: Brain | None = None
    ) -> None:
        self.ledger = Ledger(
            settings.store,
            is_named=settings.store_is_named,
            owner=private.secret(settings.state),
        )
        self.settings = settings
        self.on_choice: Callable[[Settings], None] | None = None
        self.whole = Whole(self)
        self.remixer: Remixer | None = None
        self.viewer: Viewer | None = None
        self.selections: dict[str, Selection] = {}  # by take, as its player says
        self._engine = engine
        self._brought = Brought(self.ledger)
        self.brains = Brains(brain)

    @property
    def record(self) -> Record:
        """The conversation as the ledger has it."""
        return Record(ledger=self.ledger, conversation=self.settings.conversation)

    @property
    def running(self) -> Running:
        """Its jobs that run or wait."""
        return Running(self.record, self._engine, self.settings)

    @property
    def renderings(self) -> Renderings:
        """Its turns that are rendered."""
        return Renderings(
            record=self.record,
            engine=self._engine,
            settings=self.settings,
            clip=self.clip,
        )

    def close(self) -> None:
        """Let go of the store and the engine; running jobs go on."""
        self._engine.close()
        self.ledger.close()

    # A turn

    def hear(
        self,
        words: str,
        options: Mapping[str, Any],
        *,
        cell_id: str | None = None,
        variables: tuple[Variable, ...] = (),
        values: Mapping[str, object] = _NOTHING,
        target: Clip | None = None,
        acts: Sequence[Act] = (),
        data: str = "",
        reading: Intent | None = None,
        on_text: OnText | None = None,
        notes: tuple[str, ...] = (),
    ) -> Reply:
        """Write a turn down, understand it, and compose its takes; no device time.

        Args:
            words: The user's turn; what its acts are as a call, if there are none.
            options: From the magic's line.
            cell_id: Of the notebook cell; a re-run replaces the cell's own turn.
            variables: What the notebook holds.
            values: The variables themselves, by name; looked at only if named.
            target: A clip that the turn is about, whatever its words say.
            acts: What is done to that clip; then nothing is read.
            data: A variable that those acts show, instead.
            reading: What the user says the turn is, having been asked.
            on_text: Hears that a language model is asked, and its answer while it is
                written: the turn's number, and the text so far.
            notes: What is to be said of how the turn was typed.

        Raises:
            SpecError: If what was asked cannot be; the turn is kept with the error.
        """
        options = {k: v for k, v in options.items() if v is not None}
        check_unlocked(self.settings, choices.of_turn(self.settings, options))
        if target is not None:
            take = self.taken(target)
            options |= about(take, target.name, acts, self.record)
            words = words or call_of(target.name, acts, self.record.names())
        elif data:
            options |= {"data": data, "acts": [act.to_json() for act in acts]}
        said = Asked(
            words=words,
            options=options,
            variables=variables,
            values=values,
            cell_id=cell_id,
            reading=reading,
        )
        asked = settled(said, self.record)
        if asked is None:
            return declined(said, self.record)
        turn, before = self._written(asked, self.hearing)
        hear = None if on_text is None else partial(on_text, turn.id)
        reply = self._heard(turn, asked, before, hear, notes)
        if reply.answer is not None:  # else with the names of its clips, in `render`
            self._finish(reply)
        return reply

    def _heard(
        self,
        turn: Turn,
        asked: Asked,
        before: int,
        on_text: Callable[[str], None] | None,
        notes: tuple[str, ...],
    ) -> Reply:
        """Return what a turn comes to; if it is nothing, that is written down."""
        hearing, plan = self.hearing, None
        try:
            state = hearing.state(asked, before)
            plan, doubts = hearing.understood(asked, state, on_text)
            known = {*asked.values, *(name for c in state.clips for name in c.names)}
            saved_variables.check_variables(self.record, plan, known)
            reply = hearing.reply(turn.id, asked, plan, state, on_text)
            hearing.check_rendered(reply)
            reply = replace(reply, notes=(*notes, *doubts, *reply.notes))
            if reply.plan.consents or reply.plan.offers:
                chosen = (asked.reading,) if asked.reading else ()
                readings = tuple(Choice(intent=one, says="") for one in chosen)
                plan = replace(reply.plan, readings=readings)
                reply = replace(reply, plan=plan)
                if asked.cell_id is None:  # without a front end there is nobody to ask
                    raise SpecError(reply.answer or "")
            reply = replace(reply, plan=offers.kept(reply.plan, asked))
        except BaseException as error:  # no turn stays without its end
            made, line = understood(plan) if plan else None, ended(error)
            self.ledger.turns.finish(turn.id, made, None, line)
            if isinstance(error, KeyboardInterrupt):
                raise Cancelled(line) from None
            raise
        saved_variables.remember(self.record, reply, state.variables, asked.values)
        return reply

    def consider(
        self,
        words: str,
        options: Mapping[str, Any],
        *,
        instead_of: int | None = None,
        target: Clip | None = None,
        variables: tuple[Variable, ...] = (),
        values: Mapping[str, object] = _NOTHING,
    ) -> Reply:
        """Understand a turn as `hear` would, and neither write it down nor act on it.

        Nobody else is asked: of a model that is not here the turn itself finds out more.

        Args:
            words: The user's turn, perhaps half typed.
            options: From the magic's line.
            instead_of: The turn that it would replace.
            target: A clip that the turn is about, whatever its words say.
            variables: What the notebook holds.
            values: The variables themselves, by name; looked at only if named.

        Raises:
            SpecError: If what is asked cannot be.
        """
        options = {k: v for k, v in options.items() if v is not None}
        if target is not None:
            options |= about(self.taken(target), target.name, (), self.record)
        asked = Asked(words=words, options=options, variables=variables, values=values)
        before = None
        if instead_of is not None:
            before = self.ledger.turns.get(instead_of).position
        return self.hearing.consider(asked, before)

    def read(
        self,
        words: str,
        variables: tuple[Variable, ...],
        values: Mapping[str, object],
    ) -> tuple[State, Plan]:
        """Return what a turn is read against, and as what; nobody else is asked."""
        asked = Asked(words=words, options={}, variables=variables, values=values)
        state = self.hearing.state(asked, None)
        if not words:
            return state, Plan(intent="ask")
        return state, self.brains.read(words, state, None, values)

    def estimate(self, takes: Sequence[Take]) -> float | None:
        """Return the seconds that takes will need; None without evidence."""
        return Estimates(self.ledger).total(takes)

    def render(self, reply: Reply) -> Rendering:
        """Name the reply's takes and return them ready to start.

        What the turn was understood as, its takes with their names and their jobs are
        stored together, or not at all.
        """
        for take in reply.takes:
            if take.operation == "redirect":  # its run goes on in this one
                self.running.cancel_takes({take.parents[0]})
        with self.ledger.together():
            self._finish(reply)
            return self.renderings.begin(reply)

    def close_turn(
        self, reply: Reply, clips: Sequence[Clip] = (), error: str | None = None
    ) -> str:
        """Record how the rendering of a turn ended, and do what was asked for after it.

        Returns:
            What was done, in words: "final, and save it" saves the clips.
        """
        names = tuple(clip.name for clip in clips)
        done = [followed(act, names, self.hands) for act in reply.plan.then if names]
        answer = "" if error else "\n".join(done)
        self.ledger.turns.finish(
            reply.turn_id, understood(reply.plan), answer or None, error, reply.notes
        )
        return answer

    # Looking

    def rows(self) -> tuple[ClipRow, ...]:
        """Return the live clips of the conversation."""
        return self.record.rows()

    def clip(self, name: str) -> Clip:
        """Return the clip of a name.

        Raises:
            UnknownClip: If nothing carries it.
        """
        row = self.record.row(name)
        clip = Clip(
            self.ledger,
            self.ledger.take(row.take_id),
            row.name,
            self.remix,
            self.viewer,
            self.selections,
        )
        turn = self.ledger.turns.get(row.turn_id)
        lines = footnotes.unsaid(turn, [row.take_id], self.record)
        clip.notes = footnotes.losses(lines)
        return clip

    # Acting at once

    @property
    def hands(self) -> SessionHands:
        """What acts at once, on jobs, clips and files."""
        return SessionHands(
            record=self.record,
            running=self.running,
            clip=self.clip,
            folder=self.settings.store.parent,
        )

    def choose(self, change: Change) -> str:
        """Change the settings from now on; see `nbagent.conversation.choices`.

        Raises:
            SpecError: If that cannot be.
        """
        settings, line = change(self.settings)
        check_unlocked(self.settings, settings)
        self.settings = settings
        if self.on_choice is not None:
            self.on_choice(settings)
        return line

    def queue(self) -> tuple[str, ...]:
        """Return the jobs that wait for the engine, next first."""
        return self._engine.queue()

    def reorder(self, job_ids: Sequence[str]) -> None:
        """Let waiting jobs go in this order, each within its lane."""
        self._engine.reorder(job_ids)

    # Inside

    def _finish(self, reply: Reply) -> None:
        plan = understood(reply.plan)
        self.ledger.turns.finish(reply.turn_id, plan, reply.answer, None, reply.notes)

    def _written(self, asked: Asked, hearing: Hearing) -> tuple[Turn, int]:
        """Write a turn down; return it, and the position that it is read at."""
        own = self.record.turn_of(asked.cell_id)
        cell_id = asked.cell_id
        if asked.is_dry and own and "dry_run" not in own.options:
            cell_id = f"{cell_id} --dry-run"  # what the cell has made stays
        elif not asked.is_dry:
            hearing.check_renderer(asked, own)
        self.whole.settle()
        turn = self.ledger.turns.add(
            self.settings.conversation, asked.words, cell_id, asked.written
        )
        return turn, own.position if own else turn.position

    @property
    def hearing(self) -> Hearing:
        """What understands turns, against the conversation as it stands."""
        return Hearing(
            record=self.record,
            engine=self._engine,
            settings=self.settings,
            brains=self.brains,
            brought=self._brought,
            clip=self.clip,
            hands=self.hands,
        )

    def taken(self, clip: Clip) -> Take:
        """Return the take that a turn about a clip is about: one of this store."""
        if clip.take is not None and not clip.is_opened:
            if self.ledger.has_take(clip.take.id):
                return clip.take
        return self._brought.take(clip)

    def remix(self, clip: Clip, asked: str | Sequence[Act], **options: Any) -> Any:
        """Say a turn about a clip, as its methods do."""
        if self.remixer is None:
            raise SpecError(
                "this clip belongs to no conversation: say a turn about it with nbagent.say"
            )
        return self.remixer(clip, asked, options)
