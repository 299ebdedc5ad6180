"""The few words of SVG that charts are drawn in: paths, places, colours and strokes.

A path becomes points and codes as matplotlib has them, still in the drawing's own measure
and with y down.
"""

from __future__ import annotations

import colorsys
import functools
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
from matplotlib.colors import to_rgba
from matplotlib.path import Path
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rgba = tuple[float, float, float, float]

_TOKEN: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[A-Za-z]")
_SIZES: Final = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "Q": 4, "A": 7, "Z": 0}
_PIECE: Final = 2.0  # of the drawing, that a straight piece of a curve is long at most
_PIECES: Final = 96
_FULL: Final = 255


@functools.lru_cache(maxsize=4096)
def path_of(told: str) -> Path:
    """Return a path that an SVG tells; not to be written to, since symbols share theirs.

    Raises:
        ValueError: If it has a command that no chart uses.
    """
    places: list[Any] = []
    codes: list[int] = []
    at = start = np.zeros(2)
    for name, numbers in _commands(told):
        if name == "Z":
            places.append(start)
            codes.append(int(Path.CLOSEPOLY))
            at = start
            continue
        own, kinds = _steps(name, numbers, at)
        places += list(own)
        codes += kinds
        at = np.asarray(own[-1], float)
        start = at if name == "M" else start
    if not places:
        return Path(np.zeros((0, 2)))
    return Path(np.asarray(places, float), np.asarray(codes, np.uint8))


def points(path: Path) -> Floats:
    """Return the points of a path, (N, 2)."""
    return np.asarray(path.vertices, np.float64)


def straight(path: Path) -> Path:
    """Return a path whose curves are many short lines, for a pen that stops anywhere."""
    places: list[Any] = []
    codes: list[int] = []
    curves: Iterator[Any] = iter(path.iter_bezier())  # annotated as curves alone
    for curve, code in curves:
        if code == Path.MOVETO:
            places.append(curve.control_points[0])
            codes.append(int(Path.MOVETO))
            continue
        length = float(np.hypot(*np.diff(curve.control_points, axis=0).T).sum())
        pieces = min(max(math.ceil(length / _PIECE), 4), _PIECES)
        count = 1 if code in (Path.LINETO, Path.CLOSEPOLY) else pieces
        for share in np.linspace(0, 1, count + 1)[1:]:
            places.append(curve(share))
            codes.append(int(Path.LINETO))
    return Path(np.asarray(places, float).reshape(-1, 2), np.asarray(codes, np.uint8))


def _commands(told: str) -> Iterator[tuple[str, list[float]]]:
    """Yield each command with its numbers, all from the origin."""
    at = start = (0.0, 0.0)
    for name, numbers in _said(told):
        upper = name.upper()
        if name.islower() and upper != "Z":
            numbers = _from_origin(upper, numbers, at)
        if upper == "H":
            upper, numbers = "L", [numbers[0], at[1]]
        elif upper == "V":
            upper, numbers = "L", [at[0], numbers[0]]
        at = start if upper == "Z" else (numbers[-2], numbers[-1])
        start = at if upper == "M" else start
        yield upper, numbers


def _said(told: str) -> Iterator[tuple[str, list[float]]]:
    tokens = _TOKEN.findall(told)
    at, name = 0, ""
    while at < len(tokens):
        if tokens[at].isalpha():
            name = tokens[at]
            at += 1
        else:  # numbers that go on: a command is said once
            name = {"M": "L", "m": "l"}.get(name, name)
        size = _SIZES.get(name.upper())
        if size is None or (not size and at < len(tokens) and tokens[at][-1].isdigit()):
            raise ValueError(f"a path says {name!r:.20}")
        yield name, [float(one) for one in tokens[at : at + size]]
        at += size


def _from_origin(name: str, own: list[float], at: tuple[float, float]) -> list[float]:
    if name == "A":
        return [*own[:5], own[5] + at[0], own[6] + at[1]]
    if name in "HV":
        return [own[0] + at[name == "V"]]
    return [number + at[i % 2] for i, number in enumerate(own)]


def _steps(name: str, numbers: list[float], at: Floats) -> tuple[Any, list[int]]:
    """Return a command as points and codes."""
    if name == "A":
        return _arc(numbers, at)
    points = np.asarray(numbers, float).reshape(-1, 2)
    code = {"M": Path.MOVETO, "L": Path.LINETO, "C": Path.CURVE4, "Q": Path.CURVE3}
    return points, [int(code[name])] * len(points)


