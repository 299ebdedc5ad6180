"""What a refinement begins from: the last take that was not itself a refinement.

A clip is not a remix of a remix of a remix, which after six is mush. What changes the
whole picture is rendered from the take that came from noise, from a picture or from data,
with all edits since; and parts that were changed by themselves lie over it as layers, and
are made again when what is below them changes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nbagent.acts import Act, act_from_json
from nbagent.take import Take

if TYPE_CHECKING:
    from nbagent.ledger import Artifact, Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What lies below a clip.

    Attributes:
        base: The clip without its layers: the clip itself, if it has none.
        clean: The take that the base was refined from; the base, if it was not.
        clip: The clean take as it plays, if it was rendered.
        drawn: The take that drew the clean one's frames from data, if one did: a chart.
        edits: The acts that made the base of it, in order.
        layers: Takes of parts that lie over the base, the lowest first. Effects that
            were done to a clip of layers are those of the layer below them.
    """

    base: Take
    clean: Take
    clip: Artifact | None = None
    drawn: Take | None = None
    edits: tuple[Act, ...] = ()
    layers: tuple[Take, ...] = ()


def find_ground(take: Take, ledger: Ledger) -> Ground:
    """Look up what lies below a clip."""
    layers: list[Take] = []
    base, effects = take, take.effects[:0]
    while True:
        if take.operation == "derive" and take.parents and not take.is_brought:
            effects = (*take.effects, *effects)
            take = ledger.take(take.parents[0])
        elif is_layer(take):
            layers.insert(0, replace(take, effects=(*take.effects, *effects)))
            base = take = ledger.take(take.holds[0].source)
            effects = ()
        else:
            break
    edits = tuple(map(act_from_json, take.edits))
    clean = ledger.take(take.source or take.parents[0]) if edits else take
    drawn = clean
    while drawn.operation == "derive" and drawn.parents:
        drawn = ledger.take(drawn.parents[0])
    return Ground(
        base=base,
        clean=clean,
        clip=ledger.artifact(clean.id),
        drawn=drawn if drawn.chart is not None else None,
        edits=edits,
        layers=tuple(layers),
    )


def is_layer(take: Take) -> bool:
    """Return whether a take can be made again over another picture.

    A part that was made anew can, if it says of what, and so can a loop's seam and a
    picture's finer detail.
    """
    if take.operation == "inpaint":
        return bool(take.edits)
    return take.operation in ("loop", "upscale")
