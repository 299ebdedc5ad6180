"""Labelled turns as the net takes them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

import torch
from torch import Tensor

from nbagent.language import labels as known
from nbagent.language.candidates import NUM_FACTS, WHOLE_FACTS, Candidate, candidates
from nbagent.language.grammar import unmarked
from nbagent.language.labels import Labels, labels
from nbagent.language.pieces import Piece
from nbagent.language.state import State
from nbagent.language.training.lower import Lower
from nbagent.language.training.net import WIDTH, Batch

if TYPE_CHECKING:
    from nbagent.language.training.start import Start

IGNORED: Final = -100  # as torch's losses have it
_T = TypeVar("_T")
_SLIPPED: Final = 0.4  # share of turns that are read as they might be mistyped
_LOST: Final = 0.3  # share of turns of which a candidate that does not matter is lost
_UNHEARD: Final = 0.2  # share of turns that do not know the turn before


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A labelled turn, with what the lower layers make of it.

    Attributes:
        id: Of the record.
        author: The file it is from.
        states: (T, D) of the turn, and of the turn mistyped.
        tags: (T,) and begins (T,) of both.
        about: What the turn may be about.
        shown: (C, D), their captions.
        said: (D,), the turn before.
        whole: Facts of the state.
        labels: What is right.
        first: Which candidate is meant first, from 1; 0 is none, `IGNORED` not known.
        members: Which are meant at all.
        beside: Which stand beside those.
    """

    id: str
    author: str
    states: tuple[Tensor, Tensor]
    tags: tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]
    about: tuple[Candidate, ...]
    shown: Tensor
    said: Tensor
    whole: tuple[float, ...]
    labels: Labels
    first: int
    members: tuple[int, ...]
    beside: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Right:
    """What the net should say of a batch; `IGNORED` where anything goes."""

    intent: Tensor  # (B, 11), shares
    action: Tensor  # (B,)
    flags: Tensor  # (B, flags)
    tags: Tensor  # (B, T)
    begin: Tensor  # (B, T)
    first: Tensor  # (B,)
    members: Tensor  # (B, C)
    beside: Tensor  # (B, C)
    kinds: Tensor  # (B, S + 1)
    subs: Tensor  # (B, S + 1)


def samples(
    records: Sequence[tuple[str, Mapping[str, Any]]],
    begin: Start,
    chance: random.Random,
) -> list[Sample]:
    """Return labelled turns, each with its author, as the net takes them."""
    turns = [unmarked(record["turn"]) for _, record in records]
    slips = [mistyped(turn, chance) for turn in turns]
    states = [State.from_record(record) for _, record in records]
    about = [
        candidates(record["turn"], state)
        for (_, record), state in zip(records, states, strict=True)
    ]
    captions = {c.text for known, _ in about for c in known}
    captions |= {state.turns[-1] for state in states if state.turns}
    lower = Lower(begin, [*turns, *slips], captions)
    return [
        _sample(author, record, texts, state, known, whole, lower)
        for (author, record), texts, state, (known, whole) in zip(
            records, zip(turns, slips, strict=True), states, about, strict=True
        )
    ]


def _sample(
    author: str,
    record: Mapping[str, Any],
    texts: tuple[str, str],
    state: State,
    about: tuple[Candidate, ...],
    whole: tuple[float, ...],
    lower: Lower,
) -> Sample:
    right = labels(record)
    index = {c.clip: i for i, c in enumerate(about) if c.clip}
    index |= {c.ref: i for i, c in enumerate(about)}
    members = tuple(index[name] for name in right.targets if name in index)
    reads = [lower.turn(text) for text in texts]
    shown = [lower.caption(c.text) for c in about]
    return Sample(
        id=record["id"],
        author=author,
        states=_both([states for _, states in reads]),
        tags=_both([_places(pieces, right) for pieces, _ in reads]),
        about=about,
        shown=torch.stack(shown) if shown else torch.zeros(0, WIDTH),
        said=lower.caption(state.turns[-1]) if state.turns else torch.zeros(WIDTH),
        whole=whole,
        labels=right,
        first=members[0] + 1 if members else IGNORED if right.targets else 0,
        members=members,
        beside=tuple(index[name] for name in right.beside if name in index),
    )


def mistyped(text: str, chance: random.Random) -> str:
    """Return a text as somebody else might type it, letter for letter as long.

    Capitals and stops are lost, neighbours change places.
    """
    letters = list(text)
    if chance.random() < 0.4:
        letters = [c.lower() if len(c.lower()) == 1 else c for c in letters]
    if chance.random() < 0.5:
        for i, char in enumerate(letters):
            is_last = letters[i + 1 : i + 2] in ([], [" "])
            if char in ",.;!?:" and is_last and chance.random() < 0.7:
                letters[i] = " "
    for _ in range(chance.choice((0, 1, 1, 2))):
        i = chance.randrange(1, len(letters)) if len(letters) > 4 else 0
        pair = "".join(letters[i : i + 2])
        if i and len(pair) == 2 and pair.isascii() and pair.isalpha():
            letters[i : i + 2] = reversed(pair)
    return "".join(letters)


