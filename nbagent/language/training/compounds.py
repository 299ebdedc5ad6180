"""Turns of several acts, made of turns of one: "slower", "at night": "slower, and at night".

People ask for several things at once in more ways than were written down. Two or three
changes by one author and in one language are told in a row; what the second and third
are about must be the latest clip without a word for it.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from nbagent.language.grammar import find
from nbagent.language.lexicon import languages, words_of

Turn = Mapping[str, Any]

_LONGEST: Final = 90  # characters of a part
_THREE: Final = 0.3  # share of compounds of three parts
_STOPS: Final = " .!?。！？,;…"
_BETWEEN: Final = (", ", ". ", "; ", " + ")
_POINTS: Final = frozenset({"clip", "mention", "ordinal"})


def compounds(
    records: Sequence[tuple[str, Turn]], count: int, chance: random.Random
) -> list[tuple[str, Turn]]:
    """Return compounds of labelled turns, with their authors.

    Args:
        records: Labelled turns with their authors.
        count: How many.
        chance: Chooses.
    """
    alike = defaultdict[tuple[str, str], list[Turn]](list)
    for author, record in records:
        if _is_plain(record):
            alike[author, record["lang"]].append(record)
    groups = [(key, found) for key, found in alike.items() if len(found) > 3]
    weights = [len(found) for _, found in groups]
    made = []
    for (author, lang), found in chance.choices(groups, weights, k=count):
        parts = chance.sample(found, 3 if chance.random() < _THREE else 2)
        kinds = [
            _first(act)["act"] for part in parts for act in part["expected"]["acts"]
        ]
        if len(set(kinds)) == len(kinds):
            made.append((author, _joined(parts, lang, chance)))
    return made


def _is_plain(record: Turn) -> bool:
    """Return whether a turn changes the latest clip and says so by no name."""
    expected = record["expected"]
    if expected["intent"] != "refine" or len(record["turn"]) > _LONGEST:
        return False
    if expected.get("then") or expected.get("what") or expected.get("accept_intents"):
        return False
    refs = [(h.get("result") or {}).get("ref") for h in record["history"]]
    if not refs or expected.get("target") != refs[-1]:
        return False
    acts = [_first(act) for act in expected["acts"]]
    if any({"with", "to"} & act.keys() and act["act"] != "replace" for act in acts):
        return False
    return not any(one.kind in _POINTS for one in find(record["turn"]))


def _joined(parts: Sequence[Turn], lang: str, chance: random.Random) -> Turn:
    first, *others = parts
    told = first["turn"].rstrip(_STOPS)
    ands = words_of(languages()[lang]["joints"].get("and", "")) or [","]
    for part in others:
        between = chance.choice(_BETWEEN)
        if chance.random() < 0.5:
            between = f"{chance.choice((' ', ', '))}{chance.choice(ands)} "
        text = part["turn"].rstrip(_STOPS)
        if "." not in between and text[1:2].islower():
            text = text[:1].lower() + text[1:]
        told += between + text
    expected: dict[str, Any] = {
        "intent": "refine",
        "target": first["expected"]["target"],
        "acts": [act for part in parts for act in part["expected"]["acts"]],
        "settings": {},
        "keep": [],
    }
    for part in parts:
        expected["settings"] |= part["expected"].get("settings") or {}
        keep = part["expected"].get("keep") or []
        expected["keep"] += [keep] if isinstance(keep, str) else keep
    return {
        "id": "+".join(part["id"] for part in parts),
        "lang": lang,
        "variables": first["variables"],
        "history": first["history"],
        "turn": told,
        "expected": expected,
    }


def _first(entry: Any) -> Turn:
    act: Turn = entry[0] if isinstance(entry, list) else entry
    return act
