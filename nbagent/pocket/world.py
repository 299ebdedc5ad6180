"""The little world that pocket is trained on: scenes and their moving pictures.

A scene is ten factors and a seed. Rendering is factored: the background depends on
place, time and seed; the actor's path on motion, pace and seed; its look on the actor;
the camera moves the finished picture. So changing one factor with the same seed changes
only what that factor means. Everything is deterministic, numpy and Pillow only, and a
clip costs a millisecond or two because sprites and backgrounds are cached.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nbagent.pocket import vocabulary as words
from nbagent.pocket.scenery import HEIGHT, OVERSAMPLE, WIDTH, background
from nbagent.pocket.sprites import SIZE, looks_back, sprite
from nbagent.pocket.vocabulary import Camera, Motion, Pace, Time

Frames = NDArray[np.uint8]

FPS: Final = 8
NUM_FRAMES: Final = 16

# What a pace means, per motion, over a whole 16-frame clip; well apart on purpose.
_TRAVEL_X: Final[dict[Pace, float]] = {"slow": 12, "normal": 25, "fast": 42}  # units
_TRAVEL_Y: Final[dict[Pace, float]] = {"slow": 9, "normal": 19, "fast": 32}
_HOPS: Final[dict[Pace, int]] = {"slow": 2, "normal": 3, "fast": 5}
_JUMP_LENGTH: Final[dict[Pace, float]] = {"slow": 1.0, "normal": 0.6, "fast": 0.3}
_TURN: Final[dict[Pace, int]] = {"slow": 180, "normal": 360, "fast": 720}  # degrees
_ORBIT: Final[dict[Pace, float]] = {"slow": 0.5, "normal": 1.0, "fast": 2.0}  # turns
_SHAKES: Final[dict[Pace, float]] = {"slow": 1.5, "normal": 3.0, "fast": 5.0}
_SCALES: Final[dict[Pace, tuple[float, float]]] = {
    "slow": (0.75, 1.05),
    "normal": (0.60, 1.20),
    "fast": (0.40, 1.40),
}
_HOP_HEIGHT: Final = 16.0  # units
_JUMP_HEIGHT: Final = 24.0
_ORBIT_RADIUS: Final = 11.0
_SHAKE_WIDTH: Final = 4.0
_LAST: Final = NUM_FRAMES - 1
_BACK: Final[dict[Motion, Motion]] = {
    "left": "right",
    "right": "left",
    "rise": "fall",
    "fall": "rise",
    "grow": "shrink",
    "shrink": "grow",
}
# Where an actor is at home, y and x. No seed moves it: a motion has one path, which a
# small model learns in an hour; with a few units of jitter it never drew a round ball.
_HOME: Final = (35.0, 32.0)

_SECOND_SIZE: Final = 20  # units: a companion is smaller than the actor
_ZOOM: Final = 1.4  # of the last frame against the first
_PAN: Final = 20  # units that the background has moved at the last frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One scene: ten factors, and a seed for all that the factors leave open.

    `corner` is where the second actor stands; left open, it is one of the lower two.
    `view` is the background of a place and hour, from 1; 0 leaves it open.
    """

    actor: str
    place: str
    time: Time = "day"
    motion: Motion = "stay"
    pace: Pace = "normal"
    camera: Camera = "still"
    second: str = ""
    corner: str = ""
    view: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        """Reject values outside the world, and times or paces that mean nothing."""
        for value, allowed in (
            (self.actor, words.ACTORS),
            (self.place, words.PLACES),
            (self.time, words.TIMES),
            (self.motion, words.MOTIONS),
            (self.pace, words.PACES),
            (self.camera, words.CAMERAS),
            (self.second, ("", *words.ACTORS)),
            (self.corner, ("", *words.CORNERS) if self.second else ("",)),
            (self.view, range(words.VIEWS + 1) if self.place in words.SCENES else (0,)),
        ):
            if value not in allowed:
                msg = f"pocket's world has no {value!r}; it has {', '.join(map(str, allowed))}"
                raise ValueError(msg)
        if self.time != "day" and not words.has_time(self.place):
            msg = f"{self.place!r} has no time of day; leave time at 'day'"
            raise ValueError(msg)
        if self.pace != "normal" and self.motion == "stay":
            msg = "an actor that stays has no pace; leave pace at 'normal'"
            raise ValueError(msg)
        if self.camera != "still" and self.place in words.PLAIN:
            msg = f"a camera move cannot be seen on {self.place!r}; leave it 'still'"
            raise ValueError(msg)


