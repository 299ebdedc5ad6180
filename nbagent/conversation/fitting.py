"""How pictures and films of any shape come into the frame of a clip.

The clip takes the shape of what it begins with, where its model renders other shapes. What
is left is said: a picture is shown whole, between borders that carry on its edges, or
fills the frame and loses what stands over.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from nbagent import media
from nbagent.acts.plan import Plan
from nbagent.acts.shot import Shot, shaped
from nbagent.conversation.sources import Planed, Sources
from nbagent.ledger import Ledger
from nbagent.models.cards import ModelCard
from nbagent.take import Fit, Take

_SEEN: Final = 0.05  # a share of the frame that nobody misses


def measured(sources: Sources, ledger: Ledger) -> Sources:
    """Return sources with the height and width of what is set in motion."""
    films = (sources.film.source,) if sources.film else ()
    if not films and sources.parent is not None and sources.parent.is_brought:
        films = (sources.parent.id,)
    shapes = tuple(_shape(name, ledger) for name in sources.pictures or films)
    return replace(sources, shapes=shapes, planes=_planes(sources, ledger))


def in_shape(
    options: Mapping[str, Any], shot: Shot, card: ModelCard, sources: Sources
) -> Mapping[str, Any]:
    """Return options with the size that suits a picture's shape, if none is asked for."""
    is_stated = "size" in options or shot.size or shot.aspect
    parent = sources.parent
    is_made_here = parent is not None and parent.model == card.name
    if not sources.shapes or is_stated or is_made_here or card.is_one_size:
        return options
    height, width = sources.shapes[0]
    usual = (card.height, card.width)
    return {**options, "size": shaped(*usual, width / height, card.size_multiple)}


def fit(options: Mapping[str, Any]) -> Fit:
    """Return how pictures come into the frame."""
    chosen: Fit = options.get("fit", "whole")
    return chosen


def notes(take: Take, plan: Plan, sources: Sources) -> list[str]:
    """Say what of the pictures is cut off, or what stands beside them."""
    names = [f"@{name}" if name else "the picture" for name in plan.targets or ("",)]
    said = []
    for name, (height, width), hold in zip(
        names, sources.shapes, take.holds, strict=False
    ):
        ratio = abs(math.log(width / height * take.height / take.width))
        share = 1 - math.exp(-ratio)
        if share < _SEEN or hold.box is not None:  # whole, and the model draws the rest
            continue
        sizes = f"{name} is {width}x{height}, the clip {take.width}x{take.height}"
        if hold.fit == "fill":
            said.append(
                f"{sizes}: {_percent(share)} of the picture is cut off; --fit"
                " whole keeps it."
            )
        else:
            sides = (
                "at its sides"
                if width / height < take.width / take.height
                else ("above and below")
            )
            said.append(
                f"{sizes}: the whole picture is shown, with borders {sides}; --fit"
                f" fill crops {_percent(share)} of it instead."
            )
    return said


def _percent(share: float) -> str:
    """Write how much is cut off: never all of it."""
    return f"{min(share, 0.99):.0%}"


def _planes(sources: Sources, ledger: Ledger) -> tuple[Planed, ...]:
    """Return what a camera may move over: the pictures, or those of the parent's move."""
    parent = sources.parent
    names = sources.pictures
    if parent is not None and parent.move is not None and names in ((), (parent.id,)):
        names = tuple(hold.source for hold in parent.holds)
    elif parent is not None and parent.media == "image":
        names = names or (parent.id,)
    planes = []
    for at, name in enumerate(names):
        if "." not in name:
            take, height, width = ledger.take(name), *_shape(name, ledger)
            is_here = ledger.artifact(name) is not None
            one = Planed(source=name, height=height, width=width, is_here=is_here)
            planes.append(replace(one, model=take.model))
            continue
        (height, width), is_cut = media.read_plane(ledger.path(name))
        # A frame of a clip that the turn names is a picture of its own in the store.
        is_frame = at == 0 and parent is not None and name in sources.pictures
        model = parent.model if is_frame and parent is not None else ""
        planes.append(
            Planed(source=name, height=height, width=width, model=model, is_cut=is_cut)
        )
    return tuple(planes)


def _shape(name: str, ledger: Ledger) -> tuple[int, int]:
    """Return the height and width of a picture or film in the store, or of a take."""
    if "." in name:
        return media.read_size(ledger.path(name))
    clip = ledger.artifact(name) or ledger.take(name)
    return clip.height, clip.width
