"""`%nbagent` commands that choose: models, limits, what a language model may do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from nbagent.conversation import choices
from nbagent.conversation.stopping import released
from nbagent.errors import SpecError
from nbagent.notebook.commands.base import Command
from nbagent.notebook.options import on_or_off, seconds_or_off
from nbagent.settings import Refined, read_refined
from nbagent.take.caching import step_caching

if TYPE_CHECKING:
    from nbagent.notebook.speaker import Speaker


def _connect(speaker: Speaker, words: list[str]) -> str:
    with released():  # without a name it looks for one
        return speaker.session().brains.connect(*words)


def _tell_connect(_speaker: Speaker, words: list[str]) -> str | None:
    from nbagent.conversation.discovery import found

    if words:
        return None
    there = found()
    line = f"would connect {there.first[0]}" if there.first else ""
    return "\n".join(filter(None, (line, there.told())))


def _use(speaker: Speaker, words: list[str]) -> str:
    if words[0].startswith("brain="):
        return _connect(speaker, [words[0].removeprefix("brain="), *words[1:]])
    if len(words) > 1:
        raise SpecError(
            f"use does not take {words[1]!r} here: a URL goes with brain=MODEL"
        )
    return speaker.session().choose(choices.use(words[0]))


def _tell_use(_speaker: Speaker, words: list[str]) -> None:
    from nbagent.conversation.model_choice import card_here

    if not words[0].startswith("brain="):
        card_here(words[0])


def _cache(speaker: Speaker, words: list[str]) -> str:
    return speaker.session().choose(choices.cache(step_caching(words[0])))


def _tell_cache(speaker: Speaker, words: list[str]) -> None:
    from nbagent.conversation.model_choice import caches

    caches(speaker.session().settings.model, step_caching(words[0]))


def _limit(speaker: Speaker, words: list[str]) -> str:
    return speaker.session().choose(choices.limit(seconds_or_off(words[0])))


def _trust(speaker: Speaker, words: list[str]) -> str:
    return speaker.session().choose(choices.trust(acts=on_or_off(words[0])))


def _timeout(speaker: Speaker, words: list[str]) -> str:
    return speaker.session().choose(choices.timeout(seconds_or_off(words[0])))


def _refined(speaker: Speaker, words: list[str]) -> str:
    return speaker.session().choose(choices.refined(_where(words[0])))


def _tell_refined(_speaker: Speaker, words: list[str]) -> None:
    _where(words[0])


def _where(word: str) -> Refined:
    return read_refined(word, f"refined got {word!r}, which")


def _tell_seconds(_speaker: Speaker, words: list[str]) -> None:
    seconds_or_off(words[0])


def _tell_trust(_speaker: Speaker, words: list[str]) -> None:
    on_or_off(words[0])


COMMANDS: Final[Mapping[str, Command]] = {
    "connect": Command(
        usage="[PROVIDER:MODEL | MODEL URL]",
        help="connect a language model; without a name, look for one here",
        run=_connect,
        arguments=(0, 2),
        acts=True,
        tell=_tell_connect,
    ),
    "use": Command(
        usage="MODEL | brain=PROVIDER:MODEL [URL]",
        help=(
            "choose the model that renders (pocket, a folder, a hub id), or with"
            " brain= the one that answers"
        ),
        run=_use,
        arguments=(1, 2),
        acts=True,
        tell=_tell_use,
    ),
    "cache": Command(
        usage="THRESHOLD|sea:THRESHOLD|off",
        help="shorten steps that change little: faster, with a slightly different clip",
        run=_cache,
        arguments=(1, 1),
        acts=True,
        tell=_tell_cache,
    ),
    "limit": Command(
        usage="SECONDS|off",
        help="ask before a turn that is expected to take longer than this",
        run=_limit,
        arguments=(1, 1),
        acts=True,
        tell=_tell_seconds,
    ),
    "trust": Command(
        usage="on|off",
        help="let a language model act without your yes, or have it ask you first",
        run=_trust,
        arguments=(1, 1),
        acts=True,
        tell=_tell_trust,
    ),
    "refined": Command(
        usage="output|cell|off",
        help="keep clips that you make by mouse in an output, in cells, or not at all",
        run=_refined,
        arguments=(1, 1),
        acts=True,
        tell=_tell_refined,
    ),
    "timeout": Command(
        usage="SECONDS|off",
        help="how long a language model may take for a turn",
        run=_timeout,
        arguments=(1, 1),
        acts=True,
        tell=_tell_seconds,
    ),
}
