"""`%nbagent context`: what a turn is read against, and exactly what is sent of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbagent import media
from nbagent.acts.plan import Plan
from nbagent.conversation import charted_data, saved_variables
from nbagent.conversation.attachments import Attachment, attached
from nbagent.conversation.context import variables
from nbagent.conversation.llm_context import sections
from nbagent.conversation.pictures import picture
from nbagent.conversation.session import Session
from nbagent.errors import NbagentError
from nbagent.language.state import State


def context(session: Session, namespace: Mapping[str, Any], words: str) -> str:
    """Show what is sent with a turn: each part with its size, then the text itself.

    Args:
        session: The conversation.
        namespace: What a turn may name.
        words: The turn; empty for what is sent with any.
    """
    state, plan = session.read(words, variables(namespace), namespace)
    sent = attached(plan.mentions, namespace)
    named = [one.name for one in sent]
    parts = sections(state, (*plan.targets, *plan.mentions), sent)
    text = "\n".join(part.text for part in parts)
    lines = [
        f"To a language model, if one is connected: {len(text):,} characters",
        *(f"  {part.title}: {len(part.text):,}" for part in parts),
        *(f"    @{one.name}: {_size(one)}" for one in sent),
        *(f"  it may call your {name}" for name in session.brains.tools),
        *(f"  it may look at {name}" for name in _looks(plan, state, named)),
        "To the renderer: the prompt of the turn's plan, and pictures and data to"
        " animate",
        *_pictures(namespace, named),
    ]
    known = {*namespace, *(name for clip in state.clips for name in clip.names)}
    if gone := saved_variables.gone(session.record, known):
        lines += ["No longer in this kernel", *(f"  {line}" for line in gone)]
    return "\n".join((*lines, "", text))


def _looks(plan: Plan, state: State, named: list[str]) -> list[str]:
    variables = [v for v in state.variables if v.name in named and v.is_picture]
    clips = [name for name in plan.targets if state.clip(name)]
    return [*(f"@{v.name}" for v in variables), *clips]


def _size(one: Attachment) -> str:
    size = f"{one.type}, {len(one.text):,} characters"
    return f"{size} of {one.whole_chars:,}" if one.is_cut else size


def _pictures(namespace: Mapping[str, Any], named: list[str]) -> list[str]:
    lines = []
    for name in named:
        if charted_data.is_data(namespace[name]):
            lines.append(f"  @{name}: all of its data, drawn as a chart")
            continue
        try:
            drawn = picture(name, namespace[name])
        except NbagentError:
            continue  # a text: no picture is sent
        height, width = drawn.shape[:2]
        size = len(media.png(drawn))
        lines.append(f"  @{name}: {width}x{height} pixels, {size:,} bytes as PNG")
    return lines
