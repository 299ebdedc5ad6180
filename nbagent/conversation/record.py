"""A conversation as the ledger has it: its clips by their names, and what they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from nbagent.acts.plan import Plan, Topic
from nbagent.conversation import answers, context, reasons
from nbagent.language.state import State, Variable
from nbagent.ledger import ClipRow, JobRow, Ledger, Turn
from nbagent.take import UNFINISHED, Take

_ID: Final = "b2:"  # how the id of a take begins, which no name does


def is_number(name: str) -> bool:
    """Return whether a name is one that clips have by themselves, such as `c12`."""
    return name[:1] in ("c", "C") and name[1:].isdecimal()


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One conversation of a ledger; it only reads."""

    ledger: Ledger
    conversation: str

    def rows(self) -> tuple[ClipRow, ...]:
        """Return the live clips."""
        return self.ledger.clips(self.conversation)

    def made(self) -> tuple[ClipRow, ...]:
        """Return those that turns made: not the films that they have only named."""
        return tuple(
            row
            for row in self.rows()
            if self.ledger.take(row.take_id).operation != "open"
        )

    def row(self, name: str) -> ClipRow:
        """Return the live clip of a name, its own or the user's for it.

        Raises:
            UnknownClip: If nothing carries it.
        """
        return self.ledger.clip(self.conversation, name)

    def take(self, name: str) -> Take:
        """Return the take of a clip's name, or of an id.

        Raises:
            UnknownClip: If nothing carries it.
        """
        is_id = name.startswith(_ID)
        return self.ledger.take(name if is_id else self.row(name).take_id)

    def called(self, take: Take, name: str) -> str:
        """Return what a take is called in this conversation; its id if by no name.

        A clip's own name says nothing: it may be of another conversation.

        Args:
            take: It may have several names.
            name: The one that is taken, if it is one of them.
        """
        if self.names_to_takes().get(name) == take.id:
            return name
        return self.names().get(take.id, take.id)

    def turn_of(self, cell_id: str | None) -> Turn | None:
        """Return the turn that a cell said last, if it did."""
        turns = () if cell_id is None else self.ledger.turns.of(self.conversation)
        return next((turn for turn in reversed(turns) if turn.cell_id == cell_id), None)

    def names(self) -> dict[str, str]:
        """Return the name of each take that has one; of several, the first."""
        names: dict[str, str] = {}
        for row in self.rows():
            names.setdefault(row.take_id, row.name)
        return names

    def _known(self) -> dict[str, str]:
        """Return the names of takes, and of those that opened films were made as."""
        names = self.names()
        for take_id, name in list(names.items()):
            take = self.ledger.take(take_id)
            for parent in take.parents if take.operation == "open" else ():
                names.setdefault(parent, name)
        return names

    def names_to_takes(self) -> dict[str, str]:
        """Return the id of the take that each name stands for."""
        return {row.name: row.take_id for row in self.rows()}

    def state(
        self, variables: tuple[Variable, ...], before: int | None = None
    ) -> State:
        """Return what a turn at that position is read against; None is the end."""
        return context.state(
            self.ledger, self.conversation, before=before, variables=variables
        )

    def facts(self, name: str) -> str:
        """Describe a clip in one line."""
        return self._facts(name, self.take(name), self._known())

    def status(self, names: Sequence[str] = ()) -> str:
        """Say what is being rendered, here and in other conversations of the store.

        Args:
            names: The clips that alone it is asked of, if it is.
        """
        own = self.ledger.jobs.find(self.conversation, states=UNFINISHED)
        if names:
            return "\n".join(self._status(name, own) for name in names)
        busy = self.ledger.conversations.busy()
        others = {n: jobs for n, jobs in busy.items() if n != self.conversation}
        return answers.status(own, self.names(), others)

    def expected_s(self, take_id: str) -> float | None:
        """Return the seconds that a take was expected to need, if that was known."""
        jobs = self.ledger.jobs.find(self.conversation, take_id=take_id)
        return jobs[-1].expected_s if jobs else None

    def lineage(self, name: str) -> str:
        """Say where a clip comes from, root first."""
        take, names = self.take(name), self._known()
        way = (*self.ledger.ancestors(take.id), take)
        films = [one for one in way if one.operation == "open"]
        told = {parent for film in films for parent in film.parents}  # by the film
        for film in films:
            for one in self.ledger.ancestors(film.id):
                names.setdefault(one.id, "(before that file)")
        return "\n".join(
            self._facts(names.get(one.id, "(replaced)"), one, names)
            for one in way
            if one.id not in told
        )

    def describe(self, plan: Plan) -> str:
        """Answer a question about clips, by its topics."""
        known = [row.name for row in self.rows()]
        named = [name for name in plan.targets if name in known]
        if not known:
            return "There are no clips yet: make one first."
        named = named or known[-1:]
        topics: tuple[Topic, ...] = plan.topics or ("all",)
        if len(named) > 1 and not {"changes", "reason", "names"} & {*topics}:
            topics = (*topics, "changes") if "all" in topics else topics
        return "\n".join(self._told(topic, named) for topic in topics)

    def _told(self, topic: Topic, named: Sequence[str]) -> str:
        """Answer one topic about clips."""
        if topic == "names":
            return answers.called(self.rows(), self.ledger)
        if topic == "changes":
            return self._changes(named)
        if topic == "reason":
            newest = max(named, key=[row.name for row in self.rows()].index)
            return reasons.why(newest, self.take(newest), self.ledger, self.names())
        if topic == "took":
            return "\n".join(map(self._took, named))
        if topic in ("all", "origin"):
            tell = self.facts if topic == "all" else self._origin
            return "\n".join(map(tell, named))
        takes = [(name, self.take(name)) for name in named]
        return "\n".join(
            answers.fact(topic, name, take, self.ledger.artifact(take.id))
            for name, take in takes
        )

    def _status(self, name: str, jobs: Sequence[JobRow]) -> str:
        """Say how far one clip is."""
        take_id = self.take(name).id
        own = [job for job in jobs if job.take_id == take_id]
        if own:
            return answers.status(own, {take_id: name}, {})
        done = self.ledger.artifact(take_id) is not None
        return f"{name} is done." if done else f"{name} is not being rendered."

    def _took(self, name: str) -> str:
        take_id = self.take(name).id
        artifact = self.ledger.artifact(take_id)
        if artifact is None:
            return f"{name} has not been rendered yet."
        return f"{name} took {answers.took(artifact, self.expected_s(take_id))}."

    def _origin(self, name: str) -> str:
        take = self.take(name)
        if take.operation == "open":
            return f"{name} was opened from the file {take.request}."
        if not take.parents:
            return f"{name} was made from scratch: you said {take.request!r}."
        way = (*self.ledger.ancestors(take.id), take)
        names = self._known()
        before = names.get(way[0].id, "a clip that was replaced")
        return f"{name} came from {before} {reasons.told(way, names)}."

    def _changes(self, named: Sequence[str]) -> str:
        """Say what differs from each clip to the next, or from its parent to one."""
        if len(named) == 1:
            take = self.take(named[0])
            if not take.parents or take.operation == "open":
                return self._origin(named[0])
            parent = self.ledger.take(take.parents[0])
            before = self._known().get(parent.id, "its parent")
            return answers.changes(before, parent, named[0], take)
        return "\n".join(map(self._change, named, named[1:]))

    def _change(self, first: str, second: str) -> str:
        one, other = self.take(first), self.take(second)
        said = answers.changes(first, one, second, other)
        if way := reasons.path(one, other, self.ledger)[1:]:
            said += f"\n  {reasons.told((one, *way), self.names())}"
        return said

    def _facts(self, name: str, take: Take, names: Mapping[str, str]) -> str:
        made_of = take.parents if take.is_joined else take.parents[:1]
        opened = (p for p in self.ledger.parents(take.id) if p.operation == "open")
        names = {one.id: one.request for one in opened} | dict(names)  # their files
        parent = ", ".join(names[p] for p in made_of if p in names) or None
        return answers.facts(name, take, self.ledger.artifact(take.id), parent)
