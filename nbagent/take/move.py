"""The move: what the camera does over pictures, as an immutable value of a take.

Numbers alone: with the pictures and the size of the frame they say every pixel of the
clip, on every machine. Nothing here draws.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from string import hexdigits
from typing import Any, Final, Literal, get_args

from nbagent.errors import SpecError

Ease = Literal["linear", "in", "out", "in-out"]
EASES: Final[tuple[Ease, ...]] = get_args(Ease)

MAX_ZOOM: Final = 8.0
MAX_TRAVEL: Final = 0.9
MAX_ROLL: Final = 720.0
MAX_HOLD_S: Final = 60.0
_SIDES: Final = {
    "pan": ("to the right", "to the left"),
    "tilt": ("down", "up"),
    "roll": ("clockwise", "counterclockwise"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What the camera does over pictures.

    The view never leaves the picture: what zooms or goes to a side begins or ends as near
    as that takes.

    Attributes:
        zoom: How many times as large things are at the end; above 1 it pushes in, below
            1 it pulls out, and ends at the whole picture.
        pan: How far the view goes to the right, in shares of the picture's width;
            negative is to the left.
        tilt: How far it goes down, in shares of the height; negative is up.
        roll: By how many degrees the picture turns clockwise.
        focus: Where a push goes, and a pull comes from: x and y in shares of the picture;
            None is its middle.
        path: Points that the middle of the view goes along: x and y of each in turn.
        parallax: Of a picture with an alpha channel, by how much less the backdrop moves
            than what is cut out, 0..1; 1 is a backdrop that stands.
        backdrop: Its colour, as "#rrggbb"; empty is light, dark or grey, so
            that the cut-out stands apart.
        ease: How it starts and stops.
        start_hold_s: Seconds that the first view stands before it moves.
        end_hold_s: Seconds that the last one stands.
        dissolve_s: Of several pictures, how long one dissolves into the next.
    """

    zoom: float = 1.0
    pan: float = 0.0
    tilt: float = 0.0
    roll: float = 0.0
    focus: tuple[float, ...] | None = None
    path: tuple[float, ...] = ()
    parallax: float = 0.0
    backdrop: str = ""
    ease: Ease = "in-out"
    start_hold_s: float = 0.0
    end_hold_s: float = 0.0
    dissolve_s: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what is no move.

        Raises:
            SpecError: With the range that it may have.
        """
        _check("a zoom", self.zoom, 1 / MAX_ZOOM, MAX_ZOOM)
        _check("a pan", self.pan, -MAX_TRAVEL, MAX_TRAVEL)
        _check("a tilt", self.tilt, -MAX_TRAVEL, MAX_TRAVEL)
        _check("a roll", self.roll, -MAX_ROLL, MAX_ROLL)
        _check("a parallax", self.parallax, 0, 1)
        for name in ("start_hold_s", "end_hold_s", "dissolve_s"):
            _check(name, getattr(self, name), 0, MAX_HOLD_S)
        if self.ease not in EASES:
            raise SpecError(f"ease cannot be {self.ease!r:.40}: use {', '.join(EASES)}")
        self._check_points()
        if self.backdrop and not _is_colour(self.backdrop):
            raise SpecError(
                f"the backdrop {self.backdrop!r:.40} is not a colour: use one like"
                " #102030"
            )

    def _check_points(self) -> None:
        if self.focus is not None and len(self.focus) != 2:
            raise SpecError(
                f"{self.focus} is not a point: use x and y, like (0.7, 0.3)"
            )
        if self.path and (len(self.path) % 2 or len(self.path) < 4):
            raise SpecError(
                f"a path of {_count(len(self.path) / 2)} leads nowhere: give two points"
                " or more, as x and y of each, like (0.2, 0.5, 0.8, 0.5)"
            )
        for share in (*(self.focus or ()), *self.path):
            if not 0 <= share <= 1:
                raise SpecError(
                    f"{share:g} is outside the picture: a point's x and y are shares of"
                    " it, 0 to 1"
                )
        sideways = self.pan or self.tilt
        if self.path and (sideways or self.focus is not None):
            raise SpecError(
                "a path already says where the view goes: leave pan, tilt and focus out"
            )
        if self.focus is not None and (sideways or self.zoom == 1):
            raise SpecError(
                "a focus aims a push or a pull: use it with a zoom, without pan and"
                " tilt"
            )

    def says(self) -> str:
        """Say it in a few words: "push in 1.3x, pan to the left"."""
        said = []
        if self.zoom != 1:
            how = f"push in {self.zoom:.3g}x"
            said.append(how if self.zoom > 1 else f"pull out {1 / self.zoom:.3g}x")
        if self.focus is not None:
            said[-1] += f" at {self.focus[0]:.2g}, {self.focus[1]:.2g}"
        for name, sides in _SIDES.items():
            if value := getattr(self, name):
                amount = f" {abs(value):g} degrees" if name == "roll" else ""
                said.append(f"{name}{amount} {sides[value < 0]}")
        if self.path:
            said.append(f"follow a path of {len(self.path) // 2} points")
        if self.parallax:
            said.append(f"parallax {self.parallax:g}")
        return ", ".join([*(said or ["hold still"]), *self._says_when()])

    def _says_when(self) -> list[str]:
        """Say how it starts and stops, and for how long it stands."""
        said = []
        if self.ease != "in-out":
            said.append(f"ease {self.ease}" if self.ease != "linear" else "evenly")
        if self.start_hold_s:
            said.append(f"hold the first frame {self.start_hold_s:g} s")
        if self.end_hold_s:
            said.append(f"hold the last frame {self.end_hold_s:g} s")
        return said

    def to_json(self) -> dict[str, Any]:
        """Return the move as plain JSON, without what is as usual."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        usual = {one.name: one.default for one in fields(self)}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
            if value != usual[name]
        }


def rgb(colour: str) -> tuple[int, int, int]:
    """Return a colour like "#102030" as numbers, 0..255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _is_colour(text: str) -> bool:
    return len(text) == 7 and text[0] == "#" and set(text[1:]) <= set(hexdigits)


def _check(what: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise SpecError(
            f"{what} of {value:g} is out of range: use {least:g} to {most:g}"
        )


def _count(points: float) -> str:
    return "one point" if points == 1 else f"{points:g} points"
