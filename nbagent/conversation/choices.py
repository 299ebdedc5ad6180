"""What a user chooses for a session: its model, its step cache, when it asks.

Each is a change of the settings, for `Session.choose`, that says what it did.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from nbagent.conversation.model_choice import caches, uses
from nbagent.settings import Refined, Settings
from nbagent.take.caching import StepCaching

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
    line = f"a turn expected to take more than {above_s:g} s asks before it starts"
    if not above_s:
        line = "turns start without asking, however long they take"
    return lambda settings: (replace(settings, ask_above_s=above_s), line)


def trust(*, acts: bool) -> Change:
    """Let a language model's plan act without the user's yes, or not."""
    line = (
        "a language model may render, stop and save without your yes"
        if acts
        else (
            "whatever a language model would render, stop or save beyond your"
            " words waits for your yes"
        )
    )
    return lambda settings: (replace(settings, llm_acts=acts), line)


def refined(where: Refined) -> Change:
    """Keep the clips that are made by mouse in an output, in cells, or not at all."""
    lines = {
        "output": "a clip that is made by mouse stays in the output of its cell",
        "cell": "a clip that is made by mouse gets a cell of its own below",
        "off": "a clip that is made by mouse is not kept in the notebook",
    }
    return lambda settings: (replace(settings, refined=where), lines[where])


def drafts(above_s: float) -> Change:
    """Show a draft first of what is expected to take longer; 0 shows none."""
    line = (
        f"a turn that is expected to take more than {above_s:g} s shows a draft first"
    )
    if not above_s:
        line = "no turn shows a draft first"
    return lambda settings: (replace(settings, draft_above_s=above_s), line)


def progress(every_s: float) -> Change:
    """Write a line of progress so often where there is only text; 0 writes none."""
    line = f"where there is only text, progress is a line every {every_s:g} s"
    if not every_s:
        line = "where there is only text, no progress is written"
    return lambda settings: (replace(settings, progress_s=every_s), line)


def of_turn(settings: Settings, options: Mapping[str, Any]) -> Settings:
    """Return the settings that a turn's options come to, for that turn."""
    model, caching = options.get("model"), options.get("cache")
    return replace(
        settings,
        model=settings.model if model is None else model,
        step_cache=settings.step_cache if caching is None else StepCaching(*caching),
    )


def timeout(seconds: float) -> Change:
    """Let a language model take so long for a turn; 0 is as long as it needs."""
    line = f"a language model has up to {seconds:g} s for a turn"
    if not seconds:
        line = "a language model has as long as it needs"
    return lambda settings: (replace(settings, llm_timeout_s=seconds), line)
