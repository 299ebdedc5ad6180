"""The little world that pocket is trained on: scenes, their pictures, their captions.

A scene is six factors and a seed. Rendering is factored: the background depends on
place, time and seed, the track on motion, pace and seed, the sprite on the actor; so
changing one factor with the same seed changes only that factor. Everything is
deterministic, numpy and Pillow only, and a clip costs about a millisecond because
sprites and backgrounds are cached.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from nbagent.pocket import vocabulary as words
from nbagent.pocket.scenery import (
    HEIGHT,
    OVERSAMPLE,
    RGB,
    VARIANTS,
    WIDTH,
    Colour,
    Floats,
    background,
    mix,
)
from nbagent.pocket.vocabulary import Motion, Pace, Time

Frames = NDArray[np.uint8]

FPS: Final = 8
NUM_FRAMES: Final = 16

_SPRITE: Final = 30  # pixels; 24-36 is readable at 64x64
# Travel of the actor over a whole 16-frame clip, in pixels; well apart on purpose.
_TRAVEL_X: Final[dict[Pace, float]] = {"slow": 12, "normal": 25, "fast": 42}
_TRAVEL_Y: Final[dict[Pace, float]] = {"slow": 9, "normal": 19, "fast": 32}
_HOPS: Final[dict[Pace, int]] = {"slow": 1, "normal": 2, "fast": 3}
_HOP_HEIGHT: Final = 18.0
_LAST: Final = NUM_FRAMES - 1

# These three look where they go; the other emoji are seen from the front.
_FACES_LEFT: Final = ("fish", "car", "duck")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One scene: six factors, and a seed for all that the factors leave open."""

    actor: str
    place: str
    time: Time = "day"
    motion: Motion = "stay"
    pace: Pace = "normal"
    seed: int = 0

    def __post_init__(self) -> None:
        """Reject values outside the world, and times or paces that mean nothing."""
        for value, allowed in (
            (self.actor, words.ACTORS),
            (self.place, words.PLACES),
            (self.time, words.TIMES),
            (self.motion, words.MOTIONS),
            (self.pace, words.PACES),
        ):
            if value not in allowed:
                msg = f"pocket's world has no {value!r}; it has {', '.join(allowed)}"
                raise ValueError(msg)
        if self.time != "day" and not words.is_scene(self.place):
            msg = f"{self.place!r} has no time of day; leave time at 'day'"
            raise ValueError(msg)
        if self.pace != "normal" and self.motion == "stay":
            msg = "an actor that stays has no pace; leave pace at 'normal'"
            raise ValueError(msg)


def render(
    scene: Scene,
    num_frames: int = NUM_FRAMES,
    height: int = HEIGHT,
    width: int = WIDTH,
    *,
    start: int = 0,
) -> Frames:
    """Render a scene as `(F, H, W, 3)` uint8 frames, from frame `start` of its clip.

    >>> render(Scene(actor="red ball", place="sea", motion="right")).shape
    (16, 64, 64, 3)
    """
    return render_with_mask(scene, num_frames, height, width, start=start)[0]


def render_with_mask(
    scene: Scene,
    num_frames: int = NUM_FRAMES,
    height: int = HEIGHT,
    width: int = WIDTH,
    *,
    start: int = 0,
) -> tuple[Frames, NDArray[np.bool_]]:
    """Render a scene; return its frames and the actor's mask `(F, H, W)`."""
    back = background(scene.place, scene.time, _variant(scene.seed))
    frames = np.repeat(back[None], num_frames, axis=0)
    mask = np.zeros((num_frames, HEIGHT, WIDTH), dtype=bool)
    flip = scene.motion == "right" and scene.actor in _FACES_LEFT
    for k, (cy, cx) in enumerate(track(scene, num_frames, start=start)):
        top, left = cy - _SPRITE / 2, cx - _SPRITE / 2
        qy, qx = round(top * OVERSAMPLE), round(left * OVERSAMPLE)
        y, py = divmod(qy, OVERSAMPLE)
        x, px = divmod(qx, OVERSAMPLE)
        sprite = _sprite(scene.actor, flip, py, px)  # (S+1, S+1, 4), premultiplied
        y0, y1 = max(y, 0), min(y + _SPRITE + 1, HEIGHT)
        x0, x1 = max(x, 0), min(x + _SPRITE + 1, WIDTH)
        part = sprite[y0 - y : y1 - y, x0 - x : x1 - x]
        alpha = part[..., 3:]
        frames[k, y0:y1, x0:x1] *= 1 - alpha
        frames[k, y0:y1, x0:x1] += part[..., :3]
        mask[k, y0:y1, x0:x1] = alpha[..., 0] > 0.25
    pixels = (frames + 0.5).astype(np.uint8)
    if (height, width) != (HEIGHT, WIDTH):
        size = (width, height)
        pixels = np.stack([np.asarray(Image.fromarray(f).resize(size)) for f in pixels])
        mask = np.stack(
            [
                np.asarray(Image.fromarray(m).resize(size, Image.Resampling.NEAREST))
                for m in mask
            ]
        )
    return pixels, mask


