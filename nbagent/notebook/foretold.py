"""What `%nbagent <command> --dry-run` says: what would be done, or what is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from nbagent.caching import step_caching
from nbagent.conversation.foretold import Foretold
from nbagent.errors import SpecError
from nbagent.notebook.options import number

if TYPE_CHECKING:
    from nbagent.notebook.magics import AgentMagics


def foretell(name: str, words: list[str], magics: AgentMagics) -> str:
    """Return what a command would do; nothing where its help says it all.

    Raises:
        SpecError: What the command would be refused with.
    """
    tell = _TELLS.get(name)
    return (tell(magics, words) or "") if tell else ""


def limit_s(word: str) -> float:
    """Return the seconds of `%nbagent limit` or `timeout`; 0 is none.

    Raises:
        SpecError: If it is no number of seconds, nor `off`.
    """
    return 0.0 if word == "off" else number(1, 1e6)(word)


def check_trust(word: str) -> None:
    """Refuse what is neither `on` nor `off`."""
    if word not in ("on", "off"):
        raise SpecError(f"trust got {word!r}: write %nbagent trust on, or off")


def _acts(magics: AgentMagics) -> Foretold:
    return Foretold(magics.session().record)


def _connect(_magics: AgentMagics, words: list[str]) -> str | None:
    from nbagent.conversation.discovery import found

    if words:
        return None
    there = found()
    line = f"would connect {there.first[0]}" if there.first else ""
    return "\n".join(filter(None, (line, there.told())))


def _use(_magics: AgentMagics, words: list[str]) -> None:
    from nbagent.conversation.chosen import card_here

    if not words[0].startswith("brain="):
        card_here(words[0])


def _cache(magics: AgentMagics, words: list[str]) -> None:
    from nbagent.conversation.chosen import caches

    caches(magics.session().settings.model, step_caching(words[0]))


def _limit(_magics: AgentMagics, words: list[str]) -> None:
    limit_s(words[0])


def _trust(_magics: AgentMagics, words: list[str]) -> None:
    check_trust(words[0])


def _panel(_magics: AgentMagics, words: list[str]) -> None:
    from nbagent.notebook.dock import check_place

    check_place(words[0] if words else None)


def _export(_magics: AgentMagics, words: list[str]) -> None:
    from nbagent.notebook.export import check_kind

    check_kind(*words or ["md"])


_TELLS: Final[Mapping[str, Callable[[AgentMagics, list[str]], str | None]]] = {
    "save": lambda magics, words: _acts(magics).save(*words),
    "cancel": lambda magics, words: _acts(magics).cancel(words),
    "keep": lambda magics, words: _acts(magics).keep(words),
    "pause": lambda magics, words: _acts(magics).pause(words),
    "resume": lambda magics, words: _acts(magics).resume(words),
    "undo": lambda magics, _: magics.step("undo", is_dry=True),
    "redo": lambda magics, _: magics.step("redo", is_dry=True),
    "use": _use,
    "cache": _cache,
    "limit": _limit,
    "timeout": _limit,
    "rename": lambda magics, words: _acts(magics).rename(words[0], " ".join(words[1:])),
    "delete": lambda magics, words: _acts(magics).delete(words),
    "connect": _connect,
    "trust": _trust,
    "panel": _panel,
    "export": _export,
}
