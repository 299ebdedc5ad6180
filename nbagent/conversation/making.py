"""The takes of a turn: what they are built on, and what comes before they are rendered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from nbagent.acts.plan import Plan
from nbagent.acts.undo import Undo
from nbagent.conversation import (
    charting,
    consent,
    fitting,
    foretold,
    lettering,
    mentions,
    offers,
    proposals,
)
from nbagent.conversation.asked import Asked
from nbagent.conversation.brought import home_of, with_letters
from nbagent.conversation.compose import compose, recut
from nbagent.conversation.engine import Engine
from nbagent.conversation.estimates import Estimates
from nbagent.conversation.ground import find_ground
from nbagent.conversation.names import Names
from nbagent.conversation.record import Record
from nbagent.conversation.reply import Reply
from nbagent.conversation.running import Running
from nbagent.conversation.single import Composed
from nbagent.conversation.sources import Sources, find_sources
from nbagent.conversation.stopping import released
from nbagent.errors import SpecError, Unsettled
from nbagent.language.state import State
from nbagent.models.cards import ModelCard
from nbagent.settings import Settings
from nbagent.take import Take

FindCard = Callable[[str], tuple[ModelCard | None, tuple[str, ...]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """Composes the takes of plans.

    Attributes:
        record: The conversation.
        engine: What would render.
        settings: Of the session, as they are now.
    """

    record: Record
    engine: Engine
    settings: Settings

    def made(
        self,
        reply: Reply,
        asked: Asked,
        state: State,
        names: Names,
        find_card: FindCard,
    ) -> Reply:
        """Return a reply with its takes, or with what comes before them.

        Args:
            reply: With a plan that makes something.
            asked: The turn.
            state: What it was read against.
            names: What its names stand for.
            find_card: Finds the card of a model, and what is to be said of it.

        Raises:
            SpecError: If what is asked cannot be.
        """
        try:
            return self._made(reply, asked, state, names, find_card)
        except Unsettled as lost:
            return offers.question(reply, lost, asked)

    def _made(
        self,
        reply: Reply,
        asked: Asked,
        state: State,
        names: Names,
        find_card: FindCard,
    ) -> Reply:
        told = self.record.take(asked.target) if asked.target else None
        plan, target = self._undone(reply.plan, names, told)
        if plan != reply.plan and target is not None and not plan.acts:
            return self._back(reply, target, is_dry=asked.is_dry)
        if charting.is_new(plan, asked.options, asked.values):
            with released():  # it may lay a large figure out
                drawn = charting.made(
                    plan, asked.words, asked.options, asked.values, self.record.ledger
                )
            reply = self._composed(reply, asked, plan, Sources(), drawn)
            return reply if asked.is_dry else self._weighed(reply, asked.options, None)
        plan = charting.without(plan)
        sources = self._sources(plan, asked, state, names, target)
        plan, said = lettering.with_fonts(plan)
        reply = replace(reply, notes=(*reply.notes, *said))
        options = asked.options
        # No model is looked up for a re-cut: the one that rendered the clip may be gone.
        is_cast = "actor" in options
        cut = None if is_cast else self._at_once(plan, asked, sources)
        if cut is not None:
            reply = self._composed(reply, asked, plan, sources, cut)
            return reply if asked.is_dry else self._weighed(reply, options, None)
        opened, sources = sources.parent, self._at_home(plan, options, sources)
        parent = sources.parent
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
        if opened is not None and parent is not None and opened != parent:
            composed = self._descended(composed, opened, parent)
        for take in (*composed.parts, *composed.takes):
            if take.model == card.name:
                card.check_take(take)
        composed = replace(composed, notes=(*notes, *composed.notes))
        reply = self._composed(reply, asked, plan, sources, composed)
        return reply if asked.is_dry else self._weighed(reply, options, card)

    def _at_once(self, plan: Plan, asked: Asked, sources: Sources) -> Composed | None:
        """Return what no model is needed for; None for all else."""
        parent = sources.parent
        if parent is not None and charting.changes(plan, parent):
            values, ledger = asked.values, self.record.ledger
            return charting.changed(
                plan, asked.words, asked.options, values, parent, ledger
            )
        return recut(plan, asked.words, asked.options, sources)

    def _composed(
        self,
        reply: Reply,
        asked: Asked,
        plan: Plan,
        sources: Sources,
        composed: Composed,
    ) -> Reply:
        """Return a reply with its takes; or in words, if they are only foretold.

        Raises:
            SpecError: If a text cannot be drawn over them.
        """
        notes = (
            *reply.notes,
            *mentions.unused(plan, asked.values),
            *mentions.guessed(plan, asked.values),
            *sources.notes,
            *composed.notes,
            *lettering.check(composed.takes, sources),
        )
        if asked.is_dry:
            takes = (*composed.parts, *composed.takes)
            time_s = Estimates(self.record.ledger).total(takes)
            answer = foretold.rendering(plan, composed.takes, notes, time_s)
            return replace(reply, answer=answer)
        return replace(reply, takes=composed.takes, parts=composed.parts, notes=notes)

    def _sources(
        self,
        plan: Plan,
        asked: Asked,
        state: State,
        names: Names,
        target: Take | None,
    ) -> Sources:
        """Look up what a plan is about."""
        with released():  # it may draw a large figure
            sources = find_sources(
                plan,
                _settled(state),
                ledger=self.record.ledger,
                named=partial(names.take, plan=plan),
                values=asked.values,
                target=target,
                mask=asked.options.get("mask", ""),
            )
        sources = fitting.measured(sources, self.record.ledger)
        parent = sources.parent
        if parent is not None and plan.step is not None:
            running = Running(self.record, self.engine, self.settings)
            sources = replace(sources, step=plan.step or running.step(parent))
        return sources

    def _at_home(
        self, plan: Plan, options: Mapping[str, Any], sources: Sources
    ) -> Sources:
        """Return sources with an opened clip as the take that it was made as.

        Only where all of it is changed by its own model: a part is made anew in the
        frames that are there.
        """
        opened, ledger = sources.parent, self.record.ledger
        is_whole = not (sources.mask or sources.others or sources.step is not None)
        is_drawn = all(
            act.does in ("shot", "frames") or act.renews for act in plan.asked
        )
        if opened is None or plan.intent != "refine" or not (is_whole and is_drawn):
            return sources
        home = home_of(opened, ledger) if opened.is_brought else None
        if home is None or options.get("model", home.model) != home.model:
            return sources
        # What was cut of it is in its shot.
        parent = replace(home, shot=with_letters(opened, ledger))
        return replace(
            sources,
            parent=parent,
            clip=ledger.artifact(home.id),
            ground=find_ground(home, ledger),
            shapes=(),
        )

    def _descended(self, composed: Composed, opened: Take, parent: Take) -> Composed:
        """Return takes that begin from what an opened clip was made as, and come of it."""
        home = home_of(opened, self.record.ledger)
        assert home is not None
        is_here = self.record.ledger.artifact(home.id) is not None
        takes = [take.instead(parent.id, home.id) for take in composed.takes]
        takes = [
            replace(
                take,
                source="" if take.source == home.id else take.source,
                parents=(*take.parents, opened.id),
            )
            for take in takes
        ]
        note = (
            "Renders the clip again from its recipe first, as its latents are not here."
        )
        return replace(
            composed,
            takes=tuple(takes),
            parts=(*(() if is_here else (home,)), *composed.parts),
            notes=composed.notes if is_here else (*composed.notes, note),
        )

    def _weighed(
        self, reply: Reply, options: Mapping[str, Any], card: ModelCard | None
    ) -> Reply:
        """Return takes as they are, or the question that comes before them.

        Args:
            reply: With its takes.
            options: Those that are stated.
            card: Of the model that renders them; None if none does.
        """
        if not reply.turn_id:  # nothing will come of it
            return reply
        estimates = Estimates(self.record.ledger)
        if proposals.needs_yes(reply.plan, options, self.settings):
            reply = proposals.before_rendering(reply, estimates)
        if reply.plan.consents or card is None:
            return reply
        return consent.weigh(reply, options, card, estimates, self.settings)

    def _back(self, reply: Reply, take: Take, *, is_dry: bool) -> Reply:
        """Show an earlier version again."""
        if is_dry:
            return replace(reply, answer=foretold.going_back(self.record, take))
        return replace(reply, takes=(take,))

    def _undone(
        self, plan: Plan, names: Names, target: Take | None
    ) -> tuple[Plan, Take | None]:
        """Return what is left of a plan that goes back, and the version it goes back to.

        Raises:
            SpecError: If there is no earlier version.
        """
        back = next((act for act in plan.acts if isinstance(act, Undo)), None)
        if back is None:
            return plan, target
        if back.redo:
            raise SpecError("redo needs a separate turn: say it first, then the change")
        rest = tuple(act for act in plan.acts if act is not back)
        if back.to:
            return replace(plan, acts=rest), names.take(back.to, plan)
        rows = [row.name for row in self.record.rows()]
        name = next(iter((*plan.targets, *rows[-1:])), None)
        take = target or (names.take(name, plan) if name else None)
        if take is None or not take.parents:
            raise SpecError("there is nothing to go back to: this clip has no parent")
        return replace(plan, acts=rest), self.record.ledger.take(take.parents[0])


def _settled(state: State) -> State:
    """Return a state whose clips have one name each: a plan has those by now."""
    variables = tuple(replace(variable, ref=None) for variable in state.variables)
    return replace(state, variables=variables)
