"""What the encoder is taught to say of a turn, and a labelled turn in those terms.

A label of `tests/turns` names texts and numbers; here they become places in the turn: a
text where it stands, a number where the grammar reads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from nbagent import acts as registry
from nbagent.acts.plan import ACTIONS, INTENTS
from nbagent.language.grammar import Found, find

__all__ = ["ACTIONS", "ACTS", "FLAGS", "INTENTS", "SUBS", "TAGS", "Labels", "labels"]

ACTS: Final = tuple(registry.ACTS)
MOST_ACTS: Final = 8
SUBS: Final = (
    *("slower", "faster", "start", "dissolve", "seamless", "draft", "final"),
    *("keep", "drop_first_s", "drop_last_s"),
)
"""What of an act is said by no text and no number."""
FLAGS: Final = ("draft", "final", "loop", *(f"then.{action}" for action in ACTIONS))
TEXTS: Final[Mapping[tuple[str, str], str]] = {
    ("restyle", "style"): "style",
    ("recolor", "what"): "recolor.what",
    ("recolor", "color"): "recolor.color",
    ("replace", "what"): "replace.what",
    ("replace", "with"): "replace.with",
    ("add", "what"): "add.what",
    ("remove", "what"): "remove.what",
    ("place", "place"): "place",
    ("time", "time"): "time",
    ("weather", "weather"): "weather",
    ("motion", "motion"): "motion",
    ("camera", "camera"): "camera",
}
"""The tag of each argument that is the user's own words."""
NUMBERS: Final[Mapping[tuple[str, str], str]] = {
    ("speed", "factor"): "factor",
    ("length", "duration_s"): "duration",
    ("extend", "by_s"): "by",
    ("trim", "keep"): "keep_span",
    ("trim", "drop_first_s"): "drop_first",
    ("trim", "drop_last_s"): "drop_last",
    ("resize", "scale"): "scale",
    ("upscale", "scale"): "scale",
    ("resize", "width"): "size",
    ("resize", "height"): "size",
    ("aspect", "aspect"): "aspect",
    ("fps", "fps"): "fps",
    ("reseed", "seed"): "seed",
    ("reseed", "count"): "count",
}
SETTINGS: Final[Mapping[str, str]] = {
    "duration_s": "duration",
    "fps": "fps",
    "aspect": "aspect",
    "width": "size",
    "height": "size",
    "count": "count",
    "seed": "seed",
}
TAGS: Final = (
    *("", "prompt", "scene", "keep", "what", "style", "negative", "camera"),
    *dict.fromkeys(tag for tag in TEXTS.values() if tag not in ("style", "camera")),
    *("span", "region", "name"),
    *dict.fromkeys(NUMBERS.values()),
)
_BESIDE: Final = frozenset({"join", "grid", "blend", "match"})

Turn = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """A labelled turn as places.

    Attributes:
        tags: From, to and tag of what it says, in characters.
        open: From and to of what may be tagged or not: words of another right label.
        intents: How right each of `INTENTS` is; they add up to 1.
        acts: Kind and sub of each act, as indices; sub 0 is none.
        flags: Indices into `FLAGS`.
        action: Index into `ACTIONS`, or None.
        targets: Names that the turn is about.
        beside: Names that are joined, matched or blended with those.
    """

    tags: tuple[tuple[int, int, str], ...]
    open: tuple[tuple[int, int], ...]
    intents: tuple[float, ...]
    acts: tuple[tuple[int, int], ...]
    flags: tuple[int, ...]
    action: int | None
    targets: tuple[str, ...]
    beside: tuple[str, ...]


def labels(record: Turn) -> Labels:
    """Return a labelled turn as places; the first of several right labels counts."""
    expected: Turn = record["expected"]
    acts = [_list(entry)[0] for entry in expected.get("acts", ())]
    beside = [
        name for act in acts if act["act"] in _BESIDE for name in _list(act.get("with"))
    ]
    beside += [act["to"] for act in acts if act["act"] == "undo" and act.get("to")]
    action = expected.get("action") if expected["intent"] == "control" else None
    return Labels(
        tags=tuple(_Places(record["turn"]).of(expected, acts)),
        open=tuple(_open(record["turn"], expected)),
        intents=_intents(expected),
        acts=tuple((ACTS.index(act["act"]), _sub(act)) for act in acts),
        flags=tuple(FLAGS.index(flag) for flag in _flags(expected)),
        action=ACTIONS.index(action) if action in ACTIONS else None,
        targets=tuple(map(str, _list(expected.get("target")))),
        beside=tuple(map(str, beside)),
    )


