"""Who is drawn, as `--actor` says it: in place of what pocket lacks, or of who is there.

A clip that is changed has it as an act, so that its recipe and all that is built on it
need no option; the words of a new clip stay as they were said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from nbagent.acts.add import Add
from nbagent.acts.base import Act
from nbagent.acts.plan import Plan
from nbagent.acts.replace import Replace
from nbagent.conversation import shot as shots
from nbagent.conversation.shot import Shot
from nbagent.errors import SpecError
from nbagent.language.scenes import read_scene, read_value
from nbagent.models.cards import ModelCard
from nbagent.pocket.taught import with_a


def cast(
    plan: Plan, options: Mapping[str, Any], card: ModelCard
) -> tuple[Plan, Mapping[str, Any], list[str]]:
    """Return a plan and options of which actors are drawn, and what is to be said of it.

    Raises:
        SpecError: If nobody can be drawn, or fewer are needed.
    """
    names: Sequence[str] = options.get("actor", ())
    if names and card.base != "pocket":
        options = {key: value for key, value in options.items() if key != "actor"}
        note = (
            f"Ignored --actor, which is for pocket only: {card.name} reads your"
            " words as they are."
        )
        return plan, options, [note]
    plan, notes = _played_by(plan, names) if names else (plan, [])
    return plan, options, notes


def _played_by(plan: Plan, names: Sequence[str]) -> tuple[Plan, list[str]]:
    """Return a plan in which these actors are drawn.

    Each stands in for the next subject that pocket lacks; where it lacks none, the first
    comes instead of who is there. Of a new clip the scene says it (see `scene.settled`).

    Raises:
        SpecError: If nobody can be drawn, or fewer are needed.
    """
    if plan.intent == "animate_image":
        raise SpecError(
            f"--actor {_typed(names)} has no effect on a picture: leave the option out"
        )
    if plan.intent == "storyboard":
        return plan, []
    if plan.intent != "refine":
        _check_all(names, 1)
        return plan, []
    left, acts, notes = list(names), list[Act](), list[str]()
    for act in plan.acts:
        if left and isinstance(act, Add | Replace) and _is_stranger(_who(act)):
            notes.append(f"{with_a(left[0])} stands in for {_who(act)!r}.")
            acts.append(_played(act, left.pop(0)))
        else:
            acts.append(act)
    if len(left) == len(names):
        acts.append(Replace(by=with_a(left.pop(0))))
    _check_all(names, len(names) - len(left))
    return replace(plan, acts=tuple(acts)), notes


def of_scenes(scenes: Sequence[Shot], names: Sequence[str]) -> list[str]:
    """Return who is drawn in each scene of a storyboard; nobody where its words say it.

    The same subject is played by the same actor in all scenes. Where pocket lacks none of
    them, the first actor plays in every scene.

    Raises:
        SpecError: If fewer are needed.
    """
    roles = [_role(read_scene(shots.in_words(scene)).unknown_actor) for scene in scenes]
    strangers = [role for role in dict.fromkeys(roles) if role]
    if names and not strangers:
        _check_all(names, 1)
        return [names[0]] * len(scenes)
    _check_all(names, len(strangers))
    played = dict(zip(strangers, names, strict=False))
    return [played.get(role, "") for role in roles]


def _role(words: str) -> str:
    """Return what names the same subject again: "a coffee cup", "the coffee cup"."""
    return words.casefold().split()[-1] if words.split() else ""


def _who(act: Add | Replace) -> str:
    return act.what if isinstance(act, Add) else act.by


def _played(act: Add | Replace, actor: str) -> Act:
    if isinstance(act, Add):
        return replace(act, what=with_a(actor))
    return replace(act, by=with_a(actor))


def _is_stranger(words: str) -> bool:
    """Return whether words name somebody whom pocket cannot draw."""
    reading = read_scene(words)
    known = reading.factors or read_value(words, "actor")
    return bool(reading.unknown_actor) or not known


def _check_all(names: Sequence[str], needed: int) -> None:
    if len(names) > needed:
        raise SpecError(
            f"--actor {_typed(names)} names {len(names)} actors, and the turn"
            f" needs {needed}: leave the others out"
        )


def _typed(names: Sequence[str]) -> str:
    return ",".join(name.replace(" ", "-") for name in names)