class Pose(NamedTuple):
    """Where the actor is in one frame."""

    y: float  # centre, units from the top
    x: float  # centre, units from the left
    scale: float = 1.0
    turn: int = 0  # degrees, clockwise


def render(
    scene: Scene, num_frames: int = NUM_FRAMES, *, start: int = 0, detail: int = 1
) -> Frames:
    """Render a scene as `(F, H, W, 3)` uint8 frames, from frame `start` of its clip.

    At a detail of 1 that is 64x64, what the experts learn from; 2 is the same picture
    with four pixels for each, which pocket's decoder paints.

    >>> render(Scene(actor="red ball", place="sea", motion="right")).shape
    (16, 64, 64, 3)
    """
    return render_with_mask(scene, num_frames, start=start, detail=detail)[0]


def render_with_mask(
    scene: Scene, num_frames: int = NUM_FRAMES, *, start: int = 0, detail: int = 1
) -> tuple[Frames, NDArray[np.bool_]]:
    """Render a scene; return its frames and the mask `(F, H, W)` of its actors."""
    height, width = HEIGHT * detail, WIDTH * detail
    back = background(scene.place, scene.time, _variant(scene), detail)
    frames = np.repeat(back[None], num_frames, axis=0)
    mask = np.zeros((num_frames, height, width), dtype=bool)
    if scene.camera == "pan":
        wide = np.concatenate([back, back[:, ::-1]], axis=1)  # mirrored: no seam
        for k in range(num_frames):
            x = round(_PAN * (start + k) / _LAST) * detail
            frames[k] = wide[:, x : x + width]
    for k, pose in enumerate(poses(scene, num_frames, start=start)):
        if scene.second:
            _paste(frames[k], mask[k], scene.second, _aside(scene), flip=False)
        motion = _turned_back(scene.motion, start + k)
        flip = looks_back(scene.actor, motion)
        _paste(frames[k], mask[k], scene.actor, pose, flip=flip)
    pixels = (frames + 0.5).astype(np.uint8)
    if scene.camera == "zoom in":
        for k in range(num_frames):
            factor = _ZOOM ** ((start + k) / _LAST)
            dy, dx = height * (1 - 1 / factor) / 2, width * (1 - 1 / factor) / 2
            box = (dx, dy, width - dx, height - dy)
            pixels[k] = _resized(pixels[k], box)
            mask[k] = _resized(mask[k], box)
    return pixels, mask


def poses(scene: Scene, num_frames: int = NUM_FRAMES, *, start: int = 0) -> list[Pose]:
    """Return the actor's pose in each frame, before the camera.

    What travels, grows or shrinks turns back at the clip's ends, so that a clip that goes
    on keeps its actor in the picture.
    """
    return [
        _pose(scene.motion, scene.pace, _share(scene.motion, k), *_HOME)
        for k in range(start, start + num_frames)
    ]


def _share(motion: Motion, frame: int) -> float:
    """Return how far along its path an actor is in a frame; beyond 0..1 it returns."""
    u = frame / _LAST
    if motion not in _BACK or 0 <= u <= 1:
        return u
    return 1 - abs(u % 2 - 1)


def _turned_back(motion: Motion, frame: int) -> Motion:
    """Return which way an actor moves in a frame: the other one once it returns."""
    is_back = motion in _BACK and (frame / _LAST) % 2 > 1
    return _BACK[motion] if is_back else motion


