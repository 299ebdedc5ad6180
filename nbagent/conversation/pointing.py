"""A turn that points at a part of a clip: by a mask, a span or a region beside its words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from nbagent.conversation.plan import Edit, Plan
from nbagent.conversation.state import State

_POINTERS: Final = frozenset({"mask", "span", "region"})
_THING: Final = re.compile(r"(?:an?|one|two|three|some)\s", re.IGNORECASE)
# What words that name a thing, and no change, are taken for where nothing is pointed at.
_NAMES: Final = frozenset({"generate_video", "generate_image", "chat", "ask"})


def pointed(plan: Plan, words: str, options: Mapping[str, Any], state: State) -> Plan:
    """Return a plan that is about the part which the options point at, if they do."""
    if not _POINTERS & options.keys():
        return plan
    if plan.intent in _NAMES or _THING.match(words):
        # "A moon" beside a mask is what should be there, not a clip of its own.
        thing = Edit(kind="replace_subject", text=words, args={"add": words})
        latest = state.latest.ref if state.latest else None
        plan = Plan(intent="refine", target=plan.target or latest, edits=(thing,))
    region, span = options.get("region", plan.region), options.get("span", plan.span)
    if span and not region and [edit.kind for edit in plan.edits] == ["trim"]:
        # "Trim it" with a span is to that span.
        args = {"start": span[0], "end": span[1]}
        edits = (replace(plan.edits[0], args=args),)
        return replace(plan, edits=edits, span=None)
    return replace(plan, region=region, span=span)
