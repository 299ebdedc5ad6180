"""Short turns that say one of a few things: yes and no, hello, what is asked of a clip."""

from __future__ import annotations

from typing import Final, Literal, cast, get_args

from nbagent.acts.plan import Talk, Topic
from nbagent.language.chart import Chart
from nbagent.language.guess import language

Answer = Literal["yes", "no", "draft"]
Undoes = Literal["undo", "redo"]
_SHORT: Final = 0.5
"""The share of a turn's words that a greeting is, if that is all it says."""


def answer(text: str) -> Answer | None:
    """Return what a short turn says to a question; None if it says more.

    >>> answer("Yes, please."), answer("lieber ein Entwurf"), answer("yes, but at night")
    ('yes', 'draft', None)
    """
    chart = Chart.of(text, language(text))
    said: set[str] = set()
    at = 0
    while at < len(chart.tokens):
        if chart.tokens[at].kind == "sign":
            at += 1
            continue
        match = chart.get(at, "answers")
        if match is None:
            return None
        said.add(match.value)
        at = match.end
    said -= {"polite"}
    if "draft" in said and "no" not in said:
        return "draft"
    return cast(Answer, said.pop()) if len(said) == 1 else None


def undoes(text: str) -> Undoes | None:
    """Return which way a turn goes in the conversation, if that is all it says.

    >>> undoes("Undo, please!"), undoes("rückgängig"), undoes("redo"), undoes("undo the night")
    ('undo', 'undo', 'redo', None)
    """
    chart = Chart.of(text, language(text))
    said, is_polite, at = set[str](), False, 0
    while at < len(chart.tokens):
        match = chart.get(at, "back") or chart.get(at, "answers", "polite")
        if match is None and chart.tokens[at].kind != "sign":
            return None
        if match is not None and match.value == "polite":
            is_polite = True
        elif match is not None:
            said.add(match.value)
        at = match.end if match else at + 1
    if said == {"redo"} and is_polite:
        return None  # "redo it" may be of the clip: another try
    return cast(Undoes, said.pop()) if len(said) == 1 else None


def is_all(text: str) -> bool:
    """Return whether everything is meant: "all of them", "alles"."""
    chart = Chart.of(text, language(text))
    at = 0
    while at < len(chart.tokens):
        if chart.get(at, "all") and not chart.is_inside(at):
            return True
        at = max(chart.skip(at, "other"), at + 1)
    return False


def topics(text: str) -> tuple[Topic, ...]:
    """List what of a clip a question is about, in order.

    >>> topics("how long is it and which seed?")
    ('length', 'seed')
    >>> topics("how long did c3 take?")
    ('took',)
    """
    chart = Chart.of(text, language(text))
    found: list[Topic] = []
    at = 0
    while at < len(chart.tokens):
        match = None if chart.is_inside(at) else chart.get(at, "topics")
        if match and match.value not in found:
            found.append(cast(Topic, match.value))
        at = match.end if match else at + 1
    if "took" in found and "length" in found:
        found.remove("length")  # "how long" was of the rendering
    return tuple(found)


def talk(text: str) -> Talk:
    """Return which kind of talk a turn is.

    >>> talk("hi there!"), talk("What can you do?"), talk("why is the sky blue?")
    ('greeting', 'help', 'other')
    """
    chart = Chart.of(text, language(text))
    words = sum(token.kind != "sign" for token in chart.tokens)
    said: dict[str, int] = {}
    at = 0
    while at < len(chart.tokens):
        match = None if chart.is_inside(at) else chart.get(at, "talk")
        if match:
            said[match.value] = said.get(match.value, 0) + match.end - at
        at = match.end if match else at + 1
    if "help" in said or said.get("lone_help", 0) >= _SHORT * words > 0:
        return "help"
    polite = sum(said.get(kind, 0) for kind in get_args(Talk))
    if not words or polite < _SHORT * words:
        return "other"
    return "thanks" if "thanks" in said else "greeting"