def _pose(motion: Motion, pace: Pace, u: float, y: float, x: float) -> Pose:
    """Return the pose at the share `u` of the clip of an actor based at (y, x)."""
    match motion:
        case "left" | "right":
            sign = 1 if motion == "right" else -1
            return Pose(y, x + sign * _TRAVEL_X[pace] * (u - 0.5))
        case "rise" | "fall":
            sign = 1 if motion == "fall" else -1
            return Pose(y + sign * _TRAVEL_Y[pace] * (u - 0.5), x)
        case "bounce":
            hop = abs(np.sin(np.pi * _HOPS[pace] * u))
            return Pose(y + 8 - _HOP_HEIGHT * float(hop), x)
        case "jump":
            v = (u - 0.5) / _JUMP_LENGTH[pace] + 0.5  # 0..1 while in the air
            return Pose(y + 10 - _JUMP_HEIGHT * max(0.0, 4 * v * (1 - v)), x)
        case "spin":
            return Pose(y, x, turn=round(_TURN[pace] * u) % 360)
        case "circle":
            a = 2 * np.pi * _ORBIT[pace] * u
            r = _ORBIT_RADIUS
            return Pose(y - r * float(np.cos(a)), x + r * float(np.sin(a)))
        case "grow" | "shrink":
            low, high = _SCALES[pace]
            v = u if motion == "grow" else 1 - u
            return Pose(y, x, scale=low + (high - low) * v)
        case "shake":
            sway = np.sin(2 * np.pi * _SHAKES[pace] * u)
            return Pose(y, x + _SHAKE_WIDTH * float(sway))
        case _:
            return Pose(y, x)


def _paste(
    frame: NDArray[np.float32],
    mask: NDArray[np.bool_],
    actor: str,
    pose: Pose,
    *,
    flip: bool,
) -> None:
    """Draw one actor into a frame `(H, W, 3)` and its mask `(H, W)`, in place."""
    height, width = mask.shape
    detail = height // HEIGHT
    size = max(4, round(SIZE * pose.scale))
    n = len(sprite(actor, flip, size, pose.turn, 0, 0, detail)) // detail - 1
    qy = round((pose.y - n / 2) * OVERSAMPLE)
    qx = round((pose.x - n / 2) * OVERSAMPLE)
    y, py = divmod(qy, OVERSAMPLE)
    x, px = divmod(qx, OVERSAMPLE)
    picture = sprite(actor, flip, size, pose.turn, py, px, detail)
    y, x, side = y * detail, x * detail, len(picture)
    y0, y1 = max(y, 0), min(y + side, height)
    x0, x1 = max(x, 0), min(x + side, width)
    if y0 >= y1 or x0 >= x1:
        return
    part = picture[y0 - y : y1 - y, x0 - x : x1 - x].astype(np.float32)
    alpha = part[..., 3:]
    frame[y0:y1, x0:x1] *= 1 - alpha
    frame[y0:y1, x0:x1] += part[..., :3]
    mask[y0:y1, x0:x1] |= alpha[..., 0] > 0.25


def _aside(scene: Scene) -> Pose:
    """Return where a companion stands; unsaid, low at the left or the right."""
    low = np.random.default_rng([scene.seed, 4]).integers(2)
    corner = scene.corner or ("bottom left" if low else "bottom right")
    y = 12.0 if corner.startswith("top") else 52.0
    x = 11.0 if corner.endswith("left") else 53.0
    return Pose(y, x, scale=_SECOND_SIZE / SIZE)


def _variant(scene: Scene) -> int:
    if scene.view:
        return scene.view - 1
    return int(np.random.default_rng([scene.seed, 2]).integers(words.VIEWS))


def _resized(
    picture: NDArray[np.generic], box: tuple[float, float, float, float]
) -> NDArray[np.generic]:
    """Return a part of a picture at the size of the whole."""
    height, width = picture.shape[:2]
    how = Image.Resampling.BILINEAR if picture.ndim == 3 else Image.Resampling.NEAREST
    return np.asarray(Image.fromarray(picture).resize((width, height), how, box))
