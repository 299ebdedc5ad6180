"""The session: one conversation of one kernel, and the only place that changes it.

A turn goes one way: written down, understood, composed into takes, rendered. The
notebook shows what comes out; the session does not know how.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from nbagent import private
from nbagent.caching import StepCaching
from nbagent.conversation import (
    answers,
    brought,
    consent,
    fitting,
    foretold,
    homes,
    kept,
    library,
    mentions,
    proposals,
)
from nbagent.conversation.attachments import Attachment, attach
from nbagent.conversation.brought import Brought
from nbagent.conversation.chosen import caches, card_here, card_of, uses
from nbagent.conversation.clip import Clip, Viewer
from nbagent.conversation.compose import compose
from nbagent.conversation.control import control
from nbagent.conversation.estimates import Estimates
from nbagent.conversation.llm import LanguageModel, View, is_sure
from nbagent.conversation.outline import outline
from nbagent.conversation.plan import Intent, Plan, Proposal
from nbagent.conversation.pointing import pointed
from nbagent.conversation.record import Record
from nbagent.conversation.references import clips_named, shown_picture
from nbagent.conversation.rendering import Engine, Rendering, name_takes, save_beside
from nbagent.conversation.reply import Reply
from nbagent.conversation.router import route
from nbagent.conversation.running import Running
from nbagent.conversation.selection import Selection
from nbagent.conversation.sources import find_sources
from nbagent.conversation.state import State, Variable
from nbagent.conversation.stopping import released
from nbagent.conversation.views import allowed, views
from nbagent.errors import (
    Cancelled,
    EngineError,
    MissingExtra,
    NbagentError,
    SpecError,
)
from nbagent.ledger import ClipRow, Ledger, Turn
from nbagent.models import ModelCard
from nbagent.settings import Settings
from nbagent.take import Take

_NOTHING: Mapping[str, object] = {}
ROUTER: Final = "router"  # what reads turns when no language model does
_MAKES: frozenset[Intent] = frozenset(
    {"generate_video", "generate_image", "refine", "animate_image", "storyboard"}
)

Brain = Callable[[str, State], Plan]
Remixer = Callable[[Clip, str, dict[str, Any]], Any]
OnText = Callable[[int, str], None]
FindCard = Callable[[str], tuple[ModelCard | None, tuple[str, ...]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A turn as it is heard: a yes is the turn that it answers, said again.

    Attributes:
        options: Those that are stated.
        proposal: The language model's plan that the yes is to, if it is to one.
    """

    words: str
    options: dict[str, Any]
    cell_id: str | None
    target: Clip | None
    reading: Intent | None
    proposal: Proposal | None

    @property
    def written(self) -> dict[str, Any]:
        """The options as the ledger keeps them."""
        written = dict(self.options)
        if self.proposal is not None:  # that yes was to this plan, not to any other
            written.pop("yes", None)
        if self.target is not None:
            written["target"] = self.target.name
        return written


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
        self._brain = brain
        self._llm: LanguageModel | None = None
        self._connected: dict[str, LanguageModel] = {}
        self.tools: dict[str, View] = {}  # the user's own, by name

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
            on_text: Hears of an answer in words while it is written: the turn's
                number, and the text so far.
            notes: What is to be said of how the turn was typed.

        Raises:
            SpecError: If what was asked cannot be; the turn is kept with the error.
        """
        is_dry = options.get("dry_run") is not None
        asked = self._asked(words, options, cell_id, target, reading)
        if asked is None:
            return self._declined(words, cell_id, is_dry=is_dry)
        turn, before = self._written(asked, variables, values, is_dry=is_dry)
        plan: Plan | None = None
        try:
            variables = mentions.with_named(variables, asked.words, values)
            state = self.record.state(variables, before=before)
            state = brought.among(state, brought.opened(asked.words, values))
            known = {*values, *(clip.ref for clip in state.clips)}
            kept.check_variables(self.record, asked.words, known)
            plan, doubts = self._understood(asked, state, values)
            hear = None if on_text is None else partial(on_text, turn.id)
            reply = self._reply(
                turn.id,
                asked.words,
                asked.options,
                plan,
                state,
                values,
                asked.target,
                hear,
            )
            self._check_rendered(reply)
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
        kept.remember(self.record, reply, variables, values)
        return reply

    def _written(
        self,
        asked: _Asked,
        variables: tuple[Variable, ...],
        values: Mapping[str, object],
        *,
        is_dry: bool,
    ) -> tuple[Turn, int]:
        """Write a turn down; return it, and the position that it is read at."""
        own = self.record.turn_of(asked.cell_id)
        cell_id = asked.cell_id
        if is_dry and own and "dry_run" not in own.options:
            cell_id = f"{cell_id} --dry-run"  # what the cell has made stays
        elif not is_dry and asked.target is None:
            self._check_renderer(asked.words, asked.options, own, variables, values)
        if self.settings.conversation == self._home:
            homes.settle(self.ledger, self.settings)
            self._home = None
        turn = self.ledger.add_turn(
            self.settings.conversation, asked.words, cell_id, asked.written
        )
        return turn, own.position if own else turn.position

    def _understood(
        self, asked: _Asked, state: State, values: Mapping[str, object]
    ) -> tuple[Plan, tuple[str, ...]]:
        """Return what a turn asks for, and who was needed to tell."""
        plan = self._read(asked.words, state, asked.reading, values)
        if asked.proposal is not None and "yes" in asked.options:
            plan = proposals.taken(asked.proposal, asked.words, state)
            return plan, (f"read by {asked.proposal.by}",)
        if asked.reading is None:
            return self._consult(asked.words, plan, state, values)
        return plan, ()

    def _asked(
        self,
        words: str,
        options: Mapping[str, Any],
        cell_id: str | None,
        target: Clip | None,
        reading: Intent | None,
    ) -> _Asked | None:
        """Return what a turn asks; None if it declines what was asked before."""
        stated = {k: v for k, v in options.items() if v is not None}
        proposal = None
        if "yes" in stated:  # a button of the panel was pressed, or it is on the line
            proposal = proposals.waiting(self.record.turn_of(cell_id), words)
        if answer := consent.waiting(self.record, words):
            earlier, given = answer
            if given == "no":
                return None
            # The turn that asked is said again in its place, so that a re-run of its
            # cell, a replay and an export have the words and not the "yes".
            words = earlier.text
            cell_id = cell_id if "dry_run" in stated else earlier.cell_id
            proposal = proposals.waiting(earlier, words)
            stated = consent.agreed({**earlier.options, **stated}, given)
            of = stated.pop("target", None)
            target = self.clip(of) if of else None
            reading = next(iter((earlier.plan or {})["readings"]), None)
        return _Asked(
            words=words,
            options=stated,
            cell_id=cell_id,
            target=target,
            reading=reading,
            proposal=proposal,
        )

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
        before = None
        if instead_of is not None:
            before = self.ledger.turn(instead_of).position
        own = brought.opened(words, values)
        known = mentions.with_named(variables, words, values)
        state = brought.among(self.record.state(known, before=before), own)
        plan = self._read(words, state, None, values)
        # A picture would be drawn anew for each letter that is typed, a film stored.
        if plan.intent not in _MAKES or plan.intent == "animate_image" or own:
            return Reply(turn_id=0, words=words, plan=plan)
        stated = {k: v for k, v in options.items() if k != "dry_run"}
        return self._reply(
            0, words, stated, plan, state, values, None, find_card=card_here
        )

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

    def connect(self, name: str, base_url: str | None = None) -> str:
        """Connect a language model for the turns that need one.

        Args:
            name: Of the model; one that was connected before needs no URL again, and
                `router` goes back to the embedded router alone.
            base_url: Of a server that speaks OpenAI's protocol.
        """
        if name == ROUTER:
            self._llm = None
            return "turns are read by the embedded router alone"
        if base_url is not None or name not in self._connected:
            self._connected[name] = LanguageModel(name, base_url)
        self._llm = self._connected[name]
        return (
            f"{name} is connected for this session: it answers in words, and reads the"
            " turns that are not understood without it (what it would render, stop or"
            " save beyond your words waits for your yes)"
        )

    @property
    def brains(self) -> tuple[str, ...]:
        """What can read the turns: the router, and what was connected; in use, first."""
        names = (ROUTER, *self._connected)
        models = self._connected.items()
        used = next((name for name, llm in models if llm is self._llm), ROUTER)
        return (used, *(name for name in names if name != used))

    def allow(self, function: View) -> None:
        """Let the language model call a function when it answers; it may be replaced.

        Raises:
            SpecError: If it cannot be told of it.
        """
        self.tools[function.__name__] = allowed(function)

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

    def _reply(
        self,
        turn_id: int,
        words: str,
        options: Mapping[str, Any],
        plan: Plan,
        state: State,
        values: Mapping[str, object],
        target: Clip | None,
        on_text: Callable[[str], None] | None = None,
        find_card: FindCard = card_of,
    ) -> Reply:
        clips = brought.opened(words, values)
        plan = brought.begun(pointed(plan, words, options, state), clips)
        said = () if plan.intent == "ask" else mentions.left(plan)
        reply = Reply(turn_id=turn_id, words=words, plan=plan, notes=said)
        if plan.intent in mentions.NAMES_CLIPS:
            kept.check_clips(words, state)
        asks = plan.intent in ("describe", "control")
        if plan.intent not in _MAKES and (target is None or asks):
            is_dry = "dry_run" in options
            if not is_dry and proposals.needs_yes(
                plan, options, self.settings, at_once=True
            ):
                return proposals.before_acting(reply)
            answer = self._answer(words, plan, state, values, on_text, is_dry=is_dry)
            return replace(reply, answer=answer)
        with released():  # it may draw a large figure
            sources = find_sources(
                plan,
                state,
                ledger=self.ledger,
                named=partial(self._named, clips),
                values=values,
                target=target.take if target else None,
                mask=options.get("mask", ""),
            )
        sources = fitting.measured(sources, self.ledger)
        parent = sources.parent
        if parent is not None and plan.step is not None:
            sources = replace(sources, step=plan.step or self._running.step(parent))
        if parent is not None and any(edit.kind == "undo" for edit in plan.edits):
            return self._back(reply, parent, state, is_dry="dry_run" in options)
        model = options.get("model") or (parent.model if parent else None)
        with released():  # it may ask the hub
            card, notes = find_card(model or self.settings.model)
        if card is None:
            return replace(reply, notes=notes)
        composed = compose(
            plan,
            request=words,
            options={"cache": self.settings.step_cache, **options},
            card=card,
            sources=sources,
        )
        unused = mentions.unused(words, plan, values)
        guessed = mentions.guessed(words, plan, values)
        notes = (*said, *unused, *guessed, *sources.notes, *notes, *composed.notes)
        for take in (*composed.parts, *composed.takes):
            if take.model == card.name:
                card.check_take(take)
        if "dry_run" in options:
            time_s = self.estimate((*composed.parts, *composed.takes))
            answer = foretold.rendering(plan, composed.takes, notes, time_s)
            return replace(reply, answer=answer)
        reply = replace(reply, takes=composed.takes, parts=composed.parts, notes=notes)
        return self._weighed(reply, options, card)

    def _weighed(
        self, reply: Reply, options: Mapping[str, Any], card: ModelCard | None
    ) -> Reply:
        """Return takes as they are, or the question that comes before them."""
        if not reply.turn_id:  # nothing will come of it
            return reply
        estimates = Estimates(self.ledger)
        if proposals.needs_yes(reply.plan, options, self.settings):
            reply = proposals.before_rendering(reply, estimates)
        if card is None or reply.plan.consents:
            return reply
        return consent.weigh(reply, options, card, estimates, self.settings)

    def _named(self, clips: Mapping[str, Clip], name: str) -> Take:
        """Return the take of a name: of an opened clip, or of the conversation."""
        if name in clips:
            return self._brought.take(clips[name])
        return self.record.take(name)

    def _check_renderer(
        self,
        words: str,
        options: Mapping[str, Any],
        own: Turn | None,
        variables: tuple[Variable, ...],
        values: Mapping[str, object],
    ) -> None:
        """Refuse a turn that nothing here can render, before it is written down.

        Raises:
            MissingExtra: If so.
        """
        if not self._engine.lacks():
            return
        with contextlib.suppress(SpecError):  # the turn itself says it
            self._check_rendered(
                self.consider(
                    words,
                    options,
                    instead_of=own.id if own else None,
                    variables=variables,
                    values=values,
                )
            )

    def _check_rendered(self, reply: Reply) -> None:
        """Refuse takes that nothing here can render; those in the store are shown.

        Raises:
            MissingExtra: If there is such a take.
        """
        lack = self._engine.lacks() if reply.answer is None else ""
        takes = (*reply.parts, *reply.takes)
        is_made = takes and all(
            take.is_recut or self.ledger.artifact(take.id) is not None for take in takes
        )
        if lack and reply.plan.needs_device and not is_made:
            raise MissingExtra(lack)

    def _declined(self, words: str, cell_id: str | None, *, is_dry: bool) -> Reply:
        """Record that what was asked for is not made after all."""
        plan, answer = Plan(intent="control"), "left: nothing is rendered"
        if is_dry:
            told = "would leave it: nothing is rendered"
            return Reply(turn_id=0, words=words, plan=plan, answer=told)
        turn = self.ledger.add_turn(self.settings.conversation, words, cell_id, {})
        self.ledger.finish_turn(turn.id, asdict(plan), answer, None)
        return Reply(turn_id=turn.id, words=words, plan=plan, answer=answer)

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

    def _read(
        self,
        words: str,
        state: State,
        reading: Intent | None,
        values: Mapping[str, object],
    ) -> Plan:
        plan = self._routed(words, state, reading, values)
        return mentions.checked(words, plan, state, values)

    def _routed(
        self,
        words: str,
        state: State,
        reading: Intent | None,
        values: Mapping[str, object],
    ) -> Plan:
        if reading is None:
            plan = self._brain(words, state)
        else:
            plan = route(words, state, reading)
        own = mentions.stood_in(words, values)
        alone = mentions.is_only_mention(words)
        is_asked = plan.intent in ("analyze", "describe", "control")
        if own == words or (is_asked and not alone):
            return plan
        said = mentions.spelled_out(words, values)
        intent = self._brain(said if alone else own, state).intent
        if intent in _MAKES or alone:
            return route(said, state, intent if intent in _MAKES else "generate_video")
        return plan

    def _consult(
        self, words: str, plan: Plan, state: State, values: Mapping[str, object]
    ) -> tuple[Plan, tuple[str, ...]]:
        """Let a connected language model read what the router is not sure of."""
        is_asked = plan.intent == "ask" and plan.unknown
        if self._llm is None or is_asked or is_sure(plan):
            return plan, ()
        known = outline(state, words, _attached(mentions.mentioned(words), values))
        try:
            with released():
                read = self._llm.plan(words, known, state)
            read = mentions.checked(
                words, proposals.weighed(read, plan, words), state, values
            )
            return read, (f"read by {self._llm.name}",)
        except EngineError as error:
            return plan, (f"{error}; the turn was read without it",)

    def _back(self, reply: Reply, take: Take, state: State, *, is_dry: bool) -> Reply:
        """Go back to a version: the one named, or the latest's parent."""
        latest = state.latest
        if latest is None or self.record.take(latest.ref) == take:
            if not take.parents:
                raise SpecError(
                    "there is nothing to go back to: this clip has no parent"
                )
            take = self.ledger.take(take.parents[0])
        if is_dry:
            return replace(reply, answer=foretold.going_back(self.record, take))
        return replace(reply, takes=(take,))

    def _answer(
        self,
        words: str,
        plan: Plan,
        state: State,
        values: Mapping[str, object],
        on_text: Callable[[str], None] | None,
        *,
        is_dry: bool,
    ) -> str:
        if plan.intent in ("chat", "analyze") and self._llm is not None:
            if is_dry:
                return foretold.asking(self._llm.name)
            return self._ask_llm(self._llm, words, state, values, on_text)
        # What stays here may tell of what the words mean without an @, too.
        attached = _attached((*mentions.mentioned(words), *plan.targets), values)
        if plan.intent == "describe":
            clips = self.record.names_to_takes().keys() & set(plan.targets)
            if attached and not clips:
                return answers.told(attached)
            return self.record.describe(plan, words)
        if plan.intent == "control":
            brought.check_act(plan, brought.opened(words, values))
            acts = foretold.Foretold(self.record) if is_dry else self
            return control(words, plan, state, acts)
        if plan.intent == "ask" and plan.unknown:
            return mentions.question(plan, state, values)
        if plan.intent == "ask":
            return answers.ask_back(plan, state)
        return answers.without_model(attached)

    def _ask_llm(
        self,
        llm: LanguageModel,
        words: str,
        state: State,
        values: Mapping[str, object],
        on_text: Callable[[str], None] | None,
    ) -> str:
        """Let a language model answer, which is sent what the turn names and no more."""
        names = mentions.mentioned(words)
        known = outline(state, words, _attached(names, values))
        pictures = {name: values[name] for name in names if name in values}
        if shown := shown_picture(words, state):
            pictures["this plot"] = values[shown]
        named = clips_named(words, state)
        looks = views(self.record, self.clip, named, pictures)
        return llm.answer(words, known, on_text, (*looks, *self.tools.values()))

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


def _attached(names: Iterable[str], values: Mapping[str, object]) -> list[Attachment]:
    """Return what is told of variables; of names that are none, nothing."""
    known = [name for name in dict.fromkeys(names) if name in values]
    return [attach(name, values[name]) for name in known]
