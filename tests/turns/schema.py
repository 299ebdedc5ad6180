"""What a labelled turn may hold, and what is wrong with those that break SCHEMA.md."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

Turn = dict[str, Any]

TEXTS: Final = ("title", "caption", "label", "lower_third", "subtitle")
"""Acts that put a text over a clip: a new one may have it too."""

LANGUAGES: Final = frozenset({"en", "ko", "zh", "ja", "es", "de", "fr", "pt", "it"})
INTENTS: Final = frozenset(
    {
        *("generate_video", "generate_image", "refine", "animate_image", "storyboard"),
        *("describe", "analyze", "chat", "control", "ask", "unsupported"),
    }
)
ARGUMENTS: Final[dict[str, frozenset[str]]] = {
    act: frozenset(arguments.split())
    for act, arguments in {
        "restyle": "style",
        "recolor": "what color",
        "replace": "what with",
        "add": "what",
        "remove": "what",
        "place": "place",
        "time": "time",
        "weather": "weather",
        "motion": "motion",
        "camera": "camera",
        "speed": "factor direction",
        "length": "duration_s",
        "extend": "by_s side",
        "trim": "keep drop_first_s drop_last_s",
        "reverse": "",
        "loop": "seamless",
        "mirror": "",
        "crop": "",
        "resize": "scale width height",
        "aspect": "aspect",
        "upscale": "scale",
        "fps": "fps",
        "quality": "quality",
        "reseed": "seed count",
        "blend": "with",
        "join": "with transition",
        "grid": "with",
        "match": "with",
        "redo": "",
        "undo": "to",
        **dict.fromkeys(
            TEXTS, "text at x y size scale color font fade plate track which remove"
        ),
    }.items()
}
"""The arguments of each act, beside `span` and `region`."""

ACTIONS: Final = frozenset(
    {"cancel", "keep", "pause", "resume", "status"}
    | {"save", "export", "share", "delete", "rename"}
)
TAGS: Final = frozenset(
    {"plain", "implicit", "trap", "ref", "context", "compound", "negation", "typo"}
    | {"long", "ambiguous", "keep", "pointing", "number", "foreign", "data", "control"}
    | {"correction", "question"}
)
_SETTINGS: Final = frozenset(
    {"duration_s", "fps", "aspect", "width", "height", "count", "style"}
    | {"negative", "seed", "quality", "loop", "camera"}
)
_FIELDS: Final = frozenset(
    {"intent", "accept_intents", "target", "accept_targets", "acts", "keep"}
    | {"settings", "prompt", "scenes", "action", "format", "name", "then", "what"}
)
_MAKES: Final = frozenset(
    {"refine", "generate_video", "generate_image", "animate_image", "storyboard"}
)
_WORDS: Final = frozenset(
    {"style", "what", "color", "place", "time", "weather", "motion", "camera"}
    | {"region", "span"}
)
"""Arguments that are the user's own words."""


def read(file: Path) -> list[Turn]:
    """Return the turns of a file, a JSON object a line."""
    lines = file.read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def faults(turns: Sequence[Turn]) -> list[str]:
    """Return a line for each thing in which turns break the schema."""
    found, ids, cold = [], set[str](), set[str]()
    for turn in turns:
        wrong = list(_faults(turn))
        if turn["id"] in ids:
            wrong.append("its id is there twice")
        if turn["turn"] in cold and not turn["history"]:
            wrong.append("the same first turn is there twice")
        ids.add(turn["id"])
        if not turn["history"]:
            cold.add(turn["turn"])
        found += [f"{turn['id']}: {line}" for line in wrong]
    return found


def _faults(turn: Turn) -> Iterator[str]:
    expected = turn["expected"]
    intent = expected["intent"]
    yield from _unknown("language", [turn["lang"]], LANGUAGES)
    yield from _unknown("tag", turn.get("tags", ()), TAGS)
    yield from _unknown("field", expected, _FIELDS)
    yield from _unknown(
        "intent", [intent, *expected.get("accept_intents", ())], INTENTS
    )
    yield from _unknown("target", _list(expected.get("target")), _names(turn))
    acts = expected.get("acts", [])
    others = [one for one in acts if _list(one)[0].get("act") not in TEXTS]
    if (intent == "refine" and not acts) or (intent != "refine" and others):
        yield f"{intent} with {len(acts)} acts"
    if acts and intent not in _MAKES:
        yield f"{intent} with a text"
    for act in (one for entry in acts for one in _list(entry)):
        yield from _act_faults(turn, act)
    if intent == "control":
        yield from _unknown("action", [expected.get("action")], ACTIONS)
    if intent == "unsupported" and not expected.get("what"):
        yield "unsupported without what"
    settings = expected.get("settings") or {}
    yield from _unknown("setting", settings, _SETTINGS)
    for said in ("style", "camera", "negative"):
        yield from _not_said(turn, said, settings.get(said))
    for said in ("prompt", "scenes", "keep", "what"):
        yield from _not_said(turn, said, expected.get(said))


def _act_faults(turn: Turn, act: dict[str, Any]) -> Iterator[str]:
    kind = act.get("act")
    if kind not in ARGUMENTS:
        yield f"act {kind!r} is unknown"
        return
    yield from _unknown(
        f"argument of {kind}", act, ARGUMENTS[kind] | {"act", "span", "region"}
    )
    for name, value in act.items():
        is_text = name in _WORDS or (kind == "replace" and name == "with")
        if is_text and isinstance(value, str):
            yield from _not_said(turn, name, value)
        elif kind in TEXTS and name in ("text", "which"):  # each line as it stands
            yield from _not_said(turn, name, value.splitlines())


def _names(turn: Turn) -> set[str | None]:
    """Return what a turn can be about: its variables, and the results before it."""
    names: set[str | None] = {None}
    names |= {variable["name"] for variable in turn["variables"]}
    for earlier in turn["history"]:
        result = earlier.get("result") or {}
        names |= {result.get("ref"), *result.get("refs", ())}
        scenes = result.get("scenes")
        names |= set(scenes) if isinstance(scenes, list) else set()
    return names


def _not_said(turn: Turn, what: str, texts: Any) -> Iterator[str]:
    for text in _list(texts):
        if text is not None and str(text).lower() not in turn["turn"].lower():
            yield f"{what} {text!r} is no part of the turn"


def _unknown(what: str, given: Iterable[Any], known: Iterable[Any]) -> Iterator[str]:
    yield from (f"{what} {one!r} is unknown" for one in given if one not in known)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
