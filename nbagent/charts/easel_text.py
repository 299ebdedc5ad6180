"""Words as outlines, and where they stand so that none covers another."""

from __future__ import annotations

import functools
from typing import Final

import numpy as np
from matplotlib.path import Path
from matplotlib.textpath import text_to_path

from nbagent.charts.scene import Anchor, Floats
from nbagent.charts.theme import drawable, font, text_width

CAP: Final = 0.729
"""How high a capital is, of its size, in matplotlib's letters."""
_LEADING: Final = 1.22  # of the size, from line to line


def apart(heights: Floats, room: float) -> Floats:
    """Return heights moved as little as keeps them apart, in their order."""
    order = np.argsort(heights, kind="stable")
    groups: list[tuple[float, int]] = []  # the middle, and how many
    for height in heights[order]:
        groups.append((float(height), 1))
        while len(groups) > 1:
            (low, few), (high, more) = groups[-2:]
            if high - low >= room * (few + more) / 2:
                break
            count = few + more
            groups[-2:] = [((low * few + high * more) / count, count)]
    found = np.empty(len(heights))
    spread = [
        middle + room * (i - (count - 1) / 2)
        for middle, count in groups
        for i in range(count)
    ]
    found[order] = spread
    return found


@functools.lru_cache(8192)
def outline(text: str, size: float, is_bold: bool, anchor: Anchor) -> Path:  # noqa: FBT001  a cache's key
    """Return the outlines of a text, with its anchor at the origin."""
    lines = drawable(text).split("\n")
    scale = size / text_to_path.FONT_SCALE
    verts, codes = [], []
    down = (len(lines) - 1) * _LEADING * size
    first = {"top": -CAP * size, "bottom": down, "center": (down - CAP * size) / 2}
    for at, line in enumerate(lines):
        points, kinds = text_to_path.get_text_path(
            font(size, is_bold=is_bold), line, False
        )
        points = np.asarray(points, float).reshape(-1, 2) * scale
        wide = text_width(line, size, is_bold=is_bold)
        shift = {"left": 0.0, "center": -wide / 2, "right": -wide}[anchor[0]]
        points[:, 0] += shift
        points[:, 1] += first[anchor[1]] - at * _LEADING * size
        verts.append(points)
        codes.append(np.asarray(kinds, np.uint8))
    return Path(np.concatenate(verts), np.concatenate(codes))
