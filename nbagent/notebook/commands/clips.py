"""`%nbagent` commands about clips and what is being rendered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from nbagent.conversation.foretold import Foretold
from nbagent.notebook.commands.base import ANY, Command

if TYPE_CHECKING:
    from nbagent.notebook.speaker import Speaker


def _clips(speaker: Speaker, _words: list[str]) -> str:
    session = speaker.session()
    lines = [session.record.facts(row.name) for row in session.rows()]
    return "\n".join(lines) or "no clips yet: try %agent a red ball crosses the beach"


def _jobs(speaker: Speaker, _words: list[str]) -> str:
    session = speaker.session()
    left = session.whole.take_up()  # by a kernel that has ended meanwhile
    return "\n".join(filter(None, [left, session.record.status()]))


def _lineage(speaker: Speaker, words: list[str]) -> str:
    return speaker.session().record.lineage(words[0])


def _cancel(speaker: Speaker, words: list[str]) -> str:
    return speaker.session().hands.cancel(tuple(words))


def _keep(speaker: Speaker, words: list[str]) -> str:
    return speaker.session().hands.keep(tuple(words))


def _pause(speaker: Speaker, words: list[str]) -> str:
    return speaker.session().hands.pause(tuple(words))


def _resume(speaker: Speaker, words: list[str]) -> str:
    return speaker.session().hands.resume(tuple(words))


def _save(speaker: Speaker, words: list[str]) -> str:
    return speaker.session().hands.save(*words)


def _rename(speaker: Speaker, words: list[str]) -> str:
    return speaker.session().hands.rename(words[0], " ".join(words[1:]))


def _delete(speaker: Speaker, words: list[str]) -> str:
    return speaker.session().hands.delete(tuple(words))


def _foretold(speaker: Speaker) -> Foretold:
    return Foretold(speaker.session().record)


COMMANDS: Final[Mapping[str, Command]] = {
    "clips": Command(help="list this conversation's clips", run=_clips),
    "jobs": Command(help="show what is being rendered", run=_jobs),
    "lineage": Command(
        usage="CLIP",
        help="show where a clip comes from",
        run=_lineage,
        arguments=(1, 1),
    ),
    "cancel": Command(
        usage="[CLIP ...]",
        help="stop these clips, or everything that is running",
        run=_cancel,
        arguments=(0, ANY),
        acts=True,
        tell=lambda speaker, words: _foretold(speaker).cancel(words),
    ),
    "keep": Command(
        usage="[CLIP ...]",
        help="end these clips early and keep them as they look then",
        run=_keep,
        arguments=(0, ANY),
        acts=True,
        tell=lambda speaker, words: _foretold(speaker).keep(words),
    ),
    "pause": Command(
        usage="[CLIP ...]",
        help="pause these clips, or everything that is running, after the current step",
        run=_pause,
        arguments=(0, ANY),
        acts=True,
        tell=lambda speaker, words: _foretold(speaker).pause(words),
    ),
    "resume": Command(
        usage="[CLIP ...]",
        help="continue these clips, or everything that is paused",
        run=_resume,
        arguments=(0, ANY),
        acts=True,
        tell=lambda speaker, words: _foretold(speaker).resume(words),
    ),
    "save": Command(
        usage="CLIP [FILE]",
        help="save a clip as mp4, webm, gif, webp, or a folder of frames",
        run=_save,
        arguments=(1, 2),
        acts=True,
        tell=lambda speaker, words: _foretold(speaker).save(*words),
    ),
    "rename": Command(
        usage="CLIP NAME",
        help="give a clip a second name of your choice",
        run=_rename,
        arguments=(2, ANY),
        acts=True,
        tell=lambda speaker, words: _foretold(speaker).rename(
            words[0], " ".join(words[1:])
        ),
    ),
    "delete": Command(
        usage="CLIP ...",
        help="delete these clips and their files",
        run=_delete,
        arguments=(1, ANY),
        acts=True,
        tell=lambda speaker, words: _foretold(speaker).delete(words),
    ),
}
