"""What answers a player whose takes are no longer being rendered by this kernel."""

from __future__ import annotations

from nbagent.conversation.session import Session
from nbagent.conversation.stand_in import before


class Kept:
    """Answers for takes whose rendering is over, or was an earlier kernel's."""

    def __init__(self, session: Session, names: list[str]) -> None:
        self._session = session
        self._names = names

    def clip_bytes(self, index: int) -> bytes:
        """Return the finished file of a take."""
        return self._session.clip(self._names[index]).path.read_bytes()

    def preview(self, index: int) -> bytes | None:
        """Return what there was before: what was denoised here is over."""
        take = self._session.record.take(self._names[index])
        return before(self._session.ledger, take)

    def cancel(self, index: int | None) -> None:
        """Stop one take, or all of them."""
        names = self._names if index is None else [self._names[index]]
        self._session.hands.cancel(names)

    def keep(self, index: int) -> None:
        """End a take early, with the clip as it looks then."""
        self._session.hands.keep([self._names[index]])

    def pause(self, index: int) -> None:
        """Halt a take until it is resumed."""
        self._session.hands.pause([self._names[index]])

    def resume(self, index: int) -> None:
        """Let a paused take go on."""
        self._session.hands.resume([self._names[index]])
