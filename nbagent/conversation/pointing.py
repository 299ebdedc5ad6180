"""A turn that points at a part of a clip: by a mask, a span or a region beside its words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from nbagent.acts import Span
from nbagent.acts.add import Add
from nbagent.acts.plan import Intent, Plan

POINTERS: Final = frozenset({"mask", "span", "region"})
# What words that name a thing, and no change, are read as where nothing is pointed at.
_NAMES: Final[frozenset[Intent]] = frozenset(
    {"generate_video", "generate_image", "chat", "ask"}
)


def pointed(plan: Plan, options: Mapping[str, Any], latest: str | None) -> Plan:
    """Return a plan that is about the part and the step which the options point at.

    Args:
        plan: As the words are read alone.
        options: `span` in seconds, `region` in shares, a `mask`'s digest, a `step`.
        latest: The name of the latest clip.
    """
    if "step" in options:
        plan = replace(plan, step=options["step"])
    if not POINTERS & options.keys():
        return plan
    if plan.intent in _NAMES and plan.prompt:
        # "A moon" beside a mask is what should be there, not a clip of its own.
        targets = plan.targets or ((latest,) if latest else ())
        plan = replace(
            plan, intent="refine", targets=targets, acts=(Add(what=plan.prompt),)
        )
    part: dict[str, Any] = {}
    if (span := options.get("span")) is not None:
        part["span"] = Span(start=span[0], end=span[1])
    if "region" in options:
        part["region"] = options["region"]
    # An act that is of the whole clip says so.
    return replace(plan, acts=tuple(replace(act, **part) for act in plan.acts))