class _Places:
    """Where the values of a label stand in a turn; none is used for two numbers."""

    def __init__(self, turn: str) -> None:
        self._turn = turn
        self._left = list(find(turn))

    def of(
        self, expected: Turn, acts: Sequence[Turn]
    ) -> Iterator[tuple[int, int, str]]:
        for name, tag in (
            ("prompt", "prompt"),
            ("scenes", "scene"),
            ("keep", "keep"),
            ("what", "what"),
        ):
            yield from self._texts(expected.get(name), tag)
        settings = expected.get("settings") or {}
        for name in ("style", "camera", "negative"):
            yield from self._texts(settings.get(name), name)
        yield from self._texts(expected.get("name"), "name")
        for name, tag in SETTINGS.items():
            if settings.get(name) is not None:
                yield from self._number(settings[name], tag)
        after = 0
        for act in acts:
            for place in self._act(act, after):
                yield place
                after = max(after, place[1])

    def _act(self, act: Turn, after: int) -> Iterator[tuple[int, int, str]]:
        for name, value in act.items():
            is_text = isinstance(value, str)
            if (tag := TEXTS.get((act["act"], name))) and is_text:
                yield from self._texts(value, tag, after)
            elif tag := NUMBERS.get((act["act"], name)):
                yield from self._number(value, tag) or self._texts(value, tag, after)
            elif name in ("span", "region") and is_text:
                yield from self._texts(value, name)
            elif name == "span":
                yield from self._number(value, name)

    def _texts(
        self, texts: Any, tag: str, after: int = 0
    ) -> list[tuple[int, int, str]]:
        found = []
        for text in _list(texts):
            if place := where(self._turn, str(text), after):
                found.append((*place, tag))
                after = place[1] if len(_list(texts)) > 1 else after
        return found

    def _number(self, value: Any, tag: str) -> list[tuple[int, int, str]]:
        for one in self._left:
            if _is(value, one):
                if tag != "size":  # width and height are one thing
                    self._left.remove(one)
                return [(one.start, one.end, tag)]
        return []


def where(turn: str, text: str, after: int = 0) -> tuple[int, int] | None:
    """Return where a text stands in a turn: as a word of its own, and late enough, if so."""
    low, wanted = turn.lower(), text.strip().lower()
    if not wanted or len(low) != len(turn):
        return None
    places, at = list[int](), low.find(wanted)
    while at >= 0:
        places.append(at)
        at = low.find(wanted, at + 1)
    if not places:
        return None

    def suits(start: int) -> tuple[bool, bool]:
        end = start + len(wanted)
        before, behind = low[start - 1 : start], low[end : end + 1]
        whole = not (before.isascii() and before.isalnum() and low[start].isascii())
        whole = whole and not (behind.isascii() and behind.isalnum())
        return not whole, start < after

    start = min(places, key=suits)
    return start, start + len(wanted)


def _is(value: Any, found: Found) -> bool:
    """Return whether what the grammar read is a value of a label."""
    own = found.value
    if found.kind in ("colour", "clip", "mention", "format", "ordinal"):
        return False
    if isinstance(value, list) and isinstance(own, tuple):
        pairs = zip(value, own, strict=False)
        return len(value) == len(own) and all(_near(a, b) for a, b in pairs)
    if isinstance(own, tuple):
        return any(_near(value, one) for one in own) and found.kind != "span"
    return str(value) == str(own) or _near(value, own)


def _near(a: Any, b: Any) -> bool:
    if isinstance(a, int | float) and isinstance(b, int | float):
        return abs(a - b) <= 0.01 * max(0.01, abs(a))
    return False


def _open(turn: str, expected: Turn) -> Iterator[tuple[int, int]]:
    for entry in expected.get("acts", ()):
        for act in _list(entry)[1:]:
            for name, value in act.items():
                if name != "act" and isinstance(value, str):
                    if place := where(turn, value):
                        yield place


def _intents(expected: Turn) -> tuple[float, ...]:
    others = [one for one in expected.get("accept_intents", ()) if one in INTENTS]
    shares = dict.fromkeys(INTENTS, 0.0)
    shares[expected["intent"]] = 0.75 if others else 1.0
    for one in others:
        shares[one] += 0.25 / len(others)
    return tuple(shares.values())


def _sub(act: Turn) -> int:
    kind, found = act["act"], ""
    if kind == "speed":
        factor = act.get("factor")
        is_slower = isinstance(factor, int | float) and factor < 1
        found = act.get("direction") or ("slower" if is_slower else "faster")
    elif kind == "trim":
        found = next((name for name in SUBS[-3:] if name in act), "")
    elif kind == "loop":
        found = "seamless" if act.get("seamless") else ""
    else:
        found = next(
            (
                str(act[name])
                for name in ("side", "transition", "quality")
                if act.get(name) in SUBS
            ),
            "",
        )
    return SUBS.index(found) + 1 if found in SUBS else 0


def _flags(expected: Turn) -> Iterable[str]:
    settings = expected.get("settings") or {}
    if settings.get("quality") in ("draft", "final"):
        yield settings["quality"]
    if settings.get("loop"):
        yield "loop"
    for control in _list(expected.get("then")):
        if control.get("action") in ACTIONS:
            yield f"then.{control['action']}"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
