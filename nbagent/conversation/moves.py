"""From the words for a camera, and from numbers, to a move over pictures.

What was not named stays: "to the left" gives a push a side, "further" goes on with what
there is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, cast

from nbagent.acts.camera import Camera
from nbagent.charts.flight import room
from nbagent.errors import SpecError
from nbagent.language.cameras import CameraWords
from nbagent.take.move import MAX_TRAVEL, MAX_ZOOM, Ease, Move

# How far a move goes that states no number: as times of a zoom, as a share of the picture,
# in degrees.
_ZOOM: Final[Mapping[str, float]] = {"slight": 1.15, "less": 1.15, "strong": 1.6}
_USUAL_ZOOM: Final = 1.3
_TRAVEL: Final[Mapping[str, float]] = {"slight": 0.12, "less": 0.12, "strong": 0.35}
_USUAL_TRAVEL: Final = 0.2
_ROLL: Final[Mapping[str, float]] = {"slight": 4.0, "less": 4.0, "strong": 20.0}
_USUAL_ROLL: Final = 8.0
_PARALLAX: Final = 0.6
_HOLD_S: Final = 1.0
_FURTHER: Final[Mapping[str, float]] = {
    "more": 1.5,
    "strong": 1.5,
    "less": 1 / 1.5,
    "slight": 1 / 1.5,
    "none": 0.0,
}
_SIDES: Final[Mapping[str, tuple[str, int]]] = {
    "left": ("pan", -1),
    "right": ("pan", 1),
    "up": ("tilt", -1),
    "down": ("tilt", 1),
}
SLOW_PUSH: Final = Move(zoom=_ZOOM["slight"])
"""What the camera does where nobody says what."""

Size = tuple[int, int]


def told(
    words: CameraWords,
    exact: Sequence[Camera],
    before: Move | None,
    pictures: Sequence[Size],
    frame: Size,
) -> Move:
    """Return the move that is asked for.

    Args:
        words: For it.
        exact: Acts, of which the numbers count.
        before: The move that is changed; None for a new one.
        pictures: Height and width of each.
        frame: Height and width of the clip.

    Raises:
        SpecError: If it cannot be.
    """
    is_new = before is None
    move = Move() if before is None else before
    for name in words.moves:
        move = _MOVES[name](move, words)
    move = _with_sides(move, words)
    if words.degree and not words.moves and not words.ways and not is_new:
        move = _further(move, words.degree)
    if words.ease:
        move = replace(move, ease=cast(Ease, words.ease))
    if is_new and "hold" not in words.moves and not any(a.path for a in exact):
        move = _begun(move)
    move = _fitted(move, pictures, frame)
    for act in exact:
        move = _exactly(move, act, words)
    return move


def _begun(move: Move) -> Move:
    """Return a new move that does something."""
    if move.zoom != 1 or move.pan or move.tilt or move.roll:
        return move
    if move.parallax:  # which shows best from side to side
        return replace(move, pan=_TRAVEL["slight"])
    return replace(move, zoom=SLOW_PUSH.zoom)


def held(move: Move, seconds: float, *, at_start: bool) -> Move:
    """Return a move whose first or last view stands for so much longer."""
    name = "start_hold_s" if at_start else "end_hold_s"
    return _with(move, name, getattr(move, name) + seconds)


def _zoomed(move: Move, words: CameraWords, *, inwards: bool | None) -> Move:
    """Push in, pull out, or as it did before."""
    if inwards is None:
        inwards = move.zoom >= 1
    is_same = move.zoom != 1 and (move.zoom > 1) == inwards
    if words.degree == "none":
        return replace(move, zoom=1.0, focus=None)
    if words.times is not None:
        zoom = max(words.times, 1 / words.times) if words.times else MAX_ZOOM
    elif is_same:
        share = _FURTHER.get(words.degree, _FURTHER["more"])
        zoom = max(move.zoom, 1 / move.zoom) ** share
    else:
        zoom = _ZOOM.get(words.degree, _USUAL_ZOOM)
    zoom = min(zoom, MAX_ZOOM)
    return replace(move, zoom=zoom if inwards else 1 / zoom)


def _sideways(move: Move, words: CameraWords, name: str) -> Move:
    """Pan or tilt: to the side that is said, as before, or to the usual one."""
    if words.degree == "none":
        return _with(move, name, 0.0)
    signs = [
        sign for way, sign in map(_SIDES.__getitem__, _sides(words)) if way == name
    ]
    now = getattr(move, name)
    usual = math.copysign(1, now) if now else (1 if name == "pan" else -1)
    sign = signs[0] if signs else usual
    is_same = now * sign > 0
    if is_same and move.zoom == 1:
        far = abs(now) * _FURTHER.get(words.degree, _FURTHER["more"])
    else:
        far = _TRAVEL.get(words.degree, _USUAL_TRAVEL)
    if move.zoom != 1:
        far = MAX_TRAVEL  # as far as the zoom has room
    move = replace(move, path=(), focus=None)
    return _with(move, name, sign * min(far, MAX_TRAVEL))


def _rolled(move: Move, words: CameraWords) -> Move:
    if words.degree == "none":
        return replace(move, roll=0.0)
    sign = -1 if "counterclockwise" in words.ways else 1
    if move.roll and not {"clockwise", "counterclockwise"} & {*words.ways}:
        sign = -1 if move.roll < 0 else 1
    if words.degrees is not None:
        far = words.degrees
    elif move.roll * sign > 0:
        far = abs(move.roll) * _FURTHER.get(words.degree, _FURTHER["more"])
    else:
        far = _ROLL.get(words.degree, _USUAL_ROLL)
    return replace(move, roll=sign * far)


def _with_parallax(move: Move, words: CameraWords) -> Move:
    return replace(move, parallax=0.0 if words.degree == "none" else _PARALLAX)


def _with_hold(move: Move, words: CameraWords) -> Move:
    seconds = _HOLD_S if words.seconds is None else words.seconds
    return held(move, seconds, at_start=words.end == "first")


def _ken_burns(move: Move, words: CameraWords) -> Move:
    zoom = _ZOOM.get(words.degree, 1.25)
    return replace(move, zoom=zoom, pan=MAX_TRAVEL, path=(), focus=None)


_MOVES: Final[Mapping[str, Callable[[Move, CameraWords], Move]]] = {
    "push in": lambda move, words: _zoomed(move, words, inwards=True),
    "pull out": lambda move, words: _zoomed(move, words, inwards=False),
    "zoom": lambda move, words: _zoomed(move, words, inwards=None),
    "pan": lambda move, words: _sideways(move, words, "pan"),
    "tilt": lambda move, words: _sideways(move, words, "tilt"),
    "roll": _rolled,
    "parallax": _with_parallax,
    "hold": _with_hold,
    "ken burns": _ken_burns,
    "dissolve": lambda move, _: move,  # pictures that follow each other always do
}


def _sides(words: CameraWords) -> list[str]:
    return [way for way in words.ways if way in _SIDES]


def _with_sides(move: Move, words: CameraWords) -> Move:
    """Go to the sides that are said without a pan or a tilt: "to the left"."""
    for way in _sides(words):
        name, _ = _SIDES[way]
        if name not in words.moves:
            move = _sideways(move, words, name)
    return move


def _further(move: Move, degree: str) -> Move:
    """Do more or less of all that it does."""
    share = _FURTHER[degree]
    return replace(
        move,
        zoom=min(max(move.zoom**share, 1 / MAX_ZOOM), MAX_ZOOM),
        pan=_capped(move.pan * share),
        tilt=_capped(move.tilt * share),
        roll=move.roll * share,
        focus=move.focus if share else None,
    )


def _capped(far: float) -> float:
    return min(max(far, -MAX_TRAVEL), MAX_TRAVEL)


def _fitted(move: Move, pictures: Sequence[Size], frame: Size) -> Move:
    """Return a move to the sides that has room beside its zoom; all of it, if any will do."""
    rooms = [room(move.zoom, picture, frame) for picture in pictures]
    for name, most in zip(("pan", "tilt"), zip(*rooms, strict=True), strict=True):
        far = getattr(move, name)
        if not far:
            continue
        wanted = min(abs(far), *most) if move.zoom != 1 else max(abs(far), min(most))
        # Rounded down: a recipe is read by people too.
        wanted = math.floor(min(wanted, MAX_TRAVEL) * 1e4) / 1e4
        move = _with(move, name, math.copysign(wanted, far))
    return move


def _exactly(move: Move, act: Camera, words: CameraWords) -> Move:
    """Return a move with the numbers of an act."""
    if act.amount is not None:
        move = _by(move, act.amount, words)
    if act.path is not None:
        move = replace(move, pan=0.0, tilt=0.0, focus=None, path=act.path)
    if act.focus is not None:
        move = replace(move, pan=0.0, tilt=0.0, path=(), focus=act.focus)
    if act.hold_s is not None:
        move = replace(move, end_hold_s=float(act.hold_s))
    if act.ease is not None:
        move = replace(move, ease=act.ease)
    if act.parallax is not None:
        move = replace(move, parallax=float(act.parallax))
    if act.backdrop is not None:
        move = replace(move, backdrop=_colour(act.backdrop))
    return move


def _by(move: Move, amount: float, words: CameraWords) -> Move:
    """Return a move that goes so far in what it does first."""
    far = float(amount)
    sign = {
        name: math.copysign(1, getattr(move, name)) for name in ("pan", "tilt", "roll")
    }
    for name in words.moves or ("push in",):
        if name in ("push in", "zoom", "ken burns", "pull out"):
            if not far:
                raise SpecError(
                    "a zoom of 0 shows nothing: use 1.3 to come closer, or 0.7 to"
                    " go back"
                )
            far = max(far, 1 / far)
            return replace(move, zoom=far if move.zoom >= 1 else 1 / far)
        if name in sign:
            return _with(move, name, sign[name] * far)
        if name == "parallax":
            return replace(move, parallax=far)
    raise SpecError(
        f"the amount {far:g} needs a zoom, a pan, a tilt or a turn: name one"
    )


def _with(move: Move, name: str, value: float) -> Move:
    changed: Any = {name: value}
    return replace(move, **changed)


def _colour(said: str) -> str:
    """Return a colour as a move has it.

    Raises:
        SpecError: If it is none.
    """
    if said.strip().lower() == "own":
        return ""
    from PIL import ImageColor

    try:
        red, green, blue = ImageColor.getrgb(said)[:3]
    except ValueError:
        raise SpecError(
            f"the backdrop {said!r:.40} is not a colour: use one like white or"
            " #102030, or 'own'"
        ) from None
    return f"#{red:02x}{green:02x}{blue:02x}"
