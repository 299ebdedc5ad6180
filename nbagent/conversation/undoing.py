"""Undo and redo: the last turn that made clips is taken back, or is there again.

A turn, `%nbagent undo` and `Clip.undo` come here, so they are one thing. What can be
redone lies in the ledger: a kernel that was started again knows it too.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

from nbagent.acts.plan import Plan
from nbagent.acts.redo import Redo
from nbagent.acts.undo import Undo
from nbagent.conversation.record import Record
from nbagent.conversation.running import Running
from nbagent.errors import SpecError
from nbagent.ledger import ClipRow, Turn

_SHOWN_CHARS = 80
Done = tuple[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoing:
    """Takes turns of a conversation back, and puts them back.

    Attributes:
        record: The conversation.
        running: Its jobs: what is taken back is rendered no more.
        turn: The turn that asks for it; None for one that is only considered.
        is_dry: Whether it only says what it would do.
    """

    record: Record
    running: Running
    turn: Turn | None
    is_dry: bool

    def reply(self, plan: Plan, target: str | None) -> Done | None:
        """Do what a plan asks for, if that is a step back or forth.

        Args:
            plan: Of the turn.
            target: The clip that it is about whatever its words say.

        Returns:
            What was done in one line, and the clip that is shown; None for another plan.

        Raises:
            SpecError: If there is nothing to undo, or to redo.
        """
        if plan.intent != "refine" or len(plan.acts) != 1 or plan.settings:
            return None
        (act,) = plan.acts
        if isinstance(act, Redo) and (act.span, act.region) == (None, None):
            # "Do it over" is of what was undone just before, else another try.
            return self._redo() if self._undone else None
        if not isinstance(act, Undo) or act.to:
            return None
        if act.redo:
            return self._redo()
        return self._undo({target} if target else {*plan.targets})

    def _undo(self, named: Set[str]) -> Done | None:
        """Take the last turn back that made clips; None if another one's are named."""
        conversations = self.record.ledger.conversations
        taken = conversations.taken_back_by(self.turn.id) if self.turn else None
        if taken is not None:  # its cell is run again: that turn is not there any more
            names, current = self._names_taken_back(taken), self._current(None)
            return _undid(self.record.ledger.turns.get(taken), names, current)
        last = self._last()
        if last is None:
            raise SpecError("there is nothing to undo: no turn has made a clip yet")
        names = self._names(last.id)
        own = {row.name for row in self.record.rows()}  # others are variables
        if not named & own <= {row.name for row in self._rows(last.id)}:
            return None  # an older clip's: the version before that is shown again
        current = self._current(last.id)
        if self.turn is None or self.is_dry:
            now = f"{current} would be current again" if current else "no clip is left"
            return f"would undo {_words(last)} of {_listed(names)}: {now}", ()
        took = {row.take_id for row in self._rows(last.id)}
        left = {row.take_id for row in self.record.rows() if row.turn_id != last.id}
        if took - left:
            self.running.cancel_takes(took - left)
        conversations.take_back(last.id, self.turn.id)
        return _undid(last, names, current)

    def _redo(self) -> Done:
        """Put the turn back that was taken back last.

        Raises:
            SpecError: If none can be.
        """
        conversations = self.record.ledger.conversations
        if not self._undone:
            raise SpecError(
                "there is nothing to redo: nothing was undone since the last clip"
                " was made (for a new version, say 'another take')"
            )
        turn = self.record.ledger.turns.get(self._undone[0])
        if self.turn is None or self.is_dry:
            names = _listed(self._names_taken_back(turn.id))
            return f"would redo {_words(turn)}: {names} would come back", ()
        conversations.put_back(turn.id)
        rows = self._rows(turn.id)
        line = f"brought back {_listed(self._names(turn.id))}: redid {_words(turn)}"
        if any(self.record.ledger.artifact(row.take_id) is None for row in rows):
            line += " (stopped before it was rendered: run its cell again)"
        return line, (rows[-1].name,)

    def _names_taken_back(self, turn_id: int) -> tuple[str, ...]:
        ledger = self.record.ledger
        taken = ledger.conversations.names_taken_back(turn_id)
        return tuple(n for n, take in taken if ledger.take(take).operation != "open")

    @property
    def _undone(self) -> tuple[int, ...]:
        return self.record.ledger.conversations.taken_back(self.record.conversation)

    def _last(self) -> Turn | None:
        """Return the last turn that made clips which are there."""
        makers = {row.turn_id for row in self.record.rows()}
        made = [turn for turn in self._turns() if turn.id in makers]
        return made[-1] if made else None

    def _turns(self) -> list[Turn]:
        """Return the turns above the one that asks: others are not its business."""
        said = self.record.ledger.turns.of(self.record.conversation)
        end = self.turn.position if self.turn else None
        return [turn for turn in said if end is None or turn.position < end]

    def _rows(self, turn_id: int) -> list[ClipRow]:
        return [row for row in self.record.rows() if row.turn_id == turn_id]

    def _names(self, turn_id: int) -> tuple[str, ...]:
        """Return the names of what a turn made; films are only named by it."""
        return tuple(row.name for row in self.record.made() if row.turn_id == turn_id)

    def _current(self, without: int | None) -> str | None:
        """Return the latest clip that is not of one turn: what "it" is."""
        there = {turn.id for turn in self._turns()} - {without}
        rows = [row.name for row in self.record.rows() if row.turn_id in there]
        return rows[-1] if rows else None


def _undid(turn: Turn, names: Sequence[str], current: str | None) -> Done:
    what = f"undid {_words(turn)} of {_listed(names)}"
    if current is None:
        return f"{what}: no clip is left", ()
    return f"back to {current}: {what}", (current,)


def _words(turn: Turn) -> str:
    """Return what a turn said, in quotes."""
    return repr(" ".join(turn.text.split())[:_SHOWN_CHARS])


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
