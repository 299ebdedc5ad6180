"""Names that a turn has behind an `@`, the only mark that makes a word a variable.

What they are is in the plan (`Plan.mentions`). Before there is one the names are looked up
once, so that the turn is read against all that it names.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, Final, cast

from nbagent.acts.base import Act
from nbagent.acts.plan import Intent, Plan, Settings
from nbagent.conversation.attachments import MAX_CHARS
from nbagent.conversation.clip import Clip
from nbagent.conversation.kinds import described
from nbagent.conversation.pictures import is_read
from nbagent.conversation.record import is_number
from nbagent.errors import SpecError
from nbagent.language.state import SHOWN, State, Variable

# Korean, Chinese and Japanese go on behind a name without a space: "@photo를".
_MENTION: Final = re.compile(
    r"(?<![\w@.])@([A-Za-z_][A-Za-z0-9_]*(?=[぀-ヿ㐀-鿿가-힯])|[^\W\d]\w*)"
)
_LIKE: Final = 0.75  # of difflib: one letter of four is another, or lost
_LISTED: Final = 6
NAMES_CLIPS: Final[frozenset[Intent]] = frozenset(
    {"refine", "describe", "control", "analyze", "animate_image"}
)
"""Turns about something that is there: without a name it would be guessed."""

_ALIKE: Final[Mapping[str, str]] = {"Axes": "Figure", "Series": "DataFrame"}


# Before the turn is read


def mentioned(words: str) -> tuple[str, ...]:
    """Return the names that stand behind an `@`, in order, known or not."""
    return tuple(dict.fromkeys(m[1] for m in _MENTION.finditer(words)))


def with_named(
    variables: tuple[Variable, ...], names: Sequence[str], values: Mapping[str, object]
) -> tuple[Variable, ...]:
    """Return the variables, and those of any kind that a turn names.

    What is named is never passed over: a turn about it is done or refused by name, and
    not taken to be about something else.
    """
    known = {variable.name for variable in variables}
    return (
        *(
            described(name, values[name])
            or Variable(name=name, type=type(values[name]).__name__)
            for name in names
            if name in values and name not in known
        ),
        *variables,
    )


def alone(words: str, values: Mapping[str, object]) -> tuple[str, str] | None:
    """Return the name and the text of a string that is all there is of a turn.

    Raises:
        SpecError: If it is longer than a turn should be.
    """
    found = _MENTION.fullmatch(words.strip())
    if found is None or type(values.get(found[1])) is not str:
        return None
    return found[1], _spelled_out(words.strip(), values)


# Of a plan


def filled(plan: Plan, values: Mapping[str, object]) -> Plan:
    """Return a plan with the texts of string variables in place of their names.

    A string says what is shown, never what is done: the turn was read without it.

    Raises:
        SpecError: If a string is longer than a turn should be.
    """
    if not any(type(values.get(name)) is str for name in plan.mentions):
        return plan

    def fill(value: Any) -> Any:
        if isinstance(value, str):
            return _spelled_out(value, values)
        return tuple(map(fill, value)) if isinstance(value, tuple) else value

    settings = {key: fill(value) for key, value in plan.settings.items()}
    return replace(
        plan,
        prompt=fill(plan.prompt),
        scenes=fill(plan.scenes),
        settings=cast(Settings, settings),
        acts=tuple(_changed(act, fill) for act in plan.acts),
    )


def unused(plan: Plan, values: Mapping[str, object]) -> tuple[str, ...]:
    """Return a note for each variable that a turn names and the picture has nothing of."""
    used = plan.targets if plan.intent == "animate_image" else ()
    return tuple(
        _unused(name, values[name], plan)
        for name in plan.mentions
        if name in values
        and name not in used
        and not isinstance(values[name], (str, Clip))
    )


def guessed(plan: Plan, values: Mapping[str, object]) -> tuple[str, ...]:
    """Return a note where a picture is set in motion that a turn does not name."""
    if plan.intent != "animate_image" or len(plan.targets) != 1:
        return ()
    (name,) = plan.targets
    if name == SHOWN or name not in values or name in plan.mentions:
        return ()
    return (f"Starts from @{name}: name a different one with @ if you meant that.",)


def checked(plan: Plan, state: State, values: Mapping[str, object]) -> Plan:
    """Return a plan that asks back what a turn names and nothing is called.

    Asked is where a name is near to one that is there, where the turn would be about
    something else than it names, and where one of several variables would be chosen
    that it does not name; elsewhere an unknown name stays as it was typed.
    """
    if alike := _alike(plan, state):
        return Plan(intent="ask", targets=alike, mentions=plan.mentions)
    strays = _strays(plan, state, values)
    if not strays:
        return plan
    known = _known(state, values)
    if any(_near(name, known) or _is_about(name, plan) for name in strays):
        return Plan(intent="ask", unknown=strays, mentions=plan.mentions)
    # What is not clear for other reasons is asked first.
    return plan if plan.intent == "ask" else replace(plan, unknown=strays)


def asks_which(plan: Plan) -> bool:
    """Return whether a plan asks which of several things is meant, and not what is done."""
    several = len(plan.targets) > 1 and not plan.readings
    return plan.intent == "ask" and (bool(plan.unknown) or several)


def question(plan: Plan, state: State, values: Mapping[str, object]) -> str:
    """Ask which of several is meant, or what by the names of a plan that nothing has."""
    if not plan.unknown:
        names = " or ".join(_spelt(name, state) for name in plan.targets)
        return f"Which do you mean, {names}? Say the turn again with its name."
    known, lines = _known(state, values), []
    for name in plan.unknown:
        if near := _near(name, known):
            meant = f"did you mean {_spelt(near, state)}?"
        else:
            there = [f"@{one.name}" for one in state.variables if one.name[0] != "_"]
            there = [*there[-_LISTED:], *(c.ref for c in state.clips[-_LISTED:])]
            meant = f"there is {', '.join(there)}" if there else "there are none yet"
        lines.append(f"no variable or clip is named {name}: {meant}")
    return "\n".join(
        (*lines, "Nothing was done: say the turn again with the right name.")
    )


def left(plan: Plan) -> tuple[str, ...]:
    """Return a note for each unknown name that stays in the words."""
    return tuple(
        f"No variable or clip is named {name}: @{name} was read as plain words."
        for name in plan.unknown
    )


def _spelled_out(text: str, values: Mapping[str, object]) -> str:
    """Return a text with string variables in place of their names; all else stays."""

    def said(found: re.Match[str]) -> str:
        value = values.get(found[1])
        if type(value) is not str:
            return found[0]
        if len(value) > MAX_CHARS:
            raise SpecError(
                f"@{found[1]} has {len(value):,} characters, and a turn takes up to"
                f" {MAX_CHARS:,} from a variable: name a shorter one"
            )
        return value.strip()

    return _MENTION.sub(said, text)


def _changed(act: Act, change: Callable[[Any], Any]) -> Act:
    values = {field.name: getattr(act, field.name) for field in fields(act)}
    new = {name: change(value) for name, value in values.items()}
    return replace(act, **new) if new != values else act


def _texts(plan: Plan) -> Iterator[str]:
    """Return all that a plan says of pictures, in words."""
    values: list[object] = [plan.prompt, *plan.scenes, *plan.keep, plan.what]
    values += [*plan.unread, *plan.settings.values()]
    values += [getattr(act, field.name) for act in plan.acts for field in fields(act)]
    for value in values:
        parts = value if isinstance(value, tuple) else (value,)
        yield from (part for part in parts if isinstance(part, str))


def _alike(plan: Plan, state: State) -> tuple[str, ...]:
    """Return the variables of one kind of which a plan has chosen one without a name."""
    for name in plan.targets:
        chosen = next((v for v in state.variables if v.name == name), None)
        if chosen is None or name in (*plan.mentions, SHOWN) or state.clip(name):
            continue
        kind = _ALIKE.get(chosen.type, chosen.type)
        alike = tuple(
            v.name
            for v in state.variables
            if _ALIKE.get(v.type, v.type) == kind and not v.name.startswith("_")
        )
        if len(alike) > 1:
            return alike
    return ()


def _strays(plan: Plan, state: State, values: Mapping[str, object]) -> tuple[str, ...]:
    """Return the names behind an @ that nothing has."""
    known = {name.casefold() for clip in state.clips for name in clip.names}
    variables = {variable.name for variable in state.variables}
    return tuple(
        name
        for name in plan.mentions
        if name not in values
        and name not in variables
        and name.casefold().replace("clip", "c", 1) not in known  # "@clip1" is c1
        # Of clips it is said which there are, where a turn is about one.
        and not (plan.intent in NAMES_CLIPS and is_number(name))
    )


def _is_about(name: str, plan: Plan) -> bool:
    """Return whether a turn is about a name that nothing has, and not about its text."""
    if plan.intent not in NAMES_CLIPS:
        return False
    return not any(name in mentioned(text) for text in _texts(plan))


def _known(state: State, values: Mapping[str, object]) -> tuple[str, ...]:
    """Return the names that can be meant."""
    own = (name for name in values if not name.startswith("_"))
    listed = (variable.name for variable in state.variables)
    clips = (name for clip in state.clips for name in clip.names)
    return tuple(dict.fromkeys((*listed, *own, *clips)))


def _near(name: str, known: Sequence[str]) -> str | None:
    """Return the name that one is a slip of; capitals are another name in Python."""
    by_lower = {one.lower(): one for one in known}
    close = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=_LIKE)
    return by_lower[close[0]] if close else None


def _spelt(name: str, state: State) -> str:
    return name if state.clip(name) else f"@{name}"


def _unused(name: str, value: object, plan: Plan) -> str:
    said = f"@{name} ({type(value).__name__}) is not used for the picture"
    # Nobody is told to write what they wrote, nor what would be refused.
    if plan.intent == "animate_image" or not is_read(value):
        return f"{said}."
    return f"{said}: 'animate @{name}' starts from it."
