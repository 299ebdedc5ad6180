"""How well plans agree with labelled turns.

The rules of the labelled turns: free text is right if the words that matter are there and
few others, a number within one in a hundred, a clip and the variable that holds it are one
target, and of several right labels any will do. All figures are fractions.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from nbagent.acts import ACTS
from nbagent.acts.plan import MAKES
from nbagent.language.tokens import script

Turn = Mapping[str, Any]
Told = Mapping[str, Any]
"""A plan in the form of `expected`."""

_FREE: Final = frozenset(
    {"describe", "analyze", "chat", "control", "ask", "unsupported"}
)
_NO_TARGET: Final = frozenset(
    {*("generate_video", "generate_image", "chat", "storyboard"), "ask", "unsupported"}
    | {"control"}
)
_SPARE: Final = frozenset({"style", "camera", "negative", "quality", "loop"})
"""Settings that may be stated beside those of a label."""
_SMALL: Final = frozenset(
    "a an the to in on at of it its with into from as and make be look like style el la"
    " los las un una le les des der die das ein eine o os as um uma".split()
)
_SEVERAL: Final = frozenset({"join", "grid", "blend"})
_NEAR: Final = 0.01
_MORE_WORDS: Final = 3
_PROMPT: Final = 0.8

KEYS: Final = (
    *("intent", "acts", "args", "target", "settings", "prompt", "full"),
    *("refused", "asked"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What of a plan is right; None where the label has nothing of it.

    Attributes:
        full: Intent, target, settings, action, acts and arguments.
        refused: For what does not exist, whether it was refused.
        asked: For what cannot be acted on, whether it was asked back.
        is_free: Whether the turn wants nothing that costs device time.
        starts: Whether the plan costs device time where the turn wants none.
    """

    intent: bool
    target: bool
    settings: bool
    action: bool
    acts: bool | None
    args: bool | None
    prompt: bool | None
    full: bool
    refused: bool | None
    asked: bool | None
    is_free: bool
    starts: bool


def score(turn: Turn, told: Told) -> Score:
    """Compare a plan with a labelled turn."""
    expected: Turn = turn["expected"]
    good = {expected["intent"], *expected.get("accept_intents", ())}
    intent = told["intent"] in good
    target = _target(turn, told)
    settings = _settings(expected, told)
    action = expected["intent"] != "control" or told["intent"] != "control"
    action = action or told.get("action") == expected.get("action")
    acts = args = None
    if expected["intent"] == "refine":
        acts, args = _acts(expected, told, intent=intent)
    return Score(
        intent=intent,
        target=target,
        settings=settings,
        action=action,
        acts=acts,
        args=args,
        prompt=_prompt(expected, told) if intent else None,
        full=intent
        and target
        and settings
        and action
        and acts is not False
        and args is not False,
        refused=intent if expected["intent"] == "unsupported" else None,
        asked=intent if expected["intent"] == "ask" else None,
        is_free=good <= _FREE,
        starts=good <= _FREE and _costs(told),
    )


def summed(turns: Sequence[Turn], scores: Sequence[Score]) -> dict[str, Any]:
    """Return the fractions over turns, and by language, tag and intent."""
    groups: defaultdict[str, list[Score]] = defaultdict(list)
    for turn, one in zip(turns, scores, strict=True):
        groups[f"lang:{turn['lang']}"].append(one)
        groups[f"intent:{turn['expected']['intent']}"].append(one)
        for tag in turn.get("tags", ()):
            groups[tag].append(one)
    free = [one for one in scores if one.is_free]
    return {
        "n": len(scores),
        **{key: share(scores, key) for key in KEYS},
        "false_starts": share(free, "starts"),
        "n_free": len(free),
        "by": {
            key: {
                "n": len(group),
                "intent": share(group, "intent"),
                "full": share(group, "full"),
            }
            for key, group in sorted(groups.items())
        },
    }


def share(scores: Iterable[Score], key: str) -> float | None:
    """Return how many are right, of those of which it can be said."""
    seen = [getattr(one, key) for one in scores if getattr(one, key) is not None]
    return round(sum(seen) / len(seen), 4) if seen else None


