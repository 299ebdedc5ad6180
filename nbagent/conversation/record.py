"""A conversation as the ledger has it: its clips by their names, and what they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from nbagent.conversation import answers, context, reasons
from nbagent.conversation.plan import Plan
from nbagent.conversation.state import State, Variable
from nbagent.ledger import ClipRow, Ledger, Turn
from nbagent.take import UNFINISHED, Take

_ASKS_TIME: Final = re.compile(
    r"\bhow (?:long|much time)\b.*\b(?:took|taken?|render|make|made|need)"
    r"|\b(?:rendering time|wie lange (?:hat|dauerte)|cuánto (?:tiempo )?tardó)\b"
    r"|花了?多久|多长时间|얼마나 걸",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One conversation of a ledger; it only reads."""

    ledger: Ledger
    conversation: str

    def rows(self) -> tuple[ClipRow, ...]:
        """Return the live clips."""
        return self.ledger.clips(self.conversation)

    def take(self, name: str) -> Take:
        """Return the take of a clip's name.

        Raises:
            UnknownClip: If nothing carries it.
        """
        return self.ledger.take(self.ledger.clip(self.conversation, name).take_id)

    def turn_of(self, cell_id: str | None) -> Turn | None:
        """Return the turn that a cell said last, if it did."""
        turns = () if cell_id is None else self.ledger.turns(self.conversation)
        return next((turn for turn in reversed(turns) if turn.cell_id == cell_id), None)

    def names(self) -> dict[str, str]:
        """Return the name of each take that has one; of several, the first."""
        names: dict[str, str] = {}
        for row in self.rows():
            names.setdefault(row.take_id, row.name)
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
        return self._facts(name, self.take(name), self.names())

    def status(self) -> str:
        """Say what is being rendered, here and in other conversations of the store."""
        own = self.ledger.jobs(self.conversation, states=UNFINISHED)
        busy = self.ledger.conversations.busy()
        others = {n: jobs for n, jobs in busy.items() if n != self.conversation}
        return answers.status(own, self.names(), others)

    def expected_s(self, take_id: str) -> float | None:
        """Return the seconds that a take was expected to need, if that was known."""
        jobs = self.ledger.jobs(self.conversation, take_id=take_id)
        return jobs[-1].expected_s if jobs else None

    def lineage(self, name: str) -> str:
        """Say where a clip comes from, root first."""
        take, names = self.take(name), self.names()
        return "\n".join(
            self._facts(names.get(one.id, "(replaced)"), one, names)
            for one in (*self.ledger.ancestors(take.id), take)
        )

    def describe(self, plan: Plan, words: str) -> str:
        """Answer a question about clips."""
        known = [row.name for row in self.rows()]
        named = [name for name in plan.targets if name in known]
        if not named:
            return "There is no such clip: " + (
                f"there are {', '.join(known)}." if known else "make one first."
            )
        lines = [self.facts(name) for name in named]
        if _ASKS_TIME.search(words):
            lines += [self._took(name) for name in named]
        if reasons.asks_why(words):
            newest = max(named, key=known.index)
            take = self.take(newest)
            lines.append(reasons.why(newest, take, self.ledger, self.names()))
        elif len(named) == 2:
            lines.append(self._changes(*named))
        return "\n".join(lines)

    def _took(self, name: str) -> str:
        take_id = self.take(name).id
        artifact = self.ledger.artifact(take_id)
        if artifact is None:
            return f"{name} is not rendered yet"
        return f"{name} took {answers.took(artifact, self.expected_s(take_id))}"

    def _changes(self, first: str, second: str) -> str:
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
