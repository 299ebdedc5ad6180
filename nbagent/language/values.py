"""The numbers of a turn: what the grammar reads where a tag stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from nbagent.language.grammar import Found
from nbagent.language.tagged import Place

KINDS: Final[dict[str, tuple[str, ...]]] = {
    "duration": ("duration", "time", "number"),
    "by": ("duration", "time", "number"),
    "drop_first": ("duration", "time", "number"),
    "drop_last": ("duration", "time", "number"),
    "keep_span": ("span",),
    "factor": ("factor", "number"),
    "scale": ("factor", "number"),
    "size": ("size", "lines", "pixels"),
    "aspect": ("ratio",),
    "fps": ("fps", "number"),
    "seed": ("seed", "number"),
    "count": ("number", "factor"),
    "span": ("span",),
}
"""What the grammar may call a number of each tag; the first is its own kind."""


class Values:
    """The numbers of a turn.

    Args:
        places: What was tagged in it.
        found: What the grammar found in it.
    """

    def __init__(self, places: Sequence[Place], found: Sequence[Found]) -> None:
        self._places, self.found = places, found

    def number(self, tag: str, *, strictly: bool = False) -> Any:
        """Return the number that the grammar reads where a tag stands.

        Strictly, it is of the tag's own kind: "90" alone is no frame rate.
        """
        for place in self._places:
            if place.tag == tag:
                value = self.value(place, KINDS[tag][: 1 if strictly else None])
                if value is not None:
                    return value
        return None

    def value(self, place: Place, kinds: Sequence[str] = ()) -> Any:
        """Return the number that the grammar reads at a place.

        Args:
            place: Where a tag stands.
            kinds: What the grammar may call it, best first; without them, by the tag.
        """
        kinds = kinds or KINDS[place.tag]
        inside = [
            one
            for one in self.found
            if one.start < place.end and one.end > place.start and one.kind in kinds
        ]
        best = min(inside, key=lambda one: kinds.index(one.kind), default=None)
        return best.value if best is not None else None

    def size(self, *, loosely: bool = False) -> dict[str, Any]:
        """Return width and height; loosely, where nothing is tagged as one."""
        for place in self._places:
            if place.tag == "size":
                for one in self.found:
                    if one.start < place.end and one.end > place.start:
                        if size := _sides(one):
                            return size
        if loosely:
            for one in self.found:
                if size := _sides(one):
                    return size
        return {}


def as_argument(value: Any, name: str) -> Any:
    """Return a number as an act has it."""
    if name in ("seed", "count"):
        return int(value)
    return list(value) if isinstance(value, tuple) else value


def _sides(found: Found) -> dict[str, Any]:
    if found.kind == "size":
        return {"width": int(found.value[0]), "height": int(found.value[1])}
    if found.kind == "lines":
        return {"height": int(found.value)}
    if found.kind == "pixels" and found.value[1]:
        return {found.value[1]: int(found.value[0])}
    return {}
