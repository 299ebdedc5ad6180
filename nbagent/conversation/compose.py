"""From a plan to takes: which shot, which operation, which numbers.

Pure: the same plan, options and parent give the same takes, on every machine. What
the model cannot do is refused here, before anything is queued.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nbagent.acts.match import Match
from nbagent.acts.plan import Plan
from nbagent.conversation import cameras, recuts, unread
from nbagent.conversation.casting import cast
from nbagent.conversation.layers import refined
from nbagent.conversation.single import Composed
from nbagent.conversation.sources import Sources
from nbagent.conversation.storyboard import (
    changed_storyboard,
    join,
    joined,
    storyboard,
)
from nbagent.errors import SpecError
from nbagent.models.cards import ModelCard


def compose(
    plan: Plan,
    *,
    request: str,
    options: Mapping[str, Any],
    card: ModelCard,
    sources: Sources,
) -> Composed:
    """Turn a plan into takes.

    Args:
        plan: With an intent that renders.
        request: The user's own words, to be kept; nobody reads them here.
        options: From the magic's line; they win over the words.
        card: Of the model that will render.
        sources: What the plan is about.

    Raises:
        SpecError: If the model cannot do it, naming what it can.
    """
    plan, options, said = cast(plan, options, card)
    if (at_once := recut(plan, request, options, sources)) is not None:
        return replace(at_once, notes=(*said, *at_once.notes))
    if cameras.is_meant(plan, sources, card):
        moved = cameras.composed(plan, request, options, card, sources)
        return replace(moved, notes=(*said, *moved.notes))
    composed = _composed(plan, request, options, card, sources)
    takes = (*composed.takes, *composed.parts)
    cut = [note for take in takes for note in unread.notes(take, card)]
    unheard = unread.unheard(plan, takes, card)
    notes = (*said, *unheard, *composed.notes, *dict.fromkeys(cut))
    return replace(composed, notes=notes)


def recut(
    plan: Plan, request: str, options: Mapping[str, Any], sources: Sources
) -> Composed | None:
    """Return what a plan comes to that no model is needed for; None for all others.

    Raises:
        SpecError: If it cannot be.
    """
    plan = _with_palette(plan, sources.palette)
    if (together := joined(plan, request, sources)) is not None:
        return Composed(takes=(together,))
    if cameras.changes_move(plan, sources):
        return None
    if (cut := recuts.asked(plan, request, options, sources)) is None:
        return None
    take, notes = cut
    return _on_board(Composed(takes=(take,), notes=notes), plan, request, sources)


def _composed(
    plan: Plan,
    request: str,
    options: Mapping[str, Any],
    card: ModelCard,
    sources: Sources,
) -> Composed:
    if plan.intent == "storyboard":
        return storyboard(plan, request, options, card)
    if sources.whole is not None:
        if sources.mask:
            raise SpecError(
                "a part can be changed in one clip, not in several joined ones:"
                " name that clip"
            )
        return changed_storyboard(plan, request, options, card, sources)
    plan = _with_palette(plan, sources.palette)
    composed = refined(plan, request, options, card, sources)
    return _on_board(composed, plan, request, sources)


def _on_board(
    composed: Composed, plan: Plan, request: str, sources: Sources
) -> Composed:
    """Return what a plan comes to with its storyboard, if a scene of one was changed."""
    made = composed.takes
    if plan.intent != "refine" or sources.board is None or len(made) > 1:
        return composed
    # A scene was changed: the whole is shown anew, with the other scenes as they are.
    takes = [made[0] if t == sources.parent else t for t in sources.board_scenes]
    if len({(take.height, take.width) for take in takes}) > 1:
        note = (
            "The joined clip stays as it is, as its other scenes have a different size."
        )
        return replace(composed, notes=(*composed.notes, note))
    whole = join(takes, request, seconds=sources.board.dissolve_s)
    return replace(composed, takes=(*made, whole))


def _with_palette(plan: Plan, palette: tuple[float, ...]) -> Plan:
    """Say in numbers which colours a plan asks for by the name of a clip."""
    acts = tuple(
        replace(act, palette=palette) if isinstance(act, Match) else act
        for act in plan.acts
    )
    return replace(plan, acts=acts)
