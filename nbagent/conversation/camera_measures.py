"""The numbers of a camera's take: its frame, its length and its rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from nbagent.acts.aspect import Aspect
from nbagent.acts.base import Act
from nbagent.acts.extend import Extend
from nbagent.acts.fps import Fps
from nbagent.acts.length import Length
from nbagent.acts.loop import Loop
from nbagent.acts.quality import Quality
from nbagent.acts.shot import ratio
from nbagent.acts.speed import Speed
from nbagent.charts.flight import flight
from nbagent.charts.pace import pace
from nbagent.conversation import moves
from nbagent.conversation import shot as shots
from nbagent.conversation.shot import Shot
from nbagent.conversation.sources import Planed
from nbagent.errors import SpecError
from nbagent.take import Take
from nbagent.take.move import Move

FPS: Final = 24.0
MAX_SIDE: Final = 1920
_USUAL_S: Final = 4.0
_EACH_S: Final = 3.0  # of several pictures
_MAX_FPS: Final = 120.0
_MAX_BYTES: Final = 1 << 32  # of all frames together
# Acts that change how a move goes; all others are done to its frames.
_SHAPES: Final = (Aspect, Extend, Fps, Length, Quality)


def is_shaping(act: Act) -> bool:
    """Return whether an act changes how a move goes, and not its finished frames."""
    if isinstance(act, Speed):
        return act.span is None and act.region is None
    if isinstance(act, Loop):
        return act.seamless
    return isinstance(act, _SHAPES)


def frame_size(
    options: Mapping[str, Any], shot: Shot, first: Planed, quality: str
) -> tuple[int, int]:
    """Return the frame's height and width: the picture's own, as far as clips go.

    Raises:
        SpecError: If a side that is stated is odd.
    """
    scale = min(1.0, MAX_SIDE / max(first.height, first.width))
    own = _even(first.height * scale), _even(first.width * scale)
    if "size" in options:
        height, width = (int(side) for side in options["size"])
    elif shot.aspect and not shot.size:
        shape = ratio(shot.aspect)  # as much of the picture as that has
        wide = min(own[1], own[0] * shape)
        height, width = _even(wide / shape), _even(wide)
    else:
        height, width = shots.frame_size(shot, *own, 2)
    if height % 2 or width % 2:
        raise SpecError(
            f"{width}x{height} has an odd side, and mp4 needs even ones: use"
            f" {width + width % 2}x{height + height % 2}"
        )
    if quality == "draft" and "size" not in options:
        height, width = _even(height / 2), _even(width / 2)
    return height, width


def _even(side: float) -> int:
    return max(2, int(side / 2 + 1e-6) * 2)


def timed(
    move: Move,
    acts: Sequence[Act],
    before: Take | None,
    pictures: int,
) -> tuple[Move, float, float]:
    """Return a move with what stands, how long all of it is, and its frame rate."""
    fps = FPS if before is None else before.fps
    usual_s = _USUAL_S if pictures == 1 else _EACH_S * pictures
    seconds = usual_s if before is None else before.num_frames / before.fps
    stood = _stands(before.move) if before and before.move else 0.0
    seconds += _stands(move) - stood  # what stands comes on top
    for act in acts:
        if isinstance(act, Length):
            seconds = float(act.duration_s)
        elif isinstance(act, Extend):
            move = moves.held(move, act.added_s, at_start=act.side == "start")
            seconds += act.added_s
        elif isinstance(act, Fps):
            fps = float(act.fps)
        elif isinstance(act, Speed) and is_shaping(act):
            seconds = (seconds - _stands(move)) / act.rate + _stands(move)
    if not 1 <= fps <= _MAX_FPS:
        raise SpecError(f"{fps:g} fps is out of range: use 1 to {_MAX_FPS:g}")
    return move, seconds, fps


def _stands(move: Move) -> float:
    return move.start_hold_s + move.end_hold_s


def check_drawn(
    move: Move,
    shapes: Sequence[tuple[int, int]],
    size: tuple[int, int],
    num_frames: int,
    fps: float,
) -> None:
    """Refuse what cannot be drawn, before it is queued.

    Raises:
        SpecError: If so.
    """
    pace(move, num_frames, fps, len(shapes))
    for shape in shapes:
        flight(move, shape, size)
    height, width = size
    if num_frames * height * width * 3 > _MAX_BYTES:
        most_s = _MAX_BYTES // (height * width * 3) / fps
        raise SpecError(
            f"{num_frames / fps:g} s of {width}x{height} is too much for one clip:"
            f" use up to {most_s:.0f} s, or a smaller size"
        )
