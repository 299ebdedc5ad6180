"""Turns in another place: the same words beside other clips and variables.

A new picture is a new picture whatever was made before, and a table called `beach` has no
part in "a cat runs on the beach". Turns that are about nothing of their conversation are
told once more in another one, or beside a variable that is called like one of their words.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from nbagent.language.grammar import find
from nbagent.language.lexicon import small_words

Turn = Mapping[str, Any]

_INTENTS: Final = frozenset({"generate_video", "generate_image", "storyboard"})
_POINTS: Final = frozenset({"clip", "mention", "scene"})
_TYPES: Final = ("DataFrame", "Series", "ndarray", "list", "dict")
_LEAST: Final = 4  # letters of a word that a variable is called
_NAMESAKE: Final = 0.4  # share of turns that get a variable


def elsewhere(
    records: Sequence[tuple[str, Turn]], count: int, chance: random.Random
) -> list[tuple[str, Turn]]:
    """Return labelled turns in other conversations, with their authors.

    Args:
        records: Labelled turns with their authors.
        count: How many at most.
        chance: Chooses.
    """
    places = defaultdict[str, list[Turn]](list)
    able = list[tuple[str, Turn]]()
    for author, record in records:
        if any((h.get("result") or {}).get("ref") for h in record["history"]):
            places[record["lang"]].append(record)
        if _is_about_nothing(record):
            able.append((author, record))
    made = list[tuple[str, Turn]]()
    for author, record in chance.choices(able, k=count) if able else ():
        told = {**record, "id": f"{record['id']}*"}
        name = _name(record["turn"], chance)
        if name and chance.random() < _NAMESAKE:
            told["variables"] = [*record["variables"], _variable(name, chance)]
        else:
            told["history"] = chance.choice(places[record["lang"]])["history"]
        made.append((author, told))
    return made


def _is_about_nothing(record: Turn) -> bool:
    """Return whether a turn makes something new and points at nothing."""
    expected = record["expected"]
    if expected["intent"] not in _INTENTS or expected.get("target"):
        return False
    if expected.get("accept_intents") or expected.get("accept_targets"):
        return False
    if {"ref", "context", "correction"} & set(record.get("tags", ())):
        return False
    return not any(one.kind in _POINTS for one in find(record["turn"]))


def _name(turn: str, chance: random.Random) -> str:
    """Return a word of a turn that may be a variable's name; none is empty."""
    words = (word.strip(".,;:!?'\"()").lower() for word in turn.split())
    able = [
        word
        for word in words
        if len(word) >= _LEAST and word.isidentifier() and word not in small_words()
    ]
    return chance.choice(able) if able else ""


def _variable(name: str, chance: random.Random) -> dict[str, str]:
    rows, kind = chance.randint(8, 4000), chance.choice(_TYPES)
    return {"name": name, "type": kind, "summary": f"{rows} rows"}