def _acts(expected: Turn, told: Told, *, intent: bool) -> tuple[bool, bool]:
    """Return whether the acts are the right ones, and whether their arguments are."""
    if told["intent"] != "refine":  # it is right all the same, or it is not
        return intent, intent
    left, pairs = list(told.get("acts", ())), list[tuple[Turn, Told]]()
    for entry in expected["acts"]:
        alike = [
            (right, one)
            for right in _list(entry)
            for one in left
            if one["act"] == right["act"]
        ]
        if not alike:
            return False, False
        best = next((pair for pair in alike if _args(*pair)), alike[0])
        left.remove(best[1])
        pairs.append(best)
    return not left, not left and all(_args(*pair) for pair in pairs)


def _args(right: Turn, told: Told) -> bool:
    return all(
        same(value, told.get(name))
        for name, value in right.items()
        if name not in ("act", "with", "to")
    )


def _target(turn: Turn, told: Told) -> bool:
    expected = turn["expected"]
    if expected["intent"] in _NO_TARGET and not expected.get("target"):
        return True
    names = {v["name"]: v["ref"] for v in turn["variables"] if v.get("ref")}
    found = _refs(told.get("target"), names)
    joined = found + Counter()
    for act in told.get("acts", ()):
        if act["act"] in _SEVERAL:
            joined |= _refs(act.get("with"), names)
    answers = [expected.get("target"), *expected.get("accept_targets", ())]
    if any(_refs(answer, names) in (found, joined) for answer in answers):
        return True
    first = expected.get("target")
    if not isinstance(first, list) or not first:
        return False
    wanted = set(_refs(first, names))
    return found == _refs(first[0], names) and wanted <= set(joined)


def _refs(value: Any, names: Mapping[str, str]) -> Counter[str]:
    return Counter(names.get(str(one), str(one)) for one in _list(value))


def _settings(expected: Turn, told: Told) -> bool:
    right, found = expected.get("settings") or {}, told.get("settings") or {}
    return all(same(value, found.get(name)) for name, value in right.items()) and not (
        found.keys() - right.keys() - _SPARE
    )


def _prompt(expected: Turn, told: Told) -> bool | None:
    if not expected.get("prompt") or told["intent"] != expected["intent"]:
        return None
    right = set(_words(" ".join(_list(expected["prompt"]))))
    found = set(_words(" ".join(_list(told.get("prompt") or ""))))
    return len(right & found) >= _PROMPT * len(right | found)


def _costs(told: Told) -> bool:
    """Return whether carrying out a plan takes device time."""
    if told["intent"] == "refine":
        acts = told.get("acts", ())
        return not acts or any(
            not isinstance(ACTS[act["act"]].cost, str)  # it depends: count it
            or ACTS[act["act"]].cost == "diffusion"
            for act in acts
        )
    return told["intent"] in MAKES


def same(right: Any, found: Any) -> bool:
    """Return whether a value agrees with a label's.

    >>> same("blue", "dark blue"), same(2, 2.01), same([1, 2], (1, 2))
    (True, True, True)
    """
    if isinstance(right, bool) or isinstance(found, bool):
        return bool(right) == bool(found)
    if isinstance(right, int | float) and isinstance(found, int | float):
        return abs(right - found) <= _NEAR * max(1.0, abs(right))
    if isinstance(right, list):
        several = _list(found)
        return len(right) == len(several) and all(
            any(same(one, other) for other in several) for one in right
        )
    return found is not None and _same_text(str(right), str(found))


def _same_text(right: str, found: str) -> bool:
    a, b = _words(right), _words(found)
    if not a or not b:
        return a == b
    if any(script(char) for char in right):
        x, y = "".join(a), "".join(b)
        return (x in y and len(y) <= 2 * len(x) + 4) or (
            y in x and 2 * len(y) >= len(x)
        )
    own, other = set(a), set(b)
    is_more = own <= other and len(other) <= len(own) + _MORE_WORDS
    return is_more or (other <= own and 2 * len(other) >= len(own))


def _words(text: str) -> list[str]:
    spaced = "".join(c if c.isalnum() or c == "_" else " " for c in text.casefold())
    return [word for word in spaced.split() if word not in _SMALL]


def _list(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return list(value)
    return [] if value is None or value == "" else [value]
