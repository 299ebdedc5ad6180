"""What a user chooses for a session: its model, its step cache, when it asks.

Each is a change of the settings, for `Session.choose`, that says what it did.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from nbagent.caching import StepCaching
from nbagent.conversation.chosen import caches, uses
from nbagent.settings import Settings

Change = Callable[[Settings], tuple[Settings, str]]


def use(model: str) -> Change:
    """Let another model render what is asked for anew; refinements keep theirs."""
    return lambda settings: (replace(settings, model=model), uses(model))


def cache(caching: StepCaching) -> Change:
    """Give the clips that are asked for from now on a step cache, or none."""
    return lambda settings: (
        replace(settings, step_cache=caching),
        caches(settings.model, caching),
    )


def limit(above_s: float) -> Change:
    """Ask before turns that are expected to take longer; 0 never asks."""
    line = f"a turn that is expected to take more than {above_s:g} s asks first"
    if not above_s:
        line = "no turn asks before it starts, however long it takes"
    return lambda settings: (replace(settings, ask_above_s=above_s), line)


def trust(*, acts: bool) -> Change:
    """Let a language model's plan act without the user's yes, or not."""
    line = (
        "a language model's plan renders, stops and saves without your yes"
        if acts
        else "what a language model's plan would render, stop or save beyond your words"
        " waits for your yes"
    )
    return lambda settings: (replace(settings, llm_acts=acts), line)


def timeout(seconds: float) -> Change:
    """Let a language model take so long for a turn; 0 is as long as it needs."""
    line = f"a language model may take {seconds:g} s for a turn"
    if not seconds:
        line = "a language model may take as long as it needs"
    return lambda settings: (replace(settings, llm_timeout_s=seconds), line)
