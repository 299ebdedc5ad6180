"""Turns that act at once: on what runs, on clips and on files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath
from typing import Final, Protocol

from nbagent.acts.plan import Action, Control, Plan
from nbagent.conversation.record import Record
from nbagent.conversation.saving import SUFFIXES
from nbagent.errors import NbagentError, SpecError

# What can be done with clips as soon as they are made: "final, and save it".
_FOLLOWS: Final[frozenset[Action]] = frozenset({"save", "export", "rename", "share"})
STATUS: Final = Control(action="status")
_NOT_SHARED: Final = (
    "nbagent cannot share clips online yet. The closest thing is a page that plays"
    " anywhere, ready to send or to put on a site: say 'save {} as html'."
)

_DONE: Final[Mapping[Action, str]] = {
    "cancel": "stopped",
    "keep": "kept",
    "pause": "paused",
    "resume": "resumed",
    "status": "asked for its status",
    "save": "saved",
    "export": "exported",
    "share": "shared",
    "rename": "renamed",
    "delete": "deleted",
}

Names = Sequence[str] | None
"""Clips by their names; none of them for all, None for those that run right now."""


class Hands(Protocol):
    """What can be done at once."""

    @property
    def record(self) -> Record:
        """The conversation as the ledger has it."""
        ...

    def cancel(self, names: Names = ()) -> str:
        """Stop the jobs of these clips."""
        ...

    def keep(self, names: Names = ()) -> str:
        """End the jobs of these clips early."""
        ...

    def pause(self, names: Names = ()) -> str:
        """Halt the jobs of these clips."""
        ...

    def resume(self, names: Sequence[str] = ()) -> str:
        """Let the paused jobs of these clips, or all, go on."""
        ...

    def save(
        self,
        name: str,
        file: str | None = None,
        format: str = "mp4",  # noqa: A002  as `Control` has it
        called: str | None = None,
    ) -> str:
        """Write a clip to a file, or beside the notebook under a name."""
        ...

    def rename(self, name: str, alias: str) -> str:
        """Give a clip a name of the user's."""
        ...

    def delete(self, names: Sequence[str]) -> str:
        """Remove clips with their files."""
        ...


def control(plan: Plan, hands: Hands) -> str:
    """Do what a turn wants done at once, and say what was done.

    Raises:
        SpecError: If it is about something that is no clip, or cannot be done.
    """
    asked = plan.control or STATUS
    clips = hands.record.names_to_takes()
    names = [name for name in plan.targets if name in clips]
    if plan.targets and not names:
        raise SpecError(
            f"{plan.targets[0]} is not a clip, and only clips can be"
            f" {_DONE[asked.action]}: name one"
            f" ({', '.join(clips) or 'there are none yet'})"
        )
    return _DOES[asked.action](asked, names, hands)


def followed(asked: Control, names: tuple[str, ...], hands: Hands) -> str:
    """Do what was asked for after some clips; say what became of it.

    The clips are made, whatever comes of this.
    """
    if asked.action not in _FOLLOWS:
        return f"not done: {asked.action!r} needs a separate turn, say it now"
    try:
        return control(Plan(intent="control", control=asked, targets=names), hands)
    except NbagentError as error:
        return f"not done: {error}"


def meant(plan: Plan, record: Record) -> list[str]:
    """Return the clips that a plan of saving, renaming or deleting is about.

    Those it names; else all where all are meant; else the one that was finished last.
    """
    named = [name for name in plan.targets if name in record.names_to_takes()]
    return named or _finished(plan.control or STATUS, record)


def file_of(asked: Control) -> tuple[str | None, str]:
    """Return the name and the format of a file, which a name may have at its end.

    >>> file_of(Control(action="save", name="beach.gif"))
    ('beach', 'gif')
    """
    if asked.name is None:
        return None, asked.format or "mp4"
    path = PurePath(asked.name)
    suffix = path.suffix.removeprefix(".").lower()
    if suffix in SUFFIXES:
        return path.stem, asked.format or suffix
    return asked.name, asked.format or "mp4"


def _finished(asked: Control, record: Record) -> list[str]:
    rows = [row for row in record.rows() if record.ledger.artifact(row.take_id)]
    return [row.name for row in (rows if asked.is_all else rows[-1:])]


def _scope(asked: Control, names: Sequence[str]) -> Names:
    return names if names or asked.is_all else None


def _save(asked: Control, names: Sequence[str], hands: Hands) -> str:
    clips = names or _finished(asked, hands.record)
    if not clips:
        return "There is no finished clip to save yet: make one first."
    called, kind = file_of(asked)
    return "\n".join(hands.save(name, format=kind, called=called) for name in clips)


def _rename(asked: Control, names: Sequence[str], hands: Hands) -> str:
    clips = names or _finished(asked, hands.record)
    if not clips:
        return "There is no clip to name yet: make one first."
    if not asked.name:
        return f"What should {clips[-1]} be called? Say 'call {clips[-1]} sunset'."
    if len(clips) > 1:
        raise SpecError(
            f"only one clip can be called {asked.name!r}, and this means"
            f" {len(clips)}: say 'call {clips[-1]} {asked.name}'"
        )
    return hands.rename(clips[0], asked.name)


def _delete(asked: Control, names: Sequence[str], hands: Hands) -> str:
    clips = names or _finished(asked, hands.record)
    return hands.delete(clips) if clips else "There is no clip to delete."


def _share(asked: Control, names: Sequence[str], hands: Hands) -> str:
    clips = names or _finished(asked, hands.record)
    return _NOT_SHARED.format(" and ".join(clips) or "it")


_Do = Callable[[Control, Sequence[str], Hands], str]
_DOES: Final[Mapping[Action, _Do]] = {
    "cancel": lambda asked, names, hands: hands.cancel(_scope(asked, names)),
    "keep": lambda asked, names, hands: hands.keep(_scope(asked, names)),
    "pause": lambda asked, names, hands: hands.pause(_scope(asked, names)),
    "resume": lambda _, names, hands: hands.resume(names),
    "status": lambda _, names, hands: hands.record.status(names),
    "save": _save,
    "export": _save,
    "share": _share,
    "rename": _rename,
    "delete": _delete,
}
