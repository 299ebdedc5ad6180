"""How the parts of a figure move: one call of a renderer, at a moment on its way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from matplotlib.patches import Wedge
from numpy.typing import NDArray

from nbagent.charts.moves import Way
from nbagent.charts.recording import Call, Part

_SCATTER: Final = 0.55  # of the time, in which points that appear begin
_SOON_AFTER: Final = 0.03  # of a line's way, in which a point on it swells
_LATE: Final = 0.75  # of the time, after which texts come that go with nothing
_EMPTY: Final = 1e-4  # of a thing, below which it is not drawn
_SOON: Final = 3.0  # times as fast as its bar a text is there

Floats = NDArray[np.float64]


def moved(call: Call, parts: Sequence[Part], way: Way, move: str) -> Iterator[Call]:
    """Yield what is drawn in place of a call; nothing where it is not there yet.

    Args:
        call: Of a part.
        parts: All of them.
        way: How much of the move is over.
        move: Which; empty is each part's own.
    """
    part = parts[call.part]
    share = way.of(part.slot, part.slots)
    if move == "none" or way.over >= 1:
        yield call
        return
    if move == "appear" and part.role != "points":
        share, made = way.share, [paler(call, share)]
    elif part.role == "text":
        made = _text(call, parts, way)
    elif part.role == "line" and move == "grow":
        made = [_stood(call, part.facts, share)]
    else:
        made = _MOVES[part.role](call, part, share, way)
    if share > _EMPTY:
        yield from made


def paler(call: Call, share: float) -> Call:
    """Return a call that is seen through: 0 is gone, 1 as it is."""
    context, values = dict(call.context), dict(call.values)
    forced = context["alpha"]
    *colour, opacity = (
        context["colour"]
        if len(context["colour"]) == 4
        else (
            *context["colour"],
            1.0,
        )
    )
    opacity = opacity if forced is None else forced
    context |= {"colour": [*colour, opacity * share], "alpha": None}
    if call.what in ("image", "mesh", "triangles"):
        context["alpha"] = share * (1.0 if forced is None else forced)
    if (face := values.get("face")) is not None:
        own = face[3] if len(face) == 4 and forced is None else forced
        values["face"] = [*face[:3], (1.0 if own is None else own) * share]
    for name in ("faces", "edges"):
        if name in values:
            values[name] = values[name] * np.array([1, 1, 1, share])
    if "colours" in values:
        values["colours"] = values["colours"] * np.array([1, 1, 1, share])
    if call.what == "image":
        pixels = values["pixels"].astype(np.float64)
        pixels[..., 3] *= share
        values["pixels"] = pixels.round().astype(np.uint8)
        context["alpha"] = forced
    return replace(call, context=context, values=values)


def _stretch(facts: Mapping[str, tuple[float, ...]], share: float) -> Floats:
    """Return what brings a place nearer to where its bar stands on."""
    matrix = np.eye(3)
    if "pole" in facts:
        for i, at in enumerate(facts["pole"][:2]):
            matrix[i, i], matrix[i, 2] = share, at * (1 - share)
        return matrix
    i = 0 if "x" in facts else 1
    if foot := facts.get("x", facts.get("y")):
        matrix[i, i], matrix[i, 2] = share, foot[0] * (1 - share)
    return matrix


def _stood(call: Call, facts: Mapping[str, tuple[float, ...]], share: float) -> Call:
    """Return a call whose places are nearer to where they stand on."""
    values, by = dict(call.values), _stretch(facts, share)
    if "matrix" in values:
        values["matrix"] = by @ values["matrix"]
    elif "master" in values:  # outlines, and where they are
        values["master"] = by @ values["master"]
        values["offsets"] = values["offsets"] * np.diag(by)[:2]
    context = {**call.context, "snap": False}  # whole pixels would make slow bars jump
    if (clip := context["clip"]) is not None and clip.get("is_moving"):
        context["clip"] = {**clip, "matrix": by @ clip["matrix"]}
    return replace(call, values=values, context=context)


def _bar(call: Call, part: Part, share: float, way: Way) -> list[Call]:  # noqa: ARG001
    return [_stood(call, part.facts, share)]


def _shape(call: Call, part: Part, share: float, way: Way) -> list[Call]:  # noqa: ARG001
    if "fade" in part.facts:
        return [paler(call, share)]
    return [_stood(call, part.facts, share)]


def _wedge(call: Call, part: Part, share: float, way: Way) -> list[Call]:  # noqa: ARG001
    """Return a part of a pie as far as the hand has swept it."""
    begins, size = part.facts["swept"]
    own = float(np.clip((way.share - begins) / size, 0, 1)) if size else 1.0
    if call.what != "path" or own >= 1:
        return [call] if own >= 1 else []
    if own <= _EMPTY:
        return []
    x, y, outer, inner = part.facts["ring"]
    start, stop = part.facts["angles"]
    if part.facts["back"][0]:
        start = stop - own * (stop - start)
    else:
        stop = start + own * (stop - start)
    width = outer - inner if inner else None
    path = Wedge((x, y), outer, start, stop, width=width).get_path()
    outline = {
        "places": np.asarray(path.vertices, float) * outer + (x, y),
        "codes": path.codes,
        "simplify": False,
    }
    values = {**call.values, "path": outline, "matrix": np.eye(3)}
    return [replace(call, values=values)]


def _line(call: Call, part: Part, share: float, way: Way) -> list[Call]:
    """Return a line as far as the pen has come, and the points behind it."""
    if call.what not in ("path", "markers"):
        return _area(call, part, share, way)
    told, matrix = call.values["path"], np.asarray(call.values["matrix"], float)
    places = np.asarray(told["places"], float)
    at = places @ matrix[:2, :2].T + matrix[:2, 2]
    if "span" in part.facts:
        low, high = part.facts["span"]
        come, limit = at[:, 0], low + share * (high - low)
    else:
        steps = np.hypot(*np.diff(at, axis=0).T) if len(at) > 1 else np.zeros(0)
        come = np.concatenate([[0.0], np.nancumsum(np.nan_to_num(steps))])
        limit = share * come[-1] if len(come) else 0.0
    with np.errstate(invalid="ignore"):
        is_there = ~(come > limit + 1e-9)
    kept = int(np.argmin(is_there)) if not is_there.all() else len(at)
    if kept == len(at):
        return [call]
    if kept == 0:
        return []
    found = at[:kept]
    codes = told["codes"]
    if call.what == "path" and np.isfinite(come[kept - 1 : kept + 1]).all():
        size = come[kept] - come[kept - 1]
        part_of = (limit - come[kept - 1]) / size if size > 0 else 0.0
        end = at[kept - 1] + part_of * (at[kept] - at[kept - 1])
        found = np.vstack([found, end])
        codes = None if codes is None else codes[: kept + 1]
    else:
        codes = None if codes is None else codes[:kept]
    path = {**told, "places": found, "codes": codes}
    return [replace(call, values={**call.values, "path": path, "matrix": np.eye(3)})]


def _points(call: Call, part: Part, share: float, way: Way) -> list[Call]:
    """Return points that swell, from the left to the right."""
    values = call.values
    if call.what == "markers":
        matrix = np.asarray(values["matrix"], float)
        at = np.asarray(values["path"]["places"], float)
        at = at @ matrix[:2, :2].T + matrix[:2, 2]
    elif call.what == "collection":
        at = np.asarray(values["offsets"], float)
    else:
        return _area(call, part, share, way)
    sizes = _swells(at[:, 0], way, part.facts)
    if call.what == "collection":
        return _swollen(call, sizes)
    made = []
    for size in sorted({*sizes.round(2)} - {0.0}):
        own = at[sizes.round(2) == size]
        marker = np.diag([size, size, 1.0]) @ np.asarray(values["marker_matrix"])
        path = {"places": own, "codes": None, "simplify": False}
        told = {"marker_matrix": marker, "path": path, "matrix": np.eye(3)}
        made.append(replace(call, values={**values, **told}))
    return made


def _swells(x: Floats, way: Way, facts: Mapping[str, tuple[float, ...]]) -> Floats:
    """Return how large each point is, 0..1, by its rank or its place along x."""
    if "pen" in facts:  # they lie on a line that is drawn
        low, high = facts["pen"]
        size = max(high - low, 1.0)
        own = np.clip((way.share - (x - low) / size) / _SOON_AFTER, 0, 1)
        return np.where(way.share >= 1, 1.0, own)
    if way.turns == "together" and len(x) < 2 and "span" not in facts:
        return np.full(len(x), way.share)
    if "span" in facts:
        low, high = facts["span"]
        ranks = (x - low) / max(high - low, 1.0)
    else:
        order = np.argsort(np.argsort(np.nan_to_num(x), kind="stable"), kind="stable")
        ranks = order / max(len(x) - 1, 1)
    own = np.clip((way.over - _SCATTER * ranks) / (1 - _SCATTER), 0, 1)
    return np.asarray(own * own * (3 - 2 * own))


def _swollen(call: Call, sizes: Floats) -> list[Call]:
    values, kept = dict(call.values), np.flatnonzero(sizes > _EMPTY)
    if not len(kept):
        return []
    count = len(sizes)
    transforms = values["transforms"]
    if not len(transforms):
        transforms = np.eye(3)[None]
    transforms = np.resize(transforms, (count, 3, 3))[kept].copy()
    transforms[:, :2, :2] *= sizes[kept, None, None]
    values |= {"transforms": transforms, "offsets": values["offsets"][kept]}
    for name in ("faces", "edges", "widths"):
        if len(values[name]) > 1:
            own = values[name]
            values[name] = own[np.arange(count) % len(own)][kept]
    if len(values["paths"]) > 1:
        paths = values["paths"]
        values["paths"] = [paths[at % len(paths)] for at in kept]
    return [replace(call, values=values)]


def _area(call: Call, part: Part, share: float, way: Way) -> list[Call]:  # noqa: ARG001
    """Return what is uncovered from the left."""
    left, low, right, high = part.facts.get("box", _ALL)
    return [_within(call, (left, low, left + share * (right - left), high))]


def _picture(call: Call, part: Part, share: float, way: Way) -> list[Call]:
    """Return what is uncovered from the left, or row by row from the top."""
    left, low, right, high = part.facts["box"]
    if way.turns == "rows":
        return [_within(call, (left, high - share * (high - low), right, high))]
    return _area(call, part, share, way)


_ALL: Final = (0.0, 0.0, 1e5, 1e5)


def _within(call: Call, box: tuple[float, ...]) -> Call:
    known = call.context["box"] or _ALL
    own = [max(known[0], box[0]), max(known[1], box[1])]
    own += [min(known[2], box[2]), min(known[3], box[3])]
    return replace(call, context={**call.context, "box": own})


def _text(call: Call, parts: Sequence[Part], way: Way) -> list[Call]:
    """Return a text: on its way with its bar, or there at last."""
    part = parts[call.part]
    if "of" not in part.facts:
        late = (way.over - _LATE) / (1 - _LATE)
        return [paler(call, float(np.clip(late, 0, 1)))]
    share = way.of(part.slot, part.slots)
    by = _stretch(parts[int(part.facts["of"][0])].facts, share)
    x, y = part.facts["at"]
    off = by[:2, :2] @ (x, y) + by[:2, 2] - (x, y)
    values = dict(call.values)
    if "matrix" in values:  # a plate, an arrow
        values["matrix"] = (
            np.array([[1, 0, off[0]], [0, 1, off[1]], [0, 0, 1]]) @ (values["matrix"])
        )
    elif call.what == "image":  # letters of a chart that has its own fonts
        values |= {"x": values["x"] + off[0], "y": values["y"] + off[1]}
    elif call.what == "text":  # its y is from the top
        values |= {"x": values["x"] + off[0], "y": values["y"] - off[1]}
    return [paler(replace(call, values=values), min(1.0, _SOON * share))]


_MOVES: Final = {
    "bar": _bar,
    "shape": _shape,
    "wedge": _wedge,
    "line": _line,
    "points": _points,
    "area": _area,
    "picture": _picture,
}
