"""Labelled turns about data in motion as samples, and more that are made of them.

A line of a file: `turn`, `lang`, `kind` ("new", "change" or "other"), the `table` it is said
to (or `figure`), what it says as a whole by the names of the heads, and `spans`: tag, words,
and the column that is meant where those are not its name.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeAlias

from nbagent.charts.intake import table_of
from nbagent.charts.table import Table
from nbagent.errors import SpecError
from nbagent.language import data_labels as known

Columns: TypeAlias = Mapping[str, "str | Sequence[str]"]
Span: TypeAlias = tuple[int, int, str, str]
"""Begin, end, tag, and what is meant."""

_ROWS: Final = 6
_VALUES: Final = ("keep", "out", "highlight", "at")
_ELSE: Final = (
    "seconds",
    "hold",
    "top",
    "colours",
    "title",
    "rest",
    "lost",
    "threshold",
)
_SWAPS: Final = 2  # of a turn, at most
_INTENTS: Final = frozenset(
    "generate_video describe analyze chat control refine ask unsupported".split()
)


@dataclass(frozen=True, slots=True)
class Sample:
    """A turn and what is right of it.

    Attributes:
        text: What is read.
        lang: Its language.
        classes: Of each head.
        spans: Which words are what, in order.
        columns: Of the table that it is said to: values of words, else what kind.
        shown: See `data_labels.cues`.
        is_figure: Whether it is said to a figure.
        is_bound: Whether it is said to a clip that shows no data.
    """

    text: str
    lang: str
    classes: Mapping[str, int]
    spans: tuple[Span, ...]
    columns: Columns
    shown: str = "no chart"
    is_figure: bool = False
    is_bound: bool = False

    @property
    def table(self) -> Table | None:
        """A table with those columns."""
        return None if not self.columns else _table(self.columns)


def read(folder: Path, without: Iterable[str] = ()) -> list[Sample]:
    """Return the samples of a folder's files.

    Raises:
        SpecError: If there are none, or a line is not as it should be.
    """
    out, found = set(without), list[Sample]()
    for file in sorted(folder.glob("*.jsonl")):
        if file.stem in out:
            continue
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            try:
                found.append(sample_of(json.loads(line)))
            except (KeyError, TypeError, ValueError) as error:
                raise SpecError(
                    f"{file}, line {number}: {error!r}; see tests/moves/README.md"
                ) from error
    if not found:
        raise SpecError(
            f"{folder} has no labelled turns: name a folder of .jsonl files"
        )
    return found


def sample_of(record: Mapping[str, Any]) -> Sample:
    """Return a labelled turn as a sample."""
    text, at, spans = record["turn"], 0, list[Span]()
    for tag, said, *meant in record.get("spans", ()):
        start = text.find(said, at)
        start = text.find(said) if start < 0 else start
        if start < 0 or tag not in known.TAGS:
            raise ValueError(f"{tag} {said!r} is not in the turn, or no tag")
        at = start + len(said)
        spans.append((start, at, tag, meant[0] if meant else said))
    shown = "no chart"
    if "shown" in record:
        shown = "figure's chart" if record.get("figure") else "chart"
    return Sample(
        text=text,
        lang=record["lang"],
        classes=known.to_classes(record),
        spans=tuple(spans),
        columns=record.get("table", {}).get("columns", {}),
        shown=shown,
        is_figure=bool(record.get("figure")),
    )


def others(folder: Path, most: int, chance: random.Random) -> list[Sample]:
    """Return turns about something else than data in motion, out of the reader's."""
    found = []
    for file in sorted(folder.glob("*.jsonl")):
        for line in file.read_text("utf-8").splitlines():
            record = json.loads(line)
            kinds = {one["type"] for one in record.get("variables", ())}
            if record["expected"]["intent"] in _INTENTS and not kinds & {
                "Figure",
                "Axes",
            }:
                found.append(
                    Sample(
                        text=record.get("turn") or record["text"],
                        lang=record["lang"],
                        classes=dict.fromkeys(known.HEADS, 0),
                        spans=(),
                        columns={},
                        is_bound=record["expected"]["intent"] == "refine",
                    )
                )
    return chance.sample(found, min(most, len(found)))


