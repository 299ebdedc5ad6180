"""From a reading to a plan: arguments become acts that check themselves.

What nbagent would do on a guess, it asks first: a reading that costs device time, or loses
something, below its threshold becomes a question whose likely answers are listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, cast

from nbagent.acts.add import Add
from nbagent.acts.base import Act
from nbagent.acts.plan import (
    MAKES,
    Action,
    Choice,
    Control,
    Format,
    Intent,
    Plan,
    Settings,
)
from nbagent.language import grammar
from nbagent.language.candidates import names_in
from nbagent.language.grammar import Found
from nbagent.language.reading import Reading
from nbagent.language.state import State
from nbagent.language.typed import act_of

_MOST_CHOICES: Final = 3
_ALL: Final = 0.85  # of the letters of a turn
_UNLIKELY: Final = 0.04  # of a choice that is not offered
_FIRST_CHOICES: Final[tuple[Intent, ...]] = ("generate_video", "refine", "chat")
_LOSES: Final = frozenset({"delete"})
_ABOUT_CLIPS: Final[frozenset[Intent]] = frozenset({"refine", "describe", "control"})
_LOOKS_AT: Final[frozenset[Intent]] = frozenset(
    {"animate_image", "analyze", "describe"}
)


def plan_of(
    turn: str,
    state: State,
    reading: Reading,
    confidence: float,
) -> Plan:
    """Return a reading as a plan.

    An act that its words leave incomplete is left out, and its words are `unread`.

    Args:
        turn: The words.
        state: What they were read against.
        reading: Of them.
        confidence: How often such a reading is right.
    """
    found = grammar.find(turn)
    mentions = tuple(
        dict.fromkeys(one.value[0] for one in found if one.kind == "mention")
    )
    targets = _targets(turn, reading, state, found, mentions)
    frame, span = _pointed(found)
    acts, unread = _acts(reading.acts, span, state.part)
    said = frozenset(names_in(turn))
    named = [t for t in targets if t not in mentions and t.lower() in said]
    return Plan(
        intent=reading.intent,
        targets=targets,
        acts=acts,
        settings=cast(Settings, _settings(reading.settings)),
        prompt=_prompt(reading, turn),
        scenes=reading.scenes,
        keep=reading.keep,
        frame=frame,
        step=_step(found) if reading.intent == "refine" else None,
        control=_control(reading, turn, targets),
        then=tuple(map(_then, reading.then)),
        what=reading.what or (turn if reading.intent == "unsupported" else ""),
        topics=grammar.topics(turn) if reading.intent == "describe" else (),
        talk=grammar.talk(turn) if reading.intent == "chat" else "other",
        unread=unread,
        mentions=(*mentions, *(t for t in named if _is_variable(t, state))),
        confidence=confidence,
    )


def with_texts(
    texts: Plan, other: Plan | None, lost: Sequence[str], *, is_named: bool
) -> Plan | None:
    """Return a plan that puts texts over a clip, and does what is said beside them.

    Args:
        texts: A change by texts alone.
        other: What the rest of the turn asks for, if there is more.
        lost: Words of the texts that say nothing, and the rest, if it asks for nothing.
        is_named: Whether a clip is named beside the texts.
    """
    *unread, rest = lost
    if not texts.acts:
        return None
    if other is None:
        return replace(texts, unread=(*texts.unread, *unread))
    if other.intent in MAKES | {"refine"}:
        is_theirs = is_named and other.intent == "refine"
        return replace(
            other,
            acts=(*other.acts, *texts.acts),
            targets=texts.targets if is_theirs else other.targets,
            mentions=tuple(dict.fromkeys((*other.mentions, *texts.mentions))),
            unread=(*other.unread, *unread),
        )
    if other.intent == "control" and other.control is not None:
        return replace(texts, then=(other.control,), unread=(*texts.unread, *unread))
    if other.intent == "ask":
        return other  # what is meant is asked of the whole turn
    return replace(texts, unread=(*texts.unread, *unread, rest))


def with_more(data: Plan, other: Plan) -> Plan:
    """Return a plan about data with what is said beside it, read as a change."""
    return replace(
        data,
        acts=(*data.acts, *other.acts),
        settings=cast(Settings, {**other.settings, **data.settings}),
        unread=(*data.unread, *other.unread),
    )


def is_costly(plan: Plan) -> bool:
    """Return whether a plan costs device time or loses something: no guess may."""
    loses = plan.control is not None and plan.control.action in _LOSES
    return plan.needs_device or loses


def question(plan: Plan, others: Iterable[Plan]) -> Plan:
    """Return the question in place of a plan, with the likely readings as choices."""
    choices = [Choice(intent=one.intent, says=says(one)) for one in others]
    return Plan(
        intent="ask",
        mentions=plan.mentions,
        unread=plan.unread,
        confidence=plan.confidence,
        readings=tuple(choices[:_MOST_CHOICES]),
    )


def likely(shares: Mapping[Intent, float], state: State) -> tuple[Intent, ...]:
    """Return what a turn may be read as when it is asked back, best first."""
    order = sorted(shares, key=lambda intent: -shares[intent])
    found = [
        intent
        for intent in order
        if intent not in ("ask", "unsupported") and shares[intent] > _UNLIKELY
    ]
    found += [one for one in _FIRST_CHOICES if one not in found]
    return tuple(one for one in found if one != "refine" or state.clips)[:_MOST_CHOICES]


def says(plan: Plan) -> str:
    """Say in a few words what would be done."""
    names = " and ".join(plan.targets)
    if plan.intent == "refine":
        acts = "; ".join(act.says() for act in plan.acts)
        return f"change {names or 'the latest clip'}: {acts}"
    if plan.intent == "control" and plan.control is not None:
        return f"{plan.control.action} {names}".strip()
    told = {
        "generate_video": f"a new clip: {plan.prompt!r:.80}",
        "generate_image": f"a still picture: {plan.prompt!r:.80}",
        "animate_image": f"set {names or 'the picture'} in motion",
        "storyboard": f"{len(plan.scenes) or 'several'} scenes, joined",
        "describe": f"tell what is known about {names or 'the clips'}",
        "analyze": "an answer from your data",
        "chat": "an answer in words",
    }
    return told.get(plan.intent, plan.intent)


def _targets(
    turn: str,
    reading: Reading,
    state: State,
    found: Sequence[Found],
    mentions: Sequence[str],
) -> tuple[str, ...]:
    """Return what a turn is about; a variable only if it is named, or looked at.

    A bare word is never a variable: a table called `beach` has no part in "a cat runs on
    the beach". Where a turn looks at something of the notebook, or changes the clip that a
    variable holds, its name may stand there without the mark. A clip that is named is never
    passed over for another, nor one that is not there.
    """
    said = frozenset(names_in(turn))
    targets = tuple(
        name
        for name in reading.targets
        if not _is_variable(name, state)
        or name in mentions
        or reading.intent in _LOOKS_AT
        or (_holds_clip(name, state) and (name in said or state.latest is None))
    )
    if reading.intent not in _ABOUT_CLIPS:
        return targets
    gone = [
        one.value
        for one in found
        if one.kind == "clip"
        and isinstance(one.value, str)
        and not any(one.value in clip.names for clip in state.clips)
    ]
    if gone:  # that it is not there is said
        own = targets if reading.intent == "describe" else ()
        return (*own, *dict.fromkeys(gone))
    if reading.intent == "refine" and not targets and state.latest is not None:
        return (state.latest.ref,)
    return targets


def _is_variable(name: str, state: State) -> bool:
    return any(variable.name == name for variable in state.variables)


def _holds_clip(name: str, state: State) -> bool:
    return any(one.name == name and one.ref for one in state.variables)


def _pointed(found: Sequence[Found]) -> tuple[int | None, list[float | None] | None]:
    """Return the frame and the span that a name in brackets points at."""
    for one in found:
        if one.kind == "mention":
            _, span, frame = one.value
            if span is not None or frame is not None:
                return frame, None if span is None else list(span)
    return None, None


def _step(found: Sequence[Found]) -> int | None:
    """Return the step of a run after which a change holds."""
    return next((one.value for one in found if one.kind == "step"), None)


def _acts(
    told: Sequence[dict[str, Any]],
    span: list[float | None] | None,
    part: Mapping[str, Any],
) -> tuple[tuple[Act, ...], tuple[str, ...]]:
    """Return acts of a reading, and the words of those that cannot be."""
    acts, unread = list[Act](), list[str]()
    for one in told:
        pointed = {} if span is None or "span" in one else {"span": span}
        act = act_of(one | pointed) or act_of({**part, **one})  # "trim it" as selected
        if act is not None:
            acts.append(act)
        else:
            unread.append(" ".join(v for v in one.values() if isinstance(v, str)))
    return tuple(acts), tuple(unread)


def _settings(told: Mapping[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in told.items()}


def _prompt(reading: Reading, turn: str) -> str:
    """Return the picture's words; all of the turn where none stood out."""
    if reading.intent not in MAKES:
        return ""
    said = ", ".join(reading.prompt)
    if reading.intent == "animate_image":
        marks = [one.end for one in grammar.find(said) if one.kind == "mention"]
        said = said[max(marks, default=0) :].lstrip(" :,;-")  # how it moves alone
    if said or reading.intent in ("animate_image", "storyboard"):
        return said
    return turn.strip()


def _control(reading: Reading, turn: str, targets: Sequence[str]) -> Control | None:
    if reading.intent != "control" or reading.action is None:
        return None
    return Control(
        action=cast(Action, reading.action),
        format=cast(Format | None, reading.format),
        name=reading.name,
        is_all=grammar.is_all(turn) and not targets,
    )


def _then(told: Mapping[str, Any]) -> Control:
    return Control(action=told["action"], format=told.get("format"))


def adds_all_of(plan: Plan, words: str) -> bool:
    """Return whether a plan puts all that was said into a clip, and does no more."""
    if plan.intent != "refine" or len(plan.acts) != 1:
        return False
    act = plan.acts[0]
    return isinstance(act, Add) and len(act.what) >= _ALL * len(words.strip())


def without_acts(plan: Plan) -> bool:
    """Return whether a change is left without anything to change."""
    return plan.intent == "refine" and not plan.acts
