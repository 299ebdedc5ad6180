"""Variables that a turn names with `@`, the only mark that means anything in it.

>>> spelled_out("a poster of @title, @ 5 pm", {"title": "a red ball"})
'a poster of a red ball, @ 5 pm'
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from nbagent.conversation.attachments import MAX_CHARS
from nbagent.conversation.clip import Clip
from nbagent.conversation.kinds import described
from nbagent.conversation.pictures import is_read
from nbagent.conversation.plan import Plan
from nbagent.conversation.state import SHOWN, Variable
from nbagent.errors import SpecError

_MENTION: Final = re.compile(r"(?<![\w@.])@([^\W\d]\w*)")


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


def _unused(name: str, value: object, words: str) -> str:
    said = f"@{name} ({type(value).__name__}) is no part of the picture"
    # Nobody is told to write what they wrote, nor what would be refused.
    if f"animate @{name}" in words or not is_read(value):
        return f"{said}."
    return f"{said}: 'animate @{name}' begins with it."