class Maker:
    """Makes more turns of those that were written.

    Args:
        samples: Whose words are put into each other.
        chance: Decides.
    """

    def __init__(self, samples: Sequence[Sample], chance: random.Random) -> None:
        self._chance = chance
        self._said: dict[tuple[str, str, str], list[tuple[str, str, Any]]] = (
            defaultdict(list)
        )
        for one in samples:
            for start, end, tag, meant in one.spans:
                kind, own = _kind(one, tag, meant)
                if kind:
                    key = one.lang, tag, kind
                    self._said[key].append((one.text[start:end], meant, own))

    def made(self, one: Sample) -> Sample:
        """Return a turn with other words of the same use in it, said in another state."""
        chance = self._chance
        for _ in range(chance.randint(0, _SWAPS)):
            one = self._swapped(one)
        is_change = one.classes["kind"] == 1 + known.HEADS["kind"].index("change")
        if not (is_change or one.is_bound):
            # Something new may be asked for whatever is shown.
            states = ["no chart", "no chart", "chart", "figure's chart"]
            one = replace(one, shown=chance.choice(states))
        return one

    def _swapped(self, one: Sample) -> Sample:
        fit = [
            (index, key)
            for index, (_, _, tag, meant) in enumerate(one.spans)
            if (key := (one.lang, tag, _kind(one, tag, meant)[0])) in self._said
            and sum(meant == other[3] for other in one.spans) == 1
        ]
        if not fit:
            return one
        index, key = self._chance.choice(fit)
        text, meant, own = self._chance.choice(self._said[key])
        start, end, tag, old = one.spans[index]
        columns = dict(one.columns)
        if tag in known.COLUMNS and not one.is_figure:
            if meant in columns or old not in columns:
                return one
            columns = {
                (meant if name == old else name): (own if name == old else values)
                for name, values in columns.items()
            }
        elif tag in _VALUES and (home := _home(one, old)):
            columns[home] = [meant if v == old else v for v in columns[home]]
        grown = len(text) - (end - start)
        spans = [
            (a, b, t, m)
            if b <= start
            else (a + grown, b + grown, t, m)
            if a >= end
            else (start, start + len(text), tag, meant)
            for a, b, t, m in one.spans
        ]
        return replace(
            one,
            text=one.text[:start] + text + one.text[end:],
            spans=tuple(spans),
            columns=columns,
        )


def _kind(one: Sample, tag: str, meant: str) -> tuple[str, Any]:
    """Return what else could stand in a span's place, and the column's own values."""
    if tag in known.COLUMNS:
        own = one.columns.get(meant)
        return (
            ("", None)
            if own is None
            else (own if isinstance(own, str) else "text", own)
        )
    if tag in _VALUES:
        return ("value", None) if _home(one, meant) else ("", None)
    return ("any", None) if tag in _ELSE else ("", None)


def _home(one: Sample, value: str) -> str:
    """Return the column that has a value."""
    for name, own in one.columns.items():
        if not isinstance(own, str) and value in own:
            return name
    return ""


def _table(columns: Columns) -> Table:
    made: dict[str, list[Any]] = {}
    for name, own in columns.items():
        if isinstance(own, str):
            times = [f"20{year}-03-01" for year in range(15, 15 + _ROWS)]
            made[name] = times if own == "time" else [1.5 * n for n in range(_ROWS)]
        else:
            words = [str(value) for value in own] or ["a"]
            made[name] = [words[i % len(words)] for i in range(max(_ROWS, len(words)))]
    longest = max(map(len, made.values()))
    return table_of(
        {n: [own[i % len(own)] for i in range(longest)] for n, own in made.items()}
    )


def shuffled(samples: Sequence[Sample], chance: random.Random) -> Iterator[Sample]:
    """Yield samples without end, each as often."""
    while True:
        yield from chance.sample(list(samples), len(samples))
