"""Between two scenes: what is in both moves, what is in one of them grows or goes.

A share of the way is all that it needs, so a moment in the middle of a change is as exact
as its ends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

import numpy as np

from nbagent.charts.carried import carried, value_at
from nbagent.charts.scene import (
    Axis,
    Dots,
    Floats,
    Line,
    Panel,
    Rgba,
    Scene,
    Shape,
    Tick,
    Wedge,
    Word,
)

_LINES: Final = ("line", "area", "point")
_ENDS: Final = 0.5  # of a change, after which the line that bars become is there
_OUT: Final = (-0.004, 1.004)  # of an axis, beyond which its ticks are not seen
_OUTLINE: Final = 160  # points of an outline that becomes one of another kind
_POINTS: Final = 160  # of a line that is between two with different points

_Keyed = TypeVar("_Keyed", Shape, Wedge, Line, Word)


def blend(a: Scene, b: Scene, share: float) -> Scene:
    """Return the scene at a share of the way from one to another."""
    if share <= 0:
        return a
    if share >= 1:
        return b
    is_drawn = {a.mark, b.mark} & set(_LINES) and "bar" in (a.mark, b.mark)
    panels = {}
    for key in dict.fromkeys((*a.panels, *b.panels)):
        one, other = a.panels.get(key), b.panels.get(key)
        if one is not None and other is not None:
            panels[key] = _panel(one, other, share, is_morph=bool(is_drawn))
        elif one is not None:
            panels[key] = faded(one, 1 - share)
        elif other is not None:
            panels[key] = faded(other, share)
    is_same = [e.name for e in a.legend] == [e.name for e in b.legend]
    late = b if share >= 0.5 else a
    return replace(
        late,
        panels=panels,
        legend=tuple(
            replace(two, colour=_mix(one.colour, two.colour, share))
            for one, two in zip(a.legend, b.legend, strict=True)
        )
        if is_same
        else late.legend,
        opacity=1.0 if is_same else abs(2 * share - 1),
        is_moving=True,
    )


def faded(panel: Panel, alpha: float) -> Panel:
    """Return a panel that is there in part."""
    dots = panel.dots
    colours = dots.colours.copy()
    colours[:, 3] *= alpha
    return replace(
        panel,
        x=panel.x and _thin(panel.x, alpha),
        y=panel.y and _thin(panel.y, alpha),
        bands=tuple(paler(one, alpha) for one in panel.bands),
        shapes=tuple(paler(one, alpha) for one in panel.shapes),
        wedges=tuple(paler(one, alpha) for one in panel.wedges),
        lines=tuple(paler(one, alpha) for one in panel.lines),
        words=tuple(paler(one, alpha) for one in panel.words),
        under=tuple(paler(one, alpha) for one in panel.under),
        dots=Dots(dots.keys, dots.places, dots.radii, colours, dots.slots),
    )


def paler(one: _Keyed, alpha: float) -> _Keyed:
    """Return a part that is there in part."""
    r, g, b, own = one.colour
    return replace(one, colour=(r, g, b, own * alpha))


def _panel(a: Panel, b: Panel, share: float, *, is_morph: bool) -> Panel:
    left, bottom, width, height = _pair(a.box, b.box, share)
    # Bars that become a line shrink to where it goes through, and it shows behind them.
    shape_out: Callable[[Shape, float], Shape] = _to_top if is_morph else _shrunk
    late = max(0.0, (share - _ENDS) / (1 - _ENDS))
    early = max(0.0, 1 - share / _ENDS)

    # As they stand on the axes of this moment, for what is in one of them alone.
    now = carried(a, b, 1 - share), carried(b, a, share)

    def line_out(one: Line, there: float) -> Line:
        if not is_morph:
            return _grown(one, there)
        return paler(one, early if there == 1 - share else late)

    return Panel(
        (left, bottom, width, height),
        _axis(a.x, b.x, share),
        _axis(a.y, b.y, share),
        bands=_keyed((a.bands, b.bands), [p.bands for p in now], share, _shape, _fade),
        shapes=_keyed(
            (a.shapes, b.shapes), [p.shapes for p in now], share, _shape, shape_out
        ),
        wedges=_keyed(
            (a.wedges, b.wedges), (a.wedges, b.wedges), share, _wedge, _fade_wedge
        ),
        lines=_keyed(
            (a.lines, b.lines), [p.lines for p in now], share, _line, line_out
        ),
        dots=_dots((a.dots, b.dots), (now[0].dots, now[1].dots), share),
        words=_keyed(
            (a.words, b.words), [p.words for p in now], share, _word, _fade_word
        ),
        under=_keyed((a.under, b.under), (a.under, b.under), share, _word, _fade),
        is_clipped=a.is_clipped or b.is_clipped,
    )


def _keyed(
    ends: Sequence[Sequence[_Keyed]],
    now: Sequence[Sequence[_Keyed]],
    share: float,
    both: Callable[[_Keyed, _Keyed, float], _Keyed],
    alone: Callable[[_Keyed, float], _Keyed],
) -> tuple[_Keyed, ...]:
    """Return what is in both between the two, and what is in one of them as it goes.

    Args:
        ends: What there is before and after.
        now: The same on the axes of this moment.
        share: Of the way.
        both: Makes one of two.
        alone: Makes one that is there in part.
    """
    old, new = ({one.key: one for one in own} for own in ends)
    found = [alone(one, 1 - share) for one in now[0] if one.key not in new]
    for one, here in zip(ends[1], now[1], strict=True):
        before = old.get(one.key)
        found.append(alone(here, share) if before is None else both(before, one, share))
    return tuple(found)


def _shape(a: Shape, b: Shape, share: float) -> Shape:
    if a.verts.shape != b.verts.shape:
        verts = _between(*_alike(a.verts, b.verts), share)
        seed = b.seed
    else:
        verts = _between(a.verts, b.verts, share)
        seed = _between(a.seed, b.seed, share)
        if (a.edge > 0) != (b.edge > 0):  # stacked and beside each other: in two steps
            early, late = (_smooth(share * 1.7 - d) for d in (0.0, 0.7))
            ways = (late, early) if b.edge > 0 else (early, late)
            parts = (_between(a.verts[:, i], b.verts[:, i], ways[i]) for i in (0, 1))
            verts = np.stack(list(parts), 1)
    return replace(
        b,
        verts=verts,
        seed=seed,
        colour=_mix(a.colour, b.colour, share),
        edge=(1 - share) * a.edge + share * b.edge,
    )


def _alike(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Return two outlines with as many points, of which each pair lies near."""
    one, other = _around(a), _around(b)
    turns = [np.roll(other, turn, 0) for turn in range(0, _OUTLINE, 4)]
    costs = [float(((one - turned) ** 2).sum()) for turned in turns]
    return one, turns[int(np.argmin(costs))]


