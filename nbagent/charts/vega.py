"""A chart of Vega-Lite or Vega (Altair's) as a figure that moves.

vl-convert lays it out, without a browser and without a network. Each mark tells beside
its outline where it stands on and what it is called, by its own scales: that is put into
the chart before it is laid out, where a description for readers of screens stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from nbagent.charts.recording import Recording
from nbagent.charts.vega_drawing import SEPARATOR, VegaDrawing, drawing_of
from nbagent.charts.vega_parts import VegaParts, image_of
from nbagent.errors import MissingExtra, SpecError

WIDTH: Final = 1280
HEIGHT: Final = 720
"""Pixels that a chart is drawn in at most."""
_DPI: Final = 72.0  # a point is a pixel
_NAMED_BY: Final = (
    *("x", "y", "fill", "stroke", "shape", "strokeDash", "tooltip", "detail"),
)
_CALLING: Final = frozenset(("ordinal", "band", "point"))  # scales of names
_LINEAR: Final = frozenset(("linear", "sqrt", "pow", "symlog"))  # scales that have a 0
_ELSEWHERE: Final = (
    "move a camera over it, like 'push in slowly', or animate the table, like 'animate"
    " @df'"
)


def recording_of(
    spec: Mapping[str, Any],
    called: str = "the chart",
    size: tuple[int, int] | None = None,
) -> Recording:
    """Return a chart as it is drawn, with what of it moves.

    Args:
        spec: Of Vega-Lite or Vega, with its data in it.
        called: What an error calls it.
        size: The height and width of the frame that it is to fill; None is its own shape
            in at most 1280x720.

    Raises:
        MissingExtra: If vl-convert is not installed.
        SpecError: If nothing of it moves, its data is elsewhere, or it is no chart.
    """
    vega = _compiled(spec, called)
    for mark, scales, fields in _marks(vega, {}, ()):
        _let_tell(mark, scales, fields)
    converter = _converter(called)
    try:
        svg = converter.vega_to_svg(vega, allowed_base_urls=[])
    except ValueError as error:
        raise _refused(called, error) from None
    try:
        drawing = drawing_of(svg, size or (HEIGHT, WIDTH), converter.svg_to_png)
        _check_links(drawing, called)
        found = VegaParts(drawing)
    except SpecError:
        raise
    except ValueError as error:
        raise SpecError(
            f"{called} has marks that nbagent cannot read ({error!s:.80}): {_ELSEWHERE}"
        ) from error
    if not found.parts:
        raise SpecError(
            f"{called} has no bars, lines, points or other marks: give it data to show"
        )
    standing = [leaf for leaf in drawing.leaves if not leaf.mark]
    below = image_of(drawing, [leaf for leaf in standing if not leaf.is_above])
    above = image_of(drawing, [leaf for leaf in standing if leaf.is_above])
    calls = (below, *found.calls, above)
    return Recording(
        drawing.width,
        drawing.height,
        _DPI,
        tuple(found.parts),
        tuple(call for call in calls if call is not None),
    )


def png_of(spec: Mapping[str, Any], called: str, side: int) -> bytes:
    """Return a chart as a picture, as vl-convert draws it.

    Args:
        spec: Of Vega-Lite or Vega, with its data in it.
        called: What an error calls it.
        side: Pixels of its longer side at most.

    Raises:
        MissingExtra: If vl-convert is not installed.
        SpecError: If its data is elsewhere, or it is no chart.
    """
    vega = _compiled(spec, called)
    converter = _converter(called)
    try:
        svg = converter.vega_to_svg(vega, allowed_base_urls=[])
    except ValueError as error:
        raise _refused(called, error) from None
    drawing = drawing_of(svg, (side, side), converter.svg_to_png)
    _check_links(drawing, called)
    return bytes(converter.svg_to_png(svg, scale=min(drawing.scale, _LARGER)))


_LARGER: Final = 2.0  # times its own size, that a picture of a chart has at most


def _converter(called: str) -> Any:
    try:
        import vl_convert
    except ModuleNotFoundError:
        raise MissingExtra(
            f"{called} needs vl-convert, which is not installed: pip install"
            " 'nbagent[vega]'"
        ) from None
    return vl_convert


def _compiled(spec: Mapping[str, Any], called: str) -> dict[str, Any]:
    """Return a chart as Vega has it.

    Raises:
        MissingExtra: If vl-convert is not installed.
        SpecError: If it is no chart, or its data is not in it.
    """
    if url := next(_urls(spec), ""):
        raise SpecError(
            f"{called} takes its data from {url!r:.80}, and nbagent downloads"
            " nothing: give the chart the table itself, like"
            " alt.Chart(pd.read_csv(...))"
        )
    if "/vega/" in (kind := str(spec.get("$schema", ""))):
        return dict(spec)
    converter = _converter(called)
    version = _version(kind, converter.get_vegalite_versions())
    try:
        vega = converter.vegalite_to_vega(dict(spec), vl_version=version)
    except ValueError as error:
        raise _refused(called, error) from None
    return dict(vega)


def _check_links(drawing: VegaDrawing, called: str) -> None:
    if link := next((leaf.link for leaf in drawing.leaves if leaf.link), ""):
        raise SpecError(
            f"{called} has a picture at {link!r:.80}, and nbagent downloads"
            " nothing: put it into the chart, as a 'data:image/png;base64,...'"
            " address"
        )


def _refused(called: str, error: ValueError) -> SpecError:
    lines = [one.strip() for one in str(error).splitlines()]
    said = next((one for one in lines[1:] if one), lines[0] if lines else "")
    return SpecError(f"Vega cannot draw {called} ({said:.120}): fix the chart")


def _version(schema: str, known: list[str]) -> str | None:
    """Return the version of Vega-Lite that draws a chart; None is the latest."""
    said = schema.rpartition("/v")[2].split(".")
    exact = ".".join(said[:2])
    if exact in known:
        return exact
    alike = [one for one in known if one.split(".")[0] == said[0]]
    return alike[-1] if alike else None


def _urls(spec: Any) -> Iterator[str]:
    """Yield where data of a chart is, that is not in it."""
    if isinstance(spec, Mapping):
        data = spec.get("data")
        for one in data if isinstance(data, list) else [data]:
            if isinstance(one, Mapping) and isinstance(one.get("url"), str):
                yield one["url"]
        for name, own in spec.items():
            if name not in ("datasets", "values"):
                yield from _urls(own)
    elif isinstance(spec, list):
        for own in spec:
            yield from _urls(own)


def _marks(
    group: Mapping[str, Any], scales: Mapping[str, str], fields: tuple[str, ...]
) -> Iterator[tuple[dict[str, Any], Mapping[str, str], tuple[str, ...]]]:
    """Yield the marks of a chart, with the kinds of scales and the names around them."""
    own = {one["name"]: one.get("type", "linear") for one in group.get("scales", ())}
    known = {**scales, **own}
    by = group.get("from", {}).get("facet", {}).get("groupby", ())
    fields = (*fields, *([by] if isinstance(by, str) else by))
    for mark in group.get("marks", ()):
        if mark.get("type") == "group":
            yield from _marks(mark, known, fields)
        else:
            yield mark, known, fields


def _let_tell(
    mark: dict[str, Any], scales: Mapping[str, str], around: tuple[str, ...]
) -> None:
    """Let a mark tell which way it stands, where on, and what it is called."""
    encode = mark.setdefault("encode", {}).setdefault("update", {})
    axis = _stands(encode) if mark.get("type") == "rect" else "y"
    at = _first(encode.get(axis or "y"))
    scale = at.get("scale", "")
    zero = f"scale({scale!r}, 0)" if scales.get(scale) in _LINEAR else "''"
    own = (
        one["field"]
        for name in _NAMED_BY
        for one in _each(encode.get(name))
        if isinstance(one.get("field"), str)
        and scales.get(one.get("scale", "")) in _CALLING
    )
    fields = dict.fromkeys((*own, *around))
    told = ["'nbagent'", f"{axis!r}", zero, *map(_called, fields)]
    encode["description"] = {"signal": f"join([{', '.join(told)}], '{SEPARATOR}')"}
    mark.pop("aria", None)  # which would leave it out


def _stands(encode: Mapping[str, Any]) -> str:
    """Return along which axis a bar is as long as its value; empty if it is no bar."""
    for axis in ("y", "x"):
        end, start = _first(encode.get(axis)), _first(encode.get(f"{axis}2"))
        if not start:
            continue
        field = start.get("field")
        is_stacked = isinstance(field, str) and field.endswith("_start")
        if is_stacked or (isinstance(end.get("field"), str) and "field" not in start):
            return axis
        if isinstance(field, Mapping):  # the plot's own height, on a logarithmic axis
            return axis
    return ""


def _each(channel: Any) -> list[Mapping[str, Any]]:
    """Return what a channel of a mark says, in each of its cases."""
    many = channel if isinstance(channel, list) else [channel]
    return [one for one in many if isinstance(one, Mapping)]


def _first(channel: Any) -> Mapping[str, Any]:
    return _each(channel)[-1] if _each(channel) else {}


def _called(field: str) -> str:
    """Return what says a field of a row as a name."""
    value = f"datum[{field.replace(chr(92), '')!r}]"
    dated = f"timeFormat({value}, '%Y-%m-%d')"
    return f"isValid({value}) ? (isDate({value}) ? {dated} : ''+{value}) : ''"
