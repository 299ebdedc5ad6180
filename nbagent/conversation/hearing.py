"""How a turn is heard: what it asks, what it is read against, and what it comes to.

Nothing is written down here but what a take needs (a picture, an opened clip); only a turn
that wants something done at once does anything.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from nbagent.conversation import (
    answers,
    brought,
    consent,
    fitting,
    foretold,
    kept,
    mentions,
    proposals,
)
from nbagent.conversation.attachments import attached
from nbagent.conversation.brains import Brains
from nbagent.conversation.brought import Brought
from nbagent.conversation.chosen import card_here, card_of
from nbagent.conversation.clip import Clip
from nbagent.conversation.compose import compose
from nbagent.conversation.control import Acts, control
from nbagent.conversation.estimates import Estimates
from nbagent.acts.plan import Intent, Plan, Proposal
from nbagent.conversation.pointing import pointed
from nbagent.conversation.record import Record
from nbagent.conversation.rendering import Engine
from nbagent.conversation.reply import Reply
from nbagent.conversation.running import Running
from nbagent.conversation.sources import find_sources
from nbagent.language.state import State, Variable
from nbagent.conversation.stopping import released
from nbagent.errors import MissingExtra, SpecError
from nbagent.ledger import Turn
from nbagent.models import ModelCard
from nbagent.settings import Settings
from nbagent.take import Take

FindCard = Callable[[str], tuple[ModelCard | None, tuple[str, ...]]]
FindClip = Callable[[str], Clip]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A turn as it is heard: a yes is the turn that it answers, said again.

    Attributes:
        words: The user's.
        options: Those that are stated.
        variables: What the notebook holds.
        values: The variables themselves, by name; looked at only if named.
        cell_id: Of the notebook cell.
        target: A clip that the turn is about, whatever its words say.
        reading: What the user says the turn is, having been asked.
        proposal: The language model's plan that the yes is to, if it is to one.
    """

    words: str
    options: Mapping[str, Any]
    variables: tuple[Variable, ...]
    values: Mapping[str, object]
    cell_id: str | None = None
    target: Clip | None = None
    reading: Intent | None = None
    proposal: Proposal | None = None

    @property
    def is_dry(self) -> bool:
        """Whether it is only told what would be done."""
        return "dry_run" in self.options

    @property
    def known(self) -> tuple[Variable, ...]:
        """The variables, and those of any kind that the words name."""
        return mentions.with_named(self.variables, self.words, self.values)

    @property
    def written(self) -> dict[str, Any]:
        """The options as the ledger keeps them."""
        written = dict(self.options)
        if self.proposal is not None:  # that yes was to this plan, not to any other
            written.pop("yes", None)
        if self.target is not None:
            written["target"] = self.target.name
        return written