def batches(
    samples: Sequence[Sample], size: int, chance: random.Random
) -> Iterator[tuple[Batch, Right]]:
    """Yield all samples once, in an order of chance; those of a batch are of like length."""
    order = list(samples)
    chance.shuffle(order)
    wide = size * 20
    groups = []
    for at in range(0, len(order), wide):
        part = sorted(order[at : at + wide], key=lambda one: len(one.states[0]))
        groups += [part[i : i + size] for i in range(0, len(part), size)]
    chance.shuffle(groups)
    for group in groups:
        yield collate(group, chance)


def collate(
    group: Sequence[Sample], chance: random.Random | None = None
) -> tuple[Batch, Right]:
    """Return samples as one batch; with `chance`, as training sees them."""
    rows = len(group)
    read = [int(chance is not None and chance.random() < _SLIPPED) for _ in group]
    pieces = max(len(one.states[i]) for one, i in zip(group, read, strict=True))
    about = max(1, *(len(one.about) for one in group))
    steps = 1 + max(len(one.labels.acts) for one in group)
    batch = Batch(
        low=torch.zeros(rows, pieces, WIDTH),
        counts=torch.zeros(rows, dtype=torch.long),
        shown=torch.zeros(rows, about, WIDTH),
        facts=torch.zeros(rows, about, NUM_FACTS),
        types=torch.zeros(rows, about, dtype=torch.long),
        is_there=torch.zeros(rows, about, dtype=torch.bool),
        said=torch.zeros(rows, WIDTH),
        whole=torch.zeros(rows, WHOLE_FACTS),
        acts=torch.full((rows, steps), len(known.ACTS)),
    )
    right = Right(
        intent=torch.zeros(rows, len(known.INTENTS)),
        action=torch.full((rows,), IGNORED),
        flags=torch.zeros(rows, len(known.FLAGS)),
        tags=torch.full((rows, pieces), IGNORED),
        begin=torch.zeros(rows, pieces),
        first=torch.full((rows,), IGNORED),
        members=torch.zeros(rows, about),
        beside=torch.zeros(rows, about),
        kinds=torch.full((rows, steps), IGNORED),
        subs=torch.full((rows, steps), IGNORED),
    )
    for row, (one, i) in enumerate(zip(group, read, strict=True)):
        _fill(batch, row, one, i, chance)
        _fill_right(batch, right, row, one, i)
    return batch, right


def _fill(
    batch: Batch, row: int, one: Sample, read: int, chance: random.Random | None
) -> None:
    count, about = len(one.states[read]), len(one.about)
    batch.low[row, :count] = one.states[read].float()
    batch.counts[row] = count
    batch.whole[row] = torch.tensor(one.whole)
    if chance is None or chance.random() > _UNHEARD:
        batch.said[row] = one.said
    if not about:
        return
    batch.shown[row, :about] = one.shown
    batch.facts[row, :about] = torch.tensor([c.facts for c in one.about])
    batch.types[row, :about] = torch.tensor([c.type for c in one.about])
    batch.is_there[row, :about] = True
    matters = {one.first - 1, *one.members, *one.beside}
    if chance is not None and about > 2 and chance.random() < _LOST:
        lost = chance.randrange(about)
        batch.is_there[row, lost] = lost in matters


def _fill_right(batch: Batch, right: Right, row: int, one: Sample, read: int) -> None:
    tags, begin = one.tags[read]
    right.tags[row, : len(tags)] = tags
    right.begin[row, : len(tags)] = begin
    right.intent[row] = torch.tensor(one.labels.intents)
    right.flags[row, list(one.labels.flags)] = 1
    right.first[row] = one.first
    right.members[row, list(one.members)] = 1
    right.beside[row, list(one.beside)] = 1
    if one.labels.action is not None:
        right.action[row] = one.labels.action
    if one.labels.acts:
        for step, (kind, sub) in enumerate(one.labels.acts):
            right.kinds[row, step], right.subs[row, step] = kind, sub
            batch.acts[row, step + 1] = kind
        right.kinds[row, len(one.labels.acts)] = len(known.ACTS)


def _places(pieces: Sequence[Piece], right: Labels) -> tuple[Tensor, Tensor]:
    """Return the tag of each piece, and where a tag begins; the shorter text wins."""
    tags = torch.zeros(len(pieces), dtype=torch.long)
    begin = torch.zeros(len(pieces))

    def inside(start: int, end: int) -> list[int]:
        return [
            i for i, (_, a, b) in enumerate(pieces) if a < end and b > start and b > a
        ]

    for start, end, tag in sorted(right.tags, key=lambda place: place[0] - place[1]):
        if found := inside(start, end):
            tags[found] = known.TAGS.index(tag)
            begin[found] = 0
            begin[found[0]] = 1
    for start, end in right.open:
        found = [i for i in inside(start, end) if not tags[i]]
        tags[found] = IGNORED
    return tags, begin


def _both(pair: Sequence[_T]) -> tuple[_T, _T]:
    first, second = pair
    return first, second
