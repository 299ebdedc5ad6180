"""What is done at once in one conversation: to its jobs, its clips and their files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nbagent.conversation.clip import Clip
from nbagent.conversation.control import Names
from nbagent.conversation.record import Record, is_number
from nbagent.conversation.running import Running
from nbagent.conversation.saving import save_beside
from nbagent.conversation.stopping import released
from nbagent.errors import SpecError
from nbagent.take import UNFINISHED

_MAX_ALIAS: Final = 40  # letters; more is no name but a caption


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionHands:
    """Does it; see `nbagent.conversation.control`.

    Attributes:
        record: The conversation.
        running: Its jobs.
        clip: Finds a clip by its name.
        folder: Where files are written.
    """

    record: Record
    running: Running
    clip: Callable[[str], Clip]
    folder: Path

    def cancel(self, names: Names = ()) -> str:
        """Stop the jobs of these clips."""
        return self.running.cancel(names)

    def keep(self, names: Names = ()) -> str:
        """End the jobs of these clips early: each stays as it looks then.

        Raises:
            SpecError: If one of them shows nothing yet.
        """
        return self.running.keep(names)

    def pause(self, names: Names = ()) -> str:
        """Halt the jobs of these clips at their next step."""
        return self.running.pause(names)

    def resume(self, names: Sequence[str] = ()) -> str:
        """Let the paused jobs of these clips, or all, go on where they were."""
        return self.running.resume(names)

    def save(
        self,
        name: str,
        file: str | None = None,
        format: str = "mp4",  # noqa: A002  as `Control` has it
        called: str | None = None,
    ) -> str:
        """Write a clip to a file, or beside the notebook under its own name.

        Args:
            name: Of the clip.
            file: A path, which is written over.
            format: Of a file beside the notebook; there nothing is written over.
            called: What that is called instead.
        """
        clip = self.clip(name)
        with released():
            if file is None:
                file = save_beside(clip, format, self.folder, called)
            else:
                clip.save(self.folder / Path(file).expanduser())
        return f"{name} saved as {file}"

    def rename(self, name: str, alias: str) -> str:
        """Give a clip a name of the user's, which works beside its own.

        Raises:
            SpecError: If it is no name, or another clip's.
        """
        row = self.record.row(name)
        alias = check_alias(alias, self.record, row.name)
        self.record.ledger.conversations.call(row, alias)
        return f"{row.name} is now also called {alias}: both names work"

    def delete(self, names: Sequence[str]) -> str:
        """Remove clips with their files; what is being made of them must wait for none.

        Raises:
            SpecError: If a clip is being made from one of them.
        """
        ledger, rows = self.record.ledger, [self.record.row(name) for name in names]
        takes = {row.take_id for row in rows}
        for job in ledger.jobs.find(states=UNFINISHED):
            needed = takes & set(ledger.take(job.take_id).parents)
            if needed and job.take_id not in takes:
                made = ledger.name_of(job.take_id) or "a clip"
                raise SpecError(
                    f"{made} is being made from it: wait until that is done, or"
                    " stop it first"
                )
        self.running.cancel_takes(takes)
        with ledger.together():
            for row in rows:
                ledger.remove_clip(row.conversation, row.name)
        return f"deleted: {', '.join(row.name for row in rows)}"


def check_alias(alias: str, record: Record, name: str) -> str:
    """Return what a clip is to be called.

    Raises:
        SpecError: If it is no name, or another clip's.
    """
    alias = " ".join(alias.removeprefix("@").split())
    if not alias or len(alias) > _MAX_ALIAS or not alias.isprintable():
        raise SpecError(
            f"{alias[:_MAX_ALIAS]!r} cannot be the name of a clip: use up to"
            f" {_MAX_ALIAS} characters"
        )
    if is_number(alias):
        raise SpecError(
            f"nbagent itself uses names like {alias}: choose a different kind of"
            " name, like 'sunset'"
        )
    for row in record.rows():
        if row.name != name and (row.alias or "").casefold() == alias.casefold():
            raise SpecError(
                f"{row.name} is already called {row.alias}: choose another name"
            )
    return alias
