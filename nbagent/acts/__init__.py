"""The registry: one file for each thing that can be asked of a clip.

A new act is a new file of this package. What it costs, what is said of it, its method of a
`Clip`, its schema for language models and its row in the README are read from it.

    >>> act_from_json({"act": "recolor", "color": "blue"})
    Recolor(span=None, region=None, color='blue', what='')
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from nbagent.acts.base import Act, Region, Span
from nbagent.acts.cut import Cut
from nbagent.errors import SpecError
from nbagent.take import Effect

if TYPE_CHECKING:
    from nbagent.media.frames import Frames

__all__ = [
    "ACTS",
    "Act",
    "Region",
    "Span",
    "act_from_json",
    "act_of",
    "apply_effects",
    "readme_table",
]


def _found() -> Mapping[str, type[Act]]:
    """Import each file of the package; return the acts in it, by kind."""
    found = {}
    for module in pkgutil.iter_modules(__path__):
        if module.name == "__main__":
            continue
        room = importlib.import_module(f"{__name__}.{module.name}")
        for one in vars(room).values():
            is_act = isinstance(one, type) and issubclass(one, Act)
            if is_act and one.__module__ == room.__name__ and hasattr(one, "kind"):
                found[one.kind] = one
    return MappingProxyType(found)


ACTS: Final = _found()


def act_from_json(data: Mapping[str, Any]) -> Act:
    """Rebuild an act from untrusted JSON, as `Act.to_json` writes it.

    Raises:
        SpecError: If there is no such act, or a value is wrong.
    """
    kind = data.get("act")
    if not isinstance(kind, str) or kind not in ACTS:
        raise SpecError(f"there is no act {kind!r:.40}: use {', '.join(ACTS)}")
    return ACTS[kind].from_json(data)


def act_of(effect: Effect) -> Cut:
    """Return the act that an effect of a recipe is; it says what the effect does.

    Raises:
        SpecError: If this version has none, or the effect means nothing.
    """
    act = ACTS.get(effect.kind)
    if act is None or not issubclass(act, Cut):
        known = ", ".join(kind for kind, one in ACTS.items() if issubclass(one, Cut))
        raise SpecError(f"there is no effect {effect.kind!r:.40}: use {known}")
    return act.of(effect)


def apply_effects(
    frames: Frames, fps: float, effects: Iterable[Effect]
) -> tuple[Frames, float]:
    """Apply effects in order; what stays keeps its exact pixels, unless resized.

    Times are seconds of the clip as it is when the effect's turn comes.

    Args:
        frames: (F, H, W, 3).
        fps: Their rate.
        effects: Of a recipe.

    Raises:
        SpecError: If one is unknown, or its part is not inside the clip.
    """
    for effect in effects:
        frames, fps = act_of(effect).on(frames, fps)
    return frames, fps


def readme_table() -> str:
    """Return what can be asked of a clip, as a table in Markdown."""
    rows = ["| you say | in Python | what it does | it takes |", "| --- " * 4 + "|"]
    for kind, act in ACTS.items():
        said = " · ".join(act.examples)
        call = f"`clip.{act.method or kind}`"
        rows.append(f"| {said} | {call} | {act.summary} | {_cost(act)} |")
    return "\n".join(rows) + "\n"


def _cost(act: type[Act]) -> str:
    """Say what an act takes; of some it depends on how they are asked."""
    cost: object = act.cost
    return cost if isinstance(cost, str) else "re-cut or diffusion"
