"""Labelled scenes and lexica as samples, and more sentences that are made of them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from nbagent.errors import SpecError
from nbagent.language import scene_labels as known
from nbagent.language.guess import DEFAULT
from nbagent.pocket import vocabulary

_SENTENCES: Final = ("scenes", "verbs")  # so the files of sentences begin
_FRAMES: Final = "frames"
_NEAREST: Final = "nearest"

Frames: TypeAlias = Mapping[str, Mapping[str, list[str]]]


@dataclass(frozen=True, slots=True)
class Row:
    """A phrase of a lexicon.

    Attributes:
        how: `is`, `near` (a stand-in) or `none` (the world lacks it).
    """

    text: str
    lang: str
    factor: str
    value: str
    how: str


@dataclass(frozen=True, slots=True)
class Sample:
    """A text and what is right of it.

    Attributes:
        text: What is read.
        lang: Its language.
        classes: Of each head; one that is absent is not known.
        near: Of a factor, whether its value is a stand-in; absent is not known.
        spans: Begin, end and tag of what is known to speak of something.
        is_tagged: Whether all that is in no span speaks of nothing.
        is_lost_known: Whether nothing but spans speaks of what cannot be shown.
    """

    text: str
    lang: str
    classes: Mapping[str, int]
    near: Mapping[str, bool]
    spans: tuple[tuple[int, int, str], ...] = ()
    is_tagged: bool = False
    is_lost_known: bool = False


@dataclass(frozen=True, slots=True)
class Hands:
    """What people wrote down: sentences, and phrases of a lexicon.

    Attributes:
        scenes: Records by the file that they are of.
        rows: Phrases likewise.
        frames: How a language joins things, by the language and what is joined.
        nearest: Nouns that the world lacks, and the three actors that are nearest.
    """

    scenes: Mapping[str, Sequence[Mapping[str, Any]]]
    rows: Mapping[str, Sequence[Row]]
    frames: Frames
    nearest: Sequence[Mapping[str, Any]] = ()

    def without(self, names: Iterable[str]) -> Hands:
        """Return all but some hands'; a hand is the name of a file behind its kind."""
        out = set(names)
        return Hands(
            {k: v for k, v in self.scenes.items() if k not in out},
            {k: v for k, v in self.rows.items() if k not in out},
            self.frames,
            self.nearest,
        )


def read(folder: Path) -> Hands:
    """Return all hands of a folder.

    Raises:
        SpecError: If there are no sentences, or a line is not as the README has it.
    """
    scenes: dict[str, list[Mapping[str, Any]]] = {}
    rows: dict[str, list[Row]] = {}
    frames: Frames = defaultdict(lambda: defaultdict(list))
    nearest = list[Mapping[str, Any]]()
    for file in sorted(folder.glob("*.jsonl")):
        lines = file.read_text("utf-8").splitlines()
        for number, line in enumerate(lines, 1):
            try:
                record = json.loads(line)
                if file.stem.startswith(_SENTENCES):
                    known.to_classes(record)
                    scenes.setdefault(file.stem, []).append(record)
                elif file.stem.startswith(_FRAMES):
                    frames[record["lang"]][record["frame"]].append(record["text"])
                elif file.stem.startswith(_NEAREST):
                    nearest.append(_judged(record))
                else:
                    rows.setdefault(file.stem, []).append(_row(record))
            except (KeyError, ValueError) as error:
                raise SpecError(
                    f"{file}, line {number}: {error}; see tests/scenes/README.md"
                ) from error
    if not scenes:
        raise SpecError(
            f"{folder} has no labelled scenes: name a folder of .jsonl files"
        )
    return Hands(scenes, rows, frames, nearest)


def _judged(record: Mapping[str, Any]) -> Mapping[str, Any]:
    for actor in record["nearest"]:
        vocabulary.ACTORS.index(actor)
    if not record["text"] or len({*record["nearest"]}) != 3:
        raise ValueError("a noun and its three nearest actors are needed")
    return record


def _row(record: Mapping[str, Any]) -> Row:
    values = (record.get(k, "") for k in ("text", "lang", "factor", "value", "how"))
    row = Row(*values)
    classes_of(row)
    return row


def scene_samples(
    records: Iterable[Mapping[str, Any]], rows: Iterable[Row]
) -> list[Sample]:
    """Return sentences as samples; phrases tell where their factors stand."""
    phrases = defaultdict[tuple[str, str], set[str]](set)
    for row in rows:
        if row.value:
            phrases[row.factor, row.value].add(row.text.lower())
    return [scene_sample(record, phrases) for record in records]