def _around(verts: Floats) -> Floats:
    """Return points evenly along an outline, counterclockwise."""
    closed = np.vstack([verts, verts[:1]])
    x, y = closed.T
    if np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) < 0:
        closed = closed[::-1]
    far = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    at = np.linspace(0, far[-1], _OUTLINE, endpoint=False)
    return np.stack([np.interp(at, far, closed[:, i]) for i in (0, 1)], 1)


def _shrunk(one: Shape, there: float) -> Shape:
    verts = _between(one.seed, one.verts, there)
    return paler(replace(one, verts=verts), min(1.0, 2 * there))


def _to_top(one: Shape, there: float) -> Shape:
    """Return a bar that is shrinking to the middle of its end; an area fades."""
    if one.is_band:
        return paler(one, max(0.0, 2 * there - 1))
    moved = np.abs(one.verts - one.seed).max(axis=1) > 0
    own = one.verts[moved] if moved.any() else one.verts
    return replace(one, verts=_between(own.mean(0)[None], one.verts, there))


def _grown(one: Line, there: float) -> Line:
    points = _between(one.seed, one.points, there)
    return paler(replace(one, points=points), min(1.0, 2 * there))


def _fade(one: _Keyed, there: float) -> _Keyed:
    return paler(one, there)


def _fade_word(one: Word, there: float) -> Word:
    """Return a word that is gone, or not yet there, in the middle of the way."""
    at = one.at
    if one.seed is not None:
        at = _pair(one.seed, one.at, there)
    return paler(replace(one, at=at), max(0.0, 2 * there - 1))


def _fade_wedge(one: Wedge, there: float) -> Wedge:
    return paler(one, max(0.0, 2 * there - 1))


def _smooth(share: float) -> float:
    own = min(max(share, 0.0), 1.0)
    return own * own * (3 - 2 * own)


def _wedge(a: Wedge, b: Wedge, share: float) -> Wedge:
    start, stop, inner, outer = (
        (1 - share) * getattr(a, name) + share * getattr(b, name)
        for name in ("start", "stop", "inner", "outer")
    )
    colour = _mix(a.colour, b.colour, share)
    return replace(b, start=start, stop=stop, inner=inner, outer=outer, colour=colour)


def _line(a: Line, b: Line, share: float) -> Line:
    first, last, seeds = a.points, b.points, (a.seed, b.seed)
    if first.shape != last.shape:
        first, last = (_resampled(one) for one in (first, last))
        seeds = first, last
    values = b.values
    if a.values is not None and b.values is not None:
        if a.values.shape == b.values.shape:
            values = _between(a.values, b.values, share)
    if values is not None and len(values) != len(last):
        values = None
    return replace(
        b,
        points=_between(first, last, share),
        seed=_between(*seeds, share),
        colour=_mix(a.colour, b.colour, share),
        width=(1 - share) * a.width + share * b.width,
        values=values,
    )