def settled(said: Asked, record: Record, clip: FindClip) -> Asked | None:
    """Return what a turn asks where it may answer a question that was asked before.

    Args:
        said: The turn as it was said.
        record: Of the conversation.
        clip: Finds a clip by its name.

    Returns:
        The turn, or for a yes the one that it answers; None if it declines that.
    """
    if "yes" in said.options:  # a button of the panel was pressed, or it is on the line
        turn = record.turn_of(said.cell_id)
        said = replace(said, proposal=proposals.waiting(turn, said.words))
    answer = consent.waiting(record, said.words)
    if answer is None:
        return said
    earlier, given = answer
    if given == "no":
        return None
    # The turn that asked is said again in its place, so that a re-run of its cell, a
    # replay and an export have the words and not the "yes".
    options = consent.agreed({**earlier.options, **said.options}, given)
    of = options.pop("target", None)
    return replace(
        said,
        words=earlier.text,
        options=options,
        cell_id=said.cell_id if said.is_dry else earlier.cell_id,
        target=clip(of) if of else None,
        reading=next(iter((earlier.plan or {})["readings"]), None),
        proposal=proposals.waiting(earlier, earlier.text),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """Understands turns and composes their takes.

    Attributes:
        record: The conversation.
        engine: What would render.
        settings: Of the session, as they are now.
        brains: What reads turns.
        brought: Takes of opened clips.
        clip: Finds a clip by its name.
        acts: What is done at once.
    """

    record: Record
    engine: Engine
    settings: Settings
    brains: Brains
    brought: Brought
    clip: FindClip
    acts: Acts

    def state(self, asked: Asked, before: int | None) -> State:
        """Return what a turn at that position is read against; None is the end."""
        state = self.record.state(asked.known, before=before)
        return brought.among(state, brought.opened(asked.words, asked.values))

    def understood(
        self,
        asked: Asked,
        state: State,
        on_text: Callable[[str], None] | None = None,
    ) -> tuple[Plan, tuple[str, ...]]:
        """Return what a turn asks for, and who was needed to tell.

        Args:
            asked: The turn.
            state: What it is read against.
            on_text: Hears that a language model is asked.
        """
        words, values = asked.words, asked.values
        plan = self.brains.read(words, state, asked.reading, values)
        if asked.proposal is not None and "yes" in asked.options:
            plan = proposals.taken(asked.proposal, state)
            return plan, (f"read by {asked.proposal.by}",)
        if asked.reading is None:
            return self.brains.consult(
                words,
                plan,
                state,
                values,
                timeout_s=self.settings.llm_timeout_s,
                on_text=on_text,
            )
        return plan, ()

    def reply(
        self,
        turn_id: int,
        asked: Asked,
        plan: Plan,
        state: State,
        on_text: Callable[[str], None] | None = None,
        find_card: FindCard = card_of,
    ) -> Reply:
        """Return what a turn comes to: an answer, or takes.

        Args:
            turn_id: In the ledger; 0 for one that is only considered.
            asked: The turn.
            plan: What it was understood as.
            state: What it was read against.
            on_text: Hears of an answer in words while it is written.
            find_card: Finds the card of a model, and what is to be said of it.

        Raises:
            SpecError: If what is asked cannot be.
        """
        clips = brought.opened(asked.words, asked.values)
        plan = brought.begun(pointed(plan, asked.words, asked.options, state), clips)
        said = () if plan.intent == "ask" else mentions.left(plan)
        reply = Reply(turn_id=turn_id, words=asked.words, plan=plan, notes=said)
        if plan.intent in mentions.NAMES_CLIPS:
            kept.check_clips(asked.words, state)
        asks = plan.intent in ("describe", "control")
        if not plan.makes and (asked.target is None or asks):
            if not asked.is_dry and proposals.needs_yes(
                plan, asked.options, self.settings, at_once=True
            ):
                return proposals.before_acting(reply)
            return replace(reply, answer=self._answer(asked, plan, state, on_text))
        return self._composed(reply, asked, state, clips, find_card)

    def consider(self, asked: Asked, before: int | None) -> Reply:
        """Return what a turn would come to by its words alone; nobody else is asked.

        Raises:
            SpecError: If what is asked cannot be.
        """
        state = self.state(asked, before)
        plan = self.brains.read(asked.words, state, None, asked.values)
        opened = brought.opened(asked.words, asked.values)
        # A picture would be drawn anew for each letter that is typed, a film stored.
        if not plan.makes or plan.intent == "animate_image" or opened:
            return Reply(turn_id=0, words=asked.words, plan=plan)
        options = {k: v for k, v in asked.options.items() if k != "dry_run"}
        asked = replace(asked, options=options)
        return self.reply(0, asked, plan, state, find_card=card_here)

    def check_renderer(self, asked: Asked, own: Turn | None) -> None:
        """Refuse a turn that nothing here can render, before it is written down.

        Raises:
            MissingExtra: If so.
        """
        if not self.engine.lacks():
            return
        with contextlib.suppress(SpecError):  # the turn itself says it
            self.check_rendered(self.consider(asked, own.position if own else None))

    def check_rendered(self, reply: Reply) -> None:
        """Refuse takes that nothing here can render; those in the store are shown.

        Raises:
            MissingExtra: If there is such a take.
        """
        lack = self.engine.lacks() if reply.answer is None else ""
        takes, ledger = (*reply.parts, *reply.takes), self.record.ledger
        is_made = takes and all(
            take.is_recut or ledger.artifact(take.id) is not None for take in takes
        )
        if lack and reply.plan.needs_device and not is_made:
            raise MissingExtra(lack)

    def _answer(
        self,
        asked: Asked,
        plan: Plan,
        state: State,
        on_text: Callable[[str], None] | None,
    ) -> str:
        words, values = asked.words, asked.values
        model = self.brains.model
        if plan.intent in ("chat", "analyze") and model is not None:
            if asked.is_dry:
                return foretold.asking(model)
            return self.brains.answer(
                words,
                state,
                values,
                record=self.record,
                clip=self.clip,
                timeout_s=self.settings.llm_timeout_s,
                on_text=on_text,
            )
        # What stays here may tell of what the words mean without an @, too.
        known = attached((*mentions.mentioned(words), *plan.targets), values)
        if plan.intent == "describe":
            clips = self.record.names_to_takes().keys() & set(plan.targets)
            if known and not clips:
                return answers.told(known)
            return self.record.describe(plan, words)
        if plan.intent == "control":
            brought.check_act(plan, brought.opened(asked.words, asked.values))
            acts = foretold.Foretold(self.record) if asked.is_dry else self.acts
            return control(words, plan, state, acts)
        if plan.intent == "ask" and plan.unknown:
            return mentions.question(plan, state, values)
        if plan.intent == "ask":
            return answers.ask_back(plan, state)
        return answers.without_model(known)

    def _composed(
        self,
        reply: Reply,
        asked: Asked,
        state: State,
        clips: Mapping[str, Clip],
        find_card: FindCard,
    ) -> Reply:
        """Return a reply with its takes, or with what comes before them."""
        plan, options = reply.plan, asked.options
        with released():  # it may draw a large figure
            sources = find_sources(
                plan,
                state,
                ledger=self.record.ledger,
                named=partial(self._named, clips),
                values=asked.values,
                target=asked.target.take if asked.target else None,
                mask=options.get("mask", ""),
            )
        sources = fitting.measured(sources, self.record.ledger)
        parent = sources.parent
        if parent is not None and plan.step is not None:
            running = Running(self.record, self.engine, self.settings)
            sources = replace(sources, step=plan.step or running.step(parent))
        if parent is not None and any(edit.kind == "undo" for edit in plan.edits):
            return self._back(reply, parent, state, is_dry=asked.is_dry)
        model = options.get("model") or (parent.model if parent else None)
        with released():  # it may ask the hub
            card, notes = find_card(model or self.settings.model)
        if card is None:
            return replace(reply, notes=notes)
        composed = compose(
            plan,
            request=asked.words,
            options={"cache": self.settings.step_cache, **options},
            card=card,
            sources=sources,
        )
        notes = (
            *reply.notes,
            *mentions.unused(asked.words, plan, asked.values),
            *mentions.guessed(asked.words, plan, asked.values),
            *sources.notes,
            *notes,
            *composed.notes,
        )
        takes = (*composed.parts, *composed.takes)
        for take in takes:
            if take.model == card.name:
                card.check_take(take)
        if asked.is_dry:
            time_s = Estimates(self.record.ledger).total(takes)
            answer = foretold.rendering(plan, composed.takes, notes, time_s)
            return replace(reply, answer=answer)
        reply = replace(reply, takes=composed.takes, parts=composed.parts, notes=notes)
        return self._weighed(reply, options, card)

    def _weighed(
        self, reply: Reply, options: Mapping[str, Any], card: ModelCard
    ) -> Reply:
        """Return takes as they are, or the question that comes before them."""
        if not reply.turn_id:  # nothing will come of it
            return reply
        estimates = Estimates(self.record.ledger)
        if proposals.needs_yes(reply.plan, options, self.settings):
            reply = proposals.before_rendering(reply, estimates)
        if reply.plan.consents:
            return reply
        return consent.weigh(reply, options, card, estimates, self.settings)

    def _named(self, clips: Mapping[str, Clip], name: str) -> Take:
        """Return the take of a name: of an opened clip, or of the conversation."""
        if name in clips:
            return self.brought.take(clips[name])
        return self.record.take(name)

    def _back(self, reply: Reply, take: Take, state: State, *, is_dry: bool) -> Reply:
        """Go back to a version: the one named, or the latest's parent."""
        latest = state.latest
        if latest is None or self.record.take(latest.ref) == take:
            if not take.parents:
                raise SpecError(
                    "there is nothing to go back to: this clip has no parent"
                )
            take = self.record.ledger.take(take.parents[0])
        if is_dry:
            return replace(reply, answer=foretold.going_back(self.record, take))
        return replace(reply, takes=(take,))
