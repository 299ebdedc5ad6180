"""The workers that a link leads to: which are there, and what to say if none is."""

# mypy: allow-untyped-calls

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from nbagent.jobs.mailbox import Mailbox

if TYPE_CHECKING:
    from nbagent.jobs.dask_client import Link

_LOOK_S: Final = 0.5
_NO_WORKER_S: Final = 60.0


class Roster:
    """The workers of one link, as they were last seen; of the dispatcher's thread.

    Attributes:
        workers: The addresses of those that take our jobs.
    """

    def __init__(self, mailbox: Mailbox) -> None:
        """Know of none yet.

        Args:
            mailbox: Equips those that come later, in a thread beside.
        """
        self.workers: list[str] = []
        self._mailbox = mailbox
        self._looked = 0.0
        self._peopled = time.monotonic()
        self._equipping = False

    def look(self, link: Link) -> bool:
        """See which are there; return False if that was done a moment ago."""
        now = time.monotonic()
        if now - self._looked < _LOOK_S:
            return False
        link.look()
        self.workers, self._looked = link.workers, now
        if link.strangers and not self._equipping:
            self._equipping = True
            self._mailbox.beside(link.equip, self._equipped)
        if self.workers:
            self._peopled = now
        return True

    def _equipped(self, _answer: object) -> None:
        self._equipping, self._looked = False, 0.0

    def lack(self, link: Link) -> str | None:
        """Say why nobody will render anything here, if that is so."""
        if self.workers:
            return None
        if time.monotonic() - self._peopled > _NO_WORKER_S:
            return "no worker started: run nbagent doctor"
        return link.refusal
