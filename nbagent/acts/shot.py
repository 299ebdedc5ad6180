"""The fields of a shot, as a value; its JSON, and the pixels it asks for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Final

from nbagent.acts.text import Text
from nbagent.errors import SpecError
from nbagent.take import TEXTS, Effect, Quality
from nbagent.take.typed import with_tuples

_AREA_WEIGHT = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A picture in motion, by fields.

    Attributes:
        core: Subject and action: "a red ball crosses the beach".
        setting: Place, if it is not part of the action: "on the beach".
        extra: Clauses that fit no other field, in the user's words.
        motion: Further actions, after the one in the core.
        negative: Things to leave out.
        aspect: "W:H"; `size` is "WxH" pixels and wins over it. A side of 0 pixels
            follows from the other one.
        seed: Set only where the user named one.
        effects: Done to the finished frames, in order, without diffusion.
        texts: What lies over those.
        scene: The factors of pocket's world that are drawn (`nbagent.pocket.taught`),
            if pocket renders it.
        open: Which of them the words leave open.
        into: The factors of what it turns into, in a blend.
    """

    core: str
    setting: str = ""
    weather: str = ""
    time: str = ""
    light: str = ""
    camera: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    motion: tuple[str, ...] = ()
    pace: str = ""
    style: str = ""
    negative: tuple[str, ...] = ()
    duration_s: float | None = None
    aspect: str | None = None
    size: str | None = None
    quality: Quality | None = None
    seed: int | None = None
    effects: tuple[Effect, ...] = ()
    texts: tuple[Text, ...] = ()
    scene: Mapping[str, str] = field(default_factory=dict)
    open: tuple[str, ...] = ()
    into: Mapping[str, str] = field(default_factory=dict)


_NONE = type(None)
_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    **dict.fromkeys(
        ("core", "setting", "weather", "time", "light", "pace", "style"), (str,)
    ),
    **dict.fromkeys(("aspect", "size", "quality"), (_NONE, str)),
    **dict.fromkeys(("duration_s", "seed"), (_NONE, int, float)),
}


def to_json(shot: Shot) -> dict[str, Any]:
    """Return the shot as plain JSON, without its empty fields."""
    values = asdict(shot)
    values["effects"] = [
        {k: v for k, v in effect.items() if v is not None}
        for effect in values["effects"]
    ]
    values[TEXTS] = [text.to_json() for text in shot.texts]
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
        if value not in (None, "", (), [], {})
    }


def from_json(data: Mapping[str, Any]) -> Shot:
    """Rebuild a shot from untrusted JSON.

    Raises:
        SpecError: If a field is of another kind.
    """
    known = {one.name for one in fields(Shot)}
    values: dict[str, Any] = {k: v for k, v in data.items() if k in known}
    try:
        for name in ("camera", "extra", "motion", "negative", "open"):
            values[name] = tuple(str(v) for v in values.get(name, ()))
        values["effects"] = tuple(
            Effect(**with_tuples(effect)) for effect in values.get("effects", ())
        )
        values[TEXTS] = tuple(map(Text.from_json, values.get(TEXTS, ())))
        for name in ("scene", "into"):
            factors = dict(values.get(name, {}))
            values[name] = {str(k): str(v) for k, v in factors.items()}
        values["core"] = values.get("core", "")
        for name, kinds in _KINDS.items():
            if not isinstance(values.get(name, kinds[0]()), kinds):
                raise TypeError(f"{name} is {values[name]!r:.40}")
        return Shot(**values)
    except (TypeError, ValueError) as error:
        raise SpecError(f"the shot is damaged ({error}): say its turn again") from error


def frame_size(shot: Shot, height: int, width: int, multiple: int) -> tuple[int, int]:
    """Return the height and width for the shot's size or aspect.

    A stated size is returned as it is, so that the model can refuse it; an aspect is
    met as nearly as the model's multiple allows, at about the default area.
    """
    if shot.size:
        w, h = (int(n) for n in shot.size.split("x"))
        shape = ratio(shot.aspect) if shot.aspect else width / height
        steps = max(round((w / shape if w else h * shape) / multiple), 1)
        return h or steps * multiple, w or steps * multiple
    if not shot.aspect:
        return height, width
    return shaped(height, width, ratio(shot.aspect), multiple)


def ratio(aspect: str) -> float:
    """Return width over height of a shape like "16:9".

    Raises:
        SpecError: If it is none.
    """
    sides = aspect.split(":")
    try:
        width, height = map(float, sides)
        shape = width / height
    except (ValueError, ZeroDivisionError):
        shape = 0.0
    if not 0.05 <= shape <= 20:
        raise SpecError(f"aspect {aspect} is not a shape: use one like 16:9 or 9:16")
    return shape


def shaped(height: int, width: int, shape: float, multiple: int) -> tuple[int, int]:
    """Return the height and width nearest to a shape (width / height), of about an area."""
    return min(
        _sides(height * width, shape, multiple),
        # The shape counts most: a wide clip of a coarse model must not stay square.
        key=lambda size: (
            abs(math.log(size[1] / size[0] / shape))
            + _AREA_WEIGHT * abs(math.log(size[0] * size[1] / (height * width)))
        ),
    )


def _sides(area: int, shape: float, multiple: int) -> list[tuple[int, int]]:
    """List the heights and widths around those of an area and a shape (width / height)."""
    height, width = (area / shape) ** 0.5, (area * shape) ** 0.5
    return [
        (max(1, rows) * multiple, max(1, columns) * multiple)
        for rows in (int(height / multiple), int(height / multiple) + 1)
        for columns in (int(width / multiple), int(width / multiple) + 1)
    ]
