"""Sentences that are made: of a language's phrases and frames, and of people's own.

A value has to be known in every language and beside every other, though few sentences
have it; so its phrases are joined in many orders, and put into what people wrote.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from nbagent.language import scene_labels as known
from nbagent.language.training.scene_data import Frames, Row, Sample, classes_of
from nbagent.pocket import vocabulary

_SAID: Final = {"place": 0.72, "time": 0.5, "pace": 0.42, "camera": 0.22}
_SHAPE: Final = 0.25
_SECOND: Final = 0.12
_LOST: Final = 0.12
_NO_ACTOR: Final = 0.05
_NO_MOTION: Final = 0.15
_SIGNS: Final = (" ", " ", " ", ", ", ", ", " - ", "; ", ". ")

TaggedText = tuple[str, list[tuple[int, int, str]]]  # a text, and what stands where


class Maker:
    """Makes sentences.

    Args:
        rows: Phrases.
        frames: How languages join things.
        chance: Decides.
    """

    def __init__(
        self, rows: Iterable[Row], frames: Frames, chance: random.Random
    ) -> None:
        self._frames, self._chance = frames, chance
        self._rows: dict[tuple[str, str], dict[str, list[Row]]] = defaultdict(
            lambda: defaultdict(list)
        )
        self.learn(rows)
        self.langs = [lang for lang in sorted(frames) if any(self._rows[lang, "actor"])]

    def learn(self, rows: Iterable[Row]) -> None:
        """Take more phrases."""
        for row in rows:
            self._rows[row.lang, row.factor][row.value].append(row)

    def sentence(self, lang: str) -> Sample:
        """Return a sentence of a language."""
        chance = self._chance
        classes: dict[str, int] = {
            name: 0 for name in known.HEADS if name not in known.COLOUR_OF.values()
        }
        near: dict[str, bool] = {}
        parts: list[TaggedText] = []
        if chance.random() > _NO_ACTOR:
            actor = self._actor(lang, "actor", classes, near)
            if chance.random() < _SECOND:
                actor = self._pair(lang, actor, classes, near)
            parts.append(actor)
        for factor in ("motion", *_SAID):
            share = 1 - _NO_MOTION if factor == "motion" else _SAID[factor]
            if chance.random() < share and (row := self._row(lang, factor)):
                self._take(row, classes, near)
                tag = factor if row.value else "lost"
                part: TaggedText = (row.text, [(0, len(row.text), tag)])
                frames = self._frames[lang].get(factor)
                if frames and chance.random() < 0.4:
                    part = _fill(chance.choice(frames), {factor: part})
                parts.append(part)
        if chance.random() < _LOST and (row := self._lost(lang)):
            lost: TaggedText = (row.text, [(0, len(row.text), "lost")])
            parts.append(
                _fill(chance.choice(self._frames[lang]["lost"]), {"lost": lost})
            )
        if chance.random() < 0.45:
            head, tail = parts[:1], parts[1:]
            chance.shuffle(tail)
            parts = head + tail
        elif chance.random() < 0.5:
            chance.shuffle(parts)
        text, spans = self._joined(lang, parts)
        if chance.random() < 0.3:
            frame = chance.choice(self._frames[lang]["request"])
            text, spans = _fill(frame, {"scene": (text, spans)})
        return Sample(text, lang, classes, near, tuple(spans), is_tagged=True)

    def swapped(self, sample: Sample) -> Sample:
        """Return a sentence of somebody's with another phrase in the place of some."""
        for index, (_, _, tag) in enumerate(sample.spans):
            if tag not in ("lost", "corner") and self._chance.random() < 0.6:
                sample = self._swap(sample, index)
        return sample

    def _swap(self, sample: Sample, index: int) -> Sample:
        """Put another phrase in the place of a span; a coloured shape stays a shape."""
        start, end, tag = sample.spans[index]
        factor = "actor" if tag == "second" else tag
        row = self._row(sample.lang, factor)
        if row is None or not (row.value or tag == "actor"):
            return sample
        classes, near = dict(sample.classes), dict(sample.near)
        if paint := known.COLOUR_OF.get(tag):
            colour = classes.pop(paint, None)
            if row.value in vocabulary.SHAPES:
                classes[paint] = colour or 0
            elif colour or " " in row.value:
                return sample
        classes[tag] = classes_of(row)[factor]
        near.pop(tag, None)
        if row.value:
            near[tag] = row.how == "near"
        by = len(row.text) - (end - start)
        spans = [
            (a + by if a >= end else a, b + by if b >= end else b, t)
            for a, b, t in sample.spans
        ]
        spans[index] = (start, start + len(row.text), tag if row.value else "lost")
        return replace(
            sample,
            text=sample.text[:start] + row.text + sample.text[end:],
            classes=classes,
            near=near,
            spans=tuple(spans),
        )

    def _row(self, lang: str, factor: str) -> Row | None:
        """Return a phrase; values are equally likely, "none" one in eight."""
        by_value = self._rows[lang, factor]
        said = [value for value in by_value if value]
        if not said:
            return None
        value = self._chance.choice(said)
        if "" in by_value and self._chance.random() < 0.12:
            value = ""
        return self._chance.choice(by_value[value])

    def _lost(self, lang: str) -> Row | None:
        rows = self._rows[lang, "actor"].get("")
        return self._chance.choice(rows) if rows else None

    def _take(self, row: Row, classes: dict[str, int], near: dict[str, bool]) -> None:
        classes |= classes_of(row)
        if row.value:
            near[row.factor] = row.how == "near"

    def _actor(
        self, lang: str, name: str, classes: dict[str, int], near: dict[str, bool]
    ) -> TaggedText:
        """Say an actor, with a colour if it has one."""
        chance = self._chance
        row = self._row(lang, "actor")
        shapes = [s for s in vocabulary.SHAPES if s in self._rows[lang, "actor"]]
        if shapes and chance.random() < _SHAPE:
            row = chance.choice(self._rows[lang, "actor"][chance.choice(shapes)])
        while row is None or (name == "second" and not row.value):
            row = self._row(lang, "actor")
        said = classes_of(row)
        classes[name] = said["actor"]
        colour_head = known.COLOUR_OF[name]
        if "colour" in said:
            classes[colour_head] = said["colour"]
        if row.value:
            near[name] = row.how == "near"
        noun: TaggedText = (
            row.text,
            [(0, len(row.text), name if row.value else "lost")],
        )
        is_shape = row.value in vocabulary.SHAPES
        if is_shape:
            classes[colour_head] = 0
        if (is_shape and chance.random() < 0.85) or chance.random() < 0.08:
            paint = self._row(lang, "colour")
            if paint is not None and " " not in row.value:
                if is_shape and paint.value:
                    classes[colour_head] = classes_of(paint)["colour"]
                tag = name if is_shape and paint.value else "lost"
                colour: TaggedText = (paint.text, [(0, len(paint.text), tag)])
                frame = chance.choice(self._frames[lang]["painted"])
                return _fill(frame, {"noun": noun, "colour": colour})
        return _fill(chance.choice(self._frames[lang]["plain"]), {"noun": noun})

    def _pair(
        self,
        lang: str,
        actor: TaggedText,
        classes: dict[str, int],
        near: dict[str, bool],
    ) -> TaggedText:
        second = self._actor(lang, "second", classes, near)
        kinds = self._frames[lang]
        corner = self._row(lang, "corner")
        if corner is not None and self._chance.random() < 0.5:
            classes |= classes_of(corner)
            frame = self._chance.choice(kinds["pair_corner"])
            said: TaggedText = (corner.text, [(0, len(corner.text), "corner")])
            return _fill(frame, {"actor": actor, "second": second, "corner": said})
        frame = self._chance.choice(kinds["pair"])
        return _fill(frame, {"actor": actor, "second": second})

    def _joined(self, lang: str, parts: Sequence[TaggedText]) -> TaggedText:
        """Join parts by signs, or by nothing where a language has no spaces."""
        is_close = not any(" " in t for t in self._frames[lang]["request"])
        chance = self._chance
        text, spans = "", list[tuple[int, int, str]]()
        sign = chance.choice(_SIGNS) if chance.random() < 0.6 else None
        for part, places in parts:
            if text:
                own = sign or chance.choice(_SIGNS)
                if is_close:
                    own = {" ": "", ", ": chance.choice("、，")}.get(own, own.strip())
                text += own
            spans += [(a + len(text), b + len(text), tag) for a, b, tag in places]
            text += part
        return text, spans


def _fill(frame: str, parts: Mapping[str, TaggedText]) -> TaggedText:
    """Put parts into a frame."""
    text, spans, at = "", list[tuple[int, int, str]](), 0
    while (start := frame.find("{", at)) >= 0:
        end = frame.index("}", start)
        text += frame[at:start]
        part, places = parts[frame[start + 1 : end]]
        spans += [(a + len(text), b + len(text), tag) for a, b, tag in places]
        text += part
        at = end + 1
    return text + frame[at:], spans
