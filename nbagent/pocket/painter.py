"""Teach the VAE's decoder to paint 16x16 pixels for each latent cell.

A latent cell holds 48 numbers of an 8x8 patch; the picture has 768. What is missing the
decoder knows from the world: outlines, eyes, windows. It learns from latents of renders; from
what the second expert makes of noised renders, since that is what it is given when
pocket makes a clip; and from drawings out of the world, since users hold pictures of
their own as frames.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl_wan import WanCausalConv3d
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (the field's name for it)

from nbagent.pocket.captions import caption, draw_scene
from nbagent.pocket.scenery import DETAIL, HEIGHT, WIDTH
from nbagent.pocket.vae import PATCH, Codec
from nbagent.pocket.world import NUM_FRAMES, render, render_with_mask

# One clip a step is made by the expert, since that costs as much as to learn from it;
# a few frames each of some more are renders as they are.
RENDERED: Final = 4
RENDERED_FRAMES: Final = 4
DRAWINGS: Final = 6  # of nothing in particular
# The noise from which the expert takes a clip, and its step on the way: as the last
# steps of pocket's own schedule.
FROM: Final = (0.5, 0.8)
MIDDLE: Final = 0.31
# Pixels of the actors count more: they are what people look at.
ACTOR_WEIGHT: Final = 3.0

Remake = Callable[[Tensor, list[float], str], Tensor]


def paint_batch(
    seed: list[int], codec: Codec, remake: Remake
) -> tuple[Tensor, Tensor, Tensor]:
    """Draw what one step learns from.

    Args:
        seed: Of the scenes.
        codec: Of the latents.
        remake: Takes noisy latents `(1, 48, F, 8, 8)` of a clip down through levels of
            noise, by the words for it.

    Returns:
        Latents `(N, 48, 1, 8, 8)`, normalised; the pictures `(N, 3, 1, 128, 128)` in
        -1..1; a weight for each pixel, `(N, 1, 1, 128, 128)`, of mean one.
    """
    rng = np.random.default_rng(seed)
    latents, pixels, touched = [], [], []
    for i in range(1 + RENDERED):
        scene = draw_scene(rng)
        start, count = 0, NUM_FRAMES
        if i > 0:
            start = int(rng.integers(NUM_FRAMES - RENDERED_FRAMES + 1))
            count = RENDERED_FRAMES
        x = codec.encode(render(scene, count, start=start)[None])
        if i == 0:
            level = float(rng.uniform(*FROM))
            generator = torch.Generator().manual_seed(int(rng.integers(2**32)))
            noise = torch.randn(x.shape, generator=generator).to(x.device)
            x = remake(
                torch.lerp(x, noise, level), [level, MIDDLE, 0.0], caption(scene, rng)
            )
        clip, mask = render_with_mask(scene, count, start=start, detail=DETAIL)
        latents.append(x[0].transpose(0, 1)[:, :, None])
        pixels.append(clip)
        touched.append(mask)
    drawings = np.stack([draw_anything(rng) for _ in range(DRAWINGS)])
    small = drawings.reshape(DRAWINGS, 1, HEIGHT, DETAIL, WIDTH, DETAIL, 3)
    latents.append(codec.encode(small.mean((3, 5)).round().astype(np.uint8)))
    pixels.append(drawings)
    touched.append(np.zeros(drawings.shape[:3], bool))
    picture = torch.from_numpy(np.concatenate(pixels)).float() / 127.5 - 1
    weight = 1 + ACTOR_WEIGHT * torch.from_numpy(np.concatenate(touched)).float()
    device = codec.mean.device
    return (
        torch.cat(latents),
        picture.permute(0, 3, 1, 2)[:, :, None].to(device),
        (weight / weight.mean())[:, None, None].to(device),
    )


def draw_anything(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw a picture `(128, 128, 3)` of soft colours, shapes, thin lines and letters."""
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
                draw.line(points, fill=colour, width=int(rng.integers(2, 12)))
            case _:
                letters = "".join(rng.choice(list("abcdeghkmnrstxyz0123456789"), 6))
                font = ImageFont.load_default(float(rng.uniform(16, 60)))
                draw.text(points[0], letters, fill=colour, font=font)
    return np.asarray(image.reduce(2))


def paint_loss(painted: Tensor, picture: Tensor, weight: Tensor) -> Tensor:
    """Return the error of pixels and, for outlines, of their differences."""
    error = painted - picture
    loss = (error.abs() * weight).mean()
    for axis in (3, 4):
        steps = error.diff(dim=axis)
        loss = loss + (steps.abs() * weight.narrow(axis, 1, steps.shape[axis])).mean()
    return loss


def flatten_time(decoder: nn.Module) -> None:
    """Let a decoder without a memory of earlier frames run as the flat one it is.

    Its convolutions read the newest frame only (`build_vae` writes zeros for the two
    before), so a 2-D one gives the same numbers: four times faster on CPU.
    """
    for module in decoder.modules():
        if isinstance(module, WanCausalConv3d):
            module.forward = partial(_convolve_newest, module)


def _convolve_newest(
    conv: WanCausalConv3d, x: Tensor, cache_x: Tensor | None = None
) -> Tensor:
    del cache_x  # of earlier frames
    weight = conv.weight[:, :, -1]
    flat = F.conv2d(x.transpose(1, 2).flatten(0, 1), weight, conv.bias, padding="same")
    return flat.unflatten(0, (len(x), -1)).transpose(1, 2)


def unpatchify(painted: Tensor) -> Tensor:
    """Put the decoder's channels in their places: `(N, 768, F, h, w)` to pictures."""
    x = painted.unflatten(
        1, (3, DETAIL * PATCH, DETAIL * PATCH)
    )  # colour, column, row: diffusers' order
    return x.permute(0, 1, 4, 5, 3, 6, 2).flatten(5, 6).flatten(3, 4)
