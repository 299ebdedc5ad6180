"""The values of a label become an act that checks itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from nbagent.acts import ACTS, act_from_json
from nbagent.acts.base import Act, Span
from nbagent.acts.lettering import Lettering
from nbagent.errors import SpecError
from nbagent.language import grammar
from nbagent.language.lexicon import is_small

_LETTERED: Final = frozenset(
    kind for kind, act in ACTS.items() if issubclass(act, Lettering)
)


def act_of(told: Mapping[str, Any]) -> Act | None:
    """Return an act; None if its values do not make one.

    >>> act_of({"act": "recolor", "what": "ball", "color": "blue"})
    Recolor(span=None, region=None, color='blue', what='ball')
    >>> act_of({"act": "trim"}) is None
    True
    """
    try:
        return act_from_json(_typed(told))
    except SpecError:
        return None


def _typed(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return an act's values with its parts as the grammar reads them."""
    values = dict(told)
    if values["act"] == "replace" and _is_colour(values.get("with")):
        values = {"act": "recolor", "color": values["with"]}  # "no, a blue one"
    if isinstance(words := values.get("region"), str):
        box = grammar.region(words)
        values["region"] = words if box is None else list(box)
    elif isinstance(box := values.get("region"), tuple):
        values["region"] = list(box)
    if isinstance(words := values.get("span"), str):
        values["span"] = grammar.span(words) or words
    if isinstance(part := values.get("span"), Span):
        ends = [part.start, part.end]
        values["span"] = {"shares": ends} if part.is_share else ends
    if values["act"] in _LETTERED and isinstance(said := values.get("color"), str):
        colours = [one.value for one in grammar.find(said) if one.kind == "colour"]
        values["color"] = colours[0] if colours else said  # drawn, so it has a code
    if values["act"] == "resize" and "scale" in values:
        values = {"act": "resize", "scale": values["scale"]}
    return values


def _is_colour(words: Any) -> bool:
    """Return whether words say a colour and nothing else: "blue", "a blue one"."""
    if not isinstance(words, str):
        return False
    return any(
        one.kind == "colour"
        and is_small(words[: one.start])
        and is_small(words[one.end :])
        for one in grammar.find(words)
    )
