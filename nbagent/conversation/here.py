"""The conversation of this kernel, for clips that come from outside of it.

A file that was opened and a clip that was unpickled know no conversation. What they are
asked is said in the one that this kernel is in, once the extension is loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from nbagent.conversation.clip import Clip


class Host(Protocol):
    """Who is in a conversation: the notebook's magics."""

    def adopt(self, clip: Clip) -> None:
        """Let a clip say turns there."""
        ...


class _Here:
    host: Host | None = None


def enter(host: Host | None) -> None:
    """Let clips of elsewhere belong to the conversation of a host, or to none."""
    _Here.host = host


def host() -> Host | None:
    """Return who is in this process's conversation, if anybody is."""
    return _Here.host


def settle(clip: Clip) -> None:
    """Let a clip belong to this kernel's conversation, if there is one."""
    if _Here.host is not None:
        _Here.host.adopt(clip)