def track(
    scene: Scene, num_frames: int = NUM_FRAMES, *, start: int = 0
) -> list[tuple[float, float]]:
    """Return the centre `(y, x)` of the actor for each frame, in pixels."""
    rng = np.random.default_rng([scene.seed, 1])
    jitter_y, jitter_x = rng.uniform(-1, 1, 2)
    y, x = 35 + 4 * jitter_y, 32 + 5 * jitter_x
    dx = _TRAVEL_X[scene.pace] * {"left": -1, "right": 1}.get(scene.motion, 0)
    dy = _TRAVEL_Y[scene.pace] * {"rise": -1, "fall": 1}.get(scene.motion, 0)
    path = []
    for k in range(start, start + num_frames):
        u = k / _LAST - 0.5
        hop = 0.0
        if scene.motion == "bounce":
            hop = _HOP_HEIGHT * abs(np.sin(np.pi * _HOPS[scene.pace] * k / _LAST)) - 9
        path.append((float(y + dy * u - hop), float(x + dx * u)))
    return path


def _variant(seed: int) -> int:
    return int(np.random.default_rng([seed, 2]).integers(VARIANTS))


# --- sprites ---------------------------------------------------------------------


@lru_cache(maxsize=4096)
def _sprite(actor: str, flip: bool, phase_y: int, phase_x: int) -> Floats:  # noqa: FBT001
    """Return `(S+1, S+1, 4)` floats 0..255 (alpha 0..1), shifted by quarter pixels."""
    big = _big_sprite(actor)
    if flip:
        big = big[:, ::-1]
    k, n = OVERSAMPLE, _SPRITE
    canvas = np.zeros(((n + 1) * k, (n + 1) * k, 4), np.float32)
    canvas[phase_y : phase_y + n * k, phase_x : phase_x + n * k] = big
    small = canvas.reshape(n + 1, k, n + 1, k, 4).mean((1, 3))
    return np.asarray(small, np.float32)


@lru_cache(maxsize=64)
def _big_sprite(actor: str) -> Floats:
    n = _SPRITE * OVERSAMPLE
    if actor in words.EMOJI:
        atlas = Image.open(Path(__file__).parent / "emoji.png").convert("RGBA")
        i, side = words.EMOJI.index(actor), atlas.height
        tile = atlas.crop((i * side, 0, (i + 1) * side, side))
        image = tile.resize((n, n), Image.Resampling.LANCZOS)
    else:
        colour, shape = actor.split()
        image = _shape(shape, RGB[colour], n)
    pixels = np.array(image, np.float32)
    pixels[..., 3] /= 255
    pixels[..., :3] *= pixels[..., 3:]
    return pixels


def _shape(shape: str, rgb: Colour, n: int) -> Image.Image:
    """Draw a shape with a dark rim and a light, so that it reads on any background."""
    big = Image.new("RGBA", (n, n))
    draw = ImageDraw.Draw(big)
    rim, light, dark = mix(rgb, (0, 0, 0), 0.5), mix(rgb, (255, 255, 255), 0.45), 0.72
    line = n // 24
    if shape == "ball":
        box = (n * 0.06, n * 0.06, n * 0.94, n * 0.94)
        draw.ellipse(box, fill=rgb, outline=rim, width=line)
        draw.ellipse((n * 0.24, n * 0.2, n * 0.46, n * 0.38), fill=light)
    elif shape == "cube":
        a, b, d = n * 0.06, n * 0.70, n * 0.24
        front = [(a, a + d), (b, a + d), (b, b + d), (a, b + d)]
        top = [(a, a + d), (a + d, a), (b + d, a), (b, a + d)]
        side = [(b, a + d), (b + d, a), (b + d, b), (b, b + d)]
        shades = (rgb, light, mix(rgb, (0, 0, 0), 1 - dark))
        for face, fill in zip((front, top, side), shades, strict=True):
            draw.polygon(face, fill=fill)
            draw.line([*face, face[0]], fill=rim, width=line, joint="curve")
    elif shape == "star":
        turn = np.arange(10) * np.pi / 5 - np.pi / 2
        radius = np.where(np.arange(10) % 2, 0.215, 0.5) * n
        xs, ys = n / 2 + radius * np.cos(turn), n * 0.53 + radius * np.sin(turn)
        points = list(zip(xs.tolist(), ys.tolist(), strict=True))
        draw.polygon(points, fill=rgb)
        draw.line([*points, points[0]], fill=rim, width=line, joint="curve")
    else:
        t = np.linspace(0, 2 * np.pi, 120)
        xs = n / 2 + n * 0.44 * np.sin(t) ** 3
        curve = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
        points = list(zip(xs.tolist(), (n * 0.46 - n * 0.027 * curve).tolist()))  # noqa: B905
        draw.polygon(points, fill=rgb)
        draw.line([*points, points[0]], fill=rim, width=line, joint="curve")
        draw.ellipse((n * 0.2, n * 0.2, n * 0.36, n * 0.34), fill=light)
    return big
