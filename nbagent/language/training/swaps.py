"""Turns with other things in them: "make it rust red" beside "make it blue".

What people ask for is endless, the ways in which they ask are few. A labelled turn is told
once more with a colour, a style, a place, a picture of another turn in the same language,
so that the ways are learned apart from the things.
"""

from __future__ import annotations

import copy
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from nbagent.language.labels import TEXTS, where

Turn = Mapping[str, Any]

_LONGEST: Final = 60  # characters of a thing
_AFFECT_THE_TARGET: Final = frozenset({"recolor.what", "replace.what", "remove.what"})
_MOST: Final = 3  # things that are swapped in one turn


def swaps(
    records: Sequence[tuple[str, Turn]], count: int, chance: random.Random
) -> list[tuple[str, Turn]]:
    """Return labelled turns with things of others, with their authors.

    Args:
        records: Labelled turns with their authors.
        count: How many at most.
        chance: Chooses.
    """
    others = defaultdict[tuple[str, str], list[str]](list)
    able = list[tuple[str, Turn, list[tuple[str, str]]]]()
    for author, record in records:
        things = list(_things(record))
        for tag, text in things:
            others[record["lang"], tag].append(text)
        if things:
            able.append((author, record, things))
    made = []
    for author, record, things in chance.choices(able, k=count) if able else ():
        told = _swapped(record, things, others, chance)
        if told["turn"] != record["turn"]:
            made.append((author, told))
    return made


def _things(record: Turn) -> Iterator[tuple[str, str]]:
    """Yield the tag and the text of each thing of a turn that another may stand for."""
    expected, turn = record["expected"], record["turn"]
    acts = expected.get("acts") or []
    if any(isinstance(act, list) for act in acts):
        return  # several labels are right: they name the same words differently
    texts = [
        (TEXTS[act["act"], name], value)
        for act in acts
        for name, value in act.items()
        if (act["act"], name) in TEXTS and isinstance(value, str)
    ]
    texts += [
        (name, value)
        for name, value in (expected.get("settings") or {}).items()
        if name in ("style", "camera") and isinstance(value, str)
    ]
    if isinstance(prompt := expected.get("prompt"), str):
        texts.append(("prompt", prompt))
    for tag, text in texts:
        is_whole = (
            turn.count(text) == 1 and sum(text in other for _, other in texts) == 1
        )
        is_apart = not any(other in text for _, other in texts if other != text)
        if is_whole and is_apart and len(text) <= _LONGEST:
            if tag not in _AFFECT_THE_TARGET:
                yield tag, text


def _swapped(
    record: Turn,
    things: Sequence[tuple[str, str]],
    others: Mapping[tuple[str, str], list[str]],
    chance: random.Random,
) -> Turn:
    told: dict[str, Any] = copy.deepcopy(dict(record))
    for tag, text in chance.sample(things, chance.randint(1, min(_MOST, len(things)))):
        new = chance.choice(others[record["lang"], tag])
        place = where(told["turn"], text)
        if place is None or new.lower() in told["turn"].lower():
            continue
        start, end = place
        if start == 0 and told["turn"][:1].isupper():
            new = new[:1].upper() + new[1:]
        told["turn"] = told["turn"][:start] + new + told["turn"][end:]
        told["expected"] = _put(told["expected"], text, new)
    told["id"] = f"{record['id']}'"
    return told


def _put(value: Any, old: str, new: str) -> Any:
    """Return a label with a text in the place of another, wherever it stands."""
    if isinstance(value, dict):
        return {name: _put(one, old, new) for name, one in value.items()}
    if isinstance(value, list):
        return [_put(one, old, new) for one in value]
    return new if value == old else value
