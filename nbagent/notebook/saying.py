"""`nbagent.say` and `nbagent.tool`: the conversation from Python."""

from __future__ import annotations

import atexit
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

from nbagent.conversation.here import enter, host
from nbagent.notebook.line import parse_call
from nbagent.notebook.speaker import Speaker

if TYPE_CHECKING:
    from nbagent.conversation.clip import Clip
    from nbagent.notebook.speaker import Takes

Tool = TypeVar("Tool", bound=Callable[..., object])


def say(words: str, **options: Any) -> Clip | Takes | None:
    """Say a turn from Python, in the same conversation as `%agent` and the panel.

    In a plain Python process (a script, a test, a web app) it begins a conversation; what
    `@name` names are the calling code's variables.

    Args:
        words: The turn, as after `%agent`, options included; `@name` names a clip or a
            variable. After a lone `--` all of it is words: `say(f"-- {title}")`.
        options: Those of `%agent`, with underscores: `say("a red ball", seed=7)`.

    Returns:
        The clip, or a list of takes; None if the turn was answered in words.

    Raises:
        SpecError: If the turn cannot be done.
    """
    typed = parse_call(words, options)
    return here().say(*typed)


def tool(function: Tool) -> Tool:
    """Let a connected language model call a function of yours when it answers.

    >>> @nbagent.tool
    ... def sales(year: int) -> float:
    ...     '''Return what was sold in a year, in euros.'''

    The model reads its name, its docstring and its annotated arguments, and sees of its
    result what `@name` would show. It runs beside the cells, whenever the model calls
    it: pass only functions that may be called at any time.

    Raises:
        SpecError: If it has no docstring, no usable name, or the name of a built-in tool.
    """
    here().session().brains.allow(function)
    return function


def here() -> Speaker:
    """Return what says the turns of this process, made by its first use."""
    if host() is None:
        from IPython import get_ipython

        if (shell := get_ipython()) is not None:
            from nbagent.notebook.magics import load

            load(shell)
        else:
            from nbagent.notebook.script import Script, Terminal

            speaker = Speaker(Script(), Terminal())
            enter(speaker)
            atexit.register(speaker.close)
    return cast("Speaker", host())
