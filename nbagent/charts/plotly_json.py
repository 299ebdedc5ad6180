"""What Plotly's JSON says: arrays, colours, texts and ranges, and what has no place in ours."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from nbagent.take.chart_view import MAX_TEXT, Mark

_TYPES: Final = frozenset(("b1", "i1", "u1", "i2", "u2", "i4", "u4", "f4", "f8"))


def by_colours(traces: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return traces; of bars that have a colour each, one for each bar."""
    (first, *others) = traces or [{}]
    colours = listed((first.get("marker") or {}).get("color"))
    is_lying = first.get("orientation") == "h"
    along, up = (listed(first.get(n)) for n in ("yx" if is_lying else "xy"))
    if others or first.get("type") != "bar" or not 1 < len(along) == len(up):
        return traces
    if len(colours) < len(along) or not all(isinstance(one, str) for one in colours):
        return traces
    ends = ("y", "x") if is_lying else ("x", "y")
    return [
        {**first, "name": str(x), ends[0]: [x], ends[1]: [y], "marker": {"color": own}}
        for x, y, own in zip(along, up, colours, strict=False)
    ]


def left_out(
    layout: Mapping[str, Any], traces: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    """Say what of a figure has no place in a chart of ours."""
    for name in ("annotations", "shapes", "images"):
        if count := len(layout.get(name) or ()):
            what = name if count > 1 else name[:-1]
            yield f"{count} {what} of the figure {'are' if count > 1 else 'is'} left out"
    if any(
        (one.get(name) or {}).get("visible", True)
        for one in traces
        for name in _ERRORS
        if one.get(name)
    ):
        yield "left out its error bars"
    colours = [listed((one.get("marker") or {}).get("color")) for one in traces]
    if any(
        own and (one.get("type") == "bar" or not numbers_of(own))
        for one, own in zip(traces, colours, strict=True)
    ):
        yield "left out the colours of single marks"


_ERRORS: Final = ("error_x", "error_y")


def colour_of_trace(trace: Mapping[str, Any], mark: Mark) -> Any:
    """Return what a trace is drawn in; None is as its turn has it."""
    places = ("line", "marker") if mark in ("line", "area") else ("marker", "line")
    said = ((trace.get(place) or {}).get("color") for place in places)
    return next((one for one in said if isinstance(one, str)), None)


def listed(values: Any) -> list[Any]:
    """Return values as a list: also those in base 64, as Plotly writes arrays."""
    if values is None or isinstance(values, str | int | float):
        return []
    if isinstance(values, Mapping):
        kind = str(values.get("dtype"))
        if kind not in _TYPES:
            raise ValueError(f"numbers of type {kind:.20}")
        data = base64.b64decode(str(values.get("bdata")), validate=True)
        return list(np.frombuffer(data, np.dtype(kind).newbyteorder("<")).tolist())
    array = np.asarray(values) if hasattr(values, "dtype") else None
    if array is not None and array.dtype.kind == "M":
        return [np.datetime64(one, "us") for one in array]
    return list(array.tolist() if array is not None else values)


def values_of(trace: Mapping[str, Any], name: str) -> list[Any]:
    """Return what a trace has for something, row by row."""
    return listed(trace.get(name))


def numbers_of(values: list[Any]) -> list[Any]:
    """Return values if all of them are numbers; else none."""
    return values if all(isinstance(one, int | float) for one in values) else []


def ends_of(axis: Mapping[str, Any]) -> tuple[float, ...]:
    """Return the ends of an axis of numbers, if they were chosen."""
    ends = numbers_of(listed(axis.get("range")))
    if len(ends) != 2 or ends[0] >= ends[1]:
        return ()
    low, high = (10**end if axis.get("type") == "log" else end for end in ends)
    return float(low), float(high)


def text_of(said: Any) -> str:
    """Return a text of Plotly without its tags."""
    if isinstance(said, Mapping):
        said = said.get("text")
    found, rest = "", str(said or "").replace("<br>", " ")
    while rest:
        plain, sign, tagged = rest.partition("<")
        is_tag = tagged[:1].isalpha() or tagged[:1] == "/"
        found += plain if is_tag else plain + sign
        rest = tagged.partition(">")[2] if is_tag else tagged
    return html.unescape(found).strip()[:MAX_TEXT]


def unlike(names: Sequence[str]) -> list[str]:
    """Return names, of which none is there twice."""
    found: list[str] = []
    for name in names:
        own, at = name, 2
        while own in found:
            own, at = f"{name} {at}", at + 1
        found.append(own)
    return found


def renamed(
    extras: Mapping[str, list[Any]], columns: Mapping[str, Any]
) -> dict[str, list[Any]]:
    """Return columns under names that no other has."""
    names = unlike([*columns, *extras])[len(columns) :]
    return dict(zip(names, extras.values(), strict=True))
