"""What is in one scene alone, on axes that change: it stays where its values are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from nbagent.charts.scene import Axis, Floats, Panel, Shape, Word


def value_at(axis: Axis, share: Any) -> Any:
    """Return the value at a share of an axis, or those at several."""
    if axis.kind == "log":
        return axis.low * (axis.high / axis.low) ** share
    return axis.low + share * (axis.high - axis.low)


def carried(own: Panel, other: Panel, there: float) -> Panel:
    """Return a panel with its marks where its values are while its axes become others.

    Args:
        own: The panel.
        other: Whose axes they become, or were.
        there: The share of its own axes.
    """
    changes = list(_changes(own, other))
    if not changes:
        return own

    def carry(places: Any) -> Floats:
        found = np.array(places, np.float64)
        for i, axis, far in changes:
            at = far.at(value_at(axis, found[..., i]))
            at = np.where(np.isfinite(at), at, found[..., i])
            found[..., i] = there * found[..., i] + (1 - there) * at
        return found

    def shape(one: Shape) -> Shape:
        return replace(one, verts=carry(one.verts), seed=carry(one.seed))

    def word(one: Word) -> Word:
        if one.is_on_frame:
            return one
        x, y = carry(one.at)
        seed = one.seed
        if seed is not None:
            seed_x, seed_y = carry(seed)
            seed = float(seed_x), float(seed_y)
        return replace(one, at=(float(x), float(y)), seed=seed)

    return replace(
        own,
        bands=tuple(shape(one) for one in own.bands),
        shapes=tuple(shape(one) for one in own.shapes),
        lines=tuple(
            replace(one, points=carry(one.points), seed=carry(one.seed))
            for one in own.lines
        ),
        dots=replace(own.dots, places=carry(own.dots.places)),
        words=tuple(word(one) for one in own.words),
    )


def _changes(own: Panel, other: Panel) -> Iterator[tuple[int, Axis, Axis]]:
    """Return the axes of numbers or times that change: which, from what, to what."""
    for i, (axis, far) in enumerate(((own.x, other.x), (own.y, other.y))):
        if axis is None or far is None or "band" in (axis.kind, far.kind):
            continue
        if (axis.kind, axis.low, axis.high) != (far.kind, far.low, far.high):
            yield i, axis, far
