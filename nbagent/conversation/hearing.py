"""How a turn is heard: what it is read against, and what it comes to.

Nothing is written down here but what a take needs (a picture, an opened clip); only a turn
that wants something done at once does anything. What is done follows from the plan: the
words are kept and shown, and sent to a language model, and nobody here reads them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from nbagent.acts.plan import Intent, Plan
from nbagent.conversation import (
    brought,
    charted_data,
    consent,
    foretold,
    mentions,
    proposals,
    saved_variables,
    talk,
)
from nbagent.conversation.asked import Asked, FindClip, settled
from nbagent.conversation.attachments import attached
from nbagent.conversation.brains import Brains
from nbagent.conversation.brought import Brought
from nbagent.conversation.control import STATUS, Hands, control, followed, meant
from nbagent.conversation.engine import Engine
from nbagent.conversation.llm import Answer, OnText
from nbagent.conversation.making import FindCard, Making
from nbagent.conversation.model_choice import card_here, card_of
from nbagent.conversation.names import Names, info_of
from nbagent.conversation.next_steps import next_steps
from nbagent.conversation.pointing import POINTERS, pointed
from nbagent.conversation.record import Record
from nbagent.conversation.reply import Reply
from nbagent.conversation.running import Running
from nbagent.conversation.undoing import Undoing
from nbagent.errors import MissingExtra, SpecError
from nbagent.language.state import State, Variable
from nbagent.ledger import Turn
from nbagent.settings import Settings

# What a turn can ask of the clip that it is said to be about; all else is a change of it.
_OF_A_CLIP: Final[frozenset[Intent]] = frozenset(
    {"refine", "animate_image", "describe", "control", "unsupported"}
)


_PARTS: Final = frozenset({"span", "region"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """Understands turns and composes their takes.

    Attributes:
        record: The conversation.
        engine: What would render.
        settings: Of the session, as they are now.
        brains: What reads turns.
        brought: Takes of clips of elsewhere.
        clip: Finds a clip by its name.
        hands: What acts at once.
    """

    record: Record
    engine: Engine
    settings: Settings
    brains: Brains
    brought: Brought
    clip: FindClip
    hands: Hands

    def state(self, asked: Asked, before: int | None) -> State:
        """Return what a turn at that position is read against; None is the end.

        The clip that it is said to be about is the latest: "it".
        """
        state = self.record.state(asked.known, before=before)
        state = self._names(asked).among(state)
        own = [clip for clip in state.clips if clip.ref == asked.target]
        rest = [clip for clip in state.clips if clip.ref != asked.target]
        if asked.target and not own:  # of a file, or of another conversation
            own = [info_of(asked.target, self.record.take(asked.target))]
        table = charted_data.tables(asked.values, self.record)
        part = {key: asked.options[key] for key in _PARTS & asked.options.keys()}
        called = dict(
            one.partition("=")[::2] for one in asked.options.get("column", ())
        )
        return replace(
            state,
            clips=(*rest, *own),
            part=part,
            has_model="model" in asked.options,
            table=table,
            called=called,
        )

    def understood(
        self, asked: Asked, state: State, on_text: OnText | None = None
    ) -> tuple[Plan, tuple[str, ...]]:
        """Return what a turn asks for, and who was needed to tell.

        Args:
            asked: The turn.
            state: What it is read against.
            on_text: Hears that a language model is asked.
        """
        if asked.acts:
            return self._told(asked), ()
        words, values = asked.words, asked.values
        doubts: tuple[str, ...] = ()
        plan = self.brains.read(words, state, asked.reading, values)
        if asked.proposal is not None and "yes" in asked.options:
            plan = proposals.taken(asked.proposal, state)
            doubts = (f"read by {asked.proposal.by}",)
        elif asked.reading is None:
            plan, doubts = self.brains.consult(
                words,
                plan,
                state,
                values,
                timeout_s=self.settings.llm_timeout_s,
                on_text=on_text,
            )
        if POINTERS & asked.options.keys():
            if not (plan.makes or plan.prompt):  # all of it says what is to be there
                plan = replace(plan, prompt=words)
        elif asked.target and plan.intent not in _OF_A_CLIP:
            plan = self.brains.read(words, state, "refine", values)
        return mentions.filled(plan, values), doubts

    def reply(
        self,
        turn_id: int,
        asked: Asked,
        plan: Plan,
        state: State,
        on_text: OnText | None = None,
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
        names = self._names(asked)
        clips = names.named(plan)
        plan = brought.begun(names.settled(plan), clips)
        plan = pointed(plan, asked.options, state.latest.ref if state.latest else None)
        if plan.intent == "refine" and not (plan.acts or plan.settings):
            # A change, but which?
            intent: Intent = "unsupported" if plan.what else "ask"
            plan = Plan(intent=intent, what=plan.what, mentions=plan.mentions)
        notes = () if plan.intent == "ask" else mentions.left(plan)
        if plan.makes or plan.intent == "control":
            notes = (*talk.left_out(plan), *notes)
        reply = Reply(turn_id=turn_id, words=asked.words, plan=plan, notes=notes)
        if plan.intent in mentions.NAMES_CLIPS and not asked.target:
            saved_variables.check_clips(plan, state)
        if (stepped := self._stepped(reply, asked)) is not None:
            return stepped
        if plan.makes:
            making = Making(
                record=self.record, engine=self.engine, settings=self.settings
            )
            return making.made(reply, asked, state, names, find_card)
        if plan.intent == "control":
            brought.check_act(plan, clips)
            return self._acted(reply, asked)
        if plan.intent == "describe":
            return self._described(reply, asked, state)
        answer = self._answer(asked, plan, state, on_text)
        if isinstance(answer, Answer):
            notes = (*reply.notes, answer.note(self.brains.model or ""))
            return replace(reply, answer=answer, notes=notes, is_markdown=True)
        return replace(reply, answer=answer)

    def consider(self, asked: Asked, before: int | None) -> Reply:
        """Return what a turn would come to by its words alone; nobody else is asked.

        Without a place it comes last, and may answer what was asked.

        Raises:
            SpecError: If what is asked cannot be.
        """
        if before is None:
            meant = settled(asked, self.record)
            if meant is None:
                plan = Plan(intent="control")
                return Reply(turn_id=0, words=asked.words, plan=plan)
            own = self.record.turn_of(meant.cell_id)
            asked, before = meant, own.position if own else None
        state = self.state(asked, before)
        if asked.acts:
            plan = self._told(asked)
        else:
            plan = self.brains.read(asked.words, state, asked.reading, asked.values)
            plan = mentions.filled(plan, asked.values)
        # A picture would be drawn anew for each letter that is typed, a film stored.
        is_drawn = plan.intent == "animate_image" or self._names(asked).named(plan)
        if not plan.makes or is_drawn:
            return Reply(turn_id=0, words=asked.words, plan=plan)
        options = {k: v for k, v in asked.options.items() if k != "dry_run"}
        asked = replace(asked, options=options)
        return self.reply(0, asked, plan, state, find_card=card_here)

    def next_steps(
        self,
        name: str,
        variables: tuple[Variable, ...],
        values: Mapping[str, object],
    ) -> Iterator[str]:
        """Find what could be said of a clip next; each would run as it stands."""
        take = self.record.take(name)
        options = {"target": name}

        def consider(words: str) -> Reply:
            asked = Asked(
                words=words,
                options=options,
                variables=variables,
                values=values,
                is_tried=True,
            )
            return self.consider(asked, None)

        table = None
        if take.chart is not None:
            table = charted_data.tables(values, self.record)(name)
        return next_steps(take, consider, table)

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

    # Answers

    def _stepped(self, reply: Reply, asked: Asked) -> Reply | None:
        """Undo or redo, if that is what a turn asks for."""
        turn = self.record.ledger.turns.get(reply.turn_id) if reply.turn_id else None
        undoing = Undoing(
            record=self.record,
            running=Running(self.record, self.engine, self.settings),
            turn=turn,
            is_dry=asked.is_dry,
        )
        if (done := undoing.reply(reply.plan, asked.target)) is None:
            return None
        line, shows = done
        then = [followed(act, shows, self.hands) for act in reply.plan.then if shows]
        # What it has shown is what its turn is about, wherever it is read again.
        plan = replace(reply.plan, targets=shows)
        return replace(reply, plan=plan, answer="\n".join((line, *then)), shows=shows)

    def _acted(self, reply: Reply, asked: Asked) -> Reply:
        """Do what a turn wants done at once, or ask before that."""
        plan, options = reply.plan, asked.options
        if asked.is_dry:
            return replace(reply, answer=control(plan, foretold.Foretold(self.record)))
        if proposals.needs_yes(plan, options, self.settings, at_once=True):
            return proposals.before_acting(reply)
        if (plan.control or STATUS).action == "delete" and "yes" not in options:
            if clips := meant(plan, self.record):
                return consent.before_deleting(reply, clips)
        return replace(reply, answer=control(plan, self.hands))

    def _described(self, reply: Reply, asked: Asked, state: State) -> Reply:
        """Answer a question about clips, or show them again."""
        plan = reply.plan
        clips = [name for name in plan.targets if name in self.record.names_to_takes()]
        known = attached((*plan.mentions, *plan.targets), asked.values)
        if known and not clips:
            return replace(reply, answer=talk.told(known))
        if not clips or plan.topics:
            answer = f"{self.record.describe(plan)}\n{talk.next_to(plan, state)}"
            return replace(reply, answer=answer)
        if asked.is_dry:
            return replace(reply, answer=foretold.showing(clips))
        lines = map(self.record.facts, clips)
        return replace(reply, answer="\n".join(lines), shows=tuple(clips))

    def _answer(
        self, asked: Asked, plan: Plan, state: State, on_text: OnText | None
    ) -> str:
        """Answer a turn that asks for nothing to be done."""
        if plan.intent == "unsupported":
            name, fits = self._fits(asked, plan, state)
            return talk.unsupported(plan, state, name, fits)
        if mentions.asks_which(plan):
            return mentions.question(plan, state, asked.values)
        if plan.intent == "ask":
            return talk.ask_back(plan, state)
        model = self.brains.model
        is_small = plan.intent == "chat" and plan.talk != "other"
        if model is not None and not is_small:
            if asked.is_dry:
                return foretold.asking(model)
            return self.brains.answer(
                asked.words,
                plan,
                state,
                asked.values,
                record=self.record,
                clip=self.clip,
                timeout_s=self.settings.llm_timeout_s,
                on_text=on_text,
            )
        known = attached((*plan.mentions, *plan.targets), asked.values)
        if plan.intent == "chat":
            _, fits = self._fits(asked, plan, state)
            return talk.talk(plan.talk, state, known, fits)
        return talk.without_model(known)

    def _fits(
        self, asked: Asked, plan: Plan, state: State
    ) -> tuple[str | None, Iterable[str]]:
        """Return the clip that a turn is about, or the latest, and what fits it next."""
        clips = {} if asked.is_tried else self.record.names_to_takes()
        known = (*plan.targets, *(clip.ref for clip in state.clips[-1:]))
        name = next((one for one in known if one in clips), None)
        if name is None:
            return None, ()
        return name, self.next_steps(name, asked.variables, asked.values)

    def _told(self, asked: Asked) -> Plan:
        """Return the plan of acts that were told without words."""
        if data := asked.options.get("data"):  # acts of a new chart
            name = str(data)
            return Plan(
                intent="animate_image",
                targets=(name,),
                acts=asked.acts,
                mentions=(name,),
            )
        if not asked.target:
            raise SpecError("acts need the clip that they change: give its name too")
        return Plan(intent="refine", targets=(asked.target,), acts=asked.acts)

    def _names(self, asked: Asked) -> Names:
        return Names.of(asked.values, self.record, self.brought)
