"""From a plan to takes: which shot, which operation, which numbers.

Pure: the same plan, options and parent give the same takes, on every machine. What
the model cannot do is refused here, before anything is queued.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast, get_args

from nbagent.acts.match import Match
from nbagent.acts.plan import Plan
from nbagent.conversation import cameras, unread
from nbagent.conversation.single import Composed, single
from nbagent.conversation.sources import Sources
from nbagent.conversation.storyboard import (
    changed_storyboard,
    join,
    joined,
    storyboard,
)
from nbagent.errors import SpecError
from nbagent.language.pictures import Kind, english, translate
from nbagent.models import ModelCard


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
    if cameras.is_meant(plan, sources, card):
        return cameras.composed(plan, request, options, card, sources)
    plan, said = _in_english(plan, card)
    composed = _composed(plan, request, options, card, sources)
    takes = (*composed.takes, *composed.parts)
    cut = [note for take in takes for note in unread.notes(take, card)]
    notes = (*said, *composed.notes, *dict.fromkeys(cut))
    return replace(composed, notes=notes)


def _in_english(plan: Plan, card: ModelCard) -> tuple[Plan, list[str]]:
    """Say what a prompt gets in pocket's words, whatever language it was told in."""
    if card.base != "pocket":
        return plan, []
    plan = replace(plan, acts=tuple(act.retold(_english) for act in plan.acts))
    told = [(text, translate(text)) for text in (plan.prompt, *plan.scenes)]
    if not any(read for _, read in told):
        return plan, []
    prompt, *scenes = (read.english if read else text for text, read in told)
    lost = [word for _, read in told if read for word in read.lost]
    said = "; ".join(filter(None, (prompt, *scenes)))
    note = f"pocket reads English: this is read as {said!r}."
    if lost:
        note += f" It does not know: {', '.join(lost[:6])}."
    return replace(plan, prompt=prompt, scenes=tuple(scenes)), [note]


def _english(name: str, words: str) -> str:
    """Return the words of an act's argument in English, where they are known."""
    if name in get_args(Kind):
        return english(words, cast(Kind, name)) or words
    read = translate(words)
    return read.english if read and not read.lost else words


def _composed(
    plan: Plan,
    request: str,
    options: Mapping[str, Any],
    card: ModelCard,
    sources: Sources,
) -> Composed:
    if plan.intent == "storyboard":
        return storyboard(plan, request, options, card)
    plan = _with_palette(plan, sources.palette)
    if (together := joined(plan, request, sources)) is not None:
        return Composed(takes=(together,))
    if sources.whole is not None:
        if sources.mask:
            raise SpecError(
                "a part of joined clips is changed in one of them: name that clip"
            )
        return changed_storyboard(plan, request, options, card, sources)
    composed = single(plan, request, options, card, sources)
    made = composed.takes
    if plan.intent != "refine" or sources.board is None or len(made) > 1:
        return composed
    # A scene was changed: the whole is shown anew, with the other scenes as they are.
    takes = [made[0] if t == sources.parent else t for t in sources.board_scenes]
    if len({(take.height, take.width) for take in takes}) > 1:
        note = "The joined clip stays as it is: its other scenes are of another size."
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
