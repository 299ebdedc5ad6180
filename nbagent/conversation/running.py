"""What a conversation has with the engine: jobs that run or wait, and how they end."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence

from nbagent.conversation.control import Names
from nbagent.conversation.engine import Engine, to_job
from nbagent.conversation.record import Record
from nbagent.errors import NbagentError, SpecError
from nbagent.ledger import JobRow
from nbagent.settings import Settings
from nbagent.take import UNFINISHED, Job, Progress, Take


class Running:
    """The unfinished jobs of one conversation, an earlier kernel's included."""

    def __init__(self, record: Record, engine: Engine, settings: Settings) -> None:
        self._record = record
        self._engine = engine
        self._settings = settings

    def jobs(self) -> list[Job]:
        """Return the jobs that run or wait."""
        ledger = self._record.ledger
        return [
            to_job(ledger, self._settings, row, ledger.take(row.take_id))
            for row in self._unfinished()
        ]

    def taken(self) -> set[str]:
        """Return the takes of jobs that run or wait, but for those of strangers."""
        is_strange = self._record.ledger.keeper.is_strange
        return {row.take_id for row in self._unfinished() if not is_strange(row)}

    def take_up(self) -> str:
        """Take up what kernels that are gone left unfinished; say so, or nothing.

        It may be of any conversation of the store: of one that nobody may enter again,
        since its notebook was renamed, or never had a name. What a store brought along
        from elsewhere is only told: it would spend device time that nobody here asked
        for. Where nothing can render, nothing is.
        """
        if self._engine.lacks():
            return ""
        said = []
        if taken := self._reattach(self._record.ledger.keeper.adopt()):
            names = ", ".join(self._whose(taken))
            said.append(f"continuing what was left unfinished: {names}")
        if strange := self._strange():
            names = ", ".join(self._whose(strange))
            said.append(
                f"left unfinished elsewhere: {names} (%nbagent resume renders them here,"
                " %nbagent cancel drops them)"
            )
        return "\n".join(said)

    def _strange(self) -> list[JobRow]:
        """Return the jobs of this conversation that came with its store."""
        is_strange = self._record.ledger.keeper.is_strange
        return [row for row in self._unfinished() if is_strange(row)]

    def _unfinished(self) -> tuple[JobRow, ...]:
        """Return the jobs of this conversation that have no end yet."""
        return self._record.ledger.jobs.find(
            self._record.conversation, states=UNFINISHED
        )

    def _reattach(self, rows: Iterable[JobRow]) -> list[JobRow]:
        """Let the engine have jobs that were taken in hand; return those it has."""
        ledger, taken = self._record.ledger, []
        for row in rows:
            try:
                job = to_job(ledger, self._settings, row, ledger.take(row.take_id))
                self._engine.reattach([job], _ignore)
            except NbagentError as error:  # of another version, or damaged
                ledger.jobs.record(row.id, "failed", message=str(error))
            else:
                taken.append(row)
        return taken

    def _whose(self, rows: Sequence[JobRow]) -> list[str]:
        """Name the clips of jobs of any conversation."""
        ledger, here = self._record.ledger, self._record.conversation
        told = []
        for row in rows:
            turn = None if row.turn_id is None else ledger.turns.get(row.turn_id)
            home = turn.conversation if turn else ""
            names = Record(ledger=ledger, conversation=home).names()
            name = names.get(row.take_id, row.id)
            told.append(name if home in ("", here) else f"{name} of {home!r}")
        return told

    def step(self, take: Take) -> int:
        """Return the step that a take's job is about to finish, counted as in its run.

        Raises:
            SpecError: If it is not being rendered.
        """
        for row in self._unfinished():
            if row.take_id == take.id and row.phase == "denoise":
                return (take.redirect_step or 0) + row.step + 1
        raise SpecError(
            "the clip is not being rendered now: say from which step, like 'from"
            " step 3 on, at night'"
        )

    def cancel(self, names: Names) -> str:
        """Stop the jobs of these clips; say which."""
        return self._end("stopping", self._engine.cancel, names)

    def keep(self, names: Names) -> str:
        """End the jobs of these clips early; say which.

        Raises:
            SpecError: If one of them shows nothing yet.
        """
        return self._end("keeping as it looks now", self._engine.keep, names)

    def pause(self, names: Names) -> str:
        """Halt the jobs of these clips; say which."""
        return self._end("pausing", self._engine.pause, names)

    def resume(self, names: Sequence[str]) -> str:
        """Let what is paused or came with the store go on; of these clips, or all."""
        ledger, conversation = self._record.ledger, self._record.conversation
        rows = ledger.jobs.find(conversation, states=["paused"])
        paused = {row.take_id for row in rows}
        strange = {row.take_id for row in self._strange()}
        if names:
            wanted = self._takes(names)
            paused, strange = paused & wanted, strange & wanted
        going = self._whose(self._reattach(ledger.keeper.adopt(strange)))
        if paused := paused - strange:
            going += self._named(self._end_jobs(self._engine.resume, paused))
        return f"continuing: {', '.join(going)}" if going else "nothing is paused"

    def cancel_takes(self, take_ids: Collection[str]) -> None:
        """Stop the jobs of these takes."""
        self._end_jobs(self._engine.cancel, take_ids)

    def _end(self, what: str, end: Callable[[str], None], names: Names) -> str:
        now = {row.take_id for row in of_now(self._unfinished())}
        wanted = now if names is None else self._takes(names)
        ended = self._named(self._end_jobs(end, wanted))
        if not ended:
            return "nothing is being rendered"
        said = f"{what}: {', '.join(ended)}"
        others = [] if names else self._named(self.jobs())
        waiting = ", ".join(name for name in others if name not in ended)
        return said + (
            f" ({waiting} still running: name it, or say 'all')" if waiting else ""
        )

    def _takes(self, names: Sequence[str]) -> set[str]:
        """Return the ids of the takes that clips stand for."""
        known = self._record.names_to_takes()
        # A name that nothing carries is told with those that there are.
        return {known.get(name) or self._record.take(name).id for name in names}

    def _end_jobs(
        self, end: Callable[[str], None], take_ids: Collection[str]
    ) -> list[Job]:
        """End the jobs of these takes, or all; return them.

        They are in this kernel's hand from here on, if their own is gone.
        """
        jobs = [j for j in self.jobs() if not take_ids or j.take.id in take_ids]
        self._record.ledger.keeper.adopt({job.take.id for job in jobs})
        for job in jobs:
            # Perhaps an earlier kernel's: the engine must know it to end it.
            self._engine.reattach([job], _ignore)
            end(job.id)
        return jobs

    def _named(self, jobs: Sequence[Job]) -> list[str]:
        names = self._record.names()
        return [names.get(job.take.id, job.id) for job in jobs]


def of_now(rows: Sequence[JobRow]) -> list[JobRow]:
    """Return the unfinished jobs of the turn that is being rendered now, if any is."""
    first = next((row for row in rows if row.state == "running"), None)
    turn_id = next((row.turn_id for row in (first, *rows) if row), None)
    return [row for row in rows if row.turn_id == turn_id]


def _ignore(_progress: Progress) -> None:
    """Hear nothing: the ledger has what matters."""