def _resampled(points: Floats) -> Floats:
    """Return a line with a fixed number of points, evenly along x."""
    own = points[np.isfinite(points).all(1)]
    x = np.linspace(own[0, 0], own[-1, 0], _POINTS)
    return np.stack([x, np.interp(x, own[:, 0], own[:, 1])], 1)


def _dots(ends: tuple[Dots, Dots], now: tuple[Dots, Dots], share: float) -> Dots:
    a, b = ends
    old, new = ({key: i for i, key in enumerate(own.keys)} for own in (a, b))
    both = [key for key in b.keys if key in old]
    one = a.taken([old[key] for key in both])
    two = b.taken([new[key] for key in both])
    parts = [
        Dots(
            two.keys,
            _between(one.places, two.places, share),
            _between(one.radii, two.radii, share),
            _between(one.colours, two.colours, share),
            two.slots,
        )
    ]
    for own, known, there in ((now[0], new, 1 - share), (now[1], old, share)):
        left = own.taken([i for i, key in enumerate(own.keys) if key not in known])
        parts.append(swollen(left, np.full(len(left.keys), there)))
    return Dots(
        tuple(key for part in parts for key in part.keys),
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("places", "radii", "colours", "slots")
        ),
    )


def swollen(dots: Dots, there: Floats) -> Dots:
    """Return dots that are there in part: smaller, and paler."""
    colours = dots.colours.copy()
    colours[:, 3] *= np.minimum(1.0, 1.6 * there)
    radii = dots.radii * np.sqrt(np.clip(there, 0, 1))
    return Dots(dots.keys, dots.places, radii, colours, dots.slots)


def _word(a: Word, b: Word, share: float) -> Word:
    value = b.value
    if a.value is not None and b.value is not None:
        value = (1 - share) * a.value + share * b.value
    late = b if share >= 0.5 else a
    return replace(
        late,
        at=_pair(a.at, b.at, share),
        shift=_pair(a.shift, b.shift, share),
        value=value if late.value is not None else None,
        colour=_mix(a.colour, b.colour, share),
        size=(1 - share) * a.size + share * b.size,
    )


def _axis(a: Axis | None, b: Axis | None, share: float) -> Axis | None:
    if a is None or b is None:
        own, there = (b, share) if a is None else (a, 1 - share)
        return own and _thin(own, there)
    is_alike = (a.kind == "band") == (b.kind == "band")
    old, new = ({_tick_key(one, t): t for t in one.ticks if t.text} for one in (a, b))
    ticks = []
    for own, other, theirs, there in ((a, b, new, 1 - share), (b, a, old, share)):
        for tick in own.ticks:
            match = theirs.get(_tick_key(own, tick)) if is_alike else None
            if match is None:
                far = _far(own, other, tick) if is_alike else tick.at
                at = there * tick.at + (1 - there) * far
                alpha = there if is_alike else max(0.0, 2 * there - 1)
                if _OUT[0] <= at <= _OUT[1] and alpha:
                    ticks.append(Tick(at, tick.text, alpha * tick.alpha))
            elif own is b:  # once for both
                at = (1 - share) * match.at + share * tick.at
                alpha = (1 - share) * match.alpha + share * tick.alpha
                ticks.append(Tick(at, tick.text, alpha))
    base = b.base
    if a.base is not None and b.base is not None:
        base = (1 - share) * a.base + share * b.base
    letters = (1 - share) * a.letters + share * b.letters
    late = b if share >= 0.5 else a
    return replace(late, ticks=tuple(ticks), base=base, letters=letters)


def _tick_key(axis: Axis, tick: Tick) -> object:
    """Return what a tick is known by: the category, or what it says and where that is."""
    if axis.kind == "band":
        return tick.text
    return tick.text, f"{value_at(axis, tick.at):.6g}"


def _far(own: Axis, other: Axis, tick: Tick) -> float:
    """Return where a tick would be on another axis, which does not have it."""
    if own.kind == "band":
        return tick.at
    at = float(other.at(value_at(own, tick.at)))
    return at if np.isfinite(at) else tick.at


def _thin(axis: Axis, alpha: float) -> Axis:
    ticks = tuple(replace(t, alpha=t.alpha * alpha) for t in axis.ticks)
    return replace(axis, ticks=ticks, base=axis.base if alpha >= 0.5 else None)


def _between(a: Floats, b: Floats, share: float) -> Floats:
    return np.asarray((1 - share) * a + share * b)


def _pair(a: Any, b: Any, share: float) -> Any:
    return tuple((1 - share) * x + share * y for x, y in zip(a, b, strict=True))


def _mix(a: Rgba, b: Rgba, share: float) -> Rgba:
    mixed: Rgba = _pair(a, b, share)
    return mixed