def scene_sample(
    record: Mapping[str, Any], phrases: Mapping[tuple[str, str], set[str]]
) -> Sample:
    """Return a sentence as a sample."""
    text, low = record["prompt"], record["prompt"].lower()
    lost = [str(one) for one in record.get("lost", ())]
    classes = known.to_classes(record)
    if "actor" not in record and lost:
        classes["actor"] = 1 + known.HEADS["actor"].index(known.OTHER)
    spans = [
        (at, at + len(one), "lost")
        for one in lost
        if (at := low.find(one.lower())) >= 0
    ]
    for factor in known.FACTORS:
        if value := record.get(factor):
            spans += _found(low, factor, value, phrases, spans)
    return Sample(
        text=text,
        lang=record.get("lang", DEFAULT),
        classes=classes,
        near={f: f in record.get("near", ()) for f in known.FACTORS if f in record},
        spans=tuple(spans),
        is_lost_known=all(one.lower() in low for one in lost),
    )


def _found(
    low: str,
    factor: str,
    value: str,
    phrases: Mapping[tuple[str, str], set[str]],
    taken: Sequence[tuple[int, int, str]],
) -> list[tuple[int, int, str]]:
    """Return where the longest phrase of a value stands in a text."""
    noun = vocabulary.colour_and_noun(value)[1]
    name = "actor" if factor == "second" else factor
    best = (0, 0)
    # In order, so that of two as long the same is found in every run.
    for phrase in sorted(phrases.get((name, noun if name == "actor" else value), ())):
        at = low.find(phrase)
        while at >= 0:
            end = at + len(phrase)
            is_free = all(end <= a or at >= b for a, b, _ in taken)
            is_word = not phrase.isascii() or _is_word(low, at, end)
            if is_free and is_word and end - at > best[1] - best[0]:
                best = at, end
            at = low.find(phrase, at + 1)
    return [(*best, factor)] if best[1] else []


def _is_word(text: str, start: int, end: int) -> bool:
    """Return whether a phrase is no part of a longer word; one letter may follow."""
    before, after = text[start - 1 : start], text[end : end + 2]
    return not before.isalpha() and not (len(after) == 2 and after.isalpha())


_PHRASES: Final = ("place", "time", "motion", "pace", "camera")
"""What a sentence says in a phrase that may stand in another."""


def mined(samples: Iterable[Sample]) -> list[Row]:
    """Return the phrases of sentences whose places are known."""
    found = dict[tuple[str, str, str], Row]()
    for one in samples:
        for start, end, tag in one.spans:
            text = one.text[start:end].strip(" ,.;:!?-")
            is_one = sum(t == tag for *_, t in one.spans) == 1
            if tag in _PHRASES and is_one and text and one.classes.get(tag):
                value = known.value(tag, one.classes[tag]) or ""
                how = "near" if one.near.get(tag) else "is"
                row = Row(text, one.lang, tag, value, how)
                found[text.lower(), one.lang, tag] = row
    return list(found.values())


def lone_samples(rows: Iterable[Row]) -> list[Sample]:
    """Return each phrase of a lexicon as a text by itself."""
    return [_lone(row) for row in rows]


_APART: Final = ("actor", "second", "corner", "camera")
"""What a phrase of another factor does not say by the way."""


def _lone(row: Row) -> Sample:
    classes = dict.fromkeys(_APART, 0) | classes_of(row)
    is_known = row.factor in known.FACTORS and bool(row.value)
    tag = "lost" if row.how == "none" else row.factor
    return Sample(
        text=row.text,
        lang=row.lang,
        classes=classes,
        near={row.factor: row.how == "near"} if is_known else {},
        spans=((0, len(row.text), "actor" if tag == "colour" else tag),),
        is_tagged=True,
    )


def classes_of(row: Row) -> dict[str, int]:
    """Return the class of the heads that a phrase is for."""
    if row.factor == "colour":
        return {"colour": 1 + known.COLOURS.index(row.value) if row.value else 0}
    if row.value:
        found = known.to_classes({row.factor: row.value})
        own = {row.factor, known.COLOUR_OF.get(row.factor)}
        return {name: value for name, value in found.items() if name in own}
    other = 1 + known.HEADS["actor"].index(known.OTHER)
    return {row.factor: other if row.factor == "actor" else 0}
