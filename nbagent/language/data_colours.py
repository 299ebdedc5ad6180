"""Which words of a turn about data are whose colour: "draw oncology in blue".

A colour that stands beside a value of the data is that value's own, in any language; one
that stands alone is all of the chart's. So the value is not heard as standing out too,
unless a word of the lists says so. A word beside a value that is nearly a colour is taken
for one, so that whoever draws says that there is none of the name.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, Final

from nbagent.charts.names import same, words
from nbagent.charts.table import Table
from nbagent.language import data_values as values
from nbagent.language.clauses import codes
from nbagent.language.data_columns import named
from nbagent.language.data_labels import COLUMNS
from nbagent.language.data_scores import Heard, Run
from nbagent.language.data_words import items_of
from nbagent.language.found import find
from nbagent.language.guess import DEFAULT
from nbagent.language.lexicon import lexicon
from nbagent.language.quotes import quoted
from nbagent.language.spans import meets
from nbagent.take.chart import Chart

_APART: Final = frozenset({"verb", "act", "move", "turn", "order"})
"""What begins something else, where it stands between two values."""
_KEPT: Final = ("keep",)  # "make maternity vert"
"""What words are heard as, that name values: where they are none, they may be colours."""
_LEAST: Final = 4  # letters of a word that is nearly a colour
_LONG: Final = 7  # letters of one that may be a blend: "blurple"
_NEAR: Final = 0.82  # of its letters are in order: one more or less, but no other
_NEAR_LONG: Final = 0.75
_NEAR_FOREIGN: Final = 0.85


@dataclass(frozen=True, slots=True)
class Own:
    """Colours of single values.

    Attributes:
        of: The values.
        colours: Of each.
    """

    of: tuple[str, ...]
    colours: tuple[str, ...]


@dataclass(slots=True)
class _Block:
    """Neighbouring runs that are values, or colours.

    Attributes:
        said: The values, or the colours, that they are.
    """

    is_colour: bool
    runs: list[Run]
    said: list[str]


class Owners:
    """Tells whose colours are said.

    Args:
        heard: The turn.
        table: What is shown; a figure has no values.
        chart: How it is shown now; None for one that is new.

    Attributes:
        heard: The turn, with the words of each value and its colour as one run.
        lost: Colours of which nothing is said.
    """

    def __init__(self, heard: Heard, table: Table | None, chart: Chart | None) -> None:
        self._heard, self._table, self._chart = heard, table, chart
        self._starts = {one.start for one in heard.runs}
        self._own: dict[int, Own] = {}
        self.lost: list[str] = []
        self.heard = heard
        if table is not None and heard.runs:
            runs = tuple(self._paired())
            self.heard = replace(heard, runs=runs, said=self._said())
        elif table is not None:
            self.lost += [heard.text[a:b] for a, b in self._strange(())]

    def _said(self) -> dict[str, str]:
        """Return what is said as a whole; "draw oncology in blue" is no entrance."""
        said = dict(self._heard.said)
        verbs = [
            one.end
            for one in items_of(self._heard.text, self._table)
            if one.role in ("move", "verb")
        ]
        drawn = any(
            not self._heard.text[end:start].strip()
            for end in verbs
            for start in self._own
        )
        if drawn and self._chart is not None and said.get("move") == "draw":
            del said["move"]
        return said

    def acts(self, runs: Sequence[Run]) -> Iterator[dict[str, Any]]:
        """Yield what is said by neighbouring runs of colours."""
        # One letter of a script without spaces is heard by the way.
        said = [values.unquoted(one.text) for one in runs if one.start not in self._own]
        if found := [c for one in said if len(one) > 1 for c in values.colours(one)]:
            yield {"act": "theme", "colors": found}
        own = [self._own[one.start] for one in runs if one.start in self._own]
        if own:
            yield {
                "act": "theme",
                "colors": [colour for one in own for colour in one.colours],
                "of": [name for one in own for name in one.of],
            }

    def _paired(self) -> Iterator[Run]:
        """Yield the runs, with those of each value and its colour as one."""
        blocks = [*self._blocks()]
        at = 0
        while at < len(blocks):
            block = blocks[at]
            if isinstance(block, Run):
                yield block
            elif self._is_pair(blocks, at):
                after = blocks[at + 1]
                assert isinstance(after, _Block)
                yield from self._joined(block, after)
                at += 1
            else:
                yield from (one for one in block.runs if one.start in self._starts)
                self.lost += [
                    one.text
                    for one in block.runs
                    if one.start not in self._starts and one.tag == "lost"
                ]
            at += 1

    def _joined(self, one: _Block, other: _Block) -> Iterator[Run]:
        """Yield the run of some values and their colours, and what stands out."""
        owners, colours = (other, one) if one.is_colour else (one, other)
        if self._stands_out(one, other):
            yield from owners.runs
        count = len(owners.said)
        own = [*colours.said, *[colours.said[-1]] * count][:count]
        self.lost += colours.said[count:]
        start, end = one.runs[0].start, other.runs[-1].end
        self._own[start] = Own(tuple(owners.said), tuple(own))
        text = self._heard.text[start:end]
        yield Run("colours", text, start, end, one.runs[0].state)

    def _is_pair(self, blocks: Sequence[Run | _Block], at: int) -> bool:
        """Return whether a block and the next are values and their colours."""
        own = itertools.takewhile(lambda one: isinstance(one, _Block), blocks[at:])
        rest = [one for one in own if isinstance(one, _Block)]
        if len(rest) < 2 or rest[0].is_colour == rest[1].is_colour:
            return False
        one, other = rest[:2]
        starts = {own.start for own in (*one.runs, *other.runs)}
        if starts - self._starts:  # heard by the lists alone
            return not self._stands_out(one, other)
        if not one.is_colour:
            return True
        # "red for cardiology"; in "all red, cardiology blue" the second has its own.
        kinds = [block.is_colour for block in rest]
        turns = [a for a, b in itertools.pairwise(kinds) if a != b]
        return not kinds[len(turns)] and not self._lights(
            one.runs[0].start, self._next(other)
        )

    def _stands_out(self, one: _Block, other: _Block) -> bool:
        """Return whether a word says that values stand out, beside their colour."""
        before = [r.end for r in self._heard.runs if r.end <= one.runs[0].start]
        return self._lights(max(before, default=0), other.runs[-1].end)

    def _next(self, block: _Block) -> int:
        """Return where what is said after a block begins."""
        end = block.runs[-1].end
        after = [r.start for r in self._heard.runs if r.start >= end]
        return min(after, default=len(self._heard.text))

    def _lights(self, start: int, end: int) -> bool:
        items = items_of(self._heard.text, self._table)
        own = [one for one in items if one.start < end and one.end > start]
        return any(one.role == "act" and one.value == "highlight" for one in own)

    # Values and colours

    def _blocks(self) -> Iterator[Run | _Block]:
        """Yield the runs, neighbours that are values or colours together."""
        last: _Block | None = None
        text, (first, *_) = self._heard.text, self._heard.runs
        unheard = self._unheard()
        unheard += [
            Run("lost", text[start:end], start, end, first.state)
            for start, end in self._strange((*self._heard.runs, *unheard))
        ]
        for run in sorted((*self._heard.runs, *unheard), key=_start):
            if run.tag in _KEPT and self._is_one(run):
                run = replace(run, tag="colours")
            block = self._block(run)
            if block is None:
                if last:
                    yield last
                last = None
                yield run
            elif (
                last and last.is_colour == block.is_colour and self._goes_on(last, run)
            ):
                last.runs += block.runs
                last.said += block.said
            else:
                if last:
                    yield last
                last = block
        if last:
            yield last

    def _unheard(self) -> list[Run]:
        """Return the colours of the lists that were not heard as anything."""
        text, runs = self._heard.text, self._heard.runs
        taken = [(one.start, one.end) for one in runs]
        taken += [(one.start, one.end) for one in quoted(text)]
        return [
            Run("colours", text[c.start : c.end], c.start, c.end, runs[0].state)
            for c in find(text)
            if c.kind == "colour"
            and not any(start < c.end and end > c.start for start, end in taken)
        ]

    def _strange(self, taken: Sequence[Run]) -> list[tuple[int, int]]:
        """Return where words are that nothing was made of, and that are colours.

        Those of other languages are, of CSS, and what is nearly one, unless the turn
        says its colours otherwise: "colora" is no coral.
        """
        text = self._heard.text
        if any(own.tag == "colours" for own in taken):
            return []
        return [
            (one.start, one.end)
            for one in items_of(text, self._table)
            if one.role == "unknown"
            and not meets(one, taken)
            and _is_hue(text[one.start : one.end])
        ]

    def _is_one(self, run: Run) -> bool:
        """Return whether words that were heard as a value are a colour, and no value."""
        is_hue = _is_hue(values.unquoted(run.text))
        return is_hue and not self._values(run) and not self._is_other(run)

    def _block(self, run: Run) -> _Block | None:
        """Return a run as a value or a colour; None if it is neither."""
        is_strange = run.tag == "lost" and run.start not in self._starts
        if run.tag == "colours" or is_strange:
            named_as = [] if _colours_in(run.text) else self._values(run)
            return _Block(not named_as, [run], named_as or _coloured(run.text))
        if run.tag not in ("highlight", *COLUMNS) and not self._is_meant(run):
            return None
        if own := self._values(run):
            return _Block(False, [run], own)
        if run.tag != "highlight" or self._is_other(run):
            return None
        is_colour = any(one.kind == "colour" for one in find(run.text))
        said = _coloured(run.text) if is_colour else [values.unquoted(run.text)]
        return _Block(is_colour, [run], said)

    def _is_meant(self, run: Run) -> bool:
        """Return whether a value that is to stay is merely named: no word says "only"."""
        items = items_of(self._heard.text, self._table)
        is_only = any(one.role == "act" and one.value == "only" for one in items)
        return run.tag == "keep" and not is_only and self._chart is not None

    def _values(self, run: Run) -> list[str]:
        """Return the values that words are; of several columns shown, those."""
        assert self._table is not None
        said = values.unquoted(run.text)
        last = self._chart.views[-1] if self._chart else None
        if last and last.also and named(said, self._table) in (last.y, *last.also):
            return [named(said, self._table)]
        found = values.named_in(self._heard.text, run.start, run.end, self._table)
        if found:
            return [value for _, value in found]
        shown = {last.group, last.colour, last.x} & {*self._table.names} if last else ()
        for name in shown:  # "2024", where years tell series apart
            if own := same(said, words(self._table[name])):
                return [own]
        near = values.value(said, self._table) if run.tag == "highlight" else None
        return [near[1]] if near else []

    def _is_other(self, run: Run) -> bool:
        """Return whether words that are no value are a column, or a time."""
        assert self._table is not None
        if named(run.text, self._table):
            return True
        along = self._chart.views[-1].x if self._chart else ""
        return values.places(run.text, self._table, along) is not None

    def _goes_on(self, block: _Block, run: Run) -> bool:
        """Return whether nothing else begins between a block and a run."""
        start, end = block.runs[-1].end, run.start
        items = items_of(self._heard.text, self._table)
        between = (one for one in items if one.start >= start and one.end <= end)
        return not any(one.role in _APART for one in between)


def _start(run: Run) -> int:
    return run.start


def _coloured(said: str) -> list[str]:
    """Return the colours that some words are, or else the words."""
    return _colours_in(said) or [values.unquoted(said)]


def _colours_in(said: str) -> list[str]:
    found = [str(one.value) for one in find(said) if one.kind == "colour"]
    return [str(one.value) for one in codes(said)] or found


def _is_hue(said: str) -> bool:
    """Return whether words are a colour of a language or of CSS, or nearly one."""
    found = [one for one in find(said) if one.kind == "colour"]
    if any(one.end - one.start == len(said) for one in found):
        return True
    plain = said.casefold()
    if len(plain) < _LEAST or not plain.isalpha() or plain in _listed():
        return False
    english, foreign = _colours()
    near = _NEAR if len(plain) < _LONG else _NEAR_LONG
    return bool(
        get_close_matches(plain, english, 1, near)
        or get_close_matches(plain, foreign, 1, _NEAR_FOREIGN)
    )


@functools.cache
def _colours() -> tuple[frozenset[str], frozenset[str]]:
    """Return the colours of one word, in English and CSS, and in all languages."""
    from PIL import ImageColor  # noqa: PLC0415  few turns need it

    rows = [one for rows in lexicon().values() for one in rows]
    single = [o for o in rows if o.table == "colors" and len(o.words) == 1]
    english = (one.words[0] for one in single if one.lang == DEFAULT)
    return (
        frozenset((*english, *ImageColor.colormap)),
        frozenset(one.words[0] for one in single),
    )


@functools.cache
def _listed() -> frozenset[str]:
    """Return every word of the lists, whatever they are about."""
    return frozenset(
        word for rows in lexicon().values() for one in rows for word in one.words
    )
