"""What a finished clip's card offers to do next, in words that can be said as they are.

Which acts suit a kind of clip is a matter of taste, and written down here. Whether one
of them can be done to this very clip is found out by a dry run of its words, so that a
card offers nothing that would be refused, would change nothing or would be read as
something else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, Literal

from nbagent.acts import ACTS
from nbagent.conversation.reply import Reply
from nbagent.errors import NbagentError
from nbagent.take import Take

if TYPE_CHECKING:
    from nbagent.charts.table import Table

MAX_STEPS: Final = 3
"""On a card."""

Kind = Literal["scene", "still", "story", "chart", "footage"]
Step = tuple[str, str]  # the kind of an act, and the words that ask for it

_SLOWER: Final[Step] = ("speed", "slower")
_LOOP: Final[Step] = ("loop", "loop it")
_TAKES: Final[Step] = ("reseed", "4 takes")
_NIGHT: Final[Step] = ("time", "at night")
_DAWN: Final[Step] = ("time", "at dawn")
_BACKWARDS: Final[Step] = ("reverse", "play it backwards")
_ZOOM: Final[Step] = ("camera", "zoom in")

STEPS: Final[dict[Kind, tuple[Step, ...]]] = {
    "scene": (_NIGHT, _LOOP, _TAKES, _DAWN, _SLOWER, _ZOOM),
    "still": (_ZOOM, _NIGHT, _TAKES, _DAWN),
    "story": (_NIGHT, _LOOP, _SLOWER, _BACKWARDS),
    "chart": (("theme", "dark"), _SLOWER, ("sort", "sort it"), ("theme", "light")),
    "footage": (_SLOWER, _LOOP, _BACKWARDS, _ZOOM),
}
"""What is tried for each kind of clip, the likeliest wish first."""

_FINAL: Final[Step] = ("quality", "final quality")


def next_steps(
    take: Take, consider: Callable[[str], Reply], table: Table | None = None
) -> Iterator[str]:
    """Find what may be said of a clip next; whoever has enough stops asking.

    Args:
        take: The clip's.
        consider: Says what a turn about that clip would come to, as a dry run.
        table: What a chart shows.
    """
    tried = dict.fromkeys(_tried(take, table))
    had = {effect.kind for effect in take.effects}  # to do it twice is no likely wish
    return (
        words
        for kind, words in tried
        if kind not in had and _does(kind, words, take, consider)
    )


def _tried(take: Take, table: Table | None) -> Iterator[Step]:
    if take.quality == "draft":
        yield _FINAL
    first, *rest = STEPS[_kind(take)]
    yield first
    if table is not None and (name := _largest(table)):
        yield ("highlight", f"highlight {name}")
    yield from rest


def _kind(take: Take) -> Kind:
    if take.chart is not None:
        return "chart"
    if take.operation == "join":
        return "story"
    if take.move is not None or take.operation == "open" or not take.prompt:
        return "footage"
    return "still" if take.num_frames == 1 else "scene"


def _largest(table: Table) -> str:
    """Return what the largest number of a table belongs to, if one word says that."""
    names = next((c.texts for c in table.columns if c.kind == "text"), [])
    numbers = next((c for c in table.columns if c.kind == "number"), None)
    if numbers is None:
        return ""
    rows = zip(numbers.values, names, numbers.known, strict=False)
    known = [(value, word) for value, word, is_known in rows if is_known and word]
    word = str(max(known)[1]) if known else ""
    return word if word.isalnum() and len(word) <= 20 else ""


def _does(kind: str, words: str, take: Take, consider: Callable[[str], Reply]) -> bool:
    """Return whether words are read as one act of a kind, which loses nothing."""
    try:
        reply = consider(words)
    except NbagentError:
        return False
    acts = reply.plan.acts
    is_whole = not any(note.endswith(".") for note in reply.notes)
    is_meant = len(acts) == 1 and isinstance(acts[0], ACTS[kind])
    if reply.plan.intent != "refine" or not reply.takes:
        return False
    # Of a draft anything makes a final, and so another clip.
    is_new = kind != "time" or reply.takes[0].prompt != take.prompt
    return is_meant and is_whole and is_new
