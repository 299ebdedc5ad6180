"""A chart that a model redraws: what it is called in the prompt, and what is lost."""

from __future__ import annotations

from dataclasses import replace

from nbagent.conversation.shot import Shot
from nbagent.conversation.sources import Sources
from nbagent.errors import SpecError
from nbagent.models.cards import ModelCard
from nbagent.take import Take


def named(before: Shot, sources: Sources) -> Shot:
    """Return the shot of a clip with words for what it shows, if that is a chart."""
    chart = None if sources.ground is None else sources.ground.drawn
    if chart is None or before.core:
        return before
    return replace(before, core=f"an animated chart: {chart.prompt}")


def losses(take: Take, card: ModelCard, sources: Sources) -> list[str]:
    """Say what a model that draws over a chart does to its values.

    Raises:
        SpecError: If the model would make something else of it.
    """
    chart = None if sources.ground is None else sources.ground.drawn
    if chart is None or take.operation != "animate":
        return []
    if card.base == "pocket":
        raise SpecError(
            "pocket cannot redraw a chart, only its own world: change the chart itself"
            " ('dark', 'in teal', 'from bars to a line'), or name a model that takes"
            " video, like '--model wan2.1-1.3b'"
        )
    return [f"{card.name} redraws the chart: its values are no longer exact."]
