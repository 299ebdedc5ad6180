"""Turns about data in motion: which data is meant, and what is asked of it.

What is asked is learnt (`data_scores`); which words are a column, a value, a number or a
time is known by the table and the grammar. What is of something else is handed back.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from nbagent.charts.names import fold
from nbagent.language import cameras
from nbagent.language.data_acts import Teller
from nbagent.language.data_runs import clip_named, without_clips
from nbagent.language.data_scores import Heard, heard
from nbagent.language.data_slips import Slip, righted
from nbagent.language.data_sure import sure
from nbagent.language.data_words import bare, items_of
from nbagent.language.found import Found, find
from nbagent.language.heads import HeadEncoder
from nbagent.language.seen import pointed
from nbagent.language.spans import blanked
from nbagent.language.state import SHOWN, ClipInfo, State, Variable
from nbagent.language.tokens import script

_TABLES: Final = 40  # variables, of which one may be meant by its columns
_NAME: Final = 2  # letters of a variable that is meant by its plain name
# How likely a new chart must be: of data that is named, or not.
_SURE: Final = 0.5
_SURER: Final = 0.7
_MOVING: Final = frozenset({"move", "turns"})  # heads that speak of parts
_DRAWN: Final = ("Figure", "Axes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a turn says of data.

    Attributes:
        acts: As the labelled turns have them.
        name: The variable that is shown; empty for a change of a clip.
        is_told: Whether the turn says which one that is: its name, or its columns.
        clips: The clips that are named.
        rest: The words that are of something else.
        unread: Words that no chart can show.
        guesses: Words that name no column, and the columns that they might mean.
        took: Words that likely mean a column, and others that they might mean.
    """

    acts: tuple[dict[str, Any], ...]
    name: str = ""
    is_told: bool = False
    clips: tuple[str, ...] = ()
    rest: str = ""
    unread: tuple[str, ...] = ()
    guesses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    took: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Subject:
    """The data that a turn may be about.

    Attributes:
        name: Of the variable.
        is_named: Whether it is named, or pointed at.
        is_told: Whether it is clear which one is meant.
    """

    name: str
    is_named: bool
    is_told: bool


def read(text: str, state: State, by: Callable[[], HeadEncoder]) -> Said | None:
    """Return what a turn says of data in motion; None if that is nothing.

    Args:
        text: The turn.
        state: What it is read against: tables of the notebook, and charts of clips.
        by: Returns what hears it; nobody asks where there is no data.
    """
    tables = [own for name in _names(state) if (own := state.table(name)) is not None]
    slips: tuple[Slip, ...] = ()
    text = blanked(text, _files(text))
    if tables:
        names = [one.name for one in state.variables]
        done = righted(text, names, tables, lambda word: by().low.turn(word)[0])
        text, slips = done.text, done.slips
    clip = _meant(text, state)
    chart = None if clip is None else clip.chart
    subject = _subject(text, state)
    shown = "no chart"
    if chart is not None:
        shown = "figure's chart" if chart.is_figure else "chart"

    clips = {name for one in state.clips for name in one.names}
    said = [one for one in find(text) if clip_named(one) in clips]
    plain = text if chart is None else blanked(text, said)

    @functools.cache
    def hear(name: str) -> Heard:
        table = state.table(name)
        is_figure = table is None
        told = heard(plain, table, shown=shown, is_figure=is_figure, by=by())
        told = replace(without_clips(told, clips), text=text, slips=slips)
        return sure(told, table, chart)

    # A change is said in the words of what is shown, something new in those of its data.
    change = None
    if clip is not None and chart is not None:
        told = hear(clip.ref)
        is_new = subject is not None and (subject.is_named or told.kinds["new"] > _SURE)
        is_told = bool(said) and not (subject is not None and subject.is_named)
        is_new &= not is_told
        # Nothing new is shown of a clip that is named.
        share = told.kinds["change"] + is_told * told.kinds["new"]
        if share >= _SURE:
            change = _changed(told, clip, state)
            if not is_new:
                return change
    return _new(text, state, subject, hear) or change


def redrawn(
    text: str, state: State, by: Callable[[], HeadEncoder], clips: Collection[str]
) -> Said | None:
    """Return what a change of a chart says of it that a model would have to draw anew.

    Args:
        text: The turn.
        state: What it is read against.
        by: Returns what hears it.
        clips: Those that it was heard to change.
    """
    clip = _meant(text, state)
    if state.has_model or clip is None or clip.chart is None or clip.ref not in clips:
        return None
    table = state.table(clip.ref)
    is_figure = clip.chart.is_figure
    shown = "figure's chart" if is_figure else "chart"
    told = heard(text, table, shown=shown, is_figure=is_figure, by=by())
    said = _changed(sure(told, table, clip.chart), clip, state)
    return None if said is None else replace(said, rest="")


