"""The actors' pictures: emoji cut from an atlas and drawn shapes, at any size and turn.

Every sprite comes as premultiplied floats on a square whose corner lies on a whole
unit; the quarter-unit phase, the scale and the turn are drawn into it. All results
are cached: a clip is mostly look-ups.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from nbagent.pocket import vocabulary as words
from nbagent.pocket.scenery import OVERSAMPLE, RGB, Colour, mix

SIZE: Final = 30  # units at scale 1; 24-36 is readable in a picture of 64x64
TURN_STEP: Final = 12  # degrees; every turn of the world is a multiple

_TILE: Final = 128  # of the atlas, ten in a row
_ROW: Final = 10
_FINER: Final = 3  # shapes are drawn larger and averaged down: antialiasing
_ROOM: Final = 1.3  # a turned square needs more canvas than an upright one
_FACES_LEFT: Final = frozenset(
    "fish bird turtle elephant horse bee snail whale dinosaur chicken duck car bus "
    "bicycle train helicopter tractor".split()
)
_FACES_RIGHT: Final = frozenset({"airplane", "rocket"})


def looks_back(actor: str, motion: str) -> bool:
    """Return whether the art faces against the motion and must be mirrored."""
    if motion == "right":
        return actor in _FACES_LEFT
    return motion == "left" and actor in _FACES_RIGHT


@lru_cache(maxsize=20_000)
def sprite(
    actor: str,
    flip: bool,  # noqa: FBT001
    size: int,
    turn: int,
    phase_y: int,
    phase_x: int,
    detail: int,
) -> NDArray[np.float16]:
    """Return premultiplied floats 0..255, alpha 0..1, float16, for S+1 units a side.

    Args:
        actor: One of `vocabulary.ACTORS`.
        flip: Mirror left and right.
        size: Side in units before turning; S is larger for a turned sprite.
        turn: Clockwise degrees, a multiple of `TURN_STEP`.
        phase_y: Shift down in quarter units, 0..3.
        phase_x: Shift right in quarter units, 0..3.
        detail: Pixels a unit: the shape is `((S+1) * detail, (S+1) * detail, 4)`.
    """
    k = OVERSAMPLE
    big = _turned(actor, flip, turn)
    n = round(size * big.width / (SIZE * k))
    if big.width != n * k:
        big = big.resize((n * k, n * k), Image.Resampling.BOX, reducing_gap=1.0)
    canvas = Image.new("CMYK", ((n + 1) * k, (n + 1) * k))
    canvas.paste(big, (phase_x, phase_y))
    small = np.array(canvas.reduce(k // detail), np.float16)
    small[..., 3] /= 255
    return small


@lru_cache(maxsize=2_000)
def _turned(actor: str, flip: bool, turn: int) -> Image.Image:  # noqa: FBT001
    """Return the oversampled sprite, turned; four premultiplied bands."""
    big = _upright(actor)
    if flip:
        big = big.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if not turn:
        return big
    side = round(SIZE * _ROOM) * OVERSAMPLE
    canvas = Image.new("CMYK", (side, side))
    canvas.paste(big, ((side - big.width) // 2, (side - big.height) // 2))
    return canvas.rotate(-turn, Image.Resampling.BILINEAR)


@lru_cache(maxsize=128)
def _upright(actor: str) -> Image.Image:
    n = SIZE * OVERSAMPLE
    if actor in words.EMOJI:
        row, column = divmod(words.EMOJI.index(actor), _ROW)
        box = (column * _TILE, row * _TILE, (column + 1) * _TILE, (row + 1) * _TILE)
        tile = _atlas().crop(box)
        image = tile.resize((n, n), Image.Resampling.LANCZOS)
    else:
        colour, shape = actor.split()
        image = _shape(shape, RGB[colour], _FINER * n).reduce(_FINER)
    pixels = np.array(image, np.float32)
    pixels[..., :3] *= pixels[..., 3:] / 255
    # Pillow has no premultiplied mode that turns and scales; any four bands will do.
    return Image.fromarray(pixels.round().astype(np.uint8), "CMYK")


@lru_cache(maxsize=1)
def _atlas() -> Image.Image:
    return Image.open(Path(__file__).parent / "emoji.png").convert("RGBA")


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
