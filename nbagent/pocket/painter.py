"""Teach the VAE's decoder to paint 32x32 pixels for each latent cell.

A latent cell holds 48 numbers of an 8x8 patch; the picture has 3,072. What is missing the
decoder knows from the world: outlines, eyes, windows. It learns from latents of renders; from
clips that pocket makes, beside the renders of what they were told, since that is what it is
given; and from drawings out of the world, since users hold pictures of their own as frames.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from nbagent.pocket import vocabulary as words
from nbagent.pocket.captions import draw_scene, factors, pick
from nbagent.pocket.codec import LATENT_CHANNELS, PATCH, Codec
from nbagent.pocket.scenery import DETAIL, HEIGHT, WIDTH
from nbagent.pocket.taught import taught
from nbagent.pocket.world import NUM_FRAMES, render, render_with_mask

# Of steps, learn from a clip that pocket has made; the others from renders as they are, of
# a few frames each, and from drawings of nothing in particular. Small batches: there is
# more to learn than a step can tell.
MADE_SHARE: Final = 0.5
RENDERED: Final = 6
RENDERED_FRAMES: Final = 2
DRAWINGS: Final = 4
# Of a made clip from the render of its scene, the mean square over latents: beyond it the
# actor is elsewhere, and nobody could paint one from the other.
FARTHEST: Final = 0.4
# Pixels of the actors count more: they are what people look at.
ACTOR_WEIGHT: Final = 3.0

# Makes the latents `(1, 48, F, 8, 8)` of a clip of these words.
Make = Callable[[Tensor, str], Tensor]


def paint_batch(
    seed: list[int], codec: Codec, make: Make | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Draw what one step learns from.

    Args:
        seed: Of the scenes.
        codec: Of the latents.
        make: Makes latents of noise `(1, 48, F, 8, 8)` and the words of a scene, as
            pocket does; None for what is rendered and drawn.

    Returns:
        Latents `(N, 48, 8, 8)`, normalised; the pictures `(N, 3, 256, 256)` in -1..1; a
        weight for each pixel, `(N, 1, 256, 256)`, of mean one.
    """
    rng = np.random.default_rng(seed)
    made = _made(rng, codec, make) if make else None
    latents, pixels, touched = made or _as_they_are(rng, codec)
    picture = torch.from_numpy(pixels).float() / 127.5 - 1
    weight = 1 + ACTOR_WEIGHT * torch.from_numpy(touched).float()
    device = codec.mean.device
    return (
        latents[0].transpose(0, 1),
        picture.permute(0, 3, 1, 2).to(device),
        (weight / weight.mean())[:, None].to(device),
    )


# Latents `(1, 48, N, 8, 8)`, pictures `(N, 256, 256, 3)`, where their actors are.
_Examples = tuple[Tensor, NDArray[np.uint8], NDArray[np.bool_]]


def _made(rng: np.random.Generator, codec: Codec, make: Make) -> _Examples | None:
    """Let pocket make a clip, and render what it was told; None if it made another one.

    A scene of which all is said looks one way alone, so the two agree to the pixel but for
    what was drawn badly. Of a background, another view than the one that was said will do.
    """
    scene = draw_scene(rng)
    views = range(1, words.VIEWS + 1) if scene.place in words.SCENES else range(1)
    corner = pick(rng, words.CORNERS) if scene.second else ""
    scene = replace(scene, view=pick(rng, tuple(views)), corner=corner)
    generator = torch.Generator().manual_seed(int(rng.integers(2**32)))
    shape = (1, LATENT_CHANNELS, NUM_FRAMES, HEIGHT // PATCH, WIDTH // PATCH)
    noise = torch.randn(shape, generator=generator).to(codec.mean.device)
    made = make(noise, taught(factors(scene)))
    middle = NUM_FRAMES // 2
    seen = [
        codec.encode(render(replace(scene, view=view), 1, start=middle)[None])
        for view in views
    ]
    off = [
        float((made[:, :, middle : middle + 1] - one).square().mean()) for one in seen
    ]
    if min(off) > FARTHEST:
        return None
    scene = replace(scene, view=views[int(np.argmin(off))])
    return made, *render_with_mask(scene, detail=DETAIL)


def _as_they_are(rng: np.random.Generator, codec: Codec) -> _Examples:
    """Render moments of scenes, and draw pictures out of the world."""
    small, pixels, touched = [], [], []
    for _ in range(RENDERED):
        scene = draw_scene(rng)
        start = int(rng.integers(NUM_FRAMES - RENDERED_FRAMES + 1))
        small.append(render(scene, RENDERED_FRAMES, start=start))
        clip, mask = render_with_mask(
            scene, RENDERED_FRAMES, start=start, detail=DETAIL
        )
        pixels.append(clip)
        touched.append(mask)
    drawings = np.stack([draw_anything(rng) for _ in range(DRAWINGS)])
    units = drawings.reshape(DRAWINGS, HEIGHT, DETAIL, WIDTH, DETAIL, 3)
    small.append(units.mean((2, 4)).round().astype(np.uint8))
    pixels.append(drawings)
    touched.append(np.zeros(drawings.shape[:3], bool))
    latents = codec.encode(np.concatenate(small)[None])
    return latents, np.concatenate(pixels), np.concatenate(touched)


def draw_anything(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw a picture `(256, 256, 3)` of soft colours, shapes, thin lines and letters."""
    size = (2 * DETAIL * WIDTH, 2 * DETAIL * HEIGHT)
    cells = rng.integers(256, size=(*rng.choice([1, 1, 2, 4], 2), 3), dtype=np.uint8)
    image = Image.fromarray(cells).resize(size, Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(12))):
        colour = tuple(rng.integers(256, size=3).tolist())
        points = [tuple(p) for p in rng.uniform(0, size[0], (4, 2)).tolist()]
        box = (*np.min(points[:2], 0), *np.max(points[:2], 0))
        match int(rng.integers(5)):
            case 0:
                draw.ellipse(box, fill=colour)
            case 1:
                draw.rectangle(box, fill=colour)
            case 2:
                draw.polygon(points, fill=colour)
            case 3:
                draw.line(points, fill=colour, width=int(rng.integers(3, 24)))
            case _:
                letters = "".join(rng.choice(list("abcdeghkmnrstxyz0123456789"), 6))
                font = ImageFont.load_default(float(rng.uniform(28, 120)))
                draw.text(points[0], letters, fill=colour, font=font)
    return np.asarray(image.reduce(2))


def paint_loss(painted: Tensor, picture: Tensor, weight: Tensor) -> Tensor:
    """Return the squared error of pixels and, for outlines, of their differences.

    Squared: most of a picture is flat, where an absolute error would be as loud as at an
    outline, and nothing was learnt (docs/pocket.md).
    """
    error = painted - picture
    loss = (error.square() * weight).mean()
    for axis in (-2, -1):
        steps = error.diff(dim=axis)
        loss += (steps.square() * weight.narrow(axis, 1, steps.shape[axis])).mean()
    return loss