def _files(text: str) -> Iterator[Found]:
    """Yield the names of files: "figures/south.gif" speaks of no value `South`."""
    for one in find(text):
        if one.kind == "format" and text[one.start] == ".":
            yield replace(one, start=text.rfind(" ", 0, one.start) + 1)


def _new(
    text: str, state: State, subject: _Subject | None, hear: Callable[[str], Heard]
) -> Said | None:
    """Return what a turn says of a table or a figure of the notebook that is to move."""
    if subject is None:
        return None
    subject = _better(hear(subject.name), subject, state)
    told, table = hear(subject.name), state.table(subject.name)
    if table is None and not told.said.keys() & _MOVING and cameras.read(text).is_sure:
        return None  # a camera goes over a figure, as over any picture
    if told.kinds["new"] < (_SURE if subject.is_named else _SURER):
        return None
    teller = Teller(told, table, None, state.called, subject.name)
    return Said(
        acts=tuple(teller.acts()),
        name=subject.name,
        is_told=subject.is_told,
        rest=teller.rest,
        unread=teller.lost,
        guesses=teller.guesses,
        took=teller.took,
    )


def _changed(told: Heard, clip: ClipInfo, state: State) -> Said | None:
    """Return what a turn says of a clip that shows data."""
    teller = Teller(told, state.table(clip.ref), clip.chart, state.called)
    acts = teller.acts()
    if not acts:  # of what any clip can be told, the reader knows
        return None
    return Said(
        acts=tuple(acts),
        clips=(clip.ref,),
        rest=teller.rest,
        unread=teller.lost,
        guesses=teller.guesses,
        took=teller.took,
    )


def _meant(text: str, state: State) -> ClipInfo | None:
    """Return the clip that a turn is about, as far as these words say."""
    if named := [name for one in find(text) if (name := clip_named(one))]:
        found = (one for name in named for one in state.clips if name in one.names)
        return next(found, None)
    return state.latest


# Which data


def _names(state: State) -> Iterator[str]:
    """Yield what a turn's tables may be called: variables, and the latest clip."""
    yield from (one.name for one in state.variables[-_TABLES:])
    if state.latest is not None and state.latest.chart is not None:
        yield state.latest.ref


def _subject(text: str, state: State) -> _Subject | None:
    """Return the variable that a turn may be about."""
    found = [bare(one.value[0]) for one in find(text) if one.kind == "mention"]
    if found:
        known = [name for name in found if _is_data(name, state)]
        return _Subject(known[0], True, True) if len(found) == 1 and known else None
    if (shown := pointed(text, state)) is not None:
        name = shown.value[0]
        return _Subject(name, True, False) if _is_data(name, state) else None
    tables = [one for one in state.variables[-_TABLES:] if state.table(one.name)]
    said = set(_plain_names(text))
    called = [
        one.name
        for one in tables
        if one.name.casefold() in said and len(one.name) >= _NAME
    ]
    if len(called) == 1:
        return _Subject(called[0], True, True)
    counted = {one.name: _columns_in(text, one, state) for one in tables}
    most = max(counted.values(), default=0)
    best = [name for name, count in counted.items() if count == most]
    if best:
        return _Subject(best[-1], False, len(best) == 1)
    drawn = [one.name for one in state.variables if one.type in _DRAWN]
    if SHOWN in drawn:  # what was shown last, of whatever variable
        return _Subject(SHOWN, False, True)
    return _Subject(drawn[-1], False, len(drawn) == 1) if drawn else None


def _columns_in(text: str, one: Variable, state: State) -> int:
    """Return how many columns and values of a table are named."""
    items = items_of(text, state.table(one.name))
    columns = {i.value.name for i in items if i.role == "column"}
    return len(columns | {i.value for i in items if i.role == "value"})


def _better(told: Heard, subject: _Subject, state: State) -> _Subject:
    """Return the table whose name has a word of those that say which data is meant."""
    if subject.is_named:
        return subject
    said = {fold(w) for run in told.of("data") for w in _plain_names(run.text)}
    found = [
        one.name
        for one in state.variables[-_TABLES:]
        if state.table(one.name) and said & set(map(fold, one.name.split("_")))
    ]
    if len(found) == 1:
        return _Subject(found[0], True, True)
    return _Subject(subject.name, bool(told.of("data")), subject.is_told)


def _plain_names(text: str) -> Iterator[str]:
    """Yield what of a turn could be a variable's name, without a sign before it."""
    for is_name, letters in itertools.groupby(
        text.casefold(),
        lambda char: char == "_" or (char.isalnum() and not script(char)),
    ):
        if is_name:
            yield "".join(letters)


def _is_data(name: str, state: State) -> bool:
    drawn = any(one.name == name and one.type in _DRAWN for one in state.variables)
    return drawn or state.table(name) is not None