def _arc(numbers: list[float], at: Floats) -> tuple[Any, list[int]]:
    """Return an arc of a circle or an ellipse, as SVG's notes on implementation have it."""
    rx, ry, turned, is_large, is_sweep, x, y = numbers
    end, radii = np.array([x, y]), np.abs([rx, ry])
    if not radii.all() or np.allclose(at, end, atol=1e-12, rtol=0):
        return [end], [int(Path.LINETO)]
    tilt = math.radians(turned)
    by = np.array([[math.cos(tilt), -math.sin(tilt)], [math.sin(tilt), math.cos(tilt)]])
    first, last = (by.T @ place / radii for place in (at, end))  # on circles of 1
    half, middle = (last - first) / 2, (first + last) / 2
    length = float(np.hypot(*half))
    if length > 1:  # too small to reach: as large as is needed
        first, last, half, middle = (v / length for v in (first, last, half, middle))
        radii = radii * length
        length = 1.0
    rise = math.sqrt(max(0.0, 1 - length**2)) / length
    side = 1 if bool(is_large) != bool(is_sweep) else -1
    centre = middle + side * rise * np.array([-half[1], half[0]])
    from_, to = (math.atan2(*(place - centre)[::-1]) for place in (first, last))
    if is_sweep and to <= from_:
        to += 2 * math.pi
    if not is_sweep and to >= from_:
        to -= 2 * math.pi
    low, high = math.degrees(min(from_, to)), math.degrees(max(from_, to))
    arc = Path.unit_circle() if high - low >= 360 else Path.arc(low, high)
    points = np.asarray(arc.vertices, float)
    points = points if is_sweep else points[::-1]
    places = ((points + centre) * radii) @ by.T
    places[-1] = end
    return places[1:], [int(Path.CURVE4)] * (len(places) - 1)


def matrix_of(told: str | None) -> Floats:
    """Return a `transform` as a matrix.

    Raises:
        ValueError: If it does what no chart does.
    """
    matrix = np.eye(3)
    for part in (told or "").split(")")[:-1]:
        name, _, numbers = part.strip(" ,").partition("(")
        own = [float(one) for one in numbers.replace(",", " ").split()]
        matrix = matrix @ _matrix(name.strip(), own)
    return matrix


def _matrix(name: str, own: list[float]) -> Floats:
    if name == "translate":
        return np.array([[1, 0, own[0]], [0, 1, [*own, 0.0][1]], [0, 0, 1]])
    if name == "scale":
        return np.diag([own[0], own[-1], 1.0])
    if name == "rotate" and len(own) == 1:
        turn = math.radians(own[0])
        cos, sin = math.cos(turn), math.sin(turn)
        return np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    if name == "matrix":
        a, b, c, d, e, f = own
        return np.array([[a, c, e], [b, d, f], [0, 0, 1]])
    raise ValueError(f"it is placed by {name!r:.40}")


@functools.lru_cache(maxsize=1024)
def colour_of(told: str | None) -> Rgba | None:
    """Return a colour of CSS: a name, #hex, rgb() or hsl(); None if it is none."""
    text = (told or "").strip().lower()
    if text in ("", "none", "transparent"):
        return None
    name, _, rest = text.partition("(")
    try:
        if not rest:
            r, g, b, a = to_rgba(text)
            return float(r), float(g), float(b), float(a)
        own = rest.rstrip(")").replace(",", " ").replace("/", " ").split()
        if name in ("rgb", "rgba"):
            r, g, b = (_part(one, _FULL) for one in own[:3])
        elif name in ("hsl", "hsla"):
            r, g, b = _of_hue(own)
        else:
            return None
        return r, g, b, _part(own[3], 1) if len(own) > 3 else 1.0
    except ValueError:
        return None


def _part(told: str, full: float) -> float:
    share = float(told[:-1]) / 100 if told.endswith("%") else float(told) / full
    return min(1.0, max(0.0, share))


def _of_hue(own: list[str]) -> tuple[float, float, float]:
    hue = float(own[0].removesuffix("deg")) / 360 % 1
    return colorsys.hls_to_rgb(hue, _part(own[2], 100), _part(own[1], 100))


def context_of(own: Mapping[str, str], scale: float) -> dict[str, Any]:
    """Return how something is drawn, as a `Call` has it: its stroke, at so many pixels."""
    colour = _inked(own, "stroke")
    marks = [
        float(one) * scale
        for one in own.get("stroke-dasharray", "none").replace(",", " ").split()
        if one != "none"
    ]
    marks = marks * 2 if len(marks) % 2 else marks
    offset = float(own.get("stroke-dashoffset", 0)) * scale
    cap = own.get("stroke-linecap", "butt")
    return {
        "colour": list(colour or (0.0, 0.0, 0.0, 0.0)),
        "alpha": None,
        "smooth": True,
        "cap": "projecting" if cap == "square" else cap,
        "join": own.get("stroke-linejoin", "miter"),
        "dashes": [offset, marks or None],
        "width": float(own.get("stroke-width", 1)) * scale if colour else 0.0,
        "snap": False,
        "sketch": None,
        "hatch": None,
        "box": None,
        "clip": None,
    }


def face_of(own: Mapping[str, str]) -> list[float] | None:
    """Return what something is filled with; None if it is not."""
    colour = _inked(own, "fill")
    return None if colour is None else list(colour)


def _inked(own: Mapping[str, str], what: str) -> Rgba | None:
    colour = colour_of(own.get(what))
    if colour is None:
        return None
    share = float(own.get("opacity", 1)) * float(own.get(f"{what}-opacity", 1))
    return *colour[:3], colour[3] * share
