"""Variables that a turn names with `@`, the only mark that means anything in it.

>>> spelled_out("a poster of @title, @ 5 pm", {"title": "a red ball"})
'a poster of a red ball, @ 5 pm'
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from nbagent.conversation.attachments import MAX_CHARS
from nbagent.conversation.clip import Clip
from nbagent.conversation.kinds import described
from nbagent.conversation.pictures import is_read
from nbagent.conversation.plan import Intent, Plan
from nbagent.conversation.references import (
    clips_named,
    names_in,
    shown_picture,
    unknown_names,
)
from nbagent.conversation.state import SHOWN, State, Variable
from nbagent.errors import SpecError

# Korean, Chinese and Japanese go on behind a name without a space: "@photo를".
_MENTION: Final = re.compile(
    r"(?<![\w@.])@([A-Za-z_][A-Za-z0-9_]*(?=[぀-ヿ㐀-鿿가-힯])|[^\W\d]\w*)"
)
_LIKE: Final = 0.75  # of difflib: one letter of four is another, or lost
_LISTED: Final = 6
_BEGINNING: Final = 3  # words of a change, among which stands what is changed
# Of a turn that is about something which is there: without a name it would be guessed.
NAMES_CLIPS: Final[frozenset[Intent]] = frozenset(
    {"refine", "describe", "control", "analyze", "animate_image"}
)
"""Turns that are refused if they name a clip which is not there."""

_ABOUT: Final[frozenset[Intent]] = frozenset(
    {"animate_image", "analyze", "control", "describe"}
)


def mentioned(words: str) -> tuple[str, ...]:
    """Return the names that stand behind an `@`, in order, known or not."""
    return tuple(dict.fromkeys(m[1] for m in _MENTION.finditer(words)))


def spelled_out(words: str, values: Mapping[str, object]) -> str:
    """Return a turn with its string variables in place of their names.

    All else stays byte for byte: other variables, unknown names, and any `@` inside of
    a string that was put in.

    Raises:
        SpecError: If a string is longer than a turn should be.
    """

    def text(found: re.Match[str]) -> str:
        value = values.get(found[1])
        if type(value) is not str:
            return found[0]
        if len(value) > MAX_CHARS:
            raise SpecError(
                f"@{found[1]} has {len(value):,} characters, the most that a turn takes"
                f" of a variable is {MAX_CHARS:,}: name a shorter one"
            )
        return value.strip()

    return _MENTION.sub(text, words)


def is_only_mention(words: str) -> bool:
    """Return whether a turn says nothing beside one name."""
    return _MENTION.fullmatch(words.strip()) is not None


def stood_in(words: str, values: Mapping[str, object]) -> str:
    """Return a turn with something plain in place of its string variables.

    What a turn asks for is read from this: a string says what is shown, never what is
    done.
    """

    def stand_in(found: re.Match[str]) -> str:
        return "a cat" if type(values.get(found[1])) is str else found[0]

    return _MENTION.sub(stand_in, words)


def with_named(
    variables: tuple[Variable, ...], words: str, values: Mapping[str, object]
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
            for name in mentioned(words)
            if name in values and name not in known
        ),
        *variables,
    )


def unused(words: str, plan: Plan, values: Mapping[str, object]) -> tuple[str, ...]:
    """Return a note for each variable that a turn names and the picture has nothing of."""
    used = plan.targets if plan.intent == "animate_image" else ()
    return tuple(
        _unused(name, values[name], words)
        for name in mentioned(words)
        if name in values
        and name not in used
        and not isinstance(values[name], (str, Clip))
    )


def guessed(words: str, plan: Plan, values: Mapping[str, object]) -> tuple[str, ...]:
    """Return a note where a picture is set in motion that a turn does not name."""
    if plan.intent != "animate_image" or len(plan.targets) != 1:
        return ()
    (name,) = plan.targets
    if name == SHOWN or name not in values:
        return ()
    if re.search(rf"\b{name}\b", words, re.IGNORECASE):
        return ()
    return (f"It begins with @{name}: name another with @ if that is not meant.",)


def checked(words: str, plan: Plan, state: State, values: Mapping[str, object]) -> Plan:
    """Return a plan that asks back what a turn names and nothing is called.

    Asked is where a name is near to one that is there, and where the turn would be
    about something else than it names; elsewhere an unknown name stays as it was typed.
    """
    strays = _strays(words, plan, state, values)
    if not strays:
        return plan
    known = _known(state, values)
    if any(_near(name, known) for name in strays) or _would_guess(words, plan, state):
        return Plan(intent="ask", unknown=strays)
    # What is not clear for other reasons is asked first.
    return plan if plan.intent == "ask" else replace(plan, unknown=strays)


def question(plan: Plan, state: State, values: Mapping[str, object]) -> str:
    """Ask what is meant by the names of a plan that nothing has."""
    known, lines = _known(state, values), []
    for name in plan.unknown:
        if near := _near(name, known):
            meant = f"did you mean {_spelt(near, state)}?"
        else:
            there = [f"@{one.name}" for one in state.variables if one.name[0] != "_"]
            there = [*there[-_LISTED:], *(c.ref for c in state.clips[-_LISTED:])]
            meant = f"there is {', '.join(there)}" if there else "there is none yet"
        lines.append(f"no variable or clip is named {name}: {meant}")
    return "\n".join(
        (*lines, "Nothing was done: say the turn again with the right name.")
    )


def left(plan: Plan) -> tuple[str, ...]:
    """Return a note for each unknown name that stays in the words."""
    return tuple(
        f"No variable or clip is named {name}: @{name} stays in the words as you typed"
        " it."
        for name in plan.unknown
    )


def _strays(
    words: str, plan: Plan, state: State, values: Mapping[str, object]
) -> tuple[str, ...]:
    """Return the names behind an @ that nothing has."""
    variables = {variable.name for variable in state.variables}
    no_clips = unknown_names(words, state)
    return tuple(
        name
        for name in mentioned(words)
        if name not in variables
        and name not in values
        and not clips_named(f"@{name}", state)
        # Of clips it is said which there are, where a turn is about one.
        and not (plan.intent in NAMES_CLIPS and name in no_clips)
    )


def _would_guess(words: str, plan: Plan, state: State) -> bool:
    """Return whether what the turn is about would be chosen without a name."""
    if names_in(words, state) or clips_named(words, state):
        return False
    if shown_picture(words, state):
        return False
    if plan.intent == "refine":  # "loop @film", but not "in the style of @somebody"
        return any(map(_MENTION.match, words.split()[:_BEGINNING]))
    return plan.intent in _ABOUT


def _known(state: State, values: Mapping[str, object]) -> tuple[str, ...]:
    """Return the names that can be meant."""
    own = (name for name in values if not name.startswith("_"))
    listed = (variable.name for variable in state.variables)
    return tuple(dict.fromkeys((*listed, *own, *(clip.ref for clip in state.clips))))


def _near(name: str, known: Sequence[str]) -> str | None:
    """Return the name that one is a slip of; capitals are another name in Python."""
    by_lower = {one.lower(): one for one in known}
    close = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=_LIKE)
    return by_lower[close[0]] if close else None


def _spelt(name: str, state: State) -> str:
    return name if state.clip(name) else f"@{name}"


def _unused(name: str, value: object, words: str) -> str:
    said = f"@{name} ({type(value).__name__}) is not used in the picture"
    # Nobody is told to write what they wrote, nor what would be refused.
    if f"animate @{name}" in words or not is_read(value):
        return f"{said}."
    return f"{said}: 'animate @{name}' begins with it."
