"""The conversation in words, as a language model is sent it and a user may read it.

Of a variable it has the name, the type and the size; what is in it only if the turn names
it with @. Long conversations are told shorter, the newest part in full: no clip is left
out, since any of them may be meant.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Final

from nbagent.conversation.attachments import Attachment
from nbagent.language.state import ClipInfo, State, Variable

THIS_PLOT: Final = "this plot"
"""What the picture that a cell showed last is called there."""

_TURNS: Final = 20  # enough for "it" and "that"; more is cost without use
_CLIPS: Final = 20  # told in full
_BRIEF_CLIPS: Final = 80  # before those, told in a few words; older ones by name
_VARIABLES: Final = 40
_CHARS: Final = 200  # of one line


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of the outline: a heading, and its lines."""

    title: str
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The section as it is sent."""
        return "\n".join((f"{self.title}:", *self.lines))


def sections(
    state: State, named: Collection[str], attachments: Sequence[Attachment]
) -> tuple[Section, ...]:
    """Return what a turn is read against, in the order it is sent.

    Args:
        state: The conversation and the variables.
        named: The clips that the turn names.
        attachments: The variables that it names.
    """
    turns = [f"- {_line(turn)}" for turn in state.turns[-_TURNS:]]
    variables = [
        f"- {_called(v)}: {', '.join(filter(None, (v.type, _size(v, state))))}"
        for v in state.variables[-_VARIABLES:]
    ]
    attached = [line for one in attachments for line in _attached(one)]
    clips = tuple(_clips(state.clips, named))
    told = (
        (_counted("Earlier turns", len(turns), len(state.turns)), tuple(turns)),
        (_counted("Clips", len(state.clips), len(state.clips)), clips),
        (_counted("Variables", len(variables), len(state.variables)), tuple(variables)),
        ("Named in the turn", tuple(attached)),
    )
    return tuple(Section(title=title, lines=lines) for title, lines in told if lines)


def outline(
    state: State,
    named: Collection[str] = (),
    attachments: Sequence[Attachment] = (),
) -> str:
    """Return all sections as one text."""
    return "\n".join(part.text for part in sections(state, named, attachments))


def _called(variable: Variable) -> str:
    return THIS_PLOT if variable.name.startswith("_") else f"@{variable.name}"


def _size(variable: Variable, state: State) -> str:
    clip = state.clip(variable.ref)
    return clip.ref if clip else variable.size


def _counted(title: str, told: int, total: int) -> str:
    return title if told == total else f"{title} (the last {told} of {total})"


def _clips(clips: Sequence[ClipInfo], named: Collection[str]) -> Iterable[str]:
    """Tell the newest clips and those that are named in full, older ones ever shorter."""
    full, brief = clips[-_CLIPS:], clips[-_CLIPS - _BRIEF_CLIPS : -_CLIPS]
    by_name = clips[: -_CLIPS - _BRIEF_CLIPS]
    if by_name:
        yield f"- older, by name: {', '.join(clip.ref for clip in by_name)}"
    yield from (_clip(clip) for clip in by_name if clip.ref in named)
    for clip in brief:
        yield _clip(clip) if clip.ref in named else f"- {clip.ref}: {clip.caption[:40]}"
    yield from map(_clip, full)


def _clip(clip: ClipInfo) -> str:
    origin = f", from {clip.parent}" if clip.parent else ""
    called = f", called {clip.alias}" if clip.alias else ""
    scenes = f", its scenes: {', '.join(_scenes(clip))}" if clip.scenes else ""
    return (
        f"- {clip.ref}{called}: {_line(clip.caption)} ({clip.kind}, {clip.duration_s or 0:.1f}"
        f" s, seed {clip.seed}, {clip.status}{origin}{scenes})"
    )


def _scenes(clip: ClipInfo) -> Iterable[str]:
    for scene, caption in zip_longest(clip.scenes, clip.captions, fillvalue=""):
        yield _line(f"{scene} {caption}".strip())


def _attached(one: Attachment) -> list[str]:
    cut = f", cut to {len(one.text):,} characters" if one.is_cut else ""
    # Each line is marked: what a value says never stands where a heading would.
    lines = [f"  | {line}" for line in one.text.splitlines()]
    return [f"- @{one.name} ({one.type}{cut}):", *lines]


def _line(text: str) -> str:
    return " ".join(text.split())[:_CHARS]
