"""The session: one conversation of one kernel, and the only place that changes it.

A turn goes one way: written down, understood, composed into takes, rendered. The
notebook shows what comes out; the session does not know how.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from nbagent import private
from nbagent.caching import StepCaching
from nbagent.conversation import homes, kept, library
from nbagent.conversation.brains import Brain, Brains
from nbagent.conversation.brought import Brought
from nbagent.conversation.chosen import caches, uses
from nbagent.conversation.clip import Clip, Viewer
from nbagent.conversation.estimates import Estimates
from nbagent.conversation.hearing import Asked, Hearing, settled
from nbagent.conversation.llm import View
from nbagent.acts.plan import Intent, Plan
from nbagent.conversation.record import Record
from nbagent.conversation.rendering import Engine, Rendering, name_takes, save_beside
from nbagent.conversation.reply import Reply
from nbagent.conversation.router import route
from nbagent.conversation.running import Running
from nbagent.conversation.selection import Selection
from nbagent.language.state import Variable
from nbagent.conversation.stopping import released
from nbagent.errors import Cancelled, NbagentError, SpecError
from nbagent.ledger import ClipRow, Ledger, Turn
from nbagent.settings import Settings
from nbagent.take import Take

_NOTHING: Mapping[str, object] = {}

Remixer = Callable[[Clip, str, dict[str, Any]], Any]
OnText = Callable[[int, str], None]


class Session:
    """Hears turns and answers them, over one store and one engine.

    Args:
        settings: Where the store is and what the conversation is called.
        engine: What renders.
        brain: Makes a plan of a turn; the embedded router by default.
    """

    def __init__(
        self, *, settings: Settings, engine: Engine, brain: Brain = route
    ) -> None:
        self.ledger = Ledger(
            settings.store,
            is_named=settings.store_is_named,
            owner=private.secret(settings.state),
        )
        conversation = homes.conversation(self.ledger, settings)
        self.settings = replace(settings, conversation=conversation)
        self._home: str | None = conversation  # until the store has it on record
        self.remixer: Remixer | None = None
        self.viewer: Viewer | None = None
        self.selections: dict[str, Selection] = {}  # by take, as its player says
        self._engine = engine
        self._brought = Brought(self.ledger)
        self._brains = Brains(brain)

    @property
    def record(self) -> Record:
        """The conversation as the ledger has it."""
        return Record(ledger=self.ledger, conversation=self.settings.conversation)

    def close(self) -> None:
        """Let go of the store and the engine; running jobs go on."""
        self._engine.close()
        self.ledger.close()

    def take_up(self) -> str:
        """Take up what an earlier kernel left unfinished; say what the user may want.

        Returns:
            What goes on, and which conversation this notebook may have had under
            another name; often nothing.
        """
        offer = homes.offer(self.ledger, self.settings)
        return "\n".join(filter(None, (offer, self._taken_up())))

    def _taken_up(self) -> str:
        return "" if self._engine.lacks() else self._running.take_up()

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
        reading: Intent | None = None,
        on_text: OnText | None = None,
        notes: tuple[str, ...] = (),
    ) -> Reply:
        """Write a turn down, understand it, and compose its takes; no device time.

        Args:
            words: The user's turn.
            options: From the magic's line.
            cell_id: Of the notebook cell; a re-run replaces the cell's own turn.
            variables: What the notebook holds.
            values: The variables themselves, by name; looked at only if named.
            target: A clip that the turn is about, whatever its words say.
            reading: What the user says the turn is, having been asked.
            on_text: Hears that a language model is asked, and its answer while it is
                written: the turn's number, and the text so far.
            notes: What is to be said of how the turn was typed.

        Raises:
            SpecError: If what was asked cannot be; the turn is kept with the error.
        """
        said = Asked(
            words=words,
            options={k: v for k, v in options.items() if v is not None},
            variables=variables,
            values=values,
            cell_id=cell_id,
            target=target,
            reading=reading,
        )
        asked = settled(said, self.record, self.clip)
        if asked is None:
            return self._declined(said)
        hearing = self._hearing
        turn, before = self._written(asked, hearing)
        plan: Plan | None = None
        try:
            state = hearing.state(asked, before)
            known = {*values, *(clip.ref for clip in state.clips)}
            kept.check_variables(self.record, asked.words, known)
            hear = None if on_text is None else partial(on_text, turn.id)
            plan, doubts = hearing.understood(asked, state, hear)
            reply = hearing.reply(turn.id, asked, plan, state, hear)
            hearing.check_rendered(reply)
            reply = replace(reply, notes=(*notes, *doubts, *reply.notes))
            if reply.plan.consents:
                readings = (asked.reading,) if asked.reading else ()
                plan = replace(reply.plan, readings=readings)
                reply = replace(reply, plan=plan)
                if asked.cell_id is None:  # without a front end there is nobody to ask
                    raise SpecError(reply.answer or "")
        except BaseException as error:  # no turn stays without its end
            understood, line = asdict(plan) if plan else None, _ended(error)
            self.ledger.finish_turn(turn.id, understood, None, line)
            if isinstance(error, KeyboardInterrupt):
                raise Cancelled(line) from None
            raise
        if reply.answer is not None:  # else with the names of its clips, in `render`
            self._finish(reply)
        kept.remember(self.record, reply, asked.known, values)
        return reply

    def consider(
        self,
        words: str,
        options: Mapping[str, Any],
        *,
        instead_of: int | None = None,
        variables: tuple[Variable, ...] = (),
        values: Mapping[str, object] = _NOTHING,
    ) -> Reply:
        """Understand a turn as `hear` would, and neither write it down nor act on it.

        Nobody else is asked: of a model that is not here the turn itself finds out more.

        Args:
            words: The user's turn, perhaps half typed.
            options: From the magic's line.
            instead_of: The turn that it would replace.
            variables: What the notebook holds.
            values: The variables themselves, by name; looked at only if named.

        Raises:
            SpecError: If what is asked cannot be.
        """
        asked = Asked(words=words, options=options, variables=variables, values=values)
        before = None
        if instead_of is not None:
            before = self.ledger.turn(instead_of).position
        return self._hearing.consider(asked, before)

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
                self._running.cancel_takes({take.parents[0]})
        with self.ledger.together():
            self._finish(reply)
            for part in (*reply.parts, *reply.drafts.values()):
                self.ledger.add_take(part)
            rows = name_takes(
                self.ledger, self.settings.conversation, reply.turn_id, reply.takes
            )
            rendering = self._rendering(reply.turn_id, rows, reply.drafts)
            rendering.enlist()
        return rendering

    def unfinished(self) -> dict[int, Rendering]:
        """Return the turns that an earlier kernel left unfinished, to be rejoined."""
        if self._engine.lacks():
            return {}
        active = self._running.taken()
        rows: dict[int, list[ClipRow]] = {}
        for row in self.rows():
            rows.setdefault(row.turn_id, []).append(row)
        return {
            turn_id: self._rendering(turn_id, of_turn)
            for turn_id, of_turn in rows.items()
            if active & {row.take_id for row in of_turn}
        }

    def close_turn(
        self, reply: Reply, clips: Sequence[Clip] = (), error: str | None = None
    ) -> str:
        """Record how the rendering of a turn ended, and do what was asked for after it.

        Returns:
            What was done, in words: "final, and save it" saves the clips.
        """
        done = []
        if error is None and {"save", "export"} & set(reply.plan.then):
            kind = reply.plan.slots.get("format", "mp4")
            done = [self.save(clip.name, format=kind) for clip in clips]
        answer = "\n".join(done)
        self.ledger.finish_turn(
            reply.turn_id, asdict(reply.plan), answer or None, error, reply.notes
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
        take = self.record.take(name)
        return Clip(self.ledger, take, name, self._remix, self.viewer, self.selections)

    # The conversation as a whole

    def converse(self, name: str) -> str:
        """Go on in the conversation of that name, a new one if there is none.

        What was left unfinished there is taken up. One whose notebook was renamed is
        this notebook's from now on.
        """
        name = library.check_name(name)
        left = [
            row.conversation for row in homes.left_behind(self.ledger, self.settings)
        ]
        self._go_to(name)
        if name in left:
            homes.settle(self.ledger, self.settings)
            self._home = None
        told = library.told(self.record)
        return "\n".join(filter(None, (told, self._taken_up())))

    def fork(self, name: str | None = None) -> str:
        """Go on in a copy of the conversation; this one stays as it is."""
        old = self.settings.conversation
        new = library.new_name(self.record, name, "fork")
        self.ledger.conversations.fork(old, new)
        self._go_to(new)
        return f"{library.told(self.record)}, forked from {old}"

    def begin(self, name: str | None, what: str) -> None:
        """Go on in a new conversation of that name, or of this one's with `-what`."""
        self._go_to(library.new_name(self.record, name, what))

    def reset(self) -> str:
        """Begin anew under the same name; what was said is put aside, not lost.

        Raises:
            SpecError: If a clip of it is being rendered.
        """
        if self._running.jobs():
            raise SpecError(
                f"{self.record.status().splitlines()[0]}: wait, or stop it with"
                " %nbagent cancel"
            )
        return library.put_aside(self.record)

    def undo(self) -> str:
        """Take the last turn back, with its clips; their names are free again."""
        turn, took = library.last_turn(self.record)
        if took:
            self._running.cancel_takes({row.take_id for row in took})
        self.ledger.conversations.take_back(turn.id)
        names = ", ".join(row.name for row in took)
        gone = f", and {names} with it" if names else ""
        return f"taken back: {turn.text[:80]!r}{gone}"

    # Acting at once

    def connect(self, name: str | None = None, base_url: str | None = None) -> str:
        """Connect a language model for the turns that need one.

        Args:
            name: Of the model; one that was connected before needs no URL again, and
                `router` goes back to the embedded router alone. None looks for one.
            base_url: Of a server that speaks OpenAI's protocol.
        """
        return self._brains.connect(name, base_url)

    @property
    def brains(self) -> tuple[str, ...]:
        """What can read the turns: the router, and what was connected; in use, first."""
        return self._brains.names

    @property
    def tools(self) -> Mapping[str, View]:
        """The user's own functions that a language model may call, by name."""
        return self._brains.tools

    def allow(self, function: View) -> None:
        """Let the language model call a function when it answers; it may be replaced.

        Raises:
            SpecError: If it cannot be told of it.
        """
        self._brains.allow(function)

    def use(self, model: str) -> str:
        """Let another model render what is asked for anew; refinements keep theirs."""
        line = uses(model)
        self.settings = replace(self.settings, model=model)
        return line

    def cache(self, caching: StepCaching) -> str:
        """Give the clips that are asked for from now on a step cache, or none.

        Raises:
            SpecError: If the model cannot.
        """
        line = caches(self.settings.model, caching)
        self.settings = replace(self.settings, step_cache=caching)
        return line

    def limit(self, above_s: float) -> str:
        """Ask before turns that are expected to take longer; 0 never asks."""
        self.settings = replace(self.settings, ask_above_s=above_s)
        if not above_s:
            return "no turn asks before it starts, however long it takes"
        return f"a turn that is expected to take more than {above_s:g} s asks first"

    def trust(self, *, acts: bool) -> str:
        """Let a language model's plan act without the user's yes, or not."""
        self.settings = replace(self.settings, llm_acts=acts)
        if acts:
            return "a language model's plan renders, stops and saves without your yes"
        return (
            "what a language model's plan would render, stop or save beyond your words"
            " waits for your yes"
        )

    def timeout(self, seconds: float) -> str:
        """Let a language model take so long for a turn; 0 is as long as it needs."""
        self.settings = replace(self.settings, llm_timeout_s=seconds)
        if not seconds:
            return "a language model may take as long as it needs"
        return f"a language model may take {seconds:g} s for a turn"

    def queue(self) -> tuple[str, ...]:
        """Return the jobs that wait for the engine, next first."""
        return self._engine.queue()

    def reorder(self, job_ids: Sequence[str]) -> None:
        """Let waiting jobs go in this order, each within its lane."""
        self._engine.reorder(job_ids)

    def cancel(self, names: Sequence[str] = ()) -> str:
        """Stop the jobs of these clips, or all that run."""
        return self._running.cancel(names)

    def keep(self, names: Sequence[str] = ()) -> str:
        """End the jobs of these clips, or all, early: each stays as it looks then.

        Raises:
            SpecError: If one of them shows nothing yet.
        """
        return self._running.keep(names)

    def pause(self, names: Sequence[str] = ()) -> str:
        """Halt the jobs of these clips, or all, at their next step."""
        return self._running.pause(names)

    def resume(self, names: Sequence[str] = ()) -> str:
        """Let the paused jobs of these clips, or all, go on where they were."""
        return self._running.resume(names)

    def save(self, name: str, file: str | None = None, format: str = "mp4") -> str:  # noqa: A002
        """Write a clip to a file, or beside the notebook under its own name."""
        clip = self.clip(name)
        folder = self.settings.store.parent
        with released():
            if file is None:
                file = save_beside(clip, format, folder)
            else:
                clip.save(folder / Path(file).expanduser())
        return f"{name} is saved as {file}"

    # Inside

    def _finish(self, reply: Reply) -> None:
        plan = asdict(reply.plan)
        self.ledger.finish_turn(reply.turn_id, plan, reply.answer, None, reply.notes)

    def _go_to(self, conversation: str) -> None:
        self.settings = replace(self.settings, conversation=conversation)

    def _written(self, asked: Asked, hearing: Hearing) -> tuple[Turn, int]:
        """Write a turn down; return it, and the position that it is read at."""
        own = self.record.turn_of(asked.cell_id)
        cell_id = asked.cell_id
        if asked.is_dry and own and "dry_run" not in own.options:
            cell_id = f"{cell_id} --dry-run"  # what the cell has made stays
        elif not asked.is_dry and asked.target is None:
            hearing.check_renderer(asked, own)
        if self.settings.conversation == self._home:
            homes.settle(self.ledger, self.settings)
            self._home = None
        turn = self.ledger.add_turn(
            self.settings.conversation, asked.words, cell_id, asked.written
        )
        return turn, own.position if own else turn.position

    def _declined(self, said: Asked) -> Reply:
        """Record that what was asked for is not made after all."""
        plan, answer = Plan(intent="control"), "cancelled: nothing is rendered"
        if said.is_dry:
            told = "would cancel it: nothing is rendered"
            return Reply(turn_id=0, words=said.words, plan=plan, answer=told)
        turn = self.ledger.add_turn(
            self.settings.conversation, said.words, said.cell_id, {}
        )
        self.ledger.finish_turn(turn.id, asdict(plan), answer, None)
        return Reply(turn_id=turn.id, words=said.words, plan=plan, answer=answer)

    @property
    def _hearing(self) -> Hearing:
        return Hearing(
            record=self.record,
            engine=self._engine,
            settings=self.settings,
            brains=self._brains,
            brought=self._brought,
            clip=self.clip,
            acts=self,
        )

    @property
    def _running(self) -> Running:
        return Running(self.record, self._engine, self.settings)

    def _rendering(
        self,
        turn_id: int,
        rows: Sequence[ClipRow],
        drafts: Mapping[str, Take] = MappingProxyType({}),
    ) -> Rendering:
        return Rendering(
            ledger=self.ledger,
            engine=self._engine,
            settings=self.settings,
            turn_id=turn_id,
            takes=[self.ledger.take(row.take_id) for row in rows],
            clips=[self.clip(row.name) for row in rows],
            drafts=drafts,
        )

    def _remix(self, clip: Clip, words: str, **options: Any) -> Any:
        if self.remixer is None:
            raise SpecError("remix needs the notebook: run %load_ext nbagent first")
        return self.remixer(clip, words, options)


def _ended(error: BaseException) -> str:
    """Say in one line why a turn came to nothing."""
    if isinstance(error, NbagentError):
        return str(error)
    if isinstance(error, KeyboardInterrupt):
        return "stopped while the turn was being read: run the cell again"
    return f"{type(error).__name__}: {error}"
