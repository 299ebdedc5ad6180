"""A figure as it is drawn, call by call, and as plain arrays that a store can keep.

matplotlib draws a figure by a few calls of a renderer. They are written down instead of
carried out; played to its own renderer later they give the figure's own pixels, on any
day, without the figure. Nothing of it is code: a recording may be anybody's.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from nbagent.errors import SpecError

MAX_BYTES: Final = 24 << 20
"""Of a recording in the store, unpacked."""
_ARRAY: Final = "array"
_SIDES: Final = (16, 4096)
_CALLS: Final = frozenset(
    ("path", "markers", "collection", "mesh", "triangles", "image", "text")
)


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One call of a renderer.

    Attributes:
        what: Which.
        part: What it is of; -1 is what stands still.
        context: How it is drawn: colours, line, clip.
        values: Its arguments: arrays, numbers and texts.
    """

    what: str
    part: int
    context: Mapping[str, Any]
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Something of a figure that moves.

    Attributes:
        role: What it is: a "bar", a "line", "points", a "wedge", an "area", a "picture",
            a "shape" or a "text".
        names: What it is called: its tick, its entry of the legend.
        slot: Its turn, where things move one after the other.
        slots: How many turns there are beside its own.
        facts: Numbers of its motion, by what they are, in pixels from the lower left.
    """

    role: str
    names: tuple[str, ...] = ()
    slot: int = 0
    slots: int = 1
    facts: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Recording:
    """A figure.

    Attributes:
        width: Of its frame in pixels.
        height: Of its frame.
        dpi: Dots of an inch, for lines and letters.
        parts: What of it moves.
        calls: All that is drawn, in order.
        notes: What is to be said of it.
    """

    width: int
    height: int
    dpi: float
    parts: tuple[Part, ...]
    calls: tuple[Call, ...]
    notes: tuple[str, ...] = ()

    def to_bytes(self) -> bytes:
        """Return the file that keeps it.

        Raises:
            SpecError: If it is too large to be kept.
        """
        arrays: list[NDArray[Any]] = []
        told = {
            "width": self.width,
            "height": self.height,
            "dpi": self.dpi,
            "notes": list(self.notes),
            "parts": [
                {
                    "role": part.role,
                    "names": list(part.names),
                    "turn": [part.slot, part.slots],
                    "facts": {name: list(own) for name, own in part.facts.items()},
                }
                for part in self.parts
            ],
            "calls": [
                [
                    call.what,
                    call.part,
                    _kept(call.context, arrays),
                    _kept(call.values, arrays),
                ]
                for call in self.calls
            ],
        }
        text = json.dumps(told, sort_keys=True, separators=(",", ":")).encode()
        size = len(text) + sum(array.nbytes for array in arrays)
        if size > MAX_BYTES:
            raise SpecError(
                f"the figure takes {size / 1000000.0:.0f} MB, and a clip keeps up"
                f" to {MAX_BYTES / 1000000.0:.0f}: draw fewer points, or animate"
                " its table"
            )
        out = io.BytesIO()
        named: dict[str, Any] = {f"a{at}": array for at, array in enumerate(arrays)}
        np.savez_compressed(out, told=np.frombuffer(text, np.uint8), **named)
        return out.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Recording:
        """Read a recording back, from a file that may be anybody's.

        Raises:
            SpecError: If it is no such file.
        """
        try:
            return _read(data)
        except (
            ValueError,
            KeyError,
            TypeError,
            IndexError,
            EOFError,
            BadZipFile,
        ) as error:
            raise SpecError(
                f"the chart's figure is damaged ({error!s:.80}): make the clip again"
            ) from error


def _read(data: bytes) -> Recording:
    with np.load(io.BytesIO(data), allow_pickle=False) as kept:
        size = sum(info.file_size for info in kept.zip.infolist())
        if size > 2 * MAX_BYTES:
            raise ValueError(f"{size} bytes")
        told = json.loads(kept["told"].tobytes())
        arrays = [kept[f"a{at}"] for at in range(len(kept.files) - 1)]
    width, height, dpi = int(told["width"]), int(told["height"]), float(told["dpi"])
    if not all(_SIDES[0] <= side <= _SIDES[1] for side in (width, height)):
        raise ValueError(f"{width}x{height}")
    if not (math.isfinite(dpi) and 1 <= dpi <= 2400):
        raise ValueError(f"{dpi} dpi")
    parts = tuple(
        Part(
            str(one["role"]),
            tuple(map(str, one["names"])),
            int(one["turn"][0]),
            int(one["turn"][1]),
            {str(k): tuple(map(float, v)) for k, v in one["facts"].items()},
        )
        for one in told["parts"]
    )
    calls = tuple(
        Call(str(what), int(part), _told(context, arrays), _told(values, arrays))
        for what, part, context, values in told["calls"]
    )
    if any(call.what not in _CALLS or call.part >= len(parts) for call in calls):
        raise ValueError("a call of an unknown kind")
    notes = tuple(map(str, told["notes"]))
    return Recording(width, height, dpi, parts, calls, notes)


def _kept(value: Any, arrays: list[NDArray[Any]]) -> Any:
    """Return a value as JSON; its arrays stand beside it."""
    if isinstance(value, np.ndarray):
        arrays.append(np.ascontiguousarray(value))
        return {_ARRAY: len(arrays) - 1}
    if isinstance(value, Mapping):
        return {name: _kept(value[name], arrays) for name in sorted(value)}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_kept(own, arrays) for own in value]
    return value.item() if isinstance(value, np.generic) else value


def _told(value: Any, arrays: list[NDArray[Any]]) -> Any:
    if isinstance(value, dict):
        if value.keys() == {_ARRAY}:
            return arrays[value[_ARRAY]]
        return {name: _told(own, arrays) for name, own in value.items()}
    return [_told(own, arrays) for own in value] if isinstance(value, list) else value


def texts(recording: Recording) -> Iterator[str]:
    """Yield what is written in a figure."""
    for call in recording.calls:
        if call.what == "text":
            yield str(call.values["text"])
