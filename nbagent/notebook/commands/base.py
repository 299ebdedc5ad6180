"""One word after `%nbagent`: how it is written, what it does, what it would do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from nbagent.notebook.speaker import Speaker

ANY: Final = 10_000  # words of a line; as many clips as one can name


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One word after `%nbagent`.

    Attributes:
        usage: What follows it.
        help: What it does, as the list of commands says it.
        run: Does it, and returns what is to be shown.
        arguments: The fewest words that follow it, and the most.
        acts: Whether it changes anything, so that `--dry-run` does not run it.
        tell: Says what it would do, or raises what it would be refused with; nothing
            where its help says it all.
    """

    usage: str = ""
    help: str
    run: Callable[[Speaker, list[str]], str]
    arguments: tuple[int, int] = (0, 0)
    acts: bool = False
    tell: Callable[[Speaker, list[str]], str | None] | None = None
