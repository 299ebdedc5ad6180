"""Backgrounds of the little world: nine painted places by three hours, and plain ones.

A background depends on place, hour and one of a few variants; the hour changes colours
and lights but moves nothing.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from nbagent.pocket import vocabulary as words
from nbagent.pocket.vocabulary import Time

Floats = NDArray[np.float32]
Colour = tuple[int, int, int]

# The world's units: places and paths are written in a picture of 64x64.
HEIGHT: Final = 64
WIDTH: Final = 64
OVERSAMPLE: Final = 4  # places in a unit at which a sprite can stand, down and across
DETAIL: Final = 4  # pixels a unit, down and across, of the clips that pocket makes
_FINE: Final = 8  # drawing is done at 8x and averaged down: antialiasing

RGB: Final[dict[str, Colour]] = {
    "red": (222, 30, 38),
    "orange": (255, 138, 16),
    "yellow": (255, 221, 40),
    "green": (34, 164, 62),
    "blue": (36, 92, 226),
    "purple": (130, 52, 190),
    "pink": (255, 128, 190),
    "white": (250, 250, 250),
    "black": (12, 12, 14),
    "gray": (128, 130, 134),
}
_SKY: Final[dict[Time, tuple[Colour, Colour]]] = {
    "day": ((92, 176, 244), (206, 236, 255)),
    "sunset": ((104, 60, 140), (255, 158, 78)),
    "night": ((8, 10, 40), (36, 44, 100)),
}
# How the hour tints everything that is not sky or light.
_TINT: Final[dict[Time, tuple[float, float, float]]] = {
    "day": (1.0, 1.0, 1.0),
    "sunset": (0.92, 0.62, 0.56),
    "night": (0.26, 0.30, 0.46),
}


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """Return the colour `share` of the way from `a` to `b`."""
    r, g, bl = (round(p + (q - p) * share) for p, q in zip(a, b, strict=True))
    return (r, g, bl)


@lru_cache(maxsize=512)
def background(place: str, time: Time, variant: int, detail: int) -> Floats:
    """Return a place at an hour, in one of its variants, as floats 0..255.

    Args:
        place: One of `vocabulary.PLACES`.
        time: One of `vocabulary.TIMES`.
        variant: 0 to `vocabulary.VIEWS - 1`.
        detail: Pixels a unit: the shape is `(64 * detail, 64 * detail, 3)`.
    """
    if place.startswith("plain "):
        flat = mix(RGB[place.removeprefix("plain ")], (128, 128, 128), 0.08)
        size = (HEIGHT * detail, WIDTH * detail, 3)
        return np.broadcast_to(np.array(flat, np.float32), size).copy()
    painter = _Painter(place, time, variant)
    getattr(painter, place)()
    return painter.finish(detail)


class _Painter:
    """Paints one background at 8x."""

    def __init__(self, place: str, time: Time, variant: int) -> None:
        key = words.SCENES.index(place) * words.VIEWS + variant
        self.rng = np.random.default_rng([key, 3])  # the hour moves nothing
        self.time = time
        self.image = Image.new("RGB", (WIDTH * _FINE, HEIGHT * _FINE))
        self.draw = ImageDraw.Draw(self.image)

    def finish(self, detail: int) -> Floats:
        # A touch of blur takes the glitter off thin lines, which 8x8 PCA would smear;
        # what is painted in detail stays crisp.
        blur = ImageFilter.GaussianBlur(_FINE * 0.35 / detail**0.5)
        soft = self.image.filter(blur)
        k = _FINE // detail
        height, width = HEIGHT * detail, WIDTH * detail
        big = np.asarray(soft, np.float32).reshape(height, k, width, k, 3)
        return np.asarray(big.mean((1, 3)), np.float32)

    def tint(self, rgb: Colour) -> Colour:
        r, g, b = (round(c * t) for c, t in zip(rgb, _TINT[self.time], strict=True))
        return (r, g, b)

    def poly(self, points: list[tuple[float, float]], rgb: Colour) -> None:
        self.draw.polygon([(x * _FINE, y * _FINE) for x, y in points], fill=rgb)

    def box(self, x: float, y: float, w: float, h: float, rgb: Colour) -> None:
        self.poly([(x, y), (x + w, y), (x + w, y + h), (x, y + h)], rgb)

    def disc(self, x: float, y: float, rx: float, ry: float, rgb: Colour) -> None:
        k = _FINE
        box = ((x - rx) * k, (y - ry) * k, (x + rx) * k, (y + ry) * k)
        self.draw.ellipse(box, fill=rgb)

    def hills(self, y: float, swing: float, waves: float, rgb: Colour) -> None:
        """Fill everything below a sine line."""
        shift = self.rng.uniform(0, 2 * np.pi)
        xs = np.linspace(0, WIDTH, 65)
        ys = y + swing * np.sin(xs / WIDTH * waves * 2 * np.pi + shift)
        line = list(zip(xs.tolist(), ys.tolist(), strict=True))
        self.poly([*line, (WIDTH, HEIGHT), (0, HEIGHT)], rgb)

    def heaven(self, horizon: float) -> None:
        """Paint the sky with its light: clouds, a low sun, or a moon and stars."""
        top, low = _SKY[self.time]
        k = _FINE
        for row in range(HEIGHT * k):  # hills dip below the horizon
            colour = mix(top, low, min(1.0, row / (horizon * k)))
            self.draw.line([(0, row), (WIDTH * k, row)], fill=colour)
        x, side = self.rng.uniform(8, 20), self.rng.integers(2)
        x = float(x if side else WIDTH - x)
        if self.time == "day":
            for dx, dy, r in ((-6, 1, 3.4), (0, -1, 5.0), (6, 1, 3.6)):
                self.disc(x + dx, 10 + dy, r * 1.3, r, (255, 255, 255))
        elif self.time == "sunset":
            self.disc(x, horizon - 5, 8, 8, (255, 232, 130))
        else:
            stars = np.random.default_rng(5).uniform(size=(16, 2))
            for sx, sy in stars.tolist():
                self.disc(sx * WIDTH, sy * horizon, 0.7, 0.7, (220, 224, 255))
            self.disc(x, 11, 6, 6, (250, 244, 205))
            self.disc(x + 3, 9.5, 5, 5, mix(top, low, 0.2))

    def clouds(self) -> None:
        """Paint a floor of clouds, which tells the open sky from a horizon."""
        light, shade = self.tint((252, 253, 255)), self.tint((208, 224, 244))
        shift = self.rng.uniform(0, 14)
        for base, rgb in ((57, shade), (62, light)):
            for i in range(-1, 6):
                x = i * 14 + shift + (base % 3) * 5
                self.disc(x, base, 9, 7 - (i % 2) * 1.5, rgb)
            self.box(0, base + 2, WIDTH, 10, rgb)

    def sky(self) -> None:
        self.heaven(56)
        self.clouds()

    def sea(self) -> None:
        self.heaven(34)
        self.box(0, 34, WIDTH, 30, self.tint((30, 104, 196)))
        shift = self.rng.uniform(0, 16)
        for row, y in enumerate((39, 45, 52, 59)):
            for x in range(-1, 5):
                left = x * 16 + shift + row * 7 % 16
                self.box(left, y, 7, 1.3, self.tint((120, 184, 240)))

    def beach(self) -> None:
        self.heaven(28)
        self.box(0, 28, WIDTH, 14, self.tint((44, 150, 206)))
        self.hills(40, 1.5, 1, self.tint((236, 246, 250)))
        self.draw_palm(*((8.0, 1.0) if self.rng.integers(2) else (56.0, -1.0)))

    def draw_palm(self, x: float, lean: float) -> None:
        self.hills(42, 1.5, 1, self.tint((244, 214, 150)))
        trunk, leaf = self.tint((132, 88, 46)), self.tint((30, 136, 62))
        tip = x + 4 * lean
        self.poly([(x - 2, 52), (x + 2, 52), (tip + 1, 22), (tip - 1, 22)], trunk)
        for dx, dy in ((-11, 3), (-9, -5), (0, -8), (9, -5), (11, 3)):
            mid = (tip + dx * 0.5 + dy * 0.25, 22 + dy * 0.5 - 3)
            low = (tip + dx * 0.5 - dy * 0.1, 22 + dy * 0.5 + 1)
            self.poly([(tip, 22), mid, (tip + dx, 22 + dy), low], leaf)

    def meadow(self) -> None:
        self.heaven(40)
        self.hills(38, 3, 1, self.tint((132, 200, 84)))
        self.hills(45, 2, 0.7, self.tint((88, 176, 60)))
        for x, y in (np.array([[7, 53], [22, 59], [38, 55], [53, 60]])).tolist():
            self.disc(x, y, 1.7, 1.7, self.tint((255, 240, 250)))
            self.disc(x, y, 0.8, 0.8, self.tint((255, 208, 60)))

    def desert(self) -> None:
        self.heaven(42)
        self.hills(38, 5, 1, self.tint((232, 178, 104)))
        self.hills(48, 4, 0.8, self.tint((214, 148, 74)))
        x = 9.0 if self.rng.integers(2) else 55.0
        green = self.tint((62, 128, 66))
        self.box(x - 1.8, 30, 3.6, 21, green)
        self.box(x - 6, 35, 2.6, 7, green)
        self.box(x - 6, 40, 5, 2.6, green)
        self.box(x + 3.4, 32, 2.6, 7, green)
        self.box(x + 1, 37, 5, 2.6, green)

    def snow(self) -> None:
        self.heaven(42)
        x = self.rng.uniform(-6, 6)
        for px, top in ((12, 22), (44, 16)):
            peak = px + x
            self.poly(
                [(peak - 24, 46), (peak, top), (peak + 24, 46)],
                self.tint((134, 152, 184)),
            )
            cap = [(peak - 9, top + 9), (peak, top), (peak + 9, top + 9)]
            self.poly(
                [*cap, (peak + 3, top + 7), (peak - 3, top + 10)],
                (self.tint((250, 252, 255))),
            )
        self.hills(46, 2, 0.8, self.tint((234, 242, 252)))
        for tx in (6, 58):
            for dy in (0, 5, 10):
                self.poly(
                    [
                        (tx - 3 - dy / 3, 41 + dy),
                        (tx, 34 + dy),
                        (tx + 3 + dy / 3, 41 + dy),
                    ],
                    self.tint((40, 104, 92)),
                )

    def city(self) -> None:
        self.heaven(54)
        heights = self.rng.permutation([20, 27, 33, 24, 30, 36])
        glow = (255, 222, 120) if self.time != "day" else (214, 234, 248)
        for i, top in enumerate(heights.tolist()):
            x, grey = i * 10.8 - 0.4, 118 + 16 * (i % 3)
            self.box(x, top, 10, 40, self.tint((grey, grey + 4, grey + 18)))
            for wy in range(top + 3, 50, 6):
                for wx in (2, 6):
                    self.box(x + wx, wy, 2.2, 3, glow)
        self.box(0, 54, WIDTH, 10, self.tint((84, 86, 94)))
        for x in range(2, WIDTH, 16):
            self.box(x, 58, 8, 1.6, self.tint((240, 240, 230)))

    def forest(self) -> None:
        self.heaven(46)
        shift = self.rng.uniform(0, 12)
        for base, size, rgb in ((46, 20, (70, 140, 96)), (54, 26, (30, 98, 62))):
            for x in range(-1, 6):
                mid = x * 13 + shift + (base % 4) * 3
                for dy in (0, size * 0.3):
                    self.poly(
                        [
                            (mid - 7, base - size * 0.3 + dy),
                            (mid, base - size + dy),
                            (mid + 7, base - size * 0.3 + dy),
                        ],
                        self.tint(rgb),
                    )
            self.box(0, base - 1, WIDTH, 20, self.tint(rgb))
        self.box(0, 55, WIDTH, 9, self.tint((112, 82, 50)))

    def space(self) -> None:
        self.box(0, 0, WIDTH, HEIGHT, (6, 4, 20))
        stars = np.random.default_rng(6).uniform(size=(34, 3)).tolist()
        shift = self.rng.uniform(0, 1)
        for x, y, size in stars:
            r = 0.5 + 0.6 * size
            self.disc((x + shift) % 1 * WIDTH, y * HEIGHT, r, r, (236, 238, 255))
        x = 12.0 if self.rng.integers(2) else 52.0
        self.disc(x, 52, 9, 9, (206, 140, 92))
        self.disc(x - 1, 50, 7, 6, (226, 166, 116))
        self.poly(
            [(x - 14, 55), (x + 14, 48), (x + 14, 50), (x - 14, 57)], ((240, 214, 170))
        )
