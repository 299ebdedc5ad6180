"""A session's conversation as a whole: which one it is, its forks and fresh starts."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from nbagent.conversation import homes, library
from nbagent.conversation.choices import Change
from nbagent.conversation.record import Record
from nbagent.conversation.running import Running
from nbagent.errors import SpecError
from nbagent.ledger import Ledger
from nbagent.settings import Settings


class Speaker(Protocol):
    """Who is in a conversation: a session."""

    ledger: Ledger
    settings: Settings

    @property
    def record(self) -> Record:
        """The conversation as the ledger has it."""
        ...

    @property
    def running(self) -> Running:
        """Its jobs."""
        ...

    def choose(self, change: Change) -> str:
        """Change the settings from now on."""
        ...


class Whole:
    """What is done to the conversation that a session is in.

    Args:
        speaker: The session; it begins in the conversation of its notebook.
    """

    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker
        self._ledger = speaker.ledger
        self._go_to(homes.conversation(speaker.ledger, speaker.settings))
        # Until the store has it on record.
        self._home: str | None = speaker.settings.conversation

    def settle(self) -> None:
        """Note that the conversation is this notebook's, once something is said in it."""
        if self._speaker.settings.conversation == self._home:
            homes.settle(self._ledger, self._speaker.settings)
            self._home = None

    def take_up(self) -> str:
        """Take up what an earlier kernel left unfinished; say what the user may want.

        Returns:
            What goes on, and which conversation this notebook may have had under
            another name; often nothing.
        """
        offer = homes.offer(self._ledger, self._speaker.settings)
        return "\n".join(filter(None, (offer, self._taken_up())))

    def converse(self, name: str) -> str:
        """Go on in the conversation of that name, a new one if there is none.

        What was left unfinished there is taken up. One whose notebook was renamed is
        this notebook's from now on.
        """
        name = library.check_name(name)
        rows = homes.left_behind(self._ledger, self._speaker.settings)
        self._go_to(name)
        if name in [row.conversation for row in rows]:
            homes.settle(self._ledger, self._speaker.settings)
            self._home = None
        told = library.told(self._speaker.record)
        return "\n".join(filter(None, (told, self._taken_up())))

    def fork(self, name: str | None = None) -> str:
        """Go on in a copy of the conversation; this one stays as it is."""
        old = self._speaker.settings.conversation
        new = library.new_name(self._speaker.record, name, "fork")
        self._ledger.conversations.fork(old, new)
        self._go_to(new)
        return f"{library.told(self._speaker.record)}, forked from {old}"

    def begin(self, name: str | None, what: str) -> None:
        """Go on in a new conversation of that name, or of this one's with `-what`."""
        self._go_to(library.new_name(self._speaker.record, name, what))

    def reset(self) -> str:
        """Begin anew under the same name; what was said is put aside, not lost.

        Raises:
            SpecError: If a clip of it is being rendered.
        """
        record, running = self._speaker.record, self._speaker.running
        if running.jobs():
            raise SpecError(
                f"{record.status().splitlines()[0]}: wait, or stop it with"
                " %nbagent cancel"
            )
        return library.put_aside(record)

    def _taken_up(self) -> str:
        return self._speaker.running.take_up()

    def _go_to(self, name: str) -> None:
        self._speaker.choose(lambda now: (replace(now, conversation=name), ""))
